/** Parallel data (RM0399, "Parallel data inputs"): what software and DMA write to CHyDATINR, and what ADCs convert. */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { CHANNEL, INPUT, inputOf, PACKING, packingOf } from "./dfsdm-bits.js";

const LOW = 0xffff;

export class ParallelInputs {
  readonly #registers: RegisterBlock<string>;
  readonly #timeline: Timeline;
  readonly #onSample: (channel: number, value: number, periodNs: number) => void;
  /** Board time of each channel's last sample. */
  readonly #last: number[] = [];

  constructor(
    registers: RegisterBlock<string>,
    timeline: Timeline,
    onSample: (channel: number, value: number, periodNs: number) => void,
  ) {
    this.#registers = registers;
    this.#timeline = timeline;
    this.#onSample = onSample;
  }

  /** CHyDATINR was written; what the packing has no use for is kept as it was. */
  written(channel: number, before: number, laneMask: number): void {
    const name = `CH${channel}DATINR`;
    const cfgr1 = this.#cfgr1(channel);
    const packing = packingOf(cfgr1);
    const odd = packing === PACKING.DUAL && channel % 2 === 1;
    const taken = inputOf(cfgr1) === INPUT.MEMORY && !odd;
    const kept = !taken ? ~0 : packing === PACKING.STANDARD ? ~LOW : 0;
    const value = (before & kept) | (this.#registers.get(name) & ~kept);
    this.#registers.set(name, value);
    if (!taken) return;
    if ((laneMask & LOW) !== 0) this.#sample(channel, value);
    if ((laneMask & ~LOW) === 0 || packing === PACKING.STANDARD) return;
    if (packing === PACKING.DUAL) {
      this.#registers.set(`CH${channel + 1}DATINR`, value >>> 16);
      this.#sample(channel + 1, value >>> 16);
    } else this.#sample(channel, value >>> 16);
  }

  fromAdc(channel: number, value: number): void {
    if (inputOf(this.#cfgr1(channel)) !== INPUT.ADC) return;
    this.#registers.set(`CH${channel}DATINR`, value & LOW);
    this.#sample(channel, value);
  }

  #sample(channel: number, value: number): void {
    if ((this.#cfgr1(channel) & CHANNEL.CHEN) === 0) return;
    if (!this.#registers.has("CH0CFGR1", CHANNEL.DFSDMEN)) return;
    const { now } = this.#timeline;
    const periodNs = now - (this.#last[channel] ?? now);
    this.#last[channel] = now;
    this.#onSample(channel, (value << 16) >> 16, periodNs);
  }

  #cfgr1(channel: number): number {
    return this.#registers.get(`CH${channel}CFGR1`);
  }
}

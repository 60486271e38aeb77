/** HRTIM's five fault channels and the system fault: source, polarity, digital filter, locks (RM0433, "Fault protection"). */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { InputFilter } from "../timers/input-filter.js";
import { filterNs } from "../timers/tim-sampling.js";

export const FAULT_COUNT = 5;
const SYSFLT = 1 << 5;
/** FLTxE, FLTxP, FLTxSRC, FLTxF, FLTxLCK */
const ENABLE = 1;
const HIGH = 2;
const INTERNAL = 4;
const LOCK = 0x80;

export type FaultSource = "pin" | "internal";

export interface HrtimFaultsPort {
  readonly registers: RegisterBlock<string>;
  readonly timeline: Timeline;
  readonly clockHz: () => number;
  /** Faults begin (bit 0: channel 1; bit 5: the system's). */
  readonly onFaults: (faults: number) => void;
}

export class HrtimFaults {
  readonly #port: HrtimFaultsPort;
  readonly #inputs: Record<FaultSource, boolean | undefined>[] = Array.from({ length: FAULT_COUNT }, () => ({
    pin: undefined,
    internal: undefined,
  }));
  readonly #filters: readonly InputFilter[];
  #system = false;

  constructor(port: HrtimFaultsPort) {
    this.#port = port;
    this.#filters = this.#inputs.map((_, channel) => {
      return new InputFilter({
        timeline: port.timeline,
        delayNs: () => this.#delayNs(channel),
        onLevel: (active) => {
          if (active) port.onFaults(1 << channel);
        },
      });
    });
  }

  /** Faults that are there now, as bits of ISR. */
  get active(): number {
    let active = this.#system ? SYSFLT : 0;
    for (const [channel, filter] of this.#filters.entries()) if (filter.level) active |= 1 << channel;
    return active;
  }

  /** @param channel 1..5 @param level undefined: nothing is connected */
  set(channel: number, source: FaultSource, level: boolean | undefined): void {
    const inputs = this.#inputs[channel - 1];
    if (inputs !== undefined) inputs[source] = level;
    this.look();
  }

  setSystem(active: boolean): void {
    const begins = active && !this.#system;
    this.#system = active;
    if (begins) this.#port.onFaults(SYSFLT);
  }

  /** Levels or settings changed. */
  look(): void {
    for (const [channel, filter] of this.#filters.entries()) {
      const field = this.#field(channel);
      const level = this.#inputs[channel]?.[(field & INTERNAL) === 0 ? "pin" : "internal"];
      filter.set((field & ENABLE) !== 0 && level === ((field & HIGH) !== 0));
    }
  }

  /** @param before what FLTINR1 or FLTINR2 held @returns a channel whose lock kept something, 1..5 */
  keepLocked(name: "FLTINR1" | "FLTINR2", before: number): number | undefined {
    const { registers } = this.#port;
    const [first, channels] = name === "FLTINR1" ? [0, 4] : [4, 1];
    let kept: number | undefined;
    for (let n = 0; n < channels; n++) {
      const shift = n * 8;
      if (((before >>> shift) & LOCK) === 0) continue;
      const mask = 0xff << shift;
      if (((registers.get(name) ^ before) & mask) !== 0) kept = first + n + 1;
      registers.set(name, (registers.get(name) & ~mask) | (before & mask));
    }
    return kept;
  }

  #field(channel: number): number {
    const { registers } = this.#port;
    const fields = registers.get(channel < 4 ? "FLTINR1" : "FLTINR2");
    return (fields >>> ((channel % 4) * 8)) & 0xff;
  }

  #delayNs(channel: number): number {
    const clockNs = 1e9 / this.#port.clockHz();
    const samplingNs = clockNs * 2 ** ((this.#port.registers.get("FLTINR2") >>> 24) & 3);
    return filterNs((this.#field(channel) >>> 3) & 0xf, clockNs, samplingNs);
  }
}

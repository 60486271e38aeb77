/** What a filter keeps an eye on (RM0399, "Analog watchdog", "Extreme detector"). */

import type { RegisterBlock } from "../../registers.js";
import { FILTER, STATUS } from "./dfsdm-bits.js";

/** AWSR */
const HIGH_SHIFT = 8;

export class FilterLimits {
  readonly #number: number;
  readonly #registers: RegisterBlock<string>;

  constructor(number: number, registers: RegisterBlock<string>) {
    this.#number = number;
    this.#registers = registers;
  }

  /** Channels whose watchdog filters it watches. */
  get watchedInputs(): number {
    const cr1 = this.#get("CR1");
    const on = (cr1 & FILTER.DFEN) !== 0 && (cr1 & FILTER.AWFSEL) !== 0;
    return on ? (this.#get("CR2") >>> 16) & 0xff : 0;
  }

  /** A conversion's result. */
  look(channel: number, data: number): void {
    const cr2 = this.#get("CR2");
    const watches = (this.#get("CR1") & FILTER.AWFSEL) === 0 && (cr2 & (1 << (16 + channel))) !== 0;
    if (watches) this.#compare(channel, data, 8);
    if ((cr2 & (1 << (8 + channel))) === 0) return;
    const value = (data << 8) | channel;
    if (data > this.#get("EXMAX") >> 8) this.#registers.set(this.#name("EXMAX"), value);
    if (data < this.#get("EXMIN") >> 8) this.#registers.set(this.#name("EXMIN"), value);
  }

  /** A value of a channel's watchdog filter: the thresholds' upper 16 bits count. */
  lookAtInput(channel: number, value: number): void {
    if ((this.watchedInputs & (1 << channel)) !== 0) this.#compare(channel, value, 16);
  }

  /** AWCFR was written. */
  clear(written: number): void {
    this.#registers.setBits(this.#name("AWSR"), written, false);
    this.#sum();
  }

  /** EXMAX or EXMIN was read. */
  forget(register: "EXMAX" | "EXMIN"): void {
    this.#registers.reset([this.#name(register)]);
  }

  /** The break outputs that its watchdog drives. */
  get breaks(): number {
    const awsr = this.#get("AWSR");
    const high = awsr >>> HIGH_SHIFT !== 0 ? this.#get("AWHTR") & 0xf : 0;
    const low = (awsr & 0xff) !== 0 ? this.#get("AWLTR") & 0xf : 0;
    return high | low;
  }

  #compare(channel: number, value: number, shift: number): void {
    const above = value >= this.#get("AWHTR") >> shift;
    const below = value <= this.#get("AWLTR") >> shift;
    const flags = (above ? 1 << (HIGH_SHIFT + channel) : 0) | (below ? 1 << channel : 0);
    this.#registers.setBits(this.#name("AWSR"), flags, true);
    this.#sum();
  }

  #sum(): void {
    this.#registers.setBits(this.#name("ISR"), STATUS.AWDF, this.#get("AWSR") !== 0);
  }

  #name(register: string): string {
    return `FLT${this.#number}${register}`;
  }

  #get(register: string): number {
    return this.#registers.get(this.#name(register));
  }
}

/** What a filter keeps an eye on (RM0399, "Analog watchdog", "Extreme detector"). */

import type { RegisterBlock, RegisterCell } from "../../registers.js";
import { FILTER, STATUS } from "./dfsdm-bits.js";

/** AWSR */
const HIGH_SHIFT = 8;

export class FilterLimits {
  readonly #number: number;
  readonly #registers: RegisterBlock<string>;
  readonly #cr1: RegisterCell;
  readonly #cr2: RegisterCell;
  readonly #awsr: RegisterCell;

  constructor(number: number, registers: RegisterBlock<string>) {
    this.#number = number;
    this.#registers = registers;
    this.#cr1 = registers.cell(this.#name("CR1"));
    this.#cr2 = registers.cell(this.#name("CR2"));
    this.#awsr = registers.cell(this.#name("AWSR"));
  }

  /** Channels whose watchdog filters it watches. */
  get watchedInputs(): number {
    const cr1 = this.#cr1.value;
    const on = (cr1 & FILTER.DFEN) !== 0 && (cr1 & FILTER.AWFSEL) !== 0;
    return on ? (this.#cr2.value >>> 16) & 0xff : 0;
  }

  /** A conversion's result. */
  look(channel: number, data: number): void {
    const cr2 = this.#cr2.value;
    const watches = (this.#cr1.value & FILTER.AWFSEL) === 0 && (cr2 & (1 << (16 + channel))) !== 0;
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
    const awsr = this.#awsr.value;
    if (awsr === 0) return 0;
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
    this.#registers.setBits(this.#name("ISR"), STATUS.AWDF, this.#awsr.value !== 0);
  }

  #name(register: string): string {
    return `FLT${this.#number}${register}`;
  }

  #get(register: string): number {
    return this.#registers.get(this.#name(register));
  }
}

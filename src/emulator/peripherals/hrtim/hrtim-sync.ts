/** The synchronization output, SCOUT (RM0433, "Synchronization output"). */

import type { RegisterBlock } from "../../registers.js";
import { EVENT, MASTER } from "./hrtim-bits.js";
import { NEVER } from "./hrtim-counter.js";

/** MCR.SYNCSRC: the start of the master or its compare 1, of timer A or its compare 1. */
const SOURCE = { START: 0, COMPARE: 1 } as const;
/** A pulse in periods of fHRTIM; for as long after it nothing follows. */
const PULSE = 16;

export class HrtimSync {
  readonly #registers: RegisterBlock<string>;
  #pulse = -NEVER;

  constructor(registers: RegisterBlock<string>) {
    this.#registers = registers;
  }

  reset(): void {
    this.#pulse = -NEVER;
  }

  /** A timer is enabled. */
  started(timer: number, cycle: number): void {
    if (timer === this.#timer && this.#source === SOURCE.START) this.#send(cycle);
  }

  instant(fired: readonly number[], cycle: number): void {
    if (this.#mode < 2) return;
    const happened = fired[this.#timer] ?? 0;
    const restarted = (happened & EVENT.RST) !== 0 && (happened & EVENT.PER) === 0;
    if (this.#source === SOURCE.START ? restarted : (happened & EVENT.CMP1) !== 0) this.#send(cycle);
  }

  #send(cycle: number): void {
    if (cycle - this.#pulse >= 2 * PULSE) this.#pulse = cycle;
  }

  level(cycle: number): boolean | undefined {
    if (this.#mode < 2) return undefined;
    return cycle - this.#pulse < PULSE !== (this.#mode === 3);
  }

  /** When the pulse ends. */
  next(cycle: number): number {
    return cycle - this.#pulse < PULSE ? this.#pulse + PULSE : NEVER;
  }

  /** MCR.SYNCOUT: 2 positive, 3 negative pulses. */
  get #mode(): number {
    return (this.#registers.get("MCR") >>> 12) & 3;
  }

  get #timer(): number {
    return (this.#registers.get("MCR") & (1 << 15)) === 0 ? MASTER : 0;
  }

  get #source(): number {
    return (this.#registers.get("MCR") >>> 14) & 1;
  }
}

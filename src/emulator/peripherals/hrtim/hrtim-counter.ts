/**
 * A timer's counter with its period and compare values (RM0433, "Counter operating mode"). It counts up from 0; where it
 * reaches its period it is at 0 again, so that a lap has as many ticks as the period says.
 */

import { EVENT } from "./hrtim-bits.js";

/** A compare value that is never reached. */
export const NEVER = Number.POSITIVE_INFINITY;
/** Above its period the counter goes on to its last value, and begins anew without an event. */
const SPAN = 0x1_0000;

export class HrtimCounter {
  /** The active values. */
  period = SPAN - 1;
  readonly compares: [number, number, number, number] = [0, 0, 0, 0];
  continuous = false;
  /** Periods of fHRTIM for a tick: 1, 2 or 4. */
  divider = 1;
  #running = false;
  /** The period of fHRTIM in which it was at 0. */
  #base = 0;
  #held = 0;
  /** What matched there was told. */
  #matched = -1;

  get running(): boolean {
    return this.#running;
  }

  count(cycle: number): number {
    return this.#running ? Math.floor((cycle - this.#base) / this.divider) : this.#held;
  }

  /** Lets it count on from where it stands. */
  start(cycle: number): void {
    if (this.#running) return;
    this.#base = cycle - this.#held * this.divider;
    this.#running = true;
    this.#matched = cycle;
  }

  stop(cycle: number): void {
    this.#held = this.count(cycle);
    this.#running = false;
  }

  /** Puts it at `count`. @returns compares that match there, as events */
  place(cycle: number, count: number): number {
    this.#held = count;
    this.#base = cycle - count * this.divider;
    if (!this.#running) return 0;
    this.#matched = cycle;
    return this.#at(count);
  }

  /** All that lies behind is `cycles` nearer: whole laps were left out. */
  skip(cycles: number): void {
    this.#base += cycles;
    this.#matched += cycles;
  }

  /** When something happens next, after `cycle`. */
  next(cycle: number): number {
    if (!this.#running) return NEVER;
    const count = this.count(cycle);
    let target = count < this.period ? this.period : SPAN;
    for (const value of this.compares) if (value > count && value < target) target = value;
    return this.#base + target * this.divider;
  }

  /** What happens in period `cycle`, once. A single shot ends at its period. */
  matches(cycle: number): number {
    if (!this.#running || this.#matched === cycle) return 0;
    this.#matched = cycle;
    const elapsed = cycle - this.#base;
    if (elapsed % this.divider !== 0) return 0;
    const count = elapsed / this.divider;
    if (count === SPAN) return this.place(cycle, 0);
    if (count !== this.period) return this.#at(count);
    const last = this.#at(count) | EVENT.PER;
    if (this.continuous) return last | EVENT.RST | this.place(cycle, 0);
    this.stop(cycle);
    return last;
  }

  #at(count: number): number {
    const [first, second, third, fourth] = this.compares;
    return (
      (first === count ? EVENT.CMP1 : 0) |
      (second === count ? EVENT.CMP2 : 0) |
      (third === count ? EVENT.CMP3 : 0) |
      (fourth === count ? EVENT.CMP4 : 0)
    );
  }
}

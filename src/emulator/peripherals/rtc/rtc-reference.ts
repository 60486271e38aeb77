/**
 * RTC_REFIN (RM0433, "RTC reference clock detection"): mains of 50 or 60 Hz holds the calendar's seconds in step. Each second
 * that begins near one of its edges is moved onto it.
 */

import type { RtcClock } from "./rtc-clock.js";

/** The window around the start of a second, in periods of ck_apre: wide until an edge was found in it. */
const SEARCH_WINDOW = 7;
const LOCKED_WINDOW = 3;

export class RtcReference {
  readonly #clock: RtcClock;
  readonly #enabled: () => boolean;
  #level = false;
  #locked = false;
  /** Seconds of the calendar's own count when an edge was in the window last. */
  #lastAt = 0;

  /** @param enabled CR.REFCKON, and the calendar runs */
  constructor(clock: RtcClock, enabled: () => boolean) {
    this.#clock = clock;
    this.#enabled = enabled;
  }

  /** @returns whether the start of a second was moved */
  level(high: boolean): boolean {
    const rising = high && !this.#level;
    this.#level = high;
    if (!rising || !this.#enabled()) {
      this.#locked &&= this.#enabled();
      return false;
    }
    return this.#edge();
  }

  #edge(): boolean {
    const { fraction, span, seconds } = this.#clock;
    if (seconds - this.#lastAt > 1 + SEARCH_WINDOW / span) this.#locked = false;
    // Before the start of the second that comes, or behind that of this one.
    const off = fraction > 0.5 ? fraction - 1 : fraction;
    const window = this.#locked ? LOCKED_WINDOW : SEARCH_WINDOW;
    if (Math.abs(off) * span > window / 2) return false;
    this.#clock.move(-off);
    this.#locked = true;
    this.#lastAt = this.#clock.seconds;
    return off !== 0;
  }
}

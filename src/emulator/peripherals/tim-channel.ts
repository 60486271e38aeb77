/** One capture/compare channel of a timer as an output (RM0433, "Output compare mode", "PWM mode"). */

import type { LapCounter } from "./tim-counter.js";

/** CCMRx.OCxM. */
const MODE = {
  ACTIVE: 1,
  INACTIVE: 2,
  TOGGLE: 3,
  FORCE_INACTIVE: 4,
  FORCE_ACTIVE: 5,
  PWM1: 6,
  PWM2: 7,
} as const;

export class Channel {
  /** The value behind the preload register. */
  active = 0;
  /** OCxM with its fourth bit; modes above 7 act as their lower bits do, which is told by the timer. */
  mode = 0;
  /** CCxS: 0 makes it an output. */
  selection = 0;
  preload = false;
  #reference = false;

  reset(): void {
    this.active = 0;
    this.mode = 0;
    this.selection = 0;
    this.preload = false;
    this.#reference = false;
  }

  get isOutput(): boolean {
    return this.selection === 0;
  }

  /** `times` matches were passed. */
  matched(times: number): void {
    const mode = this.mode & 7;
    if (mode === MODE.ACTIVE) this.#reference = true;
    else if (mode === MODE.INACTIVE) this.#reference = false;
    else if (mode === MODE.TOGGLE && times % 2 === 1) this.#reference = !this.#reference;
  }

  /** OCxREF. */
  reference(counter: LapCounter): boolean {
    const mode = this.mode & 7;
    if (mode === MODE.FORCE_INACTIVE) return false;
    if (mode === MODE.FORCE_ACTIVE) return true;
    if (mode < MODE.PWM1) return this.#reference;
    const below = counter.countsDown ? counter.count <= this.active : counter.count < this.active;
    return below === (mode === MODE.PWM1);
  }
}

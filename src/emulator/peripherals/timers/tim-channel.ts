/** One capture/compare channel of a timer as an output (RM0433, "Output compare mode", "PWM mode"). */

import type { LapCounter } from "./tim-counter.js";

/** CCMRx.OCxM; 12..15 are PWM modes combined with the neighbour, 8 and 9 PWM modes that a trigger starts (retriggerable one pulse). */
const MODE = {
  ACTIVE: 1,
  INACTIVE: 2,
  TOGGLE: 3,
  FORCE_INACTIVE: 4,
  FORCE_ACTIVE: 5,
  PWM1: 6,
  PWM2: 7,
  RETRIGGERABLE1: 8,
  RETRIGGERABLE2: 9,
} as const;
export const COMBINED = { OR: 12, AND: 13, ASYMMETRIC1: 14, ASYMMETRIC2: 15 } as const;
const PWM_OF: Readonly<Record<number, number>> = { 8: 6, 9: 7, 12: 6, 13: 7, 14: 6, 15: 7 };

export class Channel {
  /** The value behind the preload register. */
  active = 0;
  /** OCxM with its fourth bit. */
  mode = 0;
  /** CCxS: 0 makes it an output. */
  selection = 0;
  preload = false;
  /** OCxCE */
  clearable = false;
  /** OCxREF is held low until the next update, because ETRF went high. */
  cleared = false;
  /** A trigger has come, and no update event since: retriggerable modes compare. */
  triggered = false;
  #reference = false;

  reset(): void {
    this.active = 0;
    this.mode = 0;
    this.selection = 0;
    this.preload = false;
    this.clearable = false;
    this.cleared = false;
    this.triggered = false;
    this.#reference = false;
  }

  get isOutput(): boolean {
    return this.selection === 0;
  }

  get isRetriggerable(): boolean {
    return this.mode === MODE.RETRIGGERABLE1 || this.mode === MODE.RETRIGGERABLE2;
  }

  get isCombined(): boolean {
    return this.mode >= COMBINED.OR;
  }

  /** `times` matches were passed. */
  matched(times: number): void {
    if (this.mode === MODE.ACTIVE) this.#reference = true;
    else if (this.mode === MODE.INACTIVE) this.#reference = false;
    else if (this.mode === MODE.TOGGLE && times % 2 === 1) this.#reference = !this.#reference;
  }

  /** Forcing a level leaves it behind for the modes that only change it. */
  settle(): void {
    if (this.mode === MODE.FORCE_INACTIVE) this.#reference = false;
    if (this.mode === MODE.FORCE_ACTIVE) this.#reference = true;
  }

  /** OCxREF. */
  reference(counter: LapCounter): boolean {
    if (this.cleared) return false;
    const mode = PWM_OF[this.mode] ?? this.mode;
    if (mode < MODE.PWM1) return this.#reference;
    // Idle, these modes have the level that a counter at rest would not give them (RM0433, TIMx_CCMR1.OC1M).
    if (this.isRetriggerable && !this.triggered)
      return (this.mode === MODE.RETRIGGERABLE1) !== (counter.direction === "down");
    const below = counter.countsDown ? counter.count <= this.active : counter.count < this.active;
    return below === (mode === MODE.PWM1);
  }
}

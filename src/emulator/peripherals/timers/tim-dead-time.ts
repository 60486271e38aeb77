/**
 * Dead time between OCx and OCxN (RM0433, "Complementary outputs and dead-time insertion"): each rises some time after the
 * other's side of OCxREF has ended. A pulse that is shorter does not appear.
 */

import { CC1E } from "./tim-registers.js";

/** Channels 1..3 have complementary outputs. */
const CHANNELS = 3;
const BOTH = CC1E | 4;

export class TimDeadTime {
  readonly #references = [false, false, false];
  /** Board time of each reference's last edge. */
  readonly #edges = [0, 0, 0];
  #ns = 0;
  #enables = 0;

  reset(): void {
    this.#references.fill(false);
    this.#edges.fill(0);
  }

  /** @param ns of DTG @param enables CCER as it acts */
  configure(ns: number, enables: number): void {
    this.#ns = ns;
    this.#enables = enables;
  }

  /** Some output waits after an edge of its reference: each edge must be noticed. */
  get on(): boolean {
    return this.channels !== 0;
  }

  /** Channels with dead time, as bits. */
  get channels(): number {
    if (this.#ns === 0) return 0;
    let channels = 0;
    for (let index = 0; index < CHANNELS; index++) if (this.applies(index)) channels |= 1 << index;
    return channels;
  }

  /** Is there dead time between the outputs of channel `index`? */
  applies(index: number): boolean {
    return this.#ns > 0 && index < CHANNELS && ((this.#enables >>> (index * 4)) & BOTH) === BOTH;
  }

  /** To be called at each board time at which a reference may have changed. */
  note(now: number, reference: (index: number) => boolean): void {
    for (let index = 0; index < CHANNELS; index++) {
      if (!this.applies(index)) continue;
      const level = reference(index);
      if (level === this.#references[index]) continue;
      this.#references[index] = level;
      this.#edges[index] = now;
    }
  }

  /** Neither output of channel `index` is active yet. */
  waits(index: number, now: number): boolean {
    return this.applies(index) && now < this.#end(index);
  }

  /** When the next dead time ends. */
  nextEnd(now: number): number {
    let at = Number.POSITIVE_INFINITY;
    for (let index = 0; index < CHANNELS; index++)
      if (this.waits(index, now)) at = Math.min(at, this.#end(index));
    return at;
  }

  /** Less than a picosecond does not count: events come at rounded times. */
  #end(index: number): number {
    return (this.#edges[index] ?? 0) + this.#ns - 1e-3;
  }
}

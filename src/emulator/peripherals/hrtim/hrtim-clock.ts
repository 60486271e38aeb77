/** fHRTIM: all of HRTIM counts its periods, as whole numbers, and so keeps its timers in step for ever. */

import type { Timeline } from "../../timeline.js";

export class HrtimClock {
  readonly #timeline: Timeline;
  readonly #source: () => number;
  #hz = 0;
  /** Board time and period from which on `hz` holds. */
  #since = 0;
  #from = 0;

  constructor(timeline: Timeline, source: () => number) {
    this.#timeline = timeline;
    this.#source = source;
  }

  get hz(): number {
    return this.#hz;
  }

  /** The present period. */
  get cycle(): number {
    return this.#from + Math.floor(((this.#timeline.now - this.#since) * this.#hz) / 1e9 + 1e-6);
  }

  /** The source may have another frequency now. What was counted before it must be done with. */
  changed(): void {
    const hz = this.#source();
    if (hz === this.#hz) return;
    this.#from = this.cycle;
    this.#since = this.#timeline.now;
    this.#hz = hz;
  }

  /** Nanoseconds from now until period `cycle` begins. */
  nsUntil(cycle: number): number {
    return this.#since + ((cycle - this.#from) * 1e9) / this.#hz - this.#timeline.now;
  }
}

/** CKOUT: the clock for modulators, and the one that serial inputs without a clock of their own are sampled by. */

import type { Timeline } from "../../timeline.js";

/** Edges of CKOUT: a rising one comes half a period behind its start, a falling one a whole. */
export interface Strobe {
  readonly rising: boolean;
  /** Only each second one. */
  readonly halved: boolean;
}

export class OutputClock {
  readonly #timeline: Timeline;
  #hz = 0;
  /** Board time, and periods then. */
  #since = 0;
  #from = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get hz(): number {
    return this.#hz;
  }

  /** Another frequency from now on. */
  set(hz: number): void {
    if (hz === this.#hz) return;
    this.#from = this.#periods;
    this.#since = this.#timeline.now;
    this.#hz = hz;
  }

  /** It begins with a period, low. */
  restart(): void {
    this.#from = 0;
    this.#since = this.#timeline.now;
  }

  get level(): boolean {
    return this.#hz > 0 && this.edges(RISING) > this.edges(FALLING);
  }

  /** How many there were. */
  edges({ rising, halved }: Strobe): number {
    const plain = Math.floor(this.#periods + (rising ? 0.5 : 0) + 1e-6);
    return halved ? plain >> 1 : plain;
  }

  /** Nanoseconds from now until there were `count`. */
  nsUntil({ rising, halved }: Strobe, count: number): number {
    if (this.#hz === 0) return Number.POSITIVE_INFINITY;
    const periods = (halved ? 2 * count : count) - (rising ? 0.5 : 0);
    return this.#since + ((periods - this.#from) * 1e9) / this.#hz - this.#timeline.now;
  }

  get nsUntilEdge(): number {
    const strobe = this.level ? FALLING : RISING;
    return this.nsUntil(strobe, this.edges(strobe) + 1);
  }

  get #periods(): number {
    return this.#from + ((this.#timeline.now - this.#since) * this.#hz) / 1e9;
  }
}

const RISING: Strobe = { rising: true, halved: false };
const FALLING: Strobe = { rising: false, halved: false };

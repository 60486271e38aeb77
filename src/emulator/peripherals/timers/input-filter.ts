/** A digital filter at an input: a new level counts once all of several samples in a row have it. */

import type { Timeline, TimelineEvent } from "../../timeline.js";

export interface InputFilterOptions {
  readonly timeline: Timeline;
  /** How long a level must last, nanoseconds; 0: no filter; infinite: no clock samples it. */
  readonly delayNs: () => number;
  /** The filtered level changed. @param late not in the instant of `set` */
  readonly onLevel: (level: boolean, late: boolean) => void;
}

export class InputFilter {
  readonly #options: InputFilterOptions;
  #level = false;
  #input = false;
  #pending: TimelineEvent | undefined;

  constructor(options: InputFilterOptions) {
    this.#options = options;
  }

  /** Behind the filter. */
  get level(): boolean {
    return this.#level;
  }

  /** The level before the filter. */
  set(level: boolean): void {
    if (level === this.#input && (level === this.#level || this.#pending !== undefined)) return;
    const { timeline, delayNs } = this.#options;
    this.#input = level;
    timeline.cancel(this.#pending);
    this.#pending = undefined;
    if (level === this.#level) return;
    const ns = delayNs();
    if (ns === 0) this.#accept(false);
    else if (ns < Number.POSITIVE_INFINITY) this.#pending = timeline.after(ns, () => this.#accept(true));
  }

  #accept(late: boolean): void {
    this.#pending = undefined;
    this.#level = this.#input;
    this.#options.onLevel(this.#level, late);
  }
}

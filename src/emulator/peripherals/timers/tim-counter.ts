/**
 * A timer's counter as a position on a lap (RM0433, "Counter modes"). Counting up or down, a lap has ARR + 1 positions;
 * centre-aligned, 2 x ARR. An update event lies at position 0, centre-aligned also at ARR.
 */

export type Direction = "up" | "down" | "center";

export class LapCounter {
  direction: Direction = "up";
  /** The active auto-reload value; 0 blocks the counter. */
  arr: number;
  position = 0;
  /** The largest value that the counter can have. */
  readonly max: number;
  /** Values that the counter can have. */
  readonly #span: number;

  /** @param max 0xFFFF or 0xFFFF_FFFF, with which ARR starts */
  constructor(max: number) {
    this.arr = max;
    this.max = max;
    this.#span = max + 1;
  }

  /**
   * Ticks until a counter that ARR was taken away from below (no preload, ARR < CNT) rolls over to 0: it has passed the
   * only value that would have ended its period, and counts through all bits, without an update event.
   */
  get #beyond(): number {
    return this.direction === "up" && this.position > this.arr ? this.#span - this.position : 0;
  }

  /** Positions of a lap. */
  get lap(): number {
    return this.direction === "center" ? 2 * this.arr : this.arr + 1;
  }

  /** CNT. */
  get count(): number {
    return this.#countAt(this.position);
  }

  /** What CNT will be in `ticks`, if nothing changes. */
  countIn(ticks: number): number {
    return this.#countAt(this.#positionIn(ticks));
  }

  #positionIn(ticks: number): number {
    const beyond = this.#beyond;
    if (beyond === 0) return (this.position + ticks) % this.lap;
    return ticks < beyond ? this.position + ticks : (ticks - beyond) % this.lap;
  }

  #countAt(position: number): number {
    const { arr } = this;
    if (this.direction === "up") return position;
    if (this.direction === "down") return Math.max(0, arr - position);
    return position <= arr ? position : 2 * arr - position;
  }

  /** CR1.DIR. */
  get countsDown(): boolean {
    return this.direction === "down" || (this.direction === "center" && this.position >= this.arr);
  }

  /** Puts the counter at `count`, going down where the mode leaves that open. */
  place(count: number, down = false): void {
    const { arr } = this;
    if (this.direction === "down") this.position = Math.max(0, arr - count);
    else this.position = this.direction === "center" && down ? (2 * arr - count) % this.lap : count;
  }

  /**
   * Where CNT equals `value`: positions while counting up and while counting down. A value above ARR is never reached; its
   * flag comes with the overflow (RM0433, TIMx_SR.CC1IF).
   */
  matches(value: number): { readonly up: number | undefined; readonly down: number | undefined } {
    const { arr, direction } = this;
    if (value > arr) return { up: direction === "center" ? arr : 0, down: undefined };
    if (direction === "up") return { up: value, down: undefined };
    if (direction === "down") return { up: undefined, down: arr - value };
    return { up: value, down: (2 * arr - value) % this.lap };
  }

  /** How often the counter arrives at `at` in the next `ticks`. */
  arrivals(at: number, ticks: number): number {
    const beyond = this.#beyond;
    if (beyond > 0) {
      const passes = at > this.position && at <= this.position + Math.min(ticks, beyond - 1) ? 1 : 0;
      if (ticks < beyond) return passes;
      const rest = ticks - beyond;
      return passes + (at === 0 ? 1 : 0) + Math.floor((rest - at) / this.lap) - Math.floor(-at / this.lap);
    }
    const before = Math.floor((this.position - at) / this.lap);
    return Math.floor((this.position + ticks - at) / this.lap) - before;
  }

  /** Ticks until it arrives at `at` again: 1..lap. */
  ticksTo(at: number): number {
    const { lap, position } = this;
    const beyond = this.#beyond;
    if (beyond > 0) return at > position ? at - position : beyond + at;
    return position < at ? at - position : at - position + lap;
  }

  /** Ticks until the next update event. */
  get ticksToUpdate(): number {
    const beyond = this.#beyond;
    if (beyond > 0) return beyond + this.lap;
    const wrap = this.ticksTo(0);
    return this.direction === "center" ? Math.min(wrap, this.ticksTo(this.arr)) : wrap;
  }

  /** Update events in the next `ticks`. */
  updates(ticks: number): number {
    const beyond = this.#beyond;
    if (beyond > 0) return ticks < beyond ? 0 : Math.floor((ticks - beyond) / this.lap);
    const wraps = this.arrivals(0, ticks);
    return this.direction === "center" ? wraps + this.arrivals(this.arr, ticks) : wraps;
  }

  advance(ticks: number): void {
    this.position = this.#positionIn(ticks);
  }
}

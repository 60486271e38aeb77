/**
 * What a sinc filter and the integrator behind it make of the last samples of a stream (RM0399, "Digital filter
 * configuration", "Integrator unit"). The samples are kept as runs of equal values, and worked out when a result is due: a
 * silent input then costs nothing.
 */

export interface SincShape {
  /** 1..5; 0 is FastSinc. */
  readonly order: number;
  /** FOSR: samples to an output of the filter. */
  readonly ratio: number;
  /** IOSR: outputs of the filter to a result. */
  readonly sum: number;
}

const MAX_ORDER = 5;
const FAST_SINC = { passes: 2, depth: 4, latency: 2 } as const;

/** Passes of integrators and combs; outputs until one is made of fresh samples only; samples on their way inside. */
function stages({ order }: SincShape): {
  readonly passes: number;
  readonly depth: number;
  readonly latency: number;
} {
  const passes = Math.min(order, MAX_ORDER);
  return order === 0 ? FAST_SINC : { passes, depth: passes, latency: passes };
}

/** Samples of a conversion that begins with an empty filter. */
export function samplesFor(shape: SincShape): number {
  const { depth, latency } = stages(shape);
  return shape.ratio === 1 ? shape.sum : shape.ratio * (shape.sum - 1 + depth) + latency;
}

/** Samples from one result to the next, when the filter is not emptied between them. */
export function samplesBetween({ ratio, sum }: SincShape): number {
  return ratio * sum;
}

export class SampleWindow {
  #shape: SincShape = { order: 1, ratio: 1, sum: 1 };
  /** The oldest first. */
  readonly #runs: { value: number; count: number }[] = [];
  /** Runs before this one are forgotten. */
  #first = 0;
  #total = 0;
  #length = 1;

  begin(shape: SincShape): void {
    this.#shape = shape;
    this.#length = samplesFor(shape);
    this.#runs.length = 0;
    this.#first = 0;
    this.#total = 0;
  }

  push(value: number, count: number): void {
    const last = this.#runs.at(-1);
    if (last?.value === value) last.count += count;
    else this.#runs.push({ value, count });
    this.#total += count;
    this.#forget();
  }

  /** All samples that count are equal. */
  get steady(): boolean {
    return this.#runs.length - this.#first === 1;
  }

  get result(): number {
    const { order, ratio, sum } = this.#shape;
    const only = this.steady ? this.#runs[this.#first] : undefined;
    if (ratio === 1) return this.#plainSum();
    if (only === undefined) return this.#filtered();
    const gain = order === 0 ? 2 * ratio ** 2 : ratio ** Math.min(order, MAX_ORDER);
    return Number(BigInt.asIntN(32, BigInt(gain) * BigInt(sum) * BigInt(only.value)));
  }

  #forget(): void {
    let excess = this.#total - this.#length;
    while (excess > 0) {
      const run = this.#runs[this.#first] as { count: number };
      const dropped = Math.min(run.count, excess);
      run.count -= dropped;
      excess -= dropped;
      this.#total -= dropped;
      if (run.count === 0) this.#first++;
    }
    if (this.#first > this.#length) this.#first -= this.#runs.splice(0, this.#first).length;
  }

  /** The filter is bypassed: only the integrator works. */
  #plainSum(): number {
    let total = 0;
    for (let at = this.#first; at < this.#runs.length; at++) {
      const { value, count } = this.#runs[at] as { value: number; count: number };
      total = (total + value * count) | 0;
    }
    return total;
  }

  #filtered(): number {
    const { order, ratio, sum } = this.#shape;
    const { passes, depth } = stages(this.#shape);
    const integrators = new Int32Array(passes);
    const combs = new Int32Array(passes);
    const before = [0, 0];
    let total = 0;
    let left = ratio * (sum - 1 + depth);
    let outputs = 0;
    for (let at = this.#first; at < this.#runs.length && left > 0; at++) {
      const { value, count } = this.#runs[at] as { value: number; count: number };
      for (let n = Math.min(count, left); n > 0; n--) {
        let x = value;
        for (let pass = 0; pass < passes; pass++) x = integrators[pass] = ((integrators[pass] ?? 0) + x) | 0;
        if (--left % ratio !== 0) continue;
        for (let pass = 0; pass < passes; pass++) {
          const y = (x - (combs[pass] ?? 0)) | 0;
          combs[pass] = x;
          x = y;
        }
        if (order === 0) {
          before.push(x);
          x = (x + (before.shift() ?? 0)) | 0;
        }
        if (++outputs >= depth) total = (total + x) | 0;
      }
    }
    return total;
  }
}

/** A generator of 32-bit numbers that a seed repeats (xorshift128). */
export class Random {
  #state: [number, number, number, number];

  constructor(seed: number) {
    this.#state = [seed | 0, 0x9e3779b9 ^ seed, 0x7f4a7c15, (seed * 2654435761) | 0];
    for (let n = 0; n < 20; n++) this.bits32();
  }

  /** Signed. */
  bits32(): number {
    const [a, b, c, d] = this.#state;
    let t = d;
    t ^= t << 11;
    t ^= t >>> 8;
    const next = t ^ a ^ (a >>> 19);
    this.#state = [next, a, b, c];
    return next | 0;
  }

  /** 0..count - 1 */
  below(count: number): number {
    return (this.bits32() >>> 0) % count;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

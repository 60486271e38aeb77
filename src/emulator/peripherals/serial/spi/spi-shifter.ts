/** A frame on the line, bit by bit in the order that LSBFRST tells. */

export class SpiShifter {
  readonly bits: number;
  readonly #value: number;
  readonly #lowestFirst: boolean;
  #in = 0;

  constructor(value: number, bits: number, lowestFirst: boolean) {
    this.bits = bits;
    this.#value = value;
    this.#lowestFirst = lowestFirst;
  }

  get received(): number {
    return this.#in >>> 0;
  }

  #place(at: number): number {
    return this.#lowestFirst ? at : this.bits - 1 - at;
  }

  /** The bit that is sent `at`-th. */
  out(at: number): boolean {
    return ((this.#value >>> this.#place(Math.min(at, this.bits - 1))) & 1) === 1;
  }

  /** The bit that came `at`-th. */
  take(at: number, high: boolean): void {
    if (high) this.#in |= 1 << this.#place(at);
  }
}

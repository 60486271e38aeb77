/** A block's FIFO of eight words, its level and when it asks for service (RM0433, "Internal FIFOs", SAI_xSR.FLVL). */

const DEPTH = 8;

export class SaiFifo {
  readonly #words: number[] = [];

  get empty(): boolean {
    return this.#words.length === 0;
  }

  get full(): boolean {
    return this.#words.length >= DEPTH;
  }

  clear(): void {
    this.#words.length = 0;
  }

  /** False: it is full, and the word is lost. */
  push(word: number): boolean {
    if (this.full) return false;
    this.#words.push(word);
    return true;
  }

  pop(): number | undefined {
    return this.#words.shift();
  }

  /** FLVL: a quarter is "at most two words" to a transmitter, and "less than two" to a receiver. */
  level(receives: boolean): number {
    const { length } = this.#words;
    if (length === 0) return 0;
    if (length >= DEPTH) return 5;
    return receives ? 1 + (length >> 1) : (length + 1) >> 1;
  }

  /** @param threshold SAI_xCR2.FTH: 0 empty, 1 to 3 quarters, 4 full */
  asks(receives: boolean, threshold: number): boolean {
    const level = this.level(receives);
    const edge = Math.min(threshold, 4) + 1;
    return receives ? level >= edge : level < edge;
  }
}

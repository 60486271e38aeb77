/** DCMI's FIFO, and the words that samples are packed into (RM0433, DCMI, "Data format description", "FIFO"). */

/** Words. */
const DEPTH = 8;
const WORD_BITS = 32;

export class DcmiFifo {
  #words: number[] = [];
  #partial = 0;
  #bits = 0;

  get empty(): boolean {
    return this.#words.length === 0;
  }

  clear(): void {
    this.#words = [];
    this.#bits = 0;
    this.#partial = 0;
  }

  /** Begins with a new word: what is left of a frame that ended inside one is lost. */
  align(): void {
    this.#bits = 0;
    this.#partial = 0;
  }

  /** Adds a sample to the word: four of 8 bits, or two of more. @returns false: the FIFO is full, and nothing of it is left */
  put(sample: number, bits: 8 | 16): boolean {
    this.#partial |= sample << this.#bits;
    this.#bits += bits;
    return this.#bits < WORD_BITS || this.flush();
  }

  /** Takes the word as it is, filled up with zeros. @returns as `put` */
  flush(): boolean {
    if (this.#bits === 0) return true;
    const word = this.#partial >>> 0;
    this.align();
    if (this.#words.length === DEPTH) {
      this.clear();
      return false;
    }
    this.#words.push(word);
    return true;
  }

  /** The oldest word; 0 when there is none. */
  take(): number {
    return this.#words.shift() ?? 0;
  }
}

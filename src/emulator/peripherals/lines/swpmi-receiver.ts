/** What SWPMI receives, as its registers and flags show it (RM0433, SWPMI, "Reception procedure"). */

const WORD_BYTES = 4;
/** In multi software buffer mode a frame has so many words, with its status in the last one. */
const BUFFER_WORDS = 8;
const STATUS_LENGTH_SHIFT = 16;
const STATUS_CRC_ERROR = 1 << 24;
const STATUS_OVERRUN = 1 << 25;
const STATUS_FULL = 1 << 26;

export class SwpmiReceiver {
  /** Words that wait in SWPMI_RDR; more than one at the end of a buffer alone. */
  #words: number[] = [];
  /** Bytes that are not in a word of SWPMI_RDR yet. */
  #bytes: number[] = [];
  #count = 0;
  /** Words of the frame so far, with those that were lost. */
  #filled = 0;
  #overrun = false;

  get empty(): boolean {
    return this.#words.length === 0;
  }

  clear(): void {
    this.#words = [];
    this.#begin();
  }

  /** The oldest word; 0 when there is none. */
  take(): number {
    return this.#words.shift() ?? 0;
  }

  /** A byte of a payload. The last word waits for the frame's end. @returns false: a word is lost, SWPMI_RDR was not read in time */
  put(byte: number): boolean {
    const full = this.#bytes.length === WORD_BYTES;
    const kept = !full || this.#deliver();
    this.#bytes.push(byte);
    this.#count++;
    return kept;
  }

  /** @returns the bytes of the payload, and whether its last word was kept */
  end(buffered: boolean, crcError: boolean): { readonly length: number; readonly kept: boolean } {
    const kept = this.#deliver();
    const length = this.#count;
    if (buffered) {
      while (this.#filled < BUFFER_WORDS - 1) {
        this.#words.push(0);
        this.#filled++;
      }
      const errors = (crcError ? STATUS_CRC_ERROR : 0) | (this.#overrun ? STATUS_OVERRUN : 0);
      this.#words.push((length << STATUS_LENGTH_SHIFT) | STATUS_FULL | errors);
    }
    this.#begin();
    return { length, kept };
  }

  #begin(): void {
    this.#bytes = [];
    this.#count = 0;
    this.#filled = 0;
    this.#overrun = false;
  }

  #deliver(): boolean {
    const word = this.#bytes.reduce((sum, byte, n) => sum | (byte << (8 * n)), 0) >>> 0;
    this.#bytes = [];
    this.#filled++;
    if (!this.empty) {
      this.#overrun = true;
      return false;
    }
    this.#words.push(word);
    return true;
  }
}

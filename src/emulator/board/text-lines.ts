/** Bytes become lines of text. */

/** Longer ones are cut. */
const LIMIT = 1000;
const [LF, CR] = [0x0a, 0x0d];

export class TextLines {
  readonly #onLine: (line: string) => void;
  #line = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(byte: number): void {
    if (byte === LF || this.#line.length >= LIMIT) {
      this.#onLine(this.#line);
      this.#line = "";
    } else if (byte !== CR) this.#line += String.fromCharCode(byte);
  }

  /** What has no end yet is lost. */
  clear(): void {
    this.#line = "";
  }
}

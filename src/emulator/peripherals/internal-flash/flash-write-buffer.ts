/** The write buffer of one flash word (RM0433, chapter embedded flash memory): writes gather here until all 32 bytes came. */

import type { AccessSize } from "../../bus.js";
import { FLASH_WORD_BYTES } from "./flash-cells.js";

export interface BufferedWord {
  /** Index of the flash word. */
  readonly word: number;
  /** 32 bytes; those that were not written are 0xFF. */
  readonly data: Uint8Array;
}

/** What became of a write: refused as SR1.INCERR says, or taken. */
export type BufferResult = "otherWord" | "full" | "partial";

const ALL = 0xffff_ffff;

export class FlashWriteBuffer {
  #data = new Uint8Array(FLASH_WORD_BYTES).fill(0xff);
  /** Bit n: byte n was written. */
  #strobes = 0;
  #word = 0;
  /** The last write replaced bytes that had not been programmed: SR1.STRBERR. */
  overwritten = false;

  get empty(): boolean {
    return this.#strobes === 0;
  }

  /** No bit of what was written is 0. */
  get blank(): boolean {
    return this.#data.every((byte) => byte === 0xff);
  }

  write(offset: number, size: AccessSize, value: number): BufferResult {
    const word = Math.floor(offset / FLASH_WORD_BYTES);
    const at = offset % FLASH_WORD_BYTES;
    const strobes = (((1 << size) - 1) << at) >>> 0;
    if (!this.empty && word !== this.#word) return "otherWord";
    this.overwritten = (this.#strobes & strobes) !== 0;
    this.#word = word;
    this.#strobes = (this.#strobes | strobes) >>> 0;
    for (let lane = 0; lane < size; lane++) this.#data[at + lane] = (value >>> (lane * 8)) & 0xff;
    return this.#strobes === ALL ? "full" : "partial";
  }

  /** Empties the buffer, giving what was in it. */
  take(): BufferedWord {
    const taken = { word: this.#word, data: this.#data };
    this.#data = new Uint8Array(FLASH_WORD_BYTES).fill(0xff);
    this.#strobes = 0;
    return taken;
  }
}

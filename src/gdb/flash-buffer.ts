/** What GDB writes into the external flash, kept until it has said all of it (GDB manual, E.3). */

import type { Image } from "../image/image.js";
import { joinPieces, type Piece } from "../image/segments.js";
import { parseHex, parseRange, splitOnce, stringToBytes } from "../rsp/text.js";
import { ProgramError } from "./errors.js";
import { type Area, contains } from "./layout.js";

export class FlashBuffer {
  #erased: Area[] = [];
  #pieces: Piece[] = [];

  get empty(): boolean {
    return this.#erased.length === 0;
  }

  clear(): void {
    this.#erased = [];
    this.#pieces = [];
  }

  /** @param text "addr,length" of vFlashErase. @param window of the flash chip. @throws ProgramError */
  erase(text: string, window: Area): void {
    const range = parseRange(text);
    if (range === undefined) throw new ProgramError(`vFlashErase: expected addr,length, found "${text}"`);
    if (!contains(window, range.address, range.length)) {
      throw new ProgramError(
        `${range.length} bytes at ${hex(range.address)} reach beyond the flash chip: ` +
          `it ends at ${hex(window.address + window.length - 1)}`,
      );
    }
    this.#erased.push(range);
  }

  /** @param text "addr:bytes" of vFlashWrite. @throws ProgramError */
  write(text: string): void {
    const [digits, data] = splitOnce(text, ":");
    const address = parseHex(digits);
    if (address === undefined) throw new ProgramError("vFlashWrite: expected addr:bytes");
    if (!this.#erased.some((area) => contains(area, address, data.length))) {
      throw new ProgramError(`vFlashWrite: ${hex(address)} was not erased before`);
    }
    this.#pieces.push({ address, bytes: stringToBytes(data), origin: `vFlashWrite ${hex(address)}` });
  }

  /** What is to be written; the buffer is empty afterwards. @throws ImageError */
  take(): Image {
    const pieces = this.#pieces;
    this.clear();
    return { format: "elf", segments: joinPieces("load", pieces), entry: undefined };
  }
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).toUpperCase().padStart(8, "0")}`;
}

/**
 * Cells of the internal flash, all banks: flash words of 32 bytes, each with an ECC (RM0433, chapter embedded flash memory).
 *
 * A flash word may be programmed once between two erases. Programming it again ANDs data and ECC, which then
 * no longer fit each other: the word reads as a double ECC error. An interrupted operation does the same.
 */

import type { GuestMemory } from "../../guest-memory.js";
import type { ByteRange } from "./flash-geometry.js";

/** Numbers in [0, 1). */
export type Random = () => number;

export const FLASH_WORD_BYTES = 32;

/** Everything of the flash that survives power-off, as plain data. */
export interface FlashCellsState {
  readonly bytes: Uint8Array;
  /** Indexes of flash words that were programmed since the last erase. */
  readonly programmed: readonly number[];
  /** Indexes of flash words whose ECC is broken. */
  readonly broken: readonly number[];
}

/** What an erased cell holds. */
const ERASED = 0xff;

export class FlashCells {
  /** What the cells hold. Words in `broken` hold it behind a double ECC error. */
  readonly bytes: Uint8Array;

  readonly #programmed = new Set<number>();
  readonly #broken = new Set<number>();
  /** Words with one wrong bit, which their ECC corrects: `bytes` has what a read gives. A state does not keep them. */
  readonly #corrected = new Map<number, number>();
  readonly #random: Random;
  /** How often an interrupted program leaves an ECC that does not fit, 0..1. */
  readonly #tornEccProbability: number;

  /** @param size bytes of all banks */
  constructor(size: number, random: Random, tornEccProbability: number, memory?: GuestMemory) {
    this.bytes = memory?.allocate(size, undefined, ERASED) ?? new Uint8Array(size).fill(ERASED);
    this.#random = random;
    this.#tornEccProbability = tornEccProbability;
  }

  get intact(): boolean {
    return this.#broken.size === 0 && this.#corrected.size === 0;
  }

  isBroken(word: number): boolean {
    return this.#broken.has(word);
  }

  isCorrected(word: number): boolean {
    return this.#corrected.has(word);
  }

  /** A cell gives the wrong bit from now on, or the right one again. @param bit counted from the first of the flash */
  flipBit(bit: number): void {
    const word = Math.floor(bit / (8 * FLASH_WORD_BYTES));
    const first = this.#corrected.get(word);
    if (first === undefined) this.#corrected.set(word, bit);
    else this.#corrected.delete(word);
    if (first === undefined || first === bit) return;
    for (const wrong of [first, bit])
      this.bytes[wrong >>> 3] = (this.bytes[wrong >>> 3] ?? 0) ^ (1 << (wrong & 7));
    this.#broken.add(word);
  }

  /**
   * Does the ECC of `word` no longer fit once `data` is programmed into it? Cells only go to 0, those of the ECC too: a word takes a
   * second program if that is what it holds, or if all of it becomes 0, whose ECC is 0 (ST's EEPROM emulation for this chip marks a page so).
   */
  breaks(word: number, data: Uint8Array): boolean {
    if (!this.#programmed.has(word) || data.every((byte) => byte === 0)) return false;
    const cells = this.#word(word);
    return this.#broken.has(word) || data.some((byte, index) => byte !== cells[index]);
  }

  /** A factory tool's view: the flash holds `image` from its start, the rest is erased. */
  fill(image: Uint8Array): void {
    const size = this.bytes.length;
    if (image.length > size) {
      throw new RangeError(
        `internal flash: image of ${image.length} bytes, the chip has ${size}: link it smaller`,
      );
    }
    this.erase(this.#all());
    this.bytes.set(image);
    const words = Math.ceil(image.length / FLASH_WORD_BYTES);
    for (let word = 0; word < words; word++) {
      if (this.#word(word).some((byte) => byte !== 0xff)) this.#programmed.add(word);
    }
  }

  program(word: number, data: Uint8Array): void {
    if (this.breaks(word, data)) this.#broken.add(word);
    else if (data.every((byte) => byte === 0)) this.#broken.delete(word);
    this.#programmed.add(word);
    this.#corrected.delete(word);
    const cells = this.#word(word);
    data.forEach((byte, index) => {
      cells[index] = (cells[index] ?? 0xff) & byte;
    });
  }

  erase({ offset, length }: ByteRange): void {
    this.bytes.fill(0xff, offset, offset + length);
    for (const words of [this.#programmed, this.#broken, this.#corrected]) {
      for (const word of words.keys()) if (within(word, offset, length)) words.delete(word);
    }
  }

  /** Power fails while `word` is being programmed: some of the bits made it, the ECC may not fit. */
  tearProgram(word: number, data: Uint8Array): void {
    const progress = this.#random();
    const before = this.#word(word).slice();
    const torn = data.map(
      (byte, index) => byte | this.#unfinished((before[index] ?? 0xff) & ~byte, progress),
    );
    const wasProgrammed = this.#programmed.has(word);
    const moved = torn.some((byte, index) => ((before[index] ?? 0xff) & byte) !== before[index]);
    if (moved || this.#random() < progress) this.program(word, torn);
    const partial = torn.some((byte, index) => byte !== data[index]);
    if (!wasProgrammed && partial && this.#random() < this.#tornEccProbability) {
      this.#programmed.add(word);
      this.#broken.add(word);
    }
  }

  /** Power fails during an erase: cells are anywhere between old content and erased. */
  tearErase({ offset, length }: ByteRange): void {
    const progress = this.#random();
    const first = offset / FLASH_WORD_BYTES;
    for (let word = first; word < first + length / FLASH_WORD_BYTES; word++) {
      if (!this.#programmed.has(word)) continue;
      const cells = this.#word(word);
      cells.forEach((byte, index) => {
        cells[index] = byte | this.#finished(~byte & 0xff, progress);
      });
      if (this.#random() < 0.5) this.#broken.add(word);
    }
  }

  /** The lower and the upper half change places. */
  swapHalves(): void {
    const half = this.bytes.length / 2;
    const lower = this.bytes.slice(0, half);
    this.bytes.copyWithin(0, half);
    this.bytes.set(lower, half);
    const words = this.bytes.length / FLASH_WORD_BYTES;
    for (const marked of [this.#programmed, this.#broken]) {
      const moved = [...marked].map((word) => (word + words / 2) % words);
      marked.clear();
      for (const word of moved) marked.add(word);
    }
    const corrected = [...this.#corrected];
    this.#corrected.clear();
    for (const [word, bit] of corrected) {
      this.#corrected.set((word + words / 2) % words, (bit + half * 8) % (16 * half));
    }
  }

  save(): FlashCellsState {
    return { bytes: this.bytes.slice(), programmed: [...this.#programmed], broken: [...this.#broken] };
  }

  load(state: FlashCellsState): void {
    const size = this.bytes.length;
    if (state.bytes.length !== size) {
      throw new RangeError(
        `internal flash: stored content has ${state.bytes.length} bytes, expected ${size}`,
      );
    }
    this.erase(this.#all());
    this.bytes.set(state.bytes);
    for (const word of state.programmed) this.#programmed.add(word);
    for (const word of state.broken) this.#broken.add(word);
  }

  #all(): ByteRange {
    return { offset: 0, length: this.bytes.length };
  }

  #word(word: number): Uint8Array {
    return this.bytes.subarray(word * FLASH_WORD_BYTES, (word + 1) * FLASH_WORD_BYTES);
  }

  /** Of `bits`, those that were not reached yet. */
  #unfinished(bits: number, progress: number): number {
    return bits & ~this.#finished(bits, progress);
  }

  /** Of `bits`, each with probability `progress`. */
  #finished(bits: number, progress: number): number {
    let done = 0;
    for (let bit = 1; bit < 0x100; bit <<= 1) {
      if ((bits & bit) !== 0 && this.#random() < progress) done |= bit;
    }
    return done;
  }
}

function within(word: number, offset: number, length: number): boolean {
  const at = word * FLASH_WORD_BYTES;
  return at >= offset && at < offset + length;
}

/** The memory cells: programming only clears bits, erasing sets them, and what is cut off is left half done. */

import { PAGE } from "./part.js";

/** Returns a number in [0, 1). */
export type RandomSource = () => number;

/** 32 random bits. */
export function randomBits(random: RandomSource): number {
  return Math.floor(random() * 0x1_0000_0000) >>> 0;
}

/** Bytes of one page program; only those `present` are programmed. */
export interface PageData {
  readonly bytes: Uint8Array;
  readonly present: Uint8Array;
}

export interface CellOptions {
  readonly content: Uint8Array;
  readonly random: RandomSource;
  /** Mask of bits of the byte at `address` that keep their value whatever is done to them. */
  readonly deadBits?: ((address: number) => number) | undefined;
  readonly onChange?: ((address: number, length: number) => void) | undefined;
}

export class CellArray {
  readonly content: Uint8Array;
  readonly #options: CellOptions;
  /** Pages whose cells are between 0 and 1 after a cut: they read unstable once after each power-up. */
  readonly #unstable = new Set<number>();
  /** Of pages that a cut left half done, and which were not erased since: bits that may be this or that after each power-up. */
  readonly #torn = new Map<number, Uint8Array>();
  /** Range that an operation is suspended in: reads there are undefined. */
  #indeterminate: readonly [start: number, end: number] | undefined;

  constructor(options: CellOptions) {
    this.#options = options;
    this.content = options.content;
  }

  /** True while every read gives the content. */
  get stable(): boolean {
    return this.#unstable.size === 0 && this.#indeterminate === undefined;
  }

  setIndeterminate(range: readonly [start: number, end: number] | undefined): void {
    this.#indeterminate = range;
  }

  read(address: number): number {
    const value = this.content[address] ?? 0xff;
    if (this.stable) return value;
    const suspended = this.#indeterminate;
    const noisy =
      this.#unstable.has(address - (address % PAGE)) ||
      (suspended !== undefined && address >= suspended[0] && address < suspended[1]);
    return noisy
      ? value ^ (randomBits(this.#options.random) & randomBits(this.#options.random) & 0xff)
      : value;
  }

  /** A read burst over [start, end) is over: its half-done cells have settled to what they now hold. */
  settle(start: number, end: number): void {
    if (this.#unstable.size === 0) return;
    for (let page = start - (start % PAGE); page < end; page += PAGE) this.#unstable.delete(page);
  }

  /** Power comes back: what a cut left half done reads anew, and not as before. */
  powerUp(): void {
    const { random, onChange } = this.#options;
    for (const [page, marginal] of this.#torn) {
      marginal.forEach((bits, index) => {
        if (bits === 0) return;
        const at = page + index;
        this.#set(at, (this.content[at] ?? 0xff) ^ (bits & randomBits(random)));
      });
      this.#unstable.add(page);
      onChange?.(page, PAGE);
    }
  }

  /** Clears bits of the page at `page`. */
  program(page: number, data: PageData): void {
    this.#eachProgrammed(page, data, (old, wanted) => old & wanted);
    const marginal = this.#torn.get(page);
    if (marginal === undefined) return;
    for (let index = 0; index < PAGE; index++) {
      if (data.present[index] === 1) marginal[index] = (marginal[index] ?? 0) & (data.bytes[index] ?? 0xff);
    }
  }

  /** Clears some of the bits that `program` would clear. */
  tearProgram(page: number, data: PageData): void {
    const { random } = this.#options;
    const done = partialMask(random);
    const marginal = new Uint8Array(PAGE);
    this.#eachProgrammed(page, data, (old, wanted, index) => {
      marginal[index] = old & ~wanted & randomBits(random) & randomBits(random);
      return old & (wanted | ~done());
    });
    this.#leaveTorn(page, marginal);
  }

  erase(address: number, length: number): void {
    const { deadBits, onChange } = this.#options;
    if (deadBits === undefined) this.content.fill(0xff, address, address + length);
    else this.#each(address, length, () => 0xff);
    for (let page = address; page < address + length; page += PAGE) {
      this.#unstable.delete(page);
      this.#torn.delete(page);
    }
    onChange?.(address, length);
  }

  /**
   * Leaves [address, address + length) half erased. The chip programs all cells to 0 before it erases them, so
   * a cut finds bits on their way to 0 or on their way to 1.
   */
  tearErase(address: number, length: number): void {
    const { random, onChange } = this.#options;
    const done = partialMask(random);
    if (random() < 0.25) this.#each(address, length, (old) => old & ~done());
    else this.#each(address, length, (old) => old | done());
    for (let page = address; page < address + length; page += PAGE) {
      const marginal = Uint8Array.from({ length: PAGE }, () => randomBits(random) & randomBits(random));
      this.#leaveTorn(page, marginal);
    }
    onChange?.(address, length);
  }

  #leaveTorn(page: number, marginal: Uint8Array): void {
    const before = this.#torn.get(page);
    this.#torn.set(
      page,
      before === undefined ? marginal : marginal.map((bits, index) => bits | (before[index] ?? 0)),
    );
    this.#unstable.add(page);
  }

  #eachProgrammed(
    page: number,
    data: PageData,
    change: (old: number, wanted: number, index: number) => number,
  ): void {
    for (let index = 0; index < PAGE; index++) {
      if (data.present[index] === 0) continue;
      const wanted = data.bytes[index] ?? 0xff;
      this.#set(page + index, change(this.content[page + index] ?? 0xff, wanted, index));
    }
    this.#options.onChange?.(page, PAGE);
  }

  #each(address: number, length: number, change: (old: number) => number): void {
    for (let at = address; at < address + length; at++) this.#set(at, change(this.content[at] ?? 0xff));
  }

  #set(address: number, value: number): void {
    const dead = this.#options.deadBits?.(address) ?? 0;
    const old = this.content[address] ?? 0xff;
    this.content[address] = (value & ~dead) | (old & dead);
  }
}

/**
 * A source of byte masks that say which bits an operation reached before it was cut: between hardly any and
 * nearly all, drawn once an operation.
 */
function partialMask(random: RandomSource): () => number {
  const progress = Math.floor(random() * 5);
  let pool = 0;
  let left = 0;
  const next = (): number => {
    if (left === 0) {
      pool = randomBits(random);
      left = 4;
    }
    left--;
    const byte = pool & 0xff;
    pool >>>= 8;
    return byte;
  };
  const combine: readonly (() => number)[] = [
    () => next() & next() & next(),
    () => next() & next(),
    next,
    () => next() | next(),
    () => next() | next() | next(),
  ];
  return combine[progress] ?? next;
}

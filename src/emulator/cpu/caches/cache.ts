/** One level 1 cache: set-associative lines of 32 bytes with real data (DDI 0489, 5.9 "L1 caches"). */

import type { AccessSize } from "../../bus.js";

export const LINE_BYTES = 32;
const LINE_MASK = ~(LINE_BYTES - 1);
/** No line has this address: lines are multiples of 32. */
const NONE = 1;

/** A line that was thrown out. `index` is its place, whose bytes are still there. */
export interface Victim {
  readonly address: number;
  readonly dirty: boolean;
  readonly index: number;
}

export class Cache {
  readonly ways: number;
  readonly sets: number;
  /** Bytes of all lines, line after line. */
  readonly bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Int32Array;
  /** Address of each line, signed; set after set. */
  readonly #addresses: Int32Array;
  readonly #dirty: Uint8Array;
  /** Memory behind the line was changed by someone else since it was filled. */
  readonly #stale: Uint8Array;
  /** Lines whose RAM still holds what power-on left in it. */
  readonly #unknown: Set<number>;
  /** The replacement policy is not told by Arm beyond that software cannot rely on it: taken in turn. */
  #turn = 0;

  /** @param size bytes: ways * sets * 32 */
  constructor(size: number, ways: number) {
    this.ways = ways;
    this.sets = size / ways / LINE_BYTES;
    this.bytes = new Uint8Array(size);
    this.#halves = new Uint16Array(this.bytes.buffer);
    this.#words = new Int32Array(this.bytes.buffer);
    this.#addresses = new Int32Array(ways * this.sets).fill(NONE);
    this.#dirty = new Uint8Array(ways * this.sets);
    this.#stale = new Uint8Array(ways * this.sets);
    this.#unknown = new Set(this.#addresses.keys());
  }

  /** Its RAM holds anything: nothing may be looked up before each line was invalidated. Modelled as invalid lines. */
  powerOn(): void {
    this.invalidateAll();
    for (const index of this.#addresses.keys()) this.#unknown.add(index);
  }

  /** Some line was not invalidated since power-on. */
  get unknown(): boolean {
    return this.#unknown.size > 0;
  }

  /** Index of the line that holds the address, or -1. */
  find(address: number): number {
    const line = address & LINE_MASK;
    const first = ((address >>> 5) & (this.sets - 1)) * this.ways;
    for (let index = first; index < first + this.ways; index++) {
      if (this.#addresses[index] === line) return index;
    }
    return -1;
  }

  /** Index of a line as maintenance by set and way names it. */
  at(set: number, way: number): number {
    return (set & (this.sets - 1)) * this.ways + (way & (this.ways - 1));
  }

  /** Index for a line that is not there yet: an invalid one of its set, else one whose line must go. */
  place(address: number): number {
    const first = ((address >>> 5) & (this.sets - 1)) * this.ways;
    for (let index = first; index < first + this.ways; index++) {
      if (this.#addresses[index] === NONE) return index;
    }
    const way = this.#turn;
    this.#turn = (way + 1) % this.ways;
    return first + way;
  }

  /** What the place holds; undefined when that is not valid. */
  victim(index: number): Victim | undefined {
    const address = this.#addresses[index] as number;
    if (address === NONE) return undefined;
    return { address, dirty: this.#dirty[index] === 1, index };
  }

  fill(index: number, address: number, line: Uint8Array): void {
    this.#addresses[index] = address & LINE_MASK;
    this.#dirty[index] = 0;
    this.#stale[index] = 0;
    this.bytes.set(line, index * LINE_BYTES);
  }

  invalidate(index: number): void {
    this.#unknown.delete(index);
    this.#addresses[index] = NONE;
    this.#dirty[index] = 0;
    this.#stale[index] = 0;
  }

  invalidateAll(): void {
    this.#unknown.clear();
    this.#addresses.fill(NONE);
    this.#dirty.fill(0);
    this.#stale.fill(0);
  }

  /** Valid lines, in order. */
  *valid(): Generator<Victim> {
    for (let index = 0; index < this.#addresses.length; index++) {
      const line = this.victim(index);
      if (line !== undefined) yield line;
    }
  }

  isDirty(index: number): boolean {
    return this.#dirty[index] === 1;
  }

  setDirty(index: number, dirty: boolean): void {
    this.#dirty[index] = dirty ? 1 : 0;
  }

  isStale(index: number): boolean {
    return this.#stale[index] === 1;
  }

  markStale(index: number): void {
    this.#stale[index] = 1;
  }

  /** The line's own bytes. */
  line(index: number): Uint8Array {
    return this.bytes.subarray(index * LINE_BYTES, (index + 1) * LINE_BYTES);
  }

  /** Unsigned; `address` is a multiple of `size`. */
  read(index: number, address: number, size: AccessSize): number {
    const at = index * LINE_BYTES + (address & (LINE_BYTES - 1));
    if (size === 4) return (this.#words[at >>> 2] as number) >>> 0;
    return (size === 2 ? this.#halves[at >>> 1] : this.bytes[at]) as number;
  }

  write(index: number, address: number, size: AccessSize, value: number): void {
    const at = index * LINE_BYTES + (address & (LINE_BYTES - 1));
    if (size === 4) this.#words[at >>> 2] = value;
    else if (size === 2) this.#halves[at >>> 1] = value;
    else this.bytes[at] = value;
  }
}

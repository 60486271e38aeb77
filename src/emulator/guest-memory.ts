/**
 * One buffer from which a board's memories are taken, so that one typed array, and code translated to WebAssembly, reach
 * all of them. What does not fit gets a buffer of its own, which works as well, only slower.
 */

import { type LinearMemory, webAssembly } from "./web-assembly.js";

/** Memories begin on a page: whole pages of theirs can be reached directly. */
const ALIGNMENT = 4096;
const WASM_PAGE = 65536;
/**
 * For the core itself: which page of the address space lies where, and where its instructions do, under three sets of
 * permissions (3 x 12 MiB); 16 MiB of instructions for its interpreter; addresses of translated code; registers.
 */
const CORE_BYTES = 54 << 20;

export class GuestMemory {
  /** What translated code has as its memory; undefined where WebAssembly is not to be had. */
  readonly linear: LinearMemory | undefined;
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  /** Nothing lies in the first page: 0 is no place of a memory. */
  #used = ALIGNMENT;
  /** What makes the pieces that were taken zeros again, or tells that they are not. */
  #clearing: (() => void)[] = [];
  /** By 4 KiB: 1 where what an earlier owner wrote may still be. */
  readonly #dirty: Uint8Array;

  /** @param size bytes for memories, at most 1 GiB; what is not used costs nothing. */
  constructor(size: number) {
    const pages = Math.ceil((size + CORE_BYTES) / WASM_PAGE);
    this.linear = webAssembly && new webAssembly.Memory({ initial: pages, maximum: pages });
    const buffer = this.linear?.buffer ?? new ArrayBuffer(pages * WASM_PAGE);
    this.bytes = new Uint8Array(buffer);
    this.halves = new Uint16Array(buffer);
    this.words = new Int32Array(buffer);
    this.#dirty = new Uint8Array(buffer.byteLength / ALIGNMENT);
  }

  /**
   * Bytes that are all `value`.
   * @param size a multiple of 4
   * @param clear makes them zeros again, for whoever knows which ones are not; default: they are filled when they are taken again
   */
  allocate(size: number, clear?: () => void, value = 0): Uint8Array {
    if (size > this.bytes.length - this.#used) return new Uint8Array(size).fill(value);
    const first = this.#used / ALIGNMENT;
    const bytes = new Uint8Array(this.bytes.buffer, this.#used, size);
    this.#used += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    const dirty = this.#dirty.subarray(first, this.#used / ALIGNMENT);
    if (value !== 0 || dirty.includes(1)) bytes.fill(value);
    dirty.fill(0);
    this.#clearing.push(clear ?? (() => dirty.fill(1)));
    return bytes;
  }

  /** As new: for the next board, when the one that has it is gone. Costs less than another one. */
  clear(): void {
    for (const clear of this.#clearing) clear();
    this.#clearing = [];
    this.#used = ALIGNMENT;
  }

  /** Were these bytes taken from here? Then `bytes.byteOffset` is their address in `linear`. */
  holds(bytes: Uint8Array): boolean {
    return bytes.buffer === this.bytes.buffer;
  }
}

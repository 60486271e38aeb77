/**
 * What two flash chips in dual-flash mode hold together, in one piece that can be lent: even bytes are the first chip's, odd
 * ones the second's. Only what lies before the blank rest of both is kept.
 */

type Arrays = readonly [even: Uint8Array, odd: Uint8Array];

/** What is kept grows by whole blocks. */
const BLOCK = 0x1_0000;

export class PairContent {
  readonly #bytes: Uint8Array;
  readonly #arrays: Arrays;
  /** Bytes of `#bytes` that hold what the chips do. */
  #kept = 0;

  /** @param bytes where it is kept: zeros, as long as both arrays; it grows into them from the start */
  constructor(bytes: Uint8Array, arrays: Arrays) {
    this.#bytes = bytes;
    this.#arrays = arrays;
  }

  /** At most the first `limit` bytes; fewer where all that follow are blank. Stays up to date. */
  lend(limit: number): Uint8Array {
    const end = Math.min(2 * Math.max(...this.#arrays.map(endOfContent)), this.#bytes.length);
    const from = this.#kept;
    if (end > from) {
      this.#kept = end;
      this.#weave(from, end);
    }
    return this.#bytes.subarray(0, Math.min(limit, this.#kept));
  }

  /** The array of either chip changed at [address, address + length). */
  changed(address: number, length: number): void {
    this.#weave(2 * address, Math.min(2 * (address + length), this.#kept));
  }

  /** Makes `bytes` zeros again. */
  clear(): void {
    this.#bytes.fill(0, 0, this.#kept);
    this.#kept = 0;
  }

  #weave(from: number, end: number): void {
    const [even, odd] = this.#arrays;
    for (let at = from; at < end; at += 2) {
      this.#bytes[at] = even[at >>> 1] ?? 0xff;
      this.#bytes[at + 1] = odd[at >>> 1] ?? 0xff;
    }
  }
}

/** Where the blank rest begins, in whole blocks. */
function endOfContent(array: Uint8Array): number {
  const words = new Int32Array(array.buffer, array.byteOffset, array.length >>> 2);
  let end = words.length;
  while (end > 0 && words[end - 1] === -1) end--;
  return Math.ceil((4 * end) / BLOCK) * BLOCK;
}

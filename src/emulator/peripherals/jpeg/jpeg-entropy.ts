/** Huffman codes and bits of an entropy-coded segment (T.81, annex F). */

import type { ByteQueue } from "./byte-queue.js";

/** The input ends before what is being decoded does. */
export class Starved extends Error {
  constructor() {
    super("more input is needed");
  }
}
/** What is read is no JPEG of the kind that the codec decodes. */
export class NotDecodable extends Error {}

const STARVED = new Starved();

/** T.81, figure F.15: codes of one length are a run of numbers. */
export class HuffmanDecoder {
  readonly #values: Uint8Array;
  /** By length - 1: the first number behind its codes, and what is to be added for the index into the values. */
  readonly #end: number[] = [];
  readonly #shift: number[] = [];

  constructor(counts: ArrayLike<number>, values: Uint8Array) {
    this.#values = values.slice();
    let [code, index] = [0, 0];
    for (let length = 0; length < 16; length++) {
      const count = counts[length] ?? 0;
      this.#shift.push(index - code);
      code += count;
      index += count;
      this.#end.push(count === 0 ? -1 : code);
      code <<= 1;
    }
  }

  next(bits: BitReader): number {
    let code = 0;
    for (let length = 0; length < 16; length++) {
      code = (code << 1) | bits.bit();
      if (code < (this.#end[length] ?? -1)) return this.#values[code + (this.#shift[length] ?? 0)] ?? 0;
    }
    throw new NotDecodable("a Huffman code that no table has");
  }
}

/** Reads bits ahead of a queue; `commit` takes what was read, `rewind` goes back to the last commit. */
export class BitReader {
  readonly #input: ByteQueue;
  #at = 0;
  #byte = 0;
  #left = 0;
  #kept = { byte: 0, left: 0 };

  constructor(input: ByteQueue) {
    this.#input = input;
  }

  bit(): number {
    if (this.#left === 0) this.#load();
    this.#left--;
    return (this.#byte >>> this.#left) & 1;
  }

  #load(): void {
    const byte = this.#input.at(this.#at);
    if (byte === undefined) throw STARVED;
    if (byte === 0xff) {
      const next = this.#input.at(this.#at + 1);
      if (next === undefined) throw STARVED;
      if (next !== 0) throw new NotDecodable("a marker inside the coded picture");
      this.#at++;
    }
    this.#at++;
    this.#byte = byte;
    this.#left = 8;
  }

  /** A number of `size` bits with T.81's sign (F.2.2.1, EXTEND). */
  signed(size: number): number {
    let value = 0;
    for (let n = 0; n < size; n++) value = (value << 1) | this.bit();
    return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  /** RSTm: what is left of the last byte is filling. */
  restart(): void {
    this.#left = 0;
    const [first, second] = [this.#input.at(this.#at), this.#input.at(this.#at + 1)];
    if (first === undefined || second === undefined) throw STARVED;
    if (first !== 0xff || (second & 0xf8) !== 0xd0)
      throw new NotDecodable("no restart marker where one is due");
    this.#at += 2;
  }

  commit(): void {
    this.#input.shift(this.#at);
    this.#at = 0;
    this.#kept = { byte: this.#byte, left: this.#left };
  }

  rewind(): void {
    this.#at = 0;
    this.#byte = this.#kept.byte;
    this.#left = this.#kept.left;
  }
}

/** Writes codes; a byte of ones is followed by zero (T.81, F.1.2.3). */
export class BitWriter {
  readonly bytes: number[] = [];
  #byte = 0;
  #count = 0;

  put(bits: number, length: number): void {
    for (let at = length - 1; at >= 0; at--) {
      this.#byte = (this.#byte << 1) | ((bits >>> at) & 1);
      if (++this.#count === 8) this.#flush();
    }
  }

  /** Fills the last byte with ones. */
  align(): void {
    while (this.#count !== 0) this.put(1, 1);
  }

  /** What was written since the last time. */
  take(): number[] {
    return this.bytes.splice(0);
  }

  #flush(): void {
    this.bytes.push(this.#byte);
    if (this.#byte === 0xff) this.bytes.push(0);
    this.#byte = 0;
    this.#count = 0;
  }
}

/** What HASH works on between two INITs: a message, or key, message and key again in HMAC mode (RM0433, "HMAC operation"). */

import { type BitDigester, CREATE, digestBits } from "./bit-digest.js";

export interface HashAlgorithm {
  readonly create: () => BitDigester;
  /** Cycles a block of 64 bytes (RM0433, table "Processing time"). */
  readonly cycles: number;
}

/** CR.ALGO1 (bit 18) and ALGO0 (bit 7): 00 SHA-1, 01 MD5, 10 SHA-224, 11 SHA-256. */
const ALGORITHMS: readonly HashAlgorithm[] = [
  { create: CREATE.sha1, cycles: 82 },
  { create: CREATE.md5, cycles: 66 },
  { create: CREATE.sha224, cycles: 66 },
  { create: CREATE.sha256, cycles: 66 },
];
const MODE = 1 << 6;
const LKEY = 1 << 16;
const BLOCK = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

type Phase = "message" | "inner key" | "outer key";

export class HashMessage {
  readonly #cr: number;
  readonly #algorithm: HashAlgorithm;
  #phase: Phase;
  #state: BitDigester;
  #key: number[] = [];
  #inner: Uint8Array | undefined;
  /** Bytes of the phase so far. */
  bytes = 0;
  /** The byte that the message ends with, and how many of its bits, from the top: 0, it ended before. */
  #last = 0;
  #bits = 0;

  /** @param cr CR at INIT: algorithm, mode, length of the key. */
  constructor(cr: number) {
    this.#algorithm = ALGORITHMS[((cr >>> 17) & 2) | ((cr >>> 7) & 1)] as HashAlgorithm;
    this.#cr = cr;
    this.#phase = (cr & MODE) !== 0 ? "inner key" : "message";
    this.#state = this.#algorithm.create();
  }

  get cycles(): number {
    return this.#algorithm.cycles;
  }

  update(data: Uint8Array): void {
    this.bytes += data.length;
    if (this.#phase === "message") this.#state.update(data);
    else for (const byte of data) this.#key.push(byte);
  }

  /** The message ends with the upper `count` bits of a byte. Keys end with a byte. */
  endWith(last: number, count: number): void {
    if (this.#phase !== "message") return;
    this.#last = last;
    this.#bits = count;
  }

  /** DCAL: the end of a phase; the digest with the end of the last one. */
  end(): Uint8Array | undefined {
    this.bytes = 0;
    if (this.#phase === "inner key") {
      this.#state = this.#begin(INNER_PAD);
      this.#phase = "message";
      return undefined;
    }
    if (this.#phase === "message") {
      const digest =
        this.#bits === 0 ? this.#state.digest() : digestBits(this.#state, this.#last, this.#bits);
      if ((this.#cr & MODE) === 0) return digest;
      this.#inner = digest;
      this.#phase = "outer key";
      return undefined;
    }
    const outer = this.#begin(OUTER_PAD);
    outer.update(this.#inner ?? new Uint8Array(0));
    return outer.digest();
  }

  clone(): HashMessage {
    const copy = new HashMessage(this.#cr);
    copy.#phase = this.#phase;
    copy.#state = this.#state.clone();
    copy.#key = [...this.#key];
    copy.#inner = this.#inner;
    copy.bytes = this.bytes;
    copy.#last = this.#last;
    copy.#bits = this.#bits;
    return copy;
  }

  /** A new hash over the padded key. */
  #begin(pad: number): BitDigester {
    const key = (this.#cr & LKEY) !== 0 ? this.#hash(Uint8Array.from(this.#key)) : Uint8Array.from(this.#key);
    this.#key = [];
    const block = new Uint8Array(BLOCK).fill(pad);
    for (let at = 0; at < Math.min(BLOCK, key.length); at++) block[at] = (key[at] ?? 0) ^ pad;
    const state = this.#algorithm.create();
    state.update(block);
    return state;
  }

  #hash(data: Uint8Array): Uint8Array {
    const state = this.#algorithm.create();
    state.update(data);
    return state.digest();
  }
}

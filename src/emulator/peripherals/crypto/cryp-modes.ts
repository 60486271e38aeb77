/** What CRYP makes of a block in each chaining mode (RM0433, CRYP chapter; NIST SP 800-38A, C and D). */

import { Aes, type Block } from "./aes.js";
import { Des } from "./des.js";

export interface CrypContext {
  readonly decrypts: boolean;
  /** K0LR to K3RR. */
  readonly keys: readonly number[];
  /** Words of an AES key: 4, 6 or 8. */
  readonly keyWords: number;
  readonly iv: Block;
  readonly setIv: (iv: Block) => void;
  /** Bytes at the end of the last block that are padding. */
  readonly padding: number;
}

export const PHASE = { init: 0, header: 1, payload: 2, final: 3 } as const;
const ZERO: Block = [0, 0, 0, 0];
const LOW_HALF = 0xffff_ffff_ffff_ffffn;

export function xor(a: Block, b: Block): Block {
  return [(a[0] ^ b[0]) >>> 0, (a[1] ^ b[1]) >>> 0, (a[2] ^ b[2]) >>> 0, (a[3] ^ b[3]) >>> 0];
}

/** The 32-bit counter at the end counts up. */
function counted(iv: Block, by = 1): Block {
  return [iv[0], iv[1], iv[2], (iv[3] + by) >>> 0];
}

/** `block` without its last `padding` bytes. */
function unpadded(block: Block, padding: number): Block {
  const masked = block.map((word, index) => {
    const gone = Math.min(4, Math.max(0, padding - 4 * (3 - index)));
    return gone === 4 ? 0 : (word >>> (8 * gone)) * 2 ** (8 * gone);
  });
  return masked as unknown as Block;
}

function aes({ keys, keyWords }: CrypContext): Aes {
  return new Aes(keys.slice(8 - keyWords));
}

export function aesBlock(mode: "ecb" | "cbc" | "ctr", context: CrypContext, block: Block): Block {
  const { decrypts, iv, setIv } = context;
  const cipher = aes(context);
  if (mode === "ctr") {
    setIv(counted(iv));
    return xor(block, cipher.encrypt(iv));
  }
  if (mode === "ecb") return decrypts ? cipher.decrypt(block) : cipher.encrypt(block);
  const result = decrypts ? xor(cipher.decrypt(block), iv) : cipher.encrypt(xor(block, iv));
  setIv(decrypts ? block : result);
  return result;
}

const wide = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low);
const half = (value: bigint): [number, number] => [Number(value >> 32n), Number(value & 0xffff_ffffn)];

/** Blocks of two words: DES with the first key, triple DES with all three. */
export function desBlock(
  chained: boolean,
  triple: boolean,
  { decrypts, keys, iv, setIv }: CrypContext,
  [high, low]: readonly [number, number],
): [number, number] {
  const used = (triple ? [1, 2, 3] : [1]).map(
    (number) => new Des(wide(keys[2 * number] ?? 0, keys[2 * number + 1] ?? 0)),
  );
  const order = decrypts ? [...used].reverse() : used;
  const input = wide(high, low);
  const vector = wide(iv[0], iv[1]);
  let value = chained && !decrypts ? input ^ vector : input;
  order.forEach((des, index) => {
    value = (index % 2 === 0) === decrypts ? des.decrypt(value) : des.encrypt(value);
  });
  if (!chained) return half(value);
  const result = decrypts ? value ^ vector : value;
  setIv([...half(decrypts ? input : result), iv[2], iv[3]]);
  return half(result);
}

/** GCM and CCM: what they carry from phase to phase. */
export class Authentication {
  /** GCM: the hash key. */
  #hashKey = 0n;
  #sum: Block = ZERO;

  /** What a context swap saves, as words: the sum, then GCM's hash key. What the chip has in which is ST's business. */
  get context(): readonly number[] {
    return [...this.#sum, ...half(this.#hashKey >> 64n), ...half(this.#hashKey & LOW_HALF)];
  }

  set context([a = 0, b = 0, c = 0, d = 0, ...key]: readonly number[]) {
    this.#sum = [a, b, c, d];
    this.#hashKey = whole([key[0] ?? 0, key[1] ?? 0, key[2] ?? 0, key[3] ?? 0]);
  }

  /** @returns what goes to the output FIFO; undefined: nothing */
  gcm(phase: number, context: CrypContext, block: Block): Block | undefined {
    const cipher = aes(context);
    switch (phase) {
      case PHASE.init:
        this.#hashKey = whole(cipher.encrypt(ZERO));
        this.#sum = ZERO;
        return undefined;
      case PHASE.header:
        this.#hash(block);
        return undefined;
      case PHASE.payload: {
        const { iv, decrypts, padding } = context;
        const result = xor(block, cipher.encrypt(iv));
        this.#hash(unpadded(decrypts ? block : result, padding));
        context.setIv(counted(iv));
        return result;
      }
      default:
        this.#hash(block);
        // The counter of the tag is the one before the first of the payload.
        return xor(this.#sum, cipher.encrypt([context.iv[0], context.iv[1], context.iv[2], 1]));
    }
  }

  ccm(phase: number, context: CrypContext, block: Block): Block | undefined {
    const cipher = aes(context);
    if (phase === PHASE.final) return xor(this.#sum, cipher.encrypt(block));
    if (phase !== PHASE.payload) {
      this.#sum = cipher.encrypt(phase === PHASE.init ? block : xor(this.#sum, block));
      return undefined;
    }
    const { iv, decrypts, padding } = context;
    const result = xor(block, cipher.encrypt(iv));
    this.#sum = cipher.encrypt(xor(this.#sum, unpadded(decrypts ? result : block, padding)));
    context.setIv(counted(iv));
    return result;
  }

  /** SP 800-38D, 6.3: the product in GF(2^128), bits from the left. */
  #hash(block: Block): void {
    const input = whole(xor(this.#sum, block));
    let factor = this.#hashKey;
    let product = 0n;
    for (let bit = 127n; bit >= 0n; bit--) {
      if (((input >> bit) & 1n) === 1n) product ^= factor;
      factor = (factor >> 1n) ^ ((factor & 1n) === 1n ? 0xe1n << 120n : 0n);
    }
    this.#sum = [...half(product >> 64n), ...half(product & LOW_HALF)];
  }
}

function whole([a, b, c, d]: Block): bigint {
  return (wide(a, b) << 64n) | wide(c, d);
}

/** AES (FIPS 197): blocks of 16 bytes as four words, the first byte uppermost. */

import { ecb } from "@noble/ciphers/aes.js";

/** Four words of 32 bits, unsigned. */
export type Block = readonly [number, number, number, number];

export class Aes {
  readonly #key: Uint8Array;

  /** @param key 4, 6 or 8 words, the first byte uppermost */
  constructor(key: readonly number[]) {
    this.#key = bytesOf(key);
  }

  encrypt(block: Block): Block {
    return wordsOf(this.#cipher().encrypt(bytesOf(block)));
  }

  decrypt(block: Block): Block {
    return wordsOf(this.#cipher().decrypt(bytesOf(block)));
  }

  /** The package's ciphers encrypt once each. */
  #cipher(): ReturnType<typeof ecb> {
    return ecb(this.#key, { disablePadding: true });
  }
}

function bytesOf(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setUint32(4 * index, word);
  return bytes;
}

function wordsOf(bytes: Uint8Array): Block {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}

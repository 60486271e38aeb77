/** MD5, SHA-1 and SHA-2 of messages that do not end with a byte: the library pads whole bytes only. */

import { _MD5, _SHA1 } from "@noble/hashes/legacy.js";
import { _SHA224, _SHA256 } from "@noble/hashes/sha2.js";

/** What the library's hashes have inside while they pad (FIPS 180-4, 5.1; RFC 1321, 3.1). */
interface Padding {
  /** Bytes so far: bits of a byte are a fraction, and come into the padding as what they are. */
  length: number;
  /** Bytes in the block that is not full. */
  readonly pos: number;
  process(view: DataView, offset: number): void;
}

export interface BitDigester {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
  clone(): BitDigester;
}

export const CREATE = {
  sha1: (): BitDigester => new _SHA1(),
  md5: (): BitDigester => new _MD5(),
  sha224: (): BitDigester => new _SHA224(),
  sha256: (): BitDigester => new _SHA256(),
} as const;

/** The digest of a message that ends with the upper `count` (1..7) bits of `last`. */
export function digestBits(state: BitDigester, last: number, count: number): Uint8Array {
  const padding = state as unknown as Padding;
  const { pos, process } = padding;
  padding.length += count / 8;
  let padded = false;
  // The library begins its padding with a bit 1 in a byte of its own: it belongs behind the message's bits.
  padding.process = (view, offset) => {
    if (!padded) view.setUint8(offset + pos, (last & (0xff00 >>> count)) | (0x80 >>> count));
    padded = true;
    process.call(padding, view, offset);
  };
  return state.digest();
}

/** Ed25519 as in RFC 8032, section 5.1, by @noble/curves; what the two ends sign begins with a text of its own. */

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "../protocol/bytes.js";
import { hexBytes } from "../protocol/hex.js";
import { encodeUtf8 } from "../protocol/utf8.js";

/** Bytes of a private key: RFC 8032's 32 secret bytes. */
export const PRIVATE_KEY_BYTES = 32;

/** Cryptographically strong random bytes. */
export type RandomBytes = (count: number) => Uint8Array;

export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

export function keyPair(privateKey: Uint8Array): KeyPair {
  return { publicKey: ed25519.getPublicKey(privateKey), privateKey };
}

export function newKeyPair(random: RandomBytes): KeyPair {
  return keyPair(random(PRIVATE_KEY_BYTES));
}

/** @param tag ASCII, which no other kind of message begins with. @returns 64 bytes. */
export function signTagged(tag: string, parts: readonly Uint8Array[], privateKey: Uint8Array): Uint8Array {
  return ed25519.sign(tagged(tag, parts), privateKey);
}

/** False also for keys and signatures that are no points or not in their canonical form. */
export function verifyTagged(
  tag: string,
  parts: readonly Uint8Array[],
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  try {
    return ed25519.verify(signature, tagged(tag, parts), publicKey, { zip215: false });
  } catch {
    return false;
  }
}

function tagged(tag: string, parts: readonly Uint8Array[]): Uint8Array {
  return concat([encodeUtf8(tag), ...parts]);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** A public key as people compare it: the first 10 bytes of its SHA-256, "1A2B-3C4D-5E6F-7081-92A3". */
export function fingerprint(publicKey: Uint8Array): string {
  const digits = hexBytes(sha256(publicKey).subarray(0, 10)).toUpperCase();
  return (digits.match(/.{4}/g) ?? []).join("-");
}

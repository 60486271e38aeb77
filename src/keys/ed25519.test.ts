import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { hexBytes } from "../protocol/hex.js";
import { fingerprint, keyPair, signTagged, verifyTagged } from "./ed25519.js";

test("a signature holds for its tag, its bytes and its key alone, bit for bit", () => {
  const { publicKey, privateKey } = keyPair(new Uint8Array(32).fill(7));
  const message = Uint8Array.of(1, 2, 3);
  const signature = signTagged("A", [message], privateKey);
  assert.ok(verifyTagged("A", [message], signature, publicKey));
  assert.ok(!verifyTagged("B", [message], signature, publicKey));
  assert.ok(!verifyTagged("A", [Uint8Array.of(1, 2, 2)], signature, publicKey));
  assert.ok(!verifyTagged("A", [message], signature, keyPair(new Uint8Array(32).fill(8)).publicKey));
  assert.ok(!verifyTagged("A", [message], signature.subarray(1), publicKey));
  for (let i = 0; i < 64; i++) {
    const bent = signature.slice();
    bent[i] = (bent[i] ?? 0) ^ (1 << (i % 8));
    assert.ok(!verifyTagged("A", [message], bent, publicKey), `byte ${i}`);
  }
});

test("a key of small order signs nothing", () => {
  const neutral = new Uint8Array(32);
  neutral[0] = 1;
  const zero = new Uint8Array(64);
  zero[0] = 1;
  assert.ok(!verifyTagged("A", [], zero, neutral));
});

test("a fingerprint is the beginning of the key's SHA-256 in groups", () => {
  const key = keyPair(new Uint8Array(32)).publicKey;
  const text = fingerprint(key);
  assert.match(text, /^([0-9A-F]{4}-){4}[0-9A-F]{4}$/);
  assert.ok(hexBytes(sha256(key)).startsWith(text.replaceAll("-", "").toLowerCase()));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesOfHex, hexBytes } from "../protocol/hex.js";
import { encodeUtf8 } from "../protocol/utf8.js";
import { fingerprint, keyPair, signTagged, verifyTagged } from "./ed25519.js";

const hex = (text: string) => bytesOfHex(text) ?? assert.fail(text);

/** RFC 8032, section 7.1: secret key, public key, message, signature. */
const RFC8032: readonly (readonly [string, string, string, string])[] = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
];

test("RFC 8032's vectors come out", () => {
  for (const [secret, publicKey, message, signature] of RFC8032) {
    assert.equal(hexBytes(keyPair(hex(secret)).publicKey), publicKey);
    assert.equal(hexBytes(ed25519.sign(hex(message), hex(secret))), signature);
    assert.equal(hexBytes(signTagged("", [hex(message)], hex(secret))), signature);
    assert.ok(verifyTagged("", [hex(message)], hex(signature), hex(publicKey)));
  }
});

test("FIPS 180-4's vector of SHA-256 comes out", () => {
  const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(hexBytes(sha256(encodeUtf8("abc"))), digest);
});

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

test("S is not taken beyond the group's order, nor a key of small order: RFC 8032, section 5.1.7", () => {
  const { publicKey, privateKey } = keyPair(new Uint8Array(32).fill(7));
  const signature = signTagged("A", [], privateKey);
  const order = (1n << 252n) + 27742317777372353535851937790883648493n;
  let s = signature.subarray(32).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n) + order;
  const bent = signature.slice();
  for (let i = 32; i < 64; i++, s >>= 8n) bent[i] = Number(s & 0xffn);
  assert.ok(!verifyTagged("A", [], bent, publicKey));
  const neutral = new Uint8Array(32);
  neutral[0] = 1;
  const zero = new Uint8Array(64);
  zero[0] = 1;
  assert.ok(!verifyTagged("A", [], zero, neutral));
});

test("a fingerprint is the beginning of the key's SHA-256 in groups", () => {
  const key = hex(RFC8032[0]?.[1] ?? "");
  const text = fingerprint(key);
  assert.match(text, /^([0-9A-F]{4}-){4}[0-9A-F]{4}$/);
  assert.ok(hexBytes(sha256(key)).startsWith(text.replaceAll("-", "").toLowerCase()));
});

import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Cryp } from "./cryp.js";

const CR = 0x00;
const SR = 0x04;
const DIN = 0x08;
const DOUT = 0x0c;
const IMSCR = 0x14;
const RISR = 0x18;
const K0LR = 0x20;
const IV0LR = 0x40;
const DECRYPT = 1 << 2;
const FFLUSH = 1 << 14;
const CRYPEN = 1 << 15;
const BYTES = 2 << 6;
const mode = (number: number): number => ((number & 7) << 3) | ((number & 8) << 16);
const MODE = { tdesEcb: 0, tdesCbc: 1, desEcb: 2, desCbc: 3, ecb: 4, cbc: 5, ctr: 6, key: 7, gcm: 8, ccm: 9 };
const phase = (number: number): number => number << 16;

function rig() {
  const timeline = new Timeline();
  const line = new TestLine();
  const cryp = new Cryp({
    log: new RecordedLog(),
    timeline,
    interrupt: line,
    clocked: () => true,
    hclkHz: () => 200e6,
  });
  const put = (register: number, value: number): void => cryp.write(register, 4, value >>> 0);
  const get = (register: number): number => cryp.read(register, 4);
  /** Keys and vectors, with the first byte uppermost; a key ends in K3RR. */
  const words = (register: number, bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += 4) put(register + at, bytes.readUInt32BE(at));
  };
  const key = (bytes: Buffer): void => words(K0LR + 32 - bytes.length, bytes);
  /** Data as memory holds it: DATATYPE says bytes. */
  const feed = (bytes: Buffer): Buffer => {
    const out: number[] = [];
    for (let at = 0; at < bytes.length; at += 4) {
      while ((get(SR) & 2) === 0) collect(out);
      put(DIN, bytes.readUInt32LE(at));
    }
    pass(timeline, 1e3);
    collect(out);
    return Buffer.from(new Uint32Array(out).buffer);
  };
  const collect = (out: number[]): void => {
    pass(timeline, 500);
    while ((get(SR) & 4) !== 0) out.push(get(DOUT));
  };
  return { put, get, words, key, feed, line, timeline, pass: (ns: number) => pass(timeline, ns) };
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
/** NIST SP 800-38A, appendix F. */
const PLAIN = hex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51");
const KEY = hex("2b7e151628aed2a6abf7158809cf4f3c");
const VECTOR = hex("000102030405060708090a0b0c0d0e0f");

test("AES-128 in ECB, CBC and CTR gives NIST's vectors, both ways", () => {
  const cases = [
    [MODE.ecb, VECTOR, "3ad77bb40d7a3660a89ecaf32466ef97 f5d3d58503b9699de785895a96fdbaaf"],
    [MODE.cbc, VECTOR, "7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2"],
    [
      MODE.ctr,
      hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
      "874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff",
    ],
  ] as const;
  for (const [algorithm, vector, expected] of cases) {
    const r = rig();
    r.key(KEY);
    r.words(IV0LR, vector);
    r.put(CR, mode(algorithm) | BYTES | CRYPEN);
    assert.deepEqual(r.feed(PLAIN), hex(expected));
    r.put(CR, mode(MODE.key) | DECRYPT | CRYPEN);
    r.pass(1e3);
    assert.equal(r.get(CR) & CRYPEN, 0, "a prepared key disables the unit");
    r.words(IV0LR, vector);
    r.put(CR, mode(algorithm) | BYTES | DECRYPT | CRYPEN);
    assert.deepEqual(r.feed(hex(expected)), PLAIN);
  }
});

test("AES-192 and AES-256, DES and triple DES, as OpenSSL has them", () => {
  const cases: readonly (readonly [number, number, string, number])[] = [
    [MODE.cbc, 1 << 8, "aes-192-cbc", 24],
    [MODE.ecb, 2 << 8, "aes-256-ecb", 32],
    [MODE.tdesEcb, 0, "des-ede3", 24],
    [MODE.tdesCbc, 0, "des-ede3-cbc", 24],
  ];
  for (const [algorithm, size, name, bytes] of cases) {
    const r = rig();
    const key = Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 37 + 11) & 0xff));
    const iv =
      name.endsWith("ecb") || name === "des-ede3"
        ? null
        : VECTOR.subarray(0, name.startsWith("des") ? 8 : 16);
    const cipher = createCipheriv(name, key, iv).setAutoPadding(false);
    const expected = Buffer.concat([cipher.update(PLAIN), cipher.final()]);
    r.key(key);
    r.words(IV0LR, VECTOR);
    r.put(CR, mode(algorithm) | size | BYTES | CRYPEN);
    assert.deepEqual(r.feed(PLAIN), expected, name);
    r.put(CR, mode(algorithm) | size | BYTES | DECRYPT);
    r.words(IV0LR, VECTOR);
    r.put(CR, mode(algorithm) | size | BYTES | DECRYPT | CRYPEN);
    assert.deepEqual(r.feed(expected), PLAIN, name);
  }
  // One key three times is plain DES, which OpenSSL 3 no longer offers.
  const key = hex("0123456789abcdef");
  const cipher = createCipheriv("des-ede3", Buffer.concat([key, key, key]), null).setAutoPadding(false);
  const r = rig();
  r.words(K0LR + 8, key);
  r.put(CR, mode(MODE.desEcb) | BYTES | CRYPEN);
  assert.deepEqual(r.feed(PLAIN), Buffer.concat([cipher.update(PLAIN), cipher.final()]));
});

const big = (...words: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * words.length);
  for (const [at, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, 4 * at);
  return bytes;
};

/** Padded with zeros to whole blocks. */
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 15)]);

/** Phases as ST's library goes through them; the last block of the payload tells its padding. */
function phases(
  r: ReturnType<typeof rig>,
  control: number,
  parts: { header: Buffer; payload: Buffer },
): Buffer {
  r.put(CR, control | phase(1));
  r.put(CR, control | phase(1) | CRYPEN);
  r.feed(padded(parts.header));
  r.put(CR, control | phase(2));
  r.put(CR, control | phase(2) | CRYPEN);
  const last = parts.payload.length & ~15;
  const whole = r.feed(parts.payload.subarray(0, last));
  r.put(CR, (control | phase(2)) & ~CRYPEN);
  r.put(CR, control | phase(2) | ((-parts.payload.length & 15) << 20) | CRYPEN);
  return Buffer.concat([whole, r.feed(padded(parts.payload.subarray(last)))]).subarray(
    0,
    parts.payload.length,
  );
}

/** DIN takes the words as they are; DOUT gives bytes. */
function final(r: ReturnType<typeof rig>, control: number, words: readonly number[]): Buffer {
  r.put(CR, control | phase(3));
  r.put(CR, control | phase(3) | CRYPEN);
  for (const word of words) r.put(DIN, word);
  r.pass(1e3);
  return Buffer.from(new Uint32Array([0, 1, 2, 3].map(() => r.get(DOUT))).buffer);
}

const HEADER = Buffer.from("feedfacedeadbeeffeedfacedeadbeefabaddad2", "hex");

test("GCM gives OpenSSL's text and tag, with a header and a last block that are not whole, both ways", () => {
  const payload = Buffer.concat([PLAIN, Buffer.from("odd end")]);
  const nonce = hex("cafebabefacedbaddecaf888");
  const cipher = createCipheriv("aes-128-gcm", KEY, nonce);
  cipher.setAAD(HEADER);
  const expected = Buffer.concat([cipher.update(payload), cipher.final()]);
  for (const direction of [0, DECRYPT]) {
    const r = rig();
    r.key(KEY);
    r.words(IV0LR, Buffer.concat([nonce, big(2)]));
    const control = mode(MODE.gcm) | BYTES | direction;
    r.put(CR, control | CRYPEN);
    r.pass(1e3);
    assert.equal(r.get(CR) & CRYPEN, 0, "the first phase ends by itself");
    const [given, wanted] = direction === 0 ? [payload, expected] : [expected, payload];
    assert.deepEqual(phases(r, control, { header: HEADER, payload: given }), wanted);
    const lengths = [0, HEADER.length * 8, 0, payload.length * 8];
    assert.deepEqual(final(r, control & ~DECRYPT, lengths), cipher.getAuthTag());
  }
});

test("a GCM message goes on after another one, once its context was saved and put back", () => {
  const payload = Buffer.concat([PLAIN, PLAIN]);
  const nonce = hex("cafebabefacedbaddecaf888");
  const cipher = createCipheriv("aes-128-gcm", KEY, nonce);
  cipher.setAAD(PLAIN);
  const expected = Buffer.concat([cipher.update(payload), cipher.final()]);
  const r = rig();
  const control = mode(MODE.gcm) | BYTES;
  const begin = (key: Buffer): void => {
    r.key(key);
    r.words(IV0LR, Buffer.concat([nonce, big(2)]));
    r.put(CR, control | CRYPEN);
    r.pass(1e3);
  };
  begin(KEY);
  const first = phases(r, control, { header: PLAIN, payload: PLAIN });
  r.put(CR, control | phase(2));
  // IV0LR, and CSGCMCCM0R to CSGCM7R behind it.
  const saved = Array.from({ length: 20 }, (_, index) => r.get(IV0LR + 4 * index));
  begin(VECTOR);
  phases(r, control, { header: VECTOR, payload: PLAIN });
  r.put(CR, control | phase(2));
  r.key(KEY);
  saved.forEach((word, index) => {
    r.put(IV0LR + 4 * index, word);
  });
  r.put(CR, control | phase(2) | CRYPEN);
  assert.deepEqual(Buffer.concat([first, r.feed(PLAIN)]), expected);
  const lengths = [0, PLAIN.length * 8, 0, payload.length * 8];
  r.put(CR, control | phase(2));
  assert.deepEqual(final(r, control, lengths), cipher.getAuthTag());
});

test("CCM gives OpenSSL's text and tag, both ways", () => {
  const payload = Buffer.concat([PLAIN, Buffer.from("odd end")]);
  const nonce = hex("00112233445566778899aabbcc");
  const cipher = createCipheriv("aes-128-ccm", KEY, nonce, { authTagLength: 16 });
  cipher.setAAD(HEADER, { plaintextLength: payload.length });
  const expected = Buffer.concat([cipher.update(payload), cipher.final()]);
  // SP 800-38C, A.2: header, tag of 16 bytes, length field of two bytes.
  const first = Buffer.concat([Buffer.of(0x40 | (7 << 3) | 1), nonce, Buffer.of(0, payload.length)]);
  const counter = (value: number): Buffer => Buffer.concat([Buffer.of(1), nonce, Buffer.of(0, value)]);
  for (const direction of [0, DECRYPT]) {
    const r = rig();
    r.key(KEY);
    r.words(IV0LR, counter(1));
    const control = mode(MODE.ccm) | BYTES | direction;
    r.put(CR, control | CRYPEN);
    for (let at = 0; at < 16; at += 4) r.put(DIN, first.readUInt32BE(at));
    r.pass(1e3);
    assert.equal(r.get(CR) & CRYPEN, 0);
    const header = Buffer.concat([Buffer.of(0, HEADER.length), HEADER]);
    const [given, wanted] = direction === 0 ? [payload, expected] : [expected, payload];
    assert.deepEqual(phases(r, control, { header, payload: given }), wanted);
    const zero = counter(0);
    const words = [0, 4, 8, 12].map((at) => zero.readUInt32BE(at));
    assert.deepEqual(final(r, control & ~DECRYPT, words), cipher.getAuthTag());
  }
  const check = createDecipheriv("aes-128-ccm", KEY, nonce, { authTagLength: 16 });
  check.setAuthTag(cipher.getAuthTag());
  check.setAAD(HEADER, { plaintextLength: payload.length });
  assert.deepEqual(check.update(expected), payload);
});

test("a block of AES is done when the core can look: an access takes longer than the block", () => {
  const r = rig();
  r.put(CR, mode(MODE.ecb) | CRYPEN);
  for (let word = 0; word < 4; word++) r.put(DIN, word);
  assert.equal(r.get(SR) & 0x14, 4);
});

test("FIFOs, flags and interrupts: eight words each, and a block waits until its result has room", () => {
  const r = rig();
  assert.equal(r.get(SR), 3);
  assert.equal(r.get(RISR), 1);
  r.put(CR, mode(MODE.tdesEcb));
  for (let word = 0; word < 8; word++) r.put(DIN, word);
  assert.equal(r.get(SR), 0);
  r.put(IMSCR, 3);
  assert.ok(!r.line.asserted);
  r.put(CR, mode(MODE.tdesEcb) | CRYPEN);
  assert.equal(r.get(SR) & 0x10, 0x10);
  r.pass(2e3);
  assert.equal(r.get(SR), 0xf);
  assert.ok(r.line.asserted);
  for (let word = 0; word < 4; word++) r.put(DIN, word);
  r.pass(1e3);
  assert.equal(r.get(SR) & 0x10, 0);
  for (let word = 0; word < 4; word++) r.get(DOUT);
  assert.equal(r.get(SR) & 0x10, 0x10);
  r.put(CR, mode(MODE.ecb));
  r.put(CR, mode(MODE.ecb) | FFLUSH);
  assert.equal(r.get(SR), 3);
  assert.equal(r.get(CR) & FFLUSH, 0);
});

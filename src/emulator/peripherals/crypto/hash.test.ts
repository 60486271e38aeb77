import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Hash } from "./hash.js";

const CR = 0x00;
const DIN = 0x04;
const STR = 0x08;
const IMR = 0x20;
const SR = 0x24;
const BYTES = 2 << 4;
const ALGORITHMS = [
  { name: "sha1", algo: 0, words: 5 },
  { name: "md5", algo: 1 << 7, words: 4 },
  { name: "sha224", algo: 1 << 18, words: 7 },
  { name: "sha256", algo: (1 << 18) | (1 << 7), words: 8 },
];

function rig() {
  const timeline = new Timeline();
  const interrupt = new TestLine();
  const log = new RecordedLog();
  const hash = new Hash({ log, timeline, interrupt, clocked: () => true, hclkHz: () => 200e6 });
  return { hash, timeline, interrupt, log };
}

function feed({ hash }: ReturnType<typeof rig>, message: Uint8Array): void {
  for (let at = 0; at < message.length; at += 4) {
    let word = 0;
    for (let lane = 0; lane < 4; lane++) word |= (message[at + lane] ?? 0) << (lane * 8);
    hash.write(DIN, 4, word >>> 0);
  }
  hash.write(STR, 4, (message.length % 4) * 8);
  hash.write(STR, 4, hash.read(STR, 4) | 0x100);
}

function digest({ hash }: ReturnType<typeof rig>, words: number): string {
  let text = "";
  for (let index = 0; index < words; index++)
    text += hash
      .read(0x310 + index * 4, 4)
      .toString(16)
      .padStart(8, "0");
  return text;
}

for (const { name, algo, words } of ALGORITHMS) {
  test(`${name} agrees with an independent implementation at every length around the block borders`, () => {
    for (const length of [0, 1, 3, 4, 55, 56, 63, 64, 65, 119, 120, 128, 1000]) {
      const message = Uint8Array.from({ length }, (_, index) => (index * 7 + length) & 0xff);
      const r = rig();
      r.hash.write(CR, 4, algo | BYTES | 4);
      feed(r, message);
      pass(r.timeline, 1e5);
      assert.equal(r.hash.read(SR, 4), 3);
      assert.equal(
        digest(r, words),
        createHash(name).update(message).digest("hex"),
        `${name}, ${length} bytes`,
      );
    }
  });
}

test("a SHA-256 block takes 66 clocks, then DCIS raises the interrupt", () => {
  const r = rig();
  r.hash.write(CR, 4, (1 << 18) | (1 << 7) | 4);
  r.hash.write(IMR, 4, 2);
  r.hash.write(DIN, 4, 0x61626380);
  r.hash.write(STR, 4, 24);
  r.hash.write(STR, 4, 0x118);
  pass(r.timeline, 320);
  assert.equal(r.hash.read(SR, 4) & 8, 8);
  assert.ok(!r.interrupt.asserted);
  pass(r.timeline, 20);
  assert.equal(r.hash.read(SR, 4) & 0xa, 2);
  assert.ok(r.interrupt.asserted);
  assert.equal(r.hash.read(0x0c, 4), 0xba7816bf);
});

test("the data types swap half-words, bytes and bits", () => {
  const words: readonly (readonly [number, number])[] = [
    [0, 0x61626364],
    [1, 0x63646162],
    [2, 0x64636261],
    [3, 0x26c64686],
  ];
  const expected = createHash("sha1").update("abcd").digest("hex");
  for (const [type, word] of words) {
    const r = rig();
    r.hash.write(CR, 4, (type << 4) | 4);
    r.hash.write(DIN, 4, word);
    r.hash.write(STR, 4, 0x100);
    pass(r.timeline, 1e4);
    assert.equal(digest(r, 5), expected, `data type ${type}`);
  }
});

test("a message may end within a byte", () => {
  // NIST's bit-oriented test vectors (SHAVS): length, message, digest.
  for (const [algo, words, bits, message, expected] of [
    [0, 5, 5, 0x9800_0000, "29826b003b906e660eff4027ce98af3531ac75ba"],
    [
      (1 << 18) | (1 << 7),
      8,
      5,
      0x6800_0000,
      "d6d3e02a31a84a8caa9718ed6c2057be09db45e7823eb5079ce7a573a3760f95",
    ],
  ] as const) {
    const r = rig();
    r.hash.write(CR, 4, algo | 4);
    r.hash.write(DIN, 4, message);
    r.hash.write(STR, 4, bits);
    r.hash.write(STR, 4, 0x100 | bits);
    pass(r.timeline, 1e4);
    assert.equal(digest(r, words), expected);
  }
});

test("DINIS drops with a full block; the FIFO level shows in CR; the next block stalls the writer", () => {
  const r = rig();
  r.hash.write(CR, 4, 4);
  for (let index = 0; index < 15; index++) r.hash.write(DIN, 4, index);
  assert.equal((r.hash.read(CR, 4) >>> 8) & 0x1f, 0x1f);
  assert.equal(r.hash.read(SR, 4), 1);
  r.hash.write(DIN, 4, 15);
  assert.equal(r.hash.read(SR, 4), 0);
  const before = r.timeline.now;
  for (let index = 0; index < 33; index++) r.hash.write(DIN, 4, index);
  assert.ok(r.timeline.now - before >= 400, `${r.timeline.now - before} ns`);
});

for (const { name, algo, words } of ALGORITHMS) {
  test(`HMAC with ${name}: key, message, key, each ended by DCAL, short keys and long ones`, () => {
    for (const keyLength of [1, 20, 63, 64, 65, 200]) {
      const key = Uint8Array.from({ length: keyLength }, (_, index) => (index * 11 + 3) & 0xff);
      const message = Uint8Array.from({ length: 130 }, (_, index) => index);
      const r = rig();
      r.hash.write(CR, 4, algo | BYTES | 0x44 | (keyLength > 64 ? 1 << 16 : 0));
      for (const part of [key, message]) {
        feed(r, part);
        pass(r.timeline, 1e5);
        assert.equal(r.hash.read(SR, 4), 1, "ready for more, no digest yet");
      }
      feed(r, key);
      pass(r.timeline, 1e5);
      assert.equal(r.hash.read(SR, 4), 3);
      assert.equal(digest(r, words), createHmac(name, key).update(message).digest("hex"));
    }
  });
}

test("DMA is asked for words while DMAE is set; the end of its transfer ends the message, unless MDMAT is set", () => {
  const timeline = new Timeline();
  const asked: boolean[] = [];
  const request = { set: (on: boolean) => asked.push(on), pulse: () => {} };
  const options = { log: new RecordedLog(), timeline, interrupt: new TestLine(), clocked: () => true };
  const hash = new Hash({ ...options, hclkHz: () => 200e6, request });
  hash.write(CR, 4, (1 << 18) | (1 << 7) | BYTES | 0xc | (1 << 13));
  assert.equal(asked.at(-1), true);
  hash.write(DIN, 4, 0x6463_6261);
  hash.transferred();
  assert.equal(hash.read(CR, 4) & 8, 8);
  hash.write(CR, 4, (1 << 18) | (1 << 7) | BYTES | 8);
  hash.write(DIN, 4, 0x6867_6665);
  hash.transferred();
  assert.equal(asked.at(-1), false);
  pass(timeline, 1e5);
  assert.equal(hash.read(CR, 4) & 8, 0);
  assert.equal(hash.read(SR, 4), 3);
  const expected = createHash("sha256").update("abcdefgh").digest();
  assert.equal(hash.read(0x310, 4), expected.readUInt32BE(0));
});

test("a context that was saved goes on where it was, after another message in between", () => {
  const r = rig();
  const algo = (1 << 18) | (1 << 7);
  const message = Uint8Array.from({ length: 160 }, (_, index) => index);
  const put = (from: number, to: number): void => {
    for (let at = from; at < to; at += 4)
      r.hash.write(DIN, 4, new DataView(message.buffer).getUint32(at, true));
  };
  r.hash.write(CR, 4, algo | BYTES | 4);
  put(0, 68);
  pass(r.timeline, 1e5);
  const saved = Array.from({ length: 54 }, (_, index) => r.hash.read(0xf8 + index * 4, 4));
  r.hash.write(CR, 4, BYTES | 4);
  feed(r, message.subarray(7, 99));
  pass(r.timeline, 1e5);
  r.hash.write(CR, 4, algo | BYTES | 4);
  saved.forEach((word, index) => {
    r.hash.write(0xf8 + index * 4, 4, word);
  });
  put(68, 160);
  r.hash.write(STR, 4, 0x100);
  pass(r.timeline, 1e5);
  assert.equal(digest(r, 8), createHash("sha256").update(message).digest("hex"));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cobsDecode, cobsEncode } from "./cobs.js";
import { crc32 } from "./crc32.js";
import { encodeFrame, FrameDecoder, MAX_PAYLOAD } from "./frame.js";

test("the CRC of the check string is the standard's", () => {
  assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
});

test("byte stuffing leaves no zero and is undone by decoding", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 1100 }),
    fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 1100 }).map((a) => Uint8Array.from(a)),
    fc.integer({ min: 250, max: 1030 }).map((length) => new Uint8Array(length).fill(7)),
  );
  fc.assert(
    fc.property(bytes, (plain) => {
      const encoded = cobsEncode(plain);
      assert.ok(!encoded.includes(0));
      assert.deepEqual(Buffer.from(cobsDecode(encoded) ?? []), Buffer.from(plain));
    }),
  );
});

test("byte stuffing that points beyond its end or holds a zero is refused", () => {
  assert.equal(cobsDecode(Uint8Array.of(5, 1)), undefined);
  assert.equal(cobsDecode(Uint8Array.of(3, 0, 1)), undefined);
});

test("the largest frame takes 4138 bytes at most, and a larger payload is refused", () => {
  const payload = new Uint8Array(MAX_PAYLOAD).fill(1);
  assert.ok(encodeFrame({ type: 1, sequence: 1, payload }).length <= 4138);
  assert.throws(
    () => encodeFrame({ type: 1, sequence: 1, payload: new Uint8Array(MAX_PAYLOAD + 1) }),
    RangeError,
  );
});

test("frames are found in a stream cut anywhere", () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(payloads, fc.integer({ min: 1, max: 40 }), (all, step) => {
      const stream = Buffer.concat(
        all.map((payload, i) =>
          Buffer.concat([Buffer.of(0), encodeFrame({ type: 9, sequence: i, payload })]),
        ),
      );
      const decoder = new FrameDecoder();
      const found = [];
      for (let at = 0; at < stream.length; at += step)
        found.push(...decoder.push(stream.subarray(at, at + step)));
      assert.deepEqual(
        found.map((item) => ("frame" in item ? Buffer.from(item.frame.payload) : item.bad)),
        all.map((payload) => Buffer.from(payload)),
      );
    }),
  );
});

test("any single damaged byte drops a frame or two, and the next one is found", () => {
  const first = encodeFrame({ type: 2, sequence: 1, payload: Uint8Array.of(0, 1, 2, 0, 3, 4) });
  const next = encodeFrame({ type: 2, sequence: 2, payload: Uint8Array.of(1) });
  for (let at = 0; at < first.length; at++) {
    for (let flip = 1; flip < 256; flip++) {
      const damaged = Uint8Array.from(first, (byte, i) => (i === at ? byte ^ flip : byte));
      // The delimiter in front of the next frame is there only as after HELLO.
      const items = new FrameDecoder().push(Buffer.concat([damaged, Buffer.of(0), next]));
      const frames = items.filter((item) => "frame" in item);
      assert.equal(frames.length, 1, `byte ${at} ^ ${flip}`);
      assert.ok(items.some((item) => "bad" in item));
    }
  }
});

test("a stream without delimiters is dropped, and the frame behind it is found", () => {
  const decoder = new FrameDecoder();
  for (let i = 0; i < 100; i++) assert.deepEqual(decoder.push(new Uint8Array(1000).fill(1)), []);
  const items = decoder.push(
    Buffer.concat([Buffer.of(0), encodeFrame({ type: 1, sequence: 1, payload: new Uint8Array() })]),
  );
  assert.deepEqual(
    items.map((item) => "bad" in item),
    [true, false],
  );
  assert.deepEqual(items[0], { bad: "100000 bytes without a delimiter" });
});

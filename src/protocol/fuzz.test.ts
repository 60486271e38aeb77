/** Whatever comes from a cable: a result or an error of ours, never anything else, never more than linear work. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BoardIdError, parseBoardId } from "./board-id.js";
import { MalformedMessageError } from "./bytes.js";
import { cobsDecode, cobsEncode } from "./cobs.js";
import { encodeFrame, FrameDecoder, MAX_PAYLOAD } from "./frame.js";
import { decodeAnswer, decodeRequest, decodeVersions, REQUEST_NAMES, splitAnswer } from "./messages.js";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

function only(kind: new (message: string) => Error, parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof kind, `${String(error)} is not a ${kind.name}`);
  }
}

test("message decoders give a message or MalformedMessageError, for every request", () => {
  fc.assert(
    fc.property(fc.constantFrom(...REQUEST_NAMES), bytes(200), (name, payload) => {
      only(MalformedMessageError, () => decodeAnswer(name, payload));
      only(MalformedMessageError, () => decodeRequest(name, payload));
      only(MalformedMessageError, () => splitAnswer(payload));
      only(MalformedMessageError, () => decodeVersions(payload));
    }),
    { numRuns: 5000 },
  );
});

test("a frame decoder survives any bytes in any pieces, and finds the frame behind them", () => {
  const frame = fc.record(
    { type: fc.nat(255), sequence: fc.nat(255), payload: bytes(600) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(bytes(300), { maxLength: 8 }), frame, (noise, sent) => {
      const decoder = new FrameDecoder();
      for (const piece of noise) {
        for (const item of decoder.push(piece)) {
          if ("frame" in item) assert.ok(item.frame.payload.length <= MAX_PAYLOAD);
          else assert.equal(typeof item.bad, "string");
        }
      }
      const items = decoder.push(Uint8Array.of(0, ...encodeFrame(sent)));
      assert.deepEqual(items.at(-1), { frame: sent });
    }),
    { numRuns: 1000 },
  );
});

test("a stream without delimiters costs a frame decoder no memory and no more than linear work", () => {
  const decoder = new FrameDecoder();
  const piece = new Uint8Array(65536).fill(0x55);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 1024; i++) assert.deepEqual(decoder.push(piece), []);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 2 ** 20);
  assert.equal(decoder.push(Uint8Array.of(0)).length, 1);
});

test("COBS takes any bytes; what was encoded is decoded", () => {
  fc.assert(
    fc.property(bytes(1200), (payload) => {
      assert.deepEqual(cobsDecode(cobsEncode(payload)), payload);
      cobsDecode(payload);
    }),
  );
});

test("any text is a board id or BoardIdError", () => {
  const nearly = fc.string({
    unit: fc.constantFrom(..."0123456789ABCDEFGHJKMNPQRTVWXYZ-ioslu "),
    maxLength: 40,
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), (text) => only(BoardIdError, () => parseBoardId(text))),
    { numRuns: 3000 },
  );
});

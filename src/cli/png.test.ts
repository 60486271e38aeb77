import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { encodePng } from "./png.js";

test("a picture becomes a PNG whose chunks and rows are where a reader looks for them", () => {
  const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  const png = Buffer.from(encodePng(3, 2, rgb));
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    chunks.set(png.subarray(at + 4, at + 8).toString(), data);
  }
  assert.deepEqual([...chunks.keys()], ["IHDR", "IDAT", "IEND"]);
  assert.deepEqual([...(chunks.get("IHDR") ?? [])], [0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
  const rows = inflateSync(chunks.get("IDAT") ?? Buffer.alloc(0));
  assert.deepEqual(rows, Buffer.from([0, ...rgb.subarray(0, 9), 0, ...rgb.subarray(9)]));
  // The end's checksum is the same in every PNG.
  assert.equal(png.subarray(-4).toString("hex"), "ae426082");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { PairContent } from "./pair-content.js";

const BYTES = 0x8_0000;

test("two arrays are woven as far as one of them is not blank, and stay so", () => {
  const arrays = [new Uint8Array(BYTES).fill(0xff), new Uint8Array(BYTES).fill(0xff)] as const;
  const place = new Uint8Array(2 * BYTES);
  const pair = new PairContent(place, arrays);
  assert.equal(pair.lend(2 * BYTES).length, 0);
  arrays[0][0] = 1;
  arrays[1][0x1_0000] = 2;
  const lent = pair.lend(2 * BYTES);
  assert.equal(lent.length, 0x4_0000);
  assert.deepEqual([lent[0], lent[1], lent[0x2_0000], lent[0x2_0001]], [1, 0xff, 0xff, 2]);
  arrays[1].set([3, 4], 7);
  pair.changed(7, 2);
  assert.deepEqual([...lent.subarray(13, 19)], [0xff, 0xff, 3, 0xff, 4, 0xff]);
  arrays[0][0x5_0000] = 5;
  pair.changed(0x5_0000, 1);
  assert.equal(pair.lend(0x1000).length, 0x1000);
  assert.equal(pair.lend(2 * BYTES)[0xa_0000], 5);
  pair.clear();
  assert.equal(place.indexOf(1), -1);
  assert.equal(
    place.every((byte) => byte === 0),
    true,
  );
});

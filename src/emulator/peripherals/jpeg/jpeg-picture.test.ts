import assert from "node:assert/strict";
import { test } from "node:test";
import * as reference from "jpeg-js";
import { encodePicture } from "./jpeg-picture.js";

test("a picture of no whole units is what others decode from it", () => {
  const size = { width: 36, height: 21 };
  const pixel = (x: number): readonly [number, number, number] => (x < 16 ? [76, 85, 255] : [150, 44, 21]);
  const { width, height, data } = reference.decode(encodePicture(size, pixel, 4), { useTArray: true });
  assert.deepEqual({ width, height }, size);
  const colour = (x: number, y: number): number[] => [
    ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3),
  ];
  const close = (found: readonly number[], expected: readonly number[]): void =>
    found.forEach((value, n) => {
      assert.ok(Math.abs(value - (expected[n] ?? 0)) < 12, `${found} instead of ${expected}`);
    });
  close(colour(5, 5), [254, 0, 0]);
  close(colour(35, 20), [0, 255, 1]);
});

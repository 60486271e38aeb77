import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { keepYoungGeneration } from "./young-generation.js";

/** Bytes that V8's young generation has. */
function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}

/** Objects of which many live for some collections: what makes V8 double its young generation. */
function allocate(): number {
  let alive: number[][] = [];
  let sum = 0;
  for (let round = 0; round < 100; round++) {
    alive = alive.slice(-2000);
    for (let index = 0; index < 4000; index++) alive.push(new Array<number>(32).fill(index));
    sum += alive.length;
  }
  return sum;
}

test("the young generation stays as it is", () => {
  keepYoungGeneration();
  allocate();
  const first = youngGeneration();
  allocate();
  assert.equal(youngGeneration(), first);
  setFlagsFromString("--semi-space-growth-factor=2");
  allocate();
  assert.ok(youngGeneration() > first, "it would not have grown anyway: the test says nothing");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { compareSystem } from "./compare.js";

const SEED = 20_261_129;
const CASES = 1500;

test("exceptions, faults, MPU regions and floating-point contexts are handled as on QEMU's Cortex-M7", async () => {
  const { entries, lockups, differences } = await compareSystem(SEED, CASES);
  assert.deepEqual(differences, [], `seed ${SEED}`);
  assert.ok(entries > CASES * 3, `${entries} entries`);
  assert.ok(lockups > 10, `${lockups} lockups`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { comparePrograms } from "./programs.js";
import { compareStreams } from "./streams.js";

const SEED = 20_261_123;
const INSTRUCTIONS = 1_000_000;

test("a million instructions of random streams end as on QEMU's Cortex-M7", async () => {
  const { instructions, differences } = await compareStreams(SEED, INSTRUCTIONS);
  assert.deepEqual(differences, [], `seed ${SEED}`);
  assert.ok(instructions >= INSTRUCTIONS);
});

test("compiled programs compute what they compute on QEMU, by every optimisation and float ABI", async () => {
  const reports = await comparePrograms();
  for (const { name, difference, words } of reports) {
    assert.equal(difference, undefined, name);
    assert.ok(words > 10_000, `${name}: ${words} words`);
  }
  assert.equal(reports.length, 6);
});

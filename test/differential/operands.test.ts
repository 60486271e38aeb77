/** Each encoding, in a loop of its own, on both engines with random and corner operands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { draw, halfwords, state } from "./cases.js";
import { type Encoding, GROUPS } from "./encodings.js";
import { CYCLES, Loops, loopOf, RUNS } from "./loops.js";
import { Random } from "./random.js";

const SEED = 20_261_129;
/** Of each encoding. */
const DRAWS = 12;

/** The share of cycles that passed in translated code. */
function compare(group: keyof typeof GROUPS, seed: number): number {
  const random = new Random(seed);
  const encodings = GROUPS[group].flatMap((encoding) => Array<Encoding>(DRAWS).fill(encoding));
  const programs = encodings.map((encoding) => loopOf(halfwords(draw(random, encoding), encoding)));
  const ours = new Loops(programs, "translation");
  const theirs = new Loops(programs, "interpreter");
  for (const [n, encoding] of encodings.entries()) {
    const told = `seed ${seed}: ${encoding.pattern} as ${Buffer.from(programs[n] as Uint8Array).toString("hex")}`;
    for (let round = 0; round < RUNS; round++) {
      const words = state(random);
      ours.run(n, words);
      theirs.run(n, words);
      assert.deepEqual(ours.registers, theirs.registers, `${told} with ${words}`);
    }
    assert.ok(ours.memory.equals(theirs.memory), `${told} left other memory`);
  }
  return ours.translatedCycles / (encodings.length * RUNS * CYCLES);
}

/** By how much of it must be translated: corner operands, and FPSCR's modes, are mostly for the interpreter. */
for (const [group, least] of [
  ["float", 0.1],
  ["moves", 0.5],
  ["data", 0.5],
  ["multiply", 0.5],
  ["memory", 0.5],
] as const) {
  test(`${group}: translated code computes what the interpreter does`, () => {
    const share = compare(group, SEED);
    assert.ok(share > least, `${(share * 100).toFixed(1)} % in translated code`);
  });
}

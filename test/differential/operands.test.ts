/** Each encoding, in a loop of its own, on all engines with random and corner operands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { draw, halfwords, state } from "./cases.js";
import { type Encoding, GROUPS } from "./encodings.js";
import { CYCLES, Loops, loopOf, RUNS } from "./loops.js";
import { Random } from "./random.js";

const SEED = 20_261_129;
/** Of each encoding. */
const DRAWS = 12;

interface Shares {
  readonly interpreted: number;
  readonly translated: number;
}

/** The shares of cycles that passed in the interpreter's loop, and in translated code. */
function compare(group: keyof typeof GROUPS, seed: number): Shares {
  const random = new Random(seed);
  const encodings = GROUPS[group].flatMap((encoding) => Array<Encoding>(DRAWS).fill(encoding));
  const programs = encodings.map((encoding) => loopOf(halfwords(draw(random, encoding), encoding)));
  const reference = new Loops(programs, "reference");
  const interpreted = new Loops(programs, "interpreter");
  const translated = new Loops(programs, "translation");
  for (const [n, encoding] of encodings.entries()) {
    const told = `seed ${seed}: ${encoding.pattern} as ${Buffer.from(programs[n] as Uint8Array).toString("hex")}`;
    for (let round = 0; round < RUNS; round++) {
      const words = state(random);
      for (const loops of [reference, interpreted, translated]) loops.run(n, words);
      const wanted = reference.registers;
      assert.deepEqual(interpreted.registers, wanted, `interpreter: ${told} with ${words}`);
      assert.deepEqual(translated.registers, wanted, `translation: ${told} with ${words}`);
    }
    for (const { memory } of [interpreted, translated])
      assert.ok(memory.equals(reference.memory), `${told} left other memory`);
  }
  const cycles = encodings.length * RUNS * CYCLES;
  return {
    interpreted: interpreted.interpretedCycles / cycles,
    translated: translated.translatedCycles / cycles,
  };
}

/** By how much of it must be translated: corner operands, and FPSCR's modes, are mostly for the interpreter. */
for (const [group, translatedLeast, interpretedLeast] of [
  ["float", 0.1, 0.1],
  ["moves", 0.5, 0.1],
  ["data", 0.5, 0.5],
  ["multiply", 0.5, 0.3],
  ["memory", 0.5, 0.5],
] as const) {
  test(`${group}: the engines compute what JavaScript does`, () => {
    const { interpreted, translated } = compare(group, SEED);
    const told = `${(interpreted * 100).toFixed(1)} % interpreted, ${(translated * 100).toFixed(1)} % translated`;
    assert.ok(interpreted > interpretedLeast && translated > translatedLeast, told);
  });
}

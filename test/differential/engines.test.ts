/** Random code in a loop, with interrupts and faults, on all engines: the same at each of many random stops. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCase, SCRATCH } from "./cases.js";
import { type Load, Machine } from "./machines.js";
import { Random } from "./random.js";
import { compareAtStops, interruptions, loop } from "./stops.js";

const FIRST_SEED = 20_261_129;
const PROGRAMS = 60;
const STOPS = { count: 40, longest: 3000 };
const SCRATCH_BYTES = 0x10000;

function program(random: Random): Load[] {
  const { items, states } = makeCase(random);
  const first = states[0] as Int32Array;
  const state = new Int32Array(45);
  state.set(first.subarray(0, 13));
  state.set(first.subarray(16, 48), 13);
  return loop(
    items.flatMap((item) => item.halfwords),
    state,
    50 + random.below(1000),
  );
}

const scratch = ({ cpu }: Machine): Buffer =>
  Buffer.from(cpu.bus.peek(SCRATCH, SCRATCH_BYTES) ?? new Uint8Array(0));

test("random loops under interrupts and faults are the same on all engines wherever they are stopped", () => {
  let interrupts = 0;
  let translated = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + PROGRAMS; seed++) {
    const random = new Random(seed);
    const loads = program(random);
    const reference = new Machine(loads, "reference");
    const interpreted = new Machine(loads, "interpreter");
    const ours = new Machine(loads, "translation", random.pick([1, 3, 20, 100]));
    compareAtStops([reference, interpreted, ours], random, STOPS, `seed ${seed}`);
    for (const machine of [interpreted, ours])
      assert.ok(scratch(machine).equals(scratch(reference)), `seed ${seed}: memory differs`);
    interrupts += interruptions(ours).interrupts;
    translated += ours.cpu.translator?.translated ?? 0;
  }
  assert.ok(interrupts > PROGRAMS * 20, `${interrupts} interrupts`);
  assert.ok(translated > PROGRAMS, `${translated} regions`);
});

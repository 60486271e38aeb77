/** Random code in a loop, with interrupts and faults, on all engines: the same at each of many random stops. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../tools/root.js";
import { makeCase, SCRATCH } from "./cases.js";
import { CODE_BASE, DATA_BASE, type Load, Machine } from "./machines.js";
import { Random } from "./random.js";
import { assemble } from "./toolchain.js";

const FIRST_SEED = 20_261_129;
const PROGRAMS = 60;
const STOPS = 40;
const LONGEST = 3000;
const BODY = 0x1000;
const LOG = 0x20000800;
const SCRATCH_BYTES = 0x10000;

const harness = assemble(join(ROOT, "test/differential/engines.s"));

function program(random: Random): Load[] {
  const { items, states } = makeCase(random);
  const halfwords = items.flatMap((item) => item.halfwords);
  // B.W to the beginning; after a NOP, because a last instruction may skip one halfword.
  halfwords.push(0xbf00);
  const offset = -(halfwords.length * 2 + 4);
  halfwords.push(0xf400 | ((offset >> 12) & 0x3ff), 0xb800 | ((offset >> 1) & 0x7ff));
  const state = new Int32Array(46);
  const first = states[0] as Int32Array;
  state.set(first.subarray(0, 13));
  state.set(first.subarray(16, 48), 13);
  state[45] = 50 + random.below(1000);
  return [
    { address: CODE_BASE, bytes: harness },
    { address: BODY, bytes: new Uint8Array(Uint16Array.from(halfwords).buffer) },
    { address: DATA_BASE, bytes: new Uint8Array(state.buffer) },
  ];
}

/** Up to an event so many cycles from now. */
function runFor({ cpu, timeline }: Machine, cycles: number): void {
  let reached = false;
  timeline.after(cycles * timeline.nsPerCycle, () => {
    reached = true;
  });
  while (!reached) {
    cpu.run();
    timeline.runDue();
  }
}

function state({ cpu, timeline }: Machine) {
  return {
    registers: [...cpu.r.subarray(0, 15)].map((value) => (value >>> 0).toString(16)),
    pc: cpu.pc.toString(16),
    xpsr: cpu.xpsr.toString(16),
    fpscr: cpu.fpu.fpscr,
    floats: [...cpu.fpu.bits.subarray(0, 32)],
    now: timeline.now,
    log: [0, 4, 8].map((offset) => cpu.bus.read(LOG + offset, 4)),
    lockedUp: cpu.lockedUp,
  };
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
    for (let stop = 0; stop < STOPS; stop++) {
      const cycles = 1 + random.below(LONGEST);
      for (const machine of [reference, interpreted, ours]) runFor(machine, cycles);
      const wanted = state(reference);
      assert.deepEqual(state(interpreted), wanted, `seed ${seed}, stop ${stop}: interpreter`);
      assert.deepEqual(state(ours), wanted, `seed ${seed}, stop ${stop}: translation`);
    }
    for (const machine of [interpreted, ours])
      assert.ok(scratch(machine).equals(scratch(reference)), `seed ${seed}: memory differs`);
    interrupts += ours.cpu.bus.read(LOG + 4, 4);
    translated += ours.cpu.translator?.translated ?? 0;
  }
  assert.ok(interrupts > PROGRAMS * 20, `${interrupts} interrupts`);
  assert.ok(translated > PROGRAMS, `${translated} regions`);
});

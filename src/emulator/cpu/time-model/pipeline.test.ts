import assert from "node:assert/strict";
import { test } from "node:test";
import { CODE, TestMachine } from "../test-machine.js";
import { issueInfo } from "./issue-info.js";
import { FPSCR, Kind, S0 } from "./issue-kinds.js";
import type { BusTiming } from "./pipeline.js";

const NO_WAITS: BusTiming = { read: () => 0, write: () => 0 };
const STOP = "00be";
/** Beyond the tightly coupled memories. */
const AXI = 0x24000000;

/** Cycles of `count` copies of the code, without what surrounds them. */
function cyclesOf(code: string, count: number, busTiming: BusTiming = NO_WAITS): number {
  const run = (copies: number): number => {
    const machine = new TestMachine(code.repeat(copies) + STOP, { busTiming });
    machine.set({ 0: AXI, 1: AXI + 0x40, 6: 5, 7: 3 });
    const before = machine.timeline.now;
    machine.run();
    assert.equal(machine.cpu.halted, true);
    return Math.round((machine.timeline.now - before) / machine.timeline.nsPerCycle);
  };
  const more = run(count * 2);
  return more - run(count);
}

test("independent instructions issue in pairs, dependent ones one after the other", () => {
  assert.equal(cyclesOf(/* adds r2,#1; adds r3,#1 */ "01320133", 10), 10);
  assert.equal(cyclesOf(/* adds r2,#1; adds r2,#1 */ "01320132", 10), 20);
  assert.equal(cyclesOf(/* lsls r2,r6,#1; lsls r3,r7,#1: one shifter */ "72007b00", 10), 20);
});

test("a result that takes two cycles keeps its user waiting, not others", () => {
  assert.equal(cyclesOf(/* mul r2,r6,r7; add r3,r2,r2 */ "06fb07f2" + "02eb0203", 10), 20);
  assert.equal(cyclesOf(/* mul r2,r6,r7; add r3,r6,r6 */ "06fb07f2" + "06eb0603", 10), 10);
});

test("a division takes longer the longer its result", () => {
  const short = cyclesOf(/* udiv r2,r6,r7 */ "b6fbf7f2", 10);
  const long = cyclesOf(/* udiv r2,r0,r7 */ "b0fbf7f2", 10);
  assert.ok(long >= short + 40, `${short} ${long}`);
});

test("a loop's branch is learnt, and its last pass is a wrong prediction", () => {
  const loop = (passes: number): number => {
    const machine = new TestMachine(/* 1: subs r5,#1; bne 1b; bkpt */ `013dfdd1${STOP}`, {
      busTiming: NO_WAITS,
    });
    machine.set({ 5: passes }).run();
    return Math.round(machine.timeline.now / machine.timeline.nsPerCycle);
  };
  assert.equal(loop(200) - loop(100), 100, "one cycle a pass");
});

test("stores go through a buffer, loads wait for memory and for it", () => {
  const slow: BusTiming = { read: (address) => (address < AXI ? 0 : 20), write: () => 10 };
  const machine = (code: string): TestMachine => {
    const made = new TestMachine(code + STOP, { busTiming: slow });
    made.bus.map(AXI, 0x100, { read: () => 0, write: () => {} }, "slow");
    return made.set({ 0: AXI });
  };
  const cycles = (code: string): number => {
    const made = machine(code).run();
    return made.timeline.now / made.timeline.nsPerCycle;
  };
  const nothing = cycles("");
  const store = /* str r1,[r0] */ "0160";
  const load = /* ldr r1,[r0] */ "0168";
  const few = cycles(store.repeat(3)) - nothing;
  const many = cycles(store.repeat(30)) - nothing;
  assert.ok(few < 20, `${few}: they wait in the buffer`);
  assert.ok(many > 240, `${many}: the bus takes 10 cycles for each`);
  assert.ok(cycles(load.repeat(3)) - nothing >= 60);
  const both = cycles(store + load) - nothing;
  assert.ok(both >= 29, `${both}: a load comes behind the stores before it`);
});

/** Opcode, width, reads + shifted + address, writes, kind. */
const CASES: readonly (readonly [number, boolean, readonly number[], readonly number[], number])[] = [
  [0x1888, false, [1, 2], [0], Kind.alu],
  [0x4288, false, [0, 1], [], Kind.alu],
  [0x4348, false, [0, 1], [0], Kind.multiply],
  [0x6848, false, [1], [0], Kind.load],
  [0x5088, false, [0, 1, 2], [], Kind.store],
  [0x4770, false, [14], [], Kind.branch],
  [0xbd10, false, [13], [4, 13], Kind.alone],
  [0xb510, false, [13, 4, 14], [13], Kind.alone],
  [0xeb010203, true, [1, 3], [2], Kind.alu],
  [0xeb010243, true, [1, 3], [2], Kind.shifted],
  [0xf1010201, true, [1], [2], Kind.alu],
  [0xf5012280, true, [1], [2], Kind.shifted],
  [0xf2412334, true, [], [3], Kind.alu],
  [0xf8512b04, true, [1], [2, 1], Kind.load],
  [0xf8c12004, true, [2, 1], [], Kind.store],
  [0xe9d12300, true, [1], [2, 3], Kind.load],
  [0xe9c12300, true, [2, 3, 1], [], Kind.store],
  [0xfb012304, true, [1, 4, 2], [3], Kind.multiply],
  [0xfba12304, true, [1, 4], [2, 3], Kind.multiply],
  [0xf000f800, true, [], [14], Kind.branch],
  [0xf3bf8f4f, true, [], [], Kind.alone],
  [0xee300a81, true, [S0, S0 + 1, S0 + 2].slice(1), [S0], Kind.float],
  [0xee311b02, true, [S0 + 2, S0 + 3, S0 + 4, S0 + 5], [S0 + 2, S0 + 3], Kind.alone],
  [0xed910a01, true, [1], [S0], Kind.load],
  [0xeef1fa10, true, [FPSCR], [], Kind.float],
];

test("the registers that instructions wait for and give", () => {
  for (const [opcode, wide, reads, writes, kind] of CASES) {
    const info = issueInfo(opcode | 0, wide);
    const name = (opcode >>> 0).toString(16);
    const all = [...new Set([...info.reads, ...info.shifted, ...info.address])];
    assert.deepEqual(
      all.toSorted((a, b) => a - b),
      reads.toSorted((a, b) => a - b),
      `${name} reads`,
    );
    assert.deepEqual(
      [...info.writes].sort((a, b) => a - b),
      writes.toSorted((a, b) => a - b),
      `${name} writes`,
    );
    assert.equal(info.kind, kind, `${name} kind`);
  }
  assert.equal(CODE % 4, 0);
});

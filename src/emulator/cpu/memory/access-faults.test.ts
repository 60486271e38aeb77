/**
 * Loads and stores that fault in their midst, by every engine: what of the registers changes, and which address is told
 * (DDI 0403E, A3.2.1, B1.5.10, B3.2.15; MemU_unaligned()). The instruction was executed before, so that it is hot.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../core-options.js";
import { CFSR, Exception } from "../exceptions/faults.js";
import { RAM, TestMachine } from "../test-machine.js";

const ENGINES: readonly Engine[] = ["reference", "interpreter", "translation"];
const CFSR_AT = 0xe000ed28;
const MMFAR = 0xe000ed34;
const BFAR = 0xe000ed38;
const RASR = 0xe000eda0;
const HOLE = RAM + 0x2000;
const GOOD = RAM + 0x1000;
const BASES = RAM + 0x100;
const PASSES = 40;
const DACCVIOL = CFSR.DACCVIOL | CFSR.MMARVALID;
const STOP = /* bkpt 0 */ "00be";
/** TEX, C, B of a region, in place in RASR. */
const NORMAL = 1 << 19;
const DEVICE = 1 << 16;
const STRONGLY_ORDERED = 0;

interface Setting {
  readonly engine: Engine;
  /** Bytes of machine code; the instruction's base is r0. */
  readonly code: string;
  /** r0 in the last pass. */
  readonly base: number;
  /** RASR of the 32 bytes at HOLE, but for size and enable. */
  readonly hole: number;
}

/** Executes `code` with a good base many times, and then with `base`. */
function run({ engine, code, base, hole }: Setting): TestMachine {
  // ldr r0,[r10],#4; <code>; b to the beginning
  const back = 0xe000 | ((-(code.length / 2 + 8) >> 1) & 0x7ff);
  const loop = `5af8040b${code}${(back & 0xff).toString(16).padStart(2, "0")}${(back >>> 8).toString(16)}`;
  const machine = new TestMachine(loop, { engine, translateAfter: 4 });
  for (const number of [Exception.hardFault, Exception.memManage, Exception.busFault, Exception.usageFault])
    machine.handler(number, STOP);
  machine.word(0xe000ed88, 15 << 20).word(0xe000ed24, 7 << 16);
  machine
    .word(0xe000ed9c, HOLE | 0x10)
    .word(RASR, hole | (4 << 1) | 1)
    .word(0xe000ed94, 5);
  for (let pass = 0; pass < PASSES; pass++) machine.word(BASES + pass * 4, GOOD);
  machine.word(BASES + PASSES * 4, base);
  return machine.set({ 1: 1, 10: BASES }).run();
}

const LAST_WORD = HOLE - 4;
for (const [name, code, base, address] of [
  ["ldmia r0!,{r1-r4}", "1ec8", LAST_WORD, HOLE],
  ["ldmia r0,{r0,r1}", "03c8", LAST_WORD, HOLE],
  ["ldmdb r0!,{r1-r4}", "30e91e00", HOLE + 44, HOLE + 28],
  ["stmia r0!,{r1-r4}", "1ec0", LAST_WORD, HOLE],
  ["stmdb r0!,{r1-r4}", "20e91e00", HOLE + 44, HOLE + 28],
  ["ldrd r1,r2,[r0],#8", "f0e80212", LAST_WORD, HOLE],
  ["ldrd r0,r1,[r0]", "d0e90001", LAST_WORD, HOLE],
  ["strd r1,r2,[r0,#8]!", "e0e90212", LAST_WORD - 8, HOLE],
  ["ldr r1,[r0],#4", "50f8041b", HOLE, HOLE],
  ["ldrsb r1,[r0,#1]!", "10f9011f", HOLE - 1, HOLE],
  ["strh r1,[r0,#-2]!", "20f8021d", HOLE + 32, HOLE + 30],
  ["vldmia r0!,{s0-s3}", "b0ec040a", LAST_WORD, HOLE],
  ["vldmia r0!,{d0-d1}", "b0ec040b", LAST_WORD, HOLE],
  ["vstmdb r0!,{s0-s3}", "20ed040a", HOLE + 44, HOLE + 28],
  ["vldr d0,[r0]", "90ed000b", LAST_WORD, HOLE],
  ["vstr d0,[r0]", "80ed000b", LAST_WORD, HOLE],
] as const)
  test(`${name} into a hole of the MPU leaves its base, and tells the first address in the hole`, () => {
    for (const engine of ENGINES) {
      const machine = run({ engine, code, base, hole: NORMAL });
      assert.deepEqual(
        [machine.cpu.ipsr, machine.reg(0), machine.at(CFSR_AT), machine.at(MMFAR)],
        [Exception.memManage, base, DACCVIOL, address],
        engine,
      );
    }
  });

for (const [name, code, base, frame] of [
  ["push {r1-r4}", "85461eb4", HOLE + 44, 32],
  ["pop {r1-r4}", "85461ebc", LAST_WORD, 32],
  ["vpush {s0-s3}", "85462ded040a", HOLE + 44, 104],
  ["vpop {s0-s3}", "8546bdec040a", LAST_WORD, 104],
] as const)
  test(`${name} into a hole of the MPU leaves SP, where the handler's frame begins`, () => {
    for (const engine of ENGINES) {
      const machine = run({ engine, code, base, hole: NORMAL });
      assert.deepEqual(
        [machine.cpu.ipsr, machine.reg(13)],
        [Exception.memManage, (base - frame) & ~7],
        engine,
      );
      assert.equal(machine.at(CFSR_AT) & DACCVIOL, DACCVIOL);
    }
  });

for (const [name, code, base, address] of [
  ["ldr r1,[r0]", "0168", HOLE - 1, HOLE],
  ["ldr r1,[r0]", "0168", HOLE + 29, HOLE + 29],
  ["ldrh r1,[r0]", "0188", HOLE - 1, HOLE],
  ["str r1,[r0]", "0160", HOLE - 3, HOLE],
  ["strh r1,[r0]", "0180", HOLE + 31, HOLE + 31],
] as const)
  test(`unaligned ${name} into a hole at ${base - HOLE} stores nothing, and tells its first byte there`, () => {
    for (const engine of ENGINES) {
      const machine = run({ engine, code, base, hole: NORMAL });
      assert.deepEqual([machine.at(CFSR_AT), machine.at(MMFAR)], [DACCVIOL, address], engine);
      assert.deepEqual([machine.at(HOLE - 4), machine.at(HOLE + 32)], [0, 0]);
    }
  });

const FULL_ACCESS = 3 << 24;
for (const [name, code, faults] of [
  ["ldr r1,[r0]", "0168", true],
  ["ldrh r1,[r0]", "0188", true],
  ["str r1,[r0]", "0160", true],
  ["strh r1,[r0]", "0180", true],
  ["ldrb r1,[r0]", "0178", false],
  ["strb r1,[r0]", "0170", false],
] as const)
  test(`${name} at an odd address ${faults ? "faults in" : "reaches"} Device and Strongly-ordered memory`, () => {
    const outcome = (engine: Engine, type: number): number[] => {
      const machine = run({ engine, code, base: HOLE + 1, hole: type | FULL_ACCESS });
      return [machine.cpu.ipsr, machine.at(CFSR_AT) & CFSR.UNALIGNED];
    };
    const through = [Exception.busFault, 0];
    const refused = [Exception.usageFault, CFSR.UNALIGNED];
    for (const engine of ENGINES) {
      // What goes through meets the end of the table of bases: 0, where nothing is.
      assert.deepEqual(outcome(engine, NORMAL), through, engine);
      for (const type of [DEVICE, STRONGLY_ORDERED])
        assert.deepEqual(outcome(engine, type), faults ? refused : through, engine);
    }
  });

test("BFAR tells the word of a load multiple that nothing answered, and the base stays", () => {
  for (const engine of ENGINES) {
    const end = RAM + 0x10000;
    const machine = run({ engine, code: "1ec8", base: end - 8, hole: NORMAL });
    assert.deepEqual(
      [machine.cpu.ipsr, machine.reg(0), machine.at(CFSR_AT), machine.at(BFAR)],
      [Exception.busFault, end - 8, CFSR.PRECISERR | CFSR.BFARVALID, end],
      engine,
    );
  }
});

test("the exclusive monitor is closed by an exception, by STREX that fails, and by CLREX", () => {
  for (const engine of ENGINES) {
    const machine = new TestMachine(
      /* ldrex r1,[r0]; svc 0; strex r2,r1,[r0]; ldrex r1,[r0]; strex r3,r1,[r0]; strex r4,r1,[r0];
         ldrex r1,[r0]; clrex; strex r5,r1,[r0]; bkpt 0 */
      `50e8001f00df40e8001250e8001f40e8001340e8001450e8001fbff32f8f40e80015${STOP}`,
      { engine },
    );
    machine.handler(Exception.svCall, /* bx lr */ "7047").set({ 0: RAM }).run();
    assert.deepEqual(
      [2, 3, 4, 5].map((n) => machine.reg(n)),
      [1, 0, 1, 1],
    );
  }
});

/** The interpreter's loop and translated code do what the instructions do in JavaScript, to the cycle, whatever comes between. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Exception } from "../exceptions/faults.js";
import { CODE, FLASH, RAM, TestMachine } from "../test-machine.js";

const SYST_CSR = 0xe000e010;
const SYST_RVR = 0xe000e014;
const CCR = 0xe000ed14;
const UNALIGN_TRP = 1 << 3;
const SHCSR = 0xe000ed24;
const ALL_FAULTS = 0x70000;
const MPU = 0xe000ed90;
const DEMCR = 0xe000edfc;
const TRCENA = 1 << 24;
const DWT_COMP0 = 0xe0001020;

/** ADDS r0, #1; LDR r3, [r2, #4]; ADD r1, r3; STR r1, [r2, #8]; EORS r1, r0; CMP r0, r4; IT CS; ADDCS r1, #3; BLT; BKPT */
const LOOP = "01305368194491604140a04228bf0331f6db00be";
/** Notes the stacked PC in [r2, #12] and counts in [r2, #16]. */
const HANDLER = "0698d168212359430144d1601169013111617047";
/** BLX r5 for each r0 up to r4; every 8th time adds 1 to the halfword at r6. */
const REWRITES = "a847013010f0070f02d1338801333380a042f5db00be";
/** ADDS r1, #1; EOR r1, r1, r0; BX LR */
const REWRITTEN = "013181ea00017047";
/** ADDS r0, #1; LDR r3, [r2], #4; ADD r1, r3; ADDS r1, r1, r0, LSL #3; B */
const WALKS = "013052f8043b194411ebc001f8e7";
/** A word at r2 + r0 & 255 is added to r1, and written back, for each r0 up to r4. */
const UNALIGNED = "013000f0ff03d7583944d150a042f7db00be";
const BKPT = "00be";
/**
 * ADDS r0, #1; VMOV s0, r0; VCVT.F32.S32 s0, s0; VLDR s2, [r2]; VFMA.F32 s2, s0, s3; VDIV.F32 s4, s2, s5; VCMP.F32 s4, s6;
 * VMRS; IT GT; VMOVGT.F32 s2, s5; VSTR s2, [r2]; VCVT.F64.F32 d8, s4; VMUL.F64 d9, d8, d8; VADD.F64 d10, d10, d9; CMP r0, r4;
 * BLT; BKPT
 */
const FLOATS =
  "013000ee100ab8eec00a92ed001aa0ee211a81ee222ab4ee432af1ee10fac8bfb0ee621a82ed001ab7eec28a28ee089b3aee09aba042e3db00be";
/** VLDR s0, [r2, #16]; VMOV.F32 s1, #1.5; VDIV.F32 s2, s1, s0; VADD.F32 s0, s0, s2; VSTR s0, [r2, #16]; counts in [r2, #20] */
const FLOAT_HANDLER = "92ed040af7ee080a80ee801a30ee010a82ed040a5069013050617047";
/** Loads and stores of all sizes, and of s0, at offsets -8 to 16 from r2, which is r5 + (r0 & 63) * 4, for each r0 up to r4. */
const FIELDS =
  "013000f03f0305eb830216685779b2f80a8052f8089c3e4446445660507022f8020c4e44c2e9046092ed020a82ed030a52681144a042e3db00be";
/** Loads and stores at offsets 0 to 17 from r2, which is r5 + r0 / 16, for each r0 up to r4. */
const PACKED = "013005eb10121668d78892f80980314481ea0701d16082f81180a042f0db00be";
/**
 * ADDS r0, #1; then LDR, LDRH, LDRSB, LDRD, VLDR.F32 and VLDR.F64 from two words at CODE + 52, each put into r1; CMP r0, r4; BLT;
 * BKPT
 */
const LITERALS =
  "01300c4b1944bff8303019449ff92b301944dfe90867714039449fed060a9fed051b10ee103a57ec116b31445940a042e6db00be78563412efcdab89";
/** ADDS r0, #1; LDR r3, a word 24 bytes on; ADD r1, r3; each 8th time 5 is added to that word at r6; CMP r0, r4; BLT; BKPT */
const REWRITES_LITERAL = "0130054b194410f0070f01d105333360a042f5db00be00bf01000000";
/** ADDS r0, #1; TBB by r0 & r5 to one of four operations on r1, by a table at CODE + 10; CMP r0, r4; BLT; BKPT */
const TABLE = "013000ea0503dfe803f002040608013104e0103102e0414001e04900a042efdb00be";
const CPACR = 0xe000ed88;
const FPCCR = 0xe000ef34;
const FPDSCR = 0xe000ef3c;

const STOPPED_AT = 20_000;

type Use = (machine: TestMachine) => void;

/** All that a program can see, and the time. */
function state({ cpu, timeline, ram, flash, notes }: TestMachine) {
  return {
    registers: [...cpu.r.subarray(0, 15)].map((value) => (value >>> 0).toString(16)),
    pc: cpu.pc.toString(16),
    xpsr: cpu.xpsr.toString(16),
    now: timeline.now,
    halted: cpu.halted,
    lockedUp: cpu.lockedUp,
    memory: Buffer.from(ram.readable).toString("base64"),
    code: Buffer.from(flash.readable.subarray(0x400, 0x500)).toString("hex"),
    floats: [...cpu.fpu.bits.subarray(0, 32)],
    fpscr: cpu.fpu.fpscr,
    notes,
  };
}

/** Runs the same on all engines and compares after each step of `uses`. Returns the translated machine. */
function same(code: string, ...uses: readonly Use[]): TestMachine {
  const reference = new TestMachine(code, { engine: "reference" });
  const interpreted = new TestMachine(code, { engine: "interpreter" });
  const translated = new TestMachine(code, { engine: "translation", translateAfter: 2 });
  assert.ok(reference.cpu.records === undefined && interpreted.cpu.records !== undefined);
  assert.ok(interpreted.cpu.translator === undefined && translated.cpu.translator !== undefined);
  for (const [n, use] of uses.entries()) {
    use(reference);
    use(interpreted);
    use(translated);
    const wanted = state(reference);
    assert.deepEqual(state(interpreted), wanted, `interpreter, after use ${n}`);
    assert.deepEqual(state(translated), wanted, `translation, after use ${n}`);
  }
  return translated;
}

/** Runs for as many cycles and no more: the engines run on to the next event. */
const runFor =
  (cycles: number): Use =>
  (machine) => {
    machine.timeline.after(cycles * machine.timeline.nsPerCycle, () => {});
    machine.run(cycles);
  };

const start: Use = (machine) => machine.set({ 0: 0, 1: 5, 2: RAM + 0x100, 4: 5000 });

test("a hot loop ends with the same registers, flags and time", () => {
  const machine = same(LOOP, start, runFor(STOPPED_AT * 10));
  assert.equal(machine.reg(0), 5000);
  assert.ok(machine.cpu.translator !== undefined && machine.cpu.translator.translated > 0);
});

test("wherever the time limit falls into a hot loop, it stops at the same instruction", () => {
  const pieces = Array.from({ length: 300 }, (_, n) => runFor(1 + (n % 37)));
  same(LOOP, start, runFor(3000), ...pieces);
});

test("interrupts land in a hot loop at the same cycle and the same instruction", () => {
  for (const period of [101, 113, 256, 1001]) {
    const machine = same(
      LOOP,
      (m) => m.handler(Exception.sysTick, HANDLER),
      (m) => m.word(SYST_RVR, period).word(SYST_CSR, 7),
      start,
      runFor(STOPPED_AT),
    );
    assert.ok(machine.at(RAM + 0x110) > 10, `${machine.at(RAM + 0x110)} interrupts`);
  }
});

test("code in RAM that rewrites what runs executes as it was rewritten", () => {
  const machine = same(
    REWRITES,
    (m) => m.load(RAM + 0x4000, REWRITTEN),
    (m) => m.set({ 0: 0, 1: 0, 4: 800, 5: RAM + 0x4001, 6: RAM + 0x4000 }),
    runFor(STOPPED_AT * 2),
  );
  assert.equal(machine.at(RAM + 0x4000) & 0xff, 1 + 100);
});

test("code that somebody else rewrites under a hot loop ends it", () => {
  const machine = same(LOOP, start, runFor(2000), (m) => m.load(CODE + 8, BKPT), runFor(2000));
  assert.equal(machine.cpu.pc, CODE + 8);
});

test("literals that somebody else rewrites under a hot loop are read anew", () => {
  const machine = same(
    LITERALS,
    (m) => m.word(CPACR, 0xf << 20),
    start,
    runFor(2000),
    (m) => m.load(CODE + 55, "99"),
    runFor(2000),
    // A signalling NaN in S0.
    (m) => m.load(CODE + 54, "a07f"),
    runFor(2000),
    (m) => m.load(CODE + 56, "00"),
    runFor(2000),
  );
  assert.ok(machine.cpu.translator !== undefined && machine.cpu.translator.translated > 3);
});

test("a loop that rewrites a literal of its own reads what it wrote", () => {
  const words = Math.floor(799 / 8);
  const machine = same(
    BKPT,
    (m) => m.load(RAM + 0x4000, REWRITES_LITERAL).set({ 0: 0, 1: 0, 4: 800, 6: RAM + 0x4018 }),
    (m) => {
      m.cpu.pc = RAM + 0x4000;
    },
    runFor(STOPPED_AT),
  );
  assert.equal(machine.at(RAM + 0x4018), 1 + 5 * (words + 1));
});

test("a branch table that is rewritten, or is shorter than an index, leads where it says", () => {
  const at = (mask: number): Use[] => [(m) => m.set({ 5: mask }), runFor(1500)];
  same(
    TABLE,
    start,
    ...at(1),
    ...at(3),
    (m) => m.load(CODE + 11, "07"),
    runFor(1500),
    // The bytes of the first two instructions are taken for distances, too.
    (m) => m.load(CODE + 14, "0405"),
    ...at(5),
  );
});

test("a breakpoint set in a hot loop stops it there, each time around, until it is cleared", () => {
  const machine = same(
    LOOP,
    start,
    runFor(2000),
    (m) => m.cpu.setBreakpoint(CODE + 6),
    runFor(2000),
    (m) => assert.equal(m.cpu.pc, CODE + 6),
    (m) => m.cpu.resume(),
    runFor(2000),
    (m) => assert.equal(m.cpu.pc, CODE + 6),
    (m) => m.cpu.clearBreakpoint(CODE + 6),
    (m) => m.cpu.resume(),
    runFor(STOPPED_AT * 10),
  );
  assert.equal(machine.reg(0), 5000);
});

test("single steps through a hot loop, and on", () => {
  const steps = Array.from({ length: 25 }, (): Use => (m) => m.step());
  same(LOOP, start, runFor(1500), ...steps, runFor(777), ...steps);
});

test("a data watchpoint set while a loop is hot stops it behind the access", () => {
  const machine = same(
    LOOP,
    start,
    runFor(2000),
    (m) => m.cpu.debug.write(DEMCR, 4, TRCENA),
    (m) => m.cpu.debug.write(0xe000edf0, 4, 0xa05f0001),
    (m) => m.cpu.debug.write(DWT_COMP0, 4, RAM + 0x108),
    (m) => m.cpu.debug.write(DWT_COMP0 + 8, 4, 6),
    runFor(2000),
  );
  assert.equal(machine.cpu.pc, CODE + 8);
});

test("a data watchpoint set on a literal of a hot loop stops it", () => {
  const machine = same(
    LITERALS,
    (m) => m.word(CPACR, 0xf << 20),
    start,
    runFor(2000),
    (m) => m.cpu.debug.write(DEMCR, 4, TRCENA),
    (m) => m.cpu.debug.write(0xe000edf0, 4, 0xa05f0001),
    (m) => m.cpu.debug.write(DWT_COMP0, 4, CODE + 56),
    (m) => m.cpu.debug.write(DWT_COMP0 + 8, 4, 5),
    (m) => {
      m.cpu.pc = CODE;
    },
    runFor(2000),
  );
  assert.ok(machine.cpu.halted);
});

test("a fault in the middle of a hot loop has the state of its instruction", () => {
  const machine = same(
    WALKS,
    (m) => m.handler(Exception.busFault, BKPT).word(SHCSR, ALL_FAULTS),
    (m) => m.set({ 0: 0, 1: 0, 2: RAM + 0x8000 }),
    runFor(STOPPED_AT * 10),
  );
  assert.equal(machine.reg(2), RAM + 0x10000);
  assert.equal(machine.at(machine.reg(13) + 24), CODE + 2, "stacked PC");
  assert.equal(machine.reg(0), 0x8000 / 4 + 1);
});

test("unaligned words work across pages, and trap once CCR.UNALIGN_TRP is set", () => {
  const machine = same(
    UNALIGNED,
    (m) => m.handler(Exception.usageFault, BKPT).word(SHCSR, ALL_FAULTS),
    (m) => m.set({ 0: 0, 1: 0, 2: RAM + 0x1f80, 4: 5000 }),
    runFor(STOPPED_AT),
    (m) => m.word(CCR, 0x200 | UNALIGN_TRP),
    runFor(STOPPED_AT),
  );
  assert.equal(machine.at(machine.reg(13) + 24), CODE + 6, "stacked PC");
});

test("MPU regions that change under a hot loop are obeyed at once", () => {
  const machine = same(
    LOOP,
    (m) => m.handler(Exception.memManage, BKPT).word(SHCSR, ALL_FAULTS),
    start,
    runFor(2000),
    (m) => m.word(MPU + 4, 5),
    runFor(2000),
    // 256 bytes, read-only, at the loop's data.
    (m) => m.word(MPU + 12, (RAM + 0x100) | 0x10).word(MPU + 16, 0x0600000f),
    runFor(2000),
  );
  assert.equal(machine.at(machine.reg(13) + 24), CODE + 6, "stacked PC");
});

/** ADDS r0, #1 at the end of a page; ADD.W r1, r1, r0 half in it, half in the next; B */
const ACROSS_PAGES = "013001eb0001fbe7";
const PAGE = FLASH + 0x3000;
/** Size 4 KiB, enabled, full access. */
const WHOLE_PAGE = 0x03000017;
const XN = 1 << 28;

test("what an MPU region leaves executable stays translated; what it does not faults, a second halfword in the next page, too", () => {
  const region = (machine: TestMachine, attributes: number): TestMachine =>
    machine.word(MPU + 12, PAGE | 0x10).word(MPU + 16, attributes);
  const machine = same(
    BKPT,
    (m) =>
      m
        .load(PAGE - 4, ACROSS_PAGES)
        .handler(Exception.memManage, BKPT)
        .word(SHCSR, ALL_FAULTS),
    (m) => m.word(MPU + 4, 5),
    (m) => {
      m.cpu.pc = PAGE - 4;
    },
    runFor(2000),
    (m) => region(m, WHOLE_PAGE),
    runFor(2000),
    (m) => {
      if (m.cpu.translator !== undefined) assert.equal(m.cpu.translator.translated, 1);
    },
    (m) => region(m, WHOLE_PAGE | XN),
    runFor(2000),
  );
  assert.equal(machine.at(machine.reg(13) + 24), PAGE - 2, "stacked PC");
});

test("accesses of all sizes around one register: in one page, across pages, unaligned, and to nothing", () => {
  const from = (r5: number): Use[] => [
    (m) => m.set({ 0: 0, 1: 0, 4: 100_000, 5: r5 }).word(CPACR, 0xf00000),
    ...Array.from({ length: 12 }, (_, n) => runFor(700 + n)),
  ];
  const faults: Use = (m) => m.handler(Exception.busFault, BKPT).handler(Exception.usageFault, BKPT);
  const enabled: Use = (m) => m.word(SHCSR, ALL_FAULTS);
  same(FIELDS, ...from(RAM + 0x2100), ...from(RAM + 0x1f80), ...from(RAM + 0x2e00));
  same(FIELDS, faults, enabled, ...from(RAM + 0x2100), ...from(RAM + 0x10000 - 128));
  same(FIELDS, faults, enabled, ...from(RAM + 0x2100), ...from(RAM + 0x2101));
  same(PACKED, ...from(RAM + 0x2100), ...from(RAM + 0x1fc0));
});

/** Floating-point registers that the loop does not set, and access to the unit. */
const startFloats: Use = (m) => {
  m.set({ 0: 0, 2: RAM + 0x100, 4: 5000 })
    .word(CPACR, 0xf00000)
    .word(RAM + 0x110, 0x3f800000);
  m.cpu.fpu.s.set([0.1, 0, 7, 1e5], 3);
};

test("a hot loop with floating point ends with the same registers and FPSCR", () => {
  const { cpu } = same(FLOATS, startFloats, runFor(STOPPED_AT * 10));
  assert.ok(cpu.halted && cpu.fpu.fpscr !== 0);
  assert.ok(cpu.translator !== undefined && cpu.translator.cycles > STOPPED_AT);
});

test("handlers with floating point save a hot loop's registers as FPCCR says", () => {
  for (const [fpccr, period] of [
    [0xc0000000, 173],
    [0xc0000000, 1001],
    [0x80000000, 257],
    [0, 257],
  ] as const) {
    const machine = same(
      FLOATS,
      (m) => m.handler(Exception.sysTick, FLOAT_HANDLER),
      (m) => m.word(SYST_RVR, period).word(SYST_CSR, 7).word(FPCCR, fpccr),
      startFloats,
      ...Array.from({ length: 40 }, (_, n) => runFor(401 + n)),
    );
    assert.ok(machine.at(RAM + 0x114) > 10, `${machine.at(RAM + 0x114)} interrupts`);
  }
});

test("FPSCR's modes hold from the instruction on that comes behind their change", () => {
  const modes = Array.from({ length: 32 }, (_, n): Use[] => [
    (m) => m.cpu.fpu.setFpscr((n & 15) * (1 << 22) + (n & 16)),
    runFor(333),
  ]);
  same(FLOATS, startFloats, runFor(3000), ...modes.flat());
});

test("a context begins with FPDSCR, and without CPACR a hot loop faults at its first floating-point instruction", () => {
  const machine = same(
    FLOATS,
    (m) => m.handler(Exception.usageFault, BKPT).word(SHCSR, ALL_FAULTS).word(FPDSCR, 0x03000000),
    startFloats,
    runFor(3000),
    (m) => m.word(CPACR, 0),
    runFor(3000),
  );
  assert.equal(machine.cpu.fpu.fpscr & 0x03000000, 0x03000000);
  assert.ok(machine.cpu.halted);
});

test("where a JavaScript engine has no WebAssembly, the same is interpreted", () => {
  const code = `
    const { TestMachine } = await import(${JSON.stringify(new URL("../test-machine.js", import.meta.url).href)});
    const machine = new TestMachine("${LOOP}", { engine: "translation" });
    machine.set({ 0: 0, 1: 5, 2: ${RAM + 0x100}, 4: 5000 }).run(${STOPPED_AT * 10});
    const { records, translator } = machine.cpu;
    console.log(typeof WebAssembly, records === undefined, translator === undefined, machine.reg(0));`;
  const options = ["--jitless", "--input-type=module", "--eval", code];
  const said = execFileSync(process.execPath, options, { encoding: "utf8" });
  assert.equal(said.trim(), "undefined true true 5000");
});

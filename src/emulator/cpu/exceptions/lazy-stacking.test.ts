import assert from "node:assert/strict";
import { test } from "node:test";
import { RAM, STACK_TOP, TestMachine } from "../test-machine.js";
import { CFSR, Exception } from "./faults.js";

const CPACR = 0xe000ed88;
const FPCCR = 0xe000ef34;
const FPCAR = 0xe000ef38;
const FPDSCR = 0xe000ef3c;
const THREAD_CODE = /* vadd.f32 s0,s1,s1; svc 0; bkpt 0 */ "30eea00a00df00be";
const STALE = 0x55555555;

function machine(handler: string): TestMachine {
  const created = new TestMachine(THREAD_CODE).word(CPACR, 0xf00000).handler(Exception.svCall, handler);
  created.cpu.fpu.s[1] = 2;
  for (let at = STACK_TOP - 104; at < STACK_TOP; at += 4) created.word(at, STALE);
  return created.set({ 8: FPCCR });
}

test("the first floating-point instruction of a handler saves the interrupted context", () => {
  const m = machine(
    /* ldr r4,[r8]; ldr r5,[sp,#32]; vmov s0,r4; ldr r6,[r8]; ldr r7,[sp,#32]; vmov s15,r4; bx lr */ "d8f80040089d00ee104ad8f80060089f07ee904a7047",
  ).run();
  // ASPEN, LSPEN, HFRDY, THREAD, LSPACT; then without LSPACT.
  assert.deepEqual([m.reg(4), m.reg(6)], [0xc0000019, 0xc0000018]);
  assert.deepEqual([m.reg(5), m.reg(7)], [STALE, 0x40800000]);
  assert.deepEqual([m.cpu.fpu.s[0], m.cpu.control, m.reg(13)], [4, 4, STACK_TOP]);
  assert.equal(m.at(FPCAR), STACK_TOP - 72);
});

test("a handler without floating point leaves the context in its registers", () => {
  const m = machine(/* ldr r4,[r8]; bx lr */ "d8f800407047").run();
  assert.equal(m.reg(4) & 1, 1);
  assert.equal(m.at(FPCCR) & 1, 0);
  assert.equal(m.at(STACK_TOP - 72), STALE);
  assert.deepEqual([m.cpu.fpu.s[0], m.cpu.control], [4, 4]);
});

test("LSPEN 0 saves at once; ASPEN 0 leaves it to software", () => {
  const eager = machine(/* ldr r4,[r8]; bx lr */ "d8f800407047").word(FPCCR, 0x80000000).run();
  assert.deepEqual([eager.reg(4) & 1, eager.at(STACK_TOP - 72)], [0, 0x40800000]);
  const manual = machine(/* ldr r4,[r8]; bx lr */ "d8f800407047").word(FPCCR, 0).run();
  assert.deepEqual([manual.cpu.control, manual.at(STACK_TOP - 72)], [0, STALE]);
});

test("a new context starts with FPDSCR", () => {
  const m = machine(
    /* ldr r4,[r8]; ldr r5,[sp,#32]; vmov s0,r4; ldr r6,[r8]; ldr r7,[sp,#32]; vmov s15,r4; bx lr */ "d8f80040089d00ee104ad8f80060089f07ee904a7047",
  );
  m.word(FPDSCR, 0xffffffff).step(2);
  assert.equal(m.cpu.fpu.fpscr, 0x07c00000);
});

test("a save that fails is a fault of the instruction that asked for it", () => {
  const m = machine(
    /* ldr r4,[r8]; ldr r5,[sp,#32]; vmov s0,r4; ldr r6,[r8]; ldr r7,[sp,#32]; vmov s15,r4; bx lr */ "d8f80040089d00ee104ad8f80060089f07ee904a7047",
  );
  m.handler(Exception.busFault, /* bkpt 1 */ "01be")
    .word(0xe000ed24, 1 << 17)
    .word(0xe000ed1c, 0x80000000);
  m.step(4);
  assert.equal(m.cpu.ipsr, Exception.svCall);
  m.word(FPCAR, 0x60000000).run();
  assert.equal(m.cpu.ipsr, Exception.busFault);
  assert.equal(m.at(0xe000ed28), CFSR.LSPERR);
  assert.notEqual(m.at(FPCCR) & 1, 0);
  assert.equal(m.at(RAM), 0);
});

const FPU_SAVE_TARGET = 0x60000000;

test("a save that fails while its fault cannot be taken leaves that pending, and the instruction goes on", () => {
  const m = machine(/* vmov s0,r4; movs r6,#6; bx lr */ "00ee104a06267047")
    .handler(Exception.busFault, /* bkpt 1 */ "01be")
    .word(0xe000ed24, 1 << 17);
  m.set({ 4: 0x40000000 }).step(2);
  assert.equal(m.cpu.ipsr, Exception.svCall);
  // BusFault has the priority of SVCall.
  m.word(FPCAR, FPU_SAVE_TARGET).step(2);
  assert.deepEqual([m.cpu.ipsr, m.reg(6), m.cpu.fpu.s[0], m.at(FPCCR) & 1], [Exception.svCall, 6, 2, 0]);
  assert.equal(m.cpu.exceptions.isPending(Exception.busFault), true);
  m.run();
  assert.deepEqual([m.cpu.ipsr, m.at(0xe000ed28)], [Exception.busFault, CFSR.LSPERR]);
});

test("the MPU stands before a late save as before the interrupted code, even in HardFault", () => {
  const m = new TestMachine(/* vadd.f32 s0,s1,s1; udf 0 */ "30eea00a00de").word(CPACR, 0xf00000);
  m.handler(Exception.hardFault, /* vmov s0,r4; movs r6,#6; bkpt 1 */ "00ee104a062601be");
  // Flash and half of the RAM may be used; MemManage is on, UsageFault is not.
  for (const [number, base, bits] of [
    [0, 0x08000000, 16],
    [1, RAM, 15],
  ] as const)
    m.word(0xe000ed9c, base | 0x10 | number).word(0xe000eda0, (3 << 24) | ((bits - 1) << 1) | 1);
  m.word(0xe000ed24, 1 << 16)
    .word(0xe000ed94, 1)
    .step(2);
  assert.equal(m.cpu.ipsr, Exception.hardFault);
  m.word(FPCAR, RAM + 0x9000).run();
  assert.deepEqual([m.cpu.ipsr, m.reg(6)], [Exception.hardFault, 6]);
  assert.equal(m.at(0xe000ed28), CFSR.MLSPERR | CFSR.UNDEFINSTR);
  assert.equal(m.cpu.exceptions.isPending(Exception.memManage), true);
});

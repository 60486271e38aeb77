import assert from "node:assert/strict";
import { test } from "node:test";
import { CFSR, Exception } from "./exceptions/faults.js";
import { CODE, RAM, TestMachine } from "./test-machine.js";

const MPU_CTRL = 0xe000ed94;
const RBAR = 0xe000ed9c;
const RASR = 0xe000eda0;
const SYST = 0xe000e010;
const STOP = /* bkpt 1 */ "01be";
/** RASR for a region of 2 ** bits bytes. */
const rasr = (bits: number, ap: number, more = 0): number =>
  (((bits - 1) << 1) | (ap << 24) | more | 1) >>> 0;
const XN = 1 << 28;

function protectedMachine(code: string): TestMachine {
  const machine = new TestMachine(code).handler(Exception.memManage, STOP).word(0xe000ed24, 7 << 16);
  return machine
    .word(RBAR, 0x08000010)
    .word(RASR, rasr(16, 6))
    .word(RBAR, 0x20000011)
    .word(RASR, rasr(16, 3));
}

test("the MPU stops a store to read-only memory and names the address", () => {
  const machine = protectedMachine(/* str r0,[r1]; str r0,[r2]; bkpt 0 */ "0860106000be").word(MPU_CTRL, 1);
  machine.set({ 0: 5, 1: RAM, 2: CODE + 0x100 }).run();
  assert.equal(machine.cpu.ipsr, Exception.memManage);
  assert.equal(machine.at(0xe000ed28), CFSR.DACCVIOL | CFSR.MMARVALID);
  assert.equal(machine.at(0xe000ed34), CODE + 0x100);
  assert.equal(machine.at(RAM), 5);
});

test("the MPU stops execution from an XN region", () => {
  const machine = protectedMachine(/* bx r0 */ "0047")
    .word(RASR, rasr(16, 3, XN))
    .word(MPU_CTRL, 1)
    .load(RAM, STOP);
  machine.set({ 0: RAM | 1 }).run();
  assert.equal(machine.at(0xe000ed28), CFSR.IACCVIOL);
});

test("a higher region wins, disabled subregions fall through, within one page", () => {
  const machine = protectedMachine(/* ldr r0,[r1]; ldr r0,[r2]; bkpt 0 */ "0868106800be");
  // Region 2: 256 bytes without access, its second 32-byte subregion cut out.
  machine
    .word(RBAR, (RAM + 0x100) | 0x12)
    .word(RASR, rasr(8, 0, 2 << 8))
    .word(MPU_CTRL, 1);
  machine
    .word(RAM + 0x120, 7)
    .set({ 1: RAM + 0x120, 2: RAM + 0x11c })
    .run();
  assert.equal(machine.reg(0), 7);
  assert.equal(machine.at(0xe000ed34), RAM + 0x11c);
});

test("the background region is for privileged code only", () => {
  const machine = protectedMachine(
    /* ldr r0,[r1]; msr control,r2; isb; ldr r0,[r1]; bkpt 0 */ "086882f31488bff36f8f086800be",
  );
  machine.word(RASR, rasr(13, 3)).word(MPU_CTRL, 5);
  machine.set({ 1: RAM + 0x4000, 2: 3 });
  machine.cpu.psp = RAM + 0x1000;
  machine.run();
  assert.equal(machine.at(0xe000ed34), RAM + 0x4000);
  assert.equal(machine.cpu.pc, 0x08001000 + 4 * 0x80);
});

test("changing a region takes effect on what was already decoded and cached", () => {
  const machine = protectedMachine(
    /* ldr r0,[r1]; str r2,[r3]; dsb; ldr r0,[r1]; bkpt 0 */ "08681a60bff34f8f086800be",
  ).word(MPU_CTRL, 1);
  machine.set({ 1: RAM, 2: rasr(16, 0), 3: RASR }).run();
  assert.equal(machine.at(0xe000ed34), RAM);
});

test("a region's attributes and its size can be written by halves", () => {
  const machine = new TestMachine(
    /* strh r0,[r2,#2]; strh r1,[r2]; ldrh r3,[r2,#2]; bkpt 0 */ "50801180538800be",
  );
  machine.set({ 0: 0x0306, 1: 0x8017, 2: 0xe000eda0 }).run();
  assert.deepEqual([machine.at(0xe000eda0), machine.reg(3)], [0x03068017, 0x0306]);
});

test("SysTick counts processor cycles, reloads and interrupts", () => {
  const machine = new TestMachine(/* 1: wfi; cmp r4,#3; bne 1b; bkpt 0 */ "30bf032cfcd100be").handler(
    15,
    /* adds r4,#1; bx lr */ "01347047",
  );
  machine
    .word(SYST + 4, 999)
    .word(SYST + 8, 0)
    .word(SYST, 7);
  const start = machine.timeline.now;
  machine.run();
  const cycles = (machine.timeline.now - start) / machine.timeline.nsPerCycle;
  assert.ok(cycles >= 3000 && cycles < 3100, `${cycles} cycles`);
});

test("SysTick reads back time and sets COUNTFLAG once", () => {
  const machine = new TestMachine(/* 1: b 1b */ "fee7");
  machine
    .word(SYST + 4, 99)
    .word(SYST + 8, 0)
    .word(SYST, 5);
  assert.equal(machine.at(SYST + 8), 0);
  machine.timeline.skipTo(machine.timeline.now + 10 * 10);
  assert.equal(machine.at(SYST + 8), 90);
  machine.timeline.skipTo(machine.timeline.now + 10 * 100);
  assert.equal(machine.at(SYST + 8), 90);
  assert.equal(machine.at(SYST), 0x10005);
  assert.equal(machine.at(SYST), 5);
});

test("SysTick sets COUNTFLAG and interrupts, too, when it was read at a count of 1", () => {
  const machine = new TestMachine();
  machine
    .word(SYST + 4, 99)
    .word(SYST + 8, 0)
    .word(SYST, 7);
  machine.timeline.skipTo(machine.timeline.now + 10 * 99);
  assert.deepEqual([machine.at(SYST + 8), machine.at(SYST)], [1, 7]);
  machine.timeline.skipTo(machine.timeline.now + 10);
  assert.equal(machine.at(SYST), 0x10007);
  assert.ok(machine.cpu.exceptions.isPending(Exception.sysTick));
});

test("the external SysTick clock is one eighth", () => {
  const machine = new TestMachine();
  machine
    .word(SYST + 4, 0xffffff)
    .word(SYST + 8, 0)
    .word(SYST, 1);
  machine.timeline.skipTo(machine.timeline.now + 10 * 800);
  assert.equal(machine.at(SYST + 8), 0x1000000 - 100);
});

test("the cycle counter needs no key after a reset, and a wrong one locks it", () => {
  const machine = new TestMachine();
  machine.word(0xe000edfc, 1 << 24).word(0xe0001000, 1);
  assert.equal(machine.at(0xe0001000) & 1, 1);
  machine.word(0xe0001fb0, 1).word(0xe0001000, 0);
  assert.equal(machine.at(0xe0001000) & 1, 1);
  assert.equal(machine.at(0xe0001fb4), 3);
  machine.word(0xe0001fb0, 0xc5acce55).word(0xe0001000, 0);
  assert.equal(machine.at(0xe0001000) & 1, 0);
});

test("CYCCNT counts only with TRCENA and CYCCNTENA, and not asleep", () => {
  const machine = new TestMachine(/* nop; nop; nop; wfi; nop; bkpt 0 */ "00bf00bf00bf30bf00bf00be");
  machine.word(0xe0001000, 1);
  machine.timeline.skipTo(1000);
  assert.equal(machine.at(0xe0001004), 0);
  machine.word(0xe000edfc, 1 << 24);
  machine.timeline.after(50_000, () => machine.word(0xe000e200, 1));
  machine.word(0xe000e100, 1).handler(16, /* bx lr */ "7047").run();
  const count = machine.at(0xe0001004);
  assert.ok(count > 5 && count < 60, `${count} cycles`);
});

test("WFI wakes with interrupts masked, WFE on an event", () => {
  const machine = new TestMachine(
    /* cpsid i; wfi; movs r4,#1; sev; wfe; movs r4,#2; wfe; movs r4,#3; bkpt 0 */ "72b630bf012440bf20bf022420bf032400be",
  );
  machine.word(0xe000e100, 1);
  machine.timeline.after(5_000, () => machine.cpu.irqLine(0).set(true));
  machine.run(2_000);
  assert.equal(machine.reg(4), 2);
  assert.equal(machine.cpu.sleeping, true);
});

test("a pending interrupt wakes sleep-on-exit each time", () => {
  const machine = new TestMachine(/* wfi; bkpt 0 */ "30bf00be").handler(
    16,
    /* adds r4,#1; bx lr */ "01347047",
  );
  machine.word(0xe000ed10, 2).word(0xe000e100, 1);
  machine.timeline.after(5_000, () => machine.word(0xe000e200, 1));
  machine.timeline.after(9_000, () => machine.word(0xe000e200, 1));
  machine.run(3_000);
  assert.deepEqual([machine.reg(4), machine.cpu.sleeping, machine.cpu.pc], [2, true, CODE + 2]);
});

test("identification and interrupt count are those of the STM32H7's Cortex-M7", () => {
  const machine = new TestMachine();
  assert.deepEqual(
    [0xe000ed00, 0xe000e004, 0xe000ed90].map((address) => machine.at(address)),
    [0x411fc271, 4, 0x1000],
  );
  machine.bus.write(0xe000e400 + 149, 1, 0xff);
  assert.equal(machine.bus.read(0xe000e400 + 149, 1), 0xf0);
});

test("memory that stops lending its bytes is no longer executed from", () => {
  const window = {
    readable: undefined as Uint8Array | undefined,
    writable: undefined,
    read: () => 0,
    write: () => {},
  };
  window.readable = Uint8Array.from([0x01, 0x21, 0x70, 0x47]);
  const machine = new TestMachine(/* blx r0; blx r0; bkpt 0 */ "8047804700be");
  machine.bus.map(0x90000000, 0x1000, window, "window");
  machine.set({ 0: 0x90000001, 1: 0 }).step(3);
  assert.equal(machine.reg(1), 1);
  window.readable = Uint8Array.from([0x02, 0x21, 0x70, 0x47]);
  machine.step(3);
  assert.equal(machine.reg(1), 2);
});

test("a whole byte as a system handler's priority is no mistake: the low bits are not there", () => {
  const machine = new TestMachine().word(0xe000ed20, 0xffff0000);
  assert.equal(machine.at(0xe000ed20), 0xf0f00000);
  assert.deepEqual(machine.notes, []);
});

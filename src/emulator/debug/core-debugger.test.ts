import assert from "node:assert/strict";
import { test } from "node:test";
import { CODE, FLASH, RAM, TestMachine } from "../cpu/test-machine.js";
import { CoreDebugger } from "./core-debugger.js";
import { CORE_REGISTER, DebugError } from "./target.js";

const DHCSR = 0xe000_edf0;
/** movs r0,#1; movs r0,#2; movs r0,#3; movs r0,#4; b . */
const COUNT = "0120022003200420fee7";
/** ldr r1,[r2]; adds r1,#1; str r1,[r2]; b CODE */
const INCREMENT = "116801311160fbe7";

class Desk {
  readonly machine: TestMachine;
  readonly core: CoreDebugger;

  constructor(code: string) {
    this.machine = new TestMachine(code);
    this.machine.breakpointsHalt = false;
    this.core = new CoreDebugger(this.machine.cpu.debug);
    this.core.halt();
  }

  get pc(): number {
    return this.core.readRegister(CORE_REGISTER.PC);
  }

  readonly run = (): void => void this.machine.run(1000);

  /** Lets it run to its next stop. */
  go(): string {
    this.core.resume(this.run);
    this.run();
    return this.machine.cpu.halted ? this.core.stopReason.kind : "running";
  }
}

test("steps one instruction at a time, off a breakpoint too, and off a WFI", () => {
  const desk = new Desk(COUNT);
  assert.equal(desk.core.stopReason.kind, "request");
  desk.core.insertBreakpoint(CODE);
  desk.core.step(desk.run);
  assert.deepEqual([desk.pc, desk.core.stopReason.kind], [CODE + 2, "step"]);
  desk.core.writeRegister(CORE_REGISTER.PC, CODE + 6);
  desk.core.step(desk.run);
  assert.equal(desk.core.readRegister(0), 4);
  const asleep = new Desk(/* wfi; b . */ "30bffee7");
  asleep.core.step(asleep.run);
  assert.deepEqual([asleep.pc, asleep.core.stopReason.kind], [CODE + 2, "step"]);
});

test("a breakpoint holds each time, and not what stands on it and goes on", () => {
  const desk = new Desk(INCREMENT);
  desk.machine.set({ 2: RAM + 0x100 });
  desk.core.insertBreakpoint(CODE + 4);
  for (let n = 1; n < 4; n++) {
    assert.equal(desk.go(), "breakpoint");
    assert.deepEqual([desk.pc, desk.core.readRegister(1)], [CODE + 4, n]);
  }
  assert.ok(desk.core.hasBreakpoint(CODE + 4));
  desk.core.removeBreakpoint(CODE + 4);
  assert.equal(desk.go(), "running");
});

test("eight breakpoints, and no ninth; one twice is one", () => {
  const { core } = new Desk(COUNT);
  for (let n = 0; n < 8; n++) core.insertBreakpoint(0x9000_0000 + 4 * n);
  core.insertBreakpoint(0x9000_0000);
  assert.throws(() => core.insertBreakpoint(CODE), DebugError);
  core.removeBreakpoint(0x9000_0008);
  core.insertBreakpoint(CODE);
});

test("watchpoints tell which of them it was, and take as many comparators as the range needs", () => {
  const desk = new Desk(INCREMENT);
  desk.machine.set({ 2: RAM + 0x100 });
  desk.core.insertWatchpoint("write", RAM + 0x200, 4);
  desk.core.insertWatchpoint("write", RAM + 0x100, 4);
  assert.equal(desk.go(), "watchpoint");
  assert.deepEqual(desk.core.stopReason, { kind: "watchpoint", access: "write", address: RAM + 0x100 });
  assert.equal(desk.pc, CODE + 6);
  // 6 bytes from 2 on: 2 and 4.
  desk.core.insertWatchpoint("read", RAM + 0x302, 6);
  assert.throws(() => desk.core.insertWatchpoint("access", RAM + 0x400, 1), /1 of 4.*0 are free/s);
  desk.core.removeWatchpoint("read", RAM + 0x302, 6);
  desk.core.removeWatchpoint("write", RAM + 0x100, 4);
  desk.core.insertWatchpoint("read", RAM + 0x100, 4);
  assert.equal(desk.go(), "watchpoint");
  assert.equal(desk.pc, CODE + 2);
});

test("a step that meets a watchpoint says so", () => {
  const desk = new Desk(INCREMENT);
  desk.machine.set({ 2: RAM + 0x100 });
  desk.core.insertWatchpoint("read", RAM + 0x100, 4);
  desk.core.step(desk.run);
  assert.equal(desk.core.stopReason.kind, "watchpoint");
});

test("an interrupt that is due is handled before a step, which does not end in the handler", () => {
  const desk = new Desk(COUNT);
  desk.machine.handler(15, /* movs r7,#9; bx lr */ "09277047");
  desk.machine.cpu.exceptions.setPending(15, true);
  desk.core.step(desk.run);
  assert.deepEqual([desk.pc, desk.core.readRegister(7), desk.core.readRegister(0)], [CODE + 2, 9, 1]);
  assert.equal(desk.core.stopReason.kind, "step");
});

test("a breakpoint in a handler stops a step there; a handler that does not end is stopped", () => {
  const desk = new Desk(COUNT);
  const handler = FLASH + 0x1000 + 15 * 0x80;
  desk.machine.handler(15, /* movs r7,#9; b . */ "0927fee7");
  desk.core.insertBreakpoint(handler);
  desk.machine.cpu.exceptions.setPending(15, true);
  desk.core.step(desk.run);
  assert.deepEqual([desk.pc, desk.core.stopReason.kind], [handler, "breakpoint"]);
  desk.core.removeBreakpoint(handler);
  const endless = new Desk(COUNT);
  endless.machine.handler(15, "0927fee7");
  endless.machine.cpu.exceptions.setPending(15, true);
  endless.core.step(endless.run);
  assert.deepEqual([endless.machine.cpu.halted, endless.pc], [true, handler + 2]);
  assert.equal(endless.core.stopReason.kind, "request");
});

test("with every comparator in use a step holds interrupts back", () => {
  const desk = new Desk(COUNT);
  for (let n = 0; n < 8; n++) desk.core.insertBreakpoint(0x9000_0000 + 4 * n);
  desk.machine.handler(15, "09277047");
  desk.machine.cpu.exceptions.setPending(15, true);
  desk.core.step(desk.run);
  assert.deepEqual([desk.pc, desk.core.readRegister(7)], [CODE + 2, 0]);
});

test("a reset can stop before the first instruction, and breakpoints outlive it", () => {
  const desk = new Desk(COUNT);
  desk.core.insertBreakpoint(CODE + 4);
  desk.core.requestReset(true);
  assert.equal(desk.machine.resets, 1);
  desk.machine.cpu.reset(FLASH);
  desk.core.afterReset();
  assert.deepEqual(
    [desk.machine.cpu.halted, desk.pc, desk.core.stopReason.kind],
    [true, CODE, "vector-catch"],
  );
  assert.equal(desk.go(), "breakpoint");
  desk.core.requestReset(false);
  desk.machine.cpu.reset(FLASH);
  desk.core.afterReset();
  assert.equal(desk.machine.cpu.halted, false);
});

test("released, the core runs, a breakpoint is forgotten, and halting debug is off", () => {
  const desk = new Desk(COUNT);
  desk.core.insertBreakpoint(CODE + 4);
  desk.core.insertWatchpoint("access", RAM, 4);
  desk.core.release();
  desk.machine.run(1000);
  assert.equal(desk.machine.cpu.halted, false);
  assert.equal(desk.machine.cpu.debug.read(DHCSR, 4) & 0xf, 0);
  desk.core.halt();
  assert.equal(desk.pc, CODE + 8);
});

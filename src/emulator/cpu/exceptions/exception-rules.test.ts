/** Rules of exception entry and return that QEMU, which the core is compared with, has not or has otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CODE, FLASH, RAM, TestMachine } from "../test-machine.js";
import { CFSR, Exception } from "./faults.js";

const ICSR = 0xe000ed04;
const SHCSR = 0xe000ed24;
const CFSR_AT = 0xe000ed28;
const MPU_CTRL = 0xe000ed94;
const STOP = /* bkpt 1 */ "01be";
const USAGE_FAULT_ON = 1 << 18;

/** Region `number`: 2 ** `bits` bytes. */
function region(machine: TestMachine, number: number, base: number, bits: number, ap: number): void {
  machine.word(0xe000ed9c, base | 0x10 | number).word(0xe000eda0, (ap << 24) | ((bits - 1) << 1) | 1);
}

test("vectors are read past the MPU, whoever is interrupted", () => {
  const machine = new TestMachine(/* msr control,r0; isb; svc 0 */ "80f31488bff36f8f00df");
  machine.handler(Exception.svCall, STOP);
  region(machine, 0, FLASH, 16, 3);
  region(machine, 1, RAM, 16, 3);
  region(machine, 2, FLASH, 10, 0);
  machine.word(MPU_CTRL, 1).set({ 0: 1 }).run();
  assert.deepEqual([machine.cpu.ipsr, machine.at(0xe000ed2c)], [Exception.svCall, 0]);
});

test("VECTPENDING shows what BASEPRI and FAULTMASK do, not PRIMASK", () => {
  const machine = new TestMachine().word(0xe000e100, 1).word(0xe000e400, 0x80).word(0xe000e200, 1);
  const { exceptions } = machine.cpu;
  const pending = (primask: number, basepri: number, faultmask: number): number => {
    Object.assign(exceptions, { primask, basepri, faultmask });
    return (machine.at(ICSR) >>> 12) & 0x1ff;
  };
  assert.deepEqual(
    [pending(0, 0, 0), pending(1, 0, 0), pending(0, 0x90, 0), pending(0, 0x80, 0), pending(0, 0, 1)],
    [16, 16, 16, 0, 0],
  );
  exceptions.setPending(Exception.nmi, true);
  assert.equal(pending(1, 0x10, 1), Exception.nmi);
});

test("RETTOBASE counts what is active besides the exception of IPSR", () => {
  const machine = new TestMachine();
  const { cpu } = machine;
  cpu.setMode(Exception.svCall, 0);
  const toBase = (...active: readonly number[]): boolean => {
    cpu.exceptions.clearActive();
    for (const number of active) cpu.exceptions.setActive(number, true);
    return (machine.at(ICSR) & (1 << 11)) !== 0;
  };
  assert.deepEqual(
    [toBase(Exception.svCall), toBase(Exception.svCall, Exception.sysTick), toBase(Exception.sysTick)],
    [true, false, false],
  );
});

test("an exception return is an event for WFE, as the entry is", () => {
  const machine = new TestMachine(/* svc 0; wfe; movs r4,#1; bkpt 0 */ "00df20bf012400be");
  machine.handler(Exception.svCall, /* wfe; bx lr */ "20bf7047").run();
  assert.deepEqual([machine.reg(4), machine.cpu.sleeping], [1, false]);
});

test("a return with HardFault active and NMI inactive ends HardFault, whatever IPSR says", () => {
  const machine = new TestMachine(/* udf 0 */ "00de")
    .handler(Exception.hardFault, /* str r6,[r5]; dsb; movs r4,#1; bx lr */ "2e60bff34f8f01247047")
    // The handler of NMI makes HardFault's IPSR 5.
    .handler(
      Exception.nmi,
      /* ldr r0,[sp,#28]; bfi r0,r7,#0,#9; str r0,[sp,#28]; bx lr */ "079867f3080007907047",
    )
    .handler(Exception.usageFault, STOP);
  machine.set({ 5: ICSR, 6: 1 << 31, 7: Exception.busFault }).step(2);
  assert.equal(machine.cpu.ipsr, Exception.hardFault);
  machine.word(SHCSR, USAGE_FAULT_ON).run();
  const { ipsr, exceptions, lockedUp } = machine.cpu;
  assert.deepEqual([ipsr, lockedUp, exceptions.isActive(Exception.hardFault)], [6, false, false]);
  assert.equal(machine.at(CFSR_AT), CFSR.UNDEFINSTR | CFSR.INVPC);
});

test("there are no bit-band aliases on Cortex-M7", () => {
  const machine = new TestMachine(/* ldr r0,[r1] */ "0868").handler(Exception.hardFault, STOP);
  machine.set({ 1: 0x22000000 }).run();
  assert.equal(machine.at(CFSR_AT), CFSR.PRECISERR | CFSR.BFARVALID);
});

test("an unprivileged thread's frame is written and read with its own rights", () => {
  // PSP lies where only privileged code may write.
  const code = /* msr control,r0; isb; svc 0 */ "80f31488bff36f8f00df";
  const machine = new TestMachine(code).handler(Exception.svCall, STOP).handler(Exception.hardFault, STOP);
  region(machine, 0, FLASH, 16, 3);
  region(machine, 1, RAM, 16, 1);
  machine.cpu.psp = RAM + 0x1000;
  machine.word(MPU_CTRL, 1).set({ 0: 3 }).run();
  assert.deepEqual([machine.cpu.ipsr, machine.at(CFSR_AT)], [Exception.hardFault, CFSR.MSTKERR]);
  assert.equal(machine.cpu.exceptions.isPending(Exception.svCall), true);
  assert.equal(machine.cpu.at.pc, CODE - 0x400 + 0x1000 + Exception.hardFault * 0x80);
});

test("a fault of the return itself clears the exclusive monitor, as every entry does", () => {
  const machine = new TestMachine(/* svc 0 */ "00df").word(SHCSR, USAGE_FAULT_ON);
  machine.handler(Exception.svCall, /* ldrex r1,[r2]; bx r5 */ "52e8001f2847");
  machine.handler(Exception.usageFault, /* strex r0,r1,[r2] */ `42e80010${STOP}`);
  machine.set({ 0: 7, 2: RAM, 5: 0xfffffff5 }).run();
  assert.deepEqual([machine.cpu.ipsr, machine.at(CFSR_AT)], [Exception.usageFault, CFSR.INVPC]);
  assert.equal(machine.reg(0), 1);
});

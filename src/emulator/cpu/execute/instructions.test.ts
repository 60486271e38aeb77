import assert from "node:assert/strict";
import { test } from "node:test";
import { UnmodelledInstructionError } from "../exceptions/faults.js";
import { CODE, RAM, STACK_TOP, TestMachine } from "../test-machine.js";
import { VECTORS } from "./instruction-vectors.js";

const swap = (op: string): string => op.replace(/(..)(..)/g, "$2$1");
const hex = (values: readonly number[]): string => values.map((v) => (v >>> 0).toString(16)).join(",");

test("data processing agrees with another implementation on corner operands and flags", () => {
  const machine = new TestMachine();
  const { cpu } = machine;
  let cases = 0;
  for (const line of VECTORS.trim().split("\n")) {
    const [op = "", name = "", ...rows] = line.split(" ");
    machine.load(CODE, swap(op));
    for (const row of rows) {
      const [inputs = "", expected = ""] = row.split(">");
      const [r0 = 0, r1 = 0, r2 = 0, r3 = 0, apsr = 0] = inputs.split(",").map((v) => Number.parseInt(v, 16));
      machine.set({ 0: r0, 1: r1, 2: r2, 3: r3, 8: r2 });
      cpu.setApsr(apsr);
      cpu.pc = CODE;
      machine.step();
      assert.equal(hex([cpu.get(0), cpu.get(3), cpu.apsr]), expected, `${name} of ${inputs}`);
      assert.equal(cpu.pc, CODE + op.length / 2);
      cases++;
    }
  }
  assert.ok(cases > 1000);
});

test("loads extend, index before and after, and write the base back", () => {
  const machine = new TestMachine(
    /* ldr r0,[r1],#4; ldrsb r2,[r1,#-3]!; ldrsh r3,[r1,r4,lsl #1]; ldrb r5,[r1,#3]; ldrh r6,[r1]; bkpt 0 */ "51f8040b11f9032d31f91430cd780e8800be",
  );
  machine
    .word(RAM, 0x8765f321)
    .word(RAM + 4, 0xffff8001)
    .set({ 1: RAM, 4: 1 })
    .step(2);
  assert.equal(machine.reg(0), 0x8765f321);
  assert.equal(machine.reg(2), 0xfffffff3);
  assert.equal(machine.reg(1), RAM + 1);
  machine.set({ 1: RAM + 2 }).step(3);
  assert.deepEqual(
    [3, 5, 6].map((n) => machine.reg(n)),
    [0xffff8001, 0x80, 0x8765],
  );
});

test("stores of each size change only their bytes", () => {
  const machine = new TestMachine(
    /* str r0,[r1],#4; strh r0,[r1,#2]; strb r0,[r1,r2]; strd r0,r1,[r3,#8]!; bkpt 0 */ "41f8040b48808854e3e9020100be",
  );
  machine
    .word(RAM + 4, 0x11111111)
    .set({ 0: 0xa1b2c3d4, 1: RAM, 2: 1, 3: RAM })
    .run();
  assert.equal(machine.at(RAM), 0xa1b2c3d4);
  assert.equal(machine.at(RAM + 4), 0xc3d4d411);
  assert.equal(machine.at(RAM + 8), 0xa1b2c3d4);
  assert.equal(machine.at(RAM + 12), RAM + 4);
  assert.equal(machine.reg(3), RAM + 8);
});

test("multiple loads and stores keep register order and the base", () => {
  const machine = new TestMachine(
    /* push {r0,r1,lr}; pop {r2,r3,r4}; stmdb r5!,{r0,r2}; ldmia r5,{r6,r7}; ldmdb.w r8!,{r9,r10}; ldm r0,{r0,r1}; bkpt 0 */ "03b51cbc25e9050095e8c00038e9000603c800be",
  );
  machine.word(RAM, 7).word(RAM + 4, 8);
  machine.set({ 0: RAM, 1: 22, 14: 33, 5: RAM + 0x100, 8: RAM + 8 }).run();
  assert.deepEqual(
    [2, 3, 4].map((n) => machine.reg(n)),
    [RAM, 22, 33],
  );
  assert.equal(machine.reg(13), STACK_TOP);
  assert.deepEqual(
    [5, 6, 7].map((n) => machine.reg(n)),
    [RAM + 0xf8, RAM, RAM],
  );
  assert.deepEqual(
    [8, 9, 10].map((n) => machine.reg(n)),
    [RAM, 7, 8],
  );
  assert.deepEqual(
    [0, 1].map((n) => machine.reg(n)),
    [7, 8],
  );
});

test("an IT block runs its matching side without touching flags", () => {
  const code =
    /* cmp r0,#5; itete eq; addeq r1,#1; addne r1,#2; addeq r1,#4; addne r1,#8; bkpt 0 */ "05280bbf013102310431083100be";
  const equal = new TestMachine(code).set({ 0: 5, 1: 0 }).run();
  assert.equal(equal.reg(1), 5);
  assert.equal(equal.cpu.apsr >>> 28, 6);
  const other = new TestMachine(code).set({ 0: 4, 1: 0 }).run();
  assert.equal(other.reg(1), 10);
});

test("branches reach their targets and link", () => {
  const machine = new TestMachine(
    /* bl 2f; cbz r0,1f; movs r1,#9; 1: cmp r0,#0; bne.w 3f; b 4f; 2: movs r0,#0; bx lr; 3: movs r1,#8; 4: tbb [pc,r0]; .byte 1,9; bkpt 0 */ "00f006f800b10921002840f0038002e0002070470821dfe800f0010900be",
  ).run();
  assert.equal(machine.reg(1), 0);
  assert.equal(machine.reg(14), (CODE + 4) | 1);
});

test("exclusive stores succeed once after an exclusive load", () => {
  const machine = new TestMachine(
    /* ldrex r0,[r1]; strex r2,r3,[r1]; strex r4,r0,[r1]; ldrexb r5,[r1]; clrex; strexb r6,r5,[r1]; bkpt 0 */ "51e8000f41e8003241e80004d1e84f5fbff32f8fc1e8465f00be",
  );
  machine.word(RAM, 5).set({ 1: RAM, 3: 77, 2: 9, 4: 9 }).run();
  assert.deepEqual(
    [0, 2, 4, 6].map((n) => machine.reg(n)),
    [5, 0, 1, 1],
  );
  assert.equal(machine.at(RAM), 77);
});

test("unaligned words work in normal memory, across pages too", () => {
  const machine = new TestMachine(/* str r0,[r1]; ldr r2,[r1]; ldrh r3,[r1,#2]; bkpt 0 */ "08600a684b8800be");
  machine.set({ 0: 0x89abcdef, 1: RAM + 0xffe }).run();
  assert.equal(machine.reg(2), 0x89abcdef);
  assert.equal(machine.at(RAM + 0xffc), 0xcdef0000);
  machine.cpu.halted = false;
  assert.equal(machine.reg(3), 0x89ab);
});

test("code that is overwritten runs in its new form", () => {
  const machine = new TestMachine(/* bx r0 */ "0047").load(RAM, /* movs r1,#1; bx lr */ "01217047");
  machine.set({ 0: RAM | 1, 14: CODE | 1 }).step(3);
  assert.equal(machine.reg(1), 1);
  machine.load(RAM, /* movs r1,#2; bx lr */ "02217047").step(3);
  assert.equal(machine.reg(1), 2);
  machine.bus.write(RAM, 2, 0x2103);
  machine.step(3);
  assert.equal(machine.reg(1), 3);
});

test("what is UNPREDICTABLE stops with the instruction and its address, and halts", () => {
  const machine = new TestMachine(/* .inst.w 0xe8b10002 */ "b1e80200");
  assert.throws(
    () => machine.run(),
    (error: unknown) =>
      error instanceof UnmodelledInstructionError && error.pc === CODE && error.opcode === 0xe8b10002,
  );
  assert.equal(machine.cpu.halted, true);
});

test("a breakpoint halts before its instruction, and resuming goes on", () => {
  const machine = new TestMachine(/* movs r0,#1; movs r0,#2; bkpt 0 */ "0120022000be");
  machine.cpu.setBreakpoint(CODE + 2);
  machine.run();
  assert.deepEqual([machine.cpu.pc, machine.reg(0)], [CODE + 2, 1]);
  machine.cpu.resume();
  machine.run();
  assert.deepEqual([machine.cpu.pc, machine.reg(0)], [CODE + 4, 2]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault, BusStall } from "../../bus.js";
import { Exception } from "../exceptions/faults.js";
import { CODE, FLASH, RAM, TestMachine } from "../test-machine.js";

const DEVICE = 0x60000000;
const CCR = 0xe000ed14;
const CFSR = 0xe000ed28;
const BFAR = 0xe000ed38;
const BFHFNMIGN = 0x100;
const STOP = /* bkpt 1 */ "01be";
const PRECISE = 0x8200;

/** A memory that answers at once, except that it is busy for `busyNs` after every 8th word written. */
class SlowMemory {
  readonly words: number[] = [];
  readonly order: number[] = [];
  until = 0;
  readonly machine: TestMachine;
  readonly busyNs = 10_000;

  constructor(machine: TestMachine) {
    this.machine = machine;
    machine.bus.map(DEVICE, 0x1000, this, "slow");
  }
  #wait(): void {
    if (this.machine.timeline.now < this.until) throw new BusStall(this.until);
  }
  read(offset: number): number {
    this.#wait();
    return this.words[offset >>> 2] ?? 0;
  }
  write(offset: number, _size: number, value: number): void {
    this.#wait();
    this.words[offset >>> 2] = value;
    this.order.push(offset);
    if (this.order.length % 4 === 0) this.until = this.machine.timeline.now + this.busyNs;
  }
}

test("a store multiple that has to wait in its midst stores each word once", () => {
  const machine = new TestMachine(
    /* stmia r1,{r2-r9}; stmia r0,{r2-r9}; movs r0,#3; bkpt 0 */ "81e8fc0380e8fc03032000be",
  );
  const slow = new SlowMemory(machine);
  machine.set({ 0: DEVICE + 0x20, 1: DEVICE, 2: 12, 3: 13, 4: 14, 5: 15, 6: 16, 7: 17, 8: 18, 9: 19 });
  machine.run();
  assert.deepEqual(
    slow.order,
    Array.from({ length: 16 }, (_, n) => n * 4),
  );
  assert.deepEqual(slow.words.slice(8, 16), [12, 13, 14, 15, 16, 17, 18, 19]);
  assert.ok(machine.timeline.now > 3 * slow.busyNs);
  assert.equal(machine.reg(0), 3);
});

test("events fall into a wait, and a halt there leaves the load undone", () => {
  const machine = new TestMachine(/* ldr r0,[r2]; movs r1,#7; bkpt 0 */ "1068072100be");
  const slow = new SlowMemory(machine);
  slow.until = 50_000;
  slow.words[0] = 99;
  machine.set({ 0: 5, 2: DEVICE });
  let seenAt = 0;
  machine.timeline.after(20_000, () => {
    seenAt = machine.timeline.now;
    machine.cpu.halt();
  });
  machine.run();
  assert.ok(seenAt < 20_020, `${seenAt}`);
  assert.deepEqual([machine.cpu.pc, machine.reg(0), machine.reg(1)], [CODE, 5, 0]);
  machine.cpu.resume();
  machine.run();
  assert.deepEqual([machine.reg(0), machine.reg(1)], [99, 7]);
  assert.ok(machine.timeline.now >= 50_000);
});

test("an interrupt whose vector has to be waited for begins when the wait is over", () => {
  const machine = new TestMachine(/* 1: b 1b */ "fee7").handler(16, STOP);
  const slow = new SlowMemory(machine);
  slow.words[16] = (FLASH + 0x1000 + 16 * 0x80) | 1;
  machine.word(0xe000ed08, DEVICE).word(0xe000e100, 1);
  slow.until = 30_000;
  machine.word(0xe000e200, 1).run();
  assert.equal(machine.cpu.ipsr, 16);
  assert.ok(machine.timeline.now >= 30_000);
});

const broken = {
  read: (offset: number): number => {
    throw new BusFault("broken", offset);
  },
  write: (): void => {},
};

test("with BFHFNMIGN and FAULTMASK a bus fault of a load is recorded and passed over", () => {
  const machine = new TestMachine(
    /* cpsid f; ldr r0,[r2]; movs r1,#7; ldr r3,[r4]; bkpt 0 */ "71b610680721236800be",
  );
  machine.bus.map(DEVICE, 0x1000, broken, "broken");
  machine
    .word(CCR, BFHFNMIGN)
    .word(RAM, 42)
    .set({ 2: DEVICE + 8, 4: RAM })
    .run();
  assert.deepEqual([machine.cpu.ipsr, machine.reg(1), machine.reg(3)], [0, 7, 42]);
  assert.deepEqual([machine.at(CFSR), machine.at(BFAR)], [PRECISE, DEVICE + 8]);
});

test("without FAULTMASK, or without BFHFNMIGN, the load faults", () => {
  const plain = new TestMachine(/* ldr r0,[r2]; movs r1,#7; bkpt 0 */ "1068072100be");
  plain.handler(Exception.hardFault, STOP).word(CCR, BFHFNMIGN).set({ 2: DEVICE }).run();
  assert.deepEqual([plain.cpu.ipsr, plain.reg(1)], [Exception.hardFault, 0]);
  const masked = new TestMachine(
    /* cpsid f; ldr r0,[r2]; movs r1,#7; ldr r3,[r4]; bkpt 0 */ "71b610680721236800be",
  );
  masked.set({ 2: DEVICE }).run();
  assert.equal(masked.cpu.lockedUp, true);
});

test("the HardFault handler may ignore bus faults too, but its own vector and stack may not fail", () => {
  const machine = new TestMachine(/* udf 0 */ "00de").handler(
    Exception.hardFault,
    /* ldr r0,[r2]; movs r1,#7; bkpt 0 */ "1068072100be",
  );
  machine.word(CCR, BFHFNMIGN).set({ 2: DEVICE }).run();
  assert.deepEqual([machine.cpu.ipsr, machine.reg(1)], [Exception.hardFault, 7]);
  const lost = new TestMachine(/* udf 0 */ "00de").word(CCR, BFHFNMIGN).word(0xe000ed08, DEVICE).run();
  assert.equal(lost.cpu.lockedUp, true);
});

test("NMI preempts a lockup; its handler returns into it", () => {
  const machine = new TestMachine(/* udf 0 */ "00de").handler(Exception.hardFault, /* udf 0 */ "00de");
  machine.handler(Exception.nmi, /* ldr r6,[sp,#24]; adds r7,#1; bx lr */ "069e01377047").run();
  assert.equal(machine.cpu.lockedUp, true);
  machine.cpu.nmiLine.set(true);
  machine.cpu.nmiLine.set(false);
  machine.cpu.run();
  machine.run();
  assert.deepEqual([machine.reg(7), machine.reg(6), machine.cpu.lockedUp], [1, 0xfffffffe, true]);
});

test("a fault in NMI locks up for good", () => {
  const machine = new TestMachine(/* 1: b 1b */ "fee7").handler(Exception.nmi, /* udf 0 */ "00de");
  machine.cpu.nmiLine.set(true);
  machine.cpu.nmiLine.set(false);
  machine.run();
  machine.cpu.nmiLine.set(true);
  machine.cpu.nmiLine.set(false);
  machine.cpu.run();
  machine.run();
  assert.deepEqual([machine.cpu.lockedUp, machine.cpu.ipsr], [true, Exception.nmi]);
});

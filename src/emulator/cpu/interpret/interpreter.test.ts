/** What the interpreter's loop executes itself, and where its records end. That it does so right, engines.test.ts shows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestMemory } from "../../guest-memory.js";
import { Timeline } from "../../timeline.js";
import { CortexM7, type Engine } from "../core.js";
import { Ram } from "../memory.js";
import { SystemBus } from "../system-bus.js";
import { CODE, RAM, TestMachine } from "../test-machine.js";

/**
 * A loop of MOV.W r0, #; PUSH {r0-r3, lr}; LDR; STRB; LDRD; ADD.W with a shift; UBFX; CMP; IT EQ; ADDEQ; POP {r0-r3, pc};
 * B. The POP goes to the instruction behind it.
 */
const CODE_OF_MANY_KINDS =
  "4ff02a000fb5d2f80430d070d2e9006702eb0104c1f304250142" + "08bf0130" + "bde80f40" + "f0e7";

function instructions(machine: TestMachine, from: number, to: number): string[] {
  const found: string[] = [];
  for (let insn = machine.cpu.mem.view.lookup(from); insn.pc < to; insn = insn.next)
    found.push(`${insn.pc - CODE} ${machine.cpu.records?.has(insn)}`);
  return found;
}

test("after it executed once, code without devices and system instructions is executed by the loop", () => {
  const machine = new TestMachine(CODE_OF_MANY_KINDS, { engine: "interpreter" });
  machine.set({ 2: RAM + 0x100 }).run(500);
  const end = CODE + CODE_OF_MANY_KINDS.length / 2;
  const offsets = [0, 4, 6, 10, 12, 16, 20, 24, 26, 28, 30, 34];
  assert.deepEqual(
    instructions(machine, CODE, end),
    offsets.map((offset) => `${offset} true`),
  );
});

test("what a breakpoint stands on is left to JavaScript, until it is cleared", () => {
  const machine = new TestMachine("0130fde7", { engine: "interpreter" });
  const first = machine.run(100).cpu.mem.view.lookup(CODE);
  assert.equal(machine.cpu.records?.has(first), true);
  machine.cpu.setBreakpoint(CODE);
  assert.equal(machine.cpu.records?.has(first), false);
  machine.run(100);
  assert.equal(machine.cpu.halted, true);
  assert.equal(machine.cpu.records?.has(first), false);
  machine.cpu.clearBreakpoint(CODE);
  machine.cpu.resume();
  machine.run(100);
  assert.equal(machine.cpu.records?.has(first), true);
});

test("the loop counts how often a block begins, until it is translated, a fourth of that later", () => {
  // ADDS r0, #1; B to it: three cycles a round.
  const machine = new TestMachine("0130fde7", { engine: "translation", translateAfter: 100 });
  const runTo = (rounds: number): void => {
    machine.timeline.after((3 * rounds - machine.reg(0) * 3) * machine.timeline.nsPerCycle, () => {});
    machine.run(3 * (rounds - machine.reg(0)));
    assert.equal(machine.reg(0), rounds);
  };
  runTo(95);
  assert.equal(machine.cpu.translator?.translated, 0);
  assert.ok((machine.cpu.interpreter?.cycles ?? 0) > 3 * 80);
  runTo(120);
  assert.equal(machine.cpu.translator?.translated, 0);
  runTo(130);
  assert.equal(machine.cpu.translator?.translated, 1);
});

/** Code in more pages than the loop has room for: each page adds 1 to r0 and goes to the next; the last one halts. */
function runThroughPages(engine: Engine, pages: number): { r0: number; now: number } {
  const size = pages * 4096;
  const memory = new GuestMemory(size);
  const bus = new SystemBus(memory);
  const flash = new Ram(size, memory);
  const view = new DataView(flash.readable.buffer, flash.readable.byteOffset, size);
  for (let page = 0; page < pages; page++) {
    const at = page * 4096 + 0x100;
    view.setUint16(at, 0x3001, true);
    if (page === pages - 1) view.setUint16(at + 2, 0xbe00, true);
    else view.setUint32(at + 2, 0xbffdf000, true);
  }
  view.setUint32(4, 0x101, true);
  bus.map(0, size, flash, "flash");
  const timeline = new Timeline(100e6);
  const log = { once: () => {}, note: () => {} };
  const cpu = new CortexM7({ bus, timeline, log, engine, onSystemReset: () => {}, onBreakpoint: () => true });
  cpu.reset(0);
  // Twice: the loop executes what was decoded.
  for (let round = 0; round < 2; round++) {
    cpu.pc = 0x100;
    cpu.halted = false;
    while (!cpu.halted) {
      cpu.run();
      timeline.runDue();
    }
  }
  return { r0: cpu.get(0), now: timeline.now };
}

test("code that finds no room for records executes as well", () => {
  const pages = 700;
  const ours = runThroughPages("interpreter", pages);
  assert.equal(ours.r0, 2 * pages);
  assert.deepEqual(ours, runThroughPages("reference", pages));
});

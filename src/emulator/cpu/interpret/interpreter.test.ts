/** What the interpreter's loop executes itself, and where its records end. That it does so right, engines.test.ts shows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault, BusStall } from "../../bus.js";
import { GuestMemory } from "../../guest-memory.js";
import { Timeline } from "../../timeline.js";
import { CortexM7 } from "../core.js";
import type { Engine } from "../core-options.js";
import { Exception } from "../exceptions/faults.js";
import { Ram } from "../memory/memory.js";
import { SystemBus } from "../memory/system-bus.js";
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

const DEVICE = 0x60000000;
const ENABLE_IRQ_0 = 0xe000e100;
const RETURN = "7047";

/** Tells when it is accessed and by which instruction; interrupts, stalls and faults now and then. */
class Nuisance {
  readonly seen: (readonly [now: number, pc: number, what: string])[] = [];
  readonly #machine: TestMachine;
  #stalledUntil = 0;

  constructor(machine: TestMachine) {
    this.#machine = machine;
    machine.bus.map(DEVICE, 0x1000, this, "nuisance");
  }

  read(offset: number, size: number): number {
    const count = this.#access(`read ${offset} ${size}`);
    if (count % 23 === 0) throw new BusFault("as asked for", offset);
    if (count % 10 === 0) this.#machine.cpu.irqLine(0).set(true);
    return count;
  }

  write(offset: number, size: number, value: number): void {
    this.#access(`write ${offset} ${size} ${value}`);
    if (offset === 16) this.#machine.cpu.irqLine(0).set(false);
  }

  #access(what: string): number {
    const { timeline, cpu } = this.#machine;
    const { now } = timeline;
    if (now < this.#stalledUntil) throw new BusStall(this.#stalledUntil);
    const count = this.seen.push([now, cpu.pc, what]);
    if (count % 7 === 0) this.#stalledUntil = now + 100;
    return count;
  }
}

function disturbed(engine: Engine): TestMachine & { readonly device?: Nuisance } {
  // 1: LDR r1, [r2]; STR r1, [r3]; LDRB r4, [r2, #4]; ADDS r0, #1; CMP r0, #8; IT GT; STRGT r0, [r3, #8]; B 1b.
  const machine = new TestMachine("11681960147901300828c8bf9860f7e7", { engine });
  machine.handler(Exception.hardFault, RETURN).handler(16, /* str r3,[r3,#16]; bx lr */ `1b61${RETURN}`);
  machine.word(ENABLE_IRQ_0, 1).set({ 0: 0, 2: DEVICE, 3: DEVICE });
  return Object.assign(machine, { device: new Nuisance(machine) }).run(5000);
}

test("devices are accessed from inside the loop, each at the instant and by the instruction that it would be without", () => {
  const ours = disturbed("interpreter");
  const theirs = disturbed("reference");
  const state = ({ cpu, timeline, device }: typeof ours) => [
    [...cpu.r],
    cpu.pc,
    cpu.xpsr,
    timeline.now,
    device?.seen,
  ];
  assert.deepEqual(state(ours), state(theirs));
  assert.ok((ours.device?.seen.length ?? 0) > 500);
  assert.ok((ours.cpu.interpreter?.cycles ?? 0) > 2500, `${ours.cpu.interpreter?.cycles}`);
});

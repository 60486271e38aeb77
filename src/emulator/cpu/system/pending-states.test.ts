/** What is pending and active, by lines and by software, and what wakes a core (DDI 0403E, B1.5.17, B1.5.18, B3.2.13, B3.4.1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CFSR, Exception } from "../exceptions/faults.js";
import { TestMachine } from "../test-machine.js";

const NVIC = {
  ISER: 0xe000e100,
  ICER: 0xe000e180,
  ISPR: 0xe000e200,
  ICPR: 0xe000e280,
  IABR: 0xe000e300,
} as const;
const SHCSR = 0xe000ed24;
const IRQ = 3;
const BIT = 1 << IRQ;
const LOOP = /* b . */ "fee7";
const STOP = /* bkpt 0 */ "00be";

/** Thread code loops; the handler of IRQ 3 counts in r7 and waits for r6 to be set. */
function interrupted(): TestMachine {
  const machine = new TestMachine(LOOP).handler(
    Exception.irq0 + IRQ,
    /* adds r7,#1; 1: cmp r6,#0; beq 1b; bx lr */ "0137002efdd07047",
  );
  return machine.word(NVIC.ISER, BIT);
}

const states = (machine: TestMachine): boolean[] =>
  [NVIC.ISPR, NVIC.IABR].map((register) => (machine.at(register) & BIT) !== 0);

test("a line that falls before its handler runs leaves the interrupt pending; a clear while it is high does not last", () => {
  const machine = interrupted().word(NVIC.ICER, BIT);
  const line = machine.cpu.irqLine(IRQ);
  line.set(true);
  assert.deepEqual(states(machine.word(NVIC.ICPR, BIT)), [true, false]);
  line.set(false);
  assert.deepEqual(states(machine), [true, false]);
  assert.deepEqual(states(machine.word(NVIC.ICPR, BIT)), [false, false]);
});

test("pulses while the handler runs are one more entry, a line that is low again is none", () => {
  const machine = interrupted();
  const line = machine.cpu.irqLine(IRQ);
  line.set(true);
  machine.run(200);
  assert.deepEqual([...states(machine), machine.reg(7)], [false, true, 1]);
  line.set(false);
  for (const level of [true, false, true, false]) line.set(level);
  assert.deepEqual(states(machine), [true, true]);
  machine.set({ 6: 1 }).run(200);
  assert.deepEqual([...states(machine), machine.reg(7)], [false, false, 2]);
});

test("while the handler runs a clear holds although the line is high, and the line is looked at behind it", () => {
  const machine = interrupted();
  machine.cpu.irqLine(IRQ).set(true);
  machine.run(200);
  assert.deepEqual(states(machine.word(NVIC.ISPR, BIT).word(NVIC.ICPR, BIT)), [false, true]);
  machine.set({ 6: 1 }).run(60);
  assert.ok(machine.reg(7) > 1);
});

test("what is pending waits while it is disabled", () => {
  const machine = interrupted().word(NVIC.ICER, BIT).word(NVIC.ISPR, BIT).set({ 6: 1 });
  assert.deepEqual([...states(machine.run(200)), machine.reg(7)], [true, false, 0]);
  machine.word(NVIC.ISER, BIT).run(200);
  assert.deepEqual([...states(machine), machine.reg(7)], [false, false, 1]);
});

test("SHCSR makes faults pending and ends them, and its active bits hold the priority", () => {
  const USGFAULTENA = 1 << 18;
  const machine = new TestMachine(LOOP).handler(Exception.usageFault, /* adds r7,#1; bx lr */ "01377047");
  machine.word(SHCSR, 1 << 12).run(50);
  assert.deepEqual([machine.reg(7), machine.at(SHCSR)], [0, 1 << 12]);
  // BUSFAULTACT: nothing of the same priority preempts.
  machine.word(SHCSR, USGFAULTENA | (1 << 12) | (1 << 1)).run(50);
  assert.equal(machine.reg(7), 0);
  machine.word(SHCSR, USGFAULTENA | (1 << 12)).run(50);
  assert.deepEqual([machine.reg(7), machine.at(SHCSR)], [1, USGFAULTENA]);
});

test("a handler that SHCSR made inactive cannot return", () => {
  const machine = new TestMachine(/* svc 0 */ "00df").handler(Exception.usageFault, STOP);
  machine.handler(Exception.svCall, /* str r0,[r1]; bx lr */ "08607047");
  machine.set({ 0: 1 << 18, 1: SHCSR }).run();
  assert.deepEqual([machine.cpu.ipsr, machine.at(0xe000ed28)], [Exception.usageFault, CFSR.INVPC]);
  assert.equal(machine.reg(14), 0xfffffff9);
});

const SEVONPEND = 1 << 4;
/** Do WFE and WFI end when IRQ 3 (priority 0x80) becomes pending? */
for (const [name, enabled, scr, masks, wfe, wfi] of [
  ["enabled", true, 0, {}, true, true],
  ["disabled", false, 0, {}, false, false],
  ["disabled, with SEVONPEND", false, SEVONPEND, {}, true, false],
  ["under PRIMASK", true, 0, { primask: 1 }, false, true],
  ["under PRIMASK, with SEVONPEND", true, SEVONPEND, { primask: 1 }, true, true],
  ["under BASEPRI of its priority", true, 0, { basepri: 0x80 }, false, false],
  ["under a lower BASEPRI", true, 0, { basepri: 0x90 }, true, true],
  ["under FAULTMASK", true, 0, { faultmask: 1 }, false, false],
] as const)
  test(`an interrupt that is ${name} wakes WFE: ${wfe}, WFI: ${wfi}`, () => {
    const wakes = (code: string): boolean => {
      const machine = new TestMachine(`${code}0124${STOP}`).handler(Exception.irq0 + IRQ, /* bx lr */ "7047");
      machine.word(0xe000ed10, scr).word(0xe000e400, 0x80 << 24);
      if (enabled) machine.word(NVIC.ISER, BIT);
      Object.assign(machine.cpu.exceptions, masks);
      const { timeline } = machine;
      timeline.after(50 * timeline.nsPerCycle, () => machine.cpu.irqLine(IRQ).set(true));
      timeline.after(60 * timeline.nsPerCycle, () => machine.cpu.irqLine(IRQ).set(false));
      return machine.run(1000).reg(4) === 1;
    };
    assert.deepEqual([wakes(/* wfe */ "20bf"), wakes(/* wfi */ "30bf")], [wfe, wfi]);
  });

test("SEVONPEND is about becoming pending: what was pending before does not wake", () => {
  const machine = new TestMachine(/* wfe; movs r4,#1 */ `20bf0124${STOP}`).word(NVIC.ISPR, BIT);
  machine.word(0xe000ed10, SEVONPEND).run(1000);
  assert.deepEqual([machine.reg(4), machine.cpu.sleeping], [0, true]);
});

test("CCR keeps STKALIGN and BP, which the Cortex-M7 has always on", () => {
  const machine = new TestMachine().word(0xe000ed14, 0);
  assert.equal(machine.at(0xe000ed14), 0x40200);
  assert.equal(machine.word(0xe000ed14, -1).at(0xe000ed14), 0x7031b);
});

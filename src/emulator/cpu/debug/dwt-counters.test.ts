/** The DWT's counters of 8 bits: what each counts, and how they tell the number of instructions (DDI 0403E, C1.8.4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CortexM7Options, Engine } from "../core-options.js";
import { Exception } from "../exceptions/faults.js";
import { RAM, TestMachine } from "../test-machine.js";

const DWT = 0xe0001000;
const AT = { CYCCNT: 4, CPI: 8, EXC: 12, SLEEP: 16, LSU: 20, FOLD: 24 } as const;
const EVERY_COUNTER = (0x1f << 17) | 1;
const STOP = /* bkpt 0 */ "00be";

function counting(code: string, options: Partial<CortexM7Options> = {}): TestMachine {
  const machine = new TestMachine(code + STOP, options).word(0xe000edfc, 1 << 24);
  return machine.word(DWT, EVERY_COUNTER);
}

const count = (machine: TestMachine, counter: keyof typeof AT): number => machine.at(DWT + AT[counter]);

for (const engine of ["reference", "interpreter", "translation"] as const satisfies readonly Engine[])
  test(`EXCCNT has what entries and returns take (${engine})`, () => {
    // A pass has 4 instructions, 1 more in the handler, and a branch that is taken but for the last one.
    const machine = counting(/* movs r5,#7; 1: svc 0; nop; subs r5,#1; bne 1b */ "072500df00bf013dfbd1", {
      engine,
    });
    machine.handler(Exception.svCall, /* bx lr */ "7047").run();
    const alone = 7 * 5 + 6 + 2;
    assert.equal(count(machine, "EXC"), (count(machine, "CYCCNT") - alone) & 0xff);
    assert.ok(count(machine, "CYCCNT") - alone >= 7 * 24);
  });

test("SLEEPCNT and CYCCNT count asleep while the core keeps its clock, and stand still else", () => {
  const asleep = (clocked: boolean): number[] => {
    const machine = counting(/* wfi */ "30bf", { clockedAsleep: () => clocked });
    machine.word(0xe000e100, 1).cpu.exceptions.primask = 1;
    machine.timeline.after(100 * machine.timeline.nsPerCycle, () => machine.cpu.irqLine(0).set(true));
    machine.run();
    return [count(machine, "SLEEP"), count(machine, "CYCCNT")];
  };
  assert.deepEqual(asleep(false), [0, 2]);
  assert.deepEqual(asleep(true), [99, 101]);
});

test("by the model of instruction time the counters tell how many instructions were executed", () => {
  // ldr, mul that waits for it, str, adds in pairs, a division, branches: 7 instructions in each of 30 passes.
  const code =
    /* movs r5,#30; 1: ldr r0,[r1]; mul r2,r0,r0; str r2,[r1,#4]; adds r3,#1; udiv r4,r2,r5; subs r5,#1; bne 1b */
    "1e25" + "0868" + "00fb00f2" + "4a60" + "0133" + "b2fbf5f4" + "013d" + "f6d1";
  const machine = counting(code, { busTiming: { read: () => 3, write: () => 2 } });
  machine.set({ 1: RAM }).run();
  const n = (counter: keyof typeof AT): number => count(machine, counter);
  const executed = n("CYCCNT") - n("CPI") - n("EXC") - n("SLEEP") - n("LSU") + n("FOLD");
  assert.equal(executed & 0xff, 1 + 30 * 7 + 1);
  assert.ok(n("LSU") > 0 && n("FOLD") > 0 && n("CPI") > 0);
  assert.deepEqual([n("EXC"), n("SLEEP")], [0, 0]);
});

test("a counter begins with 0 when CTRL lets it count, and stands still without", () => {
  const machine = new TestMachine(/* svc 0 */ `00df${STOP}`).word(0xe000edfc, 1 << 24);
  machine.word(DWT + AT.EXC, 0x123);
  assert.equal(count(machine, "EXC"), 0x23);
  machine.handler(Exception.svCall, /* bx lr */ "7047").run();
  assert.equal(count(machine, "EXC"), 0x23);
  machine.word(DWT, 1 << 18);
  assert.equal(count(machine, "EXC"), 0);
  machine.word(DWT + AT.EXC, 5).word(DWT, (1 << 18) | 1);
  assert.equal(count(machine, "EXC"), 5);
});

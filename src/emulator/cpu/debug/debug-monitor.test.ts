/** DebugMonitor by its bits in DEMCR, and what DHCSR keeps for a debugger that looks later (DDI 0403E, C1.6.2 and C1.6.5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Exception } from "../exceptions/faults.js";
import { CODE, RAM, TestMachine } from "../test-machine.js";
import { REGSEL } from "./debug-registers.js";
import { DEMCR, DHCSR, Probe } from "./test-probe.js";

const LOOP = /* b . */ "fee7";
const COUNT_AND_RETURN = /* adds r7,#1; bx lr */ "01377047";
const SHPR3 = 0xe000ed20;
const MON = { EN: 1 << 16, PEND: 1 << 17, STEP: 1 << 18, REQ: 1 << 19 } as const;
const S_RETIRE_ST = 1 << 24;

test("MON_PEND forces DebugMonitor, whatever MON_EN says, when its priority does", () => {
  const probe = new Probe(LOOP).put(SHPR3, 0x80);
  const { machine } = probe;
  machine.handler(Exception.debugMonitor, COUNT_AND_RETURN).cpu.exceptions.basepri = 0x80;
  probe.put(DEMCR, MON.PEND).run();
  assert.deepEqual([machine.reg(7), probe.get(DEMCR)], [0, MON.PEND]);
  machine.cpu.exceptions.basepri = 0;
  machine.cpu.exceptions.onAttention();
  probe.run();
  assert.deepEqual([machine.reg(7), probe.get(DEMCR)], [1, 0]);
});

test("only a write that reaches MON_PEND changes what is pending", () => {
  const probe = new Probe(LOOP).put(DEMCR, MON.PEND);
  const { debug } = probe.machine.cpu;
  debug.write(DEMCR + 3, 1, 1);
  assert.equal(probe.get(DEMCR), MON.PEND | (1 << 24));
  debug.write(DEMCR + 2, 1, MON.REQ >>> 16);
  assert.equal(probe.get(DEMCR), MON.REQ | (1 << 24));
});

test("a debugger's C_DEBUGEN switches off what MON_EN does: BKPT halts, nothing steps", () => {
  const probe = new Probe(/* movs r0,#1; bkpt 0; b . */ "012000befee7").control(1);
  probe.machine.handler(Exception.debugMonitor, COUNT_AND_RETURN);
  probe.put(DEMCR, MON.EN | MON.STEP).run();
  assert.deepEqual([probe.halted, probe.register(REGSEL.PC), probe.machine.reg(7)], [true, CODE + 2, 0]);
});

test("S_RETIRE_ST tells once of what was executed before, in Debug state and asleep, too", () => {
  const probe = new Probe(/* nop; nop; wfi */ "00bf00bf30bf").control(3);
  const retired = (): boolean => (probe.get(DHCSR) & S_RETIRE_ST) !== 0;
  retired();
  assert.equal(retired(), false);
  probe.control(5);
  assert.deepEqual([retired(), retired()], [true, false]);
  probe.control(1).run();
  assert.deepEqual([retired(), retired()], [true, false]);
});

test("a program sets a breakpoint for itself by the FPB, without a key, in a loop that is hot", () => {
  const FP_CTRL = 0xe0002000;
  const FP_COMP0 = 0xe0002008;
  for (const engine of ["reference", "interpreter", "translation"] as const) {
    // 1: adds r0,#1; adds r2,#1; subs r5,#1; bne 1b; bkpt 0
    const machine = new TestMachine("01300132013dfbd100be", { engine, translateAfter: 4 });
    // Notes where it came from, and what was executed before; takes the comparator away the second time.
    machine.handler(
      Exception.debugMonitor,
      /* adds r7,#1; ldr r6,[sp,#24]; stmia r8!,{r2,r6}; cmp r7,#2; it eq; streq r4,[r9]; bx lr */
      "0137069ea8e84400022f08bfc9f800407047",
    );
    machine.word(DEMCR, MON.EN).set({ 4: 0, 5: 100, 8: RAM, 9: FP_COMP0 });
    machine.timeline.after(200 * machine.timeline.nsPerCycle, () =>
      machine.word(FP_CTRL, 3).word(FP_COMP0, (CODE + 2) | 1),
    );
    machine.run();
    const [before, from, again, back] = [0, 4, 8, 12].map((offset) => machine.at(RAM + offset));
    assert.deepEqual([from, back, machine.reg(7), machine.reg(2)], [CODE + 2, CODE + 2, 2, 100], engine);
    // Nothing was executed in between: a breakpoint returns to its instruction.
    assert.equal(again, before);
  }
});

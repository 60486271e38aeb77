import assert from "node:assert/strict";
import { test } from "node:test";
import { Exception } from "../exceptions/faults.js";
import { CODE, FLASH, RAM, STACK_TOP } from "../test-machine.js";
import { REGSEL } from "./debug-registers.js";
import { DEMCR, DHCSR, KEY, Probe, S_HALT } from "./test-probe.js";

const DFSR = 0xe000ed30;
const FP_CTRL = 0xe0002000;
const FP_COMP0 = 0xe0002008;
const DWT_COMP0 = 0xe0001020;
const AIRCR = 0xe000ed0c;
const SYST_RVR = 0xe000e014;
const S_REGRDY = 1 << 16;
const S_SLEEP = 1 << 18;
const S_LOCKUP = 1 << 19;
const S_RESET_ST = 1 << 25;
const STEP = /* b . */ "fee7";
const COUNT = /* movs r0,#1; movs r0,#2; movs r0,#3; movs r0,#4; b . */ "0120022003200420fee7";

test("software cannot switch halting debug on; a debugger can, and needs the key", () => {
  const probe = new Probe(STEP);
  probe.machine.word(DHCSR, KEY | 3);
  assert.equal(probe.get(DHCSR) & 3, 0);
  probe.put(DHCSR, 3);
  assert.equal(probe.get(DHCSR) & 3, 0);
  probe.control(1);
  assert.equal(probe.get(DHCSR) & 3, 1);
});

test("a halted core shows and takes its registers, and steps", () => {
  const probe = new Probe(COUNT).control(3);
  assert.deepEqual([probe.halted, probe.get(DFSR), probe.register(REGSEL.PC)], [true, 1, CODE]);
  probe.control(5);
  assert.deepEqual([probe.halted, probe.register(0), probe.register(REGSEL.PC)], [true, 1, CODE + 2]);
  probe
    .setRegister(REGSEL.PC, CODE + 6)
    .setRegister(7, 0x12345678)
    .control(5);
  assert.deepEqual([probe.register(0), probe.register(7)], [4, 0x12345678]);
  probe.control(1).run();
  assert.deepEqual([probe.halted, probe.register(REGSEL.PC)], [false, 0x12345678]);
});

test("DCRSR reaches stack pointers, masks, flags and the floating-point unit", () => {
  const probe = new Probe(COUNT).control(3);
  probe.setRegister(REGSEL.PSP, RAM + 0x103).setRegister(REGSEL.SPECIAL, 0x02017f01);
  assert.deepEqual([probe.register(REGSEL.PSP), probe.register(REGSEL.MSP)], [RAM + 0x100, STACK_TOP]);
  assert.deepEqual([probe.register(REGSEL.SP), probe.register(REGSEL.SPECIAL)], [RAM + 0x100, 0x02017001]);
  probe.setRegister(REGSEL.XPSR, 0xf9000000).setRegister(REGSEL.S0 + 31, 0x7f812345);
  assert.deepEqual(
    [probe.register(REGSEL.XPSR), probe.register(REGSEL.S0 + 31), probe.register(REGSEL.FPSCR)],
    [0xf9000000, 0x7f812345, 0],
  );
});

test("FPB comparators break before their instruction, each time, anywhere", () => {
  const probe = new Probe(COUNT).control(1);
  assert.equal(probe.get(FP_CTRL), 0x10000080);
  probe.put(FP_CTRL, 3).put(FP_COMP0, (CODE + 4) | 1);
  probe.run();
  assert.deepEqual([probe.halted, probe.register(REGSEL.PC), probe.register(0)], [true, CODE + 4, 2]);
  assert.deepEqual([probe.get(DFSR), probe.halts], [2, [2]]);
  probe.control(1).run();
  assert.equal(probe.register(REGSEL.PC), CODE + 4);
  probe.put(FP_COMP0, 0).control(1).run();
  assert.equal(probe.halted, false);
});

test("without a debugger a breakpoint is a HardFault, or a DebugMonitor exception when that is on", () => {
  const alone = new Probe(/* bkpt 0; movs r0,#1; b . */ "00be0120fee7").run();
  assert.equal(alone.machine.cpu.lockedUp || alone.machine.cpu.ipsr === Exception.hardFault, true);
  assert.equal(alone.get(0xe000ed2c) >>> 31, 1);
  const monitor = new Probe(/* bkpt 0; movs r0,#1; b . */ "00be0120fee7");
  monitor.machine
    .handler(
      Exception.debugMonitor,
      /* ldr r1,[sp,#24]; adds r1,#2; str r1,[sp,#24]; adds r7,#1; bx lr */ "06990231069101377047",
    )
    .word(DEMCR, 1 << 16);
  monitor.run();
  assert.deepEqual([monitor.machine.reg(0), monitor.machine.reg(7), monitor.get(DFSR)], [1, 1, 2]);
});

test("a debugger's BKPT halts on the instruction", () => {
  const probe = new Probe(/* bkpt 0; movs r0,#1; b . */ "00be0120fee7").control(1).run();
  assert.deepEqual([probe.halted, probe.register(REGSEL.PC), probe.get(DFSR)], [true, CODE, 2]);
});

const WATCHED =
  /* str r0,[r1]; movs r2,#1; ldr r3,[r1]; movs r2,#2; strb r0,[r1,#5]; movs r2,#3; b . */ "086001220b68022248710322fee7";
for (const [name, fn, address, mask, stops] of [
  ["write", 6, RAM, 0, [CODE + 2]],
  ["read", 5, RAM, 2, [CODE + 6]],
  ["access", 7, RAM, 3, [CODE + 2, CODE + 6, CODE + 10]],
  ["byte", 7, RAM + 5, 0, [CODE + 10]],
  ["nothing", 7, RAM + 16, 3, []],
  ["pc", 4, CODE + 4, 1, [CODE + 6]],
] as const) {
  test(`watchpoint (${name}) halts behind the instruction, warm or cold`, () => {
    for (const warm of [false, true]) {
      const probe = new Probe(WATCHED).control(1);
      probe.machine.set({ 1: RAM });
      if (warm) probe.run().machine.cpu.pc = CODE;
      probe.put(DEMCR, 1 << 24);
      probe
        .put(DWT_COMP0, address)
        .put(DWT_COMP0 + 4, mask)
        .put(DWT_COMP0 + 8, fn);
      const seen: number[] = [];
      for (probe.run(); probe.halted; probe.control(1).run()) seen.push(probe.register(REGSEL.PC));
      assert.deepEqual(seen, stops);
      assert.equal(probe.get(DWT_COMP0 + 8) >>> 24, stops.length > 0 ? 1 : 0);
      assert.equal(probe.get(DWT_COMP0 + 8) >>> 24, 0);
    }
  });
}

test("vector catch halts a reset before its first instruction, and a fault in its handler", () => {
  const probe = new Probe(/* udf 0 */ "00de").control(1).put(DEMCR, 1);
  probe.machine.cpu.reset(FLASH);
  assert.equal(probe.get(DHCSR) & S_RESET_ST, S_RESET_ST);
  assert.deepEqual([probe.halted, probe.register(REGSEL.PC), probe.get(DFSR)], [true, CODE, 8]);
  assert.equal(probe.get(DHCSR) & S_RESET_ST, 0);
  probe.put(DEMCR, 1 << 10).machine.handler(Exception.hardFault, STEP);
  probe.control(1).run();
  assert.deepEqual(
    [probe.halted, probe.register(REGSEL.PC), probe.register(REGSEL.XPSR) & 0x1ff],
    [true, FLASH + 0x1000 + 3 * 0x80, 3],
  );
});

test("vector catch tells kinds of UsageFault apart", () => {
  const caught = (bit: number): boolean => {
    const probe = new Probe(/* udf 0 */ "00de").control(1).put(DEMCR, bit);
    probe.machine.handler(Exception.usageFault, STEP).word(0xe000ed24, 1 << 18);
    return probe.run().halted;
  };
  assert.deepEqual([1 << 5, 1 << 6, 1 << 7].map(caught), [false, false, true]);
});

test("C_MASKINTS holds interrupts back while stepping; without it a step enters the handler", () => {
  const step = (bits: number): number => {
    const probe = new Probe(COUNT).control(3);
    probe.machine.handler(Exception.pendSv, STEP);
    probe.put(0xe000ed04, 1 << 28).control(bits | 2);
    return probe.control(bits).register(REGSEL.PC);
  };
  assert.equal(step(5), FLASH + 0x1000 + 14 * 0x80);
  assert.equal(step(13), CODE + 2);
});

test("DHCSR tells sleep, lockup and readiness; halting ends sleep", () => {
  const probe = new Probe(/* wfi; movs r0,#1; b . */ "30bf0120fee7").control(1).run();
  assert.equal(probe.get(DHCSR) & (S_SLEEP | S_HALT), S_SLEEP);
  probe.control(3);
  assert.equal(probe.get(DHCSR) & (S_SLEEP | S_HALT | S_REGRDY), S_HALT | S_REGRDY);
  assert.equal(probe.register(REGSEL.PC), CODE + 2);
  const stuck = new Probe(/* udf 0 */ "00de").control(1);
  stuck.machine.handler(Exception.hardFault, /* udf 0 */ "00de");
  stuck.run();
  assert.equal(stuck.get(DHCSR) & (S_LOCKUP | S_HALT), S_LOCKUP);
  stuck.control(3);
  assert.equal(stuck.register(REGSEL.PC), 0xfffffffe);
  stuck.setRegister(REGSEL.PC, CODE).machine.load(CODE, COUNT);
  stuck.control(5);
  assert.equal(stuck.register(0), 1);
});

test("the ROM tables lead to units that identify themselves", () => {
  const probe = new Probe(STEP);
  const name = (base: number): number =>
    (probe.get(base + 0xfe0) | (probe.get(base + 0xfe4) << 8) | (probe.get(base + 0xfe8) << 16)) & 0xfff;
  const ppb = 0xe00fe000 + (probe.get(0xe00fe000) & ~0xfff);
  assert.equal(ppb, 0xe00ff000);
  const units = [0, 4, 8, 12].map((at) => (ppb + (probe.get(ppb + at) & ~0xfff)) >>> 0);
  assert.deepEqual(units, [0xe000e000, 0xe0001000, 0xe0002000, 0xe0000000]);
  assert.deepEqual(units.map(name), [0x00c, 0x002, 0x00e, 0x001]);
});

test("the bus around the ROM tables' units answers with zeros: ST's libraries look for an older chip's DBGMCU there", () => {
  const probe = new Probe(/* ldr r1,[r0]; str r0,[r0]; b . */ "01680060fee7").control(3);
  probe.setRegister(0, 0xe0042000).setRegister(1, 1).control(1).run().control(3);
  assert.equal(probe.register(1), 0);
  assert.equal(probe.get(0xe000ed28), 0);
  assert.equal(probe.get(0xe0041fe0), 0);
});

test("SysTick and CYCCNT stand still while the core is halted, and count each step", () => {
  const probe = new Probe(STEP).control(1);
  probe.machine.handler(Exception.sysTick, /* adds r7,#1; bx lr */ "01377047");
  probe
    .put(DEMCR, 1 << 24)
    .put(0xe0001000, 1)
    .put(0xe000e014, 99)
    .put(0xe000e018, 0)
    .put(0xe000e010, 7)
    .control(3);
  const systick = probe.get(0xe000e018);
  const cycles = probe.get(0xe0001004);
  probe.machine.timeline.skipTo(probe.machine.timeline.now + 1e6);
  probe.machine.timeline.runDue();
  assert.deepEqual([probe.get(0xe000e018), probe.get(0xe0001004)], [systick, cycles]);
  assert.equal(probe.machine.cpu.exceptions.isPending(Exception.sysTick), false);
  probe.control(0xb).control(0xd).control(0xd);
  assert.ok(probe.get(0xe0001004) > cycles);
  assert.notEqual(probe.get(0xe000e018), systick);
  assert.equal(probe.register(7), 0);
  probe.control(1).machine.run(500);
  assert.ok(probe.machine.reg(7) > 0);
});

test("VECTRESET begins the core anew in Debug state, and nothing else", () => {
  const probe = new Probe(/* movs r0,#1; b . */ "0120fee7")
    .control(1)
    .put(DEMCR, (1 << 24) | 1)
    .put(FP_COMP0, CODE + 8);
  const { machine } = probe;
  probe.put(SYST_RVR, 0x123).run();
  probe.put(AIRCR, 0x05fa0001);
  assert.deepEqual([probe.halted, machine.reg(0), probe.get(SYST_RVR)], [false, 1, 0x123]);
  assert.ok(machine.notes.some((note) => note.includes("VECTRESET works only in Debug state")));
  probe.control(3).put(AIRCR, 0x05fa0001);
  assert.deepEqual([probe.halted, probe.register(REGSEL.PC), machine.reg(0)], [true, CODE, 0]);
  assert.deepEqual([probe.get(SYST_RVR), probe.get(FP_COMP0), machine.resets], [0, CODE + 8, 0]);
});

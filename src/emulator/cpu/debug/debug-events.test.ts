/** What debug events do: which faults a vector catch stops, stepping, DebugMonitor, the DWT's comparators (DDI 0403E, C1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CFSR, Exception, HFSR } from "../exceptions/faults.js";
import { CODE, FLASH, RAM, type TestMachine } from "../test-machine.js";
import { REGSEL } from "./debug-registers.js";
import { DEMCR, Probe } from "./test-probe.js";

const ICSR = 0xe000ed04;
const VTOR = 0xe000ed08;
const CCR = 0xe000ed14;
const SHCSR = 0xe000ed24;
const DFSR = 0xe000ed30;
const MPU_CTRL = 0xe000ed94;
const FAULTS_ON = 7 << 16;
const LOOP = /* b . */ "fee7";
const NOWHERE = 0x60000000;
const VC = {
  MM: 1 << 4,
  NOCP: 1 << 5,
  CHK: 1 << 6,
  STAT: 1 << 7,
  BUS: 1 << 8,
  INT: 1 << 9,
  HARD: 1 << 10,
} as const;
const MON = { EN: 1 << 16, PEND: 1 << 17, STEP: 1 << 18 } as const;
const BKPT = 2;
const DWTTRAP = 4;

interface Catch {
  readonly name: string;
  readonly code: string;
  readonly r1?: number;
  readonly prepare?: (machine: TestMachine) => void;
  readonly exception: number;
  /** DEMCR bits that each stop it. */
  readonly bits: readonly number[];
}

const { memManage, busFault, usageFault, hardFault } = Exception;
const BX_R1 = "0847";
const CATCHES: readonly Catch[] = [
  { name: "UNDEFINSTR", code: /* udf 0 */ "00de", exception: usageFault, bits: [VC.STAT] },
  { name: "INVSTATE", code: BX_R1, r1: RAM, exception: usageFault, bits: [VC.STAT] },
  { name: "NOCP", code: /* cdp p0,0,c0,c0,c0,0 */ "00ee0000", exception: usageFault, bits: [VC.NOCP] },
  {
    name: "UNALIGNED",
    code: /* ldrd r0,r2,[r1] */ "d1e90002",
    r1: RAM + 2,
    exception: usageFault,
    bits: [VC.CHK],
  },
  {
    name: "DIVBYZERO",
    code: /* sdiv r0,r1,r2 */ "91fbf2f0",
    prepare: (machine) => machine.word(CCR, 0x210),
    exception: usageFault,
    bits: [VC.CHK],
  },
  {
    name: "INVPC",
    code: /* svc 0 */ "00df",
    r1: 0xfffffff5,
    prepare: (machine) => machine.handler(Exception.svCall, BX_R1),
    exception: usageFault,
    bits: [VC.STAT],
  },
  {
    name: "DACCVIOL",
    code: /* ldr r0,[r1] */ "0868",
    r1: RAM + 0x9000,
    prepare: (machine) =>
      machine
        .word(0xe000ed9c, (RAM + 0x9000) | 0x10)
        .word(0xe000eda0, (11 << 1) | 1)
        .word(MPU_CTRL, 5),
    exception: memManage,
    bits: [VC.MM],
  },
  { name: "IACCVIOL", code: BX_R1, r1: 0x40000001, exception: memManage, bits: [VC.MM] },
  { name: "IBUSERR", code: BX_R1, r1: NOWHERE | 1, exception: busFault, bits: [VC.BUS] },
  { name: "PRECISERR", code: /* ldr r0,[r1] */ "0868", r1: NOWHERE, exception: busFault, bits: [VC.BUS] },
  {
    name: "IMPRECISERR",
    code: /* str r0,[r1]; b . */ `0860${LOOP}`,
    r1: NOWHERE,
    exception: busFault,
    bits: [VC.BUS],
  },
  {
    name: "STKERR",
    code: /* svc 0 */ "00df",
    prepare: (machine) => machine.set({ 13: NOWHERE + 0x100 }).word(0xe000ed1c, 0x80000000),
    exception: busFault,
    bits: [VC.BUS, VC.INT],
  },
  {
    name: "FORCED",
    code: /* udf 0 */ "00de",
    prepare: (machine) => machine.word(SHCSR, 0),
    exception: hardFault,
    bits: [VC.HARD],
  },
  {
    name: "VECTTBL",
    code: LOOP,
    prepare: (machine) => {
      // 32 vectors end the flash: that of IRQ 16 lies behind it.
      machine.word(FLASH + 0xff80 + hardFault * 4, machine.at(FLASH + hardFault * 4));
      machine
        .word(VTOR, FLASH + 0xff80)
        .word(0xe000e100, 1 << 16)
        .word(0xe000e200, 1 << 16);
    },
    exception: hardFault,
    bits: [VC.INT, VC.HARD],
  },
];

for (const { name, code, r1 = 0, prepare, exception, bits } of CATCHES) {
  test(`vector catch of ${name} stops before the handler, and by no other bit`, () => {
    const probe = new Probe(code);
    const { machine } = probe;
    for (const number of [hardFault, memManage, busFault, usageFault]) machine.handler(number, LOOP);
    const stops = Object.values(VC).filter((bit) => {
      machine.cpu.reset(FLASH);
      machine.word(SHCSR, FAULTS_ON).set({ 1: r1 });
      prepare?.(machine);
      probe.put(DFSR, 0x1f).put(DEMCR, bit).control(1).run();
      if (!probe.halted) {
        assert.equal(machine.cpu.ipsr, exception);
        return false;
      }
      assert.deepEqual(
        [probe.get(DFSR), probe.register(REGSEL.XPSR) & 0x1ff, probe.register(REGSEL.PC)],
        [8, exception, FLASH + 0x1000 + exception * 0x80],
      );
      return true;
    });
    assert.deepEqual(stops, bits);
  });
}

test("vector catch needs halting debug; exceptions that are no faults are not caught", () => {
  const off = new Probe(/* udf 0 */ "00de");
  off.machine.handler(hardFault, LOOP);
  off.put(DEMCR, VC.HARD).run();
  assert.deepEqual([off.halted, off.machine.cpu.ipsr, off.get(DFSR)], [false, hardFault, 0]);
  const svc = new Probe(/* svc 0 */ "00df").control(1).put(DEMCR, 0x7f0);
  svc.machine.handler(Exception.svCall, LOOP);
  assert.equal(svc.run().halted, false);
});

test("a step enters what an instruction raises, goes over WFI, and is told once when it meets BKPT", () => {
  const probe = new Probe(/* svc 0; wfi; bkpt 0 */ "00df30bf00be").control(3);
  probe.machine.handler(Exception.svCall, /* bx lr */ "7047");
  const seen: number[] = [];
  for (let n = 0; n < 4; n++)
    seen.push(probe.put(DFSR, 0x1f).control(5).register(REGSEL.PC), probe.get(DFSR));
  const handler = FLASH + 0x1000 + Exception.svCall * 0x80;
  assert.deepEqual(seen, [handler, 1, CODE + 2, 1, CODE + 4, 1, CODE + 4, BKPT]);
  assert.deepEqual(probe.halts, [1, 1, 1, 1, BKPT]);
});

test("C_MASKINTS holds back PendSV, SysTick and interrupts, not NMI and SVC", () => {
  const probe = new Probe(/* svc 0 */ "00df").control(3);
  const { machine } = probe;
  for (const number of [Exception.nmi, Exception.svCall]) machine.handler(number, LOOP);
  probe.control(2 | 9);
  machine.word(0xe000e100, 1).word(0xe000e200, 1);
  probe.put(ICSR, (1 << 28) | (1 << 26));
  assert.equal(probe.control(0xd).register(REGSEL.XPSR) & 0x1ff, Exception.svCall);
  probe.put(ICSR, 1 << 31);
  assert.equal(probe.control(0xd).register(REGSEL.XPSR) & 0x1ff, Exception.nmi);
});

test("ISRPREEMPT tells of an exception that is taken on leaving Debug state", () => {
  const probe = new Probe(LOOP).control(3).put(0xe000ed20, 0x800000);
  const preempts = (): boolean => (probe.get(ICSR) & (1 << 23)) !== 0;
  assert.equal(preempts(), false);
  probe.put(ICSR, 1 << 28);
  assert.equal(preempts(), true);
  probe.setRegister(REGSEL.SPECIAL, 0x8000);
  assert.equal(preempts(), false);
  probe.setRegister(REGSEL.SPECIAL, 0).machine.handler(Exception.pendSv, LOOP);
  assert.equal(probe.control(1).run().machine.cpu.ipsr, Exception.pendSv);
  assert.equal(preempts(), false);
});

test("VECTCLRACTIVE ends all exceptions, in Debug state", () => {
  const probe = new Probe(/* svc 0 */ "00df").control(1);
  probe.machine.handler(Exception.svCall, LOOP);
  probe.run().put(0xe000ed0c, 0x05fa0002);
  assert.equal(probe.get(SHCSR) & 0x80, 0x80);
  probe.control(3).put(0xe000ed0c, 0x05fa0002);
  assert.deepEqual([probe.get(SHCSR) & 0x80, probe.register(REGSEL.XPSR) & 0x1ff], [0, 0]);
});

test("BKPT that nobody takes is a HardFault, also when DebugMonitor's priority does not do, and a lockup in HardFault", () => {
  const alone = new Probe(/* bkpt 0 */ "00be");
  alone.machine.handler(hardFault, LOOP);
  alone.run();
  assert.deepEqual([alone.get(0xe000ed2c), alone.get(DFSR)], [HFSR.DEBUGEVT >>> 0, BKPT]);
  assert.equal(alone.machine.cpu.ipsr, hardFault);

  const low = new Probe(/* bkpt 0 */ "00be").put(DEMCR, MON.EN).put(0xe000ed20, 0x80);
  low.machine.handler(hardFault, /* bkpt 0 */ "00be").cpu.exceptions.basepri = 0x80;
  low.run();
  assert.deepEqual([low.machine.lockups, low.get(0xe000ed2c)], [1, HFSR.DEBUGEVT >>> 0]);
});

const WATCHED = /* str r0,[r1]; movs r4,#1; b . */ "08600124fee7";

test("a watchpoint pends DebugMonitor, which waits for its priority and is never a HardFault", () => {
  const probe = new Probe(WATCHED).put(DEMCR, MON.EN | (1 << 24)).put(0xe000ed20, 0x80);
  const { machine } = probe;
  machine.handler(Exception.debugMonitor, /* movs r6,#1; bx lr */ "01267047").set({ 1: RAM });
  probe.put(0xe0001020, RAM).put(0xe0001028, 6);
  machine.cpu.exceptions.basepri = 0x80;
  probe.run();
  assert.deepEqual([machine.reg(4), machine.reg(6), probe.get(0xe000ed2c)], [1, 0, 0]);
  assert.deepEqual([probe.get(DFSR), probe.get(DEMCR) & MON.PEND], [DWTTRAP, MON.PEND]);
  machine.cpu.exceptions.basepri = 0;
  machine.cpu.exceptions.onAttention();
  assert.equal(probe.run().machine.reg(6), 1);
});

test("monitor stepping executes one instruction after another, over exceptions of a higher priority", () => {
  const probe = new Probe(/* movs r0,#1; movs r0,#2; svc 0; movs r0,#3; b . */ "0120022000df0320fee7");
  const { machine } = probe;
  machine.handler(Exception.svCall, /* add r9,#1; add r9,#1; bx lr */ "09f1010909f101097047");
  // It notes where it came from, and ends stepping the fifth time.
  machine.handler(
    Exception.debugMonitor,
    /* ldr r6,[sp,#24]; str r6,[r8],#4; adds r7,#1; cmp r7,#5; it eq; streq r4,[r5]; bx lr */
    "069e48f8046b0137052f08bf2c607047",
  );
  machine.set({ 4: MON.EN, 5: DEMCR, 8: RAM }).word(0xe000ed20, 0x80);
  probe.put(DEMCR, MON.EN | MON.STEP | MON.PEND).run();
  const stops = Array.from({ length: 6 }, (_, n) => machine.at(RAM + n * 4));
  assert.deepEqual(stops, [CODE, CODE + 2, CODE + 4, CODE + 6, CODE + 8, 0]);
  assert.deepEqual([machine.reg(0), machine.reg(9), probe.get(DFSR)], [3, 2, 1]);
});

test("a monitor step that meets BKPT is one entry", () => {
  const probe = new Probe(/* movs r0,#1; bkpt 0; b . */ "012000befee7");
  const { machine } = probe;
  // The third entry is that of the BKPT: it goes on behind it, and ends stepping.
  machine.handler(
    Exception.debugMonitor,
    /* adds r7,#1; cmp r7,#3; bne 1f; ldr r6,[sp,#24]; adds r6,#2; str r6,[sp,#24]; str r4,[r5]; 1: bx lr */
    "0137032f03d1069e023606962c607047",
  );
  machine.set({ 4: MON.EN, 5: DEMCR }).word(0xe000ed20, 0x80);
  probe.put(DEMCR, MON.EN | MON.STEP | MON.PEND).run();
  assert.deepEqual([machine.reg(7), machine.cpu.ipsr, machine.cpu.pc], [3, 0, CODE + 4]);
  assert.equal(probe.get(DFSR), 1 | BKPT);
});

const DWT = {
  CTRL: 0xe0001000,
  CYCCNT: 0xe0001004,
  PCSR: 0xe000101c,
  COMP0: 0xe0001020,
  COMP1: 0xe0001030,
} as const;
const TRCENA = 1 << 24;
const MATCHED = 1 << 24;
const CYCMATCH = 1 << 7;
const DATAVMATCH = 1 << 8;

test("comparator 0 halts when CYCCNT gets to its value, and again a lap later", () => {
  const probe = new Probe(LOOP).put(DEMCR, TRCENA).put(DWT.CTRL, 1).control(1);
  probe
    .put(DWT.COMP0, 300)
    .put(DWT.COMP0 + 8, CYCMATCH | 4)
    .run();
  const at = probe.get(DWT.CYCCNT);
  assert.ok(probe.halted && at >= 300 && at < 304, `${at} cycles`);
  assert.deepEqual([probe.get(DFSR), probe.get(DWT.COMP0 + 8) & MATCHED], [DWTTRAP, MATCHED]);
  probe.control(1).run();
  assert.equal(probe.halted, false);
  probe.put(DWT.CYCCNT, 250).run();
  assert.equal(probe.halted, true);
});

test("a comparator of cycles that is only told does not halt", () => {
  const probe = new Probe(LOOP).put(DEMCR, TRCENA).put(DWT.CTRL, 1).control(1);
  probe
    .put(DWT.COMP0, 300)
    .put(DWT.COMP0 + 8, CYCMATCH | 8)
    .run();
  assert.deepEqual([probe.halted, probe.get(DWT.COMP0 + 8) & MATCHED], [false, MATCHED]);
});

const VALUES =
  /* str r0,[r1]; strh r0,[r1,#4]; str r2,[r1]; ldr r3,[r1]; strb r0,[r1,#8]; movs r4,#1; b . */
  "086088800a600b6808720124fee7";
/** FUNCTION1: what, size (0 byte, 1 halfword, 2 word), comparator with the address (1: any). */
for (const [name, what, size, link, value, stops] of [
  ["word written", 6, 2, 1, 0x22222222, [CODE + 6]],
  ["word read", 5, 2, 1, 0x22222222, [CODE + 8]],
  ["word, either", 7, 2, 1, 0x22222222, [CODE + 6, CODE + 8]],
  ["halfword", 6, 1, 1, 0x7777, [CODE + 4]],
  ["byte", 6, 0, 1, 0x77, [CODE + 10]],
  ["word at an address", 6, 2, 0, 0x7777, [CODE + 2]],
  ["word elsewhere", 6, 2, 2, 0x7777, []],
  ["told only", 10, 2, 1, 0x7777, []],
] as const) {
  test(`comparator 1 halts by a value of data (${name})`, () => {
    const probe = new Probe(VALUES).put(DEMCR, TRCENA).control(1);
    probe.machine.set({ 0: 0x7777, 1: RAM, 2: 0x22222222 });
    probe.put(DWT.COMP0, RAM).put(0xe0001040, RAM + 64);
    probe
      .put(DWT.COMP1, value)
      .put(DWT.COMP1 + 8, DATAVMATCH | (size << 10) | (link << 12) | (link << 16) | what);
    const seen: number[] = [];
    for (probe.run(); probe.halted; probe.control(1).run()) seen.push(probe.register(REGSEL.PC));
    assert.deepEqual([seen, probe.machine.reg(4)], [stops, 1]);
    const matched = stops.length > 0 || what > 7;
    assert.equal((probe.get(DWT.COMP1 + 8) & MATCHED) !== 0, matched);
    assert.equal(probe.get(DWT.COMP1 + 8) & MATCHED, 0);
  });
}

test("PCSR samples the PC while the core runs, and reads all ones in Debug state", () => {
  const probe = new Probe(LOOP).run();
  assert.equal(probe.get(DWT.PCSR), CODE);
  probe.control(3);
  assert.equal(probe.get(DWT.PCSR), 0xffffffff);
});

test("a stacking error is caught at the entry that it accompanies, with that one's own kind", () => {
  // UDF with a stack that cannot be written: UsageFault is entered, BusFault waits below it.
  const probe = new Probe(/* udf 0 */ "00de").control(1).put(DEMCR, VC.CHK | VC.NOCP);
  const { machine } = probe;
  machine
    .handler(usageFault, LOOP)
    .word(SHCSR, FAULTS_ON)
    .word(0xe000ed18, 0x4000)
    .set({ 13: NOWHERE + 0x100 });
  probe.run();
  assert.deepEqual([probe.halted, machine.cpu.ipsr], [false, usageFault]);
  assert.equal(machine.at(0xe000ed28), CFSR.UNDEFINSTR | CFSR.STKERR);
});

test("debug registers keep what the manual gives them, and no more", () => {
  const probe = new Probe(LOOP).control(3);
  const kept = (address: number, value: number): number => probe.put(address, value).get(address);
  assert.deepEqual([kept(DEMCR, 0xffffffff), kept(DEMCR, 0)], [0x010f07f1, 0]);
  probe.put(DFSR, 0x1f);
  assert.equal(probe.get(DFSR), 0);
  assert.deepEqual(
    [0, 1, 2, 3].map((n) => [0, 4, 8].map((register) => kept(DWT.COMP0 + n * 16 + register, 0xffffffff))),
    [0xaf, 0xfff2f, 0x2f, 0x2f].map((functions) => [0xffffffff, 0x1f, functions]),
  );
  // FP_CTRL takes ENABLE with its key only; eight comparators, no literals.
  assert.deepEqual([kept(0xe0002000, 1), kept(0xe0002000, 3)], [0x10000080, 0x10000081]);
  assert.deepEqual(
    [kept(0xe0002008, 0xffffffff), kept(0xe0002024, 0xffffffff), kept(0xe0002028, 1)],
    [0xffffffff, 0xffffffff, 0],
  );
  // C_SNAPSTALL, C_MASKINTS, C_STEP, C_HALT, C_DEBUGEN; S_HALT and S_REGRDY.
  assert.equal(probe.control(0xffff & ~4).get(0xe000edf0) & 0xffff, 0x2b);
});

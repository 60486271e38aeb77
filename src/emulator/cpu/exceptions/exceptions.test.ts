import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../../bus.js";
import { CODE, FLASH, RAM, STACK_TOP, TestMachine } from "../test-machine.js";
import { CFSR, Exception, HFSR } from "./faults.js";

const CPACR = 0xe000ed88;
const SHCSR = 0xe000ed24;
const ICSR = 0xe000ed04;
const ALL_FAULTS = 7 << 16;
const STOP = /* bkpt 1 */ "01be";
const LOOP = /* 1: b 1b */ "fee7";

test("reset loads SP and PC from the vector table", () => {
  const { cpu } = new TestMachine();
  assert.deepEqual([cpu.get(13), cpu.pc, cpu.xpsr], [STACK_TOP, CODE, 1 << 24]);
});

test("SVC stacks a frame that its return restores", () => {
  const machine = new TestMachine(/* sub sp,#4; cmp r0,r0; svc 3; bkpt 0 */ "81b0804203df00be");
  machine.handler(
    Exception.svCall,
    /* mrs r4,ipsr; mov r5,lr; mov r6,sp; movs r0,#99; cmp r0,#1; bx lr */ "eff3058475466e46632001287047",
  );
  machine.set({ 0: 10, 1: 11, 2: 12, 3: 13, 12: 14, 14: 15 }).run();
  const { cpu } = machine;
  assert.deepEqual(
    [4, 5, 6].map((n) => machine.reg(n)),
    [11, 0xfffffff9, STACK_TOP - 40],
  );
  const frame = Array.from({ length: 8 }, (_, i) => machine.at(STACK_TOP - 40 + i * 4));
  assert.deepEqual(frame, [10, 11, 12, 13, 14, 15, CODE + 6, 0x61000200]);
  assert.deepEqual([machine.reg(0), machine.reg(13), cpu.ipsr, cpu.pc], [10, STACK_TOP - 4, 0, CODE + 6]);
  assert.equal(cpu.apsr >>> 28, 6);
});

test("an interrupt inside an IT block returns into that block", () => {
  const machine = new TestMachine(
    /* cmp r0,r0; itt eq; addeq r1,#1; addeq r1,#2; bkpt 0 */ "804204bf0131023100be",
  );
  machine.handler(Exception.pendSv, /* cmp r0,#77; bx lr */ "4d287047").step(3);
  machine.word(ICSR, 1 << 28).run();
  assert.equal(machine.reg(1), 3);
});

test("a higher priority preempts, a lower one waits and is tail-chained without unstacking", () => {
  const machine = new TestMachine(LOOP);
  machine.handler(16, /* adds r4,#1; str r6,[r5]; adds r4,#16; bx lr */ "01342e6010347047");
  machine
    .handler(17, /* lsls r4,#8; adds r4,#2; bx lr */ "240202347047")
    .handler(18, /* lsls r4,#8; mov r7,lr; bkpt 0 */ "2402774600be");
  machine.word(0xe000e100, 7).word(0xe000e400, 0x00604080 & 0xffffff);
  machine.set({ 4: 0, 5: 0xe000e200, 6: 6 });
  machine.word(0xe000e200, 1).run();
  // IRQ 1 (0x40) interrupts IRQ 0 (0x80); IRQ 2 (0x60) follows IRQ 1.
  assert.equal(machine.reg(4), ((1 << 8) | 2) << 8);
  assert.equal(machine.reg(7), 0xfffffff1);
  assert.equal(machine.reg(13), STACK_TOP - 64);
});

test("PRIGROUP makes subpriorities wait for each other", () => {
  const machine = new TestMachine(LOOP);
  machine.handler(16, /* str r6,[r5]; bkpt 0 */ "2e6000be").handler(17, /* bkpt 1 */ "01be");
  machine.word(0xe000ed0c, 0x05fa0700).word(0xe000e100, 3).word(0xe000e400, 0x1080);
  machine.set({ 5: 0xe000e200, 6: 2 }).word(0xe000e200, 1).run();
  assert.equal(machine.cpu.ipsr, 16);
});

test("PRIMASK and BASEPRI hold interrupts back until they are lifted", () => {
  const machine = new TestMachine(
    /* cpsid i; str r6,[r5]; movs r1,#1; movs r0,#0x40; msr basepri,r0; cpsie i; movs r1,#2; movs r0,#0; msr basepri,r0; movs r1,#3; bkpt 0 */ "72b62e600121402080f3118862b60221002080f31188032100be",
  );
  machine.handler(16, /* mov r4,r1; bx lr */ "0c467047").word(0xe000e100, 1).word(0xe000e400, 0x40);
  machine.set({ 5: 0xe000e200, 6: 1 }).run();
  assert.deepEqual([machine.reg(4), machine.reg(1)], [2, 3]);
});

test("a line that stays high interrupts again after its handler", () => {
  const machine = new TestMachine(LOOP).handler(
    16 + 92,
    /* adds r4,#1; cmp r4,#3; bne 1f; bkpt 0; 1: bx lr */ "0134032c00d100be7047",
  );
  machine.word(0xe000e108, 1 << 28);
  const line = machine.cpu.irqLine(92);
  line.set(true);
  machine.run();
  assert.equal(machine.reg(4), 3);
  assert.throws(() => machine.cpu.irqLine(150), /IRQ 150/);
});

test("thread code can use PSP, and handlers run on MSP", () => {
  const machine = new TestMachine(
    /* msr psp,r0; movs r1,#2; msr control,r1; isb; svc 0; bkpt 0 */ "80f30988022181f31488bff36f8f00df00be",
  );
  machine
    .handler(Exception.svCall, /* mov r4,lr; mov r5,sp; mrs r6,psp; bx lr */ "74466d46eff309867047")
    .set({ 0: RAM + 0x1000 })
    .run();
  assert.deepEqual(
    [4, 5, 6].map((n) => machine.reg(n)),
    [0xfffffffd, STACK_TOP, RAM + 0x1000 - 32],
  );
  assert.deepEqual([machine.reg(13), machine.cpu.msp], [RAM + 0x1000, STACK_TOP]);
});

test("unprivileged code reaches neither special registers nor the system control space", () => {
  const machine = new TestMachine(
    /* msr control,r1; isb; cpsid i; mrs r2,primask; ldr r3,[r4]; bkpt 0 */ "81f31488bff36f8f72b6eff31082236800be",
  );
  machine.handler(Exception.busFault, STOP).word(SHCSR, ALL_FAULTS).set({ 1: 1, 4: CPACR }).run();
  assert.equal(machine.cpu.exceptions.primask, 0);
  assert.equal(machine.cpu.ipsr, Exception.busFault);
  assert.equal(machine.at(0xe000ed38), CPACR);
});

const FAULTS: readonly (readonly [string, string, number, number, Record<number, number>])[] = [
  ["undefined", /* udf 1 */ "01de", Exception.usageFault, CFSR.UNDEFINSTR, {}],
  ["no coprocessor", /* .inst.w 0xee000000 */ "00ee0000", Exception.usageFault, CFSR.NOCP, {}],
  ["FPU off", /* .inst.w 0xee300a00 */ "30ee000a", Exception.usageFault, CFSR.NOCP, {}],
  ["state", /* bx r0 */ "0047", Exception.usageFault, CFSR.INVSTATE, { 0: RAM }],
  ["unaligned LDRD", /* ldrd r0,r1,[r2] */ "d2e90001", Exception.usageFault, CFSR.UNALIGNED, { 2: RAM + 2 }],
  ["unaligned device", /* ldr r0,[r2] */ "1068", Exception.usageFault, CFSR.UNALIGNED, { 2: 0x40000002 }],
  [
    "nothing there",
    /* ldr r0,[r2] */ "1068",
    Exception.busFault,
    CFSR.PRECISERR | CFSR.BFARVALID,
    { 2: 0x60000000 },
  ],
  [
    "store nowhere",
    /* str r0,[r2]; nop */ "106000bf",
    Exception.busFault,
    CFSR.IMPRECISERR,
    { 2: 0x60000000 },
  ],
  ["fetch nowhere", /* bx r0 */ "0047", Exception.busFault, CFSR.IBUSERR, { 0: 0x60000001 }],
  ["fetch from XN", /* bx r0 */ "0047", Exception.memManage, CFSR.IACCVIOL, { 0: 0x40000001 }],
];

for (const [name, code, exception, status, registers] of FAULTS) {
  test(`fault (${name}) sets its status and is reported`, () => {
    const machine = new TestMachine(code).handler(exception, STOP).word(SHCSR, ALL_FAULTS);
    machine.set(registers).run();
    assert.equal(machine.cpu.ipsr, exception);
    assert.equal(machine.at(0xe000ed28), status);
    if ((status & CFSR.IMPRECISERR) === 0)
      assert.match(machine.notes.join("\n"), /CFSR 0x[\s\S]*xPSR[\s\S]*r12/);
    machine.word(0xe000ed28, 0xffffffff);
    assert.equal(machine.at(0xe000ed28), 0);
  });
}

test("DIV_0_TRP turns division by zero into a fault", () => {
  const machine = new TestMachine(/* udiv r0,r1,r2; bkpt 0 */ "b1fbf2f000be").handler(
    Exception.usageFault,
    STOP,
  );
  machine.word(SHCSR, ALL_FAULTS).word(0xe000ed14, 0x210).set({ 1: 5, 2: 0 }).run();
  assert.equal(machine.at(0xe000ed28), CFSR.DIVBYZERO);
});

test("a disabled fault handler escalates to HardFault", () => {
  const machine = new TestMachine(/* udf 0 */ "00de").handler(Exception.hardFault, STOP).run();
  assert.equal(machine.cpu.ipsr, Exception.hardFault);
  assert.equal(machine.at(0xe000ed2c), HFSR.FORCED);
  assert.match(machine.notes[0] ?? "", /HardFault in Thread mode at pc 0x08000400\n {2}UNDEFINSTR FORCED/);
});

test("a fault in the HardFault handler locks up, and NMI or a reset helps", () => {
  const machine = new TestMachine(/* udf 0 */ "00de").handler(Exception.hardFault, /* udf 0 */ "00de").run();
  assert.deepEqual([machine.cpu.lockedUp, machine.lockups], [true, 1]);
  machine.load(CODE, STOP).cpu.reset(FLASH);
  machine.run();
  assert.equal(machine.cpu.pc, CODE);
});

test("returning with a value that does not fit is an INVPC fault", () => {
  const machine = new TestMachine(/* svc 0 */ "00df").handler(
    Exception.svCall,
    /* mvn r0,#14; bx r0 */ "6ff00e000047",
  );
  machine.handler(Exception.usageFault, STOP).word(SHCSR, ALL_FAULTS).run();
  assert.equal(machine.cpu.ipsr, Exception.usageFault);
  assert.equal(machine.at(0xe000ed28), CFSR.INVPC);
});

test("a stack that cannot be written is a stacking fault", () => {
  const machine = new TestMachine(/* mov sp,r0; svc 0 */ "854600df").handler(Exception.hardFault, STOP);
  machine.bus.map(0x60000000, 0x1000, { read: () => 0, write: fail }, "broken");
  machine.set({ 0: 0x60000800 }).run();
  assert.equal(machine.cpu.ipsr, Exception.hardFault);
  assert.deepEqual([machine.at(0xe000ed28), machine.at(0xe000ed2c)], [CFSR.STKERR, HFSR.FORCED]);
  assert.equal(machine.cpu.exceptions.isPending(Exception.svCall), true);
});

function fail(offset: number): never {
  throw new BusFault("broken", offset);
}

test("SYSRESETREQ needs its key", () => {
  const machine = new TestMachine(/* str r0,[r1]; str r2,[r1]; bkpt 0 */ "08600a6000be");
  machine.set({ 0: 4, 1: 0xe000ed0c, 2: 0x05fa0004 }).run();
  assert.equal(machine.resets, 1);
  assert.match(machine.notes.join(), /VECTKEY/);
});

test("a reset inside the instruction that asks for it starts over", () => {
  const machine = new TestMachine(
    /* ldr r3,[r4]; adds r3,#1; str r3,[r4]; cmp r3,#3; beq 1f; ldr r0,=0x05fa0004; ldr r1,=0xe000ed0c; str r0,[r1]; 1: bkpt 0 */ "236801332360032b02d002480249086000be00000400fa050ced00e0",
  );
  machine.cpu.options.onSystemReset = () => {
    machine.cpu.reset(FLASH);
    machine.set({ 4: RAM });
    machine.timeline.after(1e6, () => {});
  };
  machine.set({ 4: RAM }).run();
  assert.equal(machine.at(RAM), 3);
});

test("an interrupt raised by a device is taken after the store that caused it, even when that schedules events", () => {
  const machine = new TestMachine(
    /* str r0,[r1]; adds r4,#1; adds r4,#1; bkpt 0 */ "08600134013400be",
  ).handler(16, /* mov r5,r4; mov r6,r4; str r4,[r2]; bx lr */ "2546264614607047");
  const line = machine.cpu.irqLine(0);
  const write = (): void => {
    line.set(true);
    machine.timeline.after(1e6, () => {});
  };
  machine.bus.map(0x40000000, 0x1000, { read: () => 0, write }, "device");
  machine.bus.map(0x40001000, 0x1000, { read: () => 0, write: () => line.set(false) }, "acknowledge");
  machine.word(0xe000e100, 1).word(RAM, 99);
  machine
    .set({ 1: 0x40000000, 2: 0x40001000, 4: 7 })
    .load(FLASH + 0x1800, /* str r4,[r3]; str r4,[r2]; bx lr */ "1c6014607047");
  machine.set({ 3: RAM }).run();
  assert.equal(machine.at(RAM), 7);
  assert.equal(machine.reg(4), 9);
});

const CCR = 0xe000ed14;
const UNPRIVILEGED_STIR =
  /* movs r0,#1; msr control,r0; movs r1,#5; str r1,[r2]; bkpt 0 */ "012080f314880521116000be";

test("unprivileged code triggers an interrupt by STIR only with CCR.USERSETMPEND", () => {
  for (const [ccr, pending] of [
    [0x200, 0],
    [0x202, 1 << 5],
  ] as const) {
    const machine = new TestMachine(UNPRIVILEGED_STIR).handler(Exception.hardFault, STOP).word(CCR, ccr);
    machine.set({ 2: 0xe000ef00 }).run();
    assert.equal(machine.at(0xe000e200), pending);
  }
});

test("a return to Thread mode with a frame of a handler is INVPC, with the frame where it was", () => {
  const machine = new TestMachine(/* svc 0 */ "00df")
    .handler(Exception.usageFault, STOP)
    .word(SHCSR, ALL_FAULTS);
  machine.handler(
    Exception.svCall,
    /* ldr r0,[sp,#28]; orr r0,#5; str r0,[sp,#28]; bx lr */ "079840f0050007907047",
  );
  machine.run();
  assert.equal(machine.cpu.ipsr, Exception.usageFault);
  assert.equal(machine.at(0xe000ed28), CFSR.INVPC);
  assert.deepEqual([machine.reg(13), machine.at(STACK_TOP - 4)], [STACK_TOP - 32, 0x01000005]);
});

test("a fault while stacking that is enabled and lower than the exception being entered waits for its end", () => {
  const machine = new TestMachine(/* svc 0 */ "00df").handler(Exception.svCall, /* bx lr */ "7047");
  machine.handler(Exception.busFault, STOP).word(SHCSR, ALL_FAULTS).word(0xe000ed18, 0x4000);
  machine.set({ 13: 0x60000100 }).step();
  assert.equal(machine.cpu.ipsr, Exception.svCall);
  assert.equal(machine.at(SHCSR) & (1 << 14), 1 << 14);
  machine.run();
  assert.equal(machine.cpu.ipsr, Exception.busFault);
  assert.equal(machine.at(0xe000ed28), CFSR.STKERR);
});

test("an imprecise bus fault tells by which interface it came, until ABFSR is written", () => {
  const ABFSR = 0xe000efa8;
  const machine = new TestMachine(/* str r0,[r1]; b . */ "0860fee7").word(0xe000ed24, 1 << 17);
  machine.handler(Exception.busFault, /* bkpt 0 */ "00be");
  const seen = [0x20010000, 0x40000000, 0x58000000, 0x60000000].map((address) => {
    machine.cpu.reset(FLASH);
    machine
      .word(0xe000ed24, 1 << 17)
      .set({ 1: address })
      .run();
    const told = machine.at(ABFSR);
    assert.equal(machine.word(ABFSR, told).at(ABFSR), 0);
    return told;
  });
  assert.deepEqual(seen, [1 << 1, 1 << 2, 0x308, 0x308]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Exception } from "../exceptions/faults.js";
import { TestMachine } from "../test-machine.js";

const ITM = 0xe0000000;
const TER = ITM + 0xe00;
const TPR = ITM + 0xe40;
const TCR = ITM + 0xe80;
const DEMCR = 0xe000edfc;
const TRCENA = 1 << 24;
const CFSR = 0xe000ed28;
/** LDR r1, [r0]; CMP r1, #0; BEQ back; STRB r2, [r0]; STRH r3, [r0, #8]; STR r2, [r0, #124]; BKPT */
const SENDS = "01680029fcd002700381c26700be";
const STOP = "00be";

function machine(code = SENDS) {
  const sent: (readonly [number, number, number])[] = [];
  const one = new TestMachine(code).set({ 0: ITM, 2: 0x41, 3: 0x4243 });
  one.cpu.scs.itm.onStimulus = (...what) => sent.push(what);
  return { one, sent };
}

test("enabled ports are ready and send what is written, in its size; closed ones send nothing", () => {
  const { one, sent } = machine();
  one.word(DEMCR, TRCENA).word(TER, 0x8000_0001).word(TCR, 1).run();
  assert.equal(one.cpu.halted, true);
  assert.deepEqual(sent, [
    [0, 1, 0x41],
    [31, 4, 0x41],
  ]);
});

test("a program waits at a port for ever without TRCENA, ITMENA or the port's enable bit", () => {
  for (const [demcr, ter, tcr] of [
    [0, 1, 1],
    [TRCENA, 2, 1],
    [TRCENA, 1, 0],
  ] as const) {
    const { one, sent } = machine();
    one.word(DEMCR, demcr).word(TER, ter).word(TCR, tcr).run();
    assert.deepEqual([one.cpu.halted, sent], [false, []]);
  }
});

test("unprivileged code sends by the ports that TPR leaves it, and opens and closes no other", () => {
  const { one, sent } = machine(
    /* str r2,[r0]; str r2,[r0,#32]; str r2,[r4]; ldr r5,[r0]; ldr r6,[r4]; bkpt */ "026002622260056826680000".replace(
      /0000$/,
      STOP,
    ),
  );
  one.set({ 2: 0x4141, 4: TER }).word(DEMCR, TRCENA).word(TER, 0x101).word(TCR, 1).word(TPR, 1);
  one.cpu.setMode(0, 1);
  one.run();
  assert.deepEqual(sent, [[8, 4, 0x4141]]);
  assert.deepEqual([one.reg(5), one.reg(6), one.at(TER)], [0, 0x4101, 0x4101]);
});

test("the rest of the private peripheral bus stays shut to unprivileged code", () => {
  const { one } = machine(/* ldr r5,[r4]; bkpt */ `2568${STOP}`);
  one.set({ 4: DEMCR }).handler(Exception.hardFault, STOP);
  one.cpu.setMode(0, 1);
  one.run();
  assert.deepEqual([one.cpu.ipsr, one.at(CFSR)], [3, 0x8200]);
});

test("the lock keeps registers from software once it is closed, and ports open", () => {
  const { one, sent } = machine();
  one
    .word(DEMCR, TRCENA)
    .word(TER, 1)
    .word(TCR, 1)
    .word(ITM + 0xfb0, 0);
  one.word(TCR, 0).run();
  assert.deepEqual([one.at(TCR), one.at(ITM + 0xfb4), sent], [1, 3, [[0, 1, 0x41]]]);
  one.word(ITM + 0xfb0, 0xc5acce55).word(TCR, 0);
  assert.deepEqual([one.at(TCR), one.at(ITM + 0xfb4)], [0, 1]);
});

test("what goes out comes in the same order by every engine", () => {
  const sentBy = (engine: "reference" | "interpreter" | "translation") => {
    const sent: unknown[] = [];
    /** LDR r1, [r0]; CMP r1, #0; BEQ back; STR r3, [r0]; SUBS r3, #1; BNE back; BKPT */
    const one = new TestMachine("01680029fcd00360013bf9d100be", { engine, translateAfter: 3 });
    one.cpu.scs.itm.onStimulus = (_port, _size, value) => sent.push([value, one.timeline.now]);
    one.set({ 0: ITM, 3: 300 }).word(DEMCR, TRCENA).word(TER, 1).word(TCR, 1).run();
    return sent;
  };
  const reference = sentBy("reference");
  assert.equal(reference.length, 300);
  assert.deepEqual(sentBy("interpreter"), reference);
  assert.deepEqual(sentBy("translation"), reference);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Lptim } from "./lptim.js";

const ISR = 0x00;
const ICR = 0x04;
const IER = 0x08;
const CFGR = 0x0c;
const CR = 0x10;
const CMP = 0x14;
const ARR = 0x18;
const CNT = 0x1c;
const TICK_NS = 1e9 / 32e3;

function rig(name = "LPTIM1") {
  const timeline = new Timeline();
  const interrupt = new TestLine();
  const edges: boolean[] = [];
  const lptim = new Lptim({
    name,
    log: new RecordedLog(),
    timeline,
    interrupt,
    clocked: () => true,
    kernelHz: () => 32e3,
    onOutput: (high) => edges.push(high),
    outputWanted: () => true,
  });
  return { lptim, timeline, interrupt, edges };
}

test("counts continuously from 0 to ARR, flags CMP and ARR, and tells when a write has arrived", () => {
  const { lptim, timeline, interrupt } = rig();
  lptim.write(IER, 4, 2);
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 99);
  lptim.write(CMP, 4, 40);
  assert.equal(lptim.read(ISR, 4), 0);
  pass(timeline, 5 * TICK_NS);
  assert.equal(lptim.read(ISR, 4), 0x18);
  lptim.write(CR, 4, 5);
  // CR takes three clocks to the counter.
  pass(timeline, 3 * TICK_NS);
  pass(timeline, 50.5 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 50);
  assert.equal(lptim.read(ISR, 4) & 3, 1);
  assert.ok(!interrupt.asserted);
  pass(timeline, 50 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 0);
  assert.ok(interrupt.asserted);
  lptim.write(ICR, 4, 3);
  assert.ok(!interrupt.asserted);
});

test("the output is high above CMP; a single start ends after one period", () => {
  const { lptim, timeline, edges } = rig();
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 9);
  lptim.write(CMP, 4, 4);
  lptim.write(CR, 4, 3);
  pass(timeline, 7.5 * TICK_NS);
  assert.equal(lptim.output, false);
  pass(timeline, TICK_NS);
  assert.equal(lptim.output, true);
  pass(timeline, 20 * TICK_NS);
  assert.deepEqual(edges, [true, false]);
  assert.equal(lptim.read(CNT, 4), 0);
});

test("PRELOAD holds a new period back to the end of the one under way", () => {
  const { lptim, timeline } = rig();
  lptim.write(CFGR, 4, 1 << 22);
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 9);
  lptim.write(CR, 4, 5);
  pass(timeline, 5.5 * TICK_NS);
  lptim.write(ARR, 4, 4);
  pass(timeline, 5 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 7);
  pass(timeline, 6 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 3);
  pass(timeline, 3 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 1);
});

test("a trigger starts an armed counter, and with TIMOUT each further one starts it again", () => {
  const { lptim, timeline } = rig();
  // Rising edges of trigger 6, timeout.
  lptim.write(CFGR, 4, (1 << 19) | (1 << 17) | (6 << 13));
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 99);
  lptim.write(CR, 4, 5);
  pass(timeline, 20 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 0);
  lptim.trigger(5, true);
  lptim.trigger(6, false);
  assert.equal(lptim.read(ISR, 4) & 4, 0);
  lptim.trigger(6, true);
  assert.equal(lptim.read(ISR, 4) & 4, 4);
  // A trigger takes two clocks to the counter.
  pass(timeline, 52.5 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 50);
  lptim.trigger(6, true);
  pass(timeline, 62.1 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 60);
  assert.equal(lptim.read(ISR, 4) & 2, 0, "the timeout never came");
});

test("an encoder at both inputs counts up and down, and tells each turn", () => {
  const { lptim } = rig();
  lptim.write(CFGR, 4, (1 << 24) | (2 << 1));
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 0xffff);
  lptim.write(CR, 4, 5);
  const turn = (first: "IN1" | "IN2", second: "IN1" | "IN2"): void => {
    for (const level of [true, false]) for (const input of [first, second]) lptim.setInput(input, level);
  };
  turn("IN1", "IN2");
  turn("IN1", "IN2");
  assert.equal(lptim.read(CNT, 4), 8);
  turn("IN2", "IN1");
  assert.equal(lptim.read(CNT, 4), 4);
  assert.equal(lptim.read(ISR, 4) & 0x60, 0x40);
});

test("an external clock at Input 1 counts its edges", () => {
  const { lptim } = rig();
  lptim.write(CFGR, 4, 1);
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 9);
  lptim.write(CR, 4, 5);
  // The first five edges enable it.
  for (let n = 0; n < 18; n++) for (const level of [true, false]) lptim.setInput("IN1", level);
  assert.equal(lptim.read(CNT, 4), 3);
  assert.equal(lptim.read(ISR, 4) & 2, 2);
});

test("filters at input and trigger let through what lasts their clocks", () => {
  const { lptim, timeline } = rig();
  // External clock at Input 1 and trigger 2 on its rising edge, four samples each.
  lptim.write(CFGR, 4, 1 | (2 << 3) | (2 << 6) | (2 << 13) | (1 << 17));
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 99);
  lptim.write(CR, 4, 5);
  const clocks = (count: number): void => pass(timeline, count * TICK_NS);
  lptim.trigger(2, true);
  clocks(3);
  lptim.trigger(2, false);
  clocks(10);
  assert.equal(lptim.read(ISR, 4) & 4, 0);
  lptim.trigger(2, true);
  clocks(4.1);
  assert.equal(lptim.read(ISR, 4) & 4, 4);
  // Five edges enable a timer that is clocked from outside.
  for (const high of [...new Array<number>(5).fill(5), 3, 5, 3.9, 4.1]) {
    lptim.setInput("IN1", true);
    clocks(high);
    lptim.setInput("IN1", false);
    clocks(5);
  }
  assert.equal(lptim.read(CNT, 4), 2);
});

test("CR starts nothing before ENABLE; COUNTRST stays until the counter has it; RSTARE is not read back", () => {
  const { lptim, timeline } = rig();
  lptim.write(CR, 4, 5);
  pass(timeline, 9 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 0);
  lptim.write(ARR, 4, 0xffff);
  lptim.write(CR, 4, 5);
  pass(timeline, 13.5 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 10);
  lptim.write(CR, 4, 9);
  assert.equal(lptim.read(CR, 4), 9);
  pass(timeline, 2.8 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 13);
  pass(timeline, 0.3 * TICK_NS);
  assert.equal(lptim.read(CR, 4), 1);
  assert.equal(lptim.read(CNT, 4), 0);
  lptim.write(CR, 4, 0x11);
  assert.equal(lptim.read(CR, 4), 1);
  pass(timeline, 4.5 * TICK_NS);
  assert.equal(lptim.read(CNT, 4), 4);
  assert.equal(lptim.read(CNT, 4), 0);
});

test("a flag that was there before its bit of IER does not interrupt", () => {
  const { lptim, timeline, interrupt } = rig();
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 9);
  pass(timeline, 4 * TICK_NS);
  assert.equal(lptim.read(ISR, 4), 0x10);
  lptim.write(CR, 4, 0);
  lptim.write(IER, 4, 0x10);
  assert.ok(!interrupt.asserted);
  lptim.write(ICR, 4, 0x10);
  lptim.write(CR, 4, 1);
  lptim.write(ARR, 4, 9);
  pass(timeline, 4 * TICK_NS);
  assert.ok(interrupt.asserted);
});

test("LPTIM3 to 5 have no encoder", () => {
  for (const [name, inputs] of [
    ["LPTIM3", 3],
    ["LPTIM4", 0],
  ] as const) {
    const { lptim } = rig(name);
    lptim.write(CFGR, 4, 1 << 24);
    assert.equal(lptim.read(CFGR, 4), 0);
    lptim.write(0x24, 4, 0x33);
    assert.equal(lptim.read(0x24, 4), inputs);
  }
});

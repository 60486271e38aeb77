import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "../timeline.js";
import { MemoryLog, pass, TestLine } from "./test-kit.js";
import { Tim, type TimOptions } from "./tim.js";

const CR1 = 0x00;
const DIER = 0x0c;
const SR = 0x10;
const EGR = 0x14;
const CNT = 0x24;
const PSC = 0x28;
const ARR = 0x2c;

function rig(overrides: Partial<TimOptions> = {}) {
  const timeline = new Timeline();
  const log = new MemoryLog();
  const interrupt = new TestLine();
  const state = { hz: 100e6 };
  const tim = new Tim({
    name: "TIM6",
    kind: "basic",
    bits: 16,
    log,
    timeline,
    interrupt,
    clocked: () => true,
    clockHz: () => state.hz,
    ...overrides,
  });
  return { tim, timeline, log, interrupt, state };
}

test("counts up at clock / (PSC + 1) once an update loaded the prescaler", () => {
  const { tim, timeline } = rig();
  tim.write(PSC, 4, 99);
  tim.write(EGR, 4, 1);
  tim.write(SR, 4, 0);
  tim.write(CR1, 4, 1);
  pass(timeline, 123_500);
  assert.equal(tim.read(CNT, 4), 123);
});

test("an overflow sets UIF, interrupts, and starts again from 0", () => {
  const { tim, timeline, interrupt } = rig();
  tim.write(ARR, 4, 999);
  tim.write(DIER, 4, 1);
  tim.write(CR1, 4, 1);
  pass(timeline, 9_990);
  assert.equal(tim.read(SR, 4), 0);
  pass(timeline, 60);
  assert.equal(tim.read(SR, 4), 1);
  assert.ok(interrupt.asserted);
  assert.equal(tim.read(CNT, 4), 5);
  tim.write(SR, 4, 0);
  assert.ok(!interrupt.asserted);
});

test("one-pulse mode stops after the first overflow", () => {
  const { tim, timeline } = rig();
  tim.write(ARR, 4, 99);
  tim.write(CR1, 4, 9);
  pass(timeline, 10_000);
  assert.equal(tim.read(CR1, 4), 8);
  assert.equal(tim.read(CNT, 4), 0);
});

test("URS keeps UG silent, UDIS keeps overflows silent", () => {
  const { tim, timeline } = rig();
  tim.write(CR1, 4, 4);
  tim.write(EGR, 4, 1);
  assert.equal(tim.read(SR, 4), 0);
  tim.write(ARR, 4, 9);
  tim.write(CR1, 4, 3);
  pass(timeline, 1_000);
  assert.equal(tim.read(SR, 4), 0);
});

test("ARPE holds a new period back until the next update", () => {
  const { tim, timeline } = rig();
  tim.write(ARR, 4, 99);
  tim.write(CR1, 4, 0x81);
  tim.write(ARR, 4, 49);
  pass(timeline, 700);
  assert.equal(tim.read(CNT, 4), 70);
  pass(timeline, 300 + 400);
  assert.equal(tim.read(CNT, 4), 40);
  pass(timeline, 150);
  assert.equal(tim.read(CNT, 4), 5);
});

test("a change of the clock counts from then on", () => {
  const { tim, timeline, state } = rig({ name: "TIM2", kind: "general", bits: 32 });
  tim.write(CR1, 4, 1);
  pass(timeline, 1_000);
  state.hz = 10e6;
  tim.clockChanged();
  pass(timeline, 1_000);
  assert.equal(tim.read(CNT, 4), 110);
});

test("a basic timer has no compare registers, a general one stores them and says so", () => {
  const basic = rig();
  basic.tim.write(0x34, 4, 5);
  assert.ok(basic.log.has(/not modelled/));
  const general = rig({ name: "TIM2", kind: "general", bits: 32 });
  general.tim.write(0x34, 4, 5);
  assert.equal(general.tim.read(0x34, 4), 5);
  assert.ok(general.log.has(/no effect/));
});

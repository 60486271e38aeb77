import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Tim } from "./tim.js";
import type { TimOptions } from "./tim-options.js";

const CR1 = 0x00;
const DIER = 0x0c;
const SR = 0x10;
const EGR = 0x14;
const CNT = 0x24;
const PSC = 0x28;
const ARR = 0x2c;
const CR2 = 0x04;
const SMCR = 0x08;
const CCMR1 = 0x18;
const CCER = 0x20;
const RCR = 0x30;
const CCR1 = 0x34;
const BDTR = 0x44;

function rig(overrides: Partial<TimOptions> = {}) {
  const timeline = new Timeline();
  const log = new RecordedLog();
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

test("a counter that is read all the time counts, and sets flags, like one that is looked at once", () => {
  const overrides = { name: "TIM3", kind: "general" } as const;
  // Edge-aligned up and down, centre-aligned, a period that gets shorter, one pulse, UIF copied into CNT.
  for (const cr1 of [1, 0x11, 0x61, 0x81, 9, 0x801]) {
    const [read, left] = [rig(overrides), rig(overrides)];
    for (const { tim } of [read, left]) {
      for (const [offset, value] of [
        [ARR, 99],
        [CCR1, 40],
        [PSC, 2],
        [EGR, 1],
        [SR, 0],
        [CR1, cr1],
        [ARR, 79],
      ] as const)
        tim.write(offset, 4, value);
    }
    for (let n = 0; n < 40; n++) {
      for (let m = 0; m < 30; m++) {
        pass(read.timeline, 7);
        read.tim.read(CNT, 4);
      }
      pass(left.timeline, 210);
      const seen = [read, left].map(({ tim }) => [CNT, SR, CR1].map((offset) => tim.read(offset, 4)));
      assert.deepEqual(seen[0], seen[1], `CR1 = ${cr1}, look ${n}`);
      if (n % 8 === 7) for (const { tim } of [read, left]) tim.write(SR, 4, 0);
    }
  }
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

test("a basic timer has no compare registers: an access is reported", () => {
  const { tim, log } = rig();
  tim.write(CCR1, 4, 5);
  assert.equal(tim.read(CCR1, 4), 0);
  assert.ok(log.has(/TIM6\+0x00000034: write of a register that is not modelled/));
});

function general(overrides: Partial<TimOptions> = {}) {
  return rig({ name: "TIM3", kind: "general", ...overrides });
}

test("counts down from ARR, and underflows into an update", () => {
  const { tim, timeline } = general();
  tim.write(ARR, 4, 99);
  tim.write(CR1, 4, 0x10);
  tim.write(EGR, 4, 1);
  tim.write(SR, 4, 0);
  assert.equal(tim.read(CNT, 4), 99);
  tim.write(CR1, 4, 0x11);
  pass(timeline, 300);
  assert.equal(tim.read(CNT, 4), 69);
  pass(timeline, 700);
  assert.equal(tim.read(CNT, 4), 99);
  assert.equal(tim.read(SR, 4) & 1, 1);
});

test("centre-aligned it turns at ARR and at 0, with an update at each", () => {
  const { tim, timeline } = general();
  tim.write(ARR, 4, 100);
  tim.write(CR1, 4, 0x61);
  pass(timeline, 990);
  assert.equal(tim.read(SR, 4) & 1, 0);
  pass(timeline, 110);
  assert.equal(tim.read(CNT, 4), 90);
  assert.equal(tim.read(CR1, 4) & 0x10, 0x10);
  assert.equal(tim.read(SR, 4) & 1, 1);
  tim.write(SR, 4, 0);
  pass(timeline, 1000);
  assert.equal(tim.read(CNT, 4), 10);
  assert.equal(tim.read(SR, 4) & 1, 1);
});

test("PWM mode 1 is high below the compare value, and a preloaded value waits for the update", () => {
  const { tim, timeline } = general();
  tim.write(ARR, 4, 99);
  tim.write(CCMR1, 4, 0x68);
  tim.write(CCR1, 4, 30);
  tim.write(CCER, 4, 1);
  tim.write(EGR, 4, 1);
  tim.write(CR1, 4, 1);
  pass(timeline, 290);
  assert.equal(tim.output(1), true);
  pass(timeline, 20);
  assert.equal(tim.output(1), false);
  tim.write(CCR1, 4, 80);
  assert.equal(tim.output(1), false);
  pass(timeline, 1_100);
  assert.equal(tim.output(1), true);
});

test("a compare match sets its flag and interrupts, though nobody looks at the counter", () => {
  const { tim, timeline, interrupt } = general();
  tim.write(CCR1, 4, 500);
  tim.write(DIER, 4, 2);
  tim.write(CR1, 4, 1);
  pass(timeline, 4_990);
  assert.ok(!interrupt.asserted);
  pass(timeline, 20);
  assert.ok(interrupt.asserted);
  assert.equal(tim.read(SR, 4) & 2, 2);
});

test("outputs of an advanced timer wait for MOE; its repetition counter thins out the updates", () => {
  const { tim, timeline } = rig({ name: "TIM1", kind: "advanced" });
  tim.write(ARR, 4, 9);
  tim.write(RCR, 4, 2);
  tim.write(CCMR1, 4, 0x50);
  tim.write(CCER, 4, 5);
  tim.write(EGR, 4, 1);
  tim.write(SR, 4, 0);
  tim.write(CR1, 4, 1);
  assert.equal(tim.output(1), undefined);
  tim.write(BDTR, 4, 0x8000);
  assert.equal(tim.output(1), true);
  assert.equal(tim.output(1, true), false);
  pass(timeline, 250);
  assert.equal(tim.read(SR, 4) & 1, 0);
  pass(timeline, 60);
  assert.equal(tim.read(SR, 4) & 1, 1);
});

test("a slave counts its master's updates, and starts on its trigger", () => {
  const master = general({ name: "TIM3" });
  const slave = general({ name: "TIM4", timeline: master.timeline });
  master.tim.onTrigger({ wants: () => slave.tim.slaveOf === 2, pulse: () => slave.tim.triggered() });
  master.tim.write(ARR, 4, 99);
  master.tim.write(CR2, 4, 0x20);
  slave.tim.write(SMCR, 4, 0x27);
  slave.tim.write(CR1, 4, 1);
  master.tim.write(CR1, 4, 1);
  pass(master.timeline, 5_500);
  assert.equal(slave.tim.read(CNT, 4), 5);
  slave.tim.write(CR1, 4, 0);
  slave.tim.write(SMCR, 4, 0x26);
  pass(master.timeline, 1_000);
  assert.equal(slave.tim.read(CR1, 4) & 1, 1);
});

test("a fast PWM that nobody waits for schedules nothing", () => {
  const { tim, timeline } = general();
  tim.write(ARR, 4, 9);
  tim.write(CR1, 4, 1);
  assert.equal(timeline.nextEventAt, undefined);
  pass(timeline, 1e9);
  assert.equal(tim.read(SR, 4) & 1, 1);
});

test("DMA is asked at the update and at a match, as often as they happen", () => {
  const asked: string[] = [];
  const { tim, timeline } = general({ request: (what) => asked.push(what) });
  tim.write(ARR, 4, 99);
  tim.write(CCR1, 4, 50);
  tim.write(DIER, 4, 0x300);
  tim.write(CR1, 4, 1);
  pass(timeline, 2_100);
  assert.deepEqual(asked, ["CH1", "UP", "CH1", "UP"]);
});

test("a period made shorter than the counter stands, without preload, is missed: it rolls over, without an update", () => {
  const { tim, timeline } = rig();
  tim.write(ARR, 4, 999);
  tim.write(CR1, 4, 1);
  pass(timeline, 5_000);
  tim.write(ARR, 4, 99);
  pass(timeline, 1_000);
  assert.equal(tim.read(CNT, 4), 600);
  pass(timeline, (0x1_0000 - 600) * 10);
  assert.equal(tim.read(CNT, 4), 0);
  assert.equal(tim.read(SR, 4), 0);
  pass(timeline, 1_000);
  assert.equal(tim.read(SR, 4), 1);
  assert.equal(tim.read(CNT, 4), 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Tim } from "./tim.js";
import type { TimOptions } from "./tim-options.js";

const CR1 = 0x00;
const CR2 = 0x04;
const SMCR = 0x08;
const DIER = 0x0c;
const SR = 0x10;
const EGR = 0x14;
const CCMR1 = 0x18;
const CCER = 0x20;
const CNT = 0x24;
const ARR = 0x2c;
const CCR1 = 0x34;
const BDTR = 0x44;
const DCR = 0x48;
const DMAR = 0x4c;
const MOE = 1 << 15;
const OSSI = 1 << 10;
const BKE = 1 << 12;
const BKP = 1 << 13;

/** A timer at 100 MHz: 10 ns a clock. */
function rig(overrides: Partial<TimOptions> = {}) {
  const timeline = new Timeline();
  const tim = new Tim({
    name: "TIM1",
    kind: "advanced",
    bits: 16,
    log: new RecordedLog(),
    timeline,
    interrupt: new TestLine(),
    clocked: () => true,
    clockHz: () => 100e6,
    ...overrides,
  });
  tim.reset();
  tim.write(ARR, 4, 999);
  const put = (register: number, value: number): void => tim.write(register, 4, value);
  const get = (register: number): number => tim.read(register, 4);
  return { tim, timeline, put, get, pass: (ns: number) => pass(timeline, ns) };
}

test("an input's filter swallows what is shorter than its samples, and delays the rest by them", () => {
  const r = rig();
  // TI1, eight samples of the timer's clock.
  r.put(CCMR1, 0x31);
  r.put(CCER, 1);
  r.put(CR1, 1);
  r.pass(1000);
  r.tim.setInput("TI1", true);
  r.pass(70);
  r.tim.setInput("TI1", false);
  r.pass(500);
  assert.equal(r.get(SR) & 2, 0);
  const before = r.get(CNT);
  r.tim.setInput("TI1", true);
  r.pass(70);
  assert.equal(r.get(SR) & 2, 0);
  r.pass(30);
  assert.equal(r.get(SR) & 2, 2);
  assert.equal(r.get(CCR1) - before, 8);
});

test("slow filters sample with tDTS, which CKD divides", () => {
  const r = rig();
  // Eight samples of tDTS / 32, tDTS of four clocks.
  r.put(CR1, 2 << 8);
  r.put(CCMR1, 0xf1);
  r.put(CCER, 1);
  r.tim.setInput("TI1", true);
  r.pass(8 * 32 * 4 * 10 - 20);
  assert.equal(r.get(SR) & 2, 0);
  r.pass(40);
  assert.equal(r.get(SR) & 2, 2);
});

test("ETR's filter holds for external clocks, the encoder's inputs for its steps", () => {
  const r = rig();
  r.put(SMCR, (1 << 14) | (2 << 8));
  r.put(CR1, 1);
  const etr = (ns: number): void => {
    r.tim.setInput("ETR", true);
    r.pass(ns);
    r.tim.setInput("ETR", false);
    r.pass(100);
  };
  for (const ns of [30, 50, 20, 45]) etr(ns);
  assert.equal(r.get(CNT), 2);
  r.put(SMCR, 3);
  r.put(CCMR1, 0x2121);
  r.put(CNT, 0);
  r.tim.setInput("TI1", true);
  r.pass(30);
  r.tim.setInput("TI1", false);
  r.pass(100);
  assert.equal(r.get(CNT), 0);
  r.tim.setInput("TI1", true);
  r.pass(100);
  assert.equal(r.get(CNT), 1);
});

test("a break's filter lets a short one pass by, and a long one come late", () => {
  const r = rig();
  const bdtr = MOE | BKE | BKP | (1 << 16);
  r.put(BDTR, bdtr);
  r.tim.setBreak(1, 0, true);
  r.pass(10);
  r.tim.setBreak(1, 0, false);
  r.pass(100);
  assert.equal(r.get(BDTR), bdtr);
  r.tim.setBreak(1, 0, true);
  assert.equal(r.get(SR) & 0x80, 0);
  r.pass(30);
  assert.equal(r.get(SR) & 0x80, 0x80);
  assert.equal(r.get(BDTR), bdtr & ~MOE);
});

/** PWM mode 1 on OC1 and OC1N, high for `pulse` of each 1000 clocks, with DTG. */
function bridge(pulse: number, dtg: number, overrides: Partial<TimOptions> = {}) {
  const r = rig(overrides);
  r.put(CCMR1, 0x68);
  r.put(CCR1, pulse);
  r.put(EGR, 1);
  r.put(CCER, 5);
  r.put(BDTR, MOE | dtg);
  r.put(CR1, 1);
  const levels = (): string => [false, true].map((n) => (r.tim.output(1, n) === true ? "1" : "0")).join("");
  return { ...r, levels };
}

test("dead time holds back what rises, never what falls", () => {
  const r = bridge(500, 100);
  r.pass(20_000);
  const seen: string[] = [];
  for (let at = 0; at < 10; at++) {
    r.pass(500);
    seen.push(r.levels());
    r.pass(500);
  }
  assert.deepEqual(seen, ["00", "10", "10", "10", "10", "00", "01", "01", "01", "01"]);
});

test("a pulse that is shorter than the dead time does not appear", () => {
  const r = bridge(50, 100);
  r.pass(10_000);
  const seen = new Set<string>();
  for (let at = 0; at < 200; at++) {
    r.pass(50);
    seen.add(r.levels());
  }
  assert.deepEqual([...seen].sort(), ["00", "01"]);
});

test("DTG has four ranges", () => {
  for (const [dtg, clocks] of [
    [0x7f, 127],
    [0x80, 128],
    [0xbf, 254],
    [0xc1, 264],
    [0xff, 1008],
  ] as const) {
    const r = bridge(5000, dtg);
    r.put(ARR, 9999);
    r.put(EGR, 1);
    r.pass(200_000 - 5);
    r.pass(clocks * 10);
    assert.equal(r.levels(), "00", `DTG ${dtg}`);
    r.pass(10);
    assert.equal(r.levels(), "10", `DTG ${dtg}`);
  }
});

test("who watches an output is told at the end of a dead time, too", () => {
  let now = (): string => "";
  const seen: string[] = [];
  const r = bridge(500, 100, {
    onOutputs: () => {
      const levels = now();
      if (levels !== seen.at(-1)) seen.push(levels);
    },
  });
  now = () => `${Math.round((r.timeline.now / 1000) % 10)} ${r.levels()}`;
  r.tim.watch(1);
  r.pass(29_900);
  assert.deepEqual(seen.slice(-8), ["0 00", "1 10", "5 00", "6 01", "0 00", "1 10", "5 00", "6 01"]);
});

test("behind a break, outputs are inactive for the dead time and then take their idle levels", () => {
  const r = bridge(500, 100);
  // Idle: OC1 high; OC1N active low.
  r.put(BDTR, MOE | OSSI | BKE | BKP | 100);
  r.put(CR2, 1 << 8);
  r.pass(3000);
  assert.equal(r.levels(), "10");
  r.tim.setBreak(1, 0, true);
  assert.equal(r.levels(), "00");
  r.pass(900);
  assert.equal(r.levels(), "00");
  r.pass(200);
  assert.equal(r.levels(), "10");
});

test("a retriggerable pulse begins with the trigger and lasts from the last one", () => {
  const r = rig();
  r.put(CCMR1, 0x1_0010);
  r.put(CCER, 1);
  r.put(BDTR, MOE);
  r.put(ARR, 99);
  // Combined reset and trigger mode, by TI2.
  r.put(CCMR1, 0x1_0110);
  r.put(SMCR, (1 << 16) | (6 << 4));
  r.put(CR1, 1 << 3);
  const high = (): boolean => r.tim.output(1) === true;
  const trigger = (): void => {
    r.tim.setInput("TI2", true);
    r.tim.setInput("TI2", false);
  };
  assert.equal(high(), false);
  trigger();
  assert.equal(high(), true);
  r.pass(500);
  trigger();
  r.pass(900);
  assert.equal(high(), true);
  r.pass(200);
  assert.equal(high(), false);
  assert.equal(r.get(CR1) & 1, 0);
  r.put(CCMR1, 0x1_0100);
  assert.equal(high(), true, "mode 1 is the other way round");
  trigger();
  assert.equal(high(), false);
});

test("a burst of DMAR keeps its request up until all of its registers were served", () => {
  const told: string[] = [];
  const r = rig({
    request: (what) => told.push(what),
    holdRequest: (what, on) => told.push(`${what} ${on ? "on" : "off"}`),
  });
  r.put(DIER, 1 << 8);
  // ARR, RCR, CCR1.
  r.put(DCR, (2 << 8) | (ARR / 4));
  r.put(EGR, 1);
  for (const value of [499, 2, 77]) r.put(DMAR, value);
  assert.deepEqual(told, ["UP", "UP on", "UP on", "UP off"]);
  assert.deepEqual([r.get(ARR), r.get(0x30), r.get(CCR1)], [499, 2, 77]);
});

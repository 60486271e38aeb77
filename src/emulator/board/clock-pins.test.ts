import assert from "node:assert/strict";
import { test } from "node:test";
import { pass } from "../peripherals/test-kit.js";
import { plugWires } from "./jumper-wires.js";
import { testChip } from "./test-chip.js";

const RCC = 0x5802_4400;
const CR = RCC + 0x00;
const CFGR = RCC + 0x10;
const BDCR = RCC + 0x70;
const CSR = RCC + 0x74;
const AHB4ENR = RCC + 0xe0;
const APB4ENR = RCC + 0xf4;
const PWR_CR1 = 0x5802_4800;
const SYSCFG_EXTICR3 = 0x5800_0410;
const EXTI = 0x5800_0000;
const GPIOA = 0x5802_0000;
const GPIOB = 0x5802_0400;
const GPIOC = 0x5802_0800;
const RTC = 0x5800_4000;
const RTC_CR = RTC + 0x08;
const RTC_ISR = RTC + 0x0c;
const RTC_WPR = RTC + 0x24;
const RTC_OR = RTC + 0x4c;
const IDR = 0x10;

/** Ports and SYSCFG clocked. */
function rig() {
  const r = testChip();
  r.write(AHB4ENR, 0x7ff);
  r.write(APB4ENR, 0x1_0002);
  return r;
}

type Rig = ReturnType<typeof rig>;

function setMode({ read, write }: Rig, port: number, pin: number, mode: number): void {
  write(port, (read(port) & ~(3 << (pin * 2))) | (mode << (pin * 2)));
}

const high = ({ read }: Rig, port: number, pin: number): boolean => (read(port + IDR) & (1 << pin)) !== 0;

/** How often the pin is high at the start of `count` steps of `stepNs`. */
function highs(r: Rig, port: number, pin: number, { count, stepNs }: { count: number; stepNs: number }) {
  let seen = 0;
  for (let step = 0; step < count; step++) {
    if (high(r, port, pin)) seen++;
    pass(r.timeline, stepNs);
  }
  return seen;
}

test("PA8 carries MCO1 behind its prescaler, half of the time high, without an event for each edge", () => {
  const r = rig();
  setMode(r, GPIOA, 8, 2);
  // HSI / 8 / 8 = 1 MHz.
  r.write(CR, r.read(CR) | (3 << 3));
  r.write(CFGR, 8 << 18);
  const before = r.timeline.nextEventAt;
  assert.equal(highs(r, GPIOA, 8, { count: 100, stepNs: 250 }), 50);
  assert.equal(r.timeline.nextEventAt, before);
  r.write(CFGR, 0);
  assert.equal(highs(r, GPIOA, 8, { count: 100, stepNs: 250 }), 0);
});

test("PC9 carries MCO2, and each of its edges reaches EXTI where that waits for them", () => {
  const r = rig();
  r.write(CSR, 1);
  pass(r.timeline, 1e6);
  setMode(r, GPIOC, 9, 2);
  r.write(SYSCFG_EXTICR3, 2 << 4);
  let edges = 0;
  const line = r.chip.exti.edge.bind(r.chip.exti);
  r.chip.exti.edge = (number, level) => {
    if (number === 9 && level) edges++;
    line(number, level);
  };
  // LSI / 4 = 8 kHz.
  r.write(CFGR, (5 << 29) | (4 << 25));
  pass(r.timeline, 10e6);
  assert.equal(edges, 0);
  r.write(EXTI, 1 << 9);
  r.write(EXTI + 0x80, 1 << 9);
  pass(r.timeline, 10e6);
  assert.equal(edges, 80);
  assert.equal(r.read(EXTI + 0x88) & (1 << 9), 1 << 9);
});

test("a wire leads MCO1 to a timer's external clock, which counts each of its edges", () => {
  const r = rig();
  const TIM2 = 0x4000_0000;
  r.write(RCC + 0xe8, 1);
  const gpio = r.chip.gpio.A;
  plugWires([
    [
      { gpio, pin: 8 },
      { gpio, pin: 0 },
    ],
  ]);
  setMode(r, GPIOA, 8, 2);
  r.write(GPIOA + 0x20, 1);
  setMode(r, GPIOA, 0, 2);
  r.write(TIM2 + 8, 1 << 14);
  r.write(TIM2, 1);
  r.write(CR, r.read(CR) | (3 << 3));
  r.write(CFGR, 8 << 18);
  pass(r.timeline, 1e6);
  assert.ok(Math.abs(r.read(TIM2 + 0x24) - 1000) <= 1);
});

/** The RTC on LSI of 32 kHz, its registers writable. */
function rtcRig(): Rig {
  const r = rig();
  r.write(CSR, 1);
  pass(r.timeline, 1e6);
  r.write(PWR_CR1, r.read(PWR_CR1) | (1 << 8));
  r.write(BDCR, (2 << 8) | (1 << 15));
  r.write(RTC_WPR, 0xca);
  r.write(RTC_WPR, 0x53);
  return r;
}

test("RTC_CALIB: RTCCLK / 64 or once a second, at PC13 in whatever mode it is, or at PB2", () => {
  const r = rtcRig();
  // 32 kHz / 64 = 500 Hz.
  r.write(RTC_CR, 1 << 23);
  assert.equal(highs(r, GPIOC, 13, { count: 100, stepNs: 0.5e6 }), 50);
  // 32 kHz / (128 * 256): 1.024 s.
  r.write(RTC_CR, (1 << 23) | (1 << 19));
  assert.equal(highs(r, GPIOC, 13, { count: 100, stepNs: 10.24e6 }), 50);
  setMode(r, GPIOB, 2, 2);
  assert.equal(highs(r, GPIOB, 2, { count: 100, stepNs: 10.24e6 }), 0);
  r.write(RTC_OR, 2);
  assert.equal(highs(r, GPIOB, 2, { count: 100, stepNs: 10.24e6 }), 50);
  assert.equal(highs(r, GPIOC, 13, { count: 100, stepNs: 10.24e6 }), 0);
});

test("RTC_ALARM follows its flag with its polarity; open drain leaves the pin alone instead of high", () => {
  const r = rtcRig();
  const wakeUp = (1 << 10) | (3 << 21);
  r.write(RTC + 0x14, 9);
  r.write(RTC_CR, wakeUp | 3);
  assert.equal(r.chip.gpio.C.driven(13), false);
  pass(r.timeline, 20e6);
  assert.equal(r.read(RTC_ISR) & (1 << 10), 1 << 10);
  assert.equal(r.chip.gpio.C.driven(13), undefined);
  r.write(RTC_OR, 1);
  assert.equal(r.chip.gpio.C.driven(13), true);
  r.write(RTC_CR, 3 | (3 << 21) | (1 << 20));
  assert.equal(r.chip.gpio.C.driven(13), false);
  // With both signals on and the remap, the calibration clock is at PB2.
  r.write(RTC_OR, 3);
  r.write(RTC_CR, 3 | (3 << 21) | (1 << 23));
  setMode(r, GPIOB, 2, 2);
  assert.equal(r.chip.gpio.C.driven(13), true);
  assert.equal(highs(r, GPIOB, 2, { count: 100, stepNs: 0.5e6 }), 50);
  r.write(RTC_CR, 3);
  assert.equal(r.chip.gpio.C.driven(13), undefined);
});

test("mains at RTC_REFIN pulls the seconds into step, when they are near enough", () => {
  const r = rtcRig();
  // The calendar on 32 kHz and the prescalers' default values is 2.3 % slow: a mains of its own keeps it company.
  const secondNs = 1.024e9;
  r.write(RTC_ISR, 0x80);
  pass(r.timeline, 1e6);
  r.write(RTC_CR, 1 << 4);
  r.write(RTC_ISR, 0);
  setMode(r, GPIOB, 15, 2);
  const start = r.timeline.now;
  const mains = (ns: number): void => {
    for (let edge = 0; edge < 100; edge++) {
      r.chip.gpio.B.drive(15, edge % 2 === 0, "strong");
      pass(r.timeline, ns / 100);
    }
  };
  // Its edges come 8 ms behind the seconds: two periods of ck_apre.
  pass(r.timeline, secondNs + 8e6);
  for (let second = 0; second < 3; second++) mains(secondNs);
  const off = (r.timeline.now - start - 8e6) % secondNs;
  assert.ok(off < 1e3 || secondNs - off < 1e3);
  assert.equal(r.chip.rtc.read(0x28, 4), 255, "a second begins where the mains says");
  // 20 ms, five periods, is out of the window of a reference that was found: the calendar goes on alone.
  pass(r.timeline, 20e6);
  mains(secondNs);
  assert.ok(Math.abs(r.chip.rtc.read(0x28, 4) - 250) <= 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { pass } from "../peripherals/test-kit.js";
import { testChip } from "./test-chip.js";

const RCC = 0x5802_4400;
const ADC1 = 0x4002_2000;
const ADC2 = 0x4002_2100;
const COMMON = 0x4002_2300;
const DAC = 0x4000_7400;
const COMP = 0x5800_3800;
const TIM6 = 0x4000_1000;
const SYSCFG_PMCR = 0x5800_0404;
const GPIOA = 0x5802_0000;
const GPIOB = 0x5802_0400;
const EXTI = 0x5800_0000;
const ISR = 0x00;
const CR = 0x08;
const CFGR = 0x0c;
const CFGR2 = 0x10;
const PCSEL = 0x1c;
const LTR1 = 0x20;
const HTR1 = 0x24;
const SQR1 = 0x30;
const DR = 0x40;
const JSQR = 0x4c;
const OFR1 = 0x60;
const JDR1 = 0x80;
const ADSTART = 4;
const JADSTART = 8;
const SAMPLE_NS = 2_000;

/** Both converters on, DAC and comparators clocked, the ADCs' clock 32 MHz. */
function rig() {
  const r = testChip();
  r.write(RCC + 0xd8, 1 << 5);
  r.write(RCC + 0xe0, 3);
  r.write(RCC + 0xe8, (1 << 29) | (1 << 4));
  r.write(RCC + 0xf4, 1 << 14);
  r.write(COMMON + 8, 2 << 16);
  for (const adc of [ADC1, ADC2]) {
    r.write(adc + CR, 1 << 28);
    pass(r.timeline, 20e3);
    r.write(adc + CR, (1 << 28) | 1);
    r.write(adc + PCSEL, 0xfffff);
  }
  pass(r.timeline, 1e3);
  return r;
}

type Rig = ReturnType<typeof rig>;

/** One conversion of `channel`. */
function convert({ read, write, timeline }: Rig, adc: number, channel: number): number {
  write(adc + SQR1, channel << 6);
  write(adc + CR, (1 << 28) | ADSTART);
  pass(timeline, SAMPLE_NS);
  assert.equal(read(adc + ISR) & 4, 4);
  return read(adc + DR);
}

test("a DAC output reads back at its pin, and at ADC2's internal channel", () => {
  const r = rig();
  r.write(DAC + 8, 0x400);
  const expected = Math.round((0x400 / 4096) * 0xffff);
  const seen = (mode: number) => {
    r.write(DAC, 0);
    r.write(DAC + 0x3c, mode);
    r.write(DAC, 1);
    return [convert(r, ADC1, 18) === expected, convert(r, ADC2, 16) === expected];
  };
  assert.deepEqual(seen(1), [true, true]);
  assert.deepEqual(seen(3), [false, true], "only inside the chip");
  assert.ok(!r.log.has(/pin alone/));
  assert.deepEqual(seen(0), [true, false], "only at the pin");
  assert.ok(r.log.has(/pin alone/));
  assert.deepEqual(seen(2), [true, true]);
});

test("an analog switch of SYSCFG parts PA0_C from PA0", () => {
  const r = rig();
  r.write(RCC + 0xf4, (1 << 14) | (1 << 1));
  r.chip.gpio.A.drive(0, true, "strong");
  assert.deepEqual([convert(r, ADC1, 0), convert(r, ADC1, 16)], [0xffff, 0xffff]);
  r.write(SYSCFG_PMCR, 1 << 24);
  assert.equal(convert(r, ADC1, 16), 0xffff);
  assert.notEqual(convert(r, ADC1, 0), 0xffff);
});

test("an output pin reads 0 or the full range, an open one half of it", () => {
  const r = rig();
  r.write(GPIOA, 0xabff_dfff);
  assert.equal(convert(r, ADC1, 3), 0);
  r.write(GPIOA + 0x14, 0x40);
  assert.equal(convert(r, ADC1, 3), 0xffff);
  assert.ok(Math.abs(convert(r, ADC1, 7) - 0x8000) < 0x800);
  r.write(ADC1 + PCSEL, 0);
  convert(r, ADC1, 3);
  assert.ok(r.log.has(/without its bit in PCSEL/));
});

test("an internal channel needs no preselection: ST's library makes none", () => {
  const r = rig();
  r.write(ADC2 + PCSEL, 0);
  convert(r, ADC2, 16);
  assert.ok(!r.log.has(/without its bit in PCSEL/));
});

test("the analog watchdog guards a channel between its thresholds, as 16 bits whatever the resolution", () => {
  const r = rig();
  r.write(DAC, 1);
  r.write(ADC1 + CFGR, (18 << 26) | (1 << 23) | (1 << 22) | (2 << 2));
  r.write(ADC1 + LTR1, 0x4000);
  r.write(ADC1 + HTR1, 0x8000);
  r.write(DAC + 8, 0x600);
  assert.equal(convert(r, ADC1, 18), 0x600);
  assert.equal(r.read(ADC1 + ISR) & 0x80, 0);
  r.write(DAC + 8, 0xa00);
  convert(r, ADC1, 18);
  assert.equal(r.read(ADC1 + ISR) & 0x80, 0x80);
  r.write(ADC1 + ISR, 0x80);
  r.write(DAC + 8, 0x300);
  convert(r, ADC1, 3);
  assert.equal(r.read(ADC1 + ISR) & 0x80, 0, "another channel");
  convert(r, ADC1, 18);
  assert.equal(r.read(ADC1 + ISR) & 0x80, 0x80);
});

test("offset, left shift and oversampling", () => {
  const r = rig();
  r.write(DAC, 1);
  r.write(DAC + 8, 0x800);
  r.write(ADC1 + CFGR, 2 << 2);
  r.write(ADC1 + OFR1, (18 << 26) | 0x900);
  assert.equal(convert(r, ADC1, 18) | 0, -0x100);
  r.write(ADC1 + OFR1, 0);
  r.write(ADC1 + CFGR2, 4 << 28);
  assert.equal(convert(r, ADC1, 18), 0x8000);
  // Sixteen samples, shifted right by two: two bits more.
  r.write(ADC1 + CFGR2, (15 << 16) | (2 << 5) | 1);
  r.write(ADC1 + SQR1, 18 << 6);
  r.write(ADC1 + CR, (1 << 28) | ADSTART);
  pass(r.timeline, SAMPLE_NS);
  assert.equal(r.read(ADC1 + ISR) & 4, 0, "sixteen conversions take their time");
  pass(r.timeline, 8 * SAMPLE_NS);
  assert.equal(r.read(ADC1 + DR), 0x2000);
});

test("injected conversions wait for their trigger, rank by rank with JDISCEN", () => {
  const r = rig();
  r.write(DAC, 1);
  r.write(DAC + 8, 0x800);
  // Two ranks, TIM6_TRGO rising.
  r.write(ADC1 + JSQR, (18 << 15) | (18 << 9) | (1 << 7) | (14 << 2) | 1);
  r.write(ADC1 + CFGR, 1 << 20);
  r.write(ADC1 + CR, (1 << 28) | JADSTART);
  pass(r.timeline, SAMPLE_NS);
  assert.equal(r.read(ADC1 + ISR) & 0x60, 0);
  r.write(TIM6 + 4, 0);
  r.write(TIM6 + 0x14, 1);
  pass(r.timeline, SAMPLE_NS);
  assert.equal(r.read(ADC1 + ISR) & 0x60, 0x20);
  r.write(TIM6 + 0x14, 1);
  pass(r.timeline, SAMPLE_NS);
  assert.equal(r.read(ADC1 + ISR) & 0x60, 0x60);
  assert.equal(r.read(ADC1 + JDR1), r.read(ADC1 + JDR1 + 4));
  assert.equal(r.read(ADC1 + CR) & JADSTART, JADSTART, "armed for the next trigger");
});

/** TIM6 counts 64 MHz, and sends each overflow of `ticks` as TRGO. */
function startTim6(r: Rig, ticks: number): void {
  r.write(TIM6 + 0x2c, ticks - 1);
  r.write(TIM6 + 4, 2 << 4);
  r.write(TIM6, 1);
}

test("a timer that runs already triggers the conversions that are started later, each of them", () => {
  const r = rig();
  startTim6(r, 6400);
  pass(r.timeline, 250e3);
  r.write(ADC1 + SQR1, 18 << 6);
  r.write(ADC1 + CFGR, (1 << 10) | (13 << 5) | (1 << 12));
  r.write(ADC1 + CR, (1 << 28) | ADSTART);
  // What overflowed before is no trigger.
  pass(r.timeline, 10e3);
  assert.equal(r.read(ADC1 + ISR) & 4, 0);
  for (let n = 0; n < 3; n++) {
    pass(r.timeline, 100e3);
    assert.equal(r.read(ADC1 + ISR) & 4, 4);
    r.read(ADC1 + DR);
  }
});

test("a timer that runs already triggers the DAC that is enabled later", () => {
  const r = rig();
  startTim6(r, 6400);
  pass(r.timeline, 250e3);
  // TSEL1 = 5: TIM6_TRGO.
  r.write(DAC, 1 | 2 | (5 << 2));
  r.write(DAC + 8, 0x123);
  pass(r.timeline, 10e3);
  assert.equal(r.read(DAC + 0x2c), 0);
  pass(r.timeline, 100e3);
  assert.equal(r.read(DAC + 0x2c), 0x123);
});

test("regular simultaneous mode converts with both, and CDR holds both results", () => {
  const r = rig();
  r.write(DAC, 0x1_0001);
  r.write(DAC + 0x20, 0x0c00_0400);
  r.write(COMMON + 8, (2 << 16) | 6);
  r.write(ADC1 + SQR1, 18 << 6);
  r.write(ADC2 + SQR1, 19 << 6);
  r.write(ADC1 + CR, (1 << 28) | ADSTART);
  pass(r.timeline, SAMPLE_NS);
  assert.equal(r.read(COMMON) & 0x4_0004, 0x4_0004);
  const [first, second] = [0x400, 0xc00].map((code) => Math.round((code / 4096) * 0xffff));
  assert.equal(r.read(COMMON + 0xc), (((second ?? 0) << 16) | (first ?? 0)) >>> 0);
  assert.equal(r.read(COMMON) & 0x4_0004, 0);
  // Continuous in both: the master alone begins each sequence, so that both go on at one rate.
  r.write(ADC1 + CFGR, 1 << 13);
  r.write(ADC2 + CFGR, 1 << 13);
  r.write(ADC1 + CR, (1 << 28) | ADSTART);
  const from = r.timeline.now;
  let events = 0;
  while (r.timeline.now < from + 100 * SAMPLE_NS) {
    r.timeline.skipTo(r.timeline.nextEventAt ?? Number.POSITIVE_INFINITY);
    r.timeline.runDue();
    events++;
  }
  assert.ok(events < 1000, `${events} events`);
});

test("auto delay holds the next conversion back until the data is read", () => {
  const r = rig();
  r.write(ADC1 + CFGR, (1 << 14) | (1 << 13));
  r.write(ADC1 + SQR1, 3 << 6);
  r.write(ADC1 + CR, (1 << 28) | ADSTART);
  pass(r.timeline, 10 * SAMPLE_NS);
  assert.equal(r.read(ADC1 + ISR) & 0x14, 4);
  r.read(ADC1 + DR);
  assert.equal(r.read(ADC1 + ISR) & 4, 0);
  pass(r.timeline, SAMPLE_NS);
  assert.equal(r.read(ADC1 + ISR) & 0x14, 4);
});

test("a comparator's open pin, above the threshold, is below it once it is driven low, and back once it is open", () => {
  const r = rig();
  // PB2, analog, against half of VREFINT.
  r.write(COMP + 0xc, (1 << 20) | (1 << 16) | 7);
  r.write(GPIOB + 0x0c, 0);
  pass(r.timeline, 100e3);
  assert.equal(r.read(COMP) & 1, 1);
  r.chip.gpio.B.drive(2, false, "strong");
  assert.equal(r.read(COMP) & 1, 0);
  r.chip.gpio.B.release(2);
  assert.equal(r.read(COMP) & 1, 1);
});

test("a comparator compares a pin with the DAC or the reference, flags, and reaches EXTI; LOCK holds it", () => {
  const r = rig();
  const { read, write } = r;
  write(EXTI, 1 << 20);
  write(EXTI + 0x80, (1 << 20) | read(EXTI + 0x80));
  // PB0 against half of VREFINT.
  write(COMP + 0xc, (1 << 16) | 7);
  write(GPIOB, 0xffff_fffd);
  write(GPIOB + 0x14, 0);
  write(GPIOB, 0xffff_febd);
  assert.equal(read(COMP) & 1, 0);
  write(GPIOB + 0x14, 1);
  assert.equal(read(COMP) & 0x1_0001, 0x1_0001);
  assert.equal(read(EXTI + 0x88) & (1 << 20), 1 << 20);
  write(COMP + 4, 1 << 16);
  assert.equal(read(COMP) & 0x1_0001, 1);
  write(DAC + 0x3c, 1);
  write(DAC, 1);
  write(GPIOB + 0x14, 0);
  write(COMP + 0xc, (4 << 16) | 1);
  assert.equal(read(COMP) & 1, 0, "not above the DAC's zero");
  write(GPIOB + 0x14, 1);
  write(DAC + 8, 0xf00);
  assert.equal(read(COMP) & 1, 1);
  write(COMP + 0xc, (0x8000_0000 | (4 << 16) | 1 | 8) >>> 0);
  assert.equal(read(COMP) & 1, 0);
  const locked = (0x8000_0000 | (4 << 16) | 1 | 8) >>> 0;
  write(COMP + 8, 1);
  write(COMP + 0xc, 0);
  assert.deepEqual([read(COMP + 0xc), read(COMP + 8)], [locked, 0]);
  // COMP12RST
  write(COMP + 0x10, 1);
  write(RCC + 0x9c, 1 << 14);
  write(RCC + 0x9c, 0);
  assert.deepEqual([read(COMP + 0xc), read(COMP + 0x10)], [locked, 0]);
  r.chip.requestReset("pin");
  r.chip.applyReset();
  write(RCC + 0xf4, 1 << 14);
  assert.equal(read(COMP + 0xc), 0);
});

test("either comparator enables scaler and bridge for both", () => {
  const { read, write, timeline } = rig();
  // VREF+ is 2.048 V: VREFINT is above the half of it that an open pin has, and its half is below.
  write(RCC + 0xf4, (1 << 14) | (1 << 15));
  write(0x5800_3c00, (1 << 4) | 1);
  pass(timeline, 1e6);
  write(COMP + 0xc, (1 << 16) | 1);
  const above = (other: number): boolean => {
    write(COMP + 0x10, other);
    return (read(COMP) & 1) !== 0;
  };
  const [BRGEN, SCALEN] = [2, 4];
  assert.deepEqual([0, SCALEN, SCALEN | BRGEN].map(above), [true, false, true]);
});

test("COMP_OR chooses whose output is at PA6, and a timer's break input has it from there", () => {
  const { read, write, chip, timeline } = rig();
  const [TIM1, MOE] = [0x4001_0000, 1 << 15];
  write(RCC + 0xe0, 0x1f);
  write(RCC + 0xf0, 1);
  // PA6: AF12, TIM1_BKIN_COMP12.
  write(GPIOA + 0x20, 12 << 24);
  write(GPIOA, 0xabff_efff);
  write(TIM1 + 0x60, 1);
  write(TIM1 + 0x44, MOE | (1 << 13) | (1 << 12));
  pass(timeline, 1e3);
  const level = (): boolean => (read(GPIOA + 0x10) & 0x40) !== 0;
  // COMP1 is high, COMP2 is low.
  chip.gpio.B.drive(0, true, "strong");
  chip.gpio.E.drive(9, false, "strong");
  write(COMP + 8, 1);
  write(COMP + 0x10, 1);
  write(COMP + 0xc, 1);
  assert.equal(level(), false);
  assert.equal(read(TIM1 + 0x44) & MOE, MOE);
  write(COMP + 8, 0);
  assert.equal(level(), true);
  pass(timeline, 1e3);
  assert.equal(read(TIM1 + 0x44) & MOE, 0);
});

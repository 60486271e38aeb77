import assert from "node:assert/strict";
import { test } from "node:test";
import { pass } from "../peripherals/test-kit.js";
import { testChip } from "./test-chip.js";

const RCC = 0x5802_4400;
const ADC1 = 0x4002_2000;
const ADC12_CCR = 0x4002_2308;
const ADC3 = 0x5802_6000;
const ADC3_CCR = 0x5802_6308;
const [ISR, CR, PCSEL, SQR1, DR] = [0x00, 0x08, 0x1c, 0x30, 0x40];
const ADVREGEN = 1 << 28;
const DAC_CR = 0x4000_7400;
const DAC_DHR12R1 = 0x4000_7408;
const DAC_DHR8R1 = 0x4000_7410;
const DAC_MCR = 0x4000_743c;
const COMP_SR = 0x5800_3800;
const COMP_CFGR1 = 0x5800_380c;
const OPAMP1 = 0x4000_9000;
const OPAMP2 = 0x4000_9010;
const [OTR, HSOTR] = [4, 8];
const OPAEN = 1;
const VP_DAC = 1 << 2;
const [VM_GAIN, VM_FOLLOWER] = [2 << 5, 3 << 5];
const GAIN = 14;
const VREFBUF = 0x5800_3c00;
const PC4 = 4;

function rig() {
  const made = testChip();
  const { chip, timeline, read, write } = made;
  write(RCC + 0xd8, 1 << 5);
  write(RCC + 0xe0, (1 << 24) | 0xff);
  write(RCC + 0xe8, 1 << 29);
  write(RCC + 0xec, 1 << 4);
  write(RCC + 0xf4, (1 << 14) | (1 << 15));
  write(ADC12_CCR, 2 << 16);
  write(ADC3_CCR, (2 << 16) | (1 << 22));
  for (const adc of [ADC1, ADC3]) {
    write(adc + CR, ADVREGEN);
    pass(timeline, 20e3);
    write(adc + CR, ADVREGEN | 1);
    write(adc + PCSEL, 0xfffff);
  }
  pass(timeline, 1e3);
  /** A conversion, as a fraction of VREF+. */
  const convert = (adc: number, channel: number): number => {
    write(adc + SQR1, channel << 6);
    write(adc + CR, ADVREGEN | 4);
    pass(timeline, 5e3);
    assert.equal(read(adc + ISR) & 4, 4);
    return read(adc + DR) / 0xffff;
  };
  /** DAC channel 1, for the inside of the chip alone. */
  const dac = (value: number): void => {
    write(DAC_MCR, 3);
    write(DAC_CR, 1);
    write(DAC_DHR8R1, value);
  };
  const drive = (port: "A" | "B" | "C" | "E", pin: number, high: boolean): void =>
    chip.gpio[port].drive(pin, high, "strong");
  return { ...made, convert, dac, drive, wait: (ns: number): void => pass(timeline, ns) };
}

const close = (found: number, expected: number): void =>
  assert.ok(Math.abs(found - expected) < 1e-3, `${found} instead of ${expected}`);

test("a follower gives the DAC's voltage to its pin, where ADC and comparator see it", () => {
  const { read, write, convert, dac, drive } = rig();
  dac(0x7f);
  assert.ok(Math.abs(convert(ADC1, PC4) - 0.5) < 0.02, "nobody drives PC4");
  write(OPAMP1, OPAEN | VM_FOLLOWER | VP_DAC);
  close(convert(ADC1, PC4), 0x7f0 / 4096);
  // Plus at PB2, minus at PC4.
  write(COMP_CFGR1, 1 | (7 << 16) | (1 << 20));
  drive("B", 2, true);
  assert.equal(read(COMP_SR) & 1, 1);
  drive("B", 2, false);
  assert.equal(read(COMP_SR) & 1, 0);
  dac(0);
  write(OPAMP1, OPAEN | VM_FOLLOWER);
  drive("B", 0, true);
  close(convert(ADC1, PC4), 1);
});

test("gain x VP + (1 - gain) x VM, between the supply's limits", () => {
  const { write, convert, dac, drive } = rig();
  const level = 0x260 / 4096;
  dac(0x26);
  for (const [selection, gain] of [2, 4, 8, 16].entries()) {
    write(OPAMP1, OPAEN | VM_GAIN | VP_DAC | (selection << GAIN));
    close(convert(ADC1, PC4), Math.min(1, gain * level));
  }
  drive("C", 5, false);
  write(OPAMP1, OPAEN | VM_GAIN | VP_DAC | (8 << GAIN));
  close(convert(ADC1, PC4), 2 * level);
  drive("C", 5, true);
  close(convert(ADC1, PC4), 0);
  dac(0xa0);
  close(convert(ADC1, PC4), (2 * 0xa00) / 4096 - 1);
});

test("FORCE_VP has the calibration's reference in place of the input", () => {
  const { write, convert, drive } = rig();
  drive("B", 0, true);
  for (const [select, level] of [0.033, 0.1, 0.5, 0.9].entries()) {
    write(OPAMP1, OPAEN | VM_FOLLOWER | (1 << 1) | (select << 12));
    close(convert(ADC1, PC4), level);
  }
});

test("without feedback the larger input decides", () => {
  const { write, convert, dac, drive } = rig();
  dac(0x80);
  drive("C", 5, false);
  drive("A", 7, true);
  write(OPAMP1, OPAEN | VP_DAC);
  close(convert(ADC1, PC4), 1);
  write(OPAMP1, OPAEN | VP_DAC | (1 << 5));
  close(convert(ADC1, PC4), 0);
});

test("a calibration finds what the factory found, in either speed", () => {
  const { read, write } = rig();
  for (const trimming of [0, 1 << 18]) {
    write(OPAMP2, trimming);
    assert.deepEqual([read(OPAMP2 + OTR), read(OPAMP2 + HSOTR)], [0x1010, 0x1010]);
  }
  for (const [register, speed] of [
    [OTR, 0],
    [HSOTR, 1 << 8],
  ] as const) {
    for (const [select, shift] of [
      [3, 0],
      [1, 8],
    ] as const) {
      write(OPAMP2, OPAEN | (1 << 1) | (1 << 11) | (select << 12) | (1 << 18) | speed);
      const calout = (value: number): boolean => {
        write(OPAMP2 + register, value << shift);
        return (read(OPAMP2) & (1 << 30)) !== 0;
      };
      assert.deepEqual([0, 15, 16, 31].map(calout), [true, true, false, false]);
    }
  }
  write(OPAMP2 + OTR, 0x0b0c);
  assert.equal(read(OPAMP2 + OTR), 0x0b0c);
  write(OPAMP2, OPAEN);
  assert.equal(read(OPAMP2 + OTR), 0x1010, "the factory's, without USERTRIM");
});

test("VREFBUF is VREF+ once it is ready, and what is not made from VREF+ reads more", () => {
  const { read, write, convert, dac, drive, wait } = rig();
  const VREFINT = 19;
  const PB0 = 9;
  drive("B", 0, true);
  close(convert(ADC3, VREFINT), 1.216 / 3.3);
  write(VREFBUF, (1 << 4) | 1);
  assert.equal(read(VREFBUF) & 8, 0);
  wait(1e6);
  assert.equal(read(VREFBUF) & 8, 8);
  close(convert(ADC3, VREFINT), 1.216 / 2.048);
  close(convert(ADC1, PB0), 1);
  dac(0x80);
  write(OPAMP1, OPAEN | VM_FOLLOWER | VP_DAC);
  close(convert(ADC1, PC4), 0x800 / 4096);
  write(VREFBUF, 2);
  assert.equal(read(VREFBUF) & 8, 0);
  close(convert(ADC3, VREFINT), 1.216 / 3.3);
});

const COMP_EN = 1;
/** Minus: DAC channel 1; plus: PB0. */
const COMP_DAC = 4 << 16;

test("with hysteresis a comparator stays high until its input is below by so much", () => {
  const { read, write, dac, drive } = rig();
  // Minus: twice the DAC's voltage at PC4; plus: PB2.
  dac(0);
  write(OPAMP1, OPAEN | VM_GAIN | VP_DAC);
  drive("B", 2, true);
  const value = (level: number): number => {
    write(DAC_DHR12R1, level);
    return read(COMP_SR) & 1;
  };
  for (const [hysteresis, kept] of [
    [0, 0],
    [1, 1],
  ] as const) {
    write(COMP_CFGR1, COMP_EN | (7 << 16) | (1 << 20) | (hysteresis << 8));
    assert.equal(value(2048), 0, "not above");
    assert.equal(value(2045), 1);
    assert.equal(value(2048), kept);
    write(COMP_CFGR1, 0);
  }
});

test("a timer's output blanks a comparator for as long as it is high", () => {
  const { read, write, dac, drive, wait } = rig();
  const TIM2 = 0x4000_0000;
  write(RCC + 0xe8, (1 << 29) | 1);
  dac(0x80);
  drive("B", 0, true);
  write(COMP_CFGR1, COMP_EN | COMP_DAC | (2 << 24));
  assert.equal(read(COMP_SR) & 1, 1);
  // PWM mode 1 in channel 3: high for 100 of 1000 us.
  write(TIM2 + 0x28, 63);
  write(TIM2 + 0x2c, 999);
  write(TIM2 + 0x3c, 100);
  write(TIM2 + 0x1c, 6 << 4);
  write(TIM2 + 0x14, 1);
  write(TIM2 + 0x00, 1);
  const seen = Array.from({ length: 20 }, () => {
    wait(100e3);
    return read(COMP_SR) & 1;
  });
  assert.equal(seen.filter((high) => high === 0).length, 2, `${seen}`);
});

test("the DAC's sample and hold needs LSI, and tells while a sample time is taken over; its calibration ends", () => {
  const { log, read, write, convert, wait } = rig();
  const [SR, CCR, SHSR1] = [0x4000_7434, 0x4000_7438, 0x4000_7440];
  write(DAC_MCR, 4);
  write(DAC_CR, 1);
  write(DAC_DHR8R1, 0x80);
  close(convert(ADC1, 18), 0);
  assert.ok(log.has(/sample and hold without LSI/));
  write(RCC + 0x74, 1);
  wait(1e6);
  close(convert(ADC1, 18), 0x800 / 4096);
  write(SHSR1, 10);
  assert.equal(read(SR), 1 << 15);
  wait(100e3);
  assert.equal(read(SR), 0);
  write(DAC_CR, 1 << 14);
  assert.equal(read(DAC_CR), 0, "not while the channel is on");
  write(DAC_CR, 1 << 14);
  const flag = (trimming: number): number => {
    write(CCR, trimming);
    return read(SR) & (1 << 14);
  };
  assert.deepEqual([0, 15, 16, 31].map(flag), [0, 0, 1 << 14, 1 << 14]);
});

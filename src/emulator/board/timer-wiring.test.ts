import assert from "node:assert/strict";
import { test } from "node:test";
import { pass } from "../peripherals/test-kit.js";
import { startPwm, testChip } from "./test-chip.js";

const RCC = 0x5802_4400;
const AHB4ENR = RCC + 0xe0;
const APB1LENR = RCC + 0xe8;
const APB2ENR = RCC + 0xf0;
const APB4ENR = RCC + 0xf4;
const TIM2 = 0x4000_0000;
const TIM3 = 0x4000_0400;
const TIM16 = 0x4001_4400;
const TIM1 = 0x4001_0000;
const GPIOA = 0x5802_0000;
const GPIOB = 0x5802_0400;
const EXTI = 0x5800_0000;
const SYSCFG = 0x5800_0400;
const CR1 = 0x00;
const CR2 = 0x04;
const SMCR = 0x08;
const DIER = 0x0c;
const SR = 0x10;
const EGR = 0x14;
const CCMR1 = 0x18;
const CCER = 0x20;
const CNT = 0x24;
const PSC = 0x28;
const ARR = 0x2c;
const CCR1 = 0x34;
const CCR2 = 0x38;
const BDTR = 0x44;
const TISEL = 0x68;
const MODER = 0x00;
const PUPDR = 0x0c;
const IDR = 0x10;
const AFRL = 0x20;

/** Timers and ports A and B clocked. */
function rig() {
  const r = testChip();
  r.write(AHB4ENR, 3);
  r.write(APB1LENR, 0x3);
  r.write(APB2ENR, (1 << 0) | (1 << 17));
  r.write(APB4ENR, 0x1_0002);
  return r;
}

type Rig = ReturnType<typeof rig>;

/** PA`pin` (0..7) in alternate function `af`, with `pull` (0 none, 1 up, 2 down). */
function mux({ read, write }: Rig, port: number, pin: number, af: number, pull = 0): void {
  write(port + AFRL, (read(port + AFRL) & ~(0xf << (pin * 4))) | (af << (pin * 4)));
  write(port + PUPDR, (read(port + PUPDR) & ~(3 << (pin * 2))) | (pull << (pin * 2)));
  write(port + MODER, (read(port + MODER) & ~(3 << (pin * 2))) | (2 << (pin * 2)));
}

const pulled = ({ read, write }: Rig, port: number, pin: number, up: boolean): void =>
  write(port + PUPDR, (read(port + PUPDR) & ~(3 << (pin * 2))) | ((up ? 1 : 2) << (pin * 2)));

test("a PWM output is on its pin: IDR reads what the compare unit drives", () => {
  const r = rig();
  const { read, write, timeline } = r;
  startPwm(r.write, TIM3);
  mux(r, GPIOA, 6, 2, 2);
  const high = (): boolean => (read(GPIOA + IDR) & 0x40) !== 0;
  pass(timeline, 10_500);
  assert.equal(high(), true);
  pass(timeline, 20_000);
  assert.equal(high(), false);
  pass(timeline, 70_000);
  assert.equal(high(), true);
  write(TIM3 + CCER, 0);
  assert.equal(high(), false);
});

test("EXTI sees each edge of a PWM output", () => {
  const r = rig();
  const { write, chip, timeline } = r;
  startPwm(r.write, TIM3);
  mux(r, GPIOA, 6, 2);
  write(SYSCFG + 0x0c, 0);
  write(EXTI + 0x00, 1 << 6);
  write(EXTI + 0x80, 1 << 6);
  let seen = 0;
  for (let step = 0; step < 1000; step++) {
    pass(timeline, 1_000);
    if ((chip.bus.read(EXTI + 0x88, 4) & 0x40) === 0) continue;
    seen++;
    write(EXTI + 0x88, 0x40);
  }
  assert.equal(seen, 10);
});

test("a capture takes the counter at an edge of its pin, overcaptures are told, reading CCR clears the flag", () => {
  const r = rig();
  const { read, write, timeline } = r;
  mux(r, GPIOA, 0, 1, 2);
  write(TIM2 + PSC, 63);
  write(TIM2 + EGR, 1);
  write(TIM2 + SR, 0);
  write(TIM2 + CCMR1, 0x01);
  write(TIM2 + CCER, 0x1);
  write(TIM2 + CR1, 1);
  pass(timeline, 5_000_500);
  pulled(r, GPIOA, 0, true);
  assert.equal(read(TIM2 + SR) & 0x202, 0x2);
  assert.equal(read(TIM2 + CCR1), 5000);
  assert.equal(read(TIM2 + SR) & 0x2, 0);
  pulled(r, GPIOA, 0, false);
  assert.equal(read(TIM2 + SR) & 0x2, 0, "a falling edge does not count with CC1P = 0");
  pass(timeline, 1_000_000);
  pulled(r, GPIOA, 0, true);
  pulled(r, GPIOA, 0, false);
  pulled(r, GPIOA, 0, true);
  assert.equal(read(TIM2 + SR) & 0x202, 0x202);
  assert.equal(read(TIM2 + CCR1), 6000);
  write(TIM2 + CCR1, 1);
  assert.equal(read(TIM2 + CCR1), 6000, "a capture register cannot be written");
});

test("an encoder at TI1 and TI2 counts in quadrature, and DIR tells the way", () => {
  const r = rig();
  const { read, write } = r;
  mux(r, GPIOA, 6, 2, 2);
  mux(r, GPIOA, 7, 2, 2);
  write(TIM3 + CCMR1, 0x0101);
  write(TIM3 + SMCR, 3);
  write(TIM3 + CR1, 1);
  const turn = (steps: number): void => {
    const order = steps > 0 ? [6, 7] : [7, 6];
    for (let n = 0; n < Math.abs(steps); n++) {
      for (const up of [true, false]) for (const pin of order) pulled(r, GPIOA, pin, up);
    }
  };
  turn(5);
  assert.equal(read(TIM3 + CNT), 20);
  assert.equal(read(TIM3 + CR1) & 0x10, 0);
  turn(-3);
  assert.equal(read(TIM3 + CNT), 8);
  assert.equal(read(TIM3 + CR1) & 0x10, 0x10);
});

test("TIM16 measures LSI, led to TI1 by TISEL", () => {
  const { read, write, timeline } = rig();
  write(RCC + 0x74, 1);
  pass(timeline, 1_000_000);
  assert.equal(read(RCC + 0x74), 3);
  write(TIM16 + TISEL, 1);
  write(TIM16 + CCMR1, 0x0d);
  write(TIM16 + CCER, 1);
  write(TIM16 + CR1, 1);
  const captures: number[] = [];
  for (let n = 0; n < 2; n++) {
    read(TIM16 + CCR1);
    while ((read(TIM16 + SR) & 2) === 0) pass(timeline, 10_000);
    captures.push(read(TIM16 + CCR1));
  }
  assert.equal(((captures[1] ?? 0) - (captures[0] ?? 0)) & 0xffff, (64e6 / 32e3) * 8);
});

test("a gated timer counts while its master's enable is high; a chained one counts its updates", () => {
  const { read, write, timeline } = rig();
  write(TIM3 + CR2, 1 << 4);
  write(TIM2 + SMCR, (2 << 4) | 5);
  write(TIM2 + CR1, 1);
  pass(timeline, 10_000);
  assert.equal(read(TIM2 + CNT), 0);
  write(TIM3 + CR1, 1);
  pass(timeline, 10_000);
  write(TIM3 + CR1, 0);
  pass(timeline, 10_000);
  assert.equal(read(TIM2 + CNT), 640);
  assert.equal(read(TIM2 + SR) & 0x40, 0x40);
  write(TIM3 + ARR, 63);
  write(TIM3 + CR2, 2 << 4);
  write(TIM2 + SMCR, (2 << 4) | 7);
  write(TIM2 + CNT, 0);
  write(TIM2 + PSC, 1);
  write(TIM2 + EGR, 1);
  write(TIM3 + EGR, 1);
  write(TIM2 + CNT, 0);
  write(TIM3 + CR1, 1);
  pass(timeline, 20_100);
  assert.equal(read(TIM2 + CNT), 10, "its prescaler divides the trigger, too");
});

test("a break input takes the outputs to their off-state, and keeps its flag while it is active", () => {
  const r = rig();
  const { read, write, timeline } = r;
  mux(r, GPIOB, 0, 1);
  mux(r, GPIOA, 6, 1, 1);
  write(TIM1 + ARR, 99);
  write(TIM1 + CCMR1, 0x5000);
  write(TIM1 + CCER, 1 << 6);
  write(TIM1 + CR2, 1 << 11);
  write(TIM1 + DIER, 1 << 7);
  write(TIM1 + BDTR, (1 << 15) | (1 << 10) | (1 << 12));
  write(TIM1 + CR1, 1);
  assert.equal(read(GPIOB + IDR) & 1, 1, "OC2N alone follows OC2REF");
  write(TIM1 + CR2, 0);
  pulled(r, GPIOA, 6, false);
  assert.equal(read(TIM1 + BDTR) & (1 << 15), 0);
  assert.equal(read(GPIOB + IDR) & 1, 0);
  write(TIM1 + SR, 0);
  assert.equal(read(TIM1 + SR) & 0x80, 0x80);
  pulled(r, GPIOA, 6, true);
  write(TIM1 + SR, 0);
  assert.equal(read(TIM1 + SR) & 0x80, 0);
  assert.equal(read(TIM1 + BDTR) & (1 << 15), 0, "without AOE software has to set MOE");
  write(TIM1 + BDTR, (1 << 12) | (1 << 14));
  pass(timeline, 2_000);
  assert.notEqual(read(TIM1 + BDTR) & (1 << 15), 0, "with AOE the next update sets it");
});

test("BDTR.LOCK protects what its level names until the next reset", () => {
  const { read, write, log } = rig();
  write(TIM1 + BDTR, (3 << 8) | (1 << 15) | 0x12);
  write(TIM1 + BDTR, 0);
  assert.equal(read(TIM1 + BDTR), (3 << 8) | 0x12);
  write(TIM1 + CCMR1, 0x68);
  assert.equal(read(TIM1 + CCMR1), 0);
  write(TIM1 + CCER, 0x3);
  assert.equal(read(TIM1 + CCER), 0x1);
  assert.ok(log.has(/LOCK = 3/));
});

test("a timer stands still while its clock gate is closed", () => {
  const { read, write, timeline } = rig();
  write(TIM2 + CR1, 1);
  pass(timeline, 1_000);
  write(APB1LENR, 0x2);
  pass(timeline, 1_000_000);
  write(APB1LENR, 0x3);
  assert.equal(read(TIM2 + CNT), 64);
  assert.equal(read(TIM2 + CCR2), 0);
});

test("a timer stands still in Sleep without its LPEN bit, and under a debugger that freezes it", () => {
  const { read, write, timeline, chip } = rig();
  write(RCC + 0x110, 0xffff_fffe);
  write(TIM2 + CR1, 1);
  write(TIM3 + CR1, 1);
  pass(timeline, 1_000);
  chip.cpu.sleep(false);
  chip.lowPower.afterRun();
  pass(timeline, 1_000);
  assert.equal(read(TIM2 + CNT), 64);
  assert.equal(read(TIM3 + CNT), 128);
  chip.cpu.wake();
  chip.lowPower.afterRun();
  pass(timeline, 1_000);
  assert.equal(read(TIM2 + CNT), 128);
  write(0x5c00_103c, 1);
  chip.cpu.debug.onFreeze(true);
  pass(timeline, 1_000);
  chip.cpu.debug.onFreeze(false);
  assert.equal(read(TIM2 + CNT), 128);
  assert.equal(read(TIM3 + CNT), 256);
});

test("a wake-up pin ends Standby, in the time of a start", () => {
  const { write, chip, log, timeline } = rig();
  write(0x5802_4828, 1);
  write(0x5802_4810, 7);
  chip.cpu.scs.write(0xd10, 4, 4);
  chip.cpu.sleep(false);
  chip.lowPower.afterRun();
  assert.equal(chip.lowPower.mode, "standby");
  assert.ok(log.has(/in Standby/));
  chip.gpio.A.drive(0, true, "strong");
  assert.equal(chip.lowPower.mode, "standby");
  pass(timeline, 400e3);
  assert.equal(chip.lowPower.mode, "run");
  chip.applyReset();
  assert.equal(chip.bus.read(0x5802_4810, 4) & 0x40, 0x40);
  assert.equal(chip.bus.read(0x5802_4824, 4), 1, "what woke it is still told");
  chip.requestReset("pin");
  chip.applyReset();
  assert.equal(chip.bus.read(0x5802_4824, 4), 0);
});

test("a tamper at PC13 starts an LPTIM that waits for it, and erases the backup SRAM; a debugger holds that LPTIM", () => {
  const { read, write, timeline, chip } = rig();
  const BACKUP_SRAM = 0x3880_0000;
  const LPTIM1 = 0x4000_2400;
  const RTC = 0x5800_4000;
  write(APB1LENR, (1 << 9) | 3);
  write(AHB4ENR, (1 << 28) | 7);
  write(0x5802_4800, 0xf000_c100);
  write(BACKUP_SRAM, 0x1234_5678);
  // HSI would do, but the RTC takes LSI, LSE or HSE: LSI.
  write(RCC + 0x74, 1);
  pass(timeline, 1e6);
  write(RCC + 0x70, (2 << 8) | (1 << 15));
  write(RTC + 0x24, 0xca);
  write(RTC + 0x24, 0x53);
  write(RTC + 0x40, 1);
  write(LPTIM1 + 0x0c, (3 << 13) | (1 << 17));
  write(LPTIM1 + 0x10, 1);
  write(LPTIM1 + 0x18, 0xffff);
  pass(timeline, 1e3);
  write(LPTIM1 + 0x10, 5);
  pass(timeline, 100e3);
  assert.equal(read(LPTIM1 + 0x1c), 0);
  assert.equal(read(BACKUP_SRAM), 0x1234_5678);
  chip.gpio.C.drive(13, true, "strong");
  assert.equal(read(BACKUP_SRAM), 0);
  pass(timeline, 100e3);
  const counted = read(LPTIM1 + 0x1c);
  assert.ok(counted > 100, `${counted}`);
  write(0x5c00_103c, 1 << 9);
  chip.cpu.debug.onFreeze(true);
  const held = read(LPTIM1 + 0x1c);
  pass(timeline, 100e3);
  assert.equal(read(LPTIM1 + 0x1c), held);
});

test("SYSCFG's break locks and the clock security system stay on until a reset", () => {
  const { read, write, chip } = rig();
  write(SYSCFG + 0x18, 0x48);
  write(SYSCFG + 0x18, 0);
  assert.equal(read(SYSCFG + 0x18), 0x48);
  write(RCC, read(RCC) | (1 << 19));
  write(RCC, read(RCC) & ~(1 << 19));
  assert.equal(read(RCC) & (1 << 19), 1 << 19);
  chip.requestReset("software");
  chip.applyReset();
  assert.equal(read(RCC) & (1 << 19), 0);
});

test("a slave that joins a master under way counts what comes from then on", () => {
  const r = rig();
  // TIM2 overflows each 100 us, and sends that out.
  r.write(TIM2 + ARR, 6399);
  r.write(TIM2 + CR2, 2 << 4);
  r.write(TIM2 + CR1, 1);
  pass(r.timeline, 1_050e3);
  // TIM3 counts ITR1, which is TIM2.
  r.write(TIM3 + CR1, 1);
  r.write(TIM3 + SMCR, (1 << 4) | 7);
  assert.equal(r.read(TIM3 + CNT), 0);
  pass(r.timeline, 400e3);
  assert.equal(r.read(TIM3 + CNT), 4);
});

test("a request generator that begins to listen to a running LPTIM asks DMA from its next edge on", () => {
  const r = rig();
  const LPTIM1 = 0x4000_2400;
  const DMA1 = 0x4002_0000;
  const DMAMUX = 0x4002_0800;
  const D2RAM = 0x3000_0000;
  const SIG_LPTIM1_OUT = 3;
  r.write(RCC + 0xd8, 1);
  r.write(RCC + 0xdc, 1 << 29);
  r.write(APB1LENR, 0x203);
  // LPTIM1: a period of 100 us of PCLK1.
  r.write(LPTIM1 + 0x10, 1);
  r.write(LPTIM1 + 0x18, 6399);
  r.write(LPTIM1 + 0x14, 3200);
  r.write(LPTIM1 + 0x10, 5);
  pass(r.timeline, 1_020e3);
  r.write(DMA1 + 0x14, 100);
  r.write(DMA1 + 0x18, LPTIM1 + 0x18);
  r.write(DMA1 + 0x1c, D2RAM);
  r.write(DMA1 + 0x10, (1 << 10) | 1);
  r.write(DMAMUX, 1);
  r.write(DMAMUX + 0x100, (1 << 17) | (1 << 16) | SIG_LPTIM1_OUT);
  pass(r.timeline, 10e3);
  assert.equal(r.read(DMA1 + 0x14), 100);
  pass(r.timeline, 300e3);
  assert.equal(r.read(DMA1 + 0x14), 97);
});

test("an LPTIM's output reaches EXTI at its pin, and who looks at the pin, edge by edge", () => {
  const r = rig();
  const LPTIM1 = 0x4000_2400;
  const GPIOD = 0x5802_0c00;
  const AFRH = 0x24;
  r.write(AHB4ENR, 1 << 3);
  r.write(APB1LENR, 1 << 9);
  r.write(GPIOD + AFRH, 1 << 20);
  r.write(GPIOD + MODER, (0xfbff_ffff & ~(1 << 26)) | (2 << 26));
  const edges: (boolean | undefined)[] = [];
  r.chip.gpio.D.observe(13, (level) => edges.push(level));
  // A period of 100 us of PCLK1, in the middle of which the output rises.
  r.write(LPTIM1 + 0x10, 1);
  r.write(LPTIM1 + 0x18, 6399);
  r.write(LPTIM1 + 0x14, 3200);
  r.write(LPTIM1 + 0x10, 5);
  pass(r.timeline, 320e3);
  assert.deepEqual(edges, [false, true, false, true, false, true, false]);
  // EXTI13 at port D, rising.
  r.write(SYSCFG + 0x14, 3 << 4);
  r.write(EXTI, 1 << 13);
  r.write(EXTI + 0x80, 1 << 13);
  pass(r.timeline, 100e3);
  assert.equal(r.read(EXTI + 0x88) & (1 << 13), 1 << 13);
});

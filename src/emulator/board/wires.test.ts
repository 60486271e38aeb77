/** A wire between two pins carries what one of them drives to whatever looks at the other one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startPwm } from "./test-chip.js";
import { wiredChip } from "./wired-chip.js";

const TIM2 = 0x4000_0000;
const TIM3 = 0x4000_0400;
const [CR1, SMCR, SR, EGR, CCMR1, CCER, CNT, PSC, ARR, CCR1, CCR2] = [
  0, 8, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2c, 0x34, 0x38,
] as const;
const GPIOC = 0x5802_0800;
const EXTI = { RTSR1: 0x5800_0000, FTSR1: 0x5800_0004, CPUIMR1: 0x5800_0080, CPUPR1: 0x5800_0088 } as const;
const EXTICR1 = 0x5800_0408;
const PERIOD_NS = 100e3;

test("EXTI sees the edges of a pin at the other end of a wire", () => {
  const { read, write, wait } = wiredChip(["PC0", "PB1"]);
  write(EXTICR1, 1 << 4);
  write(EXTI.RTSR1, 2);
  write(EXTI.CPUIMR1, 2);
  // PC0 is an output, PB1 an input.
  write(GPIOC, 0xffff_fffd);
  write(0x5802_0400, (read(0x5802_0400) & ~(3 << 2)) >>> 0);
  write(EXTI.CPUPR1, 2);
  write(GPIOC + 0x18, 1);
  assert.equal(read(EXTI.CPUPR1) & 2, 2);
  write(EXTI.CPUPR1, 2);
  write(GPIOC + 0x18, 1 << 16);
  assert.equal(read(EXTI.CPUPR1) & 2, 0);
  write(EXTI.FTSR1, 2);
  write(GPIOC + 0x18, 1);
  write(EXTI.CPUPR1, 2);
  write(GPIOC + 0x18, 1 << 16);
  assert.equal(read(EXTI.CPUPR1) & 2, 2);
  wait(1);
});

test("EXTI sees a PWM output that a wire leads to another pin", () => {
  const { read, write, mux, wait } = wiredChip(["PA0", "PB1"]);
  mux("PA0", 1);
  write(0x5802_0400, (read(0x5802_0400) & ~(3 << 2)) >>> 0);
  write(EXTICR1, 1 << 4);
  write(EXTI.RTSR1, 2);
  write(EXTI.CPUIMR1, 2);
  startPwm(write, TIM2);
  wait(10e3);
  write(EXTI.CPUPR1, 2);
  wait(60e3);
  assert.equal(read(EXTI.CPUPR1) & 2, 0);
  wait(40e3);
  assert.equal(read(EXTI.CPUPR1) & 2, 2);
});

test("a timer counts and captures what another one drives over a wire", () => {
  const { read, write, mux, wait } = wiredChip(["PA0", "PA6"]);
  mux("PA0", 1);
  mux("PA6", 2);
  // External clock mode 1 from TI1FP1.
  write(TIM3 + ARR, 0xffff);
  write(TIM3 + CCMR1, 1);
  write(TIM3 + SMCR, (5 << 4) | 7);
  write(TIM3 + CR1, 1);
  startPwm(write, TIM2);
  wait(7.5 * PERIOD_NS);
  const counted = read(TIM3 + CNT);
  assert.ok(counted === 7 || counted === 8, `${counted} edges`);
  wait(10 * PERIOD_NS);
  assert.equal(read(TIM3 + CNT), counted + 10);

  // PWM input: CH1 captures rising edges and resets the counter, CH2 falling ones.
  write(TIM3 + CR1, 0);
  write(TIM3 + SMCR, 0);
  write(TIM3 + PSC, 63);
  write(TIM3 + CCMR1, 0x0201);
  write(TIM3 + CCER, 0x31);
  write(TIM3 + SMCR, (5 << 4) | 4);
  write(TIM3 + EGR, 1);
  write(TIM3 + CR1, 1);
  write(TIM3 + SR, 0);
  wait(3 * PERIOD_NS);
  const close = (value: number, wanted: number): void =>
    assert.ok(Math.abs(value - wanted) <= 1, `${value} instead of ${wanted}`);
  close(read(TIM3 + CCR1), 100);
  close(read(TIM3 + CCR2), 30);
});

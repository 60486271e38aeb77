import assert from "node:assert/strict";
import { test } from "node:test";
import { Exception } from "../cpu/exceptions/faults.js";
import { pass } from "../peripherals/test-kit.js";
import { testChip } from "./test-chip.js";

const RCC = 0x5802_4400;
const CR = RCC + 0x00;
const CFGR = RCC + 0x10;
const PLLCKSELR = RCC + 0x28;
const PLLCFGR = RCC + 0x2c;
const PLL1DIVR = RCC + 0x30;
const CIER = RCC + 0x60;
const CIFR = RCC + 0x64;
const CICR = RCC + 0x68;
const BDCR = RCC + 0x70;
const CSR = RCC + 0x74;
const APB2ENR = RCC + 0xf0;
const APB4ENR = RCC + 0xf4;
const PWR_CR1 = 0x5802_4800;
const SYSCFG_CFGR = 0x5800_0418;
const EXTI = 0x5800_0000;
const TIM1 = 0x4001_0000;
const TIM16 = 0x4001_4400;
const SR = 0x10;
const BDTR = 0x44;

const HSEON = 1 << 16;
const HSERDY = 1 << 17;
const HSECSSON = 1 << 19;
const PLL1ON = 1 << 24;
const PLL1RDY = 1 << 25;
const HSECSSF = 1 << 10;
const LSECSSF = 1 << 9;
const MOE = 1 << 15;
const BKE = 1 << 12;
const SBIF = 1 << 13;
const BIF = 1 << 7;

function rig() {
  const r = testChip({ hseHz: 8e6, lseHz: 32768 });
  r.write(APB2ENR, (1 << 0) | (1 << 17));
  r.write(APB4ENR, 0x1_0002);
  for (const timer of [TIM1, TIM16]) r.write(timer + BDTR, MOE | BKE);
  return r;
}

type Rig = ReturnType<typeof rig>;

const nmiPending = ({ chip }: Rig): boolean => chip.cpu.exceptions.isPending(Exception.nmi);

/** System clock: PLL1 of 100 MHz behind HSE. */
function runOnHse(r: Rig, more = 0): void {
  r.write(CR, r.read(CR) | HSEON | more);
  pass(r.timeline, 5e6);
  r.write(PLLCKSELR, 2 | (4 << 4));
  r.write(PLLCFGR, (1 << 16) | (1 << 2));
  r.write(PLL1DIVR, (1 << 24) | (1 << 16) | (3 << 9) | 199);
  r.write(CR, r.read(CR) | PLL1ON);
  pass(r.timeline, 1e6);
  r.write(CFGR, 3);
  assert.equal(r.chip.rcc.clockTree.cpuHz, 100e6);
}

test("HSE fails under CSS: HSI drives the system, HSE and its PLL are off, NMI and the timers' breaks tell", () => {
  const r = rig();
  runOnHse(r, HSECSSON);
  r.chip.rcc.setCrystalFailed("HSE", true);
  assert.equal(r.chip.rcc.clockTree.cpuHz, 64e6);
  assert.ok(r.log.has(/HSE failed: .* HSI; NMI/));
  assert.equal(r.read(CR) & (HSEON | HSERDY | PLL1ON | PLL1RDY), 0);
  assert.equal(r.read(CFGR) & 0x3f, 0);
  assert.equal(r.read(CIFR), HSECSSF);
  assert.equal(nmiPending(r), true);
  assert.equal(r.read(TIM1 + BDTR) & MOE, 0);
  assert.equal(r.read(TIM1 + SR) & (SBIF | BIF), SBIF);
  assert.equal(r.read(TIM16 + SR) & (SBIF | BIF), BIF);
  // The flag holds the breaks.
  r.write(TIM1 + SR, 0);
  assert.equal(r.read(TIM1 + SR) & SBIF, SBIF);
  r.write(CICR, HSECSSF);
  r.write(TIM1 + SR, 0);
  assert.equal(r.read(TIM1 + SR) & SBIF, 0);
  assert.equal(r.read(CIFR), 0);
  r.chip.rcc.setCrystalFailed("HSE", false);
  r.write(CR, r.read(CR) | HSEON);
  pass(r.timeline, 5e6);
  assert.equal(r.read(CR) & HSERDY, HSERDY);
});

test("with STOPWUCK it is CSI that goes on", () => {
  const r = rig();
  r.write(CFGR, 1 << 6);
  r.write(CR, r.read(CR) | HSEON | HSECSSON);
  pass(r.timeline, 5e6);
  r.write(CFGR, (1 << 6) | 2);
  r.chip.rcc.setCrystalFailed("HSE", true);
  assert.equal(r.read(CFGR) & 0x3f, (1 << 3) | 1);
  assert.equal(r.chip.rcc.clockTree.cpuHz, 4e6);
});

test("a failure where HSE is not used, or CSS is off, tells nothing; without CSS the core stands still", () => {
  const r = rig();
  r.write(CR, r.read(CR) | HSECSSON);
  r.chip.rcc.setCrystalFailed("HSE", true);
  assert.equal(r.read(CIFR), 0);
  r.chip.rcc.setCrystalFailed("HSE", false);
  const bare = rig();
  runOnHse(bare);
  bare.chip.rcc.setCrystalFailed("HSE", true);
  assert.equal(bare.chip.coreClocked, false);
  assert.equal(nmiPending(bare), false);
  assert.ok(bare.log.has(/system clock has stopped/));
  bare.chip.rcc.setCrystalFailed("HSE", false);
  assert.equal(bare.chip.coreClocked, true);
});

/** RTC on LSE, LSI there to watch it. */
function runOnLse(r: Rig): void {
  r.write(PWR_CR1, r.read(PWR_CR1) | (1 << 8));
  r.write(CSR, 1);
  r.write(BDCR, 1);
  pass(r.timeline, 3e9);
  r.write(BDCR, 1 | (1 << 8) | (1 << 15) | (1 << 5));
}

test("LSE fails under its CSS: the RTC loses it for good, EXTI line 18 tells", () => {
  const r = rig();
  runOnLse(r);
  r.write(CIER, LSECSSF);
  r.write(EXTI, 1 << 18);
  r.write(EXTI + 0x80, 1 << 18);
  assert.equal(r.chip.rcc.rtcHz, 32768);
  r.write(BDCR, 1 | (1 << 8) | (1 << 15));
  assert.equal(r.read(BDCR) & (1 << 5), 1 << 5, "LSECSSON stays while LSE is well");
  r.chip.rcc.setCrystalFailed("LSE", true);
  assert.equal(r.read(BDCR) & (1 << 6), 1 << 6);
  assert.equal(r.read(CIFR), LSECSSF);
  assert.equal(r.read(EXTI + 0x88) & (1 << 18), 1 << 18);
  assert.equal(nmiPending(r), false);
  r.chip.rcc.setCrystalFailed("LSE", false);
  assert.equal(r.chip.rcc.rtcHz, 0);
  r.write(BDCR, 1 | (1 << 8) | (1 << 15));
  assert.equal(r.read(BDCR) & (1 << 5), 0);
  r.write(BDCR, 1 << 16);
  r.write(BDCR, 0);
  assert.equal(r.read(BDCR) & (1 << 6), 0);
});

test("PVD and lockup break the timers once SYSCFG_CFGR connects them", () => {
  const r = rig();
  const PVDE = 1 << 4;
  r.write(PWR_CR1, r.read(PWR_CR1) | PVDE | (6 << 5));
  r.chip.pwr.setSupply(2000);
  assert.equal(r.read(TIM1 + BDTR) & MOE, MOE);
  r.write(SYSCFG_CFGR, 1 << 2);
  assert.equal(r.read(TIM1 + BDTR) & MOE, 0);
  r.chip.pwr.setSupply(3300);
  r.write(TIM1 + SR, 0);
  r.write(TIM1 + BDTR, MOE | BKE);
  assert.equal(r.read(TIM1 + BDTR) & MOE, MOE);
  r.write(SYSCFG_CFGR, 1 << 6);
  r.chip.cpu.options.onLockup?.();
  assert.equal(r.read(TIM1 + BDTR) & MOE, 0);
  assert.equal(r.read(TIM1 + SR) & SBIF, SBIF);
});

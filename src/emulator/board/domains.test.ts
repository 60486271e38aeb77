import assert from "node:assert/strict";
import { test } from "node:test";
import { pass } from "../peripherals/test-kit.js";
import { testChip } from "./test-chip.js";

const RCC = 0x5802_4400;
const CR = RCC + 0x00;
const D3AMR = RCC + 0xa8;
const RSR = RCC + 0xd0;
const D3CCIPR = RCC + 0x58;
const CSR = RCC + 0x74;
const AHB1ENR = RCC + 0xd8;
const AHB4ENR = RCC + 0xe0;
const APB4ENR = RCC + 0xf4;
const PWR = 0x5802_4800;
const CPUCR = PWR + 0x10;
const D3CR = PWR + 0x18;
const EXTI = 0x5800_0000;
const CPUIMR2 = EXTI + 0x90;
const CPUIMR3 = EXTI + 0xa0;
const D3PMR1 = EXTI + 0x0c;
const D3PMR2 = EXTI + 0x2c;
const D3PCR2H = EXTI + 0x34;
const DMAMUX2 = 0x5802_5800;
const BDMA = 0x5802_5400;
const LPTIM2 = 0x5800_2400;
const LPTIM4 = 0x5800_2c00;
const LPUART1 = 0x5800_0c00;
const SRAM4 = 0x3800_0000;
const SRAM1 = 0x3000_0000;
const AXI = 0x2400_0000;
const SCR = 0xd10;
const SLEEPDEEP = 4;
const STOPF = 1 << 5;
const SBF_D1 = 1 << 7;
const SBF_D2 = 1 << 8;
const RUN_D3 = 1 << 11;

function rig(onSerial?: (byte: number) => void) {
  const r = testChip({ onSerial });
  r.write(AHB4ENR, 0x7ff | (1 << 21));
  r.write(APB4ENR, 0x1_1e02);
  r.write(CSR, 1);
  r.write(PWR + 0x0c, 2);
  pass(r.timeline, 1e6);
  return r;
}

type Rig = ReturnType<typeof rig>;

function deepSleep({ chip }: Rig): void {
  chip.cpu.event = false;
  chip.cpu.scs.write(SCR, 4, SLEEPDEEP);
  chip.cpu.sleep(false);
  chip.lowPower.afterRun();
}

/** An event wakes the core. */
function wake({ chip, timeline }: Rig): void {
  chip.cpu.event = true;
  chip.lowPower.beforeRun();
  pass(timeline, 100e3);
}

/** BDMA channel 6 moves SRAM4's word 0 to its word 1 when EXTI0 triggers generator 0, and tells DMAMUX2's event 6. */
function copyOnExti0({ write, chip }: Rig): void {
  write(SRAM4, 0x1234_5678);
  write(SRAM4 + 4, 0);
  write(DMAMUX2 + 0x100, (1 << 16) | (1 << 17) | 20);
  write(DMAMUX2 + 6 * 4, 1 | (1 << 9));
  const channel = BDMA + 8 + 6 * 0x14;
  write(channel + 4, 1);
  write(channel + 8, SRAM4 + 4);
  write(channel + 12, SRAM4);
  write(channel, (1 << 4) | (2 << 8) | (2 << 10) | 1);
  write(EXTI, 1);
  write(D3PMR1, 1);
  chip.gpio.A.drive(0, false, "strong");
}

test("D3 wakes by itself, BDMA works without the core, and its event lets D3 stop again", () => {
  const r = rig();
  copyOnExti0(r);
  r.write(D3AMR, 1 | (1 << 29));
  deepSleep(r);
  assert.equal(r.chip.lowPower.mode, "stop");
  r.chip.gpio.A.drive(0, true, "strong");
  pass(r.timeline, 1e3);
  assert.equal(r.read(SRAM4 + 4), 0);
  pass(r.timeline, 20e3);
  assert.equal(r.read(SRAM4 + 4), 0x1234_5678);
  assert.equal(r.chip.lowPower.mode, "stop");
  assert.equal(r.chip.lowPower.asleep, true);
  assert.equal(r.read(CPUCR) & STOPF, STOPF);
});

test("without its bit in RCC_D3AMR BDMA waits for the core; masking the line takes the event away", () => {
  const r = rig();
  copyOnExti0(r);
  deepSleep(r);
  r.chip.gpio.A.drive(0, true, "strong");
  pass(r.timeline, 1e6);
  assert.deepEqual([r.chip.lowPower.mode, r.read(SRAM4 + 4)], ["d3", 0]);
  r.write(D3PMR1, 0);
  assert.equal(r.chip.lowPower.mode, "stop");
  wake(r);
  assert.deepEqual([r.chip.lowPower.mode, r.read(SRAM4 + 4)], ["run", 0x1234_5678]);
});

test("what has no bit in RCC_D3AMR does not answer BDMA while the core is stopped, and that is told", () => {
  const r = rig();
  copyOnExti0(r);
  r.write(D3AMR, 1);
  deepSleep(r);
  r.chip.gpio.A.drive(0, true, "strong");
  pass(r.timeline, 20e3);
  assert.equal(r.read(SRAM4 + 4), 0);
  assert.ok(r.log.has(/BDMA reaches SRAM4 .* RCC_D3AMR/));
});

/** LPTIM on LSI, a period of `ticks`, its interrupt enabled. */
function startLptim({ write }: Rig, lptim: number, ticks: number, interrupt = 2): void {
  write(lptim + 8, interrupt);
  write(lptim + 0x10, 1);
  write(lptim + 0x18, ticks - 1);
  write(lptim + 0x14, ticks >> 1);
  write(lptim + 0x10, 5);
}

test("LPTIM2 wakes D3 through its line, and LPTIM4's output ends that", () => {
  const r = rig();
  r.write(D3CCIPR, (4 << 10) | (4 << 13));
  // Lines 48 (LPTIM2) and its clear source 2 (LPTIM4_OUT).
  r.write(D3PCR2H, 2);
  r.write(D3PMR2, 1 << 16);
  r.write(CPUIMR2, r.read(CPUIMR2) & ~(1 << 16));
  deepSleep(r);
  startLptim(r, LPTIM2, 320);
  startLptim(r, LPTIM4, 960, 0);
  pass(r.timeline, 5e6);
  assert.equal(r.chip.lowPower.mode, "stop");
  pass(r.timeline, 6e6);
  assert.equal(r.chip.lowPower.mode, "d3");
  pass(r.timeline, 10e6);
  assert.equal(r.chip.lowPower.mode, "stop");
  assert.equal(r.chip.cpu.exceptions.wakes, false);
});

test("LPUART1 sends in Stop what BDMA brings at LPTIM2's pace, and its own end of transmission lets D3 stop (RM0433, D3 application)", () => {
  const sent: number[] = [];
  const r = rig((byte) => sent.push(byte));
  const channel = (
    n: number,
    setting: readonly [ccr: number, count: number, peripheral: number, memory: number],
  ) => {
    const [ccr, count, peripheral, memory] = setting;
    const at = BDMA + 8 + n * 0x14;
    r.write(at + 4, count);
    r.write(at + 8, peripheral);
    r.write(at + 12, memory);
    r.write(at, ccr);
  };
  r.write(APB4ENR, 0x1_1e0a);
  r.write(D3AMR, 1 | (1 << 3) | (1 << 29));
  r.write(D3CCIPR, 4 << 10);
  r.write(SRAM4, 0x4433_2211);
  r.write(SRAM4 + 4, 1 << 6);
  r.write(LPUART1 + 0x0c, Math.round((256 * 64e6) / 115_200));
  r.write(LPUART1 + 8, 1 << 7);
  r.write(LPUART1, 9);
  r.write(LPUART1 + 0x20, 1 << 6);
  r.write(LPUART1, 9 | (1 << 6));
  // Channel 7: four requests of LPUART1_TX with each edge of LPTIM2_OUT. Circular, memory to peripheral, bytes.
  r.write(DMAMUX2 + 7 * 4, 10 | (1 << 16) | (1 << 17) | (3 << 19) | (8 << 24));
  channel(7, [(1 << 4) | (1 << 5) | (1 << 7) | 1, 4, LPUART1 + 0x28, SRAM4]);
  // Channel 6: TC writes TCCF to ICR, and that is event 6.
  r.write(DMAMUX2 + 0x100, (1 << 16) | (1 << 17) | 24);
  r.write(DMAMUX2 + 6 * 4, 1 | (1 << 9));
  channel(6, [(1 << 4) | (1 << 5) | (2 << 8) | (2 << 10) | 1, 1, LPUART1 + 0x20, SRAM4 + 4]);
  // Line 49 is LPTIM2's output; lines of LPUART1 and BDMA do not wake the core.
  r.write(EXTI + 0x20, 1 << 17);
  r.write(D3PMR2, 1 << 17);
  r.write(CPUIMR2, 0);
  r.write(CPUIMR3, 0);
  startLptim(r, LPTIM2, 320, 0);
  deepSleep(r);
  pass(r.timeline, 4e6);
  assert.deepEqual([r.chip.lowPower.mode, sent], ["stop", []]);
  pass(r.timeline, 2e6);
  assert.deepEqual([r.chip.lowPower.mode, sent], ["stop", [0x11, 0x22, 0x33, 0x44]]);
  pass(r.timeline, 10e6);
  assert.deepEqual([r.chip.lowPower.mode, sent.length], ["stop", 8]);
  assert.equal(r.chip.lowPower.asleep, true);
});

test("interrupts of D3 reach the core through EXTI's mask", () => {
  const r = rig();
  const pending = (): boolean => r.chip.cpu.exceptions.isPending(16 + 135);
  r.write(CPUIMR3, r.read(CPUIMR3) & ~(1 << 8));
  copyOnExti0(r);
  r.write(BDMA + 8 + 6 * 0x14, 0);
  r.write(BDMA + 8 + 6 * 0x14, (1 << 4) | (2 << 8) | (2 << 10) | 3);
  r.chip.gpio.A.drive(0, true, "strong");
  pass(r.timeline, 1e3);
  assert.equal(r.read(BDMA) & (2 << 24), 2 << 24);
  assert.equal(pending(), false);
  r.write(CPUIMR3, r.read(CPUIMR3) | (1 << 8));
  assert.equal(pending(), true);
});

test("RUN_D3: the clocks go on, for D3 alone; the voltage stays as it is", () => {
  const r = rig();
  r.write(D3CR, 3 << 14);
  pass(r.timeline, 1e6);
  r.write(CPUCR, RUN_D3);
  deepSleep(r);
  const { clockTree } = r.chip.rcc;
  assert.equal(r.chip.lowPower.mode, "d3");
  assert.equal(clockTree.hclkHz, 64e6);
  assert.equal(clockTree.kernelHz("LPUART1"), 0);
  assert.equal(clockTree.kernelHz("USART16"), 0);
  r.write(D3AMR, 1 << 3);
  assert.equal(clockTree.kernelHz("LPUART1"), 64e6);
  wake(r);
  assert.equal(r.read(CPUCR) & STOPF, 0);
  assert.equal(r.read(D3CR) >>> 14, 3);
});

test("behind Stop the voltage begins with VOS3; SVOS5 and a flash without power take longer to be back", () => {
  for (const [cr1, ns] of [
    [0xc000, 4.4e3],
    [0x4000, 39e3],
    [0xc200, 12e3],
  ] as const) {
    const r = rig();
    r.write(D3CR, 3 << 14);
    pass(r.timeline, 1e6);
    r.write(PWR, cr1);
    deepSleep(r);
    r.chip.cpu.event = true;
    r.chip.lowPower.beforeRun();
    pass(r.timeline, ns - 10);
    assert.equal(r.chip.lowPower.mode, "stop");
    pass(r.timeline, 10);
    assert.equal(r.chip.lowPower.mode, "run");
    assert.equal(r.read(D3CR) >>> 14, 1);
  }
});

test("D2 loses everything in DStandby, and is back with the first thing that is enabled in it", () => {
  const r = rig();
  r.write(AHB1ENR, 1);
  r.write(SRAM1, 0x1234_5678);
  r.write(CPUCR, 2);
  assert.equal(r.read(SRAM1), 0x1234_5678, "something in it is enabled");
  r.write(AHB1ENR, 0);
  r.write(CPUCR, 0);
  assert.equal(r.read(CPUCR) & SBF_D2, 0, "it stays as it is");
  r.write(RSR, 1 << 16);
  r.write(AHB1ENR, 1);
  assert.notEqual(r.read(SRAM1), 0x1234_5678);
  assert.equal(r.read(CPUCR) & (SBF_D1 | SBF_D2), SBF_D2);
  assert.equal(r.read(RSR), 1 << 20);
  r.write(CPUCR, 1 << 9);
  assert.equal(r.read(CPUCR), 0);
});

test("D1 in DStandby: the core starts anew, its RAM is lost, D3 and its registers stay", () => {
  const r = rig();
  r.write(AXI, 0x1234_5678);
  r.write(SRAM4, 0x1234_5678);
  r.write(CPUCR, 1);
  r.write(RSR, 1 << 16);
  r.chip.cpu.r[0] = 5;
  deepSleep(r);
  assert.equal(r.chip.lowPower.mode, "stop");
  wake(r);
  assert.deepEqual([r.chip.lowPower.mode, r.chip.cpu.r[0]], ["run", 0]);
  assert.notEqual(r.read(AXI), 0x1234_5678);
  assert.equal(r.read(SRAM4), 0x1234_5678);
  assert.equal(r.read(CPUCR) & (SBF_D1 | SBF_D2 | STOPF), SBF_D1 | STOPF);
  assert.equal(r.read(RSR) & (1 << 19), 1 << 19);
  assert.equal(r.read(AHB4ENR) & (1 << 21), 1 << 21);
  assert.equal(r.read(CR) & 1, 1);
});

test("STOPKERWUCK: the peripherals' clock behind Stop runs beside the system's", () => {
  for (const [cfgr, ready] of [
    [0, 1 << 2],
    [1 << 7, (1 << 2) | (1 << 8)],
    [1 << 6, (1 << 2) | (1 << 8)],
    [(1 << 6) | (1 << 7), 1 << 8],
  ] as const) {
    const r = rig();
    r.write(RCC + 0x10, cfgr);
    deepSleep(r);
    wake(r);
    assert.equal(r.read(CR) & ((1 << 2) | (1 << 8)), ready);
  }
});

test("CPURST resets the core alone, and goes by itself", () => {
  const r = rig();
  const AHB3RSTR = RCC + 0x7c;
  r.write(RSR, 1 << 16);
  r.chip.cpu.r[0] = 5;
  r.write(AHB3RSTR, 0x8000_0000);
  r.chip.applyReset();
  assert.deepEqual([r.chip.cpu.r[0], r.read(AHB3RSTR), r.read(RSR)], [0, 0, 1 << 17]);
  assert.equal(r.read(AHB4ENR) & 0x7ff, 0x7ff);
});

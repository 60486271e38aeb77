import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import type { VoltageScale } from "./operating-point.js";
import { Rcc, type RccOptions } from "./rcc.js";

const CR = 0x00;
const CFGR = 0x10;
const D1CFGR = 0x18;
const D2CFGR = 0x1c;
const PLLCKSELR = 0x28;
const PLLCFGR = 0x2c;
const PLL1DIVR = 0x30;
const PLL1FRACR = 0x34;
const PLL2DIVR = 0x38;
const BDCR = 0x70;
const RSR = 0xd0;
const AHB3ENR = 0xd4;

function rig(overrides: Partial<RccOptions> = {}) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const state = { dbp: false, vos: 1 as VoltageScale, waitStates: 7, backupResets: 0, changes: 0 };
  const rcc = new Rcc({
    log,
    timeline,
    interrupt,
    hseHz: 25e6,
    lseHz: 32768,
    backupWritable: () => state.dbp,
    flashTiming: () => ({ waitStates: state.waitStates, programmingDelay: 3 }),
    voltageScale: () => state.vos,
    onClockChange: () => {
      state.changes++;
    },
    onBackupReset: () => {
      state.backupResets++;
    },
    ...overrides,
  });
  rcc.powerOn();
  return { rcc, timeline, log, interrupt, state, tree: rcc.clockTree };
}

/** PLL1 from HSI / 16 = 4 MHz, x 200 = 800 MHz, P = 400 MHz. */
function setUpPll1({ rcc }: ReturnType<typeof rig>): void {
  rcc.write(PLLCKSELR, 4, (16 << 4) | (32 << 12) | (32 << 20));
  rcc.write(PLLCFGR, 4, 0x01ff_0008);
  rcc.write(PLL1DIVR, 4, (1 << 24) | (3 << 16) | (1 << 9) | 199);
}

test("starts on HSI at 64 MHz with HSIRDY set", () => {
  const { rcc, tree } = rig();
  assert.equal(tree.cpuHz, 64e6);
  assert.equal(tree.hclkHz, 64e6);
  assert.equal(rcc.read(CR, 4) & 4, 4);
});

test("PLL1 locks after its lock time, and SW waits for it", () => {
  const r = rig();
  const { rcc, timeline, tree } = r;
  setUpPll1(r);
  rcc.write(CFGR, 4, 3);
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 24));
  pass(timeline, 40e3);
  assert.equal(rcc.read(CR, 4) & (1 << 25), 0);
  assert.equal(rcc.read(CFGR, 4), 3);
  assert.equal(tree.cpuHz, 64e6);
  rcc.write(D1CFGR, 4, 8 | (4 << 4));
  rcc.write(D2CFGR, 4, (4 << 4) | (5 << 8));
  pass(timeline, 20e3);
  assert.equal(rcc.read(CFGR, 4), (3 << 3) | 3);
  assert.equal(tree.cpuHz, 400e6);
  assert.equal(tree.hclkHz, 200e6);
  assert.deepEqual(
    ([1, 2, 3, 4] as const).map((n) => tree.pclkHz(n)),
    [100e6, 50e6, 100e6, 200e6],
  );
  assert.equal(tree.timerHz(1), 200e6);
  assert.equal(tree.timerHz(2), 100e6);
  assert.equal(tree.pllHz(1, "Q"), 200e6);
});

test("a running PLL keeps its dividers and cannot be switched off while it drives the CPU", () => {
  const r = rig();
  const { rcc, timeline, log, tree } = r;
  setUpPll1(r);
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 24));
  const divr = rcc.read(PLL1DIVR, 4);
  rcc.write(PLL1DIVR, 4, 0x0101_0202);
  assert.equal(rcc.read(PLL1DIVR, 4), divr);
  rcc.write(PLL2DIVR, 4, 0x0101_0202);
  assert.equal(rcc.read(PLL2DIVR, 4), 0x0101_0202);
  pass(timeline, 60e3);
  rcc.write(CFGR, 4, 3);
  rcc.write(CR, 4, 0);
  assert.equal(tree.cpuHz, 400e6);
  assert.ok(log.has(/PLL1 drives the system clock/));
  assert.ok(log.has(/HSI drives the system clock/));
});

test("the fractional part counts only once FRACEN latched it", () => {
  const r = rig();
  const { rcc, timeline, tree } = r;
  setUpPll1(r);
  rcc.write(PLL1FRACR, 4, 4096 << 3);
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 24));
  pass(timeline, 60e3);
  assert.equal(tree.pllHz(1, "P"), 400e6);
  rcc.write(PLLCFGR, 4, rcc.read(PLLCFGR, 4) | 1);
  assert.equal(tree.pllHz(1, "P"), 401e6);
});

test("a PLL a little outside its VCO's range locks and is told, far outside it never does", () => {
  const lockAt = (multiplier: number, medium = false) => {
    const { rcc, timeline, log } = rig();
    if (medium) rcc.write(PLLCFGR, 4, rcc.read(PLLCFGR, 4) | 2);
    // HSI: 64 MHz / 16.
    rcc.write(PLLCKSELR, 4, 16 << 4);
    rcc.write(PLL1DIVR, 4, 0x0101_0200 | (multiplier - 1));
    rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 24));
    pass(timeline, 1e9);
    return { locked: (rcc.read(CR, 4) & (1 << 25)) !== 0, log };
  };
  assert.equal(lockAt(240).locked, true);
  assert.equal(lockAt(240).log.has(/most chips/), false);
  const above = lockAt(241);
  assert.equal(above.locked, true);
  assert.ok(above.log.has(/PLL1 locks on most chips only/));
  const far = lockAt(300);
  assert.equal(far.locked, false);
  assert.ok(far.log.has(/PLL1 never locks/));
  // The medium range of PLL1VCOSEL ends at 420 MHz.
  assert.equal(lockAt(105, true).log.has(/most chips/), false);
  const medium = lockAt(200, true);
  assert.equal(medium.locked, true);
  assert.ok(medium.log.has(/PLL1 locks on most chips only.*150000000..420000000 Hz/));
});

test("HSE gets ready only on a board that has one", () => {
  for (const hseHz of [undefined, 8e6]) {
    const { rcc, timeline, log } = rig({ hseHz });
    rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 16));
    pass(timeline, 10e6);
    assert.equal((rcc.read(CR, 4) & (1 << 17)) !== 0, hseHz !== undefined);
    assert.equal(log.has(/HSE was switched on/), hseHz === undefined);
  }
});

test("a crystal with HSEBYP set never gets ready", () => {
  const { rcc, timeline } = rig();
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 18));
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 16));
  pass(timeline, 10e6);
  assert.equal(rcc.read(CR, 4) & (1 << 17), 0);
});

test("an oscillator is ready with HSEBYP and without", () => {
  for (const bypass of [0, 1 << 18]) {
    const { rcc, timeline } = rig({ hseIsOscillator: true });
    rcc.write(CR, 4, rcc.read(CR, 4) | bypass);
    rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 16));
    pass(timeline, 10e6);
    assert.notEqual(rcc.read(CR, 4) & (1 << 17), 0);
  }
});

test("an oscillator with HSEBYP is ready at once, a crystal takes its start-up time", () => {
  for (const hseIsOscillator of [true, false]) {
    const { rcc, timeline } = rig({ hseIsOscillator });
    if (hseIsOscillator) rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 18));
    rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 16));
    pass(timeline, 10e3);
    assert.equal((rcc.read(CR, 4) & (1 << 17)) !== 0, hseIsOscillator);
  }
});

test("kernel clocks follow their multiplexers", () => {
  const { rcc, timeline, tree } = rig();
  assert.equal(tree.kernelHz("QUADSPI"), 64e6);
  rcc.write(0x4c, 4, (3 << 4) | (1 << 28));
  assert.equal(tree.kernelHz("QUADSPI"), 0);
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 7) | (1 << 12));
  pass(timeline, 5e3);
  assert.equal(tree.kernelHz("QUADSPI"), 4e6);
  assert.equal(tree.kernelHz("RNG"), 48e6);
  assert.equal(tree.kernelHz("USB"), 0);
  rcc.write(0x54, 4, 3 << 20);
  assert.equal(tree.kernelHz("USB"), 48e6);
  assert.equal(tree.kernelHz("USART16"), 64e6);
  rcc.write(0x54, 4, 4 << 3);
  assert.equal(tree.kernelHz("USART16"), 4e6);
});

test("clock gates follow the enable registers and their RCC_C1 aliases", () => {
  const { rcc } = rig();
  const gate = rcc.clockGate("QUADSPI");
  assert.equal(gate(), false);
  rcc.write(AHB3ENR + 0x60, 4, 1 << 14);
  assert.equal(gate(), true);
  assert.equal(rcc.read(AHB3ENR, 4), 1 << 14);
  assert.equal(rcc.sleepClockGate("USB2OTGULPI")(), true);
  rcc.write(0x160, 4, 0);
  assert.equal(rcc.sleepClockGate("USB2OTGULPI")(), false);
});

test("a reset bit calls its peripheral when set and when released", () => {
  const { rcc } = rig();
  let calls = 0;
  rcc.onReset("QUADSPI", () => calls++);
  rcc.write(0x7c, 4, 1 << 14);
  rcc.write(0x7c, 4, 1 << 14);
  assert.equal(calls, 1);
  rcc.write(0x7c, 4, 0);
  assert.equal(calls, 2);
});

test("reset flags name the cause, add up, and go with RMVF", () => {
  const { rcc, tree, timeline } = rig();
  assert.equal(rcc.read(RSR, 4), 0x00fa_0000);
  rcc.write(RSR, 4, 1 << 16);
  assert.equal(rcc.read(RSR, 4), 0);
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 7));
  pass(timeline, 5e3);
  rcc.write(CFGR, 4, 1);
  assert.equal(tree.cpuHz, 4e6);
  rcc.systemReset("software");
  assert.equal(rcc.read(RSR, 4), 0x0142_0000);
  assert.equal(tree.cpuHz, 64e6);
  rcc.systemReset("iwdg1");
  assert.equal(rcc.read(RSR, 4), 0x0542_0000);
});

test("the backup domain is write protected, survives a system reset, and BDRST resets it", () => {
  const { rcc, state, log } = rig();
  rcc.write(BDCR, 4, 0x8200);
  assert.equal(rcc.read(BDCR, 4), 0);
  assert.ok(log.has(/DBP/));
  state.dbp = true;
  rcc.write(BDCR, 4, 0x8200);
  rcc.write(BDCR, 4, 0x8100);
  assert.equal(rcc.read(BDCR, 4), 0x8200);
  rcc.systemReset("pin");
  assert.equal(rcc.read(BDCR, 4), 0x8200);
  rcc.write(BDCR, 4, 1 << 16);
  assert.equal(state.backupResets, 1);
  assert.equal(rcc.read(BDCR, 4), 1 << 16);
});

test("LSE takes two seconds from cold, and an eighth of one when it was stopped for a moment", () => {
  const { rcc, timeline, state } = rig();
  const ready = (): boolean => (rcc.read(BDCR, 4) & 2) !== 0;
  state.dbp = true;
  rcc.write(BDCR, 4, 1);
  pass(timeline, 1.9e9);
  assert.ok(!ready());
  pass(timeline, 0.2e9);
  assert.ok(ready());
  rcc.write(BDCR, 4, 1 << 16);
  rcc.write(BDCR, 4, 1);
  pass(timeline, 0.1e9);
  assert.ok(!ready());
  pass(timeline, 0.05e9);
  assert.ok(ready());
});

test("a ready interrupt is raised when enabled and cleared through CICR", () => {
  const { rcc, timeline, interrupt } = rig();
  rcc.write(0x60, 4, 1 << 5);
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 12));
  pass(timeline, 5e3);
  assert.equal(rcc.read(0x64, 4), 1 << 5);
  assert.ok(interrupt.asserted);
  rcc.write(0x68, 4, 1 << 5);
  assert.equal(rcc.read(0x64, 4), 0);
  assert.ok(!interrupt.asserted);
});

test("a CPU too fast for the voltage or the wait states is reported as a guest mistake", () => {
  const r = rig();
  r.state.vos = 3;
  r.state.waitStates = 0;
  setUpPll1(r);
  r.rcc.write(CR, 4, r.rcc.read(CR, 4) | (1 << 24));
  pass(r.timeline, 60e3);
  r.rcc.write(CFGR, 4, 3);
  assert.ok(r.log.has(/CPU clock 400.0 MHz is above the 200 MHz of VOS3/));
  assert.ok(r.log.has(/LATENCY = 0/));
});

test("HSITRIM and CSITRIM move their source by steps, and HSICAL and CSICAL with them", () => {
  const { rcc, tree, timeline } = rig();
  const [HSICFGR, CSICFGR] = [0x04, 0x0c];
  const calibration = rcc.read(HSICFGR, 4) & 0xfff;
  rcc.write(HSICFGR, 4, 0x44 << 24);
  assert.equal(Math.round(tree.cpuHz), Math.round(64e6 * (1 + 4 * 0.0024)));
  assert.equal(rcc.read(HSICFGR, 4) & 0xfff, calibration + 4);
  rcc.write(CR, 4, rcc.read(CR, 4) | (1 << 7));
  const csi = rcc.read(CSICFGR, 4) & 0xff;
  rcc.write(CSICFGR, 4, 0x1f << 24);
  assert.equal(rcc.read(CSICFGR, 4) & 0xff, csi - 1);
  pass(timeline, 3e3);
  rcc.write(CFGR, 4, 1);
  assert.equal(Math.round(tree.cpuHz), Math.round(4e6 * (1 - 0.0035)));
});

test("LSI is ready when it is stable, after 120 us", () => {
  const { rcc, timeline } = rig();
  const RCC_CSR = 0x74;
  rcc.write(RCC_CSR, 4, 1);
  pass(timeline, 119e3);
  assert.equal(rcc.read(RCC_CSR, 4) & 2, 0);
  pass(timeline, 2e3);
  assert.equal(rcc.read(RCC_CSR, 4) & 2, 2);
});

test("DIVP1EN stays while PLL1 drives the system clock", () => {
  const r = rig();
  setUpPll1(r);
  r.rcc.write(CR, 4, r.rcc.read(CR, 4) | (1 << 24));
  pass(r.timeline, 1e6);
  r.rcc.write(PLLCFGR, 4, 0);
  assert.equal(r.rcc.read(PLLCFGR, 4) & (1 << 16), 0);
  r.rcc.write(PLLCFGR, 4, 1 << 16);
  r.rcc.write(CFGR, 4, 3);
  assert.equal(r.tree.cpuHz, 400e6);
  r.rcc.write(PLLCFGR, 4, 0);
  assert.equal(r.tree.cpuHz, 400e6);
  assert.ok(r.log.has(/DIVP1EN is fixed/));
});

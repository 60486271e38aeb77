import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import type { VoltageScale } from "../rcc/operating-point.js";
import { pass } from "../test-kit.js";
import { Pwr, type PwrOptions } from "./pwr.js";

const CR1 = 0x00;
const CSR1 = 0x04;
const WKUPCR = 0x20;
const WKUPFR = 0x24;
const WKUPEPR = 0x28;
const CR3 = 0x0c;
const D3CR = 0x18;

function rig(overrides: Partial<PwrOptions> = {}) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const state = { overdrive: false, scales: [] as VoltageScale[] };
  const pwr = new Pwr({
    log,
    timeline,
    overdrive: () => state.overdrive,
    onVoltageChange: (scale) => state.scales.push(scale),
    ...overrides,
  });
  pwr.powerOn();
  return { pwr, timeline, log, state };
}

test("VOS1 is reached only after the supply configuration and the regulator's delay", () => {
  const { pwr, timeline, state } = rig();
  pwr.write(CR3, 4, 2);
  pass(timeline, 50e3);
  assert.equal(pwr.read(CSR1, 4) & 0x2000, 0x2000);
  pwr.write(D3CR, 4, 3 << 14);
  assert.equal(pwr.read(D3CR, 4), 3 << 14);
  assert.equal(pwr.voltageScale, 3);
  pass(timeline, 50e3);
  assert.equal(pwr.read(D3CR, 4), (3 << 14) | 0x2000);
  assert.equal(pwr.read(CSR1, 4), (3 << 14) | 0x2000);
  assert.deepEqual(state.scales, [1]);
});

test("without a supply configuration VOSRDY never comes", () => {
  const { pwr, timeline, log } = rig();
  pwr.write(D3CR, 4, 3 << 14);
  pass(timeline, 1e9);
  assert.equal(pwr.read(D3CR, 4) & 0x2000, 0);
  assert.ok(log.has(/supply configuration/));
});

test("the supply configuration is written once and survives a system reset", () => {
  const { pwr, log } = rig();
  assert.equal(pwr.read(CR3, 4), 6);
  pwr.write(CR3, 4, 2);
  pwr.write(CR3, 4, 1);
  assert.equal(pwr.read(CR3, 4), 2);
  assert.ok(log.has(/written once/));
  pwr.systemReset();
  pwr.write(CR3, 4, 1);
  assert.equal(pwr.read(CR3, 4), 2);
  pwr.powerOn();
  assert.equal(pwr.read(CR3, 4), 6);
});

test("overdrive gives VOS0 only on top of VOS1", () => {
  const { pwr, timeline, state } = rig();
  pwr.write(CR3, 4, 2);
  pass(timeline, 50e3);
  state.overdrive = true;
  pwr.overdriveChanged();
  pass(timeline, 50e3);
  assert.equal(pwr.voltageScale, 3);
  pwr.write(D3CR, 4, 3 << 14);
  pass(timeline, 50e3);
  assert.equal(pwr.voltageScale, 0);
});

test("USB33RDY follows USB33DEN where the board supplies VDD33USB", () => {
  for (const usbSupplied of [true, false]) {
    const { pwr, timeline } = rig({ usbSupplied });
    pwr.write(CR3, 4, (1 << 24) | 2);
    assert.equal(pwr.usbReady, false);
    pass(timeline, 1e6);
    assert.equal(pwr.usbReady, usbSupplied);
    pwr.write(CR3, 4, 2);
    assert.equal(pwr.usbReady, false);
  }
});

test("a supply that the board does not have is reported", () => {
  const { pwr, log } = rig();
  pwr.write(CR3, 4, 1);
  assert.ok(log.has(/lose its core supply/));
});

test("DBP goes with a system reset", () => {
  const { pwr } = rig();
  pwr.write(0, 4, pwr.read(0, 4) | 0x100);
  assert.equal(pwr.backupWritable, true);
  pwr.systemReset();
  assert.equal(pwr.backupWritable, false);
});

test("PVD and AVD compare the supply with their thresholds, and an external voltage with PLS = 7", () => {
  const lows: boolean[] = [];
  let input = true;
  const { pwr } = rig({ onSupply: (low) => lows.push(low), pvdInput: () => input });
  pwr.write(CR1, 4, (3 << 5) | (1 << 4));
  assert.equal(pwr.read(CSR1, 4) & 0x1_0010, 0);
  for (const [millivolts, low] of [
    [2320, 0],
    [2300, 0x10],
    [2400, 0x10],
    [2420, 0],
    [2300, 0x10],
  ] as const) {
    pwr.setSupply(millivolts);
    assert.equal(pwr.read(CSR1, 4) & 0x1_0010, low, `${millivolts} mV: 2.31 V falling, 2.41 V rising`);
  }
  pwr.write(CR1, 4, (1 << 16) | (2 << 17));
  assert.equal(pwr.read(CSR1, 4) & 0x1_0010, 0x1_0000);
  pwr.setSupply(3300);
  pwr.write(CR1, 4, (7 << 5) | (1 << 4));
  assert.equal(pwr.read(CSR1, 4) & 0x10, 0);
  input = false;
  pwr.write(CR1, 4, (7 << 5) | (1 << 4));
  assert.equal(pwr.read(CSR1, 4) & 0x10, 0x10);
  assert.equal(lows.at(-1), true);
});

test("wake-up pins set their flag at the edge that WKUPP names, or when they are enabled at that level", () => {
  const events: string[] = [];
  const { pwr } = rig({ onWakeUp: (index, pending) => events.push(`${index}${pending ? "+" : "-"}`) });
  pwr.wakeUpPins.level(0, true);
  assert.equal(pwr.read(WKUPFR, 4), 0);
  pwr.write(WKUPEPR, 4, 0x203);
  assert.equal(pwr.read(WKUPFR, 4), 3, "WKUP1 is high, WKUP2 low, which its polarity asks for");
  pwr.write(WKUPCR, 4, 3);
  assert.equal(pwr.read(WKUPFR, 4), 0);
  pwr.wakeUpPins.level(1, true);
  assert.equal(pwr.read(WKUPFR, 4), 0);
  pwr.wakeUpPins.level(1, false);
  assert.equal(pwr.read(WKUPFR, 4), 2);
  assert.deepEqual(events, ["0+", "1+", "0-", "1-", "1+"]);
});

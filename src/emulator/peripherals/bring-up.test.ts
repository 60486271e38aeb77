/** The usual start of a program, across PWR, SYSCFG, FLASH and RCC wired to each other as on the chip. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { Flash } from "./internal-flash/flash.js";
import { Pwr } from "./pwr/pwr.js";
import { Rcc } from "./rcc/rcc.js";
import { Syscfg } from "./syscfg.js";
import { pass, TestLine } from "./test-kit.js";

function chip() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const parts: { pwr?: Pwr; flash?: Flash; syscfg?: Syscfg } = {};
  const rcc = new Rcc({
    log,
    timeline,
    interrupt,
    backupWritable: () => parts.pwr?.backupWritable ?? false,
    flashTiming: () => parts.flash?.timing ?? { waitStates: 7, programmingDelay: 3 },
    voltageScale: () => parts.pwr?.voltageScale ?? 3,
    onClockChange: (tree) => {
      if (Math.abs(tree.cpuHz * timeline.nsPerCycle - 1e9) > 1) timeline.setCpuHz(tree.cpuHz);
    },
    onBackupReset: () => {},
  });
  const flash = new Flash({
    log,
    timeline,
    interrupt: new TestLine(),
    random: () => 0,
    onTimingChange: () => rcc.checkOperatingPoint(),
  });
  const pwr = new Pwr({
    log,
    timeline,
    overdrive: () => parts.syscfg?.overdrive ?? false,
    onVoltageChange: () => rcc.checkOperatingPoint(),
  });
  const syscfg = new Syscfg({
    log,
    timeline,
    clocked: rcc.clockGate("SYSCFG"),
    optionBytes: () => flash.optionBytes,
    onOverdriveChange: () => pwr.overdriveChanged(),
  });
  Object.assign(parts, { pwr, flash, syscfg });
  pwr.powerOn();
  rcc.powerOn();
  return { timeline, log, rcc, flash, pwr, syscfg };
}

type Chip = ReturnType<typeof chip>;

function raiseVoltage({ pwr, rcc, syscfg, timeline }: Chip): void {
  pwr.write(0x0c, 4, 2);
  pass(timeline, 100e3);
  pwr.write(0x18, 4, 3 << 14);
  pass(timeline, 100e3);
  rcc.write(0xf4, 4, rcc.read(0xf4, 4) | 2);
  syscfg.write(0x2c, 4, 1);
  pass(timeline, 100e3);
}

/** PLL1 from HSI / 4 = 16 MHz, x 60 = 960 MHz, P = 480 MHz, HPRE and all APB by 2. */
function switchTo480({ rcc, timeline }: Chip): void {
  rcc.write(0x28, 4, (4 << 4) | (32 << 12) | (32 << 20));
  rcc.write(0x2c, 4, 0x01ff_000c);
  rcc.write(0x30, 4, (1 << 24) | (3 << 16) | (1 << 9) | 59);
  rcc.write(0x00, 4, rcc.read(0, 4) | (1 << 24));
  pass(timeline, 100e3);
  rcc.write(0x18, 4, 8 | (4 << 4));
  rcc.write(0x1c, 4, (4 << 4) | (4 << 8));
  rcc.write(0x20, 4, 4 << 4);
  rcc.write(0x10, 4, 3);
}

test("a clean bring-up reaches 480 MHz at VOS0 and nothing is reported", () => {
  const c = chip();
  raiseVoltage(c);
  c.flash.write(0x00, 4, 0x24);
  switchTo480(c);
  assert.equal(c.rcc.clockTree.cpuHz, 480e6);
  assert.equal(c.rcc.clockTree.hclkHz, 240e6);
  assert.equal(c.rcc.clockTree.pclkHz(2), 120e6);
  assert.equal(c.pwr.voltageScale, 0);
  assert.equal(Math.round(1e9 / c.timeline.nsPerCycle), 480e6);
  assert.deepEqual(c.log.messages, []);
});

test("forgetting the voltage or the wait states is reported, each by name", () => {
  const c = chip();
  c.flash.write(0x00, 4, 0x11);
  switchTo480(c);
  assert.ok(c.log.has(/CPU clock 480.0 MHz is above the 200 MHz of VOS3/));
  assert.ok(c.log.has(/FLASH_ACR.LATENCY = 1/));
  assert.ok(c.log.has(/WRHIGHFREQ = 1/));
});

test("lowering the wait states under a fast clock is reported at once", () => {
  const c = chip();
  raiseVoltage(c);
  c.flash.write(0x00, 4, 0x24);
  switchTo480(c);
  c.flash.write(0x00, 4, 0x20);
  assert.ok(c.log.has(/LATENCY = 0/));
});

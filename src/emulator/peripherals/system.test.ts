import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../bus.js";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { Dbgmcu } from "./dbgmcu.js";
import { DeviceSignature } from "./device-signature.js";
import { Exti } from "./exti.js";
import { FACTORY_OPTION_BYTES } from "./internal-flash/flash-options.js";
import { Syscfg } from "./syscfg.js";
import { pass, TestLine } from "./test-kit.js";
import { Wwdg } from "./watchdogs/wwdg.js";

test("SYSCFG: ODEN is announced, the compensation cell gets ready, option bytes show through", () => {
  const timeline = new Timeline();
  let announced = 0;
  const syscfg = new Syscfg({
    log: new RecordedLog(),
    timeline,
    clocked: () => true,
    optionBytes: () => FACTORY_OPTION_BYTES,
    onOverdriveChange: () => announced++,
  });
  syscfg.write(0x2c, 4, 1);
  assert.equal(announced, 1);
  assert.equal(syscfg.overdrive, true);
  syscfg.write(0x20, 4, 1);
  assert.equal(syscfg.read(0x20, 4), 1);
  pass(timeline, 1e6);
  assert.equal(syscfg.read(0x20, 4), 0x101);
  assert.equal(syscfg.read(0x308, 4), 0x08000000);
  assert.equal(syscfg.read(0x30c, 4), 0x1ff00000);
  assert.equal(syscfg.read(0x300, 4), 0xaa0000);
  syscfg.write(0x0c, 4, 0x20);
  assert.equal(syscfg.extiPort(5), 2);
});

test("SYSCFG: the compensation cell needs CSI, its code shows when it is ready, HSLV needs its option byte", () => {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const state = { csi: false };
  const syscfg = new Syscfg({
    log,
    timeline,
    clocked: () => true,
    optionBytes: () => ({ ...FACTORY_OPTION_BYTES, OPTSR: FACTORY_OPTION_BYTES.OPTSR & ~(1 << 29) }),
    onOverdriveChange: () => {},
    cellClocked: () => state.csi,
  });
  syscfg.write(0x20, 4, 1);
  pass(timeline, 1e6);
  assert.deepEqual([syscfg.read(0x20, 4), syscfg.read(0x24, 4)], [1, 0]);
  state.csi = true;
  syscfg.clockChanged();
  pass(timeline, 1e6);
  assert.equal(syscfg.read(0x20, 4), 0x101);
  assert.notEqual(syscfg.read(0x24, 4), 0);
  syscfg.write(0x20, 4, 0x1_0001);
  assert.equal(syscfg.read(0x20, 4), 0x101);
  assert.ok(log.has(/IO_HSLV/));
});

test("SYSCFG: the user registers show the option bytes", () => {
  const bytes = { ...FACTORY_OPTION_BYTES, PRAR: 0x8005_0003, SCAR: 0x0007_0006, WPSN2: 0x55 };
  const syscfg = new Syscfg({
    log: new RecordedLog(),
    timeline: new Timeline(),
    clocked: () => true,
    optionBytes: () => bytes,
    onOverdriveChange: () => {},
  });
  const shown = [0x310, 0x314, 0x318, 0x31c, 0x324, 0x334, 0x338, 0x33c, 0x340].map((at) =>
    syscfg.read(at, 4),
  );
  const expected = [0x1_0000, 0xff_0000, 0x5_0003, 0x7_0006, 0xff_0055, 0x1_0000, 1, 0x1_0000, 1];
  assert.deepEqual(shown, expected);
});

test("EXTI: only selected edges of lines that are not masked become pending, writing 1 clears", () => {
  const line = new TestLine();
  const exti = new Exti({ log: new RecordedLog(), groups: [{ first: 10, last: 15, line }] });
  exti.edge(13, true);
  assert.equal(exti.read(0x88, 4), 0);
  exti.write(0x00, 4, 1 << 13);
  exti.edge(13, false);
  assert.equal(exti.read(0x88, 4), 0);
  exti.edge(13, true);
  assert.equal(exti.read(0x88, 4), 0);
  exti.write(0x80, 4, 1 << 13);
  assert.ok(!line.asserted);
  exti.edge(13, false);
  exti.edge(13, true);
  assert.equal(exti.read(0x88, 4), 1 << 13);
  assert.ok(line.asserted);
  exti.write(0x80, 4, 0);
  assert.ok(!line.asserted);
  assert.equal(exti.read(0x88, 4), 1 << 13);
  exti.write(0x80, 4, 1 << 13);
  assert.ok(line.asserted);
  exti.write(0x88, 4, 1 << 13);
  assert.ok(!line.asserted);
  exti.write(0x08, 4, 1 << 13);
  assert.ok(line.asserted);
});

test("DBGMCU says revision V of device 0x450", () => {
  assert.equal(new Dbgmcu({ log: new RecordedLog() }).read(0, 4), 0x20036450);
});

test("the device signature holds the unique id and the flash size, and cannot be written", () => {
  const uniqueId = Uint8Array.from({ length: 12 }, (_, index) => index + 1);
  const signature = new DeviceSignature({ log: new RecordedLog(), uniqueId, flashKib: 128 });
  assert.equal(signature.read(0, 4), 0x04030201);
  assert.equal(signature.read(8, 4), 0x0c0b0a09);
  assert.equal(signature.read(0x80, 2), 128);
  const [at30, at110, reference] = [0x20, 0x40, 0x60].map((offset) => signature.read(offset, 2));
  assert.deepEqual(
    [at30, at110, reference],
    [12313, 15490, 24149],
    "calibration: 0.62 V, 0.78 V, 1.216 V of 3.3 V",
  );
  assert.throws(() => signature.write(0), BusFault);
  assert.throws(
    () => new DeviceSignature({ log: new RecordedLog(), uniqueId: new Uint8Array(3), flashKib: 128 }),
    /3 bytes/,
  );
});

test("WWDG stands still without its clock, and goes on where it stood", () => {
  const timeline = new Timeline();
  let bites = 0;
  let hz = 4096e3;
  const wwdg = new Wwdg({
    log: new RecordedLog(),
    timeline,
    interrupt: new TestLine(),
    clocked: () => true,
    resetsSystem: () => true,
    pclkHz: () => hz,
    onTimeout: () => bites++,
  });
  wwdg.write(0, 4, 0xc1);
  pass(timeline, 0.6e6);
  hz = 0;
  wwdg.clockChanged();
  pass(timeline, 1e9);
  assert.equal(wwdg.read(0, 4), 0xc1);
  hz = 4096e3;
  wwdg.clockChanged();
  pass(timeline, 0.3e6);
  assert.equal(wwdg.read(0, 4), 0xc1);
  pass(timeline, 0.2e6);
  assert.equal(wwdg.read(0, 4), 0xc0);
  pass(timeline, 1e6);
  assert.equal(bites, 1);
});

test("WWDG warns at 0x40, resets below it, and resets when it is refreshed too early", () => {
  const timeline = new Timeline();
  const interrupt = new TestLine();
  let bites = 0;
  const log = new RecordedLog();
  const options = { log, timeline, interrupt, clocked: () => true, resetsSystem: () => false };
  const wwdg = new Wwdg({ ...options, pclkHz: () => 4096e3, onTimeout: () => bites++ });
  wwdg.write(4, 4, 0x27f);
  wwdg.write(4, 4, 0x7f);
  assert.equal(wwdg.read(4, 4), 0x27f, "EWI stays until a reset");
  wwdg.write(0, 4, 0xc2);
  assert.ok(log.has(/WW1RSC/));
  pass(timeline, 1.5e6);
  assert.ok(!interrupt.asserted);
  pass(timeline, 1e6);
  assert.ok(interrupt.asserted);
  wwdg.write(8, 4, 0);
  assert.ok(!interrupt.asserted);
  assert.equal(bites, 0);
  pass(timeline, 1e6);
  assert.equal(bites, 1);
  wwdg.reset();
  wwdg.write(4, 4, 0x50);
  wwdg.write(0, 4, 0xff);
  wwdg.write(0, 4, 0xff);
  assert.equal(bites, 2);
});

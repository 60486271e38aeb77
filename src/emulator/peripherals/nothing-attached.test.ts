/** Peripherals with nothing at their pins: they complete or time out as on such a board. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../bus.js";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { Adc } from "./analog/adc.js";
import { Fmc, Sdram } from "./fmc.js";
import { Hsem } from "./hsem.js";
import { Sdmmc } from "./sdmmc/sdmmc.js";
import { I2c } from "./serial/i2c/i2c.js";
import { Spi } from "./serial/spi/spi.js";
import { pass, TestLine, TestMemory } from "./test-kit.js";

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const common = { name: "X", log, timeline, interrupt, clocked: () => true, kernelHz: () => 100e6 };
  return { timeline, log, interrupt, common };
}

test("SPI sends as many frames as TSIZE says, reads ones, and ends with EOT", () => {
  const { timeline, common, interrupt } = rig();
  const sent: number[] = [];
  const exchange = (value: number): number => {
    sent.push(value);
    return 0xff;
  };
  const spi = new Spi({ ...common, fifoBytes: 16, exchange });
  assert.equal(spi.read(0x14, 4), 0x1002);
  spi.write(0x0c, 4, 1 << 22);
  spi.write(0x04, 4, 4);
  spi.write(0x10, 4, 8);
  spi.write(0x00, 4, 0x1001);
  spi.write(0x00, 4, 0x1201);
  spi.write(0x20, 4, 0x0403_0201);
  pass(timeline, 400);
  assert.equal(spi.read(0x14, 4) & 8, 0);
  pass(timeline, 400);
  assert.equal(spi.read(0x14, 4) & 0x18, 0x18);
  assert.ok(interrupt.asserted);
  assert.deepEqual(sent, [1, 2, 3, 4]);
  assert.equal(spi.read(0x30, 4), 0xffff_ffff);
});

test("I2C: no device answers; NACK, then STOP", () => {
  const { timeline, common, interrupt } = rig();
  const i2c = new I2c(common);
  i2c.write(0x10, 4, 0x1040_9090);
  i2c.write(0x00, 4, 0x31);
  i2c.write(0x04, 4, (1 << 13) | (1 << 16) | 0xa0);
  assert.equal(i2c.read(0x18, 4) & 0x8000, 0x8000);
  pass(timeline, 1e6);
  assert.equal(i2c.read(0x18, 4), 0x31);
  assert.ok(interrupt.asserted);
  i2c.write(0x1c, 4, 0x30);
  assert.ok(!interrupt.asserted);
});

test("ADC calibrates, gets ready, converts in its time; OVR when nobody reads", () => {
  const { timeline, common } = rig();
  const adc = new Adc({ ...common, clockHz: () => 25e6, input: () => 0.5, external: () => true });
  assert.equal(adc.read(8, 4), 0x2000_0000);
  adc.write(8, 4, 1 << 28);
  pass(timeline, 20e3);
  adc.write(8, 4, 0x9000_0000);
  pass(timeline, 10e3);
  assert.notEqual(adc.read(8, 4) & 0x8000_0000, 0);
  pass(timeline, 100e3);
  assert.equal((adc.read(8, 4) & 0x8000_0000) >>> 0, 0);
  adc.write(8, 4, 0x1000_0001);
  pass(timeline, 1e3);
  assert.equal(adc.read(0, 4) & 1, 1);
  adc.write(8, 4, 0x1000_0005);
  pass(timeline, 300);
  assert.equal(adc.read(0, 4) & 4, 0);
  pass(timeline, 300);
  assert.equal(adc.read(0, 4) & 0xc, 0xc);
  adc.write(8, 4, 0x1000_0005);
  pass(timeline, 1e3);
  assert.equal(adc.read(0, 4) & 0x10, 0x10);
  assert.equal(adc.read(0x40, 4), 32768);
  assert.equal(adc.read(0, 4) & 4, 0);
});

test("SDMMC without a card: a command is sent, a response never comes", () => {
  const { timeline, common } = rig();
  const card = new Sdmmc({ ...common, bus: new TestMemory(), reaches: () => true });
  card.write(0, 4, 3);
  card.write(4, 4, 125);
  card.write(0x0c, 4, 0x1000);
  pass(timeline, 200e3);
  assert.equal(card.read(0x34, 4) & 0x84, 0x80);
  card.write(0x38, 4, 0x80);
  card.write(0x0c, 4, 0x1108);
  pass(timeline, 400e3);
  assert.equal(card.read(0x34, 4) & 0x84, 0x04);
});

test("SDRAM is memory after the initialisation in its order, of the size that SDCR describes", () => {
  const { log } = rig();
  const fmc = new Fmc({ log, clocked: () => true, onMappingChange: () => {} });
  const sdram = new Sdram(fmc, 1, log);
  assert.throws(() => sdram.read(0, 4), BusFault);
  fmc.write(0, 4, 0x8000_30db);
  fmc.write(0x140, 4, 0x1954);
  assert.equal(sdram.read(0, 4), 0);
  assert.ok(log.has(/before its initialisation/));
  for (const mode of [1, 2, 3, 4]) fmc.write(0x150, 4, mode | 0x10);
  assert.equal(sdram.readable?.length, 8 << 20);
  sdram.write(16, 4, 0x1234_5678);
  assert.equal(sdram.read(16 + (8 << 20), 4), 0x1234_5678);
});

test("an SDRAM command whose bits are set into what the register reads is that command", () => {
  const { log } = rig();
  const fmc = new Fmc({ log, clocked: () => true, onMappingChange: () => {} });
  const sdram = new Sdram(fmc, 1, log);
  fmc.write(0, 4, 0x8000_30db);
  fmc.write(0x140, 4, 0x1954);
  for (const command of [0x11, 0x12, 0x73, 0x46414]) fmc.write(0x150, 4, fmc.read(0x150, 4) | command);
  assert.equal(fmc.read(0x150, 4), 0x46460);
  assert.equal(sdram.readable?.length, 8 << 20);
});

test("a semaphore belongs to whoever took it, and tells when it is free", () => {
  const { log, interrupt } = rig();
  const hsem = new Hsem({ log, interrupt, clocked: () => true });
  hsem.write(0x100, 4, 1 << 3);
  assert.equal(hsem.read(0x8c, 4), 0x8000_0300);
  hsem.write(0x0c, 4, 0x8000_0305);
  assert.equal(hsem.read(0x0c, 4), 0x8000_0300);
  hsem.write(0x0c, 4, 0x305);
  assert.equal(hsem.read(0x0c, 4), 0x8000_0300);
  hsem.write(0x0c, 4, 0x300);
  assert.equal(hsem.read(0x0c, 4), 0);
  assert.ok(interrupt.asserted);
});

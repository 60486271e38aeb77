import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { TestLine } from "../test-kit.js";
import { Crs } from "./crs.js";

function rig(errorPpm: number) {
  const interrupt = new TestLine();
  const crs = new Crs({
    log: new RecordedLog(),
    interrupt,
    clocked: () => true,
    hsi48Ready: () => true,
    errorPpm,
  });
  return { crs, interrupt };
}

test("USB2's SOF trims HSI48 until it is in tolerance, once SYNCSRC selects it", () => {
  const { crs, interrupt } = rig(9000);
  crs.write(0, 4, 0x2061);
  for (let frame = 0; frame < 50; frame++) crs.sync("USB2_SOF");
  assert.equal(crs.read(8, 4), 0);
  crs.write(0, 4, 0x2000);
  crs.write(4, 4, 0x3022bb7f);
  crs.write(0, 4, 0x2061);
  for (let frame = 0; frame < 50; frame++) crs.sync("USB2_SOF");
  assert.ok(Math.abs(crs.hsi48ErrorPpm) < 1000, `${crs.hsi48ErrorPpm} ppm`);
  assert.ok(interrupt.asserted);
  crs.write(0xc, 4, 0xf);
  assert.equal(crs.read(8, 4) & 0xf, 0);
  assert.ok(!interrupt.asserted);
});

test("a signal far off is an error and trims nothing", () => {
  const { crs } = rig(200_000);
  crs.write(4, 4, 0x3022bb7f);
  crs.write(0, 4, 0x2060);
  crs.sync("USB2_SOF");
  assert.equal(crs.read(8, 4) & 0x104, 0x104);
  assert.equal((crs.read(0, 4) >>> 8) & 0x3f, 0x20);
});

test("CFGR is fixed while CEN is set", () => {
  const { crs } = rig(0);
  crs.write(0, 4, 0x2020);
  crs.write(4, 4, 0);
  assert.equal(crs.read(4, 4), 0x2022bb7f);
});

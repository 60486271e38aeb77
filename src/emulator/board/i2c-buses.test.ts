import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pin } from "../../boards/board.js";
import { I2cBuses, UnknownI2cPart } from "./i2c-buses.js";

const scl = { pin: "PD12", af: 4 };
const sda = { pin: "PD13", af: 4 };

function register(buses: I2cBuses, address: number, number: readonly number[], bytes: number): number[] {
  const device = buses.device("I2C4", address) ?? assert.fail("does not answer");
  device.start(false);
  for (const byte of number) device.write(byte);
  device.start(true);
  return Array.from({ length: bytes }, () => device.read());
}

test("the chips at a bus tell their names, keep what is written, and answer at their pins alone", () => {
  let muxed: readonly Pin[] = [scl];
  const wiring = { bus: "I2C4", scl, sda, parts: ["FT5336", "WM8994"] };
  const buses = new I2cBuses([wiring], (pin) => muxed.includes(pin));
  assert.equal(buses.device("I2C4", 0x38), undefined);
  muxed = [scl, sda];
  assert.equal(buses.device("I2C1", 0x38), undefined);
  assert.equal(buses.device("I2C4", 0x39), undefined);
  assert.deepEqual(register(buses, 0x38, [0xa8], 1), [0x51]);
  assert.deepEqual(register(buses, 0x38, [0x02], 1), [0x00]);
  assert.deepEqual(register(buses, 0x1a, [0, 0], 2), [0x89, 0x94]);
  const codec = buses.device("I2C4", 0x1a) ?? assert.fail();
  codec.start(false);
  for (const byte of [0x04, 0x10, 0x12, 0x34, 0x56, 0x78]) codec.write(byte);
  assert.deepEqual(register(buses, 0x1a, [0x04, 0x10], 4), [0x12, 0x34, 0x56, 0x78]);
  buses.powerOn();
  assert.deepEqual(register(buses, 0x1a, [0x04, 0x10], 2), [0, 0]);
});

test("a part that is not modelled is told with those that are", () => {
  const wiring = { bus: "I2C1", scl, sda, parts: ["SHT31"] };
  assert.throws(() => new I2cBuses([wiring], () => true), UnknownI2cPart);
});

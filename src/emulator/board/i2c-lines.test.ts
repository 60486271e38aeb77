import assert from "node:assert/strict";
import { test } from "node:test";
import { I2cLines } from "./i2c-lines.js";
import { I2C_PARTS, RegisterDevice } from "./i2c-parts.js";
import { wiredChip } from "./wired-chip.js";

const GPIOB = 0x5802_0400;
const [MODER, OTYPER, IDR, BSRR] = [0x00, 0x04, 0x10, 0x18];
const [SCL, SDA] = [8, 9];
const ADDRESS = 0x38;

/** A touch controller at PB8 and PB9, and a master as drivers write it, with open drains. */
function bus() {
  const { at, read, write } = wiredChip();
  const part = I2C_PARTS["FT5336"] ?? assert.fail();
  const device = new RegisterDevice(part);
  let taken = false;
  const place = (name: string) => ({ ...at(name), port: "B" as const });
  new I2cLines({
    scl: place("PB8"),
    sda: place("PB9"),
    taken: () => taken,
    device: (address) => (address === device.address ? device : undefined),
  });
  const set = (pin: number, high: boolean): void => write(GPIOB + BSRR, 1 << (high ? pin : pin + 16));
  const level = (pin: number): boolean => (read(GPIOB + IDR) & (1 << pin)) !== 0;
  for (const pin of [SCL, SDA]) set(pin, true);
  write(GPIOB + OTYPER, (1 << SCL) | (1 << SDA));
  write(GPIOB + MODER, 0xfff0_ffff | (1 << (2 * SCL)) | (1 << (2 * SDA)));
  const start = (): void => {
    for (const [pin, high] of [
      [SDA, true],
      [SCL, true],
      [SDA, false],
      [SCL, false],
    ] as const)
      set(pin, high);
  };
  const stop = (): void => {
    set(SDA, false);
    set(SCL, true);
    set(SDA, true);
  };
  const bit = (high: boolean): boolean => {
    set(SDA, high);
    set(SCL, true);
    const seen = level(SDA);
    set(SCL, false);
    return seen;
  };
  /** @returns whether it was acknowledged */
  const send = (byte: number): boolean => {
    for (let place = 7; place >= 0; place--) bit(((byte >> place) & 1) !== 0);
    return !bit(true);
  };
  const receive = (last: boolean): number => {
    let byte = 0;
    for (let n = 0; n < 8; n++) byte = (byte << 1) | (bit(true) ? 1 : 0);
    bit(last);
    return byte;
  };
  const take = (by: boolean): void => {
    taken = by;
  };
  return { device, start, stop, send, receive, level, take };
}

test("a program that moves the lines itself writes and reads a chip's registers", () => {
  const { start, stop, send, receive, level } = bus();
  start();
  assert.deepEqual([ADDRESS << 1, 0x80, 0x12, 0x34].map(send), [true, true, true, true]);
  stop();
  assert.equal(level(SDA), true);
  start();
  assert.deepEqual([ADDRESS << 1, 0xa8].map(send), [true, true]);
  // Repeated start.
  start();
  assert.equal(send((ADDRESS << 1) | 1), true);
  assert.equal(receive(true), 0x51);
  stop();
  start();
  assert.deepEqual([ADDRESS << 1, 0x80].map(send), [true, true]);
  stop();
  start();
  assert.equal(send((ADDRESS << 1) | 1), true);
  assert.deepEqual([receive(false), receive(true)], [0x12, 0x34]);
  stop();
  assert.equal(level(SDA), true);
});

test("nobody answers to another address, nor while a peripheral has the lines", () => {
  const { start, stop, send, take } = bus();
  start();
  assert.equal(send(0x70 << 1), false);
  assert.equal(send(0x00), false);
  stop();
  take(true);
  start();
  assert.equal(send(ADDRESS << 1), false);
  stop();
  take(false);
  start();
  assert.equal(send(ADDRESS << 1), true);
});

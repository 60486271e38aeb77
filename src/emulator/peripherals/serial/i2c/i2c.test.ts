import assert from "node:assert/strict";
import { test } from "node:test";
import type { I2cDevice } from "../../../i2c-device.js";
import { RecordedLog } from "../../../test-log.js";
import { Timeline } from "../../../timeline.js";
import { pass, TestLine } from "../../test-kit.js";
import { I2c } from "./i2c.js";

const CR1 = 0x00;
const CR2 = 0x04;
const ISR = 0x18;
const ICR = 0x1c;
const RXDR = 0x24;
const TXDR = 0x28;
const START = 1 << 13;
const STOP = 1 << 14;
const READ = 1 << 10;
const RELOAD = 1 << 24;
const AUTOEND = 1 << 25;
const TXIS = 2;
const RXNE = 4;
const NACKF = 0x10;
const STOPF = 0x20;
const TC = 0x40;
const TCR = 0x80;
const BUSY = 0x8000;
/** Nine clocks at 100 kHz. */
const BYTE_NS = 90e3;

/** Acknowledges its address and two bytes; answers 0x40, 0x41, ... */
class Device implements I2cDevice {
  readonly address = 0x38;
  readonly heard: string[] = [];
  #next = 0x40;
  start(reading: boolean): boolean {
    this.heard.push(reading ? "read" : "write");
    return true;
  }
  write(byte: number): boolean {
    this.heard.push(byte.toString(16));
    return this.heard.length < 4;
  }
  read(): number {
    return this.#next++;
  }
  stop(): void {
    this.heard.push("stop");
  }
}

function rig() {
  const timeline = new Timeline();
  const interrupt = new TestLine();
  const device = new Device();
  const requests: string[] = [];
  const request = (name: string) => ({
    set: (on: boolean) => {
      if (on) requests.push(name);
    },
    pulse: () => {},
  });
  const i2c = new I2c({
    name: "I2C4",
    log: new RecordedLog(),
    timeline,
    interrupt,
    clocked: () => true,
    kernelHz: () => 100e6,
    device: (address) => (address === device.address ? device : undefined),
    receiveRequest: request("receive"),
    transmitRequest: request("transmit"),
  });
  i2c.write(0x10, 4, 0x90_0000 | (49 << 8) | 49 | (9 << 28));
  i2c.write(CR1, 4, 1);
  const isr = (): number => i2c.read(ISR, 4);
  const command = (flags: number, bytes: number, address = 0x38): void =>
    i2c.write(CR2, 4, flags | (bytes << 16) | (address << 1));
  const wait = (bytes: number): void => pass(timeline, bytes * BYTE_NS * 1.2);
  return { i2c, isr, command, wait, device, interrupt, requests };
}

test("writes byte by byte, and stops by itself with AUTOEND", () => {
  const { i2c, isr, command, wait, device } = rig();
  command(START | AUTOEND, 2);
  assert.equal(isr() & BUSY, BUSY);
  wait(1.2);
  assert.equal(isr() & TXIS, TXIS);
  i2c.write(TXDR, 4, 0x11);
  assert.equal(isr() & TXIS, TXIS, "the shift register has it");
  i2c.write(TXDR, 4, 0x22);
  assert.equal(isr() & TXIS, 0);
  wait(2.5);
  assert.deepEqual(device.heard, ["write", "11", "22", "stop"]);
  assert.equal(isr() & (STOPF | BUSY | TXIS | NACKF), STOPF);
});

test("without AUTOEND, TC waits for a repeated start; reading ends with NACK and stop", () => {
  const { i2c, isr, command, wait, device } = rig();
  command(START, 1);
  wait(1.2);
  i2c.write(TXDR, 4, 0xa8);
  wait(1.2);
  assert.equal(isr() & (TC | BUSY), TC | BUSY);
  command(START | READ | AUTOEND, 3);
  assert.equal(isr() & TC, 0);
  wait(2.4);
  assert.equal(isr() & RXNE, RXNE);
  wait(20);
  assert.equal(isr() & STOPF, 0, "the third byte waits until the first is read");
  assert.equal(i2c.read(RXDR, 4), 0x40);
  assert.equal(i2c.read(RXDR, 4), 0x41);
  wait(2);
  assert.equal(i2c.read(RXDR, 4), 0x42);
  assert.deepEqual(device.heard, ["write", "a8", "read", "stop"]);
  assert.equal(isr() & (STOPF | BUSY | RXNE), STOPF);
});

test("RELOAD goes on with a new NBYTES, STOP ends it", () => {
  const { i2c, isr, command, wait, interrupt } = rig();
  i2c.write(CR1, 4, 1 | TC);
  command(START | READ | RELOAD, 1);
  wait(3);
  assert.equal(isr() & (TCR | TC), TCR);
  assert.ok(interrupt.asserted);
  i2c.read(RXDR, 4);
  command(READ, 1);
  assert.equal(isr() & TCR, 0);
  wait(2);
  assert.equal(isr() & (TC | RXNE), TC | RXNE);
  command(READ | STOP, 1);
  wait(1);
  assert.equal(isr() & (STOPF | TC), STOPF);
});

test("a byte that is not acknowledged stops the transfer", () => {
  const { i2c, isr, command, wait, device } = rig();
  command(START | AUTOEND, 9);
  wait(1.2);
  for (const byte of [1, 2, 3]) {
    i2c.write(TXDR, 4, byte);
    wait(1.2);
  }
  wait(1);
  assert.deepEqual(device.heard, ["write", "1", "2", "3", "stop"]);
  assert.equal(isr() & (NACKF | STOPF | TXIS), NACKF | STOPF);
  i2c.write(ICR, 4, NACKF | STOPF);
  command(START | AUTOEND, 1, 0x39);
  wait(3);
  assert.equal(isr() & (NACKF | STOPF), NACKF | STOPF, "nobody is there");
});

test("asks DMA for bytes, and takes bytes to DMA", () => {
  const { i2c, command, wait, requests } = rig();
  i2c.write(CR1, 4, 1 | (3 << 14));
  command(START | AUTOEND, 1);
  wait(1.2);
  assert.deepEqual(requests, ["transmit"]);
  i2c.write(TXDR, 4, 1);
  wait(3);
  command(START | READ | AUTOEND, 1);
  wait(4);
  assert.deepEqual(requests.at(-1), "receive");
});

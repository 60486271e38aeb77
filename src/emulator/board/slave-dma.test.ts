/** DMA serves the slave modes of SPI, I2S and I2C, with another master at the pins. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BIT_NS,
  bits,
  CFG1,
  CFG2,
  CGFR,
  CR1,
  CR2,
  FLAGS,
  MASTER,
  RXDR,
  SLOW,
  SR,
  SSOE,
  spiRig,
  TXDR,
} from "./spi-rig.js";
import { OPEN_DRAIN, wiredChip } from "./wired-chip.js";

const AHB1ENR = 0x5802_44d8;
const DMAMUX1 = 0x4002_0800;
const DMA1 = 0x4002_0000;
const LISR = DMA1;
const TCIF = [1 << 5, 1 << 11] as const;
/** RM0433, table "DMAMUX1: assignment of multiplexer inputs to resources". */
const REQUEST = { I2C2_RX: 35, I2C2_TX: 36, SPI2_RX: 39, SPI2_TX: 40 } as const;
const SPI2 = 0x4000_3800;
const I2C1 = 0x4000_5400;
const I2C2 = 0x4000_5800;
const BUFFER = 0x2400_0100;
const ANSWERS = 0x2400_0200;

interface Stream {
  readonly request: keyof typeof REQUEST;
  readonly peripheral: number;
  readonly memory: number;
  readonly count: number;
  /** Default 1. */
  readonly bytes?: 1 | 2;
}

/** Sets a stream up and switches it on: 0 reads the peripheral, 1 writes it. */
function stream(write: (address: number, value: number) => void, n: 0 | 1, setUp: Stream): void {
  const { request, peripheral, memory, count, bytes = 1 } = setUp;
  const at = DMA1 + 0x10 + n * 0x18;
  write(AHB1ENR, 1);
  write(DMAMUX1 + 4 * n, REQUEST[request]);
  write(at + 4, count);
  write(at + 8, peripheral);
  write(at + 12, memory);
  const size = bytes === 2 ? (1 << 11) | (1 << 13) : 0;
  write(at, (1 << 10) | size | (n << 6) | 1);
}

const TXDMAEN = 1 << 15;
const RXDMAEN = 1 << 14;

test("an SPI slave takes frames to memory and answers from it", () => {
  const { r1, r2, w1, w2, read, write, send1, wait } = spiRig();
  write(ANSWERS, 0x4433_2211);
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, (MASTER | SSOE) >>> 0);
  w1(CR2, 4);
  w2(CFG1, bits(8) | RXDMAEN);
  stream(write, 0, { request: "SPI2_RX", peripheral: SPI2 + RXDR, memory: BUFFER, count: 4 });
  stream(write, 1, { request: "SPI2_TX", peripheral: SPI2 + TXDR, memory: ANSWERS, count: 4 });
  w2(CFG1, bits(8) | RXDMAEN | TXDMAEN);
  w2(CR2, 4);
  w2(CR1, 1);
  wait(BIT_NS);
  w1(CR1, 1);
  send1(0xa1, 0xb2, 0xc3, 0xd4);
  w1(CR1, 0x201);
  wait(34 * BIT_NS);
  assert.equal(read(BUFFER), 0xd4c3_b2a1);
  assert.equal(r1(RXDR), 0x4433_2211);
  assert.equal(read(LISR) & (TCIF[0] | TCIF[1]), TCIF[0] | TCIF[1]);
  assert.equal(r2(SR) & (FLAGS.UDR | FLAGS.OVR), 0);
});

test("an I2S slave takes samples to memory, and sends others from it", () => {
  const wires = [
    ["PA4", "PB12"],
    ["PA5", "PB13"],
  ] as const;
  const SLAVE_TRANSMITS = 0;
  const SLAVE_RECEIVES = 1 << 1;
  const MASTER_TRANSMITS = 2 << 1;
  const MASTER_RECEIVES = 3 << 1;
  const frame = 32 * 500;
  const taken = spiRig([...wires, ["PA7", "PB14"]]);
  taken.w1(CGFR, MASTER_TRANSMITS | (16 << 16) | 1);
  taken.w2(CGFR, SLAVE_RECEIVES | 1);
  stream(taken.write, 0, { request: "SPI2_RX", peripheral: SPI2 + RXDR, memory: BUFFER, count: 4, bytes: 2 });
  taken.w2(CFG1, bits(16) | RXDMAEN);
  taken.w2(CR1, 0x201);
  taken.w1(CR1, 1);
  taken.w1(TXDR, 0x2222_1111);
  taken.w1(TXDR, 0x4444_3333);
  taken.w1(CR1, 0x201);
  taken.wait(2.3 * frame);
  assert.deepEqual([taken.read(BUFFER), taken.read(BUFFER + 4)], [0x2222_1111, 0x4444_3333]);

  const given = spiRig([...wires, ["PA6", "PB15"]]);
  given.write(ANSWERS, 0x6666_5555);
  given.w1(CGFR, MASTER_RECEIVES | (16 << 16) | 1);
  given.w2(CGFR, SLAVE_TRANSMITS | 1);
  given.w2(CFG1, bits(16) | TXDMAEN);
  stream(given.write, 1, {
    request: "SPI2_TX",
    peripheral: SPI2 + TXDR,
    memory: ANSWERS,
    count: 2,
    bytes: 2,
  });
  given.w2(CR1, 0x201);
  given.wait(BIT_NS);
  given.w1(CR1, 0x201);
  given.wait(1.3 * frame);
  assert.equal(given.r1(RXDR), 0x6666_5555);
});

test("an I2C slave takes bytes to memory and answers from it, without software after its address", () => {
  const made = wiredChip(["PB6", "PB10"], ["PB7", "PB11"]);
  const { mux, read, write, wait } = made;
  const ISR = 0x18;
  const ADDR = 8;
  const START = 1 << 13;
  const READ = 1 << 10;
  const AUTOEND = 1 << 25;
  write(0x5802_4454, 2 << 12);
  for (const pin of ["PB6", "PB7", "PB10", "PB11"]) mux(pin, 4, OPEN_DRAIN);
  for (const i2c of [I2C1, I2C2]) write(i2c + 0x10, 0xf000_1313);
  write(I2C2 + 0x08, (1 << 15) | 0x52);
  stream(write, 0, { request: "I2C2_RX", peripheral: I2C2 + 0x24, memory: BUFFER, count: 3 });
  // RXDMAEN, TXDMAEN.
  write(I2C2, 1 | (1 << 15) | (1 << 14));
  write(I2C1, 1);
  write(I2C1 + 4, START | AUTOEND | (3 << 16) | 0x52);
  const byteNs = 100e3;
  wait(2 * byteNs);
  assert.equal(read(I2C2 + ISR) & ADDR, ADDR);
  write(I2C2 + 0x1c, ADDR);
  for (const byte of [0x51, 0x62, 0x73]) {
    write(I2C1 + 0x28, byte);
    wait(1.2 * byteNs);
  }
  wait(byteNs);
  assert.equal(read(BUFFER) & 0xff_ffff, 0x73_6251);
  assert.equal(read(LISR) & TCIF[0], TCIF[0]);

  write(ANSWERS, 0x00c3_b2a1);
  stream(write, 1, { request: "I2C2_TX", peripheral: I2C2 + 0x28, memory: ANSWERS, count: 3 });
  write(I2C1 + 4, START | AUTOEND | READ | (3 << 16) | 0x52);
  wait(2 * byteNs);
  write(I2C2 + 0x1c, ADDR);
  const got: number[] = [];
  for (let n = 0; n < 3; n++) {
    wait(1.3 * byteNs);
    got.push(read(I2C1 + 0x24));
  }
  assert.deepEqual(got, [0xa1, 0xb2, 0xc3]);
});

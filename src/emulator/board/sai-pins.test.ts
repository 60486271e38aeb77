import assert from "node:assert/strict";
import { test } from "node:test";
import { wiredChip } from "./wired-chip.js";

/** SAI1_A at PE2 (MCLK), PE4 (FS), PE5 (SCK), PE6 (SD), SAI1_B's SD at PE3 (AF6); SAI2_A at PD11 (SD), PD12 (FS), PD13 (SCK) (AF10). */
const [SAI1, SAI2] = [0x4001_5800, 0x4001_5c00];
const [A, B] = [0x04, 0x24];
const [CR1, CR2, FRCR, SLOTR, SR, CLRFR, DR] = [0x00, 0x04, 0x08, 0x0c, 0x14, 0x18, 0x1c];
const GCR = 0x00;
const MASTER_TX = 0;
const MASTER_RX = 1;
const SLAVE_TX = 2;
const SLAVE_RX = 3;
const CKSTR = 1 << 9;
const INSIDE = 1 << 10;
const OUTSIDE = 2 << 10;
const SAIEN = 1 << 16;
const NODIV = 1 << 19;
const TRIS = 1 << 4;
const FLAGS = { OVRUDR: 1, AFSDET: 0x20, LFSDET: 0x40 };
const data = (bits: 8 | 16 | 24 | 32): number => ({ 8: 2, 16: 4, 24: 6, 32: 7 })[bits] << 5;
/** 64 MHz by 32. */
const SLOW = (32 << 20) | NODIV;
const BIT_NS = 500;

/** An I2S frame of two slots: FS low for the left one, a bit ahead. */
const i2s = (slotBits: 16 | 32) => ({
  frcr: (2 * slotBits - 1) | ((slotBits - 1) << 8) | (1 << 16) | (1 << 18),
  slotr: ((slotBits === 32 ? 2 : 1) << 6) | (1 << 8) | (3 << 16),
});
/** Frames of `slots` slots of eight bits behind a short pulse of FS. */
const tdm = (slots: number, enabled: number, bits = 8 * slots) => ({
  frcr: (bits - 1) | (1 << 17),
  slotr: ((slots - 1) << 8) | (enabled << 16),
});

const ALL_WIRES = [
  ["PE6", "PD11"],
  ["PE4", "PD12"],
  ["PE5", "PD13"],
] as const;

function rig(...wires: (readonly [string, string])[]) {
  const made = wiredChip(...wires);
  const { mux, write, read } = made;
  // SAI1, SAI2 and SAI3 are clocked by per_ck: HSI.
  write(0x5802_4450, 4 | (4 << 6));
  for (const pin of ["PE2", "PE3", "PE4", "PE5", "PE6"]) mux(pin, 6);
  for (const pin of ["PD11", "PD12", "PD13"]) mux(pin, 10);
  const block = (base: number, at: number) => ({
    set: (register: number, value: number): void => write(base + at + register, value),
    get: (register: number): number => read(base + at + register),
    shape: ({ frcr, slotr }: { frcr: number; slotr: number }): void => {
      write(base + at + FRCR, frcr);
      write(base + at + SLOTR, slotr);
    },
    send: (...words: number[]): void => {
      for (const word of words) write(base + at + DR, word);
    },
    take: (count: number): number[] => Array.from({ length: count }, () => read(base + at + DR)),
  });
  return { ...made, a1: block(SAI1, A), b1: block(SAI1, B), a2: block(SAI2, A), b2: block(SAI2, B) };
}

/** Levels of pins in the middle of each bit, behind the edge on which they change. */
function lines({ level, wait }: ReturnType<typeof rig>, bits: number, ...pins: string[]): string[] {
  const seen = pins.map(() => "");
  for (let bit = 0; bit < bits; bit++) {
    wait(BIT_NS);
    pins.forEach((pin, index) => {
      seen[index] += level(pin) ? "1" : "0";
    });
  }
  return seen;
}

test("a wire from SD of one block to SD of the other: what a master sends, a synchronous slave receives", () => {
  const { a1, b1, wait } = rig(["PE6", "PE3"]);
  for (const bits of [16, 24, 32] as const) {
    for (const order of [0, 1 << 8]) {
      a1.shape(i2s(32));
      b1.shape(i2s(32));
      b1.set(CR1, SLAVE_RX | data(bits) | INSIDE | order | SAIEN);
      const words = [0x9a3c_5d0b % 2 ** bits, 0x1234_5678 % 2 ** bits, 1, 2 ** bits - 1];
      a1.send(...words);
      a1.set(CR1, MASTER_TX | data(bits) | SLOW | order | SAIEN);
      wait(132 * BIT_NS);
      assert.deepEqual(b1.take(4), words, `${bits} bits`);
      a1.set(CR1, MASTER_TX | data(bits) | SLOW | order);
      b1.set(CR1, SLAVE_RX | data(bits) | INSIDE | order);
      wait(70 * BIT_NS);
      for (const block of [a1, b1]) {
        assert.equal(block.get(CR1) & SAIEN, 0);
        block.set(CR2, 8);
        block.set(CLRFR, 0x77);
      }
    }
  }
});

test("I2S at the pins: FS is a bit ahead, data change when SCK rises, and the frame is as long as FRCR says", () => {
  const made = rig(...ALL_WIRES);
  const { a1, level, wait } = made;
  a1.shape(i2s(16));
  a1.send(0x8001, 0x7ffe, 0xffff, 0);
  assert.equal(level("PE4"), false, "nobody drives FS yet");
  a1.set(CR1, MASTER_TX | data(16) | SLOW | SAIEN);
  assert.equal(level("PE4"), true, "FS rests high");
  const [sync, sent] = lines(made, 66, "PE4", "PE6");
  const frame = "0".repeat(16) + "1".repeat(16);
  assert.equal(sync, `${frame}${frame}00`);
  assert.equal(sent, `0${"1000000000000001"}${"0111111111111110"}${"1".repeat(16)}${"0".repeat(17)}`);
  assert.equal(level("PE5"), true);
  wait(BIT_NS / 2);
  assert.equal(level("PE5"), false);
});

test("a slave takes SCK, FS and SD from its pins, in every shape of a frame", () => {
  const shapes = [
    { shape: i2s(16), bits: 16, slots: 2 },
    { shape: i2s(32), bits: 24, slots: 2 },
    { shape: tdm(4, 0b1011), bits: 8, slots: 3 },
    { shape: tdm(2, 0b11, 40), bits: 8, slots: 2 },
    { shape: { ...i2s(16), frcr: 31 | (15 << 8) | (1 << 16) | (1 << 17) }, bits: 16, slots: 2 },
  ] as const;
  const { a1, a2, wait } = rig(...ALL_WIRES);
  for (const { shape, bits, slots } of shapes) {
    for (const edge of [0, CKSTR]) {
      const words = Array.from({ length: 2 * slots }, (_, at) => (0x5a_c3e1 * (at + 1)) % 2 ** bits);
      a1.shape(shape);
      a2.shape(shape);
      a2.set(CR1, SLAVE_RX | data(bits) | edge | SAIEN);
      a1.send(...words);
      a1.set(CR1, MASTER_TX | data(bits) | SLOW | edge | SAIEN);
      wait(((shape.frcr & 0xff) + 1) * 2 * BIT_NS + 4 * BIT_NS);
      assert.deepEqual(a2.take(2 * slots), words, `${bits} bits, ${slots} slots, CKSTR ${edge}`);
      assert.equal(a2.get(SR) & 0x77, 0);
      for (const block of [a1, a2]) {
        block.set(CR1, block.get(CR1) & ~SAIEN);
        block.set(CR2, 8);
        block.set(CLRFR, 0x77);
      }
      wait(70 * BIT_NS);
      a2.set(CR2, 8);
      assert.equal(a2.get(CR1) & SAIEN, 0);
    }
  }
});

test("a slave sends with its master's clock, which receives", () => {
  const { a1, a2, wait } = rig(...ALL_WIRES);
  a1.shape(i2s(32));
  a2.shape(i2s(32));
  a2.send(0x1234, 0xfedc, 0x8000, 1);
  a2.set(CR1, SLAVE_TX | data(16) | SAIEN);
  a1.set(CR1, MASTER_RX | data(16) | SLOW | SAIEN);
  wait(132 * BIT_NS);
  assert.deepEqual(a1.take(4), [0x1234, 0xfedc, 0x8000, 1]);
  assert.equal(a2.get(SR) & FLAGS.OVRUDR, FLAGS.OVRUDR, "a third frame found nothing");
});

test("FS that comes too early or too late is told by a slave, and by it alone", () => {
  for (const [slaveBits, flag] of [
    [40, FLAGS.AFSDET],
    [24, FLAGS.LFSDET],
  ] as const) {
    for (const wires of [ALL_WIRES, []]) {
      const { a1, a2, b1, wait } = rig(...wires);
      const slave = wires.length > 0 ? a2 : b1;
      a1.shape(tdm(2, 0b11, 32));
      slave.shape(tdm(2, 0b11, slaveBits));
      slave.set(CR1, SLAVE_RX | data(8) | (wires.length > 0 ? 0 : INSIDE) | SAIEN);
      a1.send(1, 2);
      a1.set(CR1, MASTER_TX | data(8) | SLOW | SAIEN);
      wait(30 * BIT_NS);
      assert.equal(slave.get(SR) & 0x77, flag === FLAGS.LFSDET ? flag : 0);
      wait(8 * BIT_NS);
      assert.equal(slave.get(SR) & 0x77, flag);
      assert.equal(a1.get(SR) & 0x76, 0);
      slave.set(CLRFR, 0x77);
      assert.equal(slave.get(SR) & 0x77, 0);
    }
  }
});

test("a SAI follows another one (SYNCOUT, SYNCIN), and its other block follows it", () => {
  const { a1, a2, b2, write, wait, mux } = rig(["PE6", "PD11"], ["PE6", "PE11"]);
  mux("PE11", 10);
  for (const { shape } of [a1, a2, b2]) shape(i2s(16));
  write(SAI1 + GCR, 1 << 4);
  write(SAI2 + GCR, 0);
  a2.set(CR1, SLAVE_RX | data(16) | OUTSIDE | SAIEN);
  b2.set(CR1, SLAVE_RX | data(16) | INSIDE | SAIEN);
  a1.send(0xbeef, 0x1dea);
  a1.set(CR1, MASTER_TX | data(16) | SLOW | SAIEN);
  wait(35 * BIT_NS);
  assert.deepEqual(a2.take(2), [0xbeef, 0x1dea]);
  assert.deepEqual(b2.take(2), [0xbeef, 0x1dea]);
  const alone = rig(["PE6", "PD11"]);
  for (const { shape } of [alone.a1, alone.a2]) shape(i2s(16));
  alone.a2.set(CR1, SLAVE_RX | data(16) | OUTSIDE | SAIEN);
  alone.a1.send(1, 2);
  alone.a1.set(CR1, MASTER_TX | data(16) | SLOW | SAIEN);
  alone.wait(35 * BIT_NS);
  assert.equal(alone.a2.get(SR) >>> 16, 0, "without SYNCOUT it has no clock");
});

test("AC'97: the controller gives FS though SCK comes from outside; its other block follows the same pins", () => {
  const { a1, b1, drive, level, wait } = rig(["PE6", "PE3"]);
  const AC97 = 2 << 2;
  b1.set(CR1, SLAVE_RX | AC97 | data(16) | INSIDE | SAIEN);
  a1.send(0xf800, ...Array.from({ length: 7 }, (_, at) => 0x1111 * (at + 1)));
  a1.set(CR1, SLAVE_TX | AC97 | data(16) | SAIEN);
  let sync = "";
  for (let bit = 0; bit < 100; bit++) {
    drive("PE5", true);
    wait(BIT_NS / 2);
    sync += level("PE4") ? "1" : "0";
    drive("PE5", false);
    wait(BIT_NS / 2);
  }
  assert.equal(sync, "1".repeat(16) + "0".repeat(84));
  assert.deepEqual(b1.take(5), [0xf800, 0x1111, 0x2222, 0x3333, 0x4444]);
});

test("with TRIS SD is free in slots that are off and behind the last one, else it is low", () => {
  for (const [tris, free] of [
    [TRIS, "1"],
    [0, "0"],
  ] as const) {
    const made = rig(["PE6", "PD11"]);
    const { a1, mux } = made;
    mux("PE6", 6, { pullUp: true });
    a1.shape(tdm(4, 0b0101, 40));
    a1.set(CR2, tris);
    a1.send(0x0f, 0x70);
    a1.set(CR1, MASTER_TX | data(8) | SLOW | SAIEN);
    const [sent] = lines(made, 41, "PE6");
    assert.equal(sent?.slice(1), `00001111${free.repeat(8)}01110000${free.repeat(16)}`);
  }
});

test("SD is driven from SAIEN on, or with OUTDRIV at once; MCLK runs by MCKEN, or beside frames with NODIV = 0", () => {
  const { a1, level, mux, wait } = rig();
  mux("PE6", 6, { pullUp: true });
  a1.shape(i2s(16));
  assert.equal(level("PE6"), true);
  a1.set(CR1, MASTER_TX | data(16) | SLOW | (1 << 13));
  assert.equal(level("PE6"), false);
  const moves = (): boolean => {
    const seen = new Set<boolean>();
    for (let at = 0; at < 8; at++) {
      wait(BIT_NS / 4);
      seen.add(level("PE2"));
    }
    return seen.size === 2;
  };
  assert.equal(moves(), false);
  a1.set(CR1, MASTER_TX | data(16) | SLOW | (1 << 27));
  assert.equal(moves(), true);
  a1.set(CR1, MASTER_TX | data(16) | SLOW);
  a1.set(CR1, MASTER_TX | data(16) | (32 << 20) | SAIEN);
  assert.equal(moves(), true);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { CGFR, CR1, FLAGS, IFCR, RXDR, SR, spiRig, TXDR } from "./spi-rig.js";

test("I2S: a slave receives what a master sends, in every format, left channel first", () => {
  const { r2, w1, w2, wait } = spiRig([
    ["PA4", "PB12"],
    ["PA5", "PB13"],
    ["PA7", "PB14"],
  ]);
  const length = [0, 1 << 10, 1 << 8, 2 << 8];
  for (const standard of [0, 1, 2, 3, 3 + 8]) {
    for (const [index, format] of length.entries()) {
      const wide = index > 1;
      const common = ((standard & 3) << 4) | ((standard >> 3) << 7) | format | 1;
      // MCKOE off, I2SDIV = 16.
      w1(CGFR, common | (2 << 1) | (16 << 16));
      w2(CGFR, common | (1 << 1));
      w2(CR1, 0x201);
      w1(CR1, 1);
      const mask = index === 2 ? 0xff_ffff : wide ? 0xffff_ffff : 0xffff;
      const samples = [0x8123_4567, 0x7fed_cba9].map((sample) => (sample & mask) >>> 0);
      if (wide) for (const sample of samples) w1(TXDR, sample);
      else w1(TXDR, (samples[0] as number) | ((samples[1] as number) << 16));
      w1(CR1, 0x201);
      wait(75 * 500);
      const got = wide ? [r2(RXDR), r2(RXDR)] : [r2(RXDR)].flatMap((both) => [both & 0xffff, both >>> 16]);
      assert.deepEqual(got, samples, `standard ${standard}, format ${index}`);
      assert.equal(r2(SR) & FLAGS.TIFRE, 0);
      for (const w of [w1, w2]) w(CR1, 0);
    }
  }
});

test("I2S: WS runs at the sample rate that I2SDIV, ODD and the master clock give", () => {
  const { at, w1, wait, timeline } = spiRig([["PA4", "PB0"]]);
  w1(CGFR, (1 << 25) | (1 << 24) | (2 << 16) | (2 << 1) | 1);
  w1(CR1, 1);
  const edges: number[] = [];
  at("PA4").gpio.observe(4, () => edges.push(timeline.now));
  for (let word = 0; word < 4; word++) w1(TXDR, 0);
  w1(CR1, 0x201);
  wait(100e3);
  const frame = ((edges[3] ?? 0) - (edges[1] ?? 0)) / 1e9;
  // 64 MHz by 256 by 5: 50 kHz.
  assert.equal(Math.round(1 / frame), 50_000);
});

/** I2S, Philips, 16 bits: SPI1 is master, SPI2 slave; CK has a period of 500 ns. */
function i2s(wires: readonly (readonly [string, string])[], master: number, slave: number, extra = 0) {
  const made = spiRig(wires);
  made.w1(CGFR, (master << 1) | (16 << 16) | 1);
  made.w2(CGFR, (slave << 1) | 1 | extra);
  return made;
}
const I2S_WIRES = [
  ["PA4", "PB12"],
  ["PA5", "PB13"],
  ["PA7", "PB14"],
] as const;
const CHANNEL_NS = 16 * 500;

test("I2S: for want of samples CK and WS go on, with the last ones, until UDR is cleared and the channel fits", () => {
  const { r1, r2, w1, wait, w2 } = i2s(I2S_WIRES, 2, 1);
  w2(CR1, 0x201);
  w1(CR1, 1);
  w1(TXDR, 0x2222_1111);
  w1(CR1, 0x201);
  // CK rises four times before WS falls, a bit in front of the data.
  wait(5 * 500 + 2.5 * CHANNEL_NS);
  assert.equal(r1(SR) & FLAGS.UDR, FLAGS.UDR);
  assert.equal(r2(RXDR), 0x2222_1111);
  w1(TXDR, 0x4444_3333);
  wait(2 * CHANNEL_NS);
  assert.equal(r2(RXDR), 0x2222_1111);
  w1(IFCR, FLAGS.UDR);
  wait(2 * CHANNEL_NS);
  assert.equal(r2(RXDR), 0x2222_1111, "in the left channel under way");
  wait(2 * CHANNEL_NS);
  assert.equal(r2(RXDR), 0x4444_3333);
  assert.equal(r2(SR) & FLAGS.TIFRE, 0);
});

test("I2S: a receiver that overran goes on with the channel that it lost first", () => {
  const { r1, w1, wait } = i2s([], 3, 1);
  w1(CR1, 1);
  w1(CR1, 0x201);
  wait(5 * 500 + 8.5 * CHANNEL_NS);
  assert.equal(r1(SR) & FLAGS.OVR, 0);
  wait(CHANNEL_NS);
  assert.equal(r1(SR) & FLAGS.OVR, FLAGS.OVR, "the ninth sample is a left one");
  for (let word = 0; word < 4; word++) r1(RXDR);
  w1(IFCR, FLAGS.OVR);
  wait(CHANNEL_NS);
  assert.equal(r1(SR) & 1, 0, "a right one is not taken");
  wait(CHANNEL_NS);
  assert.equal(r1(SR) & 1, 1);
});

test("I2S: a slave waits for CSTART; with FIXCH a channel of another length is a frame error", () => {
  for (const [fixed, error] of [
    [0, 0],
    [1 << 12, 0],
    [(1 << 12) | (1 << 10), FLAGS.TIFRE],
  ] as const) {
    const { r2, w1, w2, wait } = i2s(I2S_WIRES, 2, 1, fixed);
    w2(CR1, 1);
    w1(CR1, 1);
    w1(TXDR, 0x2222_1111);
    w1(CR1, 0x201);
    wait(5 * 500 + 2.5 * CHANNEL_NS);
    assert.equal(r2(SR) & 1, 0);
    w2(CR1, 0x201);
    wait(4 * CHANNEL_NS);
    assert.equal(r2(SR) & (FLAGS.TIFRE | 1), error | 1, `FIXCH and CHLEN ${fixed}`);
  }
});

test("I2S: PCM's long frame has WS high for 13 bits, the first of them in front of the data; MCK runs without SPE", () => {
  const { at, w1, wait, timeline, mux, level } = spiRig([["PA4", "PB0"]]);
  mux("PC4", 5);
  // MCK: 64 MHz by 32.
  w1(CGFR, (1 << 25) | (16 << 16) | (2 << 1) | 1);
  const levels = new Set<boolean>();
  for (let half = 0; half < 4; half++) {
    levels.add(level("PC4"));
    wait(251);
  }
  assert.equal(levels.size, 2, "MCK");
  w1(CGFR, (16 << 16) | (3 << 4) | (1 << 7) | (2 << 1) | 1);
  w1(CR1, 1);
  const edges: number[] = [];
  at("PA4").gpio.observe(4, () => edges.push(timeline.now));
  w1(TXDR, 0);
  const start = timeline.now;
  w1(CR1, 0x201);
  wait(30e3);
  const [, rise = 0, fall = 0, next = 0] = edges;
  assert.deepEqual(
    [rise - start, fall - rise, next - rise].map((ns) => Math.round(ns / 500)),
    [4, 13, 16],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { wiredChip } from "./wired-chip.js";

/** SPI1 on PA4..PA7 (AF5), SPI2 on PB12..PB15 (AF5). */
const SPI1 = 0x4001_3000;
const SPI2 = 0x4000_3800;
const CR1 = 0x00;
const CR2 = 0x04;
const CFG1 = 0x08;
const CFG2 = 0x0c;
const SR = 0x14;
const IFCR = 0x18;
const TXDR = 0x20;
const RXDR = 0x30;
const CRCPOLY = 0x40;
const UDRDR = 0x4c;
const CGFR = 0x50;
const MASTER = 1 << 22;
const LSBFRST = 1 << 23;
const CPHA = 1 << 24;
const SSM = 1 << 26;
const SSI = 1 << 12;
const SSOE = 1 << 29;
/** 64 MHz by 64. */
const SLOW = 5 << 28;
const BIT_NS = 1e3;
const FLAGS = {
  EOT: 8,
  UDR: 0x20,
  OVR: 0x40,
  CRCE: 0x80,
  TIFRE: 0x100,
  MODF: 0x200,
  TSERF: 0x400,
  SUSP: 0x800,
};
const ALL_WIRES = [
  ["PA4", "PB12"],
  ["PA5", "PB13"],
  ["PA6", "PB14"],
  ["PA7", "PB15"],
] as const;

function rig(wires: readonly (readonly [string, string])[] = ALL_WIRES) {
  const made = wiredChip(...wires);
  const { mux, read, write } = made;
  // SPI1 to SPI3 are clocked by per_ck: HSI.
  write(0x5802_4450, 4 << 12);
  for (const pin of ["PA4", "PA5", "PA6", "PA7", "PB12", "PB13", "PB14", "PB15"]) mux(pin, 5);
  return {
    ...made,
    r1: (register: number): number => read(SPI1 + register),
    r2: (register: number): number => read(SPI2 + register),
    w1: (register: number, value: number): void => write(SPI1 + register, value),
    w2: (register: number, value: number): void => write(SPI2 + register, value),
    /** Frames of at most eight bits, one by one. */
    send1: (...bytes: number[]): void => {
      for (const byte of bytes) made.chip.bus.write(SPI1 + TXDR, 1, byte);
    },
    send2: (...bytes: number[]): void => {
      for (const byte of bytes) made.chip.bus.write(SPI2 + TXDR, 1, byte);
    },
  };
}

const bits = (count: number): number => count - 1;

test("a wire from MOSI to MISO: what is sent comes back, in all sizes, either bit first", () => {
  const { r1, w1, wait } = rig([["PA6", "PA7"]]);
  for (const size of [4, 7, 8, 13, 16, 24, 32]) {
    for (const order of [0, LSBFRST]) {
      w1(CFG1, SLOW | bits(size));
      w1(CFG2, MASTER | SSM | order);
      w1(CR2, 1);
      w1(CR1, SSI | 1);
      w1(CR1, SSI | 0x201);
      const sent = 0x9a3c_5d0b % 2 ** size;
      w1(TXDR, sent);
      wait(size * BIT_NS - 10);
      assert.equal(r1(SR) & FLAGS.EOT, 0);
      wait(20);
      assert.equal(r1(SR) & FLAGS.EOT, FLAGS.EOT);
      assert.equal(r1(RXDR), sent, `${size} bits`);
      w1(CR1, 0);
    }
  }
});

test("master and slave exchange frames in all four modes", () => {
  const { r1, r2, w1, w2, wait } = rig();
  for (const mode of [0, 1, 2, 3]) {
    const line = mode * CPHA;
    w1(CFG1, SLOW | bits(8));
    w1(CFG2, (MASTER | SSOE | line) >>> 0);
    w2(CFG1, bits(8));
    w2(CFG2, line);
    w1(CR2, 3);
    w2(CR2, 3);
    w1(CR1, 1);
    w2(CR1, 1);
    w2(TXDR, 0x00a1_b2c3);
    w1(TXDR, 0x001e_2d3c);
    w1(CR1, 0x201);
    wait(25 * BIT_NS);
    assert.equal(r1(SR) & 0xfe8, FLAGS.EOT, `mode ${mode}`);
    assert.equal(r2(SR) & 0xfe8, FLAGS.EOT);
    assert.equal(r1(RXDR) & 0xff_ffff, 0xa1_b2c3);
    assert.equal(r2(RXDR) & 0xff_ffff, 0x1e_2d3c);
    w1(CR1, 0);
    w2(CR1, 0);
  }
});

test("NSS is active from MSSI before the first frame to the last, rests between frames with SSOM, with pauses of MIDI", () => {
  const { at, w1, send1, wait } = rig();
  const edges: number[] = [];
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, (MASTER | SSOE | (1 << 30) | (4 << 4) | 3) >>> 0);
  w1(CR2, 2);
  w1(CR1, 1);
  send1(0x11, 0x22);
  let now = 0;
  at("PA4").gpio.observe(4, () => edges.push(now));
  w1(CR1, 0x201);
  for (; now < 40; now++) wait(BIT_NS);
  // 3 periods, 8 bits, 4 periods at rest, 3, 8.
  assert.deepEqual(edges, [0, 0, 10, 14, 25]);
});

test("CRC: both ends append it and compare; a wrong one is CRCE", () => {
  const { r1, r2, w1, w2, wait } = rig();
  const crc = (1 << 22) | (bits(8) << 16);
  const run = (polynomial: number): void => {
    w1(CFG1, SLOW | crc | bits(8));
    w1(CFG2, (MASTER | SSOE) >>> 0);
    w1(CRCPOLY, 0x107);
    w2(CFG1, crc | bits(8));
    w2(CFG2, 0);
    w2(CRCPOLY, polynomial);
    w1(CR2, 3);
    w2(CR2, 3);
    w1(CR1, 1);
    w2(CR1, 1);
    w2(TXDR, 0x0039_3831);
    w1(TXDR, 0x0033_3231);
    w1(CR1, 0x201);
    wait(33 * BIT_NS);
    assert.equal(r1(SR) & FLAGS.EOT, FLAGS.EOT);
  };
  run(0x107);
  assert.equal(r1(SR) & FLAGS.CRCE, 0);
  assert.equal(r2(SR) & FLAGS.CRCE, 0);
  // CRC-8 (x^8 + x^2 + x + 1) of "123".
  assert.equal(r1(0x44), 0xc0);
  assert.equal(r2(0x48), 0xc0);
  assert.equal(r2(SR) & 0xe000, 3 << 13, "the CRC is not in the FIFO");
  for (const w of [w1, w2]) w(CR1, 0);
  run(0x131);
  assert.equal(r1(SR) & FLAGS.CRCE, FLAGS.CRCE);
  assert.equal(r2(SR) & FLAGS.CRCE, FLAGS.CRCE);
});

test("TI mode: a pulse of NSS in front of each frame; one inside a frame is a frame error", () => {
  const { r1, r2, w1, w2, send1, send2, wait, drive } = rig();
  const ti = 1 << 19;
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, (MASTER | SSOE | ti) >>> 0);
  w2(CFG1, bits(8));
  w2(CFG2, ti);
  w1(CR2, 2);
  w1(CR1, 1);
  w2(CR1, 1);
  send2(0xc5, 0x3a);
  send1(0x96, 0x69);
  w1(CR1, 0x201);
  wait(19 * BIT_NS);
  assert.equal(r2(RXDR) & 0xffff, 0x6996);
  assert.equal(r1(RXDR) & 0xffff, 0x3ac5);
  assert.equal(r2(SR) & FLAGS.TIFRE, 0);
  w1(CR1, 0);
  w1(CFG2, 0);
  // By hand: NSS pulse, three bits, NSS pulse.
  for (const nss of [1, 0, 0, 0, 1]) {
    drive("PB12", nss === 1);
    drive("PB13", true);
    drive("PB13", false);
  }
  assert.equal(r2(SR) & FLAGS.TIFRE, FLAGS.TIFRE);
});

test("half duplex on one wire, in either direction", () => {
  const { r1, r2, w1, w2, wait } = rig([
    ["PA4", "PB12"],
    ["PA5", "PB13"],
    ["PA7", "PB14"],
  ]);
  const half = 3 << 17;
  const HDDIR = 1 << 11;
  const setUp = (masterSends: boolean): void => {
    w1(CFG1, SLOW | bits(8));
    w1(CFG2, (MASTER | SSOE | half) >>> 0);
    w2(CFG1, bits(8));
    w2(CFG2, half);
    w1(CR2, 1);
    w1(CR1, masterSends ? HDDIR | 1 : 1);
    w2(CR1, masterSends ? 1 : HDDIR | 1);
    (masterSends ? w1 : w2)(TXDR, 0x5c);
    w1(CR1, masterSends ? HDDIR | 0x201 : 0x201);
    wait(9 * BIT_NS);
  };
  setUp(true);
  assert.equal(r2(RXDR) & 0xff, 0x5c);
  for (const w of [w1, w2]) w(CR1, 0);
  setUp(false);
  assert.equal(r1(RXDR) & 0xff, 0x5c);
});

test("a slave without data tells UDR and sends what UDRCFG says", () => {
  const { r1, r2, w1, w2, send1, send2, wait } = rig();
  for (const [choice, expected] of [
    [0, 0xe7],
    [1, 0x12],
    [2, 0x77],
  ] as const) {
    w1(CFG1, SLOW | bits(8));
    w1(CFG2, (MASTER | SSOE) >>> 0);
    w2(CFG1, bits(8) | (choice << 9));
    w2(CFG2, 0);
    w2(UDRDR, 0xe7);
    w1(CR2, 2);
    w1(CR1, 1);
    w2(CR1, 1);
    send2(0x77);
    send1(0x12, 0x34);
    w1(CR1, 0x201);
    wait(7.9 * BIT_NS);
    assert.equal(r2(SR) & FLAGS.UDR, 0);
    wait(9 * BIT_NS);
    assert.equal(r2(SR) & FLAGS.UDR, FLAGS.UDR);
    assert.equal((r1(RXDR) >>> 8) & 0xff, expected);
    w2(IFCR, FLAGS.UDR);
    assert.equal(r2(SR) & FLAGS.UDR, 0);
    for (const w of [w1, w2]) w(CR1, 0);
  }
});

test("a mode fault: NSS goes active at a master's input, or SSI says so; it is off and a slave until MODF is cleared", () => {
  const { r1, w1, drive, log } = rig([]);
  drive("PA4", true);
  w1(CFG2, MASTER);
  w1(CR1, 1);
  assert.equal(r1(SR) & FLAGS.MODF, 0);
  drive("PA4", false);
  assert.equal(r1(SR) & FLAGS.MODF, FLAGS.MODF);
  assert.equal(r1(CR1) & 1, 0);
  assert.equal(r1(CFG2) & MASTER, 0);
  assert.ok(log.has(/mode fault/));
  drive("PA4", true);
  w1(CFG2, MASTER);
  assert.equal(r1(CFG2) & MASTER, 0);
  w1(IFCR, FLAGS.MODF);
  w1(CFG2, MASTER | SSM);
  w1(CR1, 1);
  assert.equal(r1(SR) & FLAGS.MODF, FLAGS.MODF, "SSI = 0");
});

test("MASRX suspends a full receiver and goes on when there is room; without it frames are lost", () => {
  const { r1, w1, wait } = rig([]);
  const receiveOnly = 2 << 17;
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, MASTER | SSM | receiveOnly);
  w1(CR2, 20);
  w1(CR1, SSI | 0x101);
  w1(CR1, SSI | 0x301);
  wait(18 * 8 * BIT_NS);
  assert.equal(r1(SR) & (FLAGS.OVR | FLAGS.SUSP), FLAGS.SUSP);
  assert.equal(r1(SR) >>> 16, 4);
  for (let word = 0; word < 4; word++) r1(RXDR);
  wait(5 * 8 * BIT_NS);
  assert.equal(r1(SR) & (FLAGS.OVR | FLAGS.EOT), FLAGS.EOT);
  w1(CR1, SSI);
  w1(CR1, SSI | 1);
  w1(CR1, SSI | 0x201);
  wait(21 * 8 * BIT_NS);
  assert.equal(r1(SR) & (FLAGS.OVR | FLAGS.EOT), FLAGS.OVR | FLAGS.EOT);
});

test("CSUSP takes effect behind the frame under way; TSER lengthens a transfer", () => {
  const { r1, w1, wait } = rig([]);
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, MASTER | SSM);
  w1(CR2, (2 << 16) | 2);
  w1(CR1, SSI | 1);
  w1(TXDR, 0x0403_0201);
  w1(CR1, SSI | 0x201);
  wait(4 * BIT_NS);
  w1(CR1, SSI | 0x401);
  assert.equal(r1(SR) & FLAGS.SUSP, 0);
  wait(5 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.SUSP, FLAGS.SUSP);
  assert.equal(r1(CR1) & 0x200, 0);
  wait(20 * BIT_NS);
  assert.equal(r1(SR) >>> 16, 1);
  w1(IFCR, FLAGS.SUSP);
  w1(CR1, SSI | 0x201);
  wait(9 * BIT_NS);
  assert.equal(r1(SR) & (FLAGS.EOT | FLAGS.TSERF), FLAGS.TSERF);
  assert.equal(r1(CR2), 2);
  wait(16 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.EOT, FLAGS.EOT);
});

test("I2S: a slave receives what a master sends, in every format, left channel first", () => {
  const { r2, w1, w2, wait } = rig([
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
      w2(CR1, 1);
      w1(CR1, 1);
      const mask = index === 2 ? 0xff_ffff : wide ? 0xffff_ffff : 0xffff;
      const samples = [0x8123_4567, 0x7fed_cba9].map((sample) => (sample & mask) >>> 0);
      if (wide) for (const sample of samples) w1(TXDR, sample);
      else w1(TXDR, (samples[0] as number) | ((samples[1] as number) << 16));
      w1(CR1, 0x201);
      wait(70 * 500);
      const got = wide ? [r2(RXDR), r2(RXDR)] : [r2(RXDR)].flatMap((both) => [both & 0xffff, both >>> 16]);
      assert.deepEqual(got, samples, `standard ${standard}, format ${index}`);
      assert.equal(r2(SR) & FLAGS.TIFRE, 0);
      for (const w of [w1, w2]) w(CR1, 0);
    }
  }
});

test("I2S: WS runs at the sample rate that I2SDIV, ODD and the master clock give", () => {
  const { at, w1, wait, timeline } = rig([["PA4", "PB0"]]);
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

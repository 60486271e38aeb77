import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BIT_NS,
  bits,
  CFG1,
  CFG2,
  CPHA,
  CR1,
  CR2,
  CRCPOLY,
  FLAGS,
  IFCR,
  LSBFRST,
  MASTER,
  RXDR,
  SLOW,
  SR,
  SSI,
  SSM,
  SSOE,
  spiRig,
  TXDR,
  UDRDR,
} from "./spi-rig.js";

test("a wire from MOSI to MISO: what is sent comes back, in all sizes, either bit first", () => {
  const { r1, w1, wait } = spiRig([["PA6", "PA7"]]);
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
      w1(IFCR, 0xff8);
    }
  }
});

test("master and slave exchange frames in all four modes", () => {
  const { r1, r2, w1, w2, wait } = spiRig();
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
    for (const w of [w1, w2]) w(CR1, 0);
    for (const w of [w1, w2]) w(IFCR, 0xff8);
  }
});

test("NSS is active from MSSI before the first frame to the last, rests between frames with SSOM, with pauses of MIDI", () => {
  const { at, w1, send1, wait } = spiRig();
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
  // 3 periods, 8 bits, 3 of 4 periods at rest, the fourth, 8.
  assert.deepEqual(edges, [0, 0, 10, 13, 22]);
});

test("CRC: both ends append it and compare; a wrong one is CRCE", () => {
  const { r1, r2, w1, w2, wait } = spiRig();
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
  for (const w of [w1, w2]) w(IFCR, 0xff8);
  assert.equal(r1(0x44), 0, "SPE = 0 starts it anew");
  run(0x131);
  assert.equal(r1(SR) & FLAGS.CRCE, FLAGS.CRCE);
  assert.equal(r2(SR) & FLAGS.CRCE, FLAGS.CRCE);
});

/** CRC as a polynomial division of the bits, highest first. */
function crcOf(bytes: readonly number[], polynomial: bigint, degree: bigint, start: bigint): number {
  let value = start;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const carry = ((value >> (degree - 1n)) & 1n) ^ BigInt((byte >> bit) & 1);
      value = ((value << 1n) & ((1n << degree) - 1n)) ^ (carry === 0n ? 0n : polynomial);
    }
  }
  return Number(value);
}

test("CRC: CRCPOLY's highest bit is its length, CRC33_17 gives the full one; CRCSIZE takes the highest bits, and pads with zeros", () => {
  const { r1, w1, wait } = spiRig([["PA6", "PA7"]]);
  const data = [0x31, 0x32, 0x33];
  const CRC33 = 1 << 13;
  for (const [size, poly, full, polynomial, degree, ones] of [
    [16, 0x1_1021, 0, 0x1021n, 16n, false],
    [8, 0x1_1021, 0, 0x1021n, 16n, true],
    [24, 0x1_1021, 0, 0x1021n, 16n, false],
    [32, 0x04c1_1db7, CRC33, 0x04c1_1db7n, 32n, true],
  ] as const) {
    w1(CFG1, SLOW | (1 << 22) | (bits(size) << 16) | bits(8));
    w1(CFG2, MASTER | SSM);
    w1(CRCPOLY, poly);
    w1(CR2, data.length);
    const cr1 = SSI | full | (ones ? 0xc000 : 0);
    w1(CR1, cr1 | 1);
    w1(TXDR, 0x0033_3231);
    w1(CR1, cr1 | 0x201);
    wait((24 + size) * BIT_NS - 100);
    assert.equal(r1(SR) & FLAGS.EOT, 0, `the CRC's frame has ${size} bits`);
    wait(200);
    // The wire brings its own CRC back.
    assert.equal(r1(SR) & (FLAGS.EOT | FLAGS.CRCE), FLAGS.EOT);
    const start = ones ? (1n << degree) - 1n : 0n;
    const expected = crcOf(data, polynomial, degree, start);
    assert.equal(r1(0x44), expected);
    assert.equal(r1(0x48), expected);
    w1(CR1, 0);
    w1(IFCR, 0xff8);
  }
});

test("CRC: what is on the line are the highest bits of the calculation", () => {
  const { r1, r2, w1, w2, wait } = spiRig();
  w1(CFG1, SLOW | (1 << 22) | (bits(8) << 16) | bits(8));
  w1(CFG2, (MASTER | SSOE) >>> 0);
  w1(CRCPOLY, 0x1_1021);
  // A slave without CRC takes the CRC's frame as data.
  w2(CFG1, bits(8));
  w2(CFG2, 0);
  w1(CR2, 2);
  w2(CR1, 1);
  w1(CR1, 1);
  w1(TXDR, 0x3231);
  w1(CR1, 0x201);
  wait(25 * BIT_NS);
  const expected = crcOf([0x31, 0x32], 0x1021n, 16n, 0n);
  assert.equal((r2(RXDR) >>> 16) & 0xff, expected >>> 8);
  assert.equal(r1(0x44), expected);
});

test("TI mode: the pulse of NSS is in front of the first frame, then in the last bit of the one before; one inside a frame is a frame error", () => {
  const { r1, r2, w1, w2, send1, send2, wait, drive } = spiRig();
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
  wait(16.9 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.EOT, 0);
  wait(0.2 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.EOT, FLAGS.EOT, "one period and two frames");
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
  // That pulse is ignored: what follows is no frame.
  for (let bit = 0; bit < 8; bit++) {
    drive("PB12", false);
    drive("PB13", true);
    drive("PB13", false);
  }
  assert.equal(r2(SR) & 0xe001, 0);
});

test("TI mode has the highest bit first, and no pauses, whatever LSBFRST and MIDI say", () => {
  const { r1, w1, send1, wait } = spiRig([["PA6", "PA7"]]);
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, MASTER | (1 << 19) | LSBFRST | (9 << 4));
  w1(CR2, 2);
  w1(CR1, 1);
  send1(0x80, 0x01);
  w1(CR1, 0x201);
  wait(1.75 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.EOT, 0);
  wait(15.3 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.EOT, FLAGS.EOT);
  assert.equal(r1(RXDR) & 0xffff, 0x0180);
});

test("half duplex on one wire, in either direction", () => {
  const { r1, r2, w1, w2, wait } = spiRig([
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

test("a slave without data tells UDR and sends what UDRCFG says until UDR is cleared: at a frame's end, or behind a dummy frame", () => {
  const { r1, r2, w1, w2, send1, send2, wait } = spiRig();
  for (const atEnd of [true, false]) {
    for (const [choice, expected] of [
      [0, 0xe7],
      [1, 0x34],
      [2, 0x77],
    ] as const) {
      w1(CFG1, SLOW | bits(8));
      w1(CFG2, (MASTER | SSOE) >>> 0);
      w2(CFG1, bits(8) | (choice << 9) | (atEnd ? 1 << 11 : 0));
      w2(CFG2, 0);
      w2(UDRDR, 0xe7);
      w1(CR2, 4);
      w1(CR1, 1);
      w2(CR1, 1);
      send2(0x77);
      send1(0x12, 0x34, 0x56, 0x78);
      w1(CR1, 0x201);
      wait(7.4 * BIT_NS);
      assert.equal(r2(SR) & FLAGS.UDR, 0);
      wait(0.5 * BIT_NS);
      assert.equal(r2(SR) & FLAGS.UDR, atEnd ? FLAGS.UDR : 0);
      wait(BIT_NS);
      assert.equal(r2(SR) & FLAGS.UDR, FLAGS.UDR);
      wait(8 * BIT_NS);
      // In the third frame: what is written now waits until UDR is cleared.
      send2(0x99);
      wait(3 * BIT_NS);
      w2(IFCR, FLAGS.UDR);
      assert.equal(r2(SR) & FLAGS.UDR, 0);
      wait(16 * BIT_NS);
      const got = r1(RXDR);
      assert.equal(got & 0xff, 0x77);
      assert.equal((got >>> 16) & 0xff, expected, `UDRCFG ${choice}`);
      assert.equal(got >>> 24, 0x99);
      for (const w of [w1, w2]) w(CR1, 0);
      for (const w of [w1, w2]) w(IFCR, 0xff8);
    }
  }
});

test("a slave that is enabled while NSS is active waits for its next start", () => {
  const { r2, w2, drive } = spiRig([]);
  const frame = (): void => {
    for (let bit = 0; bit < 8; bit++) {
      drive("PB13", true);
      drive("PB13", false);
    }
  };
  for (const pin of ["PB12", "PB13", "PB15"]) drive(pin, false);
  w2(CFG1, bits(8));
  w2(CR1, 1);
  frame();
  assert.equal(r2(SR) & 1, 0);
  drive("PB12", true);
  drive("PB12", false);
  frame();
  assert.equal(r2(SR) & 1, 1);
});

test("a mode fault: NSS goes active at a master's input, or SSI says so; it is off and a slave until MODF is cleared", () => {
  const { r1, w1, drive, log } = spiRig([]);
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
  w1(CR1, 0x1_0001);
  assert.equal(r1(CR1), 0, "neither SPE nor IOLOCK until MODF is cleared");
  w1(IFCR, FLAGS.MODF);
  // SSOE keeps the pin's level out, not SSI.
  w1(CFG2, (MASTER | SSM | SSOE) >>> 0);
  w1(CR1, 1);
  assert.equal(r1(SR) & FLAGS.MODF, FLAGS.MODF, "SSI = 0");
});

test("MASRX suspends a full receiver until SUSP is cleared; without it frames are lost until OVR is", () => {
  const { r1, w1, wait } = spiRig([]);
  const receiveOnly = 2 << 17;
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, MASTER | SSM | receiveOnly);
  w1(CR2, 20);
  w1(CR1, SSI | 0x101);
  w1(CR1, SSI | 0x301);
  wait(18 * 8 * BIT_NS);
  assert.equal(r1(SR) & (FLAGS.OVR | FLAGS.SUSP), FLAGS.SUSP);
  assert.equal(r1(CR1) & 0x200, 0x200, "CSTART stays");
  assert.equal(r1(SR) >>> 16, 4);
  for (let word = 0; word < 4; word++) r1(RXDR);
  wait(5 * 8 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.EOT, 0, "room alone is not enough");
  w1(IFCR, FLAGS.SUSP);
  wait(5 * 8 * BIT_NS);
  assert.equal(r1(SR) & (FLAGS.OVR | FLAGS.EOT), FLAGS.EOT);
  w1(CR1, SSI);
  assert.equal(r1(SR) & FLAGS.EOT, FLAGS.EOT, "SPE = 0 clears no flag");
  w1(IFCR, 0xff8);
  w1(CR2, 40);
  w1(CR1, SSI | 1);
  w1(CR1, SSI | 0x201);
  wait(18 * 8 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.OVR, FLAGS.OVR);
  for (let word = 0; word < 4; word++) r1(RXDR);
  wait(4 * 8 * BIT_NS);
  assert.equal(r1(SR) & 0xe001, 0, "lost, although there is room");
  w1(IFCR, FLAGS.OVR);
  wait(2 * 8 * BIT_NS);
  assert.equal(r1(SR) & 0xe000, 2 << 13);
});

test("full duplex overruns whatever MASRX says", () => {
  const { r1, w1, send1, wait } = spiRig([]);
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, MASTER | SSM);
  w1(CR2, 20);
  w1(CR1, SSI | 0x101);
  w1(CR1, SSI | 0x301);
  for (let byte = 0; byte < 20; byte++) {
    send1(byte);
    wait(8 * BIT_NS);
  }
  assert.equal(r1(SR) & (FLAGS.OVR | FLAGS.SUSP), FLAGS.OVR);
});

test("CSUSP takes effect behind the frame under way; CSTART waits until SUSP is cleared; TSER lengthens a transfer", () => {
  const { r1, w1, send1, wait } = spiRig([]);
  w1(CFG1, SLOW | bits(8));
  w1(CFG2, MASTER | SSM);
  w1(CR2, (2 << 16) | 2);
  w1(CR1, SSI | 1);
  send1(1, 2, 3, 4);
  w1(CR1, SSI | 0x201);
  wait(4 * BIT_NS);
  w1(CR1, SSI | 0x401);
  assert.equal(r1(SR) & FLAGS.SUSP, 0);
  wait(5 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.SUSP, FLAGS.SUSP);
  assert.equal(r1(CR1) & 0x200, 0);
  wait(20 * BIT_NS);
  assert.equal(r1(SR) >>> 16, 1);
  w1(CR1, SSI | 0x201);
  assert.equal(r1(CR1) & 0x200, 0);
  w1(IFCR, FLAGS.SUSP);
  w1(CR1, SSI | 0x201);
  w1(CR2, (7 << 16) | 2);
  assert.equal(r1(CR2) >>> 16, 2, "TSER takes a value only when it has none");
  wait(9 * BIT_NS);
  assert.equal(r1(SR) & (FLAGS.EOT | FLAGS.TSERF), FLAGS.TSERF);
  assert.equal(r1(CR2), 2);
  w1(CR2, 2);
  assert.equal(r1(SR) & FLAGS.TSERF, 0, "writing TSER clears TSERF");
  wait(16 * BIT_NS);
  assert.equal(r1(SR) & FLAGS.EOT, FLAGS.EOT);
});

test("TXDR takes what TSIZE counts and no more; TXP asks for the rest of the last packet; TXTF takes TXPIE and DXPIE away", () => {
  const { r1, w1, wait } = spiRig([["PA6", "PA7"]]);
  // Packets of four.
  w1(CFG1, SLOW | (3 << 5) | bits(8));
  w1(CFG2, MASTER | SSM);
  w1(CR2, 18);
  w1(0x10, 6);
  w1(TXDR, 0x4444_4444);
  w1(CR1, SSI | 1);
  for (let word = 0; word < 4; word++) {
    assert.equal(r1(SR) & 2, 2);
    w1(TXDR, 0x0403_0201);
  }
  assert.equal(r1(SR) & 0x12, 0, "full, two are missing");
  w1(CR1, SSI | 0x201);
  wait(8.5 * BIT_NS);
  assert.equal(r1(SR) & 2, 2, "two places are enough for the last two");
  assert.equal(r1(0x10), 6);
  w1(TXDR, 0x0807_0605);
  assert.equal(r1(SR) & 0x12, 0x10);
  assert.equal(r1(0x10), 0);
  wait(8 * 8 * BIT_NS);
  for (let word = 0; word < 2; word++) assert.equal(r1(RXDR), 0x0403_0201);
  wait(9 * 8 * BIT_NS);
  for (let word = 0; word < 2; word++) assert.equal(r1(RXDR), 0x0403_0201);
  assert.equal(r1(RXDR), 0x0605, "no more than 18, and zeros behind them");
  assert.equal(r1(SR) & FLAGS.EOT, FLAGS.EOT);
});

test("with TSIZE = 0 TXC interrupts by EOTIE when all is sent; 24-bit frames take three bytes of the FIFO", () => {
  const { r1, w1, wait } = spiRig([["PA6", "PA7"]]);
  w1(CFG1, SLOW | bits(24));
  w1(CFG2, MASTER | SSM);
  w1(CR1, SSI | 1);
  let taken = 0;
  for (; (r1(SR) & 2) !== 0; taken++) w1(TXDR, taken);
  assert.equal(taken, 5);
  w1(CR1, SSI | 0x201);
  wait(24.5 * BIT_NS);
  assert.equal(r1(SR) & 0xf001, 1, "neither RXWNE nor RXPLVL tell of a single one");
  wait(24 * BIT_NS);
  assert.equal(r1(SR) & 0xe001, 0x8001);
  assert.equal(r1(SR) & 0x1000, 0);
  wait(3 * 24 * BIT_NS);
  assert.equal(r1(SR) & 0x1000, 0x1000);
});

test("IOLOCK holds CFG2 until SPE is cleared and cannot be set while SPE = 1; UDRDR is fixed then", () => {
  const { r1, w1 } = spiRig([]);
  w1(CR1, 0x1_1000);
  w1(CFG2, MASTER | SSM);
  assert.equal(r1(CFG2), 0);
  w1(CR1, 0x1001);
  assert.equal(r1(CR1) >>> 16, 1);
  w1(UDRDR, 5);
  assert.equal(r1(UDRDR), 0);
  w1(CR1, 0x1_1000);
  assert.equal(r1(CR1) >>> 16, 0);
  w1(CR1, 0x1001);
  w1(CR1, 0x1_1001);
  assert.equal(r1(CR1) >>> 16, 0);
});

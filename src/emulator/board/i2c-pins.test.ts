import assert from "node:assert/strict";
import { test } from "node:test";
import { OPEN_DRAIN, wiredChip } from "./wired-chip.js";

/** I2C1 on PB6 and PB7, SMBA PB5; I2C2 on PB10 and PB11 (AF4). */
const I2C1 = 0x4000_5400;
const I2C2 = 0x4000_5800;
const CR1 = 0x00;
const CR2 = 0x04;
const OAR1 = 0x08;
const OAR2 = 0x0c;
const TIMINGR = 0x10;
const TIMEOUTR = 0x14;
const ISR = 0x18;
const ICR = 0x1c;
const PECR = 0x20;
const RXDR = 0x24;
const TXDR = 0x28;
const START = 1 << 13;
const NACK = 1 << 15;
const READ = 1 << 10;
const ADD10 = 1 << 11;
const RELOAD = 1 << 24;
const AUTOEND = 1 << 25;
const PECBYTE = 1 << 26;
const TXIS = 2;
const RXNE = 4;
const ADDR = 8;
const NACKF = 0x10;
const STOPF = 0x20;
const TC = 0x40;
const TCR = 0x80;
const BERR = 0x100;
const ARLO = 0x200;
const OVR = 0x400;
const PECERR = 0x800;
const TIMEOUT = 0x1000;
const ALERT = 0x2000;
const BUSY = 0x8000;
const OA1EN = 1 << 15;
const bytes = (count: number): number => count << 16;

/** Some 10 us a clock. */
function rig() {
  const made = wiredChip(["PB6", "PB10"], ["PB7", "PB11"], ["PB5", "PB12"]);
  const { mux, read, write } = made;
  // I2C1 to I2C3 are clocked by HSI.
  write(0x5802_4454, 2 << 12);
  for (const pin of ["PB5", "PB6", "PB7", "PB10", "PB11", "PB12"]) mux(pin, 4, OPEN_DRAIN);
  const r1 = (register: number): number => read(I2C1 + register);
  const r2 = (register: number): number => read(I2C2 + register);
  const w1 = (register: number, value: number): void => write(I2C1 + register, value);
  const w2 = (register: number, value: number): void => write(I2C2 + register, value);
  for (const w of [w1, w2]) w(TIMINGR, 0xf000_1313);
  return { ...made, r1, r2, w1, w2 };
}

/** A little more than a byte with its acknowledge. */
const BYTE_NS = 100e3;

test("a master writes to a slave and reads from it; SCL waits for software at either end", () => {
  const { r1, r2, w1, w2, wait, level } = rig();
  w2(OAR1, OA1EN | 0x52);
  w2(CR1, 1);
  w1(CR1, 1);
  w1(CR2, START | bytes(2) | 0x52);
  wait(2 * BYTE_NS);
  assert.equal(r2(ISR) & (ADDR | (1 << 16)), ADDR);
  assert.equal((r2(ISR) >>> 17) & 0x7f, 0x29);
  assert.equal(r1(ISR) & (TXIS | BUSY), TXIS | BUSY);
  assert.equal(level("PB6"), false);
  w2(ICR, ADDR);
  w1(TXDR, 0xa5);
  w1(TXDR, 0x3c);
  wait(2.2 * BYTE_NS);
  assert.equal(level("PB10"), false, "the slave has not read the first byte");
  assert.equal(r2(RXDR), 0xa5);
  assert.equal(r2(RXDR), 0x3c);
  assert.equal(r1(ISR) & TC, 0, "its acknowledge is still to come");
  wait(0.2 * BYTE_NS);
  assert.equal(r1(ISR) & TC, TC);
  w1(CR2, START | READ | AUTOEND | bytes(2) | 0x52);
  wait(2 * BYTE_NS);
  assert.equal(r2(ISR) & (ADDR | (1 << 16)), ADDR | (1 << 16));
  w2(ICR, ADDR);
  assert.equal(r2(ISR) & TXIS, TXIS);
  w2(TXDR, 0x11);
  wait(1.5 * BYTE_NS);
  assert.equal(r1(RXDR), 0x11);
  w2(TXDR, 0x22);
  wait(2 * BYTE_NS);
  assert.equal(r1(RXDR), 0x22);
  assert.equal(r1(ISR) & (STOPF | BUSY | NACKF), STOPF);
  assert.equal(r2(ISR) & (STOPF | BUSY | NACKF), STOPF | NACKF);
  assert.equal((r1(ISR) | r2(ISR)) & (BERR | ARLO | OVR), 0);
});

test("own addresses: the second one with a mask, general call, SMBus host and default; reserved ones stay alone", () => {
  const { r1, r2, w1, w2, wait } = rig();
  const answered = (address: number, cr1 = 0): boolean => {
    w2(CR1, 1 | cr1);
    w1(CR1, 1);
    w1(CR2, START | AUTOEND | address);
    wait(2 * BYTE_NS);
    const yes = (r2(ISR) & ADDR) !== 0;
    assert.equal((r1(ISR) & NACKF) === 0, yes);
    for (const w of [w1, w2]) w(CR1, 0);
    return yes;
  };
  w2(OAR2, OA1EN | (2 << 8) | 0x68);
  assert.deepEqual(
    [0x68, 0x6e, 0x70].map((address) => answered(address)),
    [true, true, false],
  );
  w2(OAR2, 0);
  w2(OAR2, OA1EN | (7 << 8));
  assert.deepEqual(
    [0x20, 0x02, 0xf4].map((address) => answered(address)),
    [true, false, false],
  );
  w2(OAR2, 0);
  assert.deepEqual([answered(0), answered(0, 1 << 19)], [false, true]);
  assert.deepEqual([answered(0x10), answered(0x10, 1 << 20)], [false, true]);
  assert.deepEqual([answered(0xc2), answered(0xc2, 1 << 21)], [false, true]);
});

test("addresses of ten bits, in both directions", () => {
  const { r1, r2, w1, w2, wait } = rig();
  w2(OAR1, OA1EN | (1 << 10) | 0x2a5);
  w2(CR1, 1);
  w1(CR1, 1);
  w1(CR2, START | ADD10 | bytes(1) | 0x2a5);
  wait(3 * BYTE_NS);
  assert.equal(r2(ISR) & ADDR, ADDR);
  assert.equal((r2(ISR) >>> 17) & 0x7f, 0x7a);
  w2(ICR, ADDR);
  w1(TXDR, 0x77);
  wait(1.5 * BYTE_NS);
  assert.equal(r2(RXDR), 0x77);
  w1(CR2, START | ADD10 | READ | AUTOEND | bytes(1) | 0x2a5);
  wait(3 * BYTE_NS);
  assert.equal(r2(ISR) & (ADDR | (1 << 16)), ADDR, "first to write, with the whole address");
  w2(ICR, ADDR);
  wait(2 * BYTE_NS);
  assert.equal(r2(ISR) & (ADDR | (1 << 16)), ADDR | (1 << 16));
  w2(ICR, ADDR);
  w2(TXDR, 0x99);
  wait(2 * BYTE_NS);
  assert.equal(r1(RXDR), 0x99);
  w1(CR1, 0);
  w1(CR1, 1);
  w1(CR2, START | ADD10 | AUTOEND | bytes(1) | 0x2a6);
  wait(4 * BYTE_NS);
  assert.equal(r1(ISR) & NACKF, NACKF);
  assert.equal(r1(CR2) & START, 0);
});

test("a header of ten bits that nobody knows is sent again and again, until ADDRCF takes START back", () => {
  const { r1, w1, wait } = rig();
  w1(CR1, 1);
  w1(CR2, START | ADD10 | AUTOEND | bytes(1) | 0x2a6);
  for (let time = 0; time < 3; time++) {
    wait(2 * BYTE_NS);
    assert.equal(r1(ISR) & (NACKF | STOPF), NACKF | STOPF);
    assert.equal(r1(CR2) & START, START);
    w1(ICR, NACKF | STOPF);
  }
  w1(ICR, ADDR);
  assert.equal(r1(CR2) & START, 0);
  wait(2 * BYTE_NS);
  w1(ICR, NACKF | STOPF);
  wait(3 * BYTE_NS);
  assert.equal(r1(ISR) & (NACKF | STOPF | BUSY), 0);
});

test("a START that is set while the own stop condition is under way follows it", () => {
  const { r1, w1, wait } = rig();
  w1(CR1, 1);
  w1(CR2, START | AUTOEND | 0x24);
  while ((r1(ISR) & NACKF) === 0) wait(1e3);
  assert.equal(r1(ISR) & STOPF, 0);
  w1(CR2, START | AUTOEND | 0x24);
  wait(0.3 * BYTE_NS);
  assert.equal(r1(ISR) & STOPF, STOPF);
  w1(ICR, NACKF | STOPF);
  wait(1.5 * BYTE_NS);
  assert.equal(r1(ISR) & (NACKF | STOPF), NACKF | STOPF);
});

test("a received byte is in RXDR after eight clocks; the ninth waits until the one before is read", () => {
  const { r1, r2, w1, w2, wait, timeline, level } = rig();
  /** SCL's rising edges until something is so. */
  const clocksUntil = (done: () => boolean): number => {
    let clocks = 0;
    for (let high = false; !done(); wait(500)) {
      if (!high && level("PB6")) clocks++;
      high = level("PB6");
    }
    return clocks;
  };
  w2(OAR1, OA1EN | 0x52);
  w2(CR1, 1);
  w1(CR1, 1);
  w1(CR2, START | READ | AUTOEND | bytes(3) | 0x52);
  wait(1.5 * BYTE_NS);
  w2(TXDR, 1);
  w2(ICR, ADDR);
  assert.equal(
    clocksUntil(() => (r1(ISR) & RXNE) !== 0),
    8,
  );
  w2(TXDR, 2);
  const end = timeline.now + 5 * BYTE_NS;
  assert.equal(
    clocksUntil(() => timeline.now > end),
    9,
  );
  assert.equal(r1(RXDR), 1);
  wait(0.3 * BYTE_NS);
  // STOP ends a reading behind the byte under way, with NACK.
  w1(CR2, (1 << 14) | READ | AUTOEND | bytes(3) | 0x52);
  w2(TXDR, 3);
  assert.equal(r1(RXDR), 2);
  wait(3 * BYTE_NS);
  assert.equal(r1(RXDR), 3);
  assert.equal(r1(ISR) & STOPF, STOPF);
  assert.equal(r2(ISR) & (STOPF | NACKF), STOPF | NACKF);
});

test("what is fixed: own addresses while they are enabled, timeouts while they run, TXDR while it is full; WUPEN without a digital filter only", () => {
  const { r1, w1, log } = rig();
  w1(OAR1, OA1EN | 0x52);
  w1(OAR1, OA1EN | 0x54);
  assert.equal(r1(OAR1), OA1EN | 0x52);
  w1(OAR1, 0x54);
  assert.equal(r1(OAR1), 0x52, "as long as OA1EN was set");
  w1(OAR1, OA1EN | 0x54);
  assert.equal(r1(OAR1), OA1EN | 0x54);
  w1(TIMEOUTR, 0x8000_8001 | 0x1_0000);
  w1(TIMEOUTR, 0x8fff_9fff);
  assert.equal(r1(TIMEOUTR), 0x8001_8001);
  w1(CR1, (1 << 18) | 0x100);
  assert.equal(r1(CR1), 0x100);
  w1(CR1, 1);
  w1(TXDR, 1);
  w1(TXDR, 2);
  assert.equal(r1(TXDR), 1);
  assert.ok(log.has(/TXE = 0/));
});

test("a slave refuses a byte with NACK, and without stretching loses what it does not serve", () => {
  const { r1, r2, w1, w2, wait } = rig();
  w2(OAR1, OA1EN | 0x52);
  w2(CR1, 1);
  w1(CR1, 1);
  w1(CR2, START | AUTOEND | bytes(3) | 0x52);
  wait(1.5 * BYTE_NS);
  w2(ICR, ADDR);
  w2(CR2, NACK);
  w1(TXDR, 1);
  wait(2 * BYTE_NS);
  assert.equal(r1(ISR) & (NACKF | STOPF), NACKF | STOPF);
  assert.equal(r2(CR2) & NACK, 0);
  w2(CR1, 0);
  w2(CR1, 1 | (1 << 17));
  w1(ICR, 0x3f38);
  w1(CR2, START | AUTOEND | bytes(3) | 0x52);
  for (let byte = 0; byte < 4; byte++) {
    if ((r1(ISR) & TXIS) !== 0) w1(TXDR, byte);
    wait(1.2 * BYTE_NS);
  }
  wait(2 * BYTE_NS);
  assert.equal(r2(ISR) & OVR, OVR);
  assert.equal(r2(RXDR), 1);
  assert.equal(r1(ISR) & NACKF, NACKF, "the byte that found no room is refused");
});

test("without stretching, STOPF has to be cleared before the first byte is sent", () => {
  for (const cleared of [false, true]) {
    const { r1, r2, w1, w2, wait } = rig();
    w2(OAR1, OA1EN | 0x52);
    w2(CR1, 1 | (1 << 17));
    w1(CR1, 1);
    for (const byte of [0x11, 0x22]) {
      w2(ICR, ADDR);
      w2(TXDR, byte);
      w1(CR2, START | READ | AUTOEND | bytes(1) | 0x52);
      wait(3 * BYTE_NS);
      assert.equal(r1(RXDR), byte);
      if (cleared) w2(ICR, STOPF);
    }
    assert.equal(r2(ISR) & OVR, cleared ? 0 : OVR);
  }
});

test("a slave that sends a one where the line is low has lost", () => {
  const { r2, w1, w2, wait, drive, at } = rig();
  w2(OAR1, OA1EN | 0x52);
  w2(CR1, 1);
  w1(CR1, 1);
  w1(CR2, START | READ | AUTOEND | bytes(1) | 0x52);
  wait(1.5 * BYTE_NS);
  w2(TXDR, 0xff);
  drive("PB11", false);
  w2(ICR, ADDR);
  wait(0.5 * BYTE_NS);
  assert.equal(r2(ISR) & ARLO, ARLO);
  at("PB11").gpio.release(11);
});

test("slave byte control: software sees each byte before it is answered", () => {
  const { r1, r2, w1, w2, wait } = rig();
  w2(OAR1, OA1EN | 0x52);
  w2(CR1, 1 | (1 << 16));
  w1(CR1, 1);
  w1(CR2, START | AUTOEND | bytes(2) | 0x52);
  wait(1.5 * BYTE_NS);
  w2(CR2, RELOAD | bytes(1));
  w2(ICR, ADDR);
  w1(TXDR, 0xab);
  wait(1.5 * BYTE_NS);
  assert.equal(r2(ISR) & (TCR | RXNE), TCR | RXNE);
  assert.equal(r2(RXDR), 0xab);
  wait(5 * BYTE_NS);
  assert.equal(r1(ISR) & NACKF, 0);
  w2(CR2, RELOAD | bytes(1));
  wait(0.3 * BYTE_NS);
  w1(TXDR, 0xcd);
  wait(1.5 * BYTE_NS);
  assert.equal(r2(RXDR), 0xcd);
  w2(CR2, RELOAD | NACK | bytes(1));
  wait(0.5 * BYTE_NS);
  assert.equal(r1(ISR) & NACKF, NACKF);
});

test("PEC: the master appends it, the slave checks it, and the other way round", () => {
  const { r1, r2, w1, w2, wait } = rig();
  const pecen = 1 << 23;
  w2(OAR1, OA1EN | 0x52);
  w2(CR1, 1 | (1 << 16) | pecen);
  w1(CR1, 1 | pecen);
  w2(CR2, PECBYTE | bytes(2));
  w1(CR2, START | AUTOEND | PECBYTE | bytes(2) | 0x52);
  wait(1.5 * BYTE_NS);
  w2(CR2, PECBYTE | bytes(2));
  w2(ICR, ADDR);
  w1(TXDR, 0x31);
  wait(1.5 * BYTE_NS);
  assert.equal(r2(RXDR), 0x31);
  wait(1.5 * BYTE_NS);
  // CRC-8 of 52h 31h.
  assert.equal(r2(RXDR), 0xb1);
  assert.equal(r1(ISR) & (STOPF | NACKF), STOPF);
  assert.equal(r2(ISR) & (STOPF | PECERR), STOPF);
  for (const w of [w1, w2]) w(CR1, 0);
  w2(CR1, 1);
  w1(CR1, 1 | pecen);
  w1(CR2, START | READ | AUTOEND | PECBYTE | bytes(2) | 0x52);
  wait(1.5 * BYTE_NS);
  w2(ICR, ADDR);
  w2(TXDR, 0x55);
  wait(1.5 * BYTE_NS);
  assert.equal(r1(RXDR), 0x55);
  w2(TXDR, 0x00);
  wait(1.5 * BYTE_NS);
  assert.equal(r1(ISR) & PECERR, PECERR);
  assert.notEqual(r1(PECR), 0);
});

test("PEC covers a message with its repeated starts", () => {
  const { r1, r2, w1, w2, wait } = rig();
  const pecen = 1 << 23;
  w2(OAR1, OA1EN | 0x52);
  w2(CR1, 1 | pecen);
  w1(CR1, 1 | pecen);
  w1(CR2, START | bytes(1) | 0x52);
  wait(1.5 * BYTE_NS);
  w2(ICR, ADDR);
  w1(TXDR, 0x31);
  wait(1.5 * BYTE_NS);
  r2(RXDR);
  w1(CR2, START | READ | AUTOEND | bytes(1) | 0x52);
  wait(2 * BYTE_NS);
  // CRC-8 of 52h 31h 53h.
  assert.equal(r2(PECR), 0xa0);
  w2(ICR, ADDR);
  w2(TXDR, 0);
  wait(2 * BYTE_NS);
  for (const [w, r] of [
    [w1, r1],
    [w2, r2],
  ] as const) {
    assert.notEqual(r(PECR), 0);
    w(CR1, 0);
    w(CR1, 1 | pecen);
    assert.equal(r(PECR), 0, "PE = 0 clears it");
  }
});

test("two masters: who sends a one where the other sends a zero loses, and can be the one that is addressed", () => {
  const { r1, r2, w1, w2, wait } = rig();
  w1(OAR1, OA1EN | 0x24);
  w1(CR1, 1);
  w2(CR1, 1);
  w1(CR2, START | AUTOEND | bytes(1) | 0x64);
  // Before the first one's start condition is over.
  w2(CR2, START | AUTOEND | bytes(1) | 0x24);
  assert.equal(r2(ISR) & BUSY, BUSY);
  wait(1.5 * BYTE_NS);
  assert.equal(r1(ISR) & NACKF, NACKF, "nobody is 64h");
  w1(ICR, 0x3f38);
  wait(2 * BYTE_NS);
  assert.equal(r1(ISR) & ADDR, ADDR, "the second one has waited for the bus");
});

test("a line that somebody else pulls low makes a master lose, a condition in the middle of a byte is a bus error", () => {
  const { r1, w1, wait, drive, at } = rig();
  w1(CR1, 1);
  w1(CR2, START | AUTOEND | bytes(1) | 0xfe);
  wait(3e4);
  drive("PB11", false);
  wait(3e4);
  assert.equal(r1(ISR) & ARLO, ARLO);
  const release = (name: string): void => at(name).gpio.release(at(name).pin);
  release("PB11");
  w1(CR1, 0);
  w1(OAR1, OA1EN | 0x52);
  w1(CR1, 1);
  const clock = (bit: boolean): void => {
    drive("PB11", bit);
    drive("PB10", true);
    drive("PB10", false);
  };
  drive("PB11", true);
  drive("PB10", true);
  drive("PB11", false);
  drive("PB10", false);
  for (const bit of [..."01010010"]) clock(bit === "1");
  release("PB11");
  assert.equal(at("PB7").gpio.level(7), false, "acknowledge");
  drive("PB10", true);
  drive("PB10", false);
  w1(ICR, ADDR);
  for (const bit of [..."101"]) clock(bit === "1");
  drive("PB11", false);
  drive("PB10", true);
  drive("PB11", true);
  assert.equal(r1(ISR) & BERR, BERR);
});

test("SMBus: SCL low for too long, an idle bus, and an alert", () => {
  const { r1, w1, w2, wait, drive, at } = rig();
  w1(TIMEOUTR, (1 << 15) | 9);
  w1(CR1, 1);
  drive("PB10", false);
  // 10 times 2048 periods of 64 MHz.
  wait(310e3);
  assert.equal(r1(ISR) & TIMEOUT, 0);
  wait(20e3);
  assert.equal(r1(ISR) & TIMEOUT, TIMEOUT);
  at("PB10").gpio.release(10);
  w1(CR1, 0);
  w1(TIMEOUTR, 0);
  w1(TIMEOUTR, (1 << 15) | (1 << 12) | 99);
  w1(CR1, 1);
  wait(6e3);
  assert.equal(r1(ISR) & TIMEOUT, 0);
  wait(1e3);
  assert.equal(r1(ISR) & TIMEOUT, TIMEOUT, "100 times 4 periods");
  w1(CR1, 1 | (1 << 20) | (1 << 22));
  assert.equal(r1(ISR) & ALERT, 0);
  w2(CR1, 1 | (1 << 22));
  assert.equal(r1(ISR) & ALERT, ALERT);
});

test("SMBus: TIMEOUTB counts what the peripheral itself stretches, and a master stops then", () => {
  const { r1, r2, w1, w2, wait } = rig();
  // 10 times 2048 periods of 64 MHz: 320 us.
  for (const w of [w1, w2]) w(TIMEOUTR, 0x8000_0000 | (9 << 16));
  w2(OAR1, OA1EN | 0x52);
  w2(CR1, 1);
  w1(CR1, 1);
  w1(CR2, START | bytes(9) | 0x52);
  wait(1.2 * BYTE_NS);
  w2(ICR, ADDR);
  for (let byte = 0; byte < 8; byte++) {
    w1(TXDR, byte);
    wait(0.5 * BYTE_NS);
    r2(RXDR);
    wait(0.6 * BYTE_NS);
  }
  assert.equal((r1(ISR) | r2(ISR)) & TIMEOUT, 0, "SCL was low for longer than that, by turns");
  wait(3.5 * BYTE_NS);
  assert.equal(r1(ISR) & TIMEOUT, TIMEOUT, "TXDR was not written");
  assert.equal(r2(ISR) & TIMEOUT, 0);
  wait(0.3 * BYTE_NS);
  assert.equal(r1(ISR) & (STOPF | BUSY), STOPF);
  assert.equal(r2(ISR) & STOPF, STOPF);
});

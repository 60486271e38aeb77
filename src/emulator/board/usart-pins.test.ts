import assert from "node:assert/strict";
import { test } from "node:test";
import { OPEN_DRAIN, wiredChip } from "./wired-chip.js";

const USART1 = 0x4001_1000;
const USART2 = 0x4000_4400;
const CR1 = 0x00;
const CR2 = 0x04;
const CR3 = 0x08;
const BRR = 0x0c;
const GTPR = 0x10;
const RTOR = 0x14;
const ISR = 0x1c;
const ICR = 0x20;
const RDR = 0x24;
const TDR = 0x28;
/** UE, RE, TE. */
const ENABLE = 0xd;
/** 64 MHz by 640. */
const BIT_NS = 1e4;

function rig(...wires: [string, string][]) {
  const made = wiredChip(...wires);
  const { read, write, wait } = made;
  /** Sends levels of a bit each to a pin. */
  const bits = (name: string, levels: string, bitNs = BIT_NS): void => {
    for (const level of levels) {
      made.drive(name, level === "1");
      wait(bitNs);
    }
  };
  const u1 = (register: number): number => read(USART1 + register);
  const u2 = (register: number): number => read(USART2 + register);
  const w1 = (register: number, value: number): void => write(USART1 + register, value);
  const w2 = (register: number, value: number): void => write(USART2 + register, value);
  /** What TE sends first. */
  const idleFrame = (): void => wait(13 * BIT_NS);
  w1(BRR, 640);
  w2(BRR, 640);
  return { ...made, bits, u1, u2, w1, w2, idleFrame };
}

test("what one USART sends over a wire another one receives, at its rate and with its parity", () => {
  const { mux, u2, w1, w2, wait, idleFrame } = rig(["PA9", "PA3"]);
  mux("PA9", 7);
  mux("PA3", 7);
  w1(CR1, ENABLE | 0x1400);
  w2(CR1, ENABLE | 0x1400);
  idleFrame();
  for (const byte of [0x00, 0xff, 0x5a]) {
    w1(TDR, byte);
    wait(10.6 * BIT_NS);
    assert.equal(u2(ISR) & 0x20, 0);
    wait(0.8 * BIT_NS);
    assert.equal(u2(ISR) & 0x2f, 0x20);
    assert.equal(u2(RDR) & 0xff, byte);
  }
  w2(CR1, 0);
  w2(BRR, 740);
  w2(CR1, ENABLE);
  w1(TDR, 0x55);
  wait(14 * BIT_NS);
  assert.notEqual(u2(ISR) & 2 || u2(RDR) !== 0x55, false, "a rate that is off by 16 % does not get through");
});

test("swapped pins, both levels inverted", () => {
  const { mux, u2, w1, w2, wait, idleFrame } = rig(["PA10", "PA3"]);
  mux("PA10", 7);
  mux("PA3", 7);
  w1(CR2, (1 << 15) | (1 << 17));
  w1(CR1, ENABLE);
  idleFrame();
  w2(CR2, 1 << 16);
  w2(CR1, ENABLE);
  w1(TDR, 0xa7);
  wait(11 * BIT_NS);
  assert.equal(u2(RDR), 0xa7);
  assert.equal(u2(ISR) & 0xf, 0);
});

test("a sample that differs from its neighbours is noise, and the majority wins; with ONEBIT nobody looks", () => {
  const { mux, drive, bits, u1, w1, wait } = rig();
  const frame = (): void => {
    bits("PA10", "0101");
    wait(0.5 * BIT_NS);
    drive("PA10", false);
    wait(BIT_NS / 16);
    drive("PA10", true);
    wait(BIT_NS * (7 / 16));
    bits("PA10", "010011");
  };
  drive("PA10", true);
  mux("PA10", 7);
  w1(CR3, 1);
  w1(CR1, ENABLE);
  frame();
  assert.equal(u1(ISR) & 0x2f, 0x24);
  assert.equal(u1(RDR), 0b0010_1101 & 0xff);
  w1(ICR, 4);
  assert.equal(u1(ISR) & 4, 0);
  w1(CR1, 0);
  w1(CR3, 1 << 11);
  w1(CR1, ENABLE);
  frame();
  assert.equal(u1(ISR) & 4, 0);
});

test("a start bit that is gone before its middle is none", () => {
  const { mux, drive, u1, w1, wait } = rig();
  drive("PA10", true);
  mux("PA10", 7);
  w1(CR1, ENABLE);
  drive("PA10", false);
  wait(0.3 * BIT_NS);
  drive("PA10", true);
  wait(12 * BIT_NS);
  assert.equal(u1(ISR) & 0x2f, 0);
});

test("LIN: ten or eleven low bits are a break, told when the line is high again", () => {
  const { mux, bits, drive, u1, w1 } = rig();
  drive("PA10", true);
  mux("PA10", 7);
  w1(CR2, (1 << 14) | (1 << 5));
  w1(CR1, ENABLE);
  bits("PA10", "00000000001");
  assert.equal(u1(ISR) & 0x100, 0, "ten are too few for eleven");
  bits("PA10", "000000000001");
  assert.equal(u1(ISR) & 0x100, 0x100);
  w1(CR1, 0);
  w1(CR2, 1 << 14);
  w1(CR1, ENABLE);
  w1(ICR, 0x100);
  bits("PA10", "0000000000");
  assert.equal(u1(ISR) & 0x100, 0);
  bits("PA10", "1");
  assert.equal(u1(ISR) & 0x100, 0x100);
});

test("automatic baud rate at the pin: from the start bit, two falling edges, 0x7F and 0x55", () => {
  for (const [mode, frame] of [
    [0, "0100000001"],
    [1, "0100000001"],
    [2, "0111111101"],
    [3, "0101010101"],
  ] as const) {
    const { mux, drive, bits, u1, w1 } = rig();
    drive("PA10", true);
    mux("PA10", 7);
    w1(CR2, (1 << 20) | (mode << 21));
    w1(CR1, ENABLE);
    bits("PA10", frame, 2 * BIT_NS);
    assert.equal(u1(ISR) & 0xc000, 0x8000, `mode ${mode}`);
    assert.equal(u1(BRR), 1280);
    assert.equal(u1(ISR) & 0x22, 0x20);
    assert.equal(u1(RDR), Number.parseInt([...frame.slice(1, 9)].reverse().join(""), 2));
  }
});

test("IrDA: a zero is a pulse of 3/16 of a bit, or of three periods of the prescaled clock; a shorter one is none", () => {
  for (const lowPower of [false, true]) {
    const { mux, u2, w1, w2, wait, idleFrame, at, timeline } = rig(["PA9", "PA3"]);
    mux("PA9", 7);
    mux("PA3", 7);
    const pulses: number[] = [];
    let since = 0;
    const { gpio, pin } = at("PA9");
    gpio.observe(pin, (level) => {
      if (level === true) since = timeline.now;
      else if (since > 0) pulses.push(Math.round(timeline.now - since));
    });
    for (const w of [w1, w2]) w(GTPR, lowPower ? 36 : 1);
    w1(CR3, lowPower ? 6 : 2);
    w2(CR3, lowPower ? 6 : 2);
    // The transceiver between them turns the level round.
    w2(CR2, 1 << 16);
    w1(CR1, ENABLE);
    idleFrame();
    w2(CR1, ENABLE);
    w1(TDR, 0x1e);
    wait(11 * BIT_NS);
    const pulse = lowPower ? (3 * 36e3) / 64 : (3 / 16) * BIT_NS;
    assert.deepEqual(pulses, new Array(5).fill(Math.round(pulse)), "start bit and four zeros");
    assert.equal(u2(RDR), 0x1e);
    assert.equal(u2(ISR) & 0xf, 0);
    w2(CR1, 0);
    w2(GTPR, 255);
    w2(CR1, ENABLE);
    w1(TDR, 0x1e);
    wait(11 * BIT_NS);
    assert.equal(u2(ISR) & 0x20, 0, "shorter than a period of 4 us");
  }
});

test("a synchronous master clocks data bits only; a synchronous slave exchanges frames with it", () => {
  for (const mode of [0, 1, 2, 3]) {
    const { mux, u1, u2, w1, w2, wait, idleFrame, at } = rig(
      ["PA8", "PA4"],
      ["PA9", "PA3"],
      ["PA2", "PA10"],
      ["PA11", "PC0"],
    );
    for (const pin of ["PA8", "PA9", "PA10", "PA4", "PA2", "PA3"]) mux(pin, 7);
    const phase = mode << 9;
    w1(CR2, (1 << 11) | (1 << 8) | phase);
    w2(CR2, (1 << 0) | (1 << 3) | phase);
    w1(CR1, ENABLE);
    w2(CR1, ENABLE);
    idleFrame();
    let edges = -1;
    at("PA8").gpio.observe(8, () => edges++);
    w2(TDR, 0x3c);
    w1(TDR, 0xa6);
    wait(10 * BIT_NS + 100);
    assert.equal(edges, 16, `CPOL and CPHA ${mode}`);
    assert.equal(u1(RDR), 0x3c);
    assert.equal(u2(RDR), 0xa6);
    assert.equal(u2(ISR) & 0x2000, 0);
    w1(TDR, 0x18);
    wait(10 * BIT_NS + 100);
    assert.equal(u2(RDR), 0x18);
    assert.equal(u2(ISR) & 0x2000, 0x2000, "UDR: nothing was written");
    assert.equal(u1(RDR), 0x3c, "the last frame again");
    w2(TDR, 0x81);
    w1(TDR, 0);
    wait(10 * BIT_NS + 100);
    assert.equal(u1(RDR), 0x3c, "until UDR is cleared");
    w2(ICR, 0x2000);
    w1(TDR, 0);
    wait(10 * BIT_NS + 100);
    assert.equal(u1(RDR), 0x81);
    assert.equal(u2(ISR) & 0x40, 0x40);
  }
});

test("a synchronous slave that NSS does not select neither listens nor drives", () => {
  const { mux, drive, u1, u2, w1, w2, wait, idleFrame } = rig(
    ["PA8", "PA4"],
    ["PA9", "PA3"],
    ["PA2", "PA10"],
  );
  for (const pin of ["PA8", "PA9", "PA10", "PA4", "PA2", "PA3", "PA0"]) mux(pin, 7);
  drive("PA0", true);
  w1(CR2, (1 << 11) | (1 << 8));
  w2(CR2, 1);
  w2(CR1, ENABLE);
  w1(CR1, ENABLE);
  idleFrame();
  w2(TDR, 0x3c);
  w1(TDR, 0xa6);
  wait(10 * BIT_NS + 100);
  assert.equal(u2(ISR) & 0x20, 0);
  assert.notEqual(u1(RDR), 0x3c);
  drive("PA0", false);
  w1(TDR, 0xa6);
  wait(10 * BIT_NS + 100);
  assert.equal(u2(RDR), 0xa6);
  assert.equal(u1(RDR), 0x3c);
});

test("smartcard: a frame that is refused comes again SCARCNT times, then it is a framing error; guard time holds TC back", () => {
  const { mux, at, u1, w1, wait, idleFrame } = rig();
  mux("PA9", 7, OPEN_DRAIN);
  w1(GTPR, (4 << 8) | 1);
  w1(CR3, (1 << 5) | (1 << 4) | (2 << 17));
  w1(CR2, 3 << 12);
  w1(CR1, 0x1409);
  idleFrame();
  const { gpio, pin } = at("PA9");
  const refuse = (): void => {
    wait(10.6 * BIT_NS);
    gpio.drive(pin, false, "strong");
    wait(BIT_NS);
    gpio.release(pin);
  };
  w1(TDR, 0x3b);
  refuse();
  // 11.5 bits, and 2.5 until the next one.
  wait(2.4 * BIT_NS);
  wait(0.2 * BIT_NS);
  assert.ok(!gpio.level(pin), "the second start bit");
  assert.equal(u1(ISR) & 0x42, 0);
  wait(11.3 * BIT_NS);
  assert.equal(u1(ISR) & 0x0200_0000, 0x0200_0000, "TCBGT: it was taken");
  assert.equal(u1(ISR) & 0x42, 0, "guard time");
  wait(4 * BIT_NS);
  assert.equal(u1(ISR) & 0x42, 0x40);
  w1(TDR, 0x3b);
  for (let time = 0; time < 3; time++) {
    assert.equal(u1(ISR) & 2, 0);
    refuse();
    wait(2.4 * BIT_NS);
  }
  assert.equal(u1(ISR) & 2, 2);
});

test("smartcard: a frame with a wrong parity is refused on the line, and software sees the one too many; EOBF counts a block", () => {
  const { mux, at, bits, u1, w1, wait } = rig();
  mux("PA9", 7, OPEN_DRAIN);
  w1(GTPR, 1);
  w1(RTOR, 1 << 24);
  w1(CR3, (1 << 5) | (1 << 4) | (1 << 17));
  w1(CR2, 3 << 12);
  w1(CR1, 0x1405);
  const { gpio, pin } = at("PA9");
  const send = (levels: string): boolean => {
    bits("PA9", levels);
    gpio.release(pin);
    wait(0.8 * BIT_NS);
    const refused = !gpio.level(pin);
    wait(2 * BIT_NS);
    assert.ok(gpio.level(pin));
    return refused;
  };
  assert.equal(send("0000000010"), true);
  assert.equal(u1(ISR) & 0x21, 0);
  assert.equal(send("0000000010"), false);
  assert.equal(u1(ISR) & 0x21, 0x21);
  w1(ICR, 1);
  assert.equal(u1(RDR), 0x080);
  for (let frame = 1; frame < 5; frame++) {
    assert.equal(u1(ISR) & 0x1000, 0);
    assert.equal(send("0000000101"), false);
    assert.equal(u1(RDR), 0x140);
  }
  assert.equal(u1(ISR) & 0x1000, 0x1000);
});

test("half duplex without a wire: it hears itself once", () => {
  const { mux, u1, w1, wait, idleFrame } = rig();
  mux("PA9", 7, OPEN_DRAIN);
  w1(CR3, 8);
  w1(CR1, ENABLE);
  idleFrame();
  w1(TDR, 0x69);
  wait(11 * BIT_NS);
  assert.equal(u1(RDR), 0x69);
  wait(20 * BIT_NS);
  assert.equal(u1(ISR) & 0x2f, 0);
});

test("half duplex: two ports share one wire, each lets go of it while it does not send", () => {
  const { mux, u1, u2, w1, w2, wait, idleFrame } = rig(["PA9", "PA2"]);
  mux("PA9", 7, OPEN_DRAIN);
  mux("PA2", 7, OPEN_DRAIN);
  w1(CR3, 8);
  w2(CR3, 8);
  w1(CR1, ENABLE);
  idleFrame();
  w2(CR1, 5);
  w1(TDR, 0x69);
  wait(11 * BIT_NS);
  assert.equal(u2(RDR), 0x69);
  assert.equal(u1(RDR), 0x69, "it hears itself");
  w1(CR1, 5);
  w2(CR1, ENABLE);
  idleFrame();
  w2(TDR, 0x96);
  wait(11 * BIT_NS);
  assert.equal(u1(RDR), 0x96);
});

test("DE is active for DEAT before the start bit and for DEDT behind the stop bit", () => {
  const { mux, at, w1, wait, idleFrame } = rig();
  mux("PA9", 7);
  mux("PA12", 7);
  w1(CR3, 1 << 14);
  w1(CR1, ENABLE | (16 << 21) | (8 << 16));
  idleFrame();
  const [de, tx] = [at("PA12"), at("PA9")];
  w1(TDR, 0);
  assert.ok(de.gpio.level(12));
  wait(0.9 * BIT_NS);
  assert.ok(tx.gpio.level(9));
  wait(0.2 * BIT_NS);
  assert.ok(!tx.gpio.level(9));
  wait(10.3 * BIT_NS);
  assert.ok(de.gpio.level(12));
  wait(0.3 * BIT_NS);
  assert.ok(!de.gpio.level(12));
});

/** LPUART1: TX PA9, RX PA10, DE PA12 (AF3); clocked by HSI, 25 kbit/s. */
function lowPower(...wires: [string, string][]) {
  const made = rig(...wires);
  made.write(0x5802_4458, 3);
  for (const pin of ["PA9", "PA10", "PA12"]) made.mux(pin, 3);
  const w = (register: number, value: number): void => made.write(0x5800_0c00 + register, value);
  w(BRR, (256 * 64e6) / 25e3);
  return { ...made, w, r: (register: number): number => made.read(0x5800_0c00 + register) };
}
const SLOW_BIT_NS = 4e4;

test("LPUART tells a start bit that is none as noise, samples once a bit, and looks at the second of two stop bits", () => {
  const { w, r, drive, bits, wait } = lowPower();
  drive("PA10", true);
  w(CR2, 2 << 12);
  w(CR1, ENABLE);
  drive("PA10", false);
  wait(0.3 * SLOW_BIT_NS);
  drive("PA10", true);
  wait(SLOW_BIT_NS);
  assert.equal(r(ISR) & 0x24, 4);
  w(ICR, 4);
  bits("PA10", "0101010100", SLOW_BIT_NS);
  assert.equal(r(ISR) & 0x20, 0);
  bits("PA10", "1", SLOW_BIT_NS);
  assert.equal(r(ISR) & 0x26, 0x20, "the first one is not looked at");
  r(RDR);
  bits("PA10", "01010101010", SLOW_BIT_NS);
  assert.equal(r(ISR) & 2, 2);
});

test("LPUART's DE has clocks, DEAT by BRR's upper bits, and one more", () => {
  const { w, wait, level } = lowPower();
  w(CR3, 1 << 14);
  w(CR1, ENABLE | (16 << 21));
  wait(13 * SLOW_BIT_NS);
  w(TDR, 0);
  assert.ok(level("PA12"));
  const clocks = 1 + 16 * (((256 * 64e6) / 25e3) >>> 11);
  wait((clocks * 1e9) / 64e6 - 100);
  assert.ok(level("PA9"));
  wait(200);
  assert.ok(!level("PA9"));
});

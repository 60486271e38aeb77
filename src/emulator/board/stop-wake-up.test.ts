/** What is at the pins of a USART or an I2C wakes the chip from Stop (RM0433, chapters USART and I2C, "Low-power modes"). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { OPEN_DRAIN, wiredChip } from "./wired-chip.js";

const USART1 = 0x4001_1000;
const I2C1 = 0x4000_5400;
/** Kernel clocks of USART1 and I2C1: HSI. */
const D2CCIP2R = 0x5802_4454;
const HSI = { usart: 3 << 3, i2c: 2 << 12 } as const;
const IRQ = { usart: 37, i2c: 31 } as const;
const ISER = 0x100;
const SCR = 0xd10;
const SLEEPDEEP = 4;
/** 64 MHz by 640. */
const BIT_NS = 1e4;
const CR1 = 0;
const CR3 = 8;
const BRR = 0xc;
const ISR = 0x1c;
const RDR = 0x24;
const UE_RE = 5;
const UESM = 2;
const WUFIE = 1 << 22;
const WUF = 1 << 20;
const RXNE = 1 << 5;
const WUS = { address: 0, start: 2 << 20, frame: 3 << 20 } as const;

function rig(clocks: number, irq: number) {
  const made = wiredChip();
  const { chip, write, wait } = made;
  write(D2CCIP2R, clocks);
  chip.cpu.scs.write(ISER + 4 * (irq >>> 5), 4, 1 << (irq & 31));
  const stop = (): void => {
    chip.cpu.event = false;
    chip.cpu.scs.write(SCR, 4, SLEEPDEEP);
    chip.cpu.sleep(false);
    chip.lowPower.afterRun();
    assert.equal(chip.lowPower.mode, "stop");
  };
  /** What the board does between events. */
  const mode = (): string => {
    chip.lowPower.beforeRun();
    wait(100e3);
    chip.lowPower.beforeRun();
    return chip.lowPower.mode;
  };
  return { ...made, stop, mode };
}

function serial(clocks: number, cr3: number, cr1 = UE_RE | UESM) {
  const made = rig(clocks, IRQ.usart);
  const { write, read, mux, drive, wait } = made;
  mux("PA10", 7);
  drive("PA10", true);
  write(USART1 + BRR, 640);
  write(USART1 + CR3, cr3 | WUFIE);
  write(USART1 + CR1, cr1);
  wait(20 * BIT_NS);
  const hear = (levels: string): void => {
    for (const level of levels) {
      drive("PA10", level === "1");
      wait(BIT_NS);
    }
  };
  return { ...made, hear, usart: (register: number): number => read(USART1 + register) };
}

/** 0x5A with start and stop bit. */
const FRAME = "0010110101";

test("a frame at RX wakes from Stop, and is there", () => {
  const { stop, hear, mode, usart } = serial(HSI.usart, WUS.frame);
  stop();
  hear(FRAME.slice(0, 9));
  assert.equal(usart(ISR) & (WUF | RXNE), 0);
  hear(`${FRAME.slice(9)}1`);
  assert.equal(mode(), "run");
  assert.equal(usart(ISR) & (WUF | RXNE), WUF | RXNE);
  assert.equal(usart(RDR), 0x5a);
});

test("a start bit wakes from Stop, and its frame is received", () => {
  const { stop, hear, mode, usart } = serial(HSI.usart, WUS.start);
  stop();
  hear("0");
  assert.equal(usart(ISR) & WUF, WUF);
  hear(`${FRAME.slice(1)}1`);
  assert.equal(mode(), "run");
  assert.equal(usart(RDR), 0x5a);
});

test("without UESM, and with a clock that stands still in Stop, nothing wakes", () => {
  for (const [clocks, cr1] of [
    [HSI.usart, UE_RE],
    [0, UE_RE | UESM],
  ] as const) {
    const { stop, hear, mode, usart } = serial(clocks, WUS.frame, cr1);
    stop();
    hear(`${FRAME}1`);
    assert.equal(mode(), "stop");
    assert.equal(usart(ISR) & (WUF | RXNE), 0);
  }
});

test("in Stop, an address that is not its own does not wake a USART in mute mode; its own does", () => {
  const MME = 1 << 13;
  const WAKE = 1 << 11;
  for (const [address, wanted] of [
    ["0000000011", "stop"],
    ["0101000011", "run"],
  ] as const) {
    const made = serial(HSI.usart, WUS.address, 0);
    // Four bits of the address are enough: 5.
    made.write(USART1 + 4, 5 << 24);
    made.write(USART1 + CR1, UE_RE | UESM | MME | WAKE);
    made.wait(20 * BIT_NS);
    made.stop();
    made.hear(`${address}1`);
    assert.equal(made.mode(), wanted, address);
  }
});

/** The first byte of a transfer, by hand: the master is on another board. */
function callI2c(made: ReturnType<typeof rig>, byte: number): void {
  const line = (name: string, high: boolean): void => {
    const { gpio, pin } = made.at(name);
    if (high) gpio.release(pin);
    else gpio.drive(pin, false, "strong");
    made.wait(5e3);
  };
  line("PB7", false);
  for (let bit = 7; bit >= 0; bit--) {
    line("PB6", false);
    line("PB7", ((byte >>> bit) & 1) !== 0);
    line("PB6", true);
  }
  line("PB6", false);
  line("PB7", true);
  // The acknowledge, and the first clock behind it.
  for (const high of [true, false, true]) line("PB6", high);
}

test("I2C's own address wakes from Stop with WUPEN, and SCL is held until it is read", () => {
  const WUPEN = 1 << 18;
  const ADDRIE = 1 << 3;
  const ADDR = 1 << 3;
  for (const [wake, address, clocks, wanted] of [
    [WUPEN, 0x52, HSI.i2c, "run"],
    [0, 0x52, HSI.i2c, "stop"],
    [WUPEN, 0x54, HSI.i2c, "stop"],
    [WUPEN, 0x52, 0, "stop"],
  ] as const) {
    const made = rig(clocks, IRQ.i2c);
    const { write, read, mux, level, stop, mode } = made;
    for (const pin of ["PB6", "PB7"]) mux(pin, 4, OPEN_DRAIN);
    write(I2C1 + 0x10, 0xf000_1313);
    write(I2C1 + 0x08, (1 << 15) | 0x52);
    write(I2C1, 1 | ADDRIE | wake);
    stop();
    callI2c(made, address);
    assert.equal(mode(), wanted, `WUPEN ${wake}, address ${address}, clocks ${clocks}`);
    const woken = wanted === "run";
    assert.equal(read(I2C1 + 0x18) & ADDR, woken ? ADDR : 0);
    assert.equal(level("PB6"), !woken);
    if (!woken) continue;
    write(I2C1 + 0x1c, ADDR);
    made.wait(20e3);
    assert.equal(level("PB6"), true);
  }
});

/** What SPI does with its lines besides frames (RM0433, SPI_CFG1, SPI_CFG2): IOSWP, AFCNTR, and UDRDET at the start of a selection. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BIT_NS,
  bits,
  CFG1,
  CFG2,
  CR1,
  CR2,
  FLAGS,
  IFCR,
  MASTER,
  RXDR,
  SLOW,
  SR,
  SSOE,
  spiRig,
  UDRDR,
} from "./spi-rig.js";

const IOSWP = 1 << 15;
const CPOL = 1 << 25;
const AFCNTR = 1 << 31;
const SELECTED = 2 << 11;

test("IOSWP swaps MOSI and MISO, of a master and of a slave", () => {
  for (const [wires, master, slave] of [
    // Both: their pins are as they were.
    [
      [
        ["PA6", "PB14"],
        ["PA7", "PB15"],
      ],
      IOSWP,
      IOSWP,
    ],
    // One of them: its MISO is what its MOSI was.
    [
      [
        ["PA6", "PB15"],
        ["PA7", "PB14"],
      ],
      IOSWP,
      0,
    ],
    [
      [
        ["PA6", "PB15"],
        ["PA7", "PB14"],
      ],
      0,
      IOSWP,
    ],
  ] as const) {
    const made = spiRig([["PA4", "PB12"], ["PA5", "PB13"], ...wires]);
    const { r1, r2, w1, w2, send1, send2, wait } = made;
    w1(CFG1, SLOW | bits(8));
    w1(CFG2, (MASTER | SSOE | master) >>> 0);
    w2(CFG1, bits(8));
    w2(CFG2, slave);
    w1(CR2, 1);
    w1(CR1, 1);
    w2(CR1, 1);
    send1(0xa3);
    send2(0x5c);
    w1(CR1, 0x201);
    wait(10 * BIT_NS);
    assert.equal(r1(RXDR) & 0xff, 0x5c, `${master} ${slave}`);
    assert.equal(r2(RXDR) & 0xff, 0xa3, `${master} ${slave}`);
  }
});

test("AFCNTR: a master that is off holds its pins at rest; without it nobody drives them", () => {
  const { at, w1, wait } = spiRig([]);
  const driven = (): (boolean | undefined)[] =>
    ["PA4", "PA5"].map((name) => at(name).gpio.driven(at(name).pin));
  w1(CFG2, (MASTER | SSOE | CPOL) >>> 0);
  wait(BIT_NS);
  assert.deepEqual(driven(), [undefined, undefined]);
  w1(CFG2, (MASTER | SSOE | CPOL | AFCNTR) >>> 0);
  assert.deepEqual(driven(), [true, true]);
  w1(CFG2, (MASTER | SSOE | AFCNTR) >>> 0);
  assert.deepEqual(driven(), [true, false]);
});

test("UDRDET = 2: a slave without data tells UDR as soon as it is selected; one with data does not", () => {
  const { drive, r2, w2, send2 } = spiRig([]);
  drive("PB12", true);
  w2(CFG1, bits(8) | SELECTED);
  w2(UDRDR, 0xe7);
  w2(CR1, 1);
  assert.equal(r2(SR) & FLAGS.UDR, 0);
  drive("PB12", false);
  assert.equal(r2(SR) & FLAGS.UDR, FLAGS.UDR);
  w2(IFCR, FLAGS.UDR);
  drive("PB12", true);
  send2(0x77);
  drive("PB12", false);
  assert.equal(r2(SR) & FLAGS.UDR, 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { SdCard } from "../flash/sd-card.js";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { Sdmmc } from "./sdmmc.js";

const POWER = 0x00;
const CLKCR = 0x04;
const ARGR = 0x08;
const CMDR = 0x0c;
const RESPCMDR = 0x10;
const RESP1R = 0x14;
const DLENR = 0x28;
const DCTRL = 0x2c;
const STAR = 0x34;
const ICR = 0x38;
const FIFOR = 0x80;
const CPSMEN = 0x1000;
const CMDTRANS = 0x40;
const SHORT = 0x100;
const SHORT_NO_CRC = 0x200;
const LONG = 0x300;
const FLOW_CONTROL = 1 << 17;
const FROM_CARD = 2;
const CCRCFAIL = 1 << 0;
const CTIMEOUT = 1 << 2;
const RXOVERR = 1 << 5;
const CMDREND = 1 << 6;
const DATAEND = 1 << 8;
const RXFIFOHF = 1 << 15;
const RXFIFOE = 1 << 19;
const CARD = Uint8Array.from({ length: 4 * 512 }, (_, index) => (index * 7) & 0xff);

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const card = new SdCard(CARD);
  const sdmmc = new Sdmmc({
    name: "SDMMC1",
    log,
    timeline,
    interrupt: { set: () => {} },
    clocked: () => true,
    kernelHz: () => 200e6,
    card: () => card,
  });
  sdmmc.write(POWER, 4, 3);
  sdmmc.write(CLKCR, 4, 4 | (1 << 14) | FLOW_CONTROL);
  const pass = (ns: number): void => {
    timeline.skipTo(timeline.now + ns);
    timeline.runDue();
  };
  /** @returns the status flags of a command's end */
  const command = (index: number, argument: number, options: number): number => {
    sdmmc.write(ICR, 4, 0x1fe0_0fff);
    sdmmc.write(ARGR, 4, argument);
    sdmmc.write(CMDR, 4, index | options | CPSMEN);
    pass(10e3);
    return sdmmc.read(STAR, 4) & (CMDREND | CTIMEOUT | CCRCFAIL);
  };
  return { sdmmc, command, pass, log };
}

/** Up to the transfer state: the order of the specification, section 4.2.3. */
function selected() {
  const all = rig();
  const { sdmmc, command } = all;
  command(0, 0, 0);
  assert.equal(command(8, 0x1aa, SHORT), CMDREND);
  for (let tries = 0; tries < 2; tries++) {
    assert.equal(command(55, 0, SHORT), CMDREND);
    assert.equal(command(41, 0x40ff_8000, SHORT_NO_CRC), CMDREND);
  }
  assert.equal(sdmmc.read(RESP1R, 4) >>> 30, 3);
  assert.equal(command(2, 0, LONG), CMDREND);
  assert.equal(sdmmc.read(RESPCMDR, 4), 0x3f);
  assert.equal(command(3, 0, SHORT), CMDREND);
  const address = (sdmmc.read(RESP1R, 4) & 0xffff_0000) >>> 0;
  assert.equal(command(7, address, SHORT), CMDREND);
  return all;
}

test("a card is identified and selected; out of that order it does not answer", () => {
  selected();
  const { command } = rig();
  assert.equal(command(17, 0, SHORT), CTIMEOUT);
  assert.equal(command(7, 0x1234_0000, SHORT), CTIMEOUT);
  assert.equal(command(41, 0, SHORT), CTIMEOUT, "without CMD55 in front of it");
});

test("a response without a CRC fails where one is expected", () => {
  const { command } = rig();
  command(55, 0, SHORT);
  assert.equal(command(41, 0, SHORT), CCRCFAIL);
});

test("a block comes through the FIFO, no faster than the lines carry it", () => {
  const { sdmmc, command, pass } = selected();
  sdmmc.write(DLENR, 4, 512);
  sdmmc.write(DCTRL, 4, FROM_CARD | (9 << 4));
  assert.equal(command(17, 2, SHORT | CMDTRANS), CMDREND);
  const words: number[] = [];
  for (let rounds = 0; words.length < 128; rounds++) {
    assert.ok(rounds < 1000);
    pass(1000);
    while ((sdmmc.read(STAR, 4) & RXFIFOE) === 0) words.push(sdmmc.read(FIFOR, 4));
  }
  const expected = new Uint32Array(CARD.slice(1024, 1536).buffer);
  assert.deepEqual(words, [...expected]);
  assert.ok((sdmmc.read(STAR, 4) & DATAEND) !== 0);
});

test("whoever does not read in time loses data, or holds the clock with flow control", () => {
  for (const [clkcr, flag] of [
    [4 | (1 << 14), RXOVERR | RXFIFOHF],
    [4 | (1 << 14) | FLOW_CONTROL, RXFIFOHF],
  ] as const) {
    const { sdmmc, command, pass } = selected();
    sdmmc.write(CLKCR, 4, clkcr);
    sdmmc.write(DLENR, 4, 512);
    sdmmc.write(DCTRL, 4, FROM_CARD | (9 << 4));
    command(17, 0, SHORT | CMDTRANS);
    pass(1e6);
    assert.equal(sdmmc.read(STAR, 4) & (RXOVERR | RXFIFOHF | DATAEND), flag);
  }
});

test("a length that does not fit what the card sends is told", () => {
  const { sdmmc, command, log } = selected();
  sdmmc.write(DLENR, 4, 100);
  sdmmc.write(DCTRL, 4, FROM_CARD);
  command(17, 0, SHORT | CMDTRANS);
  assert.ok(log.has(/guest mistake: SDMMC1: DCTRL and DLENR do not fit/));
});

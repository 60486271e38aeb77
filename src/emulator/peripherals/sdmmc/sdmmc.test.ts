import assert from "node:assert/strict";
import { test } from "node:test";
import { SdCard } from "../../flash/sd-card.js";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass as passTime, TestLine, TestMemory } from "../test-kit.js";
import { Sdmmc } from "./sdmmc.js";

const POWER = 0x00;
const CLKCR = 0x04;
const ARGR = 0x08;
const CMDR = 0x0c;
const RESPCMDR = 0x10;
const RESP1R = 0x14;
const DTIMER = 0x24;
const DLENR = 0x28;
const DCTRL = 0x2c;
const STAR = 0x34;
const ICR = 0x38;
const MASKR = 0x3c;
const IDMACTRLR = 0x50;
const IDMABSIZER = 0x54;
const IDMABASE0R = 0x58;
const IDMABASE1R = 0x5c;
const FIFOR = 0x80;
const CPSMEN = 0x1000;
const CMDTRANS = 0x40;
const CMDSTOP = 0x80;
const SHORT = 0x100;
const SHORT_NO_CRC = 0x200;
const LONG = 0x300;
const FLOW_CONTROL = 1 << 17;
const FROM_CARD = 2;
const CCRCFAIL = 1 << 0;
const CTIMEOUT = 1 << 2;
const DTIMEOUT = 1 << 3;
const TXUNDERR = 1 << 4;
const RXOVERR = 1 << 5;
const CMDREND = 1 << 6;
const DATAEND = 1 << 8;
const DABORT = 1 << 11;
const TXFIFOHE = 1 << 14;
const RXFIFOHF = 1 << 15;
const BUSYD0END = 1 << 21;
const IDMATE = 1 << 27;
const IDMABTC = 1 << 28;
const RXFIFOE = 1 << 19;
const CARD = Uint8Array.from({ length: 16 * 512 }, (_, index) => (index * 7 + (index >> 9)) & 0xff);

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const line = new TestLine();
  const memory = new TestMemory();
  const content = CARD.slice();
  const card = new SdCard(content);
  const events: string[] = [];
  const sdmmc = new Sdmmc({
    name: "SDMMC1",
    log,
    timeline,
    interrupt: line,
    clocked: () => true,
    kernelHz: () => 200e6,
    bus: memory,
    reaches: (address) => address >= 0x2400_0000,
    trigger: (event) => events.push(event),
    card: () => card,
  });
  sdmmc.write(POWER, 4, 3);
  sdmmc.write(CLKCR, 4, 4 | (1 << 14) | FLOW_CONTROL);
  sdmmc.write(DTIMER, 4, 0xffff_ffff);
  const pass = (ns: number): void => passTime(timeline, ns);
  /** @returns the status flags of a command's end */
  const command = (index: number, argument: number, options: number): number => {
    sdmmc.write(ICR, 4, 0x1fe0_0fff);
    sdmmc.write(ARGR, 4, argument);
    sdmmc.write(CMDR, 4, index | options | CPSMEN);
    pass(10e3);
    return sdmmc.read(STAR, 4) & (CMDREND | CTIMEOUT | CCRCFAIL);
  };
  return { sdmmc, command, pass, log, line, memory, content, events };
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

/** Longer than 17 clocks at the slowest rate of these tests. */
const CRC_NS = 100_000;

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
  assert.equal(sdmmc.read(STAR, 4) & DATAEND, 0, "the CRC is still to come");
  pass(CRC_NS);
  assert.equal(sdmmc.read(STAR, 4) & DATAEND, DATAEND);
  assert.equal(sdmmc.read(CMDR, 4) & CPSMEN, 0, "CPSMEN falls with the command's end");
});

test("reading as ST's library does, eight words at a time until DATAEND, loses none", () => {
  const { sdmmc, command, pass } = selected();
  sdmmc.write(DLENR, 4, 3 * 512);
  sdmmc.write(DCTRL, 4, FROM_CARD | (9 << 4));
  sdmmc.write(ARGR, 4, 0);
  sdmmc.write(CMDR, 4, 18 | SHORT | CMDTRANS | CPSMEN);
  const words: number[] = [];
  for (let rounds = 0; (sdmmc.read(STAR, 4) & DATAEND) === 0; rounds++) {
    assert.ok(rounds < 1e5);
    pass(1000);
    if ((sdmmc.read(STAR, 4) & RXFIFOHF) === 0) continue;
    for (let word = 0; word < 8; word++) words.push(sdmmc.read(FIFOR, 4));
  }
  assert.deepEqual(words, [...new Uint32Array(CARD.slice(0, 1536).buffer)]);
  assert.equal(command(13, 0, SHORT), CMDREND);
  assert.equal((sdmmc.read(RESP1R, 4) >>> 9) & 15, 5, "the card goes on sending");
  assert.equal(command(12, 0, SHORT | CMDSTOP), CMDREND);
  command(13, 0, SHORT);
  assert.equal((sdmmc.read(RESP1R, 4) >>> 9) & 15, 4);
});

test("a register of the card comes whole: its second word is there with the first", () => {
  const { sdmmc, command, pass } = selected();
  sdmmc.write(CLKCR, 4, 4 | FLOW_CONTROL);
  sdmmc.write(DLENR, 4, 8);
  sdmmc.write(DCTRL, 4, FROM_CARD | (3 << 4) | 1);
  command(55, 0x1234_0000, SHORT);
  sdmmc.write(CMDR, 4, 51 | SHORT | CPSMEN);
  for (let rounds = 0; (sdmmc.read(STAR, 4) & RXFIFOE) !== 0; rounds++) {
    assert.ok(rounds < 1000);
    pass(100);
  }
  assert.equal(sdmmc.read(FIFOR, 4) & 0xff, 2);
  sdmmc.read(FIFOR, 4);
  pass(CRC_NS);
  assert.equal(sdmmc.read(STAR, 4) & DATAEND, DATAEND);
});

test("blocks are written through the FIFO, at the lines' speed; late words are an underrun or stop the clock", () => {
  const { sdmmc, command, pass, content, line } = selected();
  sdmmc.write(DLENR, 4, 2 * 512);
  sdmmc.write(DCTRL, 4, 9 << 4);
  sdmmc.write(MASKR, 4, TXFIFOHE);
  assert.equal(command(25, 5, SHORT | CMDTRANS), CMDREND);
  assert.ok(line.asserted);
  const data = Uint8Array.from({ length: 1024 }, (_, at) => at ^ 0x35);
  const words = [...new Uint32Array(data.buffer)];
  while (words.length > 0) {
    for (let room = 0; room < 8; room++) sdmmc.write(FIFOR, 4, words.shift() ?? 0);
    while (words.length > 0 && (sdmmc.read(STAR, 4) & TXFIFOHE) === 0) {
      assert.ok(!line.asserted);
      pass(500);
    }
  }
  assert.equal(sdmmc.read(STAR, 4) & DATAEND, 0);
  // 64 bytes at 12.5 MB/s.
  pass(6e3);
  assert.equal(sdmmc.read(STAR, 4) & DATAEND, DATAEND);
  pass(30e3);
  assert.equal(sdmmc.read(STAR, 4) & BUSYD0END, BUSYD0END);
  assert.deepEqual(content.subarray(5 * 512, 7 * 512), data);
  command(12, 0, SHORT | CMDSTOP);
  for (const flowControl of [FLOW_CONTROL, 0]) {
    sdmmc.write(CLKCR, 4, 4 | (1 << 14) | flowControl);
    sdmmc.write(DLENR, 4, 512);
    assert.equal(command(24, 1, SHORT | CMDTRANS), CMDREND);
    sdmmc.write(FIFOR, 4, 0);
    pass(1e6);
    assert.equal(sdmmc.read(STAR, 4) & (TXUNDERR | DATAEND), flowControl === 0 ? TXUNDERR : 0);
    sdmmc.write(DCTRL, 4, (9 << 4) | (1 << 13));
    assert.equal(sdmmc.read(DCTRL, 4), 9 << 4);
    command(12, 0, SHORT | CMDSTOP);
  }
  assert.deepEqual(content.subarray(512, 1024), CARD.subarray(512, 1024));
});

test("the internal DMA moves blocks between card and memory, with one buffer or two", () => {
  const { sdmmc, command, pass, memory, content, line, events } = selected();
  sdmmc.write(DLENR, 4, 1024);
  sdmmc.write(DCTRL, 4, FROM_CARD | (9 << 4));
  sdmmc.write(IDMABASE0R, 4, TestMemory.BASE + 0x100);
  sdmmc.write(IDMACTRLR, 4, 1);
  sdmmc.write(MASKR, 4, DATAEND);
  events.length = 0;
  command(18, 3, SHORT | CMDTRANS);
  pass(100e3);
  assert.ok(line.asserted);
  assert.deepEqual(events, ["command", "data"]);
  assert.deepEqual(memory.bytes.subarray(0x100, 0x500), CARD.subarray(3 * 512, 5 * 512));
  command(12, 0, SHORT | CMDSTOP);
  sdmmc.write(DCTRL, 4, 9 << 4);
  sdmmc.write(IDMABASE1R, 4, TestMemory.BASE + 0x800);
  sdmmc.write(IDMABSIZER, 4, 256);
  sdmmc.write(IDMACTRLR, 4, 3);
  memory.bytes.fill(0x77, 0x800, 0x900);
  command(25, 8, SHORT | CMDTRANS);
  pass(100e3);
  assert.equal(sdmmc.read(STAR, 4) & (DATAEND | IDMABTC), DATAEND | IDMABTC);
  assert.equal(sdmmc.read(IDMACTRLR, 4), 3, "four buffers: the first one is next");
  const first = memory.bytes.subarray(0x100, 0x200);
  assert.deepEqual(content.subarray(8 * 512, 8 * 512 + 256), first);
  assert.ok(content.subarray(8 * 512 + 256, 9 * 512).every((byte) => byte === 0x77));
  command(12, 0, SHORT | CMDSTOP);
  sdmmc.write(IDMABASE0R, 4, 0x2000_0000);
  sdmmc.write(IDMACTRLR, 4, 1);
  sdmmc.write(DCTRL, 4, FROM_CARD | (9 << 4));
  command(17, 0, SHORT | CMDTRANS);
  pass(100e3);
  assert.equal(sdmmc.read(STAR, 4) & (DATAEND | IDMATE), IDMATE, "DTCM");
});

test("CMDSTOP ends what is under way on the lines; behind the card's end its host waits for DTIMER", () => {
  const { sdmmc, command, pass } = selected();
  sdmmc.write(DLENR, 4, 8 * 512);
  sdmmc.write(DCTRL, 4, FROM_CARD | (9 << 4));
  command(18, 0, SHORT | CMDTRANS);
  assert.equal(command(12, 0, SHORT | CMDSTOP), CMDREND);
  assert.equal(sdmmc.read(STAR, 4) & (DABORT | DATAEND), DABORT);
  sdmmc.write(IDMABASE0R, 4, TestMemory.BASE);
  sdmmc.write(IDMACTRLR, 4, 1);
  sdmmc.write(DLENR, 4, 1024);
  command(18, 15, SHORT | CMDTRANS);
  pass(100e3);
  assert.equal(sdmmc.read(STAR, 4) & (DTIMEOUT | DATAEND), DTIMEOUT);
});

test("status and functions of the card come as blocks; blocks are erased to ones", () => {
  const { sdmmc, command, pass, memory, content } = selected();
  sdmmc.write(IDMABASE0R, 4, TestMemory.BASE);
  sdmmc.write(IDMACTRLR, 4, 1);
  sdmmc.write(DLENR, 4, 64);
  sdmmc.write(DCTRL, 4, FROM_CARD | (6 << 4) | 1);
  command(55, 0x1234_0000, SHORT);
  command(6, 2, SHORT);
  command(55, 0x1234_0000, SHORT);
  command(13, 0, SHORT);
  pass(100e3);
  assert.equal(memory.bytes[0], 0x80, "four lines");
  sdmmc.write(DCTRL, 4, FROM_CARD | (6 << 4) | 1);
  command(6, 0x80ff_fff1, SHORT);
  pass(100e3);
  assert.equal(memory.bytes[13], 3, "default and high speed");
  assert.equal(memory.bytes[16], 1);
  command(32, 2, SHORT);
  command(33, 3, SHORT);
  assert.equal(command(38, 0, SHORT), CMDREND);
  assert.ok(content.subarray(1024, 2048).every((byte) => byte === 0xff));
  assert.equal(content[2048], CARD[2048]);
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

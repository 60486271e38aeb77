import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine, TestMemory } from "../test-kit.js";
import { Ethernet } from "./ethernet.js";

const MACTSCR = 0xb00;
const MACSTSR = 0xb08;
const MACSTNR = 0xb0c;
const MACSTSUR = 0xb10;
const MACSTNUR = 0xb14;
const MACMDIOAR = 0x200;
const MACMDIODR = 0x204;
const DMAMR = 0x1000;
const DMAISR = 0x1008;
const DMACCR = 0x1100;
const DMACTCR = 0x1104;
const DMACTDLAR = 0x1114;
const DMACTDTPR = 0x1120;
const DMACTDRLR = 0x112c;
const DMACIER = 0x1134;
const DMACSR = 0x1160;

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const line = new TestLine();
  const memory = new TestMemory();
  const state = { lineClocks: true };
  const eth = new Ethernet({
    log,
    timeline,
    interrupt: line,
    clocked: () => true,
    lineClocks: () => state.lineClocks,
    hclkHz: () => 200e6,
    bus: memory,
  });
  const put = (register: number, value: number): void => eth.write(register, 4, value >>> 0);
  const get = (register: number): number => eth.read(register, 4);
  /** By MDC of 200 MHz / 102. */
  const manage = (phy: number, register: number, operation: number): number => {
    put(MACMDIOAR, (phy << 21) | (register << 16) | (4 << 8) | (operation << 2) | 1);
    assert.equal(get(MACMDIOAR) & 1, 1);
    pass(timeline, 33e3);
    assert.equal(get(MACMDIOAR) & 1, 0);
    return get(MACMDIODR) & 0xffff;
  };
  return { timeline, log, line, memory, state, put, get, manage };
}

test("the management interface reads a transceiver without a cable at address 0, and ones elsewhere", () => {
  const { put, manage } = rig();
  assert.equal(manage(0, 2, 3), 0x0007);
  assert.equal(manage(0, 3, 3), 0xc131);
  assert.equal(manage(0, 18, 3) & 31, 0);
  assert.equal(manage(0, 1, 3) & 0x24, 0, "no link, negotiation is not complete");
  assert.equal(manage(1, 2, 3), 0xffff);
  put(MACMDIODR, 0x1234);
  manage(0, 4, 1);
  assert.equal(manage(0, 4, 3), 0x1234);
  put(MACMDIODR, 0x8000);
  manage(0, 0, 1);
  assert.equal(manage(0, 4, 3), 0x01e1);
  assert.equal(manage(0, 0, 3) & 0x8000, 0);
});

test("a software reset ends while the line's clocks run, and clears everything", () => {
  const { put, get, timeline, state, log } = rig();
  put(DMACTDLAR, 0x2400_0000);
  put(DMAMR, 1);
  assert.equal(get(DMAMR) & 1, 1);
  pass(timeline, 2e3);
  assert.equal(get(DMAMR) & 1, 0);
  assert.equal(get(DMACTDLAR), 0);
  state.lineClocks = false;
  put(DMAMR, 1);
  pass(timeline, 1e9);
  assert.equal(get(DMAMR) & 1, 1);
  assert.ok(log.has(/the reset never ends/));
});

test("the transmit DMA takes its descriptors up to the tail, around the ring", () => {
  const { put, get, memory, line } = rig();
  const base = TestMemory.BASE;
  const descriptor = (index: number, control: number, length = 0): void => {
    memory.write(base + 16 * index, 4, base + 0x800);
    memory.write(base + 16 * index + 8, 4, length);
    memory.write(base + 16 * index + 12, 4, control >>> 0);
  };
  put(DMACTDLAR, base);
  put(DMACTDRLR, 3);
  put(DMACCR, 0);
  put(DMACIER, 0x8001);
  put(DMACTCR, 1);
  for (let index = 0; index < 3; index++) descriptor(index, 0xb000_0040, 64);
  put(DMACTDTPR, base + 32);
  assert.equal(memory.read(base + 12, 4), 0x3000_0000);
  assert.equal(memory.read(base + 28, 4), 0x3000_0000);
  assert.equal(memory.read(base + 44, 4), 0xb000_0040);
  assert.ok(!line.asserted);
  descriptor(2, 0xb000_0040, 0x8000_0040);
  descriptor(3, 0xb000_0040, 64);
  put(DMACTDTPR, base);
  assert.equal(memory.read(base + 60, 4), 0x3000_0000);
  assert.ok(line.asserted);
  assert.equal(get(DMAISR), 1);
  put(DMACSR, 0x8001);
  assert.ok(!line.asserted);
});

test("descriptors in DTCM are a fatal bus error", () => {
  const { put, get, log } = rig();
  put(DMACTDLAR, 0x2000_0000);
  put(DMACTCR, 1);
  put(DMACTDTPR, 0x2000_0010);
  assert.equal(get(DMACSR) & (1 << 12), 1 << 12);
  assert.ok(log.has(/DTCM/));
});

test("system time is set, runs in nanoseconds, and is moved", () => {
  const { put, get, timeline } = rig();
  put(MACTSCR, 0x201);
  put(MACSTSUR, 100);
  put(MACSTNUR, 5);
  put(MACTSCR, 0x205);
  assert.equal(get(MACTSCR), 0x201);
  pass(timeline, 1e6);
  assert.equal(get(MACSTSR), 100);
  assert.ok(Math.abs(get(MACSTNR) - 1_000_005) <= 1);
  put(MACSTSUR, 1);
  put(MACSTNUR, 0x8000_0000);
  put(MACTSCR, 0x209);
  assert.equal(get(MACSTSR), 99);
});

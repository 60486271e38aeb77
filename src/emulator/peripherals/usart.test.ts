import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { pass, TestLine } from "./test-kit.js";
import { Usart } from "./usart.js";
import type { UsartKind } from "./usart-registers.js";

const CR1 = 0x00;
const CR3 = 0x08;
const BRR = 0x0c;
const ISR = 0x1c;
const ICR = 0x20;
const RDR = 0x24;
const TDR = 0x28;
const ENABLE = 0xd;
const FIFOEN = 0x2000_0000;
const BYTE_NS = 10e9 / 100e3;

function rig(kind: UsartKind = "USART", brr = 640) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const sent: string[] = [];
  const usart = new Usart({
    name: "USART1",
    kind,
    log,
    timeline,
    interrupt,
    clocked: () => true,
    kernelHz: () => 64e6,
    onTransmit: (value, baud) => sent.push(`${value}@${Math.round(baud)}`),
  });
  usart.write(BRR, 4, brr);
  return { usart, timeline, log, interrupt, sent };
}

test("a byte leaves after ten bits, TXE before TC", () => {
  const { usart, timeline, sent } = rig();
  usart.write(CR1, 4, ENABLE);
  assert.equal(usart.read(ISR, 4) & 0xc0, 0xc0);
  usart.write(TDR, 4, 0x41);
  assert.equal(usart.read(ISR, 4) & 0xc0, 0x80);
  usart.write(TDR, 4, 0x42);
  assert.equal(usart.read(ISR, 4) & 0xc0, 0);
  pass(timeline, BYTE_NS - 100);
  assert.deepEqual(sent, []);
  pass(timeline, 200);
  assert.deepEqual(sent, ["65@100000"]);
  assert.equal(usart.read(ISR, 4) & 0xc0, 0x80);
  pass(timeline, BYTE_NS);
  assert.deepEqual(sent, ["65@100000", "66@100000"]);
  assert.equal(usart.read(ISR, 4) & 0xc0, 0xc0);
});

test("writing TDR while it is full loses data and is reported", () => {
  const { usart, timeline, sent, log } = rig();
  usart.write(CR1, 4, ENABLE);
  for (const byte of [1, 2, 3]) usart.write(TDR, 4, byte);
  pass(timeline, 1e6);
  assert.deepEqual(sent, ["1@100000", "3@100000"]);
  assert.ok(log.has(/TXE = 0/));
});

test("the FIFO takes sixteen frames", () => {
  const { usart, timeline, sent } = rig();
  usart.write(CR1, 4, FIFOEN | ENABLE);
  for (let byte = 0; byte < 17; byte++) usart.write(TDR, 4, byte);
  assert.equal(usart.read(ISR, 4) & 0x80, 0);
  pass(timeline, 20 * BYTE_NS);
  assert.equal(sent.length, 17);
  assert.equal(usart.read(ISR, 4) & 0x800000, 0x800000);
});

test("received bytes come at line speed, interrupt, and overrun when they are not read", () => {
  const { usart, timeline, interrupt } = rig();
  usart.write(CR1, 4, ENABLE | 0x20);
  usart.receive(0x61);
  usart.receive(0x62);
  assert.equal(usart.read(ISR, 4) & 0x20, 0);
  pass(timeline, BYTE_NS);
  assert.ok(interrupt.asserted);
  pass(timeline, BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x28, 0x28);
  assert.equal(usart.read(RDR, 4), 0x61);
  assert.ok(interrupt.asserted);
  usart.write(ICR, 4, 8);
  assert.ok(!interrupt.asserted);
  assert.equal(usart.read(ISR, 4) & 0x28, 0);
});

test("IDLE comes one quiet frame after the last byte", () => {
  const { usart, timeline, interrupt } = rig();
  usart.write(CR1, 4, ENABLE | 0x10);
  usart.receive(1);
  usart.receive(2);
  pass(timeline, 2.9 * BYTE_NS);
  assert.ok(!interrupt.asserted);
  pass(timeline, 0.2 * BYTE_NS);
  assert.ok(interrupt.asserted);
  usart.write(ICR, 4, 0x10);
  assert.ok(!interrupt.asserted);
});

test("a sender at another baud rate gives a framing error", () => {
  const { usart, timeline, interrupt } = rig();
  usart.write(CR3, 4, 1);
  usart.write(CR1, 4, ENABLE);
  usart.receive(0x55, 9600);
  pass(timeline, 2e6);
  assert.equal(usart.read(ISR, 4) & 2, 2);
  assert.ok(interrupt.asserted);
});

test("baud: OVER8 and LPUART divide differently; BRR is told while UE = 1", () => {
  const over8 = rig("USART", 0x0450);
  over8.usart.write(CR1, 4, 0x8000 | ENABLE);
  assert.equal(Math.round(over8.usart.baud), Math.round((2 * 64e6) / 0x450));
  const low = rig("LPUART", 0x8000);
  assert.equal(low.usart.baud, (256 * 64e6) / 0x8000);
  over8.usart.write(BRR, 4, 0x20);
  assert.equal(Math.round(over8.usart.baud), Math.round((2 * 64e6) / 0x20));
  assert.ok(over8.log.has(/BRR: written while UE = 1/));
  over8.usart.write(CR1, 4, ENABLE);
  assert.equal(over8.usart.read(CR1, 4), 0x8000 | ENABLE);
  assert.ok(over8.log.has(/fixed while UE/));
});

test("nothing is sent without TE or without a baud rate, and the log says why", () => {
  const { usart, timeline, sent, log } = rig("USART", 0);
  usart.write(TDR, 4, 1);
  assert.ok(log.has(/UE or TE is off/));
  usart.write(CR1, 4, ENABLE);
  usart.write(TDR, 4, 1);
  pass(timeline, 1e9);
  assert.deepEqual(sent, []);
  assert.ok(log.has(/baud rate is 0/));
});

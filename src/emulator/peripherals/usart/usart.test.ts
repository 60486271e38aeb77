import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Usart } from "./usart.js";
import type { UsartKind } from "./usart-registers.js";

const CR1 = 0x00;
const CR2 = 0x04;
const RQR = 0x18;
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

/** What TE sends first. */
const idleFrame = (timeline: Timeline): void => pass(timeline, 1.2 * BYTE_NS);

test("a byte leaves after ten bits, TXE before TC", () => {
  const { usart, timeline, sent } = rig();
  usart.write(CR1, 4, ENABLE);
  idleFrame(timeline);
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
  idleFrame(timeline);
  for (const byte of [1, 2, 3]) usart.write(TDR, 4, byte);
  pass(timeline, 1e6);
  assert.deepEqual(sent, ["1@100000", "3@100000"]);
  assert.ok(log.has(/TXE = 0/));
});

test("the FIFO takes sixteen frames", () => {
  const { usart, timeline, sent } = rig();
  usart.write(CR1, 4, FIFOEN | ENABLE);
  idleFrame(timeline);
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
  usart.receive(0x55, { baud: 9600 });
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

test("parity: the sender adds it, the receiver checks it and leaves it in RDR's most significant bit", () => {
  const { usart, timeline, sent, interrupt } = rig();
  // 8 data bits and even parity: M0, PCE, PEIE.
  usart.write(CR1, 4, ENABLE | 0x1500);
  idleFrame(timeline);
  usart.write(TDR, 4, 0x161);
  pass(timeline, 1.2 * BYTE_NS);
  assert.deepEqual(sent, ["97@100000"]);
  usart.receive(0x61);
  pass(timeline, 1.2 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x21, 0x20);
  assert.equal(usart.read(RDR, 4), 0x161);
  usart.receive(0x61, { parity: "odd" });
  pass(timeline, 1.2 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x21, 0x21);
  assert.ok(interrupt.asserted);
  assert.equal(usart.read(RDR, 4), 0x61);
  usart.write(ICR, 4, 1);
  assert.ok(!interrupt.asserted);
});

test("7 data bits against a sender with 8: the eighth bit stands where the stop bit belongs", () => {
  const { usart, timeline } = rig();
  usart.write(CR1, 4, ENABLE | 0x1000_0000);
  usart.receive(0x41, { dataBits: 8 });
  pass(timeline, BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 2, 2);
  assert.equal(usart.read(RDR, 4), 0x41);
  usart.write(ICR, 4, 2);
  usart.receive(0xc1, { dataBits: 8 });
  pass(timeline, BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 2, 0);
});

test("nine bits, most significant first, inverted data", () => {
  const { usart, timeline, sent } = rig();
  usart.write(CR1, 4, 0x1000);
  usart.write(CR2, 4, (1 << 19) | (1 << 18));
  usart.write(CR1, 4, ENABLE | 0x1000);
  idleFrame(timeline);
  usart.write(TDR, 4, 0x101);
  pass(timeline, 1.2 * BYTE_NS);
  assert.deepEqual(sent, [`${0x1ff & ~0x101}@100000`]);
});

test("half duplex hears itself; RDR keeps the last frame when there is nothing new", () => {
  const { usart, timeline } = rig();
  usart.write(CR3, 4, 8);
  usart.write(CR1, 4, ENABLE);
  idleFrame(timeline);
  usart.write(TDR, 4, 0x5a);
  pass(timeline, BYTE_NS + 100);
  assert.equal(usart.read(ISR, 4) & 0x20, 0x20);
  assert.equal(usart.read(RDR, 4), 0x5a);
  assert.equal(usart.read(RDR, 4), 0x5a);
  assert.equal(usart.read(ISR, 4) & 0x20, 0);
});

test("with the FIFO seventeen frames wait, the eighteenth overruns, and a frame's error comes with the frame", () => {
  const { usart, timeline } = rig();
  // RXFTCFG = 101: sixteen.
  usart.write(CR3, 4, 5 << 25);
  usart.write(CR1, 4, FIFOEN | ENABLE);
  usart.receive(0);
  usart.receive(1, { baud: 50_000 });
  for (let n = 2; n < 16; n++) usart.receive(n);
  pass(timeline, 18 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x0500_002a, 0x0400_0020, "sixteen: RXFT, no RXFF, no FE yet");
  usart.receive(16);
  pass(timeline, BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x0100_0008, 0x0100_0000);
  usart.receive(17);
  pass(timeline, BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 8, 8);
  usart.read(RDR, 4);
  assert.equal(usart.read(ISR, 4) & 2, 2, "the frame at the other rate is in RDR now");
});

test("character match, and mute mode until an address comes", () => {
  const { usart, timeline, interrupt } = rig();
  usart.write(CR2, 4, 0x0d00_0000);
  usart.write(CR1, 4, ENABLE | (1 << 14));
  usart.receive(0x0a);
  pass(timeline, BYTE_NS);
  assert.ok(!interrupt.asserted);
  usart.read(RDR, 4);
  usart.receive(0x0d);
  pass(timeline, BYTE_NS);
  assert.ok(interrupt.asserted);
  usart.write(ICR, 4, 1 << 17);
  assert.ok(!interrupt.asserted);
  usart.read(RDR, 4);
  usart.write(CR1, 4, 0);
  usart.write(CR2, 4, 0x0300_0000);
  // MME, WAKE: addresses have their most significant bit set.
  usart.write(CR1, 4, ENABLE | (1 << 13) | (1 << 11));
  usart.write(RQR, 4, 4);
  assert.equal(usart.read(ISR, 4) & (1 << 19), 1 << 19);
  for (const frame of [0x11, 0x84, 0x22]) usart.receive(frame);
  pass(timeline, 3 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x20, 0);
  usart.receive(0x83);
  pass(timeline, BYTE_NS);
  assert.equal(usart.read(ISR, 4) & ((1 << 19) | 0x20), 0x20);
  assert.equal(usart.read(RDR, 4), 0x83);
});

test("nCTS holds frames back, nRTS asks for them while there is room", () => {
  const { usart, timeline, sent, interrupt } = rig();
  usart.write(CR3, 4, 0x700);
  usart.write(CR1, 4, ENABLE);
  usart.setClearToSend(true);
  assert.ok(interrupt.asserted);
  assert.equal(usart.read(ISR, 4) & 0x600, 0x200);
  usart.write(ICR, 4, 0x200);
  usart.write(TDR, 4, 1);
  pass(timeline, 10 * BYTE_NS);
  assert.deepEqual(sent, []);
  usart.setClearToSend(false);
  pass(timeline, BYTE_NS);
  assert.deepEqual(sent, ["1@100000"]);
  assert.equal(usart.requestToSend, false);
  usart.receive(2);
  pass(timeline, BYTE_NS);
  assert.equal(usart.requestToSend, true);
  usart.read(RDR, 4);
  assert.equal(usart.requestToSend, false);
});

test("automatic baud rate: BRR becomes what the first frame was sent with", () => {
  const { usart, timeline } = rig();
  usart.write(CR2, 4, 1 << 20);
  usart.write(CR1, 4, ENABLE);
  usart.receive(0x55, { baud: 19200 });
  pass(timeline, 1e6);
  assert.equal(usart.read(ISR, 4) & 0xc022, 0x8020);
  assert.equal(usart.read(BRR, 4), Math.round(64e6 / 19200));
  usart.write(RQR, 4, 1);
  usart.receive(0x54, { baud: 9600 });
  pass(timeline, 2e6);
  assert.equal(usart.read(ISR, 4) & 0xc000, 0xc000, "the first bit has to be a 1");
});

test("a break keeps SBKF set while it lasts, and reads as a framing error or, with LINEN, as LBDF", () => {
  const { usart, timeline, sent } = rig();
  usart.write(CR2, 4, 1 << 14);
  usart.write(CR1, 4, ENABLE);
  idleFrame(timeline);
  usart.write(RQR, 4, 2);
  assert.equal(usart.read(ISR, 4) & (1 << 18), 1 << 18);
  assert.equal(usart.output("TX"), false);
  pass(timeline, 1.29 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & (1 << 18), 1 << 18, "LIN: thirteen low bits");
  pass(timeline, 0.02 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & (1 << 18), 0, "in the stop bits");
  assert.equal(usart.output("TX"), true);
  pass(timeline, 0.2 * BYTE_NS);
  assert.deepEqual(sent, []);
  usart.receiveBreak();
  pass(timeline, BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x102, 0x102);
});

test("TX carries the frame's bits one after the other", () => {
  const { usart, timeline } = rig();
  usart.write(CR1, 4, ENABLE);
  idleFrame(timeline);
  assert.equal(usart.output("TX"), true);
  usart.write(TDR, 4, 0x53);
  pass(timeline, BYTE_NS / 20);
  let bits = "";
  for (let bit = 0; bit < 10; bit++) {
    bits += usart.output("TX") === true ? "1" : "0";
    pass(timeline, BYTE_NS / 10);
  }
  assert.equal(bits, "0110010101");
});

test("TE sends an idle frame first: data waits for it in TDR", () => {
  const { usart, timeline, sent } = rig();
  usart.write(CR1, 4, ENABLE);
  usart.write(TDR, 4, 0x41);
  assert.equal(usart.read(ISR, 4) & 0xc0, 0);
  pass(timeline, 0.99 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0xc0, 0);
  pass(timeline, 0.02 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0xc0, 0x80);
  pass(timeline, BYTE_NS);
  assert.deepEqual(sent, ["65@100000"]);
  usart.write(ICR, 4, 0x40);
  assert.equal(usart.read(ISR, 4) & 0x40, 0);
  usart.write(CR1, 4, 1);
  assert.equal(usart.read(ISR, 4) & 0x40, 0x40, "TC without TE");
});

test("a break is no data: it neither clears TC nor sets it", () => {
  const { usart, timeline } = rig();
  usart.write(CR1, 4, ENABLE);
  idleFrame(timeline);
  usart.write(RQR, 4, 2);
  assert.equal(usart.read(ISR, 4) & 0x40, 0x40);
  usart.write(ICR, 4, 0x40);
  pass(timeline, 2 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x40, 0);
});

test("an idle line is told a frame after RE, and again after each frame, but not in mute mode", () => {
  const { usart, timeline } = rig();
  usart.write(CR2, 4, 0x0300_0000);
  usart.write(CR1, 4, ENABLE | (1 << 13));
  pass(timeline, 0.99 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x10, 0);
  pass(timeline, 0.02 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x10, 0x10);
  usart.write(ICR, 4, 0x10);
  usart.write(RQR, 4, 4);
  assert.equal(usart.read(ISR, 4) & (1 << 19), 0, "the line is idle already: nothing would end mute mode");
  usart.receive(1);
  pass(timeline, 1.5 * BYTE_NS);
  usart.write(RQR, 4, 4);
  assert.equal(usart.read(ISR, 4) & (1 << 19), 1 << 19);
  pass(timeline, BYTE_NS);
  assert.equal(usart.read(ISR, 4) & ((1 << 19) | 0x10), 0, "an idle frame ends it, and is not told");
  usart.write(CR1, 4, 0);
  // WAKE: by address.
  usart.write(CR1, 4, ENABLE | (1 << 13) | (1 << 11));
  usart.write(RQR, 4, 4);
  pass(timeline, 5 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & ((1 << 19) | 0x10), 1 << 19);
  usart.write(CR1, 4, ENABLE);
  usart.receive(1);
  pass(timeline, 1.1 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x20, 0x20, "without MME nothing is mute");
});

test("an address has seven bits of eight with ADDM7, and eight of nine", () => {
  const { usart, timeline } = rig();
  usart.write(CR2, 4, 0x8300_0010);
  usart.write(CR1, 4, ENABLE | (1 << 13) | (1 << 12) | (1 << 11));
  usart.write(RQR, 4, 4);
  usart.receive(0x103);
  pass(timeline, 1.2 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x20, 0);
  usart.receive(0x183);
  pass(timeline, 1.2 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x20, 0x20);
});

test("RTOF: RTOR may come late, and be lower than what has passed", () => {
  const { usart, timeline } = rig();
  const RTOR = 0x14;
  usart.write(CR2, 4, 1 << 23);
  usart.write(RTOR, 4, 50);
  usart.write(CR1, 4, ENABLE);
  pass(timeline, 20 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x800, 0, "before any frame");
  usart.receive(1);
  pass(timeline, BYTE_NS + 49.5 * (BYTE_NS / 10));
  assert.equal(usart.read(ISR, 4) & 0x800, 0);
  pass(timeline, BYTE_NS / 10);
  assert.equal(usart.read(ISR, 4) & 0x800, 0x800);
  usart.write(ICR, 4, 0x800);
  usart.receive(2);
  pass(timeline, 3 * BYTE_NS);
  usart.write(RTOR, 4, 15);
  pass(timeline, 1);
  assert.equal(usart.read(ISR, 4) & 0x800, 0x800);
});

test("a frame with an error does not reach DMA: RXNE stays 0, but for DDRE", () => {
  for (const ddre of [0, 1 << 13]) {
    const { usart, timeline } = rig();
    usart.write(CR3, 4, (1 << 6) | ddre);
    usart.write(CR1, 4, ENABLE | 0x1400);
    usart.receive(0x61, { parity: "odd" });
    pass(timeline, 1.2 * BYTE_NS);
    assert.equal(usart.read(ISR, 4) & 0x21, ddre === 0 ? 1 : 0x21);
  }
});

test("OVRDIS: the newest frame is in RDR, with the FIFO, too", () => {
  const { usart, timeline } = rig();
  usart.write(CR3, 4, 1 << 12);
  usart.write(CR1, 4, FIFOEN | ENABLE);
  for (const byte of [1, 2, 3]) usart.receive(byte);
  pass(timeline, 3.5 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0x28, 0x20);
  assert.equal(usart.read(RDR, 4), 3);
  assert.equal(usart.read(ISR, 4) & 0x20, 0);
});

test("what is fixed while UE = 1: formats, flow control, DMA's errors, times; not interrupts, thresholds, SLVEN, RTOEN", () => {
  const { usart, log } = rig();
  usart.write(CR3, 4, 2 << 17);
  usart.write(CR1, 4, ENABLE);
  for (const [register, fixed, free] of [
    [CR1, 0x03ff_0e00, 0x0c00_6190],
    [CR2, 0xff0f_ff30, 0x0080_0049],
    [CR3, 0x003a_fb3e, 0xffc0_04c1],
    [0x10, 0xffff, 0],
    [0x2c, 0xf, 0],
  ] as const) {
    const before = usart.read(register, 4);
    usart.write(register, 4, (before | fixed | free) >>> 0);
    assert.equal(usart.read(register, 4), (before | free) >>> 0, `register ${register}`);
    usart.write(register, 4, before);
  }
  usart.write(CR3, 4, 0);
  assert.equal(usart.read(CR3, 4), 0, "SCARCNT takes 0");
  assert.ok(log.has(/fixed while UE/));
  usart.write(CR1, 4, 1);
  usart.write(CR2, 4, 0x0500_0000);
  assert.equal(usart.read(CR2, 4), 0x0500_0000, "ADD without RE");
});

test("UART4, 5, 7 and 8 have neither synchronous mode nor smartcard mode", () => {
  const { usart } = rig("UART");
  for (const [register, missing] of [
    [CR1, 1 << 27],
    [CR2, 0x0f09],
    [CR3, 0x010e_0030],
    [0x10, 0xff00],
  ] as const) {
    usart.write(register, 4, 0xffff_fffe);
    assert.equal(usart.read(register, 4) & missing, 0);
    usart.write(register, 4, 0);
  }
});

test("WUF needs UESM, not Stop; only in Stop it interrupts", () => {
  const { usart, timeline, interrupt } = rig();
  // WUS: a frame; WUFIE.
  usart.write(CR3, 4, (3 << 20) | (1 << 22));
  usart.write(CR1, 4, ENABLE);
  usart.receive(1);
  pass(timeline, 1.1 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & (1 << 20), 0);
  usart.write(CR1, 4, ENABLE | 2);
  usart.receive(1);
  pass(timeline, 1.1 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & (1 << 20), 1 << 20);
  assert.ok(!interrupt.asserted);
  usart.write(CR1, 4, ENABLE);
  assert.equal(usart.read(ISR, 4) & (1 << 20), 0);
});

test("a rate that cannot be measured ends its frame with FE; smartcards, IrDA and LIN have no OVER8", () => {
  const { usart, timeline } = rig();
  usart.write(CR2, 4, 1 << 20);
  usart.write(CR1, 4, ENABLE);
  usart.receive(0x54);
  pass(timeline, 2 * BYTE_NS);
  assert.equal(usart.read(ISR, 4) & 0xc022, 0xc022);
  const lin = rig();
  lin.usart.write(CR2, 4, 1 << 14);
  lin.usart.write(CR1, 4, ENABLE | 0x8000);
  assert.equal(lin.usart.baud, 100_000);
});

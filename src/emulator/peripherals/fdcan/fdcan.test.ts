import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Fdcan } from "./fdcan.js";

const TEST = 0x10;
const CCCR = 0x18;
const NBTP = 0x1c;
const TSCC = 0x20;
const TSCV = 0x24;
const ECR = 0x40;
const PSR = 0x44;
const IR = 0x50;
const IE = 0x54;
const ILS = 0x58;
const ILE = 0x5c;
const GFC = 0x80;
const SIDFC = 0x84;
const XIDFC = 0x88;
const HPMS = 0x94;
const NDAT1 = 0x98;
const RXF0C = 0xa0;
const RXF0S = 0xa4;
const RXF0A = 0xa8;
const RXBC = 0xac;
const RXF1C = 0xb0;
const RXF1S = 0xb4;
const TXBC = 0xc0;
const TXFQS = 0xc4;
const TXBRP = 0xcc;
const TXBAR = 0xd0;
const TXBCR = 0xd4;
const TXBTO = 0xd8;
const TXBCF = 0xdc;
const TXEFC = 0xf0;
const TXEFS = 0xf4;

const INIT = 1;
const CCE = 2;
const CONFIGURE = INIT | CCE;
/** Sections of the message RAM. */
const STANDARD = 0x000;
const EXTENDED = 0x100;
const FIFO0 = 0x200;
const FIFO1 = 0x400;
const BUFFERS = 0x500;
const EVENTS = 0x600;
const TRANSMIT = 0x800;

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const lines = [new TestLine(), new TestLine()] as const;
  const messages = new DataView(new ArrayBuffer(10240));
  const can = new Fdcan({
    name: "FDCAN1",
    log,
    timeline,
    interrupts: lines,
    clocked: () => true,
    kernelHz: () => 40e6,
    messages,
  });
  const put = (register: number, value: number): void => can.write(register, 4, value >>> 0);
  const get = (register: number): number => can.read(register, 4);
  const word = (at: number, value?: number): number => {
    if (value !== undefined) messages.setUint32(at, value, true);
    return messages.getUint32(at, true);
  };
  return { timeline, log, lines, can, put, get, word, pass: (ns: number) => pass(timeline, ns) };
}

/** 500 kbit/s: 40 MHz, prescaler 5, 16 time quanta. */
function configured(control = 0, test = 0) {
  const r = rig();
  r.put(CCCR, INIT);
  r.put(CCCR, CONFIGURE);
  r.put(CCCR, CONFIGURE | control | (test === 0 ? 0 : 1 << 7));
  if (test !== 0) r.put(TEST, test);
  r.put(NBTP, (4 << 16) | (11 << 8) | 2);
  r.put(SIDFC, STANDARD | (4 << 16));
  r.put(XIDFC, EXTENDED | (2 << 16));
  r.put(RXF0C, FIFO0 | (3 << 16) | (2 << 24));
  r.put(RXF1C, FIFO1 | (2 << 16));
  r.put(RXBC, BUFFERS);
  r.put(TXBC, TRANSMIT | (1 << 16) | (3 << 24));
  r.put(TXEFC, EVENTS | (2 << 16));
  const send = (buffer: number, id: number, { marker = 0, length = 8, event = false } = {}): void => {
    const at = TRANSMIT + 16 * buffer;
    r.word(at, id);
    r.word(at + 4, ((marker << 24) | (event ? 1 << 23 : 0) | (length << 16)) >>> 0);
    r.word(at + 8, 0x33221100);
    r.word(at + 12, 0x77665544);
    r.put(TXBAR, 1 << buffer);
  };
  const start = (): void => {
    r.put(CCCR, control | (test === 0 ? 0 : 1 << 7));
    r.pass(11 * 2000);
  };
  return { ...r, send, start };
}

const LOOP = 1 << 4;
/** A frame of eight bytes has at most 140 bits with its stuff bits. */
const FRAME_NS = 140 * 2000;

test("CCCR: CCE needs INIT, configuration needs both, a clock stop is acknowledged", () => {
  const { put, get, log } = rig();
  assert.equal(get(CCCR), INIT);
  put(NBTP, 1);
  assert.equal(get(NBTP), 0x06000a03);
  assert.ok(log.has(/NBTP is written while/));
  put(CCCR, CONFIGURE | (1 << 5));
  assert.equal(get(CCCR), CONFIGURE, "MON waits for CCE");
  put(CCCR, CONFIGURE | (1 << 5));
  assert.equal(get(CCCR), CONFIGURE | (1 << 5));
  put(CCCR, CCE);
  assert.equal(get(CCCR), 0, "CCE falls with INIT, and MON may be cleared at any time");
  put(CCCR, CCE);
  assert.equal(get(CCCR), 0);
  put(CCCR, 1 << 4);
  assert.equal(get(CCCR), INIT | (1 << 3) | (1 << 4));
  put(CCCR, INIT);
  assert.equal(get(CCCR), INIT);
});

test("loop back: a frame from the FIFO is sent in its time, and received with filter, stamp and event", () => {
  const { put, get, word, send, start, pass: wait, lines } = configured(0, LOOP);
  word(STANDARD, (2 << 30) | (1 << 27) | (0x7ff << 16) | 0);
  word(STANDARD + 4, (2 << 30) | (1 << 27) | (0x120 << 16) | 0x7f0);
  word(STANDARD, (1 << 30) | (3 << 27) | (0x111 << 16) | 0x112);
  put(TSCC, 1);
  put(IE, 1);
  put(ILE, 1);
  start();
  assert.equal((get(PSR) >>> 3) & 3, 1);
  assert.equal(get(TXFQS), (1 << 16) | (1 << 8) | 3, "FIFO behind one dedicated buffer");
  send(1, 0x123 << 18, { marker: 0x5a, event: true });
  assert.equal(get(TXBRP), 2);
  assert.equal(get(TXFQS) & 0x3f, 2);
  wait(100 * 2000);
  assert.equal(get(RXF0S) & 0x7f, 0);
  wait(FRAME_NS - 100 * 2000);
  assert.equal(get(TXBRP), 0);
  assert.equal(get(TXBTO), 2);
  assert.equal(get(RXF0S), (1 << 16) | 1);
  assert.ok(lines[0].asserted && !lines[1].asserted);
  assert.equal(word(FIFO0), 0x123 << 18);
  assert.equal(word(FIFO0 + 4) >>> 16, (1 << 8) | 8, "filter 1, eight bytes");
  assert.equal(word(FIFO0 + 4) & 0xffff, 11, "bit times since INIT fell");
  assert.equal(word(FIFO0 + 12), 0x77665544);
  assert.equal(get(TXEFS), (1 << 16) | 1);
  assert.equal(word(EVENTS + 4) >>> 22, (0x5a << 2) | 1);
  assert.ok(get(TSCV) > 100);
  put(RXF0A, 0);
  assert.equal(get(RXF0S), (1 << 16) | (1 << 8));
  put(ILS, 1);
  assert.ok(!lines[0].asserted && !lines[1].asserted);
  put(ILE, 3);
  assert.ok(lines[1].asserted);
  put(IR, 1);
  assert.ok(!lines[1].asserted);
});

test("filters reject, tell of priority, store into buffers; what matches none goes where GFC says", () => {
  const { put, get, word, send, start, pass: wait } = configured(0, LOOP);
  word(STANDARD, ((1 << 30) | (3 << 27) | (0x10 << 16) | 0x11) >>> 0);
  word(STANDARD + 4, ((0 << 30) | (6 << 27) | (0x20 << 16) | 0x2f) >>> 0);
  word(STANDARD + 8, ((0 << 30) | (7 << 27) | (0x30 << 16) | 5) >>> 0);
  word(EXTENDED, ((2 << 29) | 0x1234500) >>> 0);
  word(EXTENDED + 4, ((2 << 30) | 0x1fffff00) >>> 0);
  put(GFC, (1 << 4) | (2 << 2));
  start();
  const sent = (id: number): void => {
    send(0, id >>> 0);
    wait(FRAME_NS + 50e3);
  };
  sent(0x11 << 18);
  assert.equal((get(RXF0S) | get(RXF1S)) & 0x7f, 0);
  sent(0x25 << 18);
  assert.equal(get(RXF1S) & 0x7f, 1);
  assert.equal(get(HPMS), (1 << 8) | (3 << 6));
  sent(0x30 << 18);
  assert.equal(get(NDAT1), 1 << 5);
  assert.equal(word(BUFFERS + 5 * 16), 0x30 << 18);
  sent((1 << 30) | 0x12345ab);
  assert.equal(get(RXF1S) & 0x7f, 2);
  sent((1 << 30) | 0x12346ab);
  assert.equal(get(RXF1S) >>> 24, 1, "an extended id that matches nothing is rejected: full, none lost");
  sent(0x7ff << 18);
  assert.equal(get(RXF1S) >>> 24, 3, "a standard one goes to FIFO 1, and is lost");
  assert.equal(get(IR) & (1 << 7), 1 << 7);
});

test("the lowest identifier goes first, and of the FIFO the oldest frame", () => {
  const { get, word, send, start, pass: wait } = configured(0, LOOP);
  send(1, 0x300 << 18);
  assert.equal(get(TXBRP), 0, "not while CCE is set");
  start();
  send(1, 0x300 << 18);
  send(2, 0x100 << 18);
  send(3, 0x050 << 18);
  send(0, 0x200 << 18);
  assert.equal(get(TXFQS) >>> 21, 1, "full");
  wait(4 * FRAME_NS);
  assert.deepEqual(
    [0, 1, 2].map((index) => word(FIFO0 + 16 * index) >>> 18),
    [0x300, 0x100, 0x050],
    "0x300 was alone when it began; FIFO 0 has three elements",
  );
  assert.equal(get(RXF0S) >>> 24, 3);
});

test("alone on the bus: no acknowledge, error passive and no further, sent again until cancelled", () => {
  const { put, get, send, start, pass: wait, log } = configured();
  put(IE, 1 << 23);
  start();
  send(1, 0x123 << 18);
  wait(3 * FRAME_NS);
  assert.equal(get(PSR) & 7, 3);
  assert.equal(get(PSR) & 7, 7, "reading sets it to 'no change'");
  wait(30 * FRAME_NS);
  assert.equal(get(ECR), 128);
  assert.equal(get(PSR) & 0x60, 0x60);
  assert.equal(get(TXBTO), 0);
  assert.equal(get(TXBRP), 2);
  assert.ok(log.has(/nobody is on the CAN bus/));
  put(TXBCR, 2);
  assert.equal(get(TXBRP), 0);
  assert.equal(get(TXBCF), 2);
  assert.equal(get(TXFQS) & 0x3f, 3);
});

test("without automatic retransmission a frame is tried once", () => {
  const { get, send, start, pass: wait } = configured(1 << 6);
  start();
  send(1, 0x123 << 18);
  wait(2 * FRAME_NS);
  assert.equal(get(TXBRP), 0);
  assert.equal(get(TXBCF), 2);
  assert.equal(get(ECR), 8);
});

test("CAN FD frames carry up to 64 bytes, as far as the elements have room", () => {
  const r = configured((1 << 8) | (1 << 9), LOOP);
  r.put(0xc8, 2);
  r.put(0xbc, 7);
  r.start();
  const at = TRANSMIT + 24;
  r.word(at, 0x77 << 18);
  r.word(at + 4, (15 << 16) | (3 << 20));
  for (let lane = 0; lane < 16; lane += 4) r.word(at + 8 + lane, 0x01010101);
  r.put(TXBAR, 2);
  r.pass(1e6);
  assert.equal((r.word(FIFO0 + 4) >>> 16) & 0xff, 0x3f);
  assert.equal(r.word(FIFO0 + 8 + 12), 0x01010101);
  assert.equal(r.word(FIFO0 + 8 + 16), 0xcccccccc, "padded where the buffer ends");
  assert.equal(r.word(FIFO0 + 8 + 60), 0xcccccccc);
});

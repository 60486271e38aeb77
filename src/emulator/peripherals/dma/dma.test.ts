import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Bdma } from "./bdma.js";
import { Dma } from "./dma.js";
import type { DmaBus } from "./dma-channel.js";
import { DmaRequests } from "./dma-request.js";
import { Dmamux } from "./dmamux.js";
import { Mdma } from "./mdma.js";

/** Memory at 0x2400_0000, and a byte-wide port at 0x4000_0000 that keeps what is written and counts what is read. */
function memory() {
  const bytes = new Uint8Array(0x1000);
  const view = new DataView(bytes.buffer);
  const port: number[] = [];
  let next = 0;
  const bus: DmaBus = {
    read: (address, size) => {
      if (address === 0x4000_0000) return ++next;
      const at = address & 0xfff;
      return size === 4
        ? view.getUint32(at, true)
        : size === 2
          ? view.getUint16(at, true)
          : view.getUint8(at);
    },
    write: (address, size, value) => {
      const at = address & 0xfff;
      if (address === 0x4000_0000) port.push(value);
      else if (size === 4) view.setUint32(at, value, true);
      else if (size === 2) view.setUint16(at, value, true);
      else view.setUint8(at, value);
    },
  };
  return { bytes, bus, port };
}

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupts = Array.from({ length: 8 }, () => new TestLine());
  const requests = new DmaRequests();
  const { bytes, bus, port } = memory();
  const common = { log, timeline, interrupts, bus, clocked: () => true, hclkHz: () => 200e6 };
  const listening = { asserted: () => requests.asserted(9), taken: () => requests.taken(9) };
  return { timeline, log, interrupts, requests, signal: requests.signal(9), bytes, port, common, listening };
}

const S0CR = 0x10;
const S0NDTR = 0x14;
const S0PAR = 0x18;
const S0M0AR = 0x1c;
const S0M1AR = 0x20;
const S0FCR = 0x24;

function stream(r: ReturnType<typeof rig>): Dma {
  const dma = new Dma({ ...r.common, ...r.listening, name: "DMA1" });
  r.requests.onRequest(() => dma.requested(0));
  dma.write(S0PAR, 4, 0x4000_0000);
  dma.write(S0M0AR, 4, 0x2400_0100);
  dma.write(S0M1AR, 4, 0x2400_0200);
  return dma;
}

test("DMA moves one item for each request, tells half and end, and stops", () => {
  const r = rig();
  const dma = stream(r);
  dma.write(S0NDTR, 4, 4);
  dma.write(S0CR, 4, 0x419);
  for (const count of [3, 2]) {
    r.signal.pulse();
    pass(r.timeline, 1000);
    assert.equal(dma.read(S0NDTR, 4), count);
  }
  assert.equal(dma.read(0, 4), 0x10);
  assert.ok(r.interrupts[0]?.asserted);
  r.signal.set(true);
  pass(r.timeline, 1000);
  assert.deepEqual([...r.bytes.subarray(0x100, 0x106)], [1, 2, 3, 4, 0, 0]);
  assert.equal(dma.read(0, 4), 0x30);
  assert.equal(dma.read(S0CR, 4) & 1, 0);
});

test("double buffer mode goes on in the other memory and shows it in CT", () => {
  const r = rig();
  const dma = stream(r);
  dma.write(S0NDTR, 4, 2);
  dma.write(S0CR, 4, 0x4_0411);
  for (let i = 0; i < 3; i++) {
    r.signal.pulse();
    pass(r.timeline, 1000);
  }
  assert.deepEqual([r.bytes[0x100], r.bytes[0x101], r.bytes[0x200]], [1, 2, 3]);
  assert.notEqual(dma.read(S0CR, 4) & (1 << 19), 0);
});

test("double buffer mode takes another address for the memory that is not in use; that of the other is a transfer error", () => {
  const r = rig();
  const dma = stream(r);
  dma.write(S0NDTR, 4, 2);
  dma.write(S0CR, 4, 0x4_0415);
  dma.write(S0M1AR, 4, 0x2400_0300);
  for (let i = 0; i < 3; i++) {
    r.signal.pulse();
    pass(r.timeline, 1000);
  }
  assert.equal(r.bytes[0x300], 3);
  dma.write(S0M1AR, 4, 0x2400_0200);
  assert.equal(dma.read(0, 4) & 8, 8);
  assert.ok(r.interrupts[0]?.asserted);
  assert.equal(dma.read(S0CR, 4) & 1, 0);
  assert.equal(dma.read(S0M1AR, 4), 0x2400_0300);
  assert.ok(r.log.has(/the address of the memory in use/));
});

test("count and addresses do not change while the stream is on", () => {
  const r = rig();
  const dma = stream(r);
  dma.write(S0NDTR, 4, 4);
  dma.write(S0CR, 4, 0x411);
  for (const [register, value] of [
    [S0NDTR, 9],
    [S0PAR, 0x4000_1000],
    [S0M0AR, 0x2400_0300],
  ] as const) {
    const before = dma.read(register, 4);
    dma.write(register, 4, value);
    assert.equal(dma.read(register, 4), before);
  }
  dma.write(S0CR, 4, 0);
  dma.write(S0M0AR, 4, 0x2400_0300);
  assert.equal(dma.read(S0M0AR, 4), 0x2400_0300);
});

test("the FIFO packs bytes of the peripheral into words of the memory", () => {
  const r = rig();
  const dma = stream(r);
  dma.write(S0FCR, 4, 0x27);
  dma.write(S0NDTR, 4, 6);
  dma.write(S0CR, 4, 0x4401);
  r.signal.set(true);
  pass(r.timeline, 5000);
  assert.deepEqual([...r.bytes.subarray(0x100, 0x108)], [1, 2, 3, 4, 5, 6, 0, 0]);
});

test("DTCM is a transfer error for DMA, with the reason in the log", () => {
  const r = rig();
  const dma = stream(r);
  dma.write(S0M0AR, 4, 0x2000_0000);
  dma.write(S0NDTR, 4, 1);
  dma.write(S0CR, 4, 0x405);
  assert.equal(dma.read(0, 4), 0x08);
  assert.ok(r.interrupts[0]?.asserted);
  assert.ok(r.log.has(/DTCM, which only the core and MDMA reach/));
});

test("BDMA reaches D3 only, and clearing its global flag clears the others", () => {
  const r = rig();
  const bdma = new Bdma({ ...r.common, ...r.listening, name: "BDMA" });
  bdma.write(0x0c, 4, 4);
  bdma.write(0x10, 4, 0x3800_0000);
  bdma.write(0x14, 4, 0x3800_0010);
  r.bytes.set([9, 8, 7, 6]);
  bdma.write(0x08, 4, 0x40c3);
  pass(r.timeline, 5000);
  assert.deepEqual([...r.bytes.subarray(0x10, 0x14)], [9, 8, 7, 6]);
  assert.equal(bdma.read(0, 4), 0x7);
  bdma.write(4, 4, 1);
  assert.equal(bdma.read(0, 4), 0);
  bdma.write(0x08, 4, 0);
  bdma.write(0x0c, 4, 4);
  bdma.write(0x14, 4, 0x2400_0000);
  bdma.write(0x08, 4, 0x40c3);
  assert.equal(bdma.read(0, 4) & 8, 8);
});

test("MDMA copies a block on request, then follows its linked list", () => {
  const r = rig();
  const interrupt = new TestLine();
  const mdma = new Mdma({ ...r.common, interrupt });
  const put = (register: number, value: number): void => mdma.write(0x40 + register, 4, value);
  // Second node at 0x2400_0800: eight bytes more, from 0x20 to 0x40.
  const tcr = 0x4000_0000 | (3 << 28) | (7 << 18) | (2 << 4) | (2 << 6) | (2 << 8) | (2 << 10) | 0xa;
  const node = new DataView(r.bytes.buffer, 0x800);
  [tcr, 8, 0x2400_0020, 0x2400_0040].forEach((value, index) => {
    node.setUint32(index * 4, value, true);
  });
  for (let i = 0; i < 0x30; i++) r.bytes[i] = i + 1;
  put(0x10, tcr);
  put(0x14, 16);
  put(0x18, 0x2400_0000);
  put(0x1c, 0x2400_0100);
  put(0x24, 0x2400_0800);
  put(0x0c, 0x5);
  put(0x0c, 0x1_0005);
  pass(r.timeline, 5000);
  assert.deepEqual([...r.bytes.subarray(0x100, 0x110)], [...r.bytes.subarray(0, 16)]);
  assert.deepEqual([...r.bytes.subarray(0x40, 0x48)], [...r.bytes.subarray(0x20, 0x28)]);
  assert.equal(mdma.read(0x40, 4) & 0x1f, 0x1e);
  assert.ok(interrupt.asserted);
});

test("an MDMA channel that software switches off tells its end, without having moved anything", () => {
  const r = rig();
  const interrupt = new TestLine();
  const mdma = new Mdma({ ...r.common, interrupt });
  const put = (register: number, value: number): void => mdma.write(0x40 + register, 4, value);
  put(0x14, 16);
  put(0x0c, 0x5);
  assert.equal(mdma.read(0x40, 4) & 2, 0);
  put(0x0c, 0x4);
  assert.equal(mdma.read(0x40, 4) & 0x1f, 2, "CTCIF");
  assert.ok(interrupt.asserted);
  assert.equal(mdma.read(0x54, 4) & 0x1_ffff, 16, "BNDT");
  put(0x04, 2);
  assert.ok(!interrupt.asserted);
});

test("of MDMA's channels the one with the higher priority goes first, behind the buffer under way", () => {
  const r = rig();
  const mdma = new Mdma({ ...r.common, interrupt: new TestLine() });
  const order: number[] = [];
  const { write } = r.common.bus;
  r.common.bus.write = (address, size, value) => {
    const channel = (address >>> 8) & 0xf;
    if (order.at(-1) !== channel) order.push(channel);
    write(address, size, value);
  };
  const start = (n: number, priority: number): void => {
    const put = (register: number, value: number): void => mdma.write(0x40 * (n + 1) + register, 4, value);
    // One request for the whole block of 256 bytes, buffers of 64.
    put(0x10, 0x4000_0000 | (1 << 28) | (63 << 18) | (2 << 4) | (2 << 6) | (2 << 8) | (2 << 10) | 0xa);
    put(0x14, 256);
    put(0x18, 0x2400_0000);
    put(0x1c, 0x2400_0000 + n * 0x100);
    put(0x0c, (priority << 6) | 1);
    put(0x0c, (1 << 16) | (priority << 6) | 1);
  };
  start(1, 0);
  start(2, 1);
  start(3, 3);
  start(4, 1);
  pass(r.timeline, 20_000);
  assert.deepEqual(order, [1, 3, 2, 4, 1]);
  for (const n of [1, 2, 3, 4]) assert.equal(mdma.read(0x40 * (n + 1), 4) & 2, 2);
});

test("MDMA needs the right bus for tightly coupled memory", () => {
  const r = rig();
  const mdma = new Mdma({ ...r.common, interrupt: new TestLine() });
  mdma.write(0x50, 4, 0x4000_0000);
  mdma.write(0x54, 4, 1);
  mdma.write(0x58, 4, 0x2000_0000);
  mdma.write(0x5c, 4, 0x2400_0000);
  mdma.write(0x4c, 4, 1);
  mdma.write(0x4c, 4, 0x1_0001);
  pass(r.timeline, 1000);
  assert.equal(mdma.read(0x40, 4) & 1, 1);
  assert.ok(r.log.has(/CTBR.SBUS = 0 does not lead to/));
});

test("BDMA fills up or cuts items of different sizes, and keeps its configuration while it is on", () => {
  const r = rig();
  const bdma = new Bdma({ ...r.common, ...r.listening, name: "BDMA" });
  r.bytes.set([0x11, 0x22, 0x33, 0x44]);
  bdma.write(0x0c, 4, 2);
  bdma.write(0x10, 4, 0x3800_0000);
  bdma.write(0x14, 4, 0x3800_0010);
  // Memory to memory, both increment, from bytes to half-words.
  bdma.write(0x08, 4, 0x44c1);
  bdma.write(0x08, 4, 0x4003);
  assert.equal(bdma.read(0x08, 4), 0x44c3);
  pass(r.timeline, 5000);
  assert.deepEqual([...r.bytes.subarray(0x10, 0x15)], [0x11, 0, 0x22, 0, 0]);
});

test("a memory burst that does not fit the FIFO's threshold is a FIFO error, and the stream stays off", () => {
  const r = rig();
  const dma = stream(r);
  // Threshold 3/4 (12 bytes), words, bursts of four: 16 bytes.
  dma.write(S0FCR, 4, 0x86);
  dma.write(S0NDTR, 4, 4);
  dma.write(S0CR, 4, (1 << 23) | 0x5401);
  assert.equal(dma.read(0, 4) & 1, 1);
  assert.equal(dma.read(S0CR, 4) & 1, 0);
  assert.ok(r.interrupts[0]?.asserted);
});

/** FCR.FS */
const fifoStatus = (dma: Dma): number => (dma.read(S0FCR, 4) >>> 3) & 7;

test("the FIFO is emptied into memory at its threshold, and at the end; FS tells how full it is", () => {
  const r = rig();
  const dma = stream(r);
  // Threshold 1/2: eight bytes.
  dma.write(S0FCR, 4, 0x5);
  dma.write(S0NDTR, 4, 10);
  dma.write(S0CR, 4, 0x401);
  const seen: string[] = [];
  for (let item = 0; item < 10; item++) {
    r.signal.pulse();
    pass(r.timeline, 1000);
    seen.push(`${fifoStatus(dma)} ${r.bytes.subarray(0x100, 0x110).filter((byte) => byte !== 0).length}`);
  }
  assert.deepEqual(seen, ["0 0", "0 0", "0 0", "1 0", "1 0", "1 0", "1 0", "4 8", "0 8", "4 10"]);
});

test("what goes to a peripheral is loaded ahead: one item in direct mode, a full FIFO else", () => {
  for (const [fcr, ahead] of [
    [0x21, 1],
    [0x4, 16],
  ] as const) {
    const r = rig();
    const dma = stream(r);
    r.bytes.fill(1, 0x100, 0x140);
    dma.write(S0FCR, 4, fcr);
    dma.write(S0NDTR, 4, 20);
    // Circular: what is loaded ahead may be the next round's.
    dma.write(S0CR, 4, 0x541);
    assert.equal(fifoStatus(dma), ahead === 16 ? 5 : 4);
    r.bytes.fill(2, 0x100, 0x140);
    for (let item = 0; item < 25; item++) {
      r.signal.pulse();
      pass(r.timeline, 1000);
    }
    assert.equal(r.port.filter((value) => value === 1).length, ahead);
    assert.equal(r.port.length, 25);
  }
});

test("double buffer mode loads ahead from the other memory", () => {
  const r = rig();
  const dma = stream(r);
  r.bytes.set([1, 2], 0x100);
  r.bytes.set([3, 4], 0x200);
  dma.write(S0NDTR, 4, 2);
  dma.write(S0CR, 4, 0x4_0441);
  for (let item = 0; item < 6; item++) {
    r.signal.pulse();
    pass(r.timeline, 1000);
  }
  assert.deepEqual(r.port, [1, 2, 3, 4, 1, 2]);
});

test("a peripheral's burst of the whole FIFO beside a threshold of 3/4 is a FIFO error that stops nothing", () => {
  const r = rig();
  const dma = stream(r);
  dma.write(S0FCR, 4, 0x86);
  dma.write(S0NDTR, 4, 4);
  // Words, bursts of four.
  dma.write(S0CR, 4, (1 << 21) | 0x5441);
  assert.equal(dma.read(0, 4) & 1, 1);
  assert.ok(r.interrupts[0]?.asserted);
  r.signal.pulse();
  pass(r.timeline, 1000);
  assert.equal(r.port.length, 4);
});

const MUX_CSR = 0x80;
const MUX_RG0CR = 0x100;
const MUX_RGSR = 0x140;

test("a request generator makes GNBREQ + 1 requests of a trigger, and tells when the next comes too early", () => {
  const r = rig();
  const interrupt = new TestLine();
  const mux = new Dmamux({ ...r.common, name: "DMAMUX1", requests: r.requests, interrupt });
  const served = (channel: number): number => {
    let times = 0;
    for (; mux.asserted(channel); times++) mux.taken(channel);
    return times;
  };
  mux.write(0, 4, 1);
  mux.write(MUX_RG0CR, 4, (2 << 19) | (1 << 17) | (1 << 16) | (1 << 8) | 6);
  mux.generate(6, false);
  assert.equal(served(0), 0);
  mux.generate(6, true);
  assert.equal(served(0), 3);
  mux.generate(6, true);
  mux.generate(6, true);
  assert.equal(mux.read(MUX_RGSR, 4), 1);
  assert.ok(interrupt.asserted);
  assert.equal(served(0), 3);
  mux.write(0x144, 4, 1);
  assert.ok(!interrupt.asserted);
});

test("a synchronised channel lets NBREQ + 1 requests through after each event; its own event drives another", () => {
  const r = rig();
  const mux = new Dmamux({ ...r.common, name: "DMAMUX1", requests: r.requests });
  // Channel 0: request 9, synchronised with EXTI0's rising edge, two requests, event enabled.
  mux.write(0, 4, (6 << 24) | (1 << 19) | (1 << 17) | (1 << 16) | (1 << 9) | 9);
  // Channel 1: generator 0, triggered by channel 0's event.
  mux.write(4, 4, 1);
  mux.write(MUX_RG0CR, 4, (1 << 17) | (1 << 16));
  r.signal.set(true);
  assert.ok(!mux.asserted(0));
  mux.synchronise(6, true);
  assert.ok(mux.asserted(0));
  mux.taken(0);
  assert.ok(!mux.asserted(1));
  mux.taken(0);
  assert.ok(!mux.asserted(0));
  assert.ok(mux.asserted(1));
  mux.synchronise(6, true);
  mux.synchronise(6, true);
  assert.equal(mux.read(MUX_CSR, 4), 1);
});

test("MDMA exchanges bytes, half-words and words, and takes no other description while it is on", () => {
  const r = rig();
  const mdma = new Mdma({ ...r.common, interrupt: new TestLine() });
  const put = (register: number, value: number): void => mdma.write(0x40 + register, 4, value);
  r.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
  put(0x10, 0x4000_0000 | (1 << 28) | (7 << 18) | (3 << 4) | (3 << 6) | (3 << 8) | (3 << 10) | 0xa);
  put(0x14, 8);
  put(0x18, 0x2400_0000);
  put(0x1c, 0x2400_0100);
  put(0x0c, 0x7001);
  put(0x14, 4);
  assert.equal(mdma.read(0x54, 4), 8);
  put(0x0c, 0x1_7001);
  pass(r.timeline, 5000);
  assert.deepEqual([...r.bytes.subarray(0x100, 0x108)], [8, 7, 6, 5, 4, 3, 2, 1]);
});

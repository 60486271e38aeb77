import assert from "node:assert/strict";
import { test } from "node:test";
import {
  diepctl,
  diepint,
  dieptsiz,
  doepctl,
  doepint,
  doeptsiz,
  dtxfsts,
  fifo,
  GLOBAL,
  runFor,
} from "../../usb/test-device.js";
import {
  armOut,
  attached,
  attachedWithDma,
  type Bench,
  BUFFER,
  BULK,
  bytes,
  CNAK,
  diepdma,
  doepdma,
  EPDIS,
  EPENA,
  NAKSTS,
  PACKET,
  SETUP,
  SNAK,
  status,
  USBAEP,
} from "./test-core.js";

test("reset values are those of the manual", () => {
  const bench = attached();
  bench.otg.reset();
  const expected: readonly (readonly [number, number])[] = [
    [GLOBAL.GUSBCFG, 0xa00],
    [GLOBAL.GRSTCTL, 0x8000_0000],
    [GLOBAL.GRXFSIZ, 0x200],
    [GLOBAL.CID, 0x2300],
    [0x040, 0x4f54_330a],
    [GLOBAL.DCFG, 0x0220_0000],
    [GLOBAL.DSTS, 0x10],
    [doepctl(0), 0x8000],
    [diepint(0), 0x80],
  ];
  for (const [offset, value] of expected) assert.equal(bench.get(offset), value, `0x${offset.toString(16)}`);
  assert.equal(bench.otg.pullUp, false);
});

test("SETUP is taken while NAK is set, and is done with the next token only", () => {
  const { otg, get } = attached();
  assert.equal(otg.setup(0, 0, SETUP), "ack");
  assert.deepEqual(status(get(GLOBAL.GRXSTSP)), { endpoint: 0, bytes: 8, kind: 6 });
  assert.equal(get(fifo(0)), 0x0100_0680);
  assert.equal(get(fifo(0)), 0x0012_0000);
  assert.equal(get(GLOBAL.GINTSTS) & (1 << 4), 0, "nothing more before the next token");
  assert.equal(otg.in(0, 0), "nak");
  assert.equal(status(get(GLOBAL.GRXSTSR)).kind, 4);
  assert.equal(get(doepint(0)) & 8, 0, "STUP waits until the entry is popped");
  assert.equal(status(get(GLOBAL.GRXSTSP)).kind, 4);
  assert.equal(get(doepint(0)) & 8, 8);
  assert.equal(get(diepctl(0)) & NAKSTS, NAKSTS);
  assert.equal(get(doeptsiz(0)) >>> 29, 2);
});

test("SETUP packets are taken for as long as they come, whatever STUPCNT counted down to", () => {
  const { otg, get, log } = attached();
  for (let n = 0; n < 4; n++) assert.equal(otg.setup(0, 0, SETUP), "ack");
  assert.equal(get(doeptsiz(0)) >>> 29, 0);
  assert.deepEqual(log.lines, []);
});

test("SETUP clears the stall of endpoint 0, software cannot", () => {
  const { otg, get, put } = attached();
  put(diepctl(0), 1 << 21);
  assert.equal(otg.in(0, 0), "stall");
  put(diepctl(0), 0);
  assert.equal(otg.in(0, 0), "stall");
  otg.setup(0, 0, SETUP);
  assert.equal(get(diepctl(0)) & (1 << 21), 0);
  assert.equal(otg.in(0, 0), "nak");
});

test("OUT data, its completion and XFRC come in this order", () => {
  const bench = attached();
  armOut(bench, 2);
  assert.equal(bench.otg.out(0, 1, 0, bytes(64)), "ack");
  assert.equal(bench.otg.out(0, 1, 1, bytes(5)), "ack");
  assert.equal(bench.otg.out(0, 1, 0, bytes(5)), "nak", "a short packet ends the transfer");
  assert.deepEqual(status(bench.get(GLOBAL.GRXSTSP)), { endpoint: 1, bytes: 64, kind: 2 });
  for (let i = 0; i < 16; i++) bench.get(fifo(0));
  assert.deepEqual(status(bench.get(GLOBAL.GRXSTSP)), { endpoint: 1, bytes: 5, kind: 2 });
  assert.equal(bench.get(fifo(0)), 0x0403_0201);
  assert.equal(bench.get(fifo(0)), 0x05);
  assert.equal(bench.get(doepint(1)) & 1, 0);
  assert.equal(status(bench.get(GLOBAL.GRXSTSP)).kind, 3);
  assert.equal(bench.get(doepint(1)) & 1, 1);
  assert.equal(bench.get(doepctl(1)) >>> 31, 0, "EPENA is cleared");
  assert.equal(bench.get(doeptsiz(1)) & 0x7ffff, 128 - 69);
  assert.deepEqual(bench.log.lines, []);
});

test("an OUT packet with the toggle of the last one is acknowledged and dropped", () => {
  const bench = attached();
  armOut(bench, 2);
  assert.equal(bench.otg.out(0, 1, 0, bytes(64)), "ack");
  assert.equal(bench.otg.out(0, 1, 0, bytes(64)), "ack");
  assert.equal(bench.get(doeptsiz(1)) >>> 19, 1);
  assert(bench.log.has("DATA0 received, DATA1 expected"));
});

test("OUT data that does not fit beside what waits in the receive FIFO gets NAK", () => {
  const bench = attached();
  bench.put(GLOBAL.GRXFSIZ, 40);
  armOut(bench, 8);
  assert.equal(bench.otg.out(0, 1, 0, bytes(64)), "ack");
  assert.equal(bench.otg.out(0, 1, 1, bytes(64)), "ack");
  assert.equal(bench.otg.out(0, 1, 0, bytes(64)), "nak");
  for (let i = 0; i < 17; i++) bench.get(i === 0 ? GLOBAL.GRXSTSP : fifo(0));
  assert.equal(bench.otg.out(0, 1, 0, bytes(64)), "ack");
});

test("a packet that can never fit into GRXFSIZ is told", () => {
  const bench = attached();
  bench.put(GLOBAL.GRXFSIZ, 16);
  armOut(bench, 1);
  assert.equal(bench.otg.out(0, 1, 0, bytes(64)), "nak");
  assert(bench.log.has("a packet of 64 bytes never fits"));
});

test("reading a status word as data, and data as status, is told", () => {
  const bench = attached();
  armOut(bench, 1);
  bench.otg.out(0, 1, 0, bytes(4));
  bench.get(fifo(0));
  assert(bench.log.has("a status word was read as data"));
  bench.get(GLOBAL.GRXSTSP);
  assert(bench.log.has("data of the last packet is still in the FIFO"));
});

test("IN data is sent when the whole packet is in the FIFO, and again until it is acknowledged", () => {
  const { otg, get, put } = attached();
  put(dieptsiz(1), PACKET | 6);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  put(fifo(1), 0x0403_0201);
  assert.equal(otg.in(0, 1), "nak", "half a packet");
  assert.equal(get(dtxfsts(1)), 31);
  put(fifo(1), 0x0605);
  assert.equal(get(dieptsiz(1)) & 0x7ffff, 0, "XFRSIZ counts what was written");
  const packet = { toggle: 0, bytes: bytes(6) };
  assert.deepEqual(otg.in(0, 1), packet);
  assert.deepEqual(otg.in(0, 1), packet, "the acknowledgement was lost");
  assert.equal(get(diepint(1)) & 1, 0);
  otg.inAcknowledged(0, 1);
  assert.equal(get(diepint(1)) & 1, 1);
  assert.equal(get(diepctl(1)) >>> 31, 0);
  assert.equal(get(dtxfsts(1)), 32);
  assert.equal(otg.in(0, 1), "nak");
});

test("a transfer size written while the endpoint is enabled counts, and is told", () => {
  const { otg, get, put, log } = attached();
  put(dieptsiz(1), PACKET | 64);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  put(dieptsiz(1), PACKET | 2);
  put(fifo(1), 0x0201);
  assert.deepEqual(otg.in(0, 1), { toggle: 0, bytes: bytes(2) });
  assert(log.has("DIEPTSIZ1: written while DIEPCTL1.EPENA = 1"));
});

test("an empty packet needs no data, and a following packet has the other toggle", () => {
  const { otg, get, put } = attached();
  for (const toggle of [0, 1, 0]) {
    put(dieptsiz(1), PACKET);
    put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
    assert.deepEqual(otg.in(0, 1), { toggle, bytes: bytes(0) });
    otg.inAcknowledged(0, 1);
  }
});

test("an IN token on an empty FIFO sets ITTXFE", () => {
  const { otg, get } = attached();
  assert.equal(get(diepint(1)) & 0x10, 0);
  otg.in(0, 1);
  assert.equal(get(diepint(1)) & 0x10, 0x10);
});

test("TXFE follows the level that TXFELVL asks for, and interrupts through DIEPEMPMSK", () => {
  const { get, put, irq } = attached();
  put(GLOBAL.GINTMSK, 1 << 18);
  put(GLOBAL.DAINTMSK, 2);
  put(dieptsiz(1), 2 * PACKET + 128);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  assert.equal(irq(), false);
  put(GLOBAL.DIEPEMPMSK, 2);
  assert.equal(irq(), true);
  for (let i = 0; i < 16; i++) put(fifo(1), i);
  assert.equal(irq(), true, "half full counts as half empty");
  put(fifo(1), 0);
  assert.equal(irq(), false);
  put(GLOBAL.GAHBCFG, 0x81);
  assert.equal(get(diepint(1)) & 0x80, 0);
});

test("a transmit FIFO that overflows loses the word and says so", () => {
  const { get, put, log } = attached();
  put(dieptsiz(1), 4 * PACKET + 256);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  for (let i = 0; i < 33; i++) put(fifo(1), i);
  assert.equal(get(dtxfsts(1)), 0);
  assert(log.has("transmit FIFO 1 (32 words) overflows"));
});

test("flushing empties the FIFO after a few clocks", () => {
  const { get, put, clocks } = attached();
  put(dieptsiz(1), PACKET | 4);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  put(fifo(1), 1);
  put(GLOBAL.GRSTCTL, (1 << 5) | (1 << 6));
  assert.equal(get(GLOBAL.GRSTCTL) & (1 << 5), 1 << 5);
  clocks();
  assert.equal(get(GLOBAL.GRSTCTL) & (1 << 5), 0);
  assert.equal(get(dtxfsts(1)), 32);
});

test("an IN endpoint is disabled by SNAK and EPDIS, with INEPNE and EPDISD", () => {
  const { get, put, clocks } = attached();
  put(dieptsiz(1), PACKET | 4);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  put(diepctl(1), get(diepctl(1)) | SNAK);
  assert.equal(get(diepint(1)) & 0x40, 0x40);
  put(diepctl(1), get(diepctl(1)) | EPDIS);
  clocks();
  assert.equal(get(diepint(1)) & 2, 2);
  assert.equal(get(diepctl(1)) >>> 30, 0);
});

test("an OUT endpoint is disabled only once global OUT NAK was popped from the FIFO", () => {
  const bench = attached();
  const { get, put, clocks, otg } = bench;
  armOut(bench, 2);
  put(GLOBAL.DCTL, 1 << 9);
  assert.equal(otg.out(0, 1, 0, bytes(4)), "nak");
  assert.equal(get(GLOBAL.GINTSTS) & 0x80, 0);
  assert.equal(status(get(GLOBAL.GRXSTSP)).kind, 1);
  assert.equal(get(GLOBAL.GINTSTS) & 0x80, 0x80);
  put(doepctl(1), get(doepctl(1)) | EPDIS);
  clocks();
  assert.equal(get(doepint(1)) & 2, 2);
  put(GLOBAL.DCTL, 1 << 10);
  assert.equal(get(GLOBAL.GINTSTS) & 0x80, 0);
  assert.deepEqual(bench.log.lines, []);
  armOut(bench, 1);
  put(doepctl(1), get(doepctl(1)) | EPDIS);
  clocks();
  assert.equal(get(doepctl(1)) >>> 30, 3, "waits");
  assert(bench.log.has("EPDIS without global OUT NAK"));
});

test("the address that DCFG.DAD gets becomes effective after the status stage", () => {
  const { otg, get, put } = attached();
  otg.setup(0, 0, Uint8Array.of(0, 5, 9, 0, 0, 0, 0, 0));
  otg.in(0, 0);
  put(GLOBAL.DCFG, get(GLOBAL.DCFG) | (9 << 4));
  put(dieptsiz(0), PACKET);
  put(diepctl(0), EPENA | CNAK);
  assert.deepEqual(otg.in(0, 0), { toggle: 1, bytes: bytes(0) });
  otg.inAcknowledged(0, 0);
  assert.equal(otg.in(0, 0), "none");
  assert.equal(otg.in(9, 0), "nak");
});

test("a bus reset closes all endpoints but 0, and leaves DCFG.DAD to software", () => {
  const { otg, get, put } = attached();
  put(GLOBAL.DCFG, get(GLOBAL.DCFG) | (5 << 4));
  otg.busReset(true);
  assert.equal(get(diepctl(1)) & USBAEP, 0);
  otg.busReset(false);
  assert.equal(otg.in(0, 0), "none");
  assert.equal(get(GLOBAL.GINTSTS) & 0x3000, 0x3000);
  assert.equal((get(GLOBAL.DSTS) >>> 1) & 3, 3, "full speed");
});

test("EOPF comes at 80 % of the frame", () => {
  const { otg, get, timeline } = attached();
  otg.sof(1);
  runFor(timeline, 799e3);
  assert.equal(get(GLOBAL.GINTSTS) & (1 << 15), 0);
  runFor(timeline, 2e3);
  assert.equal(get(GLOBAL.GINTSTS) & (1 << 15), 1 << 15);
});

test("no frame for 3 ms is a suspend, and the resume is heard", () => {
  const { otg, get, put, timeline, irq } = attached();
  put(GLOBAL.GINTSTS, 0xffff_ffff);
  put(GLOBAL.GINTMSK, 0x8000_0800);
  otg.sof(1);
  runFor(timeline, 2.9e6);
  assert.equal(irq(), false);
  runFor(timeline, 0.2e6);
  assert.equal(irq(), true);
  assert.equal(get(GLOBAL.DSTS) & 1, 1);
  put(GLOBAL.GINTSTS, 1 << 11);
  otg.resume();
  assert.equal(get(GLOBAL.GINTSTS) >>> 31, 1);
  assert.equal(get(GLOBAL.DSTS) & 1, 0);
});

test("an OUT endpoint enabled with PKTCNT = 0 takes an empty packet, which ends the transfer", () => {
  const { otg, get, put, log } = attached();
  otg.setup(0, 0, SETUP);
  put(doeptsiz(0), 3 << 29);
  put(doepctl(0), USBAEP | EPENA | CNAK);
  for (let words = 0; words < 1 + 2; words++) get(GLOBAL.GRXSTSP);
  assert.equal(otg.out(0, 0, 1, bytes(0)), "ack");
  assert.equal(get(doepctl(0)) & NAKSTS, NAKSTS);
  while ((get(GLOBAL.GINTSTS) & (1 << 4)) !== 0) get(GLOBAL.GRXSTSP);
  assert.equal(get(doepint(0)) & 1, 1, "XFRC");
  assert.equal(get(doepctl(0)) >>> 31, 0);
  assert.equal(get(doeptsiz(0)) & PACKET, 0);
  assert.equal(log.has("PKTCNT"), false);
});

test("after a SETUP, CNAK alone opens OUT endpoint 0 for the data stage, once", () => {
  const { otg, get, put } = attached();
  put(doeptsiz(0), (3 << 29) | PACKET | 24);
  put(doepctl(0), USBAEP | EPENA);
  otg.setup(0, 0, Uint8Array.of(0x21, 0x20, 0, 0, 0, 0, 7, 0));
  assert.equal(otg.out(0, 0, 1, bytes(7)), "nak");
  while ((get(GLOBAL.GINTSTS) & (1 << 4)) !== 0) get(GLOBAL.GRXSTSP);
  put(doepctl(0), get(doepctl(0)) | CNAK);
  assert.equal(otg.out(0, 0, 1, bytes(7)), "ack");
  while ((get(GLOBAL.GINTSTS) & (1 << 4)) !== 0) get(GLOBAL.GRXSTSP);
  assert.equal(get(doepint(0)) & 1, 1, "XFRC");
  assert.equal(otg.out(0, 0, 0, bytes(0)), "nak");
});

test("a core soft reset keeps the PHY's choice and the forced mode, and loses the rest", () => {
  const { otg, get, put, clocks } = attached();
  put(GLOBAL.GRSTCTL, 1);
  assert.equal(get(GLOBAL.GRSTCTL) & 1, 1);
  clocks();
  assert.equal(get(GLOBAL.GRSTCTL) & 1, 0);
  assert.equal(get(GLOBAL.GUSBCFG) & (1 << 6), 1 << 6);
  assert.equal(get(GLOBAL.GUSBCFG) & (1 << 30), 1 << 30);
  assert.equal(get(GLOBAL.GRXFSIZ), 0x200);
  assert.equal(otg.pullUp, false);
});

test("a core soft reset without a PHY clock never ends", () => {
  const { get, put, clocks, log } = attached();
  put(GLOBAL.GUSBCFG, 1 << 30);
  put(GLOBAL.GRSTCTL, 1);
  clocks();
  assert.equal(get(GLOBAL.GRSTCTL) & 1, 1);
  assert(log.has("the reset never ends"));
});

test("a core in host mode has no pull-up, and misses nothing for one", () => {
  const { otg, put, timeline, log } = attached();
  put(GLOBAL.GUSBCFG, 0x2000_0040);
  assert.equal(otg.pullUp, false);
  runFor(timeline, 1e9);
  assert.equal(log.has("the host cannot see the device"), false);
});

const mistakes: readonly (readonly [string, (bench: Bench) => void])[] = [
  ["host mode, and nothing is attached", ({ put }) => put(GLOBAL.GUSBCFG, 0x2000_0040)],
  ["is not 32 bits wide", ({ otg }) => otg.read(GLOBAL.GINTSTS, 2)],
  ["receive FIFO read while empty", ({ get }) => get(fifo(0))],
  ["GRXSTSP read while the receive FIFO is empty", ({ get }) => get(GLOBAL.GRXSTSP)],
  ["before EPENA", ({ put }) => put(fifo(1), 1)],
  ["enabled with PKTCNT = 0", ({ put }) => put(diepctl(1), USBAEP | BULK | (1 << 22) | 64 | EPENA)],
  ["EPDIS written while EPENA = 0", ({ put }) => put(diepctl(1), EPDIS)],
  [
    "a frame has one at full speed",
    ({ put }) => {
      put(dieptsiz(1), 2 * PACKET + 128);
      put(diepctl(1), USBAEP | (1 << 18) | (1 << 22) | 64 | EPENA | CNAK);
    },
  ],
  [
    "DIEPTXF1 overlaps DIEPTXF0",
    ({ put }) => {
      put(0x104, (32 << 16) | 70);
      put(diepctl(1), USBAEP | BULK | (1 << 22) | 64 | EPENA);
    },
  ],
  [
    "DIEPTXF1 reaches beyond the FIFO RAM",
    ({ put }) => {
      put(0x104, (32 << 16) | 1000);
      put(diepctl(1), USBAEP | BULK | (1 << 22) | 64 | EPENA);
    },
  ],
  ["no FIFO window is modelled there", ({ get }) => get(0x2_0000)],
];
for (const [message, make] of mistakes) {
  test(`the guest's mistake is told: ${message}`, () => {
    const bench = attached();
    assert.deepEqual(bench.log.lines, []);
    make(bench);
    assert(bench.log.has(message), bench.log.lines.join("\n"));
  });
}

test("a turnaround time that does not suit HCLK is told", () => {
  const { log, otg } = attached({ hclkHz: () => 20e6 });
  assert.deepEqual(log.lines, [], "software may set it as late as at the end of the enumeration of speed");
  otg.setup(0, 0, SETUP);
  assert(log.has("GUSBCFG.TRDT = 6: the manual asks for 10"));
});

test("without its bus clock the core reads 0, forgets writes and is deaf", () => {
  let on = true;
  const { otg, get, put, log } = attached({ clocked: () => on });
  assert.equal(otg.pullUp, true);
  on = false;
  otg.surroundingsChanged();
  assert.equal(otg.pullUp, true, "the transceiver does not notice");
  assert.equal(otg.in(0, 0), "none");
  assert.equal(get(GLOBAL.GRXFSIZ), 0);
  put(GLOBAL.GRXFSIZ, 99);
  assert(log.has("clock of USB2_OTG_FS is off"));
  on = true;
  assert.equal(get(GLOBAL.GRXFSIZ), 64);
});

test("a stopped PHY clock makes the core deaf neither for a reset nor for packets", () => {
  const { otg, get, put } = attached();
  put(GLOBAL.PCGCCTL, 1);
  put(GLOBAL.GINTSTS, 0xffff_ffff);
  otg.busReset(true);
  otg.busReset(false);
  assert.equal(get(GLOBAL.GINTSTS) & 0x3000, 0x3000);
  assert.equal(otg.setup(0, 0, SETUP), "ack");
});

test("a transmit FIFO of size 0 overlaps nothing, and what the library clears in all endpoints is no mistake", () => {
  const { put, log } = attached();
  put(diepctl(2), USBAEP | BULK | (2 << 22) | 64);
  put(0x108, 0);
  put(0x13c, 0);
  put(diepint(2), 0xfb7f);
  put(doepint(2), 0xfb7f);
  put(GLOBAL.GINTSTS, 0xbfff_ffff);
  put(diepctl(1), USBAEP | BULK | (1 << 22) | 64 | EPENA);
  assert.deepEqual(
    log.lines.filter((line) => !line.includes("PKTCNT")),
    [],
  );
});

test("with DMA a SETUP packet goes to DOEPDMA0, disables the endpoint, and never shows in the receive FIFO", () => {
  const { otg, get, memory } = attachedWithDma();
  assert.equal(otg.setup(0, 0, SETUP), "ack");
  assert.deepEqual(memory.bytes.subarray(0x100, 0x108), SETUP);
  assert.equal(get(doepctl(0)) >>> 31, 0);
  assert.equal(get(doepint(0)) & 0x8008, 0x8000, "STPKTRX, and STUP only with the next token");
  assert.equal(otg.in(0, 0), "nak");
  assert.equal(get(doepint(0)) & 8, 8);
  assert.equal(get(GLOBAL.GINTSTS) & (1 << 4), 0);
});

test("with DMA a SETUP packet waits for an enabled endpoint", () => {
  const { otg, get, put, memory } = attachedWithDma();
  otg.setup(0, 0, SETUP);
  otg.in(0, 0);
  put(doepint(0), 0xffff);
  const second = Uint8Array.from(SETUP, (byte) => byte ^ 1);
  otg.setup(0, 0, second);
  otg.in(0, 0);
  assert.equal(get(doepint(0)) & 0x8008, 0);
  put(doepdma(0), BUFFER + 64);
  put(doepctl(0), EPENA | USBAEP);
  assert.deepEqual(memory.bytes.subarray(0x140, 0x148), second);
  assert.equal(get(doepint(0)) & 0x8008, 0x8008);
});

test("with DMA an OUT transfer fills memory packet by packet and ends with the short one", () => {
  const { otg, get, put, memory } = attachedWithDma();
  put(doeptsiz(1), (2 * PACKET) | 128);
  put(doepdma(1), BUFFER);
  put(doepctl(1), USBAEP | BULK | 64 | EPENA | CNAK);
  assert.equal(otg.out(0, 1, 0, bytes(64)), "ack");
  assert.equal(get(doepint(1)) & 1, 0);
  assert.equal(otg.out(0, 1, 1, bytes(5)), "ack");
  assert.equal(get(doepint(1)) & 1, 1);
  assert.equal(get(doeptsiz(1)) & 0x7ffff, 128 - 69);
  assert.equal(get(doepdma(1)), BUFFER + 69);
  assert.deepEqual(memory.bytes.subarray(0x140, 0x146), Uint8Array.of(1, 2, 3, 4, 5, 0));
  assert.equal(otg.out(0, 1, 0, bytes(1)), "nak");
});

test("with DMA an IN transfer is read from memory, and a packet that was lost is sent again as it was", () => {
  const { otg, get, put, memory } = attachedWithDma();
  memory.bytes.set(bytes(70), 0x100);
  put(dieptsiz(1), (2 * PACKET) | 70);
  put(diepdma(1), BUFFER);
  put(diepctl(1), USBAEP | BULK | (1 << 22) | 64 | EPENA | CNAK);
  assert.deepEqual(otg.in(0, 1), { toggle: 0, bytes: bytes(64) });
  assert.deepEqual(otg.in(0, 1), { toggle: 0, bytes: bytes(64) });
  otg.inAcknowledged(0, 1);
  assert.deepEqual(otg.in(0, 1), { toggle: 1, bytes: bytes(70).subarray(64) });
  assert.equal(get(diepint(1)) & 1, 0);
  otg.inAcknowledged(0, 1);
  assert.equal(get(diepint(1)) & 1, 1);
  assert.equal(get(diepctl(1)) >>> 31, 0);
  assert.equal(get(diepdma(1)), BUFFER + 70);
});

test("DMA does not reach DTCM: AHBERR, and it is told", () => {
  const { otg, get, put, log } = attachedWithDma();
  put(dieptsiz(1), PACKET | 8);
  put(diepdma(1), 0x2000_0000);
  put(diepctl(1), USBAEP | BULK | (1 << 22) | 64 | EPENA | CNAK);
  assert.equal(otg.in(0, 1), "nak");
  assert.equal(get(diepint(1)) & 4, 4);
  assert(log.has("DTCM, which only the core and MDMA reach"));
});

test("an IN token for a packet that was sent already tells that its acknowledgement was lost (TOC)", () => {
  const { otg, get, put } = attached();
  put(dieptsiz(1), PACKET);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  otg.in(0, 1);
  assert.equal(get(diepint(1)) & 8, 0);
  otg.in(0, 1);
  assert.equal(get(diepint(1)) & 8, 8);
});

test("more than three SETUP packets in a row are told (B2BSTUP)", () => {
  const { otg, get } = attached();
  for (let n = 0; n < 3; n++) otg.setup(0, 0, SETUP);
  assert.equal(get(doepint(0)) & 0x40, 0);
  otg.setup(0, 0, SETUP);
  assert.equal(get(doepint(0)) & 0x40, 0x40);
});

test("global IN NAK stops bulk endpoints, not interrupt endpoints", () => {
  const { otg, get, put } = attached();
  put(GLOBAL.DCTL, 1 << 7);
  for (const [type, answer] of [
    [BULK, "nak"],
    [3 << 18, "object"],
  ] as const) {
    put(diepctl(1), USBAEP | type | (1 << 22) | 64);
    put(dieptsiz(1), PACKET);
    put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
    const got = otg.in(0, 1);
    assert.equal(typeof got === "string" ? got : typeof got, answer);
  }
});

test("registers of the mode that the core is not in set MMIS", () => {
  const { get, put } = attached();
  const mismatch = (): number => get(GLOBAL.GINTSTS) & 2;
  assert.equal(mismatch(), 0);
  get(0x440);
  assert.equal(mismatch(), 2);
  put(GLOBAL.GUSBCFG, (1 << 29) | (1 << 6));
  put(GLOBAL.GINTSTS, 2);
  get(0x440);
  assert.equal(mismatch(), 0);
  assert.equal(get(GLOBAL.GOTGCTL) & (1 << 21), 1 << 21, "CURMOD");
  get(GLOBAL.DSTS);
  assert.equal(mismatch(), 2);
});

test("a gated HCLK lets the core wake and nothing else", () => {
  const { otg, put, log } = attached();
  put(GLOBAL.PCGCCTL, 2);
  assert.equal(otg.setup(0, 0, SETUP), "none");
  assert(log.has("PCGCCTL.GATEHCLK gates its clock"));
  put(GLOBAL.PCGCCTL, 0);
  assert.equal(otg.setup(0, 0, SETUP), "ack");
});

test("a status stage with bytes in it goes to software, or with NZLSOHSK gets a stall", () => {
  const { otg, get, put } = attached();
  otg.setup(0, 0, SETUP);
  put(dieptsiz(0), PACKET);
  put(diepctl(0), EPENA | CNAK);
  put(doeptsiz(0), (3 << 29) | PACKET | 64);
  put(doepctl(0), EPENA | CNAK);
  otg.in(0, 0);
  otg.inAcknowledged(0, 0);
  put(GLOBAL.DCFG, get(GLOBAL.DCFG) | 4);
  assert.equal(otg.out(0, 0, 1, bytes(3)), "stall");
  put(GLOBAL.DCFG, get(GLOBAL.DCFG) & ~4);
  assert.equal(otg.out(0, 0, 1, bytes(3)), "ack");
});

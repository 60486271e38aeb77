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
  attached,
  attachedWithDma,
  type Bench,
  BUFFER,
  bytes,
  CNAK,
  diepdma,
  doepdma,
  EPDIS,
  EPENA,
  PACKET,
  SNAK,
  status,
  USBAEP,
} from "./test-core.js";

const ISOCHRONOUS = 1 << 18;
const EVEN = 1 << 28;
const ODD = 1 << 29;
const ISOODRP = 1 << 14;
const EOPF = 1 << 15;
const IISOIXFR = 1 << 20;
const INCOMPISOOUT = 1 << 21;
const SIZE = 48;

const inControl = USBAEP | ISOCHRONOUS | (1 << 22) | SIZE;
const outControl = USBAEP | ISOCHRONOUS | SIZE;

function armIn({ put }: Bench, frames: number, length = SIZE): void {
  put(dieptsiz(1), (1 << 29) | PACKET | length);
  put(diepctl(1), inControl | frames | EPENA | CNAK);
}

function fill({ put }: Bench, length = SIZE): void {
  const data = bytes(length);
  for (let at = 0; at < length; at += 4) {
    put(
      fifo(1),
      data.slice(at, at + 4).reduceRight((word, byte) => (word << 8) | byte, 0),
    );
  }
}

function armOut({ put }: Bench, frames: number): void {
  put(doeptsiz(1), PACKET | SIZE);
  put(doepctl(1), outControl | frames | EPENA | CNAK);
}

/** Drains the receive FIFO as software does. @returns kinds of the status words. */
function drain({ get }: Bench): number[] {
  const kinds: number[] = [];
  while ((get(GLOBAL.GINTSTS) & (1 << 4)) !== 0) {
    const { bytes: length, kind } = status(get(GLOBAL.GRXSTSP));
    kinds.push(kind);
    for (let at = 0; at < length; at += 4) get(fifo(0));
  }
  return kinds;
}

const flags = ({ get }: Bench, mask: number): number => get(GLOBAL.GINTSTS) & mask;
const EMPTY = { toggle: 0, bytes: new Uint8Array(0) };

test("an isochronous IN packet goes out in a frame of its parity, ends the transfer, and is never sent again", () => {
  const bench = attached();
  const { otg, get } = bench;
  otg.sof(6);
  armIn(bench, ODD);
  fill(bench);
  assert.equal(get(diepctl(1)) & (1 << 16), 1 << 16, "EONUM");
  assert.deepEqual(otg.in(0, 1), EMPTY, "not in an even frame");
  assert.equal(get(diepint(1)) & (1 << 13), 1 << 13, "NAK tells that an empty packet went out");
  otg.sof(7);
  assert.deepEqual(otg.in(0, 1), { toggle: 0, bytes: bytes(SIZE) });
  otg.inAcknowledged(0, 1);
  assert.equal(get(diepint(1)) & 1, 1, "XFRC");
  assert.equal(get(diepctl(1)) >>> 31, 0);
  assert.equal(get(diepctl(1)) & (1 << 16), 1 << 16, "EONUM is software's to change");
  assert.equal(get(dtxfsts(1)), 32);
  assert.deepEqual(otg.in(0, 1), EMPTY);
  assert.deepEqual(bench.log.lines, []);
});

test("DATA0 is sent in every frame, with EONUM even as well", () => {
  const bench = attached();
  for (let frame = 1; frame < 5; frame++) {
    bench.otg.sof(frame);
    armIn(bench, frame % 2 === 0 ? EVEN : ODD, 4);
    fill(bench, 4);
    assert.deepEqual(bench.otg.in(0, 1), { toggle: 0, bytes: bytes(4) });
    bench.otg.inAcknowledged(0, 1);
  }
  assert.deepEqual(bench.log.lines, []);
});

test("a packet with one word missing counts as none: an empty one goes out, ITTXFE, and the frame is incomplete", () => {
  const bench = attached();
  const { otg, get, put, clocks, timeline } = bench;
  otg.sof(2);
  armIn(bench, EVEN);
  for (let words = 0; words < SIZE / 4 - 1; words++) put(fifo(1), 1);
  assert.deepEqual(otg.in(0, 1), EMPTY);
  assert.equal(get(diepint(1)) & 0x10, 0x10);
  assert.equal(get(dieptsiz(1)) & PACKET, PACKET, "the packet is still due");
  runFor(timeline, 799e3);
  assert.equal(flags(bench, EOPF | IISOIXFR), 0);
  runFor(timeline, 2e3);
  assert.equal(flags(bench, EOPF | IISOIXFR), EOPF | IISOIXFR);
  put(diepctl(1), get(diepctl(1)) | SNAK | EPDIS);
  clocks();
  assert.equal(get(diepint(1)) & 2, 2, "EPDISD");
  otg.sof(3);
  armIn(bench, ODD);
  assert.equal(get(dtxfsts(1)), 32, "a new transfer overwrites what was left");
  fill(bench);
  assert.deepEqual(otg.in(0, 1), { toggle: 0, bytes: bytes(SIZE) });
});

test("what is armed for the next frame does not make this one incomplete; a host that does not ask does", () => {
  const bench = attached();
  const { otg, put, timeline } = bench;
  otg.sof(4);
  armIn(bench, ODD);
  fill(bench);
  armOut(bench, ODD);
  runFor(timeline, 0.9e6);
  assert.equal(flags(bench, EOPF | IISOIXFR | INCOMPISOOUT), EOPF);
  runFor(timeline, 0.1e6);
  put(GLOBAL.GINTSTS, 0xffff_ffff);
  put(GLOBAL.GINTMSK, IISOIXFR);
  otg.sof(5);
  assert.equal(bench.irq(), false);
  runFor(timeline, 0.81e6);
  assert.equal(flags(bench, IISOIXFR | INCOMPISOOUT), IISOIXFR | INCOMPISOOUT);
  assert.equal(bench.irq(), true, "the interrupt comes at that instant, not with the next access");
});

test("NAK and an endpoint without EPENA send empty packets; global IN NAK is for others", () => {
  const bench = attached();
  const { otg, get, put } = bench;
  assert.equal(otg.in(0, 1), "nak", "still bulk");
  put(diepctl(1), inControl);
  otg.sof(8);
  assert.deepEqual(otg.in(0, 1), EMPTY);
  armIn(bench, EVEN);
  fill(bench);
  put(diepctl(1), get(diepctl(1)) | SNAK);
  assert.deepEqual(otg.in(0, 1), EMPTY);
  put(diepctl(1), get(diepctl(1)) | CNAK);
  put(GLOBAL.DCTL, 1 << 7);
  assert.deepEqual(otg.in(0, 1), { toggle: 0, bytes: bytes(SIZE) });
});

test("an isochronous OUT packet is taken in a frame of its parity, without handshake", () => {
  const bench = attached();
  const { otg, get } = bench;
  armOut(bench, EVEN);
  otg.sof(9);
  assert.equal(otg.out(0, 1, 0, bytes(SIZE)), "none");
  assert.equal(flags(bench, 1 << 4), 0, "lost");
  otg.sof(10);
  assert.equal(otg.out(0, 1, 0, bytes(20)), "none");
  assert.equal(otg.out(0, 1, 0, bytes(20)), "none");
  assert.equal((get(GLOBAL.GRXSTSR) >>> 21) & 15, 10, "FRMNUM");
  assert.deepEqual(drain(bench), [2, 3], "the second one came after the end of the transfer");
  assert.equal(get(doepint(1)) & 1, 1);
  assert.equal(get(doepctl(1)) >>> 31, 0);
  assert.equal(get(doeptsiz(1)) & 0x7ffff, SIZE - 20);
  assert.equal(get(doeptsiz(1)) >>> 29, 0, "RXDPID: DATA0");
  assert.equal(flags(bench, INCOMPISOOUT), 0);
});

test("RXDPID tells the data PID of the last packet that was read", () => {
  const bench = attached();
  armOut(bench, EVEN);
  bench.otg.sof(2);
  bench.otg.out(0, 1, 1, bytes(SIZE));
  assert.equal(bench.get(doeptsiz(1)) >>> 29, 0, "not read yet");
  drain(bench);
  assert.equal(bench.get(doeptsiz(1)) >>> 29, 2, "DATA1");
});

test("an OUT packet without room for the largest one is dropped: ISOODRP, OUTPKTERR, PKTDRPSTS, incomplete", () => {
  const bench = attached();
  const { otg, get, put, timeline } = bench;
  put(GLOBAL.GRXFSIZ, 20);
  armOut(bench, EVEN);
  otg.sof(2);
  otg.out(0, 1, 0, bytes(SIZE));
  assert.equal(flags(bench, ISOODRP), 0);
  runFor(timeline, 0.81e6);
  assert.equal(flags(bench, INCOMPISOOUT), INCOMPISOOUT, "software has not read it in time");
  put(GLOBAL.GINTSTS, INCOMPISOOUT);
  armSecond(bench);
  otg.out(0, 2, 0, bytes(4));
  assert.equal(flags(bench, ISOODRP), ISOODRP);
  assert.equal(get(doepint(2)) & (1 << 8), 1 << 8);
  assert.equal(get(diepint(2)) & (1 << 11), 1 << 11);
  assert.deepEqual(drain(bench), [2, 3], "what had come before is whole");
});

function armSecond({ put }: Bench): void {
  put(doeptsiz(2), PACKET | SIZE);
  put(doepctl(2), outControl | EVEN | EPENA | CNAK);
}

test("an endpoint that was not enabled tells of the token, by which software finds the host's frames", () => {
  const { otg, get, put } = attached();
  put(doepctl(1), outControl);
  otg.sof(2);
  assert.equal(otg.out(0, 1, 0, bytes(4)), "none");
  assert.equal(get(doepint(1)) & 0x10, 0x10, "OTEPDIS");
});

test("an incomplete OUT transfer is disabled under global OUT NAK, which drops isochronous packets", () => {
  const bench = attached();
  const { otg, get, put, clocks } = bench;
  armOut(bench, EVEN);
  otg.sof(2);
  put(GLOBAL.DCTL, 1 << 9);
  otg.out(0, 1, 0, bytes(SIZE));
  assert.deepEqual(drain(bench), [1]);
  put(doepctl(1), get(doepctl(1)) | EPDIS);
  clocks();
  assert.equal(get(doepint(1)) & 2, 2);
  assert.equal(get(doepctl(1)) >>> 30, 0);
  assert.deepEqual(bench.log.lines, []);
});

test("a packet longer than MPSIZ is babble", () => {
  const bench = attached();
  armOut(bench, EVEN);
  bench.otg.sof(2);
  bench.otg.out(0, 1, 0, bytes(SIZE + 1));
  assert.deepEqual(drain(bench), []);
  assert.equal(bench.get(doepint(1)) & (1 << 12), 1 << 12);
});

test("with DMA both directions go by frames as well", () => {
  const bench = attachedWithDma();
  const { otg, get, put, memory } = bench;
  memory.bytes.set(bytes(SIZE), 0x100);
  put(diepdma(1), BUFFER);
  armIn(bench, ODD);
  put(doepdma(1), BUFFER + 64);
  armOut(bench, ODD);
  otg.sof(2);
  assert.deepEqual(otg.in(0, 1), EMPTY);
  otg.out(0, 1, 0, bytes(SIZE));
  assert.equal(memory.bytes[0x140], 0);
  otg.sof(3);
  assert.deepEqual(otg.in(0, 1), { toggle: 0, bytes: bytes(SIZE) });
  otg.inAcknowledged(0, 1);
  otg.out(0, 1, 0, bytes(SIZE));
  assert.deepEqual(memory.bytes.subarray(0x140, 0x140 + SIZE), bytes(SIZE));
  assert.equal(get(diepint(1)) & 1, 1);
  assert.equal(get(doepint(1)) & 1, 1);
  assert.equal(get(doepdma(1)), BUFFER + 64 + SIZE);
  assert.equal(flags(bench, 1 << 4), 0);
});

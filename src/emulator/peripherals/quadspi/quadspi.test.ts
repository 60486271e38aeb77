import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../../bus.js";
import { seeded } from "../../flash/flash-rig.js";
import { MT25QL512ABB } from "../../flash/micron.js";
import { SerialNorFlash } from "../../flash/nor-flash.js";
import { W25Q128JV_IQ } from "../../flash/winbond.js";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { QuadSpi } from "./quadspi.js";

const CR = 0x00;
const DCR = 0x04;
const SR = 0x08;
const FCR = 0x0c;
const DLR = 0x10;
const CCR = 0x14;
const AR = 0x18;
const ABR = 0x1c;
const DR = 0x20;
const PSMKR = 0x24;
const PSMAR = 0x28;
const PIR = 0x2c;
const LPTR = 0x30;

const SSHIFT = 1 << 4;
const DFM = 1 << 6;
const FSEL = 1 << 7;
const TEF = 1;
const TCF = 2;
const FTF = 4;
const SMF = 8;
const TOF = 16;
const BUSY = 32;

const I1 = 1 << 8;
const A1 = (1 << 10) | (2 << 12);
const A4 = (3 << 10) | (2 << 12);
const M4 = 3 << 14;
const D1 = 1 << 24;
const D4 = 3 << 24;
const READ = 1 << 26;
const POLL = 2 << 26;
const MAPPED = 3 << 26;
const SIOO = 1 << 28;
const DDRM = 1 << 31;
const dummy = (clocks: number): number => clocks << 18;
const EB = 0xeb | I1 | A4 | M4 | dummy(4) | D4;

class Bench {
  readonly timeline = new Timeline(400e6);
  readonly log = new RecordedLog();
  readonly line = new TestLine();
  readonly content = new Uint8Array(W25Q128JV_IQ.size).fill(0xff);
  readonly chip: SerialNorFlash;
  readonly quadspi: QuadSpi;
  wired = true;
  second: SerialNorFlash | undefined;
  /** IO3..IO0 that lead to the chip. */
  muxed = 0b1111;
  clockOn = true;
  kernelHz = 200e6;
  mappingChanges = 0;

  constructor(windowTakesTime = false) {
    const { timeline, log, content } = this;
    this.chip = new SerialNorFlash({ part: W25Q128JV_IQ, content, timeline, log, random: seeded(3) });
    this.quadspi = new QuadSpi({
      timeline,
      log,
      interrupt: this.line,
      clocked: () => this.clockOn,
      kernelHz: () => this.kernelHz,
      chip: (bank) => (bank === 2 ? this.second : this.wired ? this.chip : undefined),
      lines: () => ({ muxed: this.muxed, levels: 0b1111 }),
      onMappingChange: () => {
        this.mappingChanges++;
      },
      windowTakesTime,
    });
    this.workAround();
    this.set(DCR, (23 << 16) | (1 << 8));
    this.set(CR, (1 << 24) | 1);
  }

  /** ES0392. */
  workAround(): void {
    this.set(CR, 0);
    this.set(CR, 0xff000001);
    this.set(CCR, 0x20000000);
    this.set(CCR, 0x20000000);
    this.set(CR, 0);
  }

  set(register: number, value: number, size: 1 | 2 | 4 = 4): void {
    this.quadspi.write(register, size, value >>> 0);
  }

  get(register: number, size: 1 | 2 | 4 = 4): number {
    return this.quadspi.read(register, size);
  }

  get sr(): number {
    return this.get(SR) & 0x3f;
  }

  lent(): Uint8Array | undefined {
    return this.quadspi.window.readable;
  }

  pass(ns: number): void {
    pass(this.timeline, ns);
  }

  /** Waits as a driver does that sleeps between looks. */
  ready(): void {
    for (let turns = 0; (this.sr & BUSY) !== 0; turns++) {
      assert.ok(turns < 1e6, "BUSY never falls");
      this.pass(100);
    }
    this.set(FCR, 0x1b);
  }

  command(code: number, address?: number): void {
    this.set(CCR, code | I1 | (address === undefined ? 0 : A1));
    if (address !== undefined) this.set(AR, address);
    this.ready();
  }

  program(address: number, bytes: readonly number[]): void {
    this.command(0x06);
    this.set(DLR, bytes.length - 1);
    this.set(CCR, 0x32 | I1 | A1 | D4);
    this.set(AR, address);
    for (const byte of bytes) this.set(DR, byte, 1);
    this.ready();
  }

  poll(mask: number, match: number, extra = 0): void {
    this.set(PSMKR, mask);
    this.set(PSMAR, match);
    this.set(PIR, 0x10);
    this.set(DLR, 0);
    this.set(CR, this.get(CR) | (1 << 22) | extra);
    this.set(CCR, 0x05 | I1 | D1 | POLL);
  }

  map(ccr = EB | SIOO | MAPPED, abr = 0xa0): void {
    this.set(ABR, abr);
    this.set(CCR, ccr);
  }
}

test("indirect read: id by bytes, TCF, FLEVEL, BUSY until the FIFO is empty", () => {
  const bench = new Bench();
  bench.set(DLR, 2);
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  assert.equal(bench.sr & (BUSY | TCF), BUSY);
  bench.pass(400);
  assert.equal(bench.get(SR), (3 << 8) | BUSY | FTF | TCF);
  assert.equal(bench.get(DR, 1), 0xef);
  assert.equal(bench.get(DR, 2), 0x1840);
  assert.equal(bench.sr, TCF);
  bench.set(FCR, TCF);
  assert.equal(bench.sr, 0);
});

test("reading DR too early stalls the CPU for as long as the wire takes", () => {
  const bench = new Bench();
  bench.set(DLR, 3);
  const before = bench.timeline.now;
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  assert.equal(bench.get(DR), 0xef1840ef);
  // 8 + 32 clocks of 10 ns.
  assert.ok(Math.abs(bench.timeline.now - before - 400) < 5, `${bench.timeline.now - before} ns`);
});

test("each way to start: CCR alone, AR with an address, DR with data to write", () => {
  const bench = new Bench();
  bench.set(CCR, 0x06 | I1);
  assert.equal(bench.sr, BUSY);
  bench.pass(79);
  assert.equal(bench.chip.statusRegister(0), 0);
  bench.pass(2);
  assert.equal(bench.chip.statusRegister(0), 2);
  bench.set(CCR, 0x20 | I1 | A1);
  assert.equal(bench.sr & BUSY, 0);
  bench.set(AR, 0x1000);
  assert.equal(bench.sr & BUSY, BUSY);
  bench.ready();
  assert.equal(bench.chip.busy, true);
  bench.pass(46e6);
  bench.command(0x06);
  bench.set(DLR, 0);
  bench.set(CCR, 0x02 | I1 | A1 | D1);
  bench.set(AR, 0x2000);
  assert.equal(bench.sr, FTF);
  bench.set(DR, 0x12, 1);
  bench.ready();
  bench.pass(1e6);
  assert.equal(bench.content[0x2000], 0x12);
});

test("a page of words goes through the FIFO at the speed of the wire", () => {
  const bench = new Bench();
  bench.command(0x06);
  bench.set(DLR, 255);
  bench.set(CCR, 0x32 | I1 | A1 | D4);
  bench.set(AR, 0x300);
  const before = bench.timeline.now;
  for (let word = 0; word < 64; word++) bench.set(DR, 0x03020100 + word * 0x04040404);
  assert.equal(bench.get(SR) >>> 8, 32);
  bench.ready();
  // 8 + 24 + 512 clocks of 10 ns.
  assert.ok(Math.abs(bench.timeline.now - before - 5440) < 120, `${bench.timeline.now - before} ns`);
  bench.pass(1e6);
  assert.deepEqual(
    bench.content.subarray(0x300, 0x400),
    Uint8Array.from({ length: 256 }, (_, index) => index),
  );
});

test("bytes written to DR beyond DLR are dropped and reported", () => {
  const bench = new Bench();
  bench.command(0x06);
  bench.set(DLR, 0);
  bench.set(CCR, 0x02 | I1 | A1 | D1);
  bench.set(AR, 0);
  bench.set(DR, 0x04030201);
  bench.ready();
  bench.pass(1e6);
  assert.deepEqual([...bench.content.subarray(0, 2)], [1, 0xff]);
  assert.ok(bench.log.has(/more bytes written than DLR/));
});

test("1 MiB by words costs the wire's board time", () => {
  const bench = new Bench();
  const random = seeded(5);
  for (let index = 0; index < 1 << 20; index++) bench.content[index] = random() * 256;
  bench.set(DLR, (1 << 20) - 1);
  bench.set(ABR, 0xff);
  const start = bench.timeline.now;
  bench.set(CCR, EB | READ);
  bench.set(AR, 0);
  const words = new Uint32Array(1 << 18);
  for (let index = 0; index < words.length; index++) {
    words[index] = bench.get(DR);
    bench.timeline.cycles += 4;
  }
  assert.deepEqual(new Uint8Array(words.buffer), bench.content.subarray(0, 1 << 20));
  const board = bench.timeline.now - start;
  assert.ok(board > 20.9e6 && board < 22e6, `${board} ns`);
  bench.ready();
});

test("the clock stops while the FIFO is full and no byte is lost", () => {
  const bench = new Bench();
  for (let index = 0; index < 100; index++) bench.content[index] = index;
  bench.set(DLR, 99);
  bench.set(CCR, 0x0b | I1 | A1 | dummy(8) | D1 | READ);
  bench.set(AR, 0);
  bench.pass(1e6);
  assert.equal(bench.get(SR), (32 << 8) | BUSY | FTF);
  for (let index = 0; index < 100; index++) {
    if (index % 7 === 0) bench.pass(500);
    assert.equal(bench.get(DR, 1), index);
  }
  assert.equal(bench.sr, TCF);
});

test("a read that the full FIFO has stopped goes on once four bytes are vacant", () => {
  const bench = new Bench();
  bench.set(CR, bench.get(CR) | (31 << 8));
  bench.set(DLR, 99);
  bench.set(CCR, 0x0b | I1 | A1 | dummy(8) | D1 | READ);
  bench.set(AR, 0);
  bench.pass(1e6);
  for (const level of [31, 30, 29]) {
    bench.get(DR, 1);
    bench.pass(1e6);
    // Who waits for a full FIFO here waits for ever.
    assert.equal(bench.get(SR), (level << 8) | BUSY);
  }
  bench.get(DR, 1);
  bench.pass(1e6);
  assert.equal(bench.get(SR), (32 << 8) | BUSY | FTF);
});

test("DLR = 0xFFFFFFFF reads to the end of the device as FSIZE tells it", () => {
  const bench = new Bench();
  bench.set(DLR, 0xffffffff);
  bench.set(CCR, 0x03 | I1 | A1 | D1 | READ);
  bench.set(CR, (3 << 24) | 1);
  bench.set(AR, 0xfffffc);
  bench.pass(10e3);
  assert.equal(bench.get(SR) >>> 8, 4);
  assert.equal(bench.sr & TCF, TCF);
});

test("an address beyond FSIZE is a transfer error and moves nothing", () => {
  const bench = new Bench();
  bench.set(CR, bench.get(CR) | (1 << 16));
  bench.set(DLR, 3);
  bench.set(CCR, EB | READ);
  bench.set(AR, 0x1000000);
  assert.equal(bench.sr, TEF);
  assert.equal(bench.line.asserted, true);
  bench.set(FCR, TEF);
  assert.equal(bench.line.asserted, false);
  bench.set(AR, 0xfffffe);
  assert.equal(bench.sr, TEF);
});

test("registers written while BUSY keep their values and say so", () => {
  const bench = new Bench();
  bench.set(DLR, 15);
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  const ccr = bench.get(CCR);
  bench.set(CCR, 0x05 | I1 | D1 | READ);
  bench.set(DLR, 0);
  bench.set(CR, 0x07000001);
  assert.equal(bench.get(CCR), ccr);
  assert.equal(bench.get(DLR), 15);
  assert.equal(bench.get(CR) >>> 24, 1);
  assert.ok(bench.log.has(/CCR: written while BUSY/));
});

test("ABORT takes a few clocks, flushes the FIFO and sets TCF", () => {
  const bench = new Bench();
  bench.set(DLR, 0xffff);
  bench.set(CCR, 0x03 | I1 | A1 | D1 | READ);
  bench.set(AR, 0);
  bench.pass(5e3);
  bench.set(CR, bench.get(CR) | 2);
  assert.equal(bench.sr & (BUSY | TCF), BUSY);
  assert.equal(bench.get(CR) & 2, 2);
  bench.pass(200);
  assert.equal(bench.get(SR), TCF);
  assert.equal(bench.get(CR) & 2, 0);
  bench.set(FCR, TCF);
  bench.set(CR, bench.get(CR) | 2);
  assert.equal(bench.get(CR) & 2, 0);
  assert.equal(bench.sr, 0);
});

test("FIFO threshold and transfer complete interrupts come when the bytes have been clocked", () => {
  const bench = new Bench();
  bench.set(CR, bench.get(CR) | (1 << 18) | (7 << 8));
  bench.set(DLR, 15);
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  assert.equal(bench.line.asserted, false);
  bench.pass(710);
  assert.equal(bench.line.asserted, false);
  bench.pass(20);
  assert.equal(bench.line.asserted, true);
  bench.get(DR);
  assert.equal(bench.line.asserted, false);
  bench.set(CR, (bench.get(CR) & ~(1 << 18)) | (1 << 17));
  bench.pass(700);
  assert.equal(bench.line.asserted, true);
});

test("automatic polling ends just after the erase, sleeping, with few events", () => {
  const bench = new Bench();
  bench.content.fill(0, 0, 0x10000);
  bench.command(0x06);
  bench.command(0xd8, 0);
  const started = bench.timeline.now;
  bench.poll(0x01, 0x00, 1 << 19);
  assert.equal(bench.sr & BUSY, BUSY);
  let events = 0;
  while (!bench.line.asserted) {
    assert.ok(events < 40, "polls as often as on silicon");
    bench.timeline.skipTo(bench.timeline.nextEventAt ?? 0);
    bench.timeline.runDue();
    events++;
  }
  const took = bench.timeline.now - started;
  assert.ok(took > 149.9e6 && took < 150.001e6, `${took} ns`);
  assert.equal(bench.sr, SMF | FTF);
  assert.equal(bench.get(DR, 1), 0);
  assert.equal(bench.content[0], 0xff);
});

test("automatic polling: OR mode matches any bit; without APMS it goes on until aborted", () => {
  const bench = new Bench();
  bench.command(0x06);
  bench.set(PSMKR, 0x03);
  bench.set(PSMAR, 0x03);
  bench.set(PIR, 10);
  bench.set(CR, bench.get(CR) | (1 << 23));
  bench.set(CCR, 0x05 | I1 | D1 | POLL);
  bench.pass(2e3);
  assert.equal(bench.sr & (SMF | BUSY), SMF | BUSY);
  bench.set(FCR, SMF);
  bench.pass(30e6);
  assert.equal(bench.sr & (SMF | BUSY), SMF | BUSY);
  bench.set(CR, bench.get(CR) | 2);
  bench.pass(200);
  assert.equal(bench.sr, TCF | SMF);
});

test("polling a chip that stays busy for ever does not end and can be aborted", () => {
  const bench = new Bench();
  bench.wired = false;
  bench.poll(0x01, 0x00);
  bench.pass(500e6);
  assert.equal(bench.sr & (SMF | BUSY), BUSY);
  bench.wired = true;
  bench.pass(11e6);
  assert.equal(bench.sr & (SMF | BUSY), SMF);
});

test("without the right pins every read is FFh and the log tells why", () => {
  const bench = new Bench();
  bench.wired = false;
  bench.set(DLR, 3);
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  assert.equal(bench.get(DR), 0xffffffff);
  assert.ok(bench.log.has(/no flash chip at the pins/));
});

test("the clock gate, a stopped kernel clock, and use without the workaround of ES0392", () => {
  const gated = new Bench();
  gated.clockOn = false;
  assert.equal(gated.get(CR), 0);
  const still = new Bench();
  still.kernelHz = 0;
  still.set(CCR, 0x06 | I1);
  still.pass(1e6);
  assert.equal(still.sr, BUSY);
  assert.ok(still.log.has(/kernel clock stands still/));
  const bare = new Bench();
  assert.equal(bare.log.has(/timing criticality/), false);
  bare.quadspi.reset();
  assert.equal(bare.get(CR), 0);
  bare.set(CR, 0x01000001);
  bare.set(CCR, 0x06 | I1);
  assert.ok(bare.log.has(/timing criticality/));
});

test("what hangs the controller by its errata sheet is told: CCR = 0, and a read with a data phase alone", () => {
  const zero = new Bench();
  zero.set(CCR, 0);
  assert.ok(zero.log.has(/0 written while CR.EN = 1/));
  const withDummy = new Bench();
  withDummy.set(CCR, D1 | READ | (8 << 18));
  assert.equal(withDummy.log.has(/a data phase alone/), false);
  const bare = new Bench();
  bare.set(CCR, D1 | READ);
  assert.ok(bare.log.has(/a data phase alone/));
});

test("SIOO sends the instruction once; without it the continuous mode is broken", () => {
  const bench = new Bench();
  bench.content.set([1, 2, 3, 4, 5, 6, 7, 8]);
  bench.set(ABR, 0xa0);
  bench.set(DLR, 3);
  bench.set(CCR, EB | SIOO | READ);
  bench.set(AR, 0);
  assert.equal(bench.get(DR), 0x04030201);
  bench.ready();
  bench.set(AR, 4);
  assert.equal(bench.get(DR), 0x08070605);
  bench.ready();
  bench.set(CCR, EB | READ);
  bench.set(AR, 0);
  assert.notEqual(bench.get(DR), 0x04030201);
});

test("mapped: content is lent after two proofs, ends with ABORT, and the chip stays in continuous mode", () => {
  const bench = new Bench();
  bench.content.set([0x11, 0x22, 0x33, 0x44], 0x100000);
  bench.map();
  assert.equal(bench.sr, 0);
  assert.equal(bench.lent(), undefined);
  assert.equal(bench.quadspi.window.read(0x100000, 4), 0x44332211);
  assert.equal(bench.sr, BUSY);
  assert.equal(bench.quadspi.window.read(0x100000, 2), 0x2211);
  const lent = bench.lent();
  assert.ok(lent !== undefined);
  assert.equal(bench.mappingChanges, 1);
  assert.equal(lent.length, bench.content.length - 32);
  assert.equal(lent.buffer, bench.content.buffer);
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  assert.ok(bench.quadspi.window.readable, "CCR is not writable while BUSY");
  bench.set(CR, bench.get(CR) | 2);
  bench.ready();
  assert.equal(bench.mappingChanges, 2);
  assert.equal(bench.quadspi.window.readable, undefined);
  assert.throws(() => bench.quadspi.window.read(0, 4), BusFault);
  assert.ok(bench.log.has(/bus hangs on silicon/));
  const id = (): number => {
    bench.set(DLR, 2);
    bench.set(CCR, 0x9f | I1 | D1 | READ);
    const value = bench.get(DR, 2);
    bench.get(DR, 1);
    bench.ready();
    return value;
  };
  assert.notEqual(id(), 0x40ef);
  bench.command(0xff);
  assert.equal(id(), 0x40ef);
});

test("mapped with wrong dummies, without SIOO in continuous mode, or QPI-like gives garbage and is never lent", () => {
  const expected = 0x44332211;
  const wrong = [
    { ccr: 0xeb | I1 | A4 | M4 | dummy(6) | D4 | MAPPED | SIOO, abr: 0xa0 },
    { ccr: EB | MAPPED, abr: 0xa0 },
    { ccr: EB | MAPPED | SIOO, abr: 0xff },
    { ccr: 0x6b | I1 | A1 | dummy(6) | D4 | MAPPED, abr: 0 },
    { ccr: 0x9f | I1 | D1 | MAPPED, abr: 0 },
  ];
  for (const { ccr, abr } of wrong) {
    const bench = new Bench();
    bench.content.set([0x11, 0x22, 0x33, 0x44], 0x2000);
    bench.map(ccr, abr);
    const values = [0, 1, 2, 3].map(() => bench.quadspi.window.read(0x2000, 4));
    assert.ok(
      values.slice(1).some((value) => value !== expected),
      JSON.stringify(values),
    );
    assert.equal(bench.quadspi.window.readable, undefined);
    assert.ok(bench.log.has(/garbage/));
  }
});

test("mapped past the chip's end: the chip begins anew, which is no garbage", () => {
  const bench = new Bench();
  bench.content.set([0x11, 0x22, 0x33, 0x44], 0x2000);
  bench.set(DCR, (27 << 16) | (1 << 8));
  bench.map(EB | MAPPED, 0xff);
  const beyond = bench.content.length * 7 + 0x2000;
  for (let turn = 0; turn < 3; turn++) assert.equal(bench.quadspi.window.read(beyond, 4), 0x44332211);
  assert.equal(bench.log.has(/garbage/), false);
});

test("mapped with FFh mode bits and the instruction each time is right too", () => {
  const bench = new Bench();
  bench.content.set([0x11, 0x22, 0x33, 0x44], 0x2000);
  bench.map(EB | MAPPED, 0xff);
  for (let turn = 0; turn < 3; turn++) assert.equal(bench.quadspi.window.read(0x2000, 4), 0x44332211);
  assert.ok(bench.quadspi.window.readable);
});

test("mapped while the chip erases reads no content and lends nothing until it is ready", () => {
  const bench = new Bench();
  bench.content.fill(0x5a, 0x8000, 0x9000);
  bench.command(0x06);
  bench.command(0x20, 0x4000);
  bench.map();
  assert.equal(bench.quadspi.window.read(0x8000, 4), 0xffffffff);
  assert.equal(bench.quadspi.window.readable, undefined);
});

test("the window: writes and reads beyond FSIZE fault, the last bytes are reported", () => {
  const bench = new Bench();
  bench.map();
  assert.throws(() => bench.quadspi.window.write(0), BusFault);
  assert.throws(() => bench.quadspi.window.read(0x1000000, 4), BusFault);
  bench.content[0xffffff] = 7;
  assert.equal(bench.quadspi.window.read(0xffffff, 1), 7);
  assert.ok(bench.log.has(/last 32 bytes/));
  const larger = new Bench();
  larger.set(DCR, 24 << 16);
  larger.map();
  larger.quadspi.window.read(0, 4);
  larger.quadspi.window.read(0, 4);
  assert.equal(larger.quadspi.window.readable?.length, larger.content.length);
  larger.content[5] = 0x99;
  assert.equal(larger.quadspi.window.read(0x1000005, 1), 0x99);
  assert.equal(larger.log.has(/last 32 bytes/), false);
});

test("mapped with TCEN: the timeout raises /CS and TOF, lowers BUSY, and nothing is lent", () => {
  const bench = new Bench();
  bench.set(CR, bench.get(CR) | 8);
  bench.set(LPTR, 100);
  bench.map();
  for (let turn = 0; turn < 3; turn++) bench.quadspi.window.read(4 * turn, 4);
  assert.equal(bench.quadspi.window.readable, undefined);
  assert.equal(bench.sr, BUSY);
  // 32 bytes of two clocks fill the FIFO; then LPTR counts, of 10 ns each.
  bench.pass(1500);
  assert.equal(bench.sr, BUSY);
  bench.pass(300);
  assert.equal(bench.sr, TOF);
  assert.equal(bench.quadspi.window.read(0, 4), 0xffffffff);
});

test("pins taken away while mapped: the content is no longer lent", () => {
  const bench = new Bench();
  bench.content.fill(0, 0, 16);
  bench.map();
  bench.quadspi.window.read(0, 4);
  bench.quadspi.window.read(4, 4);
  assert.ok(bench.quadspi.window.readable);
  bench.wired = false;
  assert.equal(bench.quadspi.window.readable, undefined);
  assert.equal(bench.quadspi.window.read(8, 4), 0xffffffff);
});

test("a flash job as a driver does it: enable, program, poll, read back", () => {
  const bench = new Bench();
  bench.program(0x5000, [0xde, 0xad, 0xbe, 0xef]);
  bench.poll(0x01, 0x00);
  bench.ready();
  bench.set(ABR, 0xff);
  bench.set(DLR, 3);
  bench.set(CCR, EB | READ);
  bench.set(AR, 0x5000);
  assert.equal(bench.get(DR), 0xefbeadde);
});

test("mapped, in the model's time: a burst pays for its command once, and reads ahead until the FIFO is full", () => {
  const bench = new Bench(true);
  const { window } = bench.quadspi;
  const took = (offset: number): number => {
    const before = bench.timeline.now;
    window.read(offset, 4);
    return Math.round(bench.timeline.now - before);
  };
  bench.set(ABR, 0xa0);
  bench.set(CCR, MAPPED | SIOO | EB);
  // 10 ns a clock: instruction 8, address 6, mode 2, dummy 4, and 8 for a word on four lines.
  assert.equal(took(0x1000), 280);
  took(0x1004);
  const highNs = 20;
  assert.equal(took(0x2000), highNs + 200, "no instruction any more (SIOO)");
  assert.equal(took(0x2004), 80);
  bench.pass(10_000);
  for (let word = 2; word < 10; word++) assert.equal(took(0x2000 + 4 * word), 0, "32 bytes wait in the FIFO");
  assert.ok(took(0x2028) > 60);
  assert.equal(window.readable, undefined);
});

test("commands on one line need IO0 and IO1 only; those on four lines then read ones, and say why", () => {
  const bench = new Bench();
  bench.content.set([0x12, 0x34], 0x100);
  bench.muxed = 0b0011;
  bench.set(DLR, 2);
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  assert.equal(bench.get(DR, 1), 0xef);
  assert.equal(bench.get(DR, 2), 0x1840);
  bench.ready();
  const quadRead = (): number => {
    bench.set(DLR, 1);
    bench.set(CCR, 0x6b | I1 | A1 | (8 << 18) | D4 | READ);
    bench.set(AR, 0x100);
    const value = bench.get(DR, 2);
    bench.ready();
    return value;
  };
  assert.equal(quadRead(), 0xffff);
  assert.ok(bench.log.has("(IO2, IO3): reads give FFh"));
  bench.muxed = 0b1111;
  assert.equal(quadRead(), 0x3412);
});

/** Two chips of 16 MiB, the second on bank 2. */
class DualBench extends Bench {
  readonly odd = new SerialNorFlash({
    part: W25Q128JV_IQ,
    content: new Uint8Array(W25Q128JV_IQ.size).fill(0xff),
    timeline: this.timeline,
    log: this.log,
    random: seeded(4),
  });

  constructor() {
    super();
    this.second = this.odd;
    this.set(DCR, (24 << 16) | (1 << 8));
    this.set(CR, (1 << 24) | DFM | 1);
  }
}

test("dual-flash: even bytes go to the one chip, odd ones to the other, at half the address", () => {
  const bench = new DualBench();
  bench.command(0x06);
  bench.set(DLR, 5);
  bench.set(CCR, 0x02 | I1 | A1 | D1);
  bench.set(AR, 0x2001);
  bench.set(DR, 0x44332211);
  bench.set(DR, 0x6655, 2);
  bench.ready();
  // Both are busy: 8 bits of status each.
  bench.set(DLR, 0);
  bench.set(CCR, 0x05 | I1 | D1 | READ);
  bench.pass(1000);
  assert.equal(bench.get(DR, 2), 0x0303);
  bench.pass(5e6);
  assert.deepEqual([...bench.content.subarray(0x1000, 0x1004)], [0x11, 0x33, 0x55, 0xff]);
  assert.deepEqual([...bench.odd.content.subarray(0x1000, 0x1004)], [0x22, 0x44, 0x66, 0xff]);
});

test("dual-flash: twice the bytes in the same time, polling waits for both chips, and the window shows them in turn", () => {
  const bench = new DualBench();
  bench.content.set([1, 3, 5, 7], 0x800);
  bench.odd.content.set([2, 4, 6, 8], 0x800);
  bench.map();
  const before = bench.timeline.now;
  assert.equal(bench.quadspi.window.read(0x1000, 4), 0x04030201);
  // 10 ns a clock: instruction 8, address 6, mode 2, dummy 4, and 4 for a word on eight lines.
  assert.equal(Math.round(bench.timeline.now - before), 240);
  assert.equal(bench.quadspi.window.read(0x1003, 1), 4);
  assert.equal(bench.quadspi.window.read(0x1003, 1), 4);
  assert.equal(bench.quadspi.window.read(0x1004, 4), 0x08070605);
  assert.equal(bench.quadspi.window.readable, undefined);
});

test("dual-flash with one chip missing says which, and reads FFh from it", () => {
  const bench = new DualBench();
  bench.second = undefined;
  bench.content.set([1, 3], 0x800);
  bench.map();
  assert.equal(bench.quadspi.window.read(0x1000, 4), 0xff03ff01);
  assert.ok(bench.log.has(/none is at the pins of bank 2/));
});

test("an address behind a command that has none and is under way is ignored without a word", () => {
  const bench = new Bench();
  bench.set(DLR, 2);
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  bench.set(AR, 0x1234);
  assert.equal(bench.get(AR), 0);
  assert.deepEqual(bench.log.messages, []);
});

test("the free-running clock keeps BUSY set until ABORT or EN = 0", () => {
  const bench = new Bench();
  bench.set(CCR, 1 << 29);
  assert.equal(bench.sr & BUSY, BUSY);
  bench.set(CCR, 0x9f | I1 | D1 | READ);
  assert.equal(bench.get(CCR), 1 << 29);
  bench.set(CR, bench.get(CR) | 2);
  assert.equal(bench.get(SR) & BUSY, 0);
  assert.equal(bench.get(CR) & 2, 0);
});

test("an address beyond FSIZE is a transfer error when it is written, also before the data of a write", () => {
  const bench = new Bench();
  bench.set(DLR, 0);
  bench.set(CCR, 0x02 | I1 | A1 | D1);
  bench.set(AR, 1 << 24);
  assert.equal(bench.sr & (TEF | BUSY), TEF);
  bench.set(CCR, EB | MAPPED);
  bench.set(AR, 0x1234);
  assert.equal(bench.get(AR), 1 << 24, "AR takes nothing in memory-mapped mode");
});

test("with DFM, DLR and AR read back even lengths and addresses", () => {
  const bench = new Bench();
  bench.set(DLR, 4);
  bench.set(AR, 7);
  bench.set(CR, bench.get(CR) | DFM);
  assert.equal(bench.get(DLR), 5);
  assert.equal(bench.get(AR), 6);
});

test("DDR with a clock that is not divided is told", () => {
  const bench = new Bench();
  bench.set(CR, 1);
  bench.set(CCR, 0x80000000 | 0x0d | I1 | A1 | D1 | READ);
  assert.ok(bench.log.has(/PRESCALER is 0/));
});

test("with SSHIFT, which is forbidden in DDR mode, samples come three clocks late", () => {
  const bench = new Bench();
  const { timeline, log } = bench;
  const content = new Uint8Array(MT25QL512ABB.size).fill(0xff);
  content.set([0x12, 0x34], 0x100);
  bench.second = new SerialNorFlash({ part: MT25QL512ABB, content, timeline, log, random: seeded(3) });
  const read = (shift: number, clocks: number): number => {
    bench.set(CR, (3 << 24) | FSEL | shift | 1);
    bench.set(DLR, 1);
    bench.set(CCR, DDRM | 0xed | I1 | A4 | dummy(clocks) | D4 | READ);
    bench.set(AR, 0x100);
    bench.pass(1e4);
    const value = bench.get(DR, 2);
    bench.set(FCR, TCF);
    return value;
  };
  assert.equal(read(0, 8), 0x3412);
  assert.equal(log.has(/SSHIFT/), false);
  assert.equal(read(SSHIFT, 5), 0x3412);
  assert.notEqual(read(SSHIFT, 8), 0x3412);
  assert.equal(log.has(/SSHIFT/), true);
});

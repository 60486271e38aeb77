import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../bus.js";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { Flash } from "./flash.js";
import { STM32H743_FLASH } from "./flash-geometry.js";
import { pass, TestLine } from "./test-kit.js";

const KEYR1 = 0x04;
const OPTKEYR = 0x08;
const CR1 = 0x0c;
const SR1 = 0x10;
const CCR1 = 0x14;
const OPTCR = 0x18;
const PG = 2;
const PSIZE64 = 0x30;

/** A small deterministic generator (xorshift32) so that a failing seed can be replayed. */
function seeded(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function rig(random = seeded(1)) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const flash = new Flash({ log, timeline, interrupt, random, onTimingChange: () => {} });
  const unlock = (): void => {
    flash.write(KEYR1, 4, 0x45670123);
    flash.write(KEYR1, 4, 0xcdef89ab);
  };
  const writeWord = (offset: number, value: number): void => {
    for (let at = 0; at < 32; at += 4) flash.memory.write(offset + at, 4, value);
  };
  return { flash, timeline, log, interrupt, unlock, writeWord };
}

test("a flash word is programmed once its 32 bytes were written, and takes its time", () => {
  const { flash, timeline, unlock, writeWord } = rig();
  unlock();
  flash.write(CR1, 4, PG | PSIZE64);
  for (let at = 0; at < 28; at += 4) flash.memory.write(64 + at, 4, 0x12345678);
  assert.equal(flash.read(SR1, 4), 2);
  flash.memory.write(92, 4, 0x12345678);
  assert.equal(flash.read(SR1, 4), 5);
  assert.equal(flash.memory.readable, undefined);
  pass(timeline, 99e3);
  assert.equal(flash.read(SR1, 4), 5);
  pass(timeline, 2e3);
  assert.equal(flash.read(SR1, 4), 1 << 16);
  assert.equal(flash.memory.read(64, 4), 0x12345678);
  assert.equal(flash.memory.read(96, 4), 0xffffffff);
  assert.ok(flash.memory.readable !== undefined);
  writeWord(96, 0);
  pass(timeline, 1e6);
  assert.equal(flash.memory.read(96, 4), 0);
});

test("CR1 ignores writes until both keys came in order", () => {
  const { flash, unlock, log } = rig();
  flash.write(CR1, 4, PG);
  assert.equal(flash.read(CR1, 4), 0x31);
  assert.ok(log.has(/locked/));
  unlock();
  flash.write(CR1, 4, PG);
  assert.equal(flash.read(CR1, 4), PG);
  flash.write(CR1, 4, 1);
  flash.write(CR1, 4, PG);
  assert.equal(flash.read(CR1, 4), 1);
});

test("a wrong key locks until the next reset", () => {
  const { flash, unlock } = rig();
  flash.write(KEYR1, 4, 1);
  unlock();
  assert.equal(flash.read(CR1, 4) & 1, 1);
  flash.reset();
  unlock();
  assert.equal(flash.read(CR1, 4) & 1, 0);
});

test("programming a word twice breaks its ECC: reads are bus errors and DBECCERR is set", () => {
  const { flash, timeline, unlock, writeWord, log } = rig();
  unlock();
  flash.write(CR1, 4, PG);
  writeWord(32, 0xff00ff00);
  pass(timeline, 1e6);
  writeWord(32, 0xffff0000);
  pass(timeline, 1e6);
  assert.ok(log.has(/second time/));
  assert.equal(flash.memory.readable, undefined);
  assert.throws(() => flash.memory.read(36, 4), BusFault);
  assert.equal(flash.read(SR1, 4) & (1 << 26), 1 << 26);
  assert.equal(flash.read(0x60, 4), 1);
  assert.equal(flash.memory.read(0, 4), 0xffffffff);
});

test("programming errors: no PG, other word, same byte twice, write protection", () => {
  const { flash, unlock } = rig();
  flash.memory.write(0, 4, 0);
  assert.equal(flash.read(SR1, 4), 1 << 18);
  unlock();
  flash.write(CR1, 4, PG);
  flash.memory.write(0, 4, 0);
  assert.equal(flash.read(SR1, 4), 1 << 18);
  flash.write(CCR1, 4, 1 << 18);
  flash.memory.write(0, 4, 0);
  flash.memory.write(32, 4, 0);
  assert.equal(flash.read(SR1, 4), 1 << 21);
  flash.write(CCR1, 4, 1 << 21);
  flash.memory.write(0, 2, 0);
  flash.memory.write(1, 1, 0);
  assert.equal(flash.read(SR1, 4), 1 << 19);
});

test("FW programs an incomplete word, the rest stays erased", () => {
  const { flash, timeline, unlock } = rig();
  unlock();
  flash.write(CR1, 4, PG);
  flash.memory.write(0, 1, 0x5a);
  flash.write(CR1, 4, PG | (1 << 6));
  pass(timeline, 1e6);
  assert.equal(flash.memory.read(0, 4), 0xffffff5a);
});

test("an erase takes seconds and clears broken words", () => {
  const { flash, timeline, unlock, writeWord } = rig();
  unlock();
  flash.write(CR1, 4, PG);
  writeWord(0, 1);
  pass(timeline, 1e6);
  writeWord(0, 2);
  pass(timeline, 1e6);
  flash.write(CR1, 4, 4 | PSIZE64);
  flash.write(CR1, 4, 4 | PSIZE64 | 0x80);
  assert.equal(flash.read(CR1, 4) & 0x80, 0x80);
  pass(timeline, 0.9e9);
  assert.equal(flash.read(SR1, 4) & 5, 5);
  pass(timeline, 0.2e9);
  assert.equal(flash.read(SR1, 4) & 5, 0);
  assert.equal(flash.read(CR1, 4) & 0x80, 0);
  assert.equal(flash.memory.read(0, 4), 0xffffffff);
});

test("a read while busy stalls the CPU until the operation is done", () => {
  const { flash, timeline, unlock, writeWord, log } = rig();
  unlock();
  flash.write(CR1, 4, PG | PSIZE64);
  writeWord(0, 7);
  const before = timeline.now;
  assert.equal(flash.memory.read(0, 4), 7);
  assert.ok(timeline.now - before >= 100e3 - 20);
  assert.ok(log.has(/stalls the bus/));
});

test("EOP raises the interrupt when EOPIE is set", () => {
  const { flash, timeline, unlock, writeWord, interrupt } = rig();
  unlock();
  flash.write(CR1, 4, PG | (1 << 16));
  writeWord(0, 7);
  pass(timeline, 1e6);
  assert.ok(interrupt.asserted);
  flash.write(CCR1, 4, 1 << 16);
  assert.ok(!interrupt.asserted);
});

test("a power cut while programming leaves some of the bits, never others", () => {
  let broken = 0;
  let partial = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const { flash, unlock, writeWord } = rig(seeded(seed * 7919));
    unlock();
    flash.write(CR1, 4, PG);
    writeWord(0, 0x0f0f0f0f);
    flash.powerCut();
    const { bytes, broken: words } = flash.save().cells;
    broken += words.length;
    const torn = bytes.subarray(0, 32);
    assert.ok(
      torn.every((byte) => (byte & 0x0f) === 0x0f),
      `seed ${seed}`,
    );
    if (torn.some((byte) => byte !== 0xff && byte !== 0x0f)) partial++;
    assert.ok(bytes.subarray(32).every((byte) => byte === 0xff));
  }
  assert.ok(broken > 50 && broken < 200, `broken in ${broken} of 200`);
  assert.ok(partial > 100, `partial in ${partial} of 200`);
});

test("a power cut while erasing leaves words that cannot be trusted", () => {
  const { flash, unlock, timeline } = rig(seeded(99));
  flash.fill(new Uint8Array(4096).fill(0x55));
  unlock();
  flash.write(CR1, 4, 4 | 0x80);
  pass(timeline, 1e6);
  flash.powerCut();
  const state = flash.save();
  assert.ok(state.cells.broken.length > 0);
  assert.ok(state.cells.bytes.subarray(0, 4096).every((byte) => (byte & 0x55) === 0x55));
});

test("option bytes change through OPTKEYR and OPTSTART, and persist", () => {
  const { flash, timeline } = rig();
  assert.equal(flash.read(0x1c, 4), 0x1006aaf0);
  assert.equal(flash.bootAddress(false), 0x08000000);
  flash.write(0x44, 4, 0x24010800);
  assert.equal(flash.read(0x44, 4), 0x1ff00800);
  flash.write(OPTKEYR, 4, 0x08192a3b);
  flash.write(OPTKEYR, 4, 0x4c5d6e7f);
  flash.write(0x44, 4, 0x1ff02401);
  flash.write(OPTCR, 4, 2);
  assert.equal(flash.read(0x1c, 4) & 1, 1);
  pass(timeline, 1e9);
  assert.equal(flash.read(0x1c, 4) & 1, 0);
  assert.equal(flash.bootAddress(false), 0x24010000);
  const other = rig();
  other.flash.load(flash.save());
  assert.equal(other.flash.read(0x40, 4), 0x1ff02401);
});

test("state survives save and load", () => {
  const { flash, timeline, unlock, writeWord } = rig();
  unlock();
  flash.write(CR1, 4, PG);
  writeWord(0, 1);
  pass(timeline, 1e6);
  writeWord(0, 3);
  pass(timeline, 1e6);
  const other = rig();
  other.flash.load(flash.save());
  assert.throws(() => other.flash.memory.read(0, 4), BusFault);
});

test("registers seen at 0x100 are the same, bank 2 is absent", () => {
  const { flash, log } = rig();
  flash.write(0x100, 4, 0x12);
  assert.equal(flash.read(0x00, 4), 0x12);
  assert.equal(flash.read(0x10c, 4), 0);
  assert.ok(log.has(/not modelled/));
});

test("an image that does not fit is refused", () => {
  assert.throws(() => rig().flash.fill(new Uint8Array(131073)), /131073 bytes/);
});

test("two banks: each has its own lock, sectors and time, and one reads while the other is erased", () => {
  const timeline = new Timeline();
  const flash = new Flash({
    log: new RecordedLog(),
    timeline,
    interrupt: new TestLine(),
    random: seeded(1),
    geometry: STM32H743_FLASH,
    onTimingChange: () => {},
  });
  const KEYR2 = 0x104;
  const CR2 = 0x10c;
  const SR2 = 0x110;
  const SECTOR = 0x2_0000;
  const BANK = 0x10_0000;
  flash.fill(new Uint8Array(2 << 20).fill(0x5a));
  flash.write(KEYR2, 4, 0x45670123);
  flash.write(KEYR2, 4, 0xcdef89ab);
  assert.equal(flash.read(CR1, 4) & 1, 1);
  assert.equal(flash.read(CR2, 4) & 1, 0);
  // SER2, sector 3, PSIZE x64, START2.
  flash.write(CR2, 4, (3 << 8) | PSIZE64 | (1 << 2));
  flash.write(CR2, 4, (3 << 8) | PSIZE64 | (1 << 2) | (1 << 7));
  assert.equal(flash.read(SR2, 4), 5);
  assert.equal(flash.read(SR1, 4), 0);
  const before = timeline.now;
  assert.equal(flash.memory.read(0x1000, 4), 0x5a5a5a5a);
  assert.equal(timeline.now, before);
  pass(timeline, 1e9);
  assert.equal(flash.read(SR2, 4), 1 << 16);
  assert.equal(flash.memory.read(BANK + 3 * SECTOR, 4), 0xffffffff);
  assert.equal(flash.memory.read(BANK + 4 * SECTOR - 4, 4), 0xffffffff);
  assert.equal(flash.memory.read(BANK + 3 * SECTOR - 4, 4), 0x5a5a5a5a);
  assert.equal(flash.memory.read(BANK + 4 * SECTOR, 4), 0x5a5a5a5a);
  assert.equal(flash.memory.read(3 * SECTOR, 4), 0x5a5a5a5a);
  flash.write(0x114, 4, 1 << 16);
  flash.write(CR2, 4, PG);
  for (let at = 0; at < 32; at += 4) flash.memory.write(BANK + 3 * SECTOR + at, 4, 0x1234);
  pass(timeline, 1e6);
  assert.equal(flash.memory.read(BANK + 3 * SECTOR, 4), 0x1234);
  flash.memory.write(0, 4, 0);
  assert.equal(flash.read(SR1, 4), 1 << 18, "bank 1 was not told to program");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../../bus.js";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Flash } from "./flash.js";
import { STM32H743_FLASH } from "./flash-geometry.js";
import { CCR1, CR1, flashRig, KEYR1, OPTCR, OPTKEYR, optionRig, PG, SR1, seeded } from "./flash-rig.js";

const PSIZE64 = 0x30;

test("a flash word is programmed once its 32 bytes were written, and takes its time", () => {
  const { flash, timeline, unlock, writeWord } = flashRig();
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
  const { flash, unlock, log } = flashRig();
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

test("a wrong, a third or half a key, and a write between the keys, are bus errors and lock until the next reset", () => {
  const { flash, unlock } = flashRig();
  const wrong: (() => void)[] = [
    () => flash.write(KEYR1, 4, 1),
    () => {
      unlock();
      flash.write(KEYR1, 4, 0x45670123);
    },
    () => flash.write(KEYR1, 2, 0x0123),
    () => {
      flash.write(KEYR1, 4, 0x45670123);
      flash.write(CCR1, 4, 0);
    },
  ];
  for (const write of wrong) {
    assert.throws(write, BusFault);
    unlock();
    assert.equal(flash.read(CR1, 4) & 1, 1);
    flash.reset();
    unlock();
    assert.equal(flash.read(CR1, 4) & 1, 0);
    flash.write(CR1, 4, 1);
  }
  flash.write(OPTKEYR, 4, 0x08192a3b);
  assert.throws(() => flash.write(0x00, 4, 0x37), BusFault);
  flash.reset();
  flash.write(KEYR1, 4, 0x45670123);
  flash.write(0x00, 4, 0x37);
  flash.write(KEYR1, 4, 0xcdef89ab);
  assert.equal(flash.read(CR1, 4) & 1, 0, "FLASH_ACR belongs to no bank");
});

test("programming a word twice breaks its ECC: reads are bus errors and DBECCERR is set", () => {
  const { flash, timeline, unlock, writeWord, log } = flashRig();
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

test("a word takes the same data again, and zeros over anything", () => {
  const { flash, timeline, unlock, writeWord, log } = flashRig();
  unlock();
  flash.write(CR1, 4, PG);
  for (const value of [0xff00ff00, 0xff00ff00, 0]) {
    writeWord(32, value);
    pass(timeline, 1e6);
    assert.equal(flash.memory.read(32, 4), value);
  }
  assert.equal(flash.read(SR1, 4) & (3 << 25), 0, "SNECCERR and DBECCERR");
  assert.ok(!log.has(/second time/));
  writeWord(32, 0xff00ff00);
  pass(timeline, 1e6);
  assert.throws(() => flash.memory.read(32, 4), BusFault);
});

test("PGSERR and INCERR stop programming until they are cleared; STRBERR takes the new byte and goes on", () => {
  const { flash, timeline, unlock, writeWord } = flashRig();
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
  flash.memory.write(32, 4, 0);
  assert.equal(flash.read(SR1, 4), (1 << 21) | (1 << 18));
  flash.write(CCR1, 4, (1 << 21) | (1 << 18));
  flash.memory.write(0, 1, 0x11);
  flash.memory.write(0, 1, 0x22);
  assert.equal(flash.read(SR1, 4), (1 << 19) | 2);
  flash.write(CR1, 4, PG | (1 << 6));
  assert.equal(flash.read(CR1, 4), PG, "FW falls when it is accepted");
  pass(timeline, 1e6);
  assert.equal(flash.memory.read(0, 1), 0x22);
  writeWord(32, 5);
  pass(timeline, 1e6);
  assert.equal(flash.memory.read(32, 4), 5);
});

test("PG = 0 drops what was buffered", () => {
  const { flash, unlock } = flashRig();
  unlock();
  flash.write(CR1, 4, PG);
  flash.memory.write(0, 4, 0);
  assert.equal(flash.read(SR1, 4), 2);
  flash.write(CR1, 4, 0);
  assert.equal(flash.read(SR1, 4), 0);
});

const CRCCR = 0x50;
const CRC_EN = 1 << 15;

test("the CRC unit gives what silicon gave for 128 zero bytes, in its time, with its interrupt", () => {
  const { flash, timeline, unlock, interrupt } = flashRig();
  flash.fill(new Uint8Array(256));
  flash.write(CRCCR, 4, 1 << 16);
  assert.equal(flash.read(SR1, 4), 0, "nothing before CR1.CRC_EN");
  unlock();
  flash.write(CR1, 4, CRC_EN | (1 << 27));
  assert.equal(flash.read(CRCCR, 4), 0x1c_0000);
  flash.write(0x54, 4, 0x0800_0000);
  flash.write(0x58, 4, 0x0800_007f);
  flash.write(CRCCR, 4, (1 << 17) | (1 << 16));
  assert.equal(flash.read(SR1, 4), 8);
  // Four flash words of 8 clocks and one clock for the burst, at 64 MHz.
  pass(timeline, 500);
  assert.equal(flash.read(SR1, 4), 8);
  pass(timeline, 20);
  assert.equal(flash.read(SR1, 4), 1 << 27);
  assert.ok(interrupt.asserted);
  // Measured on an STM32H753 by a user of ST's forum.
  assert.equal(flash.read(0x5c, 4), 0x11e6_6c62);
  flash.write(CR1, 4, 0);
  assert.equal(flash.read(0x5c, 4), 0);
});

test("the CRC unit reads whole bursts, or the sectors of its list, and tells of words that it could not read", () => {
  const { flash, timeline, change } = optionRig();
  const image = new Uint8Array(2 << 20).map((_, at) => at * 7);
  flash.fill(image);
  flash.write(KEYR1, 4, 0x45670123);
  flash.write(KEYR1, 4, 0xcdef89ab);
  flash.write(CR1, 4, CRC_EN);
  const crc = (control: number, start = 0, end = 0): number => {
    flash.write(0x54, 4, start);
    flash.write(0x58, 4, end);
    flash.write(CRCCR, 4, control | (1 << 17) | (1 << 16));
    pass(timeline, 1e9);
    return flash.read(0x5c, 4);
  };
  const burst = crc(0, 128, 255);
  assert.equal(crc(0, 132, 200), burst);
  assert.notEqual(crc(1 << 20, 132, 200), burst, "512 bytes");
  const first = crc(0, 0x2_0000, 0x3_ffff);
  flash.write(CRCCR, 4, (1 << 10) | (1 << 8));
  assert.equal(crc((1 << 8) | (1 << 9) | 1), first);
  const all = crc((1 << 8) | (1 << 22));
  assert.equal(crc(0, 0, 0xf_ffff), all);
  assert.equal(flash.read(SR1, 4), 1 << 27);
  change(0x2c, 0x000f_0000);
  crc(0, 0, 127);
  assert.equal(flash.read(SR1, 4) >>> 27, 3);
});

test("FW programs an incomplete word, the rest stays erased", () => {
  const { flash, timeline, unlock } = flashRig();
  unlock();
  flash.write(CR1, 4, PG);
  flash.memory.write(0, 1, 0x5a);
  flash.write(CR1, 4, PG | (1 << 6));
  pass(timeline, 1e6);
  assert.equal(flash.memory.read(0, 4), 0xffffff5a);
});

test("an erase takes seconds and clears broken words", () => {
  const { flash, timeline, unlock, writeWord } = flashRig();
  unlock();
  flash.write(CR1, 4, PG);
  writeWord(0, 1);
  pass(timeline, 1e6);
  writeWord(0, 2);
  pass(timeline, 1e6);
  flash.write(CR1, 4, 4 | PSIZE64);
  flash.write(CR1, 4, 4 | PSIZE64 | 0x80);
  assert.equal(flash.read(CR1, 4) & 0x80, 0, "START falls when the erase is accepted");
  pass(timeline, 0.9e9);
  assert.equal(flash.read(SR1, 4) & 5, 5);
  pass(timeline, 0.2e9);
  assert.equal(flash.read(SR1, 4) & 5, 0);
  assert.equal(flash.read(CR1, 4) & 0x80, 0);
  assert.equal(flash.memory.read(0, 4), 0xffffffff);
});

test("a read while busy stalls the CPU until the operation is done", () => {
  const { flash, timeline, unlock, writeWord, log } = flashRig();
  unlock();
  flash.write(CR1, 4, PG | PSIZE64);
  writeWord(0, 7);
  const before = timeline.now;
  assert.equal(flash.memory.read(0, 4), 7);
  assert.ok(timeline.now - before >= 100e3 - 20);
  assert.ok(!log.has(/stalls the bus/));
});

test("a read during an erase stalls the CPU, too, and is told: nothing else happens for a second", () => {
  const { flash, timeline, unlock, log } = flashRig();
  unlock();
  flash.write(CR1, 4, 4 | PSIZE64);
  flash.write(CR1, 4, 4 | PSIZE64 | 0x80);
  const before = timeline.now;
  assert.equal(flash.memory.read(0, 4), 0xffffffff);
  assert.ok(timeline.now - before >= 1e9 - 20);
  assert.ok(log.has(/FLASH: a read of the flash during erase stalls the bus .* run from RAM/));
});

test("EOP raises the interrupt when EOPIE is set", () => {
  const { flash, timeline, unlock, writeWord, interrupt } = flashRig();
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
    const { flash, unlock, writeWord } = flashRig(seeded(seed * 7919));
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
  const { flash, unlock, timeline } = flashRig(seeded(99));
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
  const { flash, timeline } = flashRig();
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
  const other = flashRig();
  other.flash.load(flash.save());
  assert.equal(other.flash.read(0x40, 4), 0x1ff02401);
});

test("state survives save and load", () => {
  const { flash, timeline, unlock, writeWord } = flashRig();
  unlock();
  flash.write(CR1, 4, PG);
  writeWord(0, 1);
  pass(timeline, 1e6);
  writeWord(0, 3);
  pass(timeline, 1e6);
  const other = flashRig();
  other.flash.load(flash.save());
  assert.throws(() => other.flash.memory.read(0, 4), BusFault);
});

test("registers seen at 0x100 are the same, bank 2 is absent", () => {
  const { flash, log } = flashRig();
  flash.write(0x100, 4, 0x12);
  assert.equal(flash.read(0x00, 4), 0x12);
  assert.equal(flash.read(0x10c, 4), 0);
  assert.ok(log.has(/not modelled/));
});

test("an image that does not fit is refused", () => {
  assert.throws(() => flashRig().flash.fill(new Uint8Array(131073)), /131073 bytes/);
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

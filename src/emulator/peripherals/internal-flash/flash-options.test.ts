import assert from "node:assert/strict";
import { test } from "node:test";
import { pass } from "../test-kit.js";
import {
  CCR1,
  CR1,
  EOP,
  KEYR1,
  OPTCHANGEERR,
  OPTCR,
  OPTSTART,
  optionRig,
  PG,
  SR1,
  WRPERR,
} from "./flash-rig.js";

test("a write-protected sector takes no program and no erase: WRPERR, which stops nothing else", () => {
  const { flash, timeline, change } = optionRig();
  change(0x3c, 0xfd);
  flash.write(KEYR1, 4, 0x45670123);
  flash.write(KEYR1, 4, 0xcdef89ab);
  flash.write(CR1, 4, PG);
  const word = (at: number): void => {
    for (let lane = 0; lane < 32; lane += 4) flash.memory.write(at + lane, 4, 0x1111_1111);
    pass(timeline, 1e6);
  };
  flash.write(CCR1, 4, EOP);
  word(0x2_0000);
  assert.equal(flash.read(SR1, 4), WRPERR);
  word(0);
  assert.equal(flash.read(SR1, 4), WRPERR | EOP);
  assert.equal(flash.memory.read(0x2_0000, 4), 0xffff_ffff);
  assert.equal(flash.memory.read(0, 4), 0x1111_1111);
  flash.write(CCR1, 4, WRPERR | EOP);
  flash.write(CR1, 4, (1 << 3) | (1 << 7));
  assert.equal(flash.read(SR1, 4), WRPERR, "nor is the bank erased that it lies in");
});

test("OPTSTART with nothing changed does nothing; a reset meanwhile keeps the old bytes", () => {
  const { flash, change, timeline } = optionRig();
  change(0x44, 0x1ff0_0800);
  assert.equal(flash.read(SR1, 4), 0);
  flash.write(0x44, 4, 0x1ff0_2400);
  flash.write(OPTCR, 4, OPTSTART);
  assert.equal(flash.read(0x1c, 4) & 1, 1);
  pass(timeline, 1e6);
  flash.reset();
  assert.equal(flash.read(0x40, 4), 0x1ff0_0800);
  change(0x44, 0x1ff0_2400);
  assert.equal(flash.read(0x40, 4), 0x1ff0_2400);
  assert.equal(flash.read(SR1, 4), EOP);
});

test("read protection: back from level 1 erases everything, level 2 refuses with OPTCHANGEERR", () => {
  const { flash, change, seen, interrupt } = optionRig();
  flash.fill(new Uint8Array(2 << 20).fill(0x5a));
  const factory = flash.read(0x1c, 4);
  const rdp = (value: number): number => ((factory & ~0xff00) | (value << 8)) >>> 0;
  change(0x20, rdp(0x55));
  assert.equal(flash.memory.read(0, 4), 0x5a5a_5a5a);
  change(0x20, rdp(0xaa));
  assert.equal(flash.memory.read(0, 4), 0xffff_ffff);
  assert.equal(flash.memory.read(0x1f_fffc, 4), 0xffff_ffff);
  assert.equal(seen.regressions, 1);
  change(0x20, rdp(0xcc));
  flash.write(OPTCR, 4, OPTCHANGEERR);
  assert.ok(!interrupt.asserted);
  change(0x20, rdp(0xaa));
  assert.equal(flash.read(0x1c, 4), (rdp(0xcc) | OPTCHANGEERR) >>> 0);
  assert.ok(interrupt.asserted);
  flash.write(0x24, 4, OPTCHANGEERR);
  assert.ok(!interrupt.asserted);
  change(0x20, (rdp(0xcc) | 0x8000_0000) >>> 0);
  assert.equal(flash.read(0x1c, 4), (rdp(0xcc) | 0x8000_0000) >>> 0, "the banks may be swapped all the same");
});

test("a PCROP area is write-protected and only grows, until a regression with DMEP", () => {
  const { flash, change, timeline } = optionRig();
  flash.fill(new Uint8Array(2 << 20).fill(0x5a));
  const factory = flash.read(0x1c, 4);
  change(0x2c, 0x000f_0000);
  assert.equal(flash.read(0x28, 4), 0x000f_0000);
  change(0x2c, 0x001f_0000);
  change(0x2c, 0x0000_00ff);
  assert.equal(flash.read(0x28, 4), 0x001f_0000);
  assert.equal(flash.read(0x1c, 4) & OPTCHANGEERR, OPTCHANGEERR);
  flash.write(KEYR1, 4, 0x45670123);
  flash.write(KEYR1, 4, 0xcdef89ab);
  flash.write(CR1, 4, (1 << 2) | (1 << 7));
  assert.equal(flash.read(SR1, 4) & WRPERR, WRPERR);
  flash.write(0x2c, 4, 0x001f_0000);
  change(0x20, ((factory & ~0xff00) | 0x5500) >>> 0);
  change(0x20, factory);
  assert.equal(flash.content[0], 0x5a, "its sector is kept");
  assert.equal(flash.memory.read(0x2_0000, 4), 0xffff_ffff);
  change(0x20, ((factory & ~0xff00) | 0x5500) >>> 0);
  flash.write(0x2c, 4, 0x8000_00ff);
  change(0x20, factory);
  assert.equal(flash.memory.read(0, 4), 0xffff_ffff);
  assert.equal(flash.read(0x28, 4), 0x8000_00ff);
  pass(timeline, 1e9);
});

test("SWAP_BANK takes effect with the next reset: cells and registers of the banks change places", () => {
  const { flash, change, seen } = optionRig();
  const image = new Uint8Array(2 << 20).fill(0x11);
  image.fill(0x22, 1 << 20);
  flash.fill(image);
  change(0x13c, 0xfe);
  change(0x20, (flash.read(0x1c, 4) | 0x8000_0000) >>> 0);
  assert.equal(flash.read(0x1c, 4) >>> 31, 1);
  assert.equal(flash.read(OPTCR, 4) >>> 31, 0);
  assert.equal(flash.memory.read(0, 4), 0x1111_1111);
  flash.reset();
  assert.equal(flash.read(OPTCR, 4) >>> 31, 1);
  assert.equal(seen.swaps, 1);
  assert.equal(flash.memory.read(0, 4), 0x2222_2222);
  assert.equal(flash.memory.read(1 << 20, 4), 0x1111_1111);
  assert.equal(flash.read(0x38, 4), 0xfe, "the bank's write protection goes with it");
  assert.equal(flash.read(0x138, 4), 0xff);
  const other = optionRig();
  other.flash.load(flash.save());
  assert.equal(other.flash.memory.read(0, 4), 0x2222_2222);
  assert.equal(other.flash.save().cells.bytes[0], 0x11);
});

test("MER erases both banks, when FLASH_CR1, CR2 and OPTCR are open", () => {
  const { flash, timeline, change } = optionRig();
  flash.fill(new Uint8Array(2 << 20).fill(0x5a));
  change(0x44, 0x1ff0_0801);
  flash.write(OPTCR, 4, 1 << 4);
  assert.equal(flash.read(SR1, 4) & 5, 0);
  for (const bank of [0, 0x100]) {
    flash.write(bank + KEYR1, 4, 0x45670123);
    flash.write(bank + KEYR1, 4, 0xcdef89ab);
  }
  flash.write(OPTCR, 4, 1 << 4);
  assert.equal(flash.read(SR1, 4) & 5, 5);
  assert.equal(flash.read(0x110, 4) & 5, 5);
  pass(timeline, 3e9);
  assert.equal(flash.memory.read(0x1f_fffc, 4), 0xffff_ffff);
});

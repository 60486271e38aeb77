import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../../bus.js";
import { pass } from "../test-kit.js";
import { CCR1, CR1, flashRig, KEYR1, OPTSR_CUR, OPTSR_PRG, optionRig, PG, SR1, WRPERR } from "./flash-rig.js";

const PRAR_PRG = 0x2c;
const SCAR_PRG = 0x34;
const WPSN_PRG = 0x3c;
const ECC_FA = 0x60;
const RDPERR = 1 << 23;
const RDSERR = 1 << 24;
const SNECCERR = 1 << 25;
const DBECCERR = 1 << 26;
const SECURITY = 1 << 21;
const NO_AREA = 0x0000_00ff;
const BER = 1 << 3;
const START = 1 << 7;

type Rig = ReturnType<typeof optionRig>;

function filled(): Rig {
  const r = optionRig();
  r.flash.fill(new Uint8Array(2 << 20).fill(0x5a));
  return r;
}

function unlock({ flash }: Rig): void {
  flash.write(KEYR1, 4, 0x4567_0123);
  flash.write(KEYR1, 4, 0xcdef_89ab);
}

function program({ flash, timeline }: Rig, offset: number): void {
  flash.write(CR1, 4, PG);
  for (let lane = 0; lane < 32; lane += 4) flash.memory.write(offset + lane, 4, 0x1111_1111);
  pass(timeline, 1e6);
}

const fetch = ({ flash }: Rig, offset: number): number | undefined => flash.memory.fetch?.(offset, 2);

const level1 = ({ flash }: Rig): number => ((flash.read(OPTSR_CUR, 4) & ~0xff00) | 0x5500) >>> 0;

test("an execute-only area gives instructions, and zeros to every other read: RDPERR, no bus error", () => {
  const r = filled();
  const { flash, change, interrupt } = r;
  unlock(r);
  flash.write(CR1, 4, RDPERR);
  change(PRAR_PRG, 0x0001_0000);
  assert.equal(flash.memory.readable, undefined);
  assert.equal(fetch(r, 0x1fe), 0x5a5a);
  assert.equal(flash.read(SR1, 4) & RDPERR, 0);
  assert.equal(flash.memory.read(0x1fc, 4), 0);
  assert.equal(flash.read(SR1, 4) & RDPERR, RDPERR);
  assert.ok(interrupt.asserted);
  assert.equal(flash.memory.read(0x200, 4), 0x5a5a_5a5a, "behind its last block");
  assert.equal(flash.memory.read(1 << 20, 4), 0x5a5a_5a5a, "the other bank's");
  flash.write(CCR1, 4, RDPERR);
  assert.ok(!interrupt.asserted);
});

test("a secure-only area is open to secure user software alone, until that exits", () => {
  const r = filled();
  const { flash, change } = r;
  change(SCAR_PRG, 0x0003_0002);
  assert.equal(flash.memory.read(0x200, 4), 0x5a5a_5a5a, "without SECURITY it is nothing");
  change(OPTSR_PRG, (flash.read(OPTSR_CUR, 4) | SECURITY) >>> 0);
  assert.equal(flash.memory.read(0x200, 4), 0);
  assert.equal(flash.read(SR1, 4) & (RDSERR | RDPERR), RDSERR);
  assert.throws(() => fetch(r, 0x3fe), BusFault);
  flash.reset();
  assert.equal(flash.secureStart(0), 0x200);
  flash.rights.booted(true, false);
  assert.equal(flash.memory.read(0x200, 4), 0x5a5a_5a5a);
  assert.ok(flash.memory.readable !== undefined);
  assert.equal(flash.rights.debuggerConnects(), false);
  unlock(r);
  program(r, 0x200);
  assert.equal(flash.read(SR1, 4) & WRPERR, 0, "it may write itself");
  flash.rights.exitSecureArea(true);
  assert.equal(flash.memory.readable, undefined);
  assert.equal(flash.memory.read(0x3fc, 4), 0);
  assert.equal(flash.memory.read(0x400, 4), 0x5a5a_5a5a);
  program(r, 0x200);
  assert.equal(flash.read(SR1, 4) & WRPERR, WRPERR);
  assert.equal(flash.rights.debuggerConnects(), true);
});

test("of two secure-only areas the one nearer to the boot address starts", () => {
  const { flash, change } = filled();
  change(SCAR_PRG, 0x0003_0002);
  change(0x100 + SCAR_PRG, 0x0003_0000);
  change(OPTSR_PRG, (flash.read(OPTSR_CUR, 4) | SECURITY) >>> 0);
  assert.equal(flash.secureStart(0), 0x200);
  assert.equal(flash.secureStart(1 << 20), 1 << 20);
});

test("level 1 shuts the flash to a debugger until power-on: bus errors with RDPERR, WRPERR for writes and erases", () => {
  const r = filled();
  const { flash, change } = r;
  flash.rights.booted(false, false);
  change(OPTSR_PRG, level1(r));
  assert.equal(flash.memory.read(0, 4), 0x5a5a_5a5a);
  assert.equal(flash.rights.debuggerConnects(), true);
  assert.throws(() => flash.memory.read(0, 4), BusFault);
  assert.throws(() => fetch(r, 0), BusFault);
  assert.equal(flash.read(SR1, 4) & RDPERR, RDPERR);
  unlock(r);
  program(r, 0);
  assert.equal(flash.read(SR1, 4) & WRPERR, WRPERR);
  flash.write(CCR1, 4, WRPERR);
  flash.write(CR1, 4, BER | START);
  assert.equal(flash.read(SR1, 4) & (WRPERR | 1), WRPERR);
  flash.reset();
  flash.rights.booted(false, false);
  assert.throws(() => flash.memory.read(0, 4), BusFault, "a reset does not help");
  flash.rights.powerOn();
  assert.equal(flash.memory.read(0, 4), 0x5a5a_5a5a);
  flash.rights.booted(false, true);
  assert.throws(() => flash.memory.read(0, 4), BusFault, "booted from RAM");
});

test("a wrong bit is corrected and told with its flash word, a second one in the word is a bus error", () => {
  const { flash, interrupt, unlock: open } = flashRig();
  flash.fill(new Uint8Array(256).fill(0x5a));
  open();
  flash.write(CR1, 4, SNECCERR);
  flash.flipBit(100, 3);
  assert.equal(flash.memory.read(96, 4), 0x5a5a_5a5a);
  assert.equal(flash.read(SR1, 4), SNECCERR);
  assert.equal(flash.read(ECC_FA, 4), 3);
  assert.ok(interrupt.asserted);
  flash.flipBit(64, 0);
  assert.equal(flash.memory.read(64, 1), 0x5a);
  assert.equal(flash.read(ECC_FA, 4), 3, "the first one's address stays");
  flash.flipBit(100, 4);
  assert.throws(() => flash.memory.read(96, 4), BusFault);
  assert.equal(flash.read(SR1, 4), SNECCERR | DBECCERR);
  flash.write(CCR1, 4, SNECCERR | DBECCERR);
  assert.equal(flash.read(ECC_FA, 4), 0);
  assert.throws(() => flash.memory.read(127, 1), BusFault);
  assert.equal(flash.read(ECC_FA, 4), 3);
  flash.flipBit(64, 0);
  flash.write(CCR1, 4, DBECCERR);
  assert.equal(flash.memory.read(64, 1), 0x5a);
  assert.equal(flash.read(SR1, 4), 0, "the bit came back");
});

test("a bank erase with its areas taken out of the option bytes takes them away, else it is refused", () => {
  const r = filled();
  const { flash, change, timeline } = r;
  change(PRAR_PRG, 0x0001_0000);
  change(SCAR_PRG, 0x0001_0000);
  change(OPTSR_PRG, (flash.read(OPTSR_CUR, 4) | SECURITY) >>> 0);
  change(WPSN_PRG, 0xfe);
  unlock(r);
  const erase = (): number => {
    flash.write(CCR1, 4, WRPERR);
    flash.write(CR1, 4, BER | START);
    pass(timeline, 3e9);
    return flash.read(SR1, 4) & WRPERR;
  };
  flash.write(WPSN_PRG, 4, 0xff);
  flash.write(SCAR_PRG, 4, 0x8000_0000 + NO_AREA);
  flash.write(PRAR_PRG, 4, NO_AREA);
  assert.equal(erase(), WRPERR, "without DMEP");
  flash.write(PRAR_PRG, 4, 0x8000_0000 + NO_AREA);
  flash.write(0x44, 4, 0x1ff0_0801);
  assert.equal(erase(), WRPERR, "another option byte would change");
  flash.write(0x44, 4, 0x1ff0_0800);
  assert.equal(erase(), 0);
  assert.equal(flash.memory.read(0, 4), 0xffff_ffff);
  assert.equal(flash.memory.read(1 << 20, 4), 0x5a5a_5a5a);
  assert.equal(flash.read(0x28, 4), (0x8000_0000 + NO_AREA) >>> 0);
  assert.equal(flash.read(0x38, 4), 0xff);
});

test("FW with no bit to clear does nothing", () => {
  const { flash, unlock: open } = flashRig();
  open();
  flash.write(CR1, 4, PG);
  flash.memory.write(0, 4, 0xffff_ffff);
  flash.write(CR1, 4, PG | (1 << 6));
  assert.equal(flash.read(SR1, 4), 2);
});

test("the CRC unit reads zeros in a protected area", () => {
  const r = filled();
  const { flash, change, timeline } = r;
  unlock(r);
  const crc = (): number => {
    flash.write(CR1, 4, 1 << 15);
    flash.write(0x54, 4, 0);
    flash.write(0x58, 4, 0x2ff);
    flash.write(0x50, 4, (1 << 17) | (1 << 16));
    pass(timeline, 1e9);
    return flash.read(0x5c, 4);
  };
  const image = new Uint8Array(2 << 20).fill(0x5a);
  flash.fill(image.fill(0, 0, 0x200));
  const zeros = crc();
  flash.fill(image.fill(0x5a));
  assert.notEqual(crc(), zeros);
  change(PRAR_PRG, 0x0001_0000);
  assert.equal(crc(), zeros);
  assert.equal(flash.read(SR1, 4) & RDPERR, 0);
  assert.equal(flash.read(SR1, 4) >>> 28, 1, "CRCRDERR");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { FlashRig } from "./flash-rig.js";
import type { NorPart } from "./part.js";
import { NOR_PARTS } from "./parts.js";
import { W25Q128JV_IQ } from "./winbond.js";

/** Dwords 1..16 of the basic flash parameter table, read through 5Ah as a driver does. */
function basicTable(part: NorPart): number[] {
  const rig = new FlashRig(part);
  const read = (address: number, receive: number): DataView => {
    const bytes = Uint8Array.from(rig.exchange({ code: 0x5a, address, dummy: 8, receive }));
    return new DataView(bytes.buffer);
  };
  const header = read(0, 16);
  assert.equal(header.getUint32(0, true), 0x50444653);
  assert.equal(header.getUint8(8), 0x00);
  assert.equal(header.getUint8(15), 0xff);
  assert.equal(header.getUint8(11), 16);
  const table = read(header.getUint32(12, true) & 0xffffff, 64);
  return Array.from({ length: 16 }, (_, index) => table.getUint32(4 * index, true));
}

/** By manufacturer: opcode, mode and dummy clocks of the 1-4-4 read; opcode and size of three erases; quad enable requirement. */
const TOLD: Readonly<Record<number, { read: number; erases: number[]; quadEnable: number }>> = {
  239: { read: 0xeb44, erases: [0x200c, 0x520f, 0xd810], quadEnable: 4 },
  157: { read: 0xeb44, erases: [0x200c, 0x520f, 0xd810], quadEnable: 2 },
  32: { read: 0xeb29, erases: [0x200c, 0xd810, 0x520f], quadEnable: 0 },
};

test("SFDP tells size, page, erase types, 1-4-4 read and quad enable of every part", () => {
  for (const part of NOR_PARTS) {
    const dwords = basicTable(part);
    const dword = (number: number): number => dwords[number - 1] ?? 0;
    assert.equal((dword(2) + 1) / 8, part.size, part.name);
    assert.equal(1 << ((dword(11) >>> 4) & 15), 256);
    const { read, erases, quadEnable } = TOLD[part.jedec[0]] ?? assert.fail();
    assert.equal(dword(3) & 0xffff, read);
    assert.deepEqual([dword(8) & 0xffff, dword(8) >>> 16, dword(9) & 0xffff], erases);
    assert.equal((dword(15) >>> 20) & 7, quadEnable);
  }
});

test("SFDP times of W25Q128JV: program 704 us, erase 64 / 128 / 160 ms, chip 40 s", () => {
  const dwords = basicTable(W25Q128JV_IQ);
  const eraseTime = (bits: number): number => ((bits & 31) + 1) * ([1, 16, 128, 1000][(bits >>> 5) & 3] ?? 0);
  const ten = dwords[9] ?? 0;
  assert.deepEqual(
    [4, 11, 18].map((shift) => eraseTime((ten >>> shift) & 127)),
    [64, 128, 160],
  );
  const eleven = dwords[10] ?? 0;
  assert.equal((((eleven >>> 8) & 31) + 1) * ((eleven >>> 13) & 1 ? 64 : 8), 704);
  assert.equal((((eleven >>> 24) & 31) + 1) * ([16, 256, 4000, 64000][(eleven >>> 29) & 3] ?? 0), 40000);
});

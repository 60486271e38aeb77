import assert from "node:assert/strict";
import { test } from "node:test";
import { type Chip, neighbourSectors, PlanError, sectorContent, touchedSectors } from "./sectors.js";

const CHIP: Chip = {
  base: 0x90000000,
  size: 0x20000,
  page: 256,
  programTypicalUs: 400,
  eraseSizes: [
    { size: 0x1000, typicalUs: 45000 },
    { size: 0x10000, typicalUs: 150000 },
  ],
  reserved: [{ address: 0x9001e000, length: 0x2000 }],
};

test("segments fall on sectors, several on one, and the part that is kept is asked for", () => {
  const segments = [
    { address: 0x90000ff0, bytes: new Uint8Array(0x1020).fill(1) },
    { address: 0x90002100, bytes: Uint8Array.of(7) },
  ];
  const sectors = touchedSectors(segments, 0x1000);
  assert.deepEqual(
    sectors.map(({ address, complete }) => [address, complete]),
    [
      [0x90000000, false],
      [0x90001000, true],
      [0x90002000, false],
    ],
  );
  const last = sectors[2];
  assert.ok(last !== undefined);
  const held = new Uint8Array(0x1000).fill(9);
  const content = sectorContent(last, 0x1000, held);
  assert.deepEqual(
    [content[0], content[0xf], content[0x10], content[0x100], content[0x101]],
    [1, 1, 9, 7, 9],
  );
  assert.equal(held[0], 9);
  assert.throws(() => sectorContent(last, 0x1000, undefined), PlanError);
});

test("neighbours are the rest of the largest unit, without reserved ones and not beyond the chip", () => {
  const found = neighbourSectors([0x9001c000], CHIP);
  assert.equal(found.length, 13);
  assert.equal(found[0], 0x90010000);
  assert.equal(found.at(-1), 0x9001d000);
});

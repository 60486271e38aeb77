import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../test-log.js";
import { Crc } from "./crc.js";

const CR = 0x08;
const INIT = 0x10;
const POL = 0x14;
const CHECK = [...new TextEncoder().encode("123456789")];

function rig() {
  const log = new RecordedLog();
  return { crc: new Crc({ log, clocked: () => true }), log };
}

/** The check values are those of the published catalogue of CRC algorithms for "123456789". */
const CATALOGUE = [
  { name: "CRC-32/MPEG-2", cr: 0x00, pol: 0x04c11db7, init: 0xffffffff, xor: 0, check: 0x0376e6e7 },
  { name: "CRC-32", cr: 0xa0, pol: 0x04c11db7, init: 0xffffffff, xor: 0xffffffff, check: 0xcbf43926 },
  { name: "CRC-16/CCITT-FALSE", cr: 0x08, pol: 0x1021, init: 0xffff, xor: 0, check: 0x29b1 },
  { name: "CRC-16/ARC", cr: 0xa8, pol: 0x8005, init: 0, xor: 0, check: 0xbb3d },
  { name: "CRC-8", cr: 0x10, pol: 0x07, init: 0, xor: 0, check: 0xf4 },
  { name: "CRC-7/MMC", cr: 0x18, pol: 0x09, init: 0, xor: 0, check: 0x75 },
];

for (const { name, cr, pol, init, xor, check } of CATALOGUE) {
  test(`${name} of "123456789" fed by bytes`, () => {
    const { crc } = rig();
    crc.write(POL, 4, pol);
    crc.write(INIT, 4, init);
    crc.write(CR, 4, cr | 1);
    for (const byte of CHECK) crc.write(0, 1, byte);
    assert.equal((crc.read(0, 4) ^ xor) >>> 0, check);
  });
}

test("words go in with the most significant bit first", () => {
  const { crc } = rig();
  crc.write(0, 4, 0x31323334);
  crc.write(0, 4, 0x35363738);
  crc.write(0, 1, 0x39);
  assert.equal(crc.read(0, 4), 0x0376e6e7);
});

test("little-endian words with REV_IN by word equal bytes with REV_IN by byte", () => {
  const { crc } = rig();
  crc.write(CR, 4, 0xe1);
  crc.write(0, 4, 0x34333231);
  crc.write(0, 4, 0x38373635);
  crc.write(CR, 4, 0xa0);
  crc.write(0, 1, 0x39);
  assert.equal(~crc.read(0, 4) >>> 0, 0xcbf43926);
});

test("RESET loads INIT, an even polynomial is reported", () => {
  const { crc, log } = rig();
  crc.write(0, 4, 1);
  crc.write(INIT, 4, 0x1234);
  crc.write(CR, 4, 1);
  assert.equal(crc.read(0, 4), 0x1234);
  crc.write(POL, 4, 2);
  assert.ok(log.has(/odd polynomials/));
});

/** The MPU beside ValidateAddress() and CheckPermission() of DDI 0403E, B3.5.3, written down once more as they stand there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Mpu, Permission } from "./mpu.js";

const SEED = 20_261_130;
const CTRL = 4;
const RNR = 8;
const RBAR = 12;
const RASR = 16;
const AP = [0, 1, 2, 3, 5, 6, 7];

/** 32-bit numbers by a linear congruence. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Region {
  readonly base: number;
  readonly size: number;
  readonly srd: number;
  readonly ap: number;
  readonly xn: boolean;
}

function rights(ap: number, xn: boolean, privileged: boolean): number {
  const reads = privileged ? ap !== 0 : [2, 3, 6, 7].includes(ap);
  const writes = privileged ? [1, 2, 3].includes(ap) : ap === 3;
  return (
    (reads ? Permission.read : 0) | (writes ? Permission.write : 0) | (reads && !xn ? Permission.execute : 0)
  );
}

const defaultXn = (address: number): boolean =>
  (address >= 0x40000000 && address < 0x60000000) || address >= 0xa0000000;

/** Regions in the order of their numbers. */
function validate(
  regions: readonly Region[],
  background: boolean,
  address: number,
  privileged: boolean,
): number {
  if (address >>> 20 === 0xe00) return rights(3, true, privileged);
  let found: Region | undefined;
  for (const region of regions) {
    const offset = address - region.base;
    if (offset < 0 || offset >= region.size) continue;
    if (region.size >= 256 && ((region.srd >> Math.floor((offset * 8) / region.size)) & 1) === 1) continue;
    found = region;
  }
  if (found !== undefined) return rights(found.ap, found.xn || address >= 0xe0000000, privileged);
  return background && privileged ? rights(3, defaultXn(address), privileged) : 0;
}

function draw(below: (count: number) => number, mpu: Mpu): Region[] {
  return Array.from({ length: 1 + below(8) }, (_, n) => {
    const field = 4 + below(below(3) === 0 ? 28 : 12);
    const size = 2 ** (field + 1);
    const place = field > 20 ? 0 : 0x20000000 + below(4) * 0x1000 + below(0x1000);
    const region = {
      base: place - (place % size),
      size,
      srd: below(2) === 0 ? 0 : below(256),
      ap: AP[below(AP.length)] as number,
      xn: below(2) === 0,
    };
    // Sizes below 256 bytes have no subregions (SRD is UNPREDICTABLE there).
    const srd = size < 256 ? 0 : region.srd;
    mpu.write(RNR, 4, n);
    mpu.write(RBAR, 4, region.base);
    const attributes = (1 << 17) | (srd << 8) | (field << 1) | 1;
    mpu.write(RASR, 4, ((region.xn ? 1 << 28 : 0) | (region.ap << 24) | attributes) >>> 0);
    return { ...region, srd };
  });
}

/** Addresses at the edges of regions and subregions, and some others. */
function places(below: (count: number) => number, regions: readonly Region[]): number[] {
  const edges = regions.flatMap(({ base, size }) =>
    Array.from({ length: 9 }, (_, n) => base + Math.floor((size * n) / 8)).flatMap((edge) => [
      edge - 1,
      edge,
    ]),
  );
  const others = [0, 0x40000000, 0xe000ed00, 0xe0100000, 0xffffffff, 0x20000000 + below(0x8000)];
  return [...edges, ...others].filter((address) => address >= 0 && address < 2 ** 32);
}

test("rights of accesses are those of ValidateAddress(), and a page has what holds in all of it", () => {
  const below = generator(SEED);
  for (let round = 0; round < 200; round++) {
    const mpu = new Mpu({ once: () => {}, note: () => {} });
    const regions = draw(below, mpu);
    const background = below(2) === 0;
    mpu.write(CTRL, 4, background ? 5 : 1);
    for (const privileged of [false, true]) {
      const expected = (address: number): number => validate(regions, background, address, privileged);
      for (const address of places(below, regions)) {
        const told = `seed ${SEED}, round ${round}, 0x${address.toString(16)}, privileged ${privileged}`;
        assert.equal(mpu.permission(address, privileged, true), expected(address), told);
      }
      for (const page of [0x20000, 0x20001 + below(7), below(2 ** 20)]) {
        const all = Array.from({ length: 128 }, (_, n) => expected(page * 4096 + n * 32));
        const told = `seed ${SEED}, round ${round}, page 0x${page.toString(16)}, privileged ${privileged}`;
        assert.equal(
          mpu.pagePermission(page, privileged, true),
          all.reduce((a, b) => a & b),
          told,
        );
      }
    }
  }
});

test("off, and at negative priorities without HFNMIENA, the default memory map decides", () => {
  const mpu = new Mpu({ once: () => {}, note: () => {} });
  draw(generator(SEED), mpu);
  mpu.write(CTRL, 4, 1);
  for (const [address, executable] of [
    [0, true],
    [0x3fffffff, true],
    [0x40000000, false],
    [0x5fffffff, false],
    [0x60000000, true],
    [0x9fffffff, true],
    [0xa0000000, false],
    [0xdfffffff, false],
    [0xe0000000, false],
    [0xffffffff, false],
  ] as const)
    assert.equal((mpu.permission(address, false, false) & Permission.execute) !== 0, executable);
});

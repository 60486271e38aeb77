/** What is measured. Names are stable: others compare runs by them. */

import { seededRandom } from "../src/protocol/testing/fake-link.js";
import { type Engine, imflasher, original, originalWithoutPolling, wholeBlocks } from "./engines.js";
import { type ChipWork, floorSeconds } from "./floor.js";

const KIB = 1024;
export const MIB = 1024 * KIB;
const SECTOR = 4 * KIB;
const BLOCK = 64 * KIB;
const PAGE = 256;
/** Appended data begins inside a page, so that one page is written twice. */
const APPEND_FROM = 900 * KIB + 100;
const APPEND_BYTES = 60 * KIB;

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly engine: Engine;
  /** What shall be written at ADDRESS. */
  readonly image: Uint8Array;
  /** What the flash holds there; blank behind it. */
  readonly held: Uint8Array;
  /** Seconds; 0 when the chip has nothing to do. */
  readonly floor: number;
}

/** Bytes that no byte-wise trick makes cheaper: every page has something to write. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const next = seededRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

interface Case {
  readonly name: string;
  readonly title: string;
  readonly size: number;
  readonly work: (size: number) => ChipWork;
  readonly engine?: Engine;
  /** Makes what the flash holds from a copy of the image; default: as it is. */
  readonly hold?: (image: Uint8Array, old: Uint8Array) => Uint8Array;
}

const overOld = (_: Uint8Array, old: Uint8Array) => old;
const onBlank = () => new Uint8Array(0);
const allErased = (size: number): ChipWork => ({ erases: { [BLOCK]: size / BLOCK }, pages: size / PAGE });
const sectors = (count: number): ChipWork => ({
  erases: { [SECTOR]: count },
  pages: (count * SECTOR) / PAGE,
});

/** A part of the image still as it was before. */
function keepOld(image: Uint8Array, old: Uint8Array, stride: number, only?: number): Uint8Array {
  for (let at = 0; at < image.length; at += SECTOR) {
    const index = at / SECTOR;
    if (only === undefined ? index % stride === 0 : index === only) {
      image.set(old.subarray(at, at + SECTOR), at);
    }
  }
  return image;
}

const CASES: readonly Case[] = [
  {
    name: "dirty-1MiB",
    title: "1 MiB over old, different content",
    size: MIB,
    work: allErased,
    hold: overOld,
  },
  {
    name: "blank-1MiB",
    title: "1 MiB onto blank flash",
    size: MIB,
    work: (size) => ({ pages: size / PAGE }),
    hold: onBlank,
  },
  { name: "unchanged-1MiB", title: "1 MiB unchanged", size: MIB, work: () => ({ pages: 0 }) },
  {
    name: "one-sector-1MiB",
    title: "one 4 KiB sector changed in 1 MiB",
    size: MIB,
    work: () => sectors(1),
    hold: (image, old) => keepOld(image, old, 1, 77),
  },
  {
    name: "every-fourth-sector-1MiB",
    title: "every fourth 4 KiB sector changed in 1 MiB",
    size: MIB,
    work: (size) => sectors(size / SECTOR / 4),
    hold: (image, old) => keepOld(image, old, 4),
  },
  {
    name: "append-60KiB-in-1MiB",
    title: "60 KiB appended in the blank tail of 1 MiB",
    size: MIB,
    work: () => ({
      pages: Math.ceil((APPEND_FROM + APPEND_BYTES) / PAGE) - Math.floor(APPEND_FROM / PAGE),
    }),
    hold: (image) => image.fill(0xff, APPEND_FROM),
  },
  { name: "dirty-4MiB", title: "4 MiB over old content", size: 4 * MIB, work: allErased, hold: overOld },
  { name: "dirty-12MiB", title: "12 MiB over old content", size: 12 * MIB, work: allErased, hold: overOld },
  {
    name: "whole-blocks-dirty-1MiB",
    title: "whole 64 KiB blocks, no diff: 1 MiB over old content",
    size: MIB,
    work: allErased,
    hold: overOld,
    engine: wholeBlocks,
  },
  {
    name: "whole-blocks-unchanged-1MiB",
    title: "whole 64 KiB blocks, no diff: 1 MiB unchanged",
    size: MIB,
    work: () => ({ pages: 0 }),
    engine: wholeBlocks,
  },
  {
    name: "original-dirty-1MiB",
    title: "original scheme: 1 MiB over old content",
    size: MIB,
    work: allErased,
    hold: overOld,
    engine: original,
  },
  {
    name: "original-no-polling-dirty-1MiB",
    title: "original scheme, an instant reader: 1 MiB over old content",
    size: MIB,
    work: allErased,
    hold: overOld,
    engine: originalWithoutPolling,
  },
];

export const SCENARIO_NAMES: readonly string[] = CASES.map(({ name }) => name);

/** Made one at a time: the largest are some ten MiB. */
export function makeScenario(name: string, seed: number): Scenario {
  const found = CASES.find((one) => one.name === name);
  if (found === undefined)
    throw new RangeError(`no such case: ${name}; there are ${SCENARIO_NAMES.join(", ")}`);
  const { title, size, work, engine = imflasher, hold = (image: Uint8Array) => image } = found;
  const image = imageOf(found, seed);
  const held = hold(image.slice(), randomBytes(size, seed + 1));
  return { name, title, engine, image, held, floor: floorSeconds(work(size)) };
}

function imageOf({ name, size }: Case, seed: number): Uint8Array {
  const image = randomBytes(size, seed);
  if (name.startsWith("append")) image.fill(0xff, APPEND_FROM + APPEND_BYTES);
  return image;
}

/** Speed over image size: for the plot. */
export interface Curve {
  readonly name: string;
  readonly title: string;
  readonly engine: Engine;
  readonly sizes: readonly number[];
  readonly blank: boolean;
}

const SIZES = [BLOCK, 256 * KIB, MIB, 4 * MIB, 12 * MIB];

export const CURVES: readonly Curve[] = [
  { name: "imflasher-blank", title: "imflasher, blank flash", engine: imflasher, sizes: SIZES, blank: true },
  { name: "imflasher-dirty", title: "imflasher, old content", engine: imflasher, sizes: SIZES, blank: false },
  { name: "whole-blocks", title: "whole blocks, no diff", engine: wholeBlocks, sizes: SIZES, blank: false },
  {
    name: "original",
    title: "original scheme",
    engine: original,
    sizes: [BLOCK, 256 * KIB, MIB],
    blank: false,
  },
];

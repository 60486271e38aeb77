/**
 * How long an answer may take, milliseconds: far beyond what a healthy board needs, short enough that a dead
 * one is noticed. The time counts anew whenever something moves on the link.
 */

import type { Geometry, RequestName, RequestOf } from "./messages.js";

/** USB, the bootloader's own work, and a PC that is busy with something else. */
const BASE_MS = 3000;
/** Reading and hashing flash: 250 kB/s, a tenth of what the slowest board does. */
const HASH_MS_PER_BYTE = 1 / 250;
/** Until GEOMETRY is known: a slow chip's 256 KiB erase and page program. */
const UNKNOWN_ERASE_MS = 8000;
const UNKNOWN_PROGRAM_MS = 10;
const UNKNOWN_PAGE = 256;
const SECTOR = 4096;

type Limits = {
  readonly [N in RequestName]?: (request: RequestOf<N>, geometry: Geometry | undefined) => number;
};

const LIMITS: Limits = {
  HASH: (request) => hashing([request]),
  VERIFY: (request) => hashing([request]),
  COMMIT: (request, geometry) => hashing(request.ranges) + journalWrite(geometry),
  BEGIN: (_, geometry) => journalWrite(geometry),
  ERASE: (request, geometry) => erasing(request.length, geometry),
  SIGNATURE: (request, geometry) => hashing([request]) + journalWrite(geometry),
  KEEP: (_, geometry) => 2 * journalWrite(geometry) + programming(SECTOR, geometry),
  WRITE: (request, geometry) => programming(request.data.length, geometry),
};

/** @param geometry undefined before it was asked for. @returns milliseconds. */
export function timeLimit<N extends RequestName>(
  name: N,
  request: RequestOf<N>,
  geometry: Geometry | undefined,
): number {
  return BASE_MS + (LIMITS[name]?.(request, geometry) ?? 0);
}

function hashing(ranges: readonly { readonly length: number }[]): number {
  return ranges.reduce((sum, range) => sum + range.length * HASH_MS_PER_BYTE, 0);
}

function erasing(length: number, geometry: Geometry | undefined): number {
  const erase = geometry?.eraseSizes.find(({ size }) => size === length);
  return erase === undefined ? UNKNOWN_ERASE_MS : erase.maximumUs / 1000;
}

function programming(length: number, geometry: Geometry | undefined): number {
  const pages = Math.ceil(length / (geometry?.page ?? UNKNOWN_PAGE)) + 1;
  return pages * (geometry === undefined ? UNKNOWN_PROGRAM_MS : geometry.programMaximumUs / 1000);
}

/** The journal, or the store of signatures, may have to erase a sector first: sections 9 and 11.5. */
function journalWrite(geometry: Geometry | undefined): number {
  return erasing(geometry?.eraseSizes[0]?.size ?? 0, geometry) + programming(1, geometry);
}

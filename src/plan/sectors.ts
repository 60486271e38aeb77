/** Where segments fall on the smallest erase units ("sectors") of a chip. */

import type { Segment } from "../image/image.js";

/** Addresses as the CPU sees them, lengths in bytes. */
export interface AddressRange {
  readonly address: number;
  readonly length: number;
}

/** What the planner must know of a chip; the board's GEOMETRY has all of it. */
export interface Chip {
  readonly base: number;
  /** Bytes. */
  readonly size: number;
  /** Bytes of one program operation. */
  readonly page: number;
  /** Microseconds a page. */
  readonly programTypicalUs: number;
  /** Ascending; sizes in bytes, each a multiple of the one before. */
  readonly eraseSizes: readonly { readonly size: number; readonly typicalUs: number }[];
  /** Neither erased nor written. */
  readonly reserved: readonly AddressRange[];
}

/** The chip cannot be used, or the image lies on it in a way that cannot be written. */
export class PlanError extends Error {
  override readonly name = "PlanError";
}

/** Bytes of the smallest erase unit. @throws PlanError when there is none. */
export function sectorSize(chip: Chip): number {
  const size = chip.eraseSizes[0]?.size;
  if (size === undefined)
    throw new PlanError("the flash chip names no erase size; its SFDP table is not usable");
  return size;
}

/** The part of an image that falls on one sector. */
export interface TouchedSector {
  readonly address: number;
  /** The image covers all of it. */
  readonly complete: boolean;
  readonly pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** @param segments ascending and disjoint. @returns ascending. */
export function touchedSectors(segments: readonly Segment[], size: number): TouchedSector[] {
  const pieces = new Map<number, { offset: number; bytes: Uint8Array }[]>();
  for (const { address, bytes } of segments) {
    for (let at = 0; at < bytes.length; ) {
      const offset = (address + at) % size;
      const piece = bytes.subarray(at, at + size - offset);
      const sector = address + at - offset;
      const list = pieces.get(sector) ?? [];
      list.push({ offset, bytes: piece });
      pieces.set(sector, list);
      at += piece.length;
    }
  }
  return Array.from(pieces, ([address, list]) => {
    const covered = list.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return { address, complete: covered === size, pieces: list };
  });
}

/**
 * What the sector shall hold. Shares the image's memory where one piece covers the sector: an image may be as large as
 * the chip.
 * @param held what it holds now; needed where the image does not cover all of it.
 */
export function sectorContent(sector: TouchedSector, size: number, held: Uint8Array | undefined): Uint8Array {
  if (!sector.complete && held === undefined) {
    throw new PlanError("a sector that the image covers in part must be read first");
  }
  const [only] = sector.pieces;
  if (only?.bytes.length === size) return only.bytes;
  const content = held?.slice() ?? new Uint8Array(size);
  for (const { offset, bytes } of sector.pieces) content.set(bytes, offset);
  return content;
}

/**
 * Sectors that share a larger erase unit with a touched one and could be erased with it if they are blank:
 * on the chip, not reserved, not touched. @returns ascending.
 */
export function neighbourSectors(touched: readonly number[], chip: Chip): number[] {
  const size = sectorSize(chip);
  const unit = chip.eraseSizes.at(-1)?.size ?? size;
  const known = new Set(touched);
  const units = new Set(touched.map((address) => address - (address % unit)));
  const found: number[] = [];
  for (const start of units) {
    for (let address = start; address < start + unit; address += size) {
      if (!known.has(address) && isUsable({ address, length: size }, chip)) found.push(address);
    }
  }
  return found.sort((a, b) => a - b);
}

/** On the chip and outside its reserved regions. */
export function isUsable(range: AddressRange, chip: Chip): boolean {
  const inside = range.address >= chip.base && endOf(range) <= chip.base + chip.size;
  return inside && !chip.reserved.some((region) => overlaps(region, range));
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.address < endOf(b) && b.address < endOf(a);
}

export function endOf(range: AddressRange): number {
  return range.address + range.length;
}

export function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0xff) return false;
  return true;
}

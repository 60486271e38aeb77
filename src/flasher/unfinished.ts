/** What an earlier flashing left behind when it was cut off. docs/protocol.md sections 5.6 and 8. */

import { type AddressRange, endOf, overlaps, sectorSize } from "../plan/sectors.js";
import type { BoardInfo, Geometry } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import { STACK_RAM, VECTOR_ALIGNMENT } from "./checks.js";
import { UnfinishedElsewhereError } from "./errors.js";
import { readBytes, type Watch } from "./flash-content.js";

/** The hull of what an earlier flashing left unfinished. */
export function unfinishedRange(info: BoardInfo): AddressRange | undefined {
  return info.unfinished === 0
    ? undefined
    : { address: info.unfinishedAddress, length: info.unfinishedLength };
}

/**
 * Where a reset or a power cut may have caught the chip in the middle of an operation. Cells there may be between
 * 0 and 1: they may read as blank, or as what they shall be, and change their mind later.
 * @returns undefined when there is no such place: the board has run without a break since the flashing began.
 */
export function doubtfulRange(info: BoardInfo): AddressRange | undefined {
  return info.doubtLength === 0 ? undefined : { address: info.doubtAddress, length: info.doubtLength };
}

/** @throws UnfinishedElsewhereError when a COMMIT of this job would hide an unfinished one that it has no part in. */
export function checkUnfinished(info: BoardInfo, covered: (range: AddressRange) => boolean): void {
  const range = unfinishedRange(info);
  if (range !== undefined && !covered(range)) throw new UnfinishedElsewhereError(range.address, range.length);
}

/**
 * A new image takes the place of one whose flashing was cut off, larger or smaller. Refused only where something could
 * be started in what is left of the old one: it would be half a program, and the COMMIT of the new one would hide that.
 * @param own addresses of the sectors that the new image touches, ascending
 * @throws UnfinishedElsewhereError
 */
export async function checkSuperseded(
  session: Session,
  { info, geometry }: { readonly info: BoardInfo; readonly geometry: Geometry },
  own: readonly number[],
  signal: Watch["signal"],
): Promise<void> {
  const unfinished = unfinishedRange(info);
  if (unfinished === undefined) return;
  const size = sectorSize(geometry);
  const replaced = new Set(own);
  for (const range of remains(unfinished, own, geometry)) {
    for (let sector = range.address; sector < endOf(range); sector += size) {
      if (replaced.has(sector)) continue;
      const bytes = await readBytes(session, sector, size, { signal, onBytes: () => {} });
      if (startsProgram(bytes, geometry.application)) {
        throw new UnfinishedElsewhereError(unfinished.address, unfinished.length);
      }
    }
  }
}

/** Where the first bytes of the old image may be. Only sectors that changed are in its hull: it may begin before. */
function remains(unfinished: AddressRange, own: readonly number[], geometry: Geometry): AddressRange[] {
  const { application } = geometry;
  const size = sectorSize(geometry);
  const first = own[0] ?? unfinished.address;
  const behind = { address: first, length: endOf(unfinished) - first };
  // The hull begins with the largest erase unit where blank sectors were erased with the image's own.
  const unit = geometry.eraseSizes.at(-1)?.size ?? size;
  const fromHere = unfinished.address >= first - (first % unit);
  const before = { address: application.address, length: first - application.address };
  return (fromHere ? [behind] : [before, behind]).filter(({ length }) => length > 0);
}

/** Section 8, "plausible": true when a board would start what lies at a multiple of the vector table's alignment in `bytes`. */
function startsProgram(bytes: Uint8Array, application: AddressRange): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; at += VECTOR_ALIGNMENT) {
    const stack = view.getUint32(at, true);
    const reset = view.getUint32(at + 4, true);
    const inRam = stack % 8 === 0 && STACK_RAM.some((ram) => stack >= ram.address && stack <= endOf(ram));
    if (inRam && reset % 2 === 1 && overlaps({ address: reset - 1, length: 2 }, application)) return true;
  }
  return false;
}

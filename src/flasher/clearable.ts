/**
 * Sectors that need no erase because only bits must be cleared: data that was appended, words that were struck out.
 * Looked for page by page, by digests; only pages whose digest is neither the new content's nor blank are read.
 */

import type { PlannedSector } from "../plan/plan.js";
import { isBlank } from "../plan/sectors.js";
import type { Geometry } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import { hashSectors, readIfAllowed, sameBytes, sectorDigest, type Watch } from "./flash-content.js";

/** A look costs a few thousandths of an erase; where much differs, an old program makes way for a new one. */
const ALWAYS_LOOKED_AT = 8;
const LOOKED_AT_SHARE = 1 / 4;
/** Pages of a sector that are read; where more are neither right nor blank, it was not appended to. */
const MAX_READ = 2;
/** What HASH takes as a block, docs/protocol.md section 5.5. */
const MIN_BLOCK = 256;

/** @returns the sectors, with "clearable" instead of "different" where that is so. */
export async function findClearable(
  session: Session,
  sectors: readonly PlannedSector[],
  { page }: Geometry,
  watch: Pick<Watch, "signal">,
): Promise<PlannedSector[]> {
  const different = sectors.filter(({ held }) => held === "different");
  const many = different.length > ALWAYS_LOOKED_AT && different.length >= sectors.length * LOOKED_AT_SHARE;
  if (many || page < MIN_BLOCK || (page & (page - 1)) !== 0) return sectors.slice();
  const quiet: Watch = { signal: watch.signal, onBytes: () => {} };
  const addresses = different.flatMap(({ address, content }) =>
    Array.from({ length: content.length / page }, (_, index) => address + index * page),
  );
  const digests = await hashSectors(session, addresses, page, quiet);
  const looked: PlannedSector[] = [];
  for (const sector of sectors) {
    looked.push(sector.held === "different" ? await look(session, sector, { page, digests, quiet }) : sector);
  }
  return looked;
}

interface Known {
  readonly page: number;
  readonly digests: ReadonlyMap<number, Uint8Array>;
  readonly quiet: Watch;
}

async function look(
  session: Session,
  sector: PlannedSector,
  { page, digests, quiet }: Known,
): Promise<PlannedSector> {
  const { address, content } = sector;
  const blank = sectorDigest(new Uint8Array(page).fill(0xff));
  const stale = new Set<number>();
  const unknown: number[] = [];
  for (let at = 0; at < content.length; at += page) {
    const digest = digests.get(address + at) ?? blank;
    if (sameBytes(digest, sectorDigest(content.subarray(at, at + page)))) continue;
    stale.add(at);
    if (!sameBytes(digest, blank)) unknown.push(at);
  }
  if (unknown.length > MAX_READ) return sector;
  for (const at of unknown) {
    const held = await readIfAllowed(session, address + at, page, quiet.signal);
    if (held === undefined || !clearsOnly(held, content.subarray(at, at + page))) return sector;
  }
  return { address, content, held: "clearable", stale };
}

/** Of a sector whose bytes are known. */
export function classify(
  address: number,
  held: Uint8Array,
  content: Uint8Array,
  page: number,
): PlannedSector {
  if (sameBytes(held, content)) return { address, content, held: "equal" };
  if (isBlank(held)) return { address, content, held: "blank" };
  if (!clearsOnly(held, content)) return { address, content, held: "different" };
  const stale = new Set<number>();
  for (let at = 0; at < content.length; at += page) {
    if (!sameBytes(held.subarray(at, at + page), content.subarray(at, at + page))) stale.add(at);
  }
  return { address, content, held: "clearable", stale };
}

/** Programming ANDs: it can make `content` of `held`. */
function clearsOnly(held: Uint8Array, content: Uint8Array): boolean {
  return content.every((byte, index) => (byte & (held[index] ?? 0)) === byte);
}

/** Writing an image: only what differs, keeping what lies beside it, verified on the board. */

import { sha256 } from "@noble/hashes/sha2.js";
import type { Image } from "../image/image.js";
import type { PlannedSector } from "../plan/plan.js";
import {
  type AddressRange,
  isBlank,
  neighbourSectors,
  overlaps,
  sectorContent,
  sectorSize,
  type TouchedSector,
  touchedSectors,
} from "../plan/sectors.js";
import { hexBytes } from "../protocol/hex.js";
import type { BoardInfo, Geometry } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import { type AppSignature, applyChange, type Change } from "./apply.js";
import { type CancelSignal, throwIfCancelled } from "./cancel.js";
import { checkBootAddress, checkImage } from "./checks.js";
import { classify, findClearable } from "./clearable.js";
import type { Connection } from "./connection.js";
import { hashSectors, readBytes, readSettled, sameBytes, sectorDigest } from "./flash-content.js";
import type { FlashReport, OnProgress } from "./progress.js";
import { checkSuperseded, doubtfulRange } from "./unfinished.js";

export interface JobOptions {
  readonly onProgress?: OnProgress;
  /** Looked at between requests; an AbortSignal will do. */
  readonly signal?: CancelSignal;
}

export interface FlashOptions extends JobOptions {
  /** Where the caller will boot afterwards: checked before anything is written. */
  readonly bootAddress?: number;
  /** Clear the chip's block protection first. Default false: a protected chip is an error. */
  readonly unprotect?: boolean;
  /** Stored with the application, for a board that runs signed ones only. */
  readonly signature?: AppSignature;
}

/**
 * Writes an image and verifies it by SHA-256 on the board.
 * @throws PlacementError before anything is changed when the image does not fit this board
 * @throws UnfinishedElsewhereError, VerificationError, CancelledError, LinkLostError, BoardError, PlanError
 */
export async function flashImage(
  connection: Connection,
  image: Image,
  options: FlashOptions = {},
): Promise<FlashReport> {
  const started = connection.now();
  const totals = { erasedBytes: 0, programmedBytes: 0 };
  const kept: KeptSectors = new Map();
  let unchangedBytes: number | undefined;
  await connection.run(async (session) => {
    const change = await prepare(session, image, options, kept);
    // A later attempt finds what an earlier one wrote: that is not what was right from the start.
    unchangedBytes ??= equalBytes(image, change);
    if (options.unprotect === true) await session.send("UNPROTECT", {});
    await applyChange(change, totals);
  });
  return {
    imageBytes: image.segments.reduce((sum, { bytes }) => sum + bytes.length, 0),
    ...totals,
    unchangedBytes: unchangedBytes ?? 0,
    milliseconds: connection.now() - started,
    address: image.segments[0]?.address ?? 0,
    digests: imageDigests(image),
    reconnects: connection.reconnects,
  };
}

/** All that is done before anything is changed. */
async function prepare(
  session: Session,
  image: Image,
  options: FlashOptions,
  kept: KeptSectors,
): Promise<Change> {
  const { onProgress = () => {}, signal } = options;
  throwIfCancelled(signal);
  const { info, geometry } = await identify(session, onProgress);
  checkImage(image, geometry);
  if (options.bootAddress !== undefined) checkBootAddress(options.bootAddress, geometry);
  const length = sectorSize(geometry);
  const touched = touchedSectors(image.segments, length);
  const own = touched.map(({ address }) => address);
  await checkSuperseded(session, { info, geometry }, own, signal);
  const doubtful = doubtfulRange(info);
  const found = await compare(session, touched, geometry, { onProgress, signal, kept, doubtful });
  const sectors = withDoubt(found, own, doubtful, length);
  const { signature } = options;
  return {
    session,
    geometry,
    sectors,
    own,
    unfinished: info.unfinished !== 0,
    signature,
    onProgress,
    signal,
  };
}

/** What may have been cut off in the middle is erased and written anew, however it reads. */
export function withDoubt(
  sectors: readonly PlannedSector[],
  own: readonly number[],
  doubtful: AddressRange | undefined,
  length: number,
): readonly PlannedSector[] {
  if (doubtful === undefined) return sectors;
  const ours = new Set(own);
  return sectors.map((sector) =>
    ours.has(sector.address) && overlaps({ address: sector.address, length }, doubtful)
      ? { ...sector, held: "different" }
      : sector,
  );
}

/** Of each segment: its bytes were compared by the board's SHA-256 of their sectors, before or after the writing. */
export function imageDigests(image: Image): FlashReport["digests"] {
  return image.segments.map(({ address, bytes }) => ({
    address,
    length: bytes.length,
    sha256: hexBytes(sha256(bytes)),
  }));
}

export async function identify(
  session: Session,
  onProgress: OnProgress,
): Promise<{ info: BoardInfo; geometry: Geometry }> {
  onProgress({ phase: "identify", done: 0, total: 0 });
  const [info, geometry] = await Promise.all([session.send("INFO", {}), session.send("GEOMETRY", {})]);
  return { info, geometry };
}

/** Image bytes in sectors that hold them already. */
function equalBytes(image: Image, { geometry, sectors }: Change): number {
  const equal = new Set(sectors.filter(({ held }) => held === "equal").map(({ address }) => address));
  const lengths = touchedSectors(image.segments, sectorSize(geometry))
    .filter(({ address }) => equal.has(address))
    .flatMap(({ pieces }) => pieces.map(({ bytes }) => bytes.length));
  return lengths.reduce((sum, length) => sum + length, 0);
}

/**
 * Sectors that the image covers in part, by address, as they were when the job began: after a link that broke
 * between erase and write, the flash no longer holds what must be put back.
 */
type KeptSectors = Map<number, Uint8Array>;

interface Watching {
  readonly onProgress: OnProgress;
  readonly signal: CancelSignal | undefined;
  readonly kept: KeptSectors;
  readonly doubtful: AddressRange | undefined;
}

/** What the flash holds in the image's sectors, and which of their neighbours are blank. */
async function compare(
  session: Session,
  touched: readonly TouchedSector[],
  geometry: Geometry,
  { onProgress, signal, kept, doubtful }: Watching,
): Promise<PlannedSector[]> {
  const size = sectorSize(geometry);
  const [complete, partial] = [true, false].map((kind) =>
    touched.filter((sector) => sector.complete === kind),
  );
  const own = touched.map(({ address }) => address);
  const neighbours = neighbourSectors(own, geometry);
  const hashed = [...(complete ?? []).map(({ address }) => address), ...neighbours].sort((a, b) => a - b);
  const total = (own.length + neighbours.length) * size;
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    onProgress({ phase: "compare", done, total });
  };
  const sectors: PlannedSector[] = [];
  for (const sector of partial ?? []) {
    const torn = doubtful !== undefined && overlaps({ address: sector.address, length: size }, doubtful);
    const held = await (torn ? readSettled : readBytes)(session, sector.address, size, { signal, onBytes });
    const before = kept.get(sector.address) ?? held;
    kept.set(sector.address, before);
    const content = sectorContent(sector, size, before);
    const others = isBlank(otherBytes(sector, before)) ? "blank" : "content";
    sectors.push({ ...classify(sector.address, held, content, geometry.page), others });
  }
  const digests = await hashSectors(session, hashed, size, { signal, onBytes });
  const found = hashedSectors(complete ?? [], neighbours, size, digests);
  sectors.push(...(await findClearable(session, found, geometry, { signal })));
  return sectors.sort((a, b) => a.address - b.address);
}

/** What lies in the sector beside the image; the image's own bytes are blank. */
function otherBytes({ pieces }: TouchedSector, held: Uint8Array): Uint8Array {
  const bytes = held.slice();
  for (const { offset, bytes: piece } of pieces) bytes.fill(0xff, offset, offset + piece.length);
  return bytes;
}

/** Neighbours that are not blank are left out: what they hold is not known. */
function hashedSectors(
  complete: readonly TouchedSector[],
  neighbours: readonly number[],
  size: number,
  digests: ReadonlyMap<number, Uint8Array>,
): PlannedSector[] {
  const blank = new Uint8Array(size).fill(0xff);
  const blankDigest = sectorDigest(blank);
  const holds = (address: number, digest: Uint8Array) => sameBytes(digests.get(address) ?? blank, digest);
  const own = complete.map((sector): PlannedSector => {
    const { address } = sector;
    const content = sectorContent(sector, size, undefined);
    if (holds(address, sectorDigest(content))) return { address, content, held: "equal" };
    return { address, content, held: holds(address, blankDigest) ? "blank" : "different" };
  });
  const free = neighbours.filter((address) => holds(address, blankDigest));
  return [
    ...own,
    ...free.map((address): PlannedSector => ({ address, content: blank, held: "equal", others: "blank" })),
  ];
}

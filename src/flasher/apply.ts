/** BEGIN, a pipeline of ERASE and WRITE, COMMIT: docs/protocol.md section 5.6. */

import { sha256 } from "@noble/hashes/sha2.js";
import { type Keep, makePlan, type Plan, type PlannedSector, type Step } from "../plan/plan.js";
import { hullRanges } from "../plan/ranges.js";
import { type AddressRange, endOf, sectorSize } from "../plan/sectors.js";
import { BoardError } from "../protocol/errors.js";
import { type Geometry, KEEP_NONE, MAX_RANGES, MAX_TRANSFER, type RequestOf } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import { type CancelSignal, throwIfCancelled } from "./cancel.js";
import { VerificationError } from "./errors.js";
import { findDifference, readBytes } from "./flash-content.js";
import { type Job, pipeline } from "./pipeline.js";
import type { OnProgress } from "./progress.js";

/** Sectors as KEEP counts them. */
const KEEP_SECTOR_BYTES = 4096;
/** Payloads of KEEP and ERASE. */
const ERASE_BYTES = 7 + 8;

type EraseStep = Extract<Step, { readonly kind: "erase" }>;

/** An authority's signature over what the flash shall hold in a range: docs/protocol.md section 11.5. */
export interface AppSignature {
  readonly address: number;
  /** Bytes. */
  readonly length: number;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

export interface Change {
  readonly session: Session;
  readonly geometry: Geometry;
  /** Ascending: what the flash shall hold, and how what it holds differs. */
  readonly sectors: readonly PlannedSector[];
  /** Addresses of the sectors that the job is about; the others are neighbours that are blank. */
  readonly own: readonly number[];
  /** An earlier job was cut off: commit even when nothing differs. */
  readonly unfinished: boolean;
  /** Stored even when nothing differs. */
  readonly signature?: AppSignature | undefined;
  readonly onProgress: OnProgress;
  readonly signal: CancelSignal | undefined;
}

/** Counts over all attempts of a job. */
export interface Totals {
  erasedBytes: number;
  programmedBytes: number;
}

/**
 * Makes the flash hold what it shall; the board verifies it by SHA-256. Nothing is begun when nothing differs and nothing
 * is to be signed.
 * @throws VerificationError, BoardError, SessionBrokenError, CancelledError
 */
export async function applyChange(change: Change, totals: Totals): Promise<void> {
  const { geometry, session, sectors } = change;
  const plan = makePlan(sectors, geometry, { maxWrite: MAX_TRANSFER, maxRanges: MAX_RANGES });
  const idle = plan.steps.length === 0;
  if (idle && !change.unfinished && change.signature === undefined) return;
  const ranges = idle ? hullRanges(change.own, geometry, MAX_RANGES) : plan.ranges;
  const contents = await rangeContents(change, ranges);
  try {
    await pipeline(session, changeJobs(change, { plan, ranges, totals }), undefined);
  } catch (error) {
    throw (await wrongCell(session, plan.steps, error)) ?? error;
  }
  throwIfCancelled(change.signal);
  await commit(change, ranges, contents);
}

interface Work {
  readonly plan: Plan;
  readonly ranges: readonly AddressRange[];
  readonly totals: Totals;
}

/** Nobody waits for the answer to BEGIN: when it is refused, so is all that follows. */
function* changeJobs(change: Change, { plan, ranges, totals }: Work): Generator<Job> {
  const begin = async () => {
    await change.session.send("BEGIN", { ranges });
  };
  yield { bytes: 1 + 8 * ranges.length, run: begin };
  yield* stepJobs(change, plan, totals);
}

/**
 * Pages of the first writes when nothing is erased before them: each is on its way while the chip programs the one
 * before, which takes a little longer a page than USB.
 */
const FIRST_PAGES = [1, 1, 2, 4];

function* smallFirst(steps: readonly Step[], page: number): Generator<Step> {
  const sizes = steps[0]?.kind === "program" ? FIRST_PAGES.slice() : [];
  for (const step of steps) {
    let { address } = step;
    if (step.kind === "program") {
      const end = address + step.bytes.length;
      for (let size = sizes.shift(); size !== undefined && address < end; size = sizes.shift()) {
        const next = Math.min(end, address - (address % page) + size * page);
        yield { ...step, address, bytes: step.bytes.subarray(address - step.address, next - step.address) };
        address = next;
      }
      if (address < end) yield { ...step, address, bytes: step.bytes.subarray(address - step.address) };
    } else yield step;
  }
}

/**
 * One request each; erases show as progress of their own only until the first data is written. When the job is
 * cancelled, what was erased already is still written: it may hold bytes that are not the image's.
 */
function* stepJobs(change: Change, plan: Plan, totals: Totals): Generator<Job> {
  const { session, onProgress } = change;
  let erased = 0;
  let written = 0;
  const finish = (step: Step) => {
    if (step.kind === "erase") {
      erased += step.length;
      totals.erasedBytes += step.length;
    } else {
      written += step.bytes.length;
      totals.programmedBytes += step.bytes.length;
    }
    if (written === 0) onProgress({ phase: "erase", done: erased, total: plan.erasedBytes });
    else onProgress({ phase: "write", done: written, total: plan.programmedBytes });
  };
  let erasedUpTo = 0;
  for (const step of smallFirst(plan.steps, change.geometry.page)) {
    const { address } = step;
    if (change.signal?.aborted && (step.kind === "erase" || address >= erasedUpTo)) return;
    if (step.kind === "erase") erasedUpTo = address + step.length;
    const run = async () => {
      if (step.kind === "erase") await eraseUnit(session, step);
      else await session.send("WRITE", { address, data: step.bytes });
      finish(step);
    };
    yield { bytes: step.kind === "erase" ? ERASE_BYTES : 4 + step.bytes.length, run };
  }
}

/** What the unit holds besides is saved first; both requests are on their way at once. */
async function eraseUnit(session: Session, { address, length, keep }: EraseStep): Promise<void> {
  const requests = [
    ...(keep === undefined ? [] : [session.send("KEEP", keepRequest(address, keep))]),
    session.send("ERASE", { address, length }),
  ];
  await Promise.all(requests);
}

function keepRequest(address: number, { blank, content }: Keep): RequestOf<"KEEP"> {
  const index = (sector: number) => (sector - address) / KEEP_SECTOR_BYTES;
  return {
    address,
    blank: blank.reduce((bits, sector) => bits | (1 << index(sector)), 0),
    kept: content === undefined ? KEEP_NONE : index(content),
  };
}

/** The board reads back what it erased and wrote: it names the first address that is not right. */
async function wrongCell(
  session: Session,
  steps: readonly Step[],
  error: unknown,
): Promise<VerificationError | undefined> {
  if (!(error instanceof BoardError)) return undefined;
  const { codeName, detail: address } = error;
  if (codeName !== "WRITE_FAILED" && codeName !== "ERASE_FAILED") return undefined;
  const expected = codeName === "ERASE_FAILED" ? 0xff : plannedByte(steps, address);
  if (expected === undefined) return undefined;
  const piece = { address, bytes: Uint8Array.of(expected) };
  const difference = await findDifference(session, [piece], undefined);
  return difference && new VerificationError(address, expected, difference.found, { cause: error });
}

function plannedByte(steps: readonly Step[], address: number): number | undefined {
  for (const step of steps) {
    if (step.kind === "program" && address >= step.address) {
      const byte = step.bytes[address - step.address];
      if (byte !== undefined) return byte;
    }
  }
  return undefined;
}

type Contents = ReadonlyMap<number, Uint8Array>;

/** The content of every sector in `ranges`; sectors between the job's own are read. */
async function rangeContents(change: Change, ranges: readonly AddressRange[]): Promise<Contents> {
  const { session, geometry, signal } = change;
  const size = sectorSize(geometry);
  const contents = new Map(change.sectors.map(({ address, content }) => [address, content]));
  for (const address of sectorsOf(ranges, size)) {
    if (contents.has(address)) continue;
    contents.set(address, await readBytes(session, address, size, { signal, onBytes: () => {} }));
  }
  return contents;
}

/** Answers to what a wrong byte in the flash may be the reason for: a signature is of bytes, too. */
const WRONG_CONTENT: ReadonlySet<string | undefined> = new Set(["VERIFY_FAILED", "BAD_SIGNATURE"]);

async function commit(change: Change, ranges: readonly AddressRange[], contents: Contents): Promise<void> {
  const { session, geometry, onProgress } = change;
  const size = sectorSize(geometry);
  const total = ranges.reduce((sum, { length }) => sum + length, 0);
  onProgress({ phase: "verify", done: 0, total });
  const digest = (range: AddressRange) => {
    const hash = sha256.create();
    for (const piece of pieces([range], contents, size)) hash.update(piece.bytes);
    return hash.digest();
  };
  try {
    if (change.signature !== undefined) await session.send("SIGNATURE", change.signature);
    await session.send("COMMIT", { ranges: ranges.map((range) => ({ ...range, sha256: digest(range) })) });
  } catch (error) {
    if (!(error instanceof BoardError) || !WRONG_CONTENT.has(error.codeName)) throw error;
    const difference = await findDifference(session, pieces(ranges, contents, size), change.signal);
    if (difference === undefined) throw error;
    throw new VerificationError(difference.address, difference.expected, difference.found);
  }
  onProgress({ phase: "verify", done: total, total });
}

function* pieces(ranges: readonly AddressRange[], contents: Contents, size: number) {
  for (const address of sectorsOf(ranges, size)) {
    const bytes = contents.get(address);
    if (bytes !== undefined) yield { address, bytes };
  }
}

function* sectorsOf(ranges: readonly AddressRange[], size: number): Generator<number> {
  for (const range of ranges) {
    for (let address = range.address; address < endOf(range); address += size) yield address;
  }
}

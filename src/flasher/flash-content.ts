/** What a board's flash holds: hashed there, or read. */

import { sha256 } from "@noble/hashes/sha2.js";
import { BoardError } from "../protocol/errors.js";
import { MAX_TRANSFER } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import type { CancelSignal } from "./cancel.js";
import { type Job, pipeline } from "./pipeline.js";

/** Bytes of a sector's digest: 128 bits cannot be hit by chance, and 256 sectors fit in an answer. */
const DIGEST_BYTES = 16;
/** Sectors of one HASH: small enough for progress, large enough for few answers. */
const SECTORS_PER_HASH = 64;

export interface Watch {
  readonly signal: CancelSignal | undefined;
  /** Called with the bytes that each answer covers. */
  readonly onBytes: (count: number) => void;
}

export function sectorDigest(bytes: Uint8Array): Uint8Array {
  return sha256(bytes).subarray(0, DIGEST_BYTES);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return firstDifference(a, b) < 0 && a.length === b.length;
}

/** @returns an index, or -1 */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return -1;
}

/** @param sectors addresses, ascending. @returns the digest of each by its address. */
export async function hashSectors(
  session: Session,
  sectors: readonly number[],
  size: number,
  watch: Watch,
): Promise<Map<number, Uint8Array>> {
  const digests = new Map<number, Uint8Array>();
  await pipeline(session, hashJobs(session, sectors, size, { digests, watch }), watch.signal);
  return digests;
}

interface HashResults {
  readonly digests: Map<number, Uint8Array>;
  readonly watch: Watch;
}

function* hashJobs(
  session: Session,
  sectors: readonly number[],
  size: number,
  { digests, watch }: HashResults,
): Generator<Job> {
  for (let i = 0; i < sectors.length; ) {
    const address = sectors[i] as number;
    let count = 1;
    while (count < SECTORS_PER_HASH && sectors[i + count] === address + count * size) count++;
    const length = count * size;
    const run = async () => {
      const answer = await session.send("HASH", { address, length, block: size, digest: DIGEST_BYTES });
      for (let k = 0; k < count; k++) {
        digests.set(address + k * size, answer.digests.subarray(k * DIGEST_BYTES, (k + 1) * DIGEST_BYTES));
      }
      watch.onBytes(length);
    };
    yield { bytes: 13, run };
    i += count;
  }
}

/** Reads any range of the flash. */
export async function readBytes(
  session: Session,
  address: number,
  length: number,
  watch: Watch,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await pipeline(session, readJobs(session, address, bytes, watch), watch.signal);
  return bytes;
}

function* readJobs(session: Session, address: number, into: Uint8Array, watch: Watch): Generator<Job> {
  for (let at = 0; at < into.length; at += MAX_TRANSFER) {
    const length = Math.min(MAX_TRANSFER, into.length - at);
    const run = async () => {
      const { data } = await session.send("READ", { address: address + at, length });
      into.set(data, at);
      watch.onBytes(length);
    };
    // An answer is as large as this; the board has as much to hold for it as for a WRITE.
    yield { bytes: length, run };
  }
}

/** Reads of cells between 0 and 1 that may differ before what they hold counts as a defect of the chip. */
const SETTLING_READS = 8;

/**
 * Reads a range that a power cut may have caught in the middle of a program operation: cells between 0 and 1, and their
 * neighbours in the page, may read differently each time until they have settled.
 * @returns what two reads in a row agree on; the last one when none do
 */
export async function readSettled(
  session: Session,
  address: number,
  length: number,
  watch: Watch,
): Promise<Uint8Array> {
  let found = await readBytes(session, address, length, watch);
  for (let reads = 1; reads < SETTLING_READS; reads++) {
    const again = await readBytes(session, address, length, { signal: watch.signal, onBytes: () => {} });
    if (sameBytes(found, again)) break;
    found = again;
  }
  return found;
}

/** @returns undefined where the session may not read: who may flash need not have that right. */
export async function readIfAllowed(
  session: Session,
  address: number,
  length: number,
  signal: CancelSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(session, address, length, { signal, onBytes: () => {} });
  } catch (error) {
    if (error instanceof BoardError && error.codeName === "DENIED") return undefined;
    throw error;
  }
}

export interface Difference {
  readonly address: number;
  readonly expected: number;
  /** Undefined where the session may not read. */
  readonly found: number | undefined;
}

interface Expected {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** @returns the first byte that is not as expected, or undefined. */
export async function findDifference(
  session: Session,
  pieces: Iterable<Expected>,
  signal: CancelSignal | undefined,
): Promise<Difference | undefined> {
  for (const piece of pieces) {
    const { address, bytes } = piece;
    const found = await readIfAllowed(session, address, bytes.length, signal);
    const at = found === undefined ? await firstWrong(session, piece) : firstDifference(bytes, found);
    if (at >= 0) return { address: address + at, expected: bytes[at] as number, found: found?.[at] };
  }
  return undefined;
}

/** Without a READ: by halving what is right. @returns an index, or -1 */
async function firstWrong(session: Session, { address, bytes }: Expected): Promise<number> {
  const holds = async (length: number): Promise<boolean> => {
    try {
      await session.send("VERIFY", { address, length, sha256: sha256(bytes.subarray(0, length)) });
      return true;
    } catch (error) {
      if (error instanceof BoardError && error.codeName === "VERIFY_FAILED") return false;
      throw error;
    }
  };
  if (await holds(bytes.length)) return -1;
  let right = 0;
  let wrong = bytes.length;
  while (wrong - right > 1) {
    const middle = (right + wrong) >>> 1;
    if (await holds(middle)) right = middle;
    else wrong = middle;
  }
  return right;
}

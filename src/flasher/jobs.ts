/** Verifying, reading and erasing. */

import { sha256 } from "@noble/hashes/sha2.js";
import type { Image, Segment } from "../image/image.js";
import type { PlannedSector } from "../plan/plan.js";
import { type AddressRange, endOf, sectorSize } from "../plan/sectors.js";
import { BoardError } from "../protocol/errors.js";
import type { Session } from "../protocol/session.js";
import { applyChange, type Change } from "./apply.js";
import { type CancelSignal, throwIfCancelled } from "./cancel.js";
import { checkImage, checkOnChip, checkReserved, checkWholeSectors } from "./checks.js";
import type { Connection } from "./connection.js";
import { VerificationError } from "./errors.js";
import { identify, imageDigests, type JobOptions, withDoubt } from "./flash.js";
import { findDifference, hashSectors, readBytes, sameBytes, sectorDigest } from "./flash-content.js";
import { type Job, pipeline } from "./pipeline.js";
import type { FlashReport } from "./progress.js";
import { checkUnfinished, doubtfulRange } from "./unfinished.js";

/** Bytes of one VERIFY: progress moves, answers stay few. */
const VERIFY_BYTES = 0x40000;

export interface VerifyReport {
  readonly imageBytes: number;
  readonly milliseconds: number;
  /** SHA-256 of each segment, lower-case hexadecimal. */
  readonly digests: FlashReport["digests"];
}

/**
 * Compares an image with the flash by SHA-256 on the board; changes nothing.
 * @throws VerificationError with the first address that differs
 * @throws PlacementError, CancelledError, LinkLostError, BoardError
 */
export async function verifyImage(
  connection: Connection,
  image: Image,
  options: JobOptions = {},
): Promise<VerifyReport> {
  const { onProgress = () => {}, signal } = options;
  const started = connection.now();
  const imageBytes = image.segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
  await connection.run(async (session) => {
    throwIfCancelled(signal);
    const { geometry } = await identify(session, onProgress);
    checkImage(image, geometry);
    let done = 0;
    const onBytes = (count: number) => {
      done += count;
      onProgress({ phase: "verify", done, total: imageBytes });
    };
    await verifySegments(session, image.segments, { signal, onBytes });
  });
  return { imageBytes, milliseconds: connection.now() - started, digests: imageDigests(image) };
}

interface Watch {
  readonly signal: CancelSignal | undefined;
  readonly onBytes: (count: number) => void;
}

async function verifySegments(session: Session, segments: readonly Segment[], watch: Watch): Promise<void> {
  let wrong: Segment | undefined;
  const job = (part: Segment): Job => ({
    bytes: 40,
    run: async () => {
      const { address, bytes } = part;
      try {
        await session.send("VERIFY", { address, length: bytes.length, sha256: sha256(bytes) });
      } catch (error) {
        if (error instanceof BoardError && error.codeName === "VERIFY_FAILED") wrong ??= part;
        throw error;
      }
      watch.onBytes(bytes.length);
    },
  });
  try {
    await pipeline(session, parts(segments).map(job), watch.signal);
  } catch (error) {
    if (wrong === undefined || !(error instanceof BoardError)) throw error;
    const difference = await findDifference(session, [wrong], watch.signal);
    if (difference === undefined) throw error;
    throw new VerificationError(difference.address, difference.expected, difference.found);
  }
}

function parts(segments: readonly Segment[]): Segment[] {
  return segments.flatMap(({ address, bytes }) =>
    Array.from({ length: Math.ceil(bytes.length / VERIFY_BYTES) }, (_, i) => ({
      address: address + i * VERIFY_BYTES,
      bytes: bytes.subarray(i * VERIFY_BYTES, (i + 1) * VERIFY_BYTES),
    })),
  );
}

/** Reads any range of the chip, reserved regions too. @throws PlacementError, CancelledError, LinkLostError, BoardError */
export async function readRange(
  connection: Connection,
  address: number,
  length: number,
  options: JobOptions = {},
): Promise<Uint8Array> {
  const { onProgress = () => {}, signal } = options;
  return connection.run(async (session) => {
    throwIfCancelled(signal);
    const { geometry } = await identify(session, onProgress);
    checkOnChip("the range", { address, length }, geometry);
    let done = 0;
    const onBytes = (count: number) => {
      done += count;
      onProgress({ phase: "read", done, total: length });
    };
    return readBytes(session, address, length, { signal, onBytes });
  });
}

export interface EraseReport {
  readonly erasedBytes: number;
  /** Bytes that were blank already. */
  readonly unchangedBytes: number;
  readonly milliseconds: number;
  readonly reconnects: number;
}

/**
 * Makes a range blank; what is blank already is left alone. Address and length are multiples of the smallest erase
 * size, so that nothing beside the range is lost.
 * @throws PlacementError, UnfinishedElsewhereError, VerificationError, CancelledError, LinkLostError, BoardError
 */
export async function eraseRange(
  connection: Connection,
  address: number,
  length: number,
  options: JobOptions & { readonly unprotect?: boolean } = {},
): Promise<EraseReport> {
  const started = connection.now();
  const totals = { erasedBytes: 0, programmedBytes: 0 };
  await connection.run(async (session) => {
    const change = await prepareErase(session, { address, length }, options);
    if (options.unprotect === true) await session.send("UNPROTECT", {});
    await applyChange(change, totals);
  });
  return {
    erasedBytes: totals.erasedBytes,
    unchangedBytes: Math.max(0, length - totals.erasedBytes),
    milliseconds: connection.now() - started,
    reconnects: connection.reconnects,
  };
}

async function prepareErase(session: Session, range: AddressRange, options: JobOptions): Promise<Change> {
  const { onProgress = () => {}, signal } = options;
  throwIfCancelled(signal);
  const { info, geometry } = await identify(session, onProgress);
  checkOnChip("the range", range, geometry);
  checkWholeSectors(range, geometry);
  checkReserved("the range", range, geometry);
  checkUnfinished(info, (other) => other.address >= range.address && endOf(other) <= endOf(range));
  const size = sectorSize(geometry);
  const own = Array.from({ length: range.length / size }, (_, i) => range.address + i * size);
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    onProgress({ phase: "compare", done, total: range.length });
  };
  const digests = await hashSectors(session, own, size, { signal, onBytes });
  const content = new Uint8Array(size).fill(0xff);
  const blank = sectorDigest(content);
  const found = own.map((address): PlannedSector => {
    const isBlank = sameBytes(digests.get(address) ?? content, blank);
    return { address, content, held: isBlank ? "equal" : "different" };
  });
  const sectors = withDoubt(found, own, doubtfulRange(info), size);
  return { session, geometry, sectors, own, unfinished: info.unfinished !== 0, onProgress, signal };
}

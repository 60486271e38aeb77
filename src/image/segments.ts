import { hex, ImageError } from "./error.js";
import type { Image, Segment } from "./image.js";

/** One past the highest address of a 32-bit CPU. */
export const ADDRESS_SPACE = 0x1_0000_0000;

/** A piece of a file: where it came from is for messages ("line 12", "block 3", "program header 1"). */
export interface Piece extends Segment {
  readonly origin: string;
}

/**
 * Sorts pieces, merges those that touch and drops empty ones. Linear but for the sort.
 * @throws ImageError when two pieces overlap, one ends above 0xFFFF_FFFF, or nothing is left
 */
export function joinPieces(fileName: string, pieces: readonly Piece[]): Segment[] {
  const sorted = pieces
    .filter((piece) => piece.bytes.length > 0)
    .sort((left, right) => left.address - right.address);
  if (sorted.length === 0)
    throw new ImageError(`${fileName}: holds no data: expected at least one byte to write`);
  const runs: Piece[][] = [];
  let run: Piece[] = [];
  let last: Piece | undefined;
  for (const piece of sorted) {
    checkOrder(fileName, last, piece);
    if (last !== undefined && last.address + last.bytes.length === piece.address) {
      run.push(piece);
    } else {
      run = [piece];
      runs.push(run);
    }
    last = piece;
  }
  return runs.map(concatenate);
}

function checkOrder(fileName: string, last: Piece | undefined, piece: Piece): void {
  const end = piece.address + piece.bytes.length;
  if (end > ADDRESS_SPACE) {
    throw new ImageError(
      `${fileName}: ${piece.origin}: ${piece.bytes.length} bytes at ${hex(piece.address)} end above 0xFFFFFFFF`,
    );
  }
  if (last !== undefined && piece.address < last.address + last.bytes.length) {
    throw new ImageError(
      `${fileName}: ${piece.origin} overlaps ${last.origin} at ${hex(piece.address)}: ` +
        "expected every address at most once; build the file anew",
    );
  }
}

function concatenate(run: readonly Piece[]): Segment {
  const [first] = run;
  if (first === undefined) throw new RangeError("a run has at least one piece");
  if (run.length === 1) return { address: first.address, bytes: first.bytes };
  const bytes = new Uint8Array(run.reduce((sum, piece) => sum + piece.bytes.length, 0));
  let offset = 0;
  for (const piece of run) {
    bytes.set(piece.bytes, offset);
    offset += piece.bytes.length;
  }
  return { address: first.address, bytes };
}

/** Bytes in all segments. */
export function imageSize(image: Image): number {
  return image.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
}

/**
 * Splits an image at a memory's borders.
 * @param base first address of the memory
 * @param size its bytes
 * @returns what lies inside (cut at the borders where a segment crosses one) and what lies outside
 */
export function segmentsWithin(
  image: Image,
  base: number,
  size: number,
): { readonly inside: readonly Segment[]; readonly outside: readonly Segment[] } {
  const inside: Segment[] = [];
  const outside: Segment[] = [];
  const limit = base + size;
  for (const segment of image.segments) {
    const end = segment.address + segment.bytes.length;
    const from = Math.min(Math.max(segment.address, base), end);
    const to = Math.max(Math.min(end, limit), from);
    const cut = (start: number, stop: number, into: Segment[]): void => {
      if (stop <= start) return;
      into.push({
        address: start,
        bytes: segment.bytes.subarray(start - segment.address, stop - segment.address),
      });
    };
    cut(segment.address, from, outside);
    cut(from, to, inside);
    cut(to, end, outside);
  }
  return { inside, outside };
}

/** QUADSPI maps no more than this. */
const MAPPED_BYTES = 0x1000_0000;

/**
 * One segment from the first byte to the last; what lies between segments becomes 0xFF, as in erased flash.
 * @throws ImageError when that is more than any flash chip here could hold
 */
export function fillGaps(image: Image): Image {
  const [first] = image.segments;
  const last = image.segments.at(-1);
  if (first === undefined || last === undefined || first === last) return image;
  const length = last.address + last.bytes.length - first.address;
  if (length > MAPPED_BYTES) {
    throw new ImageError(
      `the image reaches from ${hex(first.address)} to ${hex(last.address)}: expected at most ${MAPPED_BYTES} bytes`,
    );
  }
  const bytes = new Uint8Array(length).fill(0xff);
  for (const segment of image.segments) bytes.set(segment.bytes, segment.address - first.address);
  return { ...image, segments: [{ address: first.address, bytes }] };
}

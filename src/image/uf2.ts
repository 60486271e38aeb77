/** UF2, by its specification (github.com/microsoft/uf2): blocks of 512 bytes, each with its own address. */
import {
  blockSize,
  decodeBlock,
  familyMap,
  magicValues,
  type UF2BlockData,
  UF2DecodeError,
  UF2Flags,
} from "uf2";
import { ImageError } from "./error.js";
import type { Image } from "./image.js";
import { joinPieces, type Piece } from "./segments.js";

/** Family id of STM32H7 in the UF2 registry. */
export const UF2_FAMILY_STM32H7 = 0x6db66082;

/** True when the first two magic words are there. */
export function looksLikeUf2(bytes: Uint8Array): boolean {
  if (bytes.length < 8) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return magicValues
    .filter(({ offset }) => offset < 8)
    .every(({ offset, value }) => view.getUint32(offset, true) === value);
}

function readBlock(place: string, bytes: Uint8Array): UF2BlockData {
  try {
    return decodeBlock(bytes);
  } catch (cause) {
    if (!(cause instanceof UF2DecodeError)) throw cause;
    throw new ImageError(`${place}: ${cause.message} The file is damaged, build or copy it again`, { cause });
  }
}

function checkFamily(place: string, block: UF2BlockData): void {
  if ((block.flags & UF2Flags.familyIDPresent) === 0) return;
  // The package reads the id unsigned; the registry lists it unsigned too.
  if (block.boardFamily === UF2_FAMILY_STM32H7) return;
  const id = `0x${block.boardFamily.toString(16).padStart(8, "0")}`;
  throw new ImageError(
    `${place}: built for another chip: expected family 0x${UF2_FAMILY_STM32H7.toString(16)} (STM32H7), ` +
      `found ${id} (${familyMap.get(block.boardFamily) ?? "unknown"})`,
  );
}

function checkCount(fileName: string, blocks: number, total: number): void {
  if (blocks === total) return;
  throw new ImageError(
    `${fileName}: truncated or joined: the blocks say ${total} blocks, found ${blocks}; build or copy it again`,
  );
}

/** What the blocks say of themselves. */
export interface Uf2Facts {
  readonly blocks: number;
  /** Blocks that cannot be read. */
  readonly damaged: number;
  /** Names of the chips that it is for, from the registry, or their ids. */
  readonly families: readonly string[];
}

/** Never fails: what cannot be read is counted. */
export function uf2Facts(bytes: Uint8Array): Uf2Facts {
  const families = new Set<string>();
  const blocks = Math.ceil(bytes.length / blockSize);
  let damaged = 0;
  for (let index = 0; index < blocks; index++) {
    try {
      const block = readBlock("", bytes.subarray(index * blockSize, (index + 1) * blockSize));
      if ((block.flags & UF2Flags.familyIDPresent) !== 0) families.add(familyName(block.boardFamily));
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      damaged++;
    }
  }
  return { blocks, damaged, families: [...families] };
}

function familyName(id: number): string {
  const known = familyMap.get(id);
  const number = `0x${id.toString(16).padStart(8, "0")}`;
  return known === undefined ? number : `${known} (${number})`;
}

/**
 * Reads a UF2 file. Blocks of another family are refused, blocks that are not for main flash are not an image's.
 * @param fileName for messages
 * @throws ImageError naming the block (counted from 0)
 */
export function parseUf2(bytes: Uint8Array, fileName: string): Image {
  if (bytes.length === 0 || bytes.length % blockSize !== 0) {
    throw new ImageError(
      `${fileName}: expected a multiple of ${blockSize} bytes, found ${bytes.length}; build or copy the file again`,
    );
  }
  const pieces: Piece[] = [];
  const count = bytes.length / blockSize;
  for (let index = 0; index < count; index++) {
    const place = `${fileName}: block ${index}`;
    const block = readBlock(place, bytes.subarray(index * blockSize, (index + 1) * blockSize));
    if (block.blockNumber !== index) {
      throw new ImageError(`${place}: expected block number ${index}, found ${block.blockNumber}`);
    }
    checkCount(fileName, count, block.totalBlocks);
    if ((block.flags & (UF2Flags.notMainFlash | UF2Flags.fileContainer)) !== 0) continue;
    checkFamily(place, block);
    pieces.push({ address: block.flashAddress, bytes: block.payload, origin: `block ${index}` });
  }
  return { format: "uf2", segments: joinPieces(fileName, pieces), entry: undefined };
}

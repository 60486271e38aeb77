/** An image of IMBootloader as the PC reads it: docs/protocol.md section 13.1. */
import { crc32 } from "../protocol/crc32.js";
import { hex32 } from "../protocol/hex.js";
import { decodeUtf8 } from "../protocol/utf8.js";

const IDENTITY_OFFSET = 0x380;
const IDENTITY_BYTES = 56;
const MAGIC = 0x4942_4d49;
const FORMAT = 1;
const KIND_IMBOOTLOADER = 1;
const CRC_AT = IDENTITY_OFFSET + 20;
const BOARD_AT = IDENTITY_OFFSET + 24;
/** Where a bootloader is linked for. */
export const BOOTLOADER_ADDRESS = 0x0800_0000;
/** Bytes of an image at most. */
export const BOOTLOADER_BYTES_MAX = 0x1_0000;

/** The file is no image of IMBootloader, or a damaged one. */
export class BootloaderImageError extends Error {
  override readonly name = "BootloaderImageError";
}

/** The image is right, but not for this board as it is: of another board, or older than what runs. */
export class BootloaderMismatchError extends Error {
  override readonly name = "BootloaderMismatchError";
}

export interface BootloaderIdentity {
  /** "0.1.0" */
  readonly version: string;
  /** Name of the board that it was built for. */
  readonly board: string;
  /** Bytes of the image. */
  readonly length: number;
  /** Where its log begins, bytes from the sector's start. */
  readonly logOffset: number;
}

/** Bytes that the bootloader at the start of `flash` tells of itself, right or wrong; at most all. */
export function bootloaderLength(flash: Uint8Array): number {
  const view = new DataView(flash.buffer, flash.byteOffset, flash.byteLength);
  return Math.min(view.getUint32(IDENTITY_OFFSET + 12, true), flash.length);
}

/**
 * @param what the image's name, for messages
 * @throws BootloaderImageError
 */
export function readBootloaderIdentity(image: Uint8Array, what = "the image"): BootloaderIdentity {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < IDENTITY_OFFSET + IDENTITY_BYTES || image.length > BOOTLOADER_BYTES_MAX) {
    throw new BootloaderImageError(
      `${what}: expected a bootloader of ${IDENTITY_OFFSET + IDENTITY_BYTES} to ${BOOTLOADER_BYTES_MAX} bytes, found ${image.length}`,
    );
  }
  const [magic, kinds, version, length, logOffset] = [0, 4, 8, 12, 16].map((at) =>
    view.getUint32(IDENTITY_OFFSET + at, true),
  ) as [number, number, number, number, number];
  if (magic !== MAGIC || kinds !== (FORMAT | (KIND_IMBOOTLOADER << 16))) {
    throw new BootloaderImageError(
      `${what}: expected IMBootloader's identification block at ${hex32(BOOTLOADER_ADDRESS + IDENTITY_OFFSET)}, found something else`,
    );
  }
  if (length !== image.length) {
    throw new BootloaderImageError(
      `${what}: expected the ${length} bytes that the image tells of itself, found ${image.length}`,
    );
  }
  checkCrc(image, view, what);
  const board = decodeUtf8(image.subarray(BOARD_AT, BOARD_AT + 32)).replace(/\0+$/, "");
  return { version: versionText(version), board, length, logOffset };
}

function checkCrc(image: Uint8Array, view: DataView, what: string): void {
  const told = view.getUint32(CRC_AT, true);
  const found = crc32(image.slice().fill(0, CRC_AT, CRC_AT + 4));
  if (told !== found) {
    throw new BootloaderImageError(
      `${what} is damaged: expected CRC-32 ${hex32(told)}, found ${hex32(found)}`,
    );
  }
}

function versionText(number: number): string {
  return [number >>> 16, (number >>> 8) & 0xff, number & 0xff].join(".");
}

/** Negative when `left` is the older one. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.split(".").map(Number)) as [number[], number[]];
  const first = a.findIndex((part, index) => part !== b[index]);
  return first < 0 ? 0 : (a[first] ?? 0) - (b[first] ?? 0);
}

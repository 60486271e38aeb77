/**
 * EXST images: what the first stage of SP Racing's H7 boards and of Betaflight's external-storage targets takes. The image
 * is padded with zeros to its full length; its last 64 bytes are the block below. The format's page calls hash method 1
 * MD5, but the linker scripts write 0 and the build always puts an MD5 there: so does this file, and it takes both.
 */
import { md5 } from "@noble/hashes/legacy.js";
import { hex, ImageError } from "./error.js";

/** Bytes of the block at the image's end. */
export const EXST_BLOCK_BYTES = 64;
/** Where the first stage of these boards loads an image to, vectors first. */
export const EXST_LOAD_ADDRESS = 0x2401_0000;
/** Bytes of an image on the boards that IMSSBL is for. */
export const EXST_IMAGE_BYTES = 448 * 1024;

const FORMAT = 0;
const METHOD = 0;
/** The format's page says 1 for MD5. */
const METHODS_MD5 = [0, 1];
const METHOD_AT = 1;
const HASH_AT = 0x30;
const HASH_BYTES = 16;
const VECTORS_BYTES = 8;

/** The fields of the block, as found. */
export interface ExstBlock {
  /** 0 is the only one that is known. */
  readonly format: number;
  /** 0 or 1: MD5. */
  readonly method: number;
  /** 16 bytes. */
  readonly hash: Uint8Array;
  /** MD5 of the image with 16 zeros in the hash's place. */
  readonly computed: Uint8Array;
  /** Format and method are known and the hash fits: the first stage runs it. */
  readonly valid: boolean;
}

/** MD5 of the whole image, its hash field taken as zeros. */
function hashOf(image: Uint8Array): Uint8Array {
  const hashed = new Uint8Array(image); // Node's Buffer.slice would share the caller's bytes
  hashed.fill(0, hashed.length - EXST_BLOCK_BYTES + HASH_AT, hashed.length);
  return md5(hashed);
}

/**
 * Pads and signs a program: what `imflasher pack-exst` writes.
 * @param fileName for messages
 * @param program its bytes from the load address on, vectors first
 * @param length bytes of the image
 * @throws ImageError when it is too long, or too short to have vectors
 */
export function packExst(fileName: string, program: Uint8Array, length = EXST_IMAGE_BYTES): Uint8Array {
  const room = length - EXST_BLOCK_BYTES;
  if (program.length > room || program.length < VECTORS_BYTES) {
    throw new ImageError(
      `${fileName}: expected ${VECTORS_BYTES} to ${room} bytes for an EXST image of ${length}, found ${program.length}`,
    );
  }
  const image = new Uint8Array(length);
  image.set(program);
  image[room] = FORMAT;
  image[room + METHOD_AT] = METHOD;
  image.set(hashOf(image), room + HASH_AT);
  return image;
}

/** @param image at least the 64 bytes of the block */
export function readExst(image: Uint8Array): ExstBlock {
  const block = image.subarray(image.length - EXST_BLOCK_BYTES);
  const [format = -1, method = -1] = block;
  const hash = new Uint8Array(block.subarray(HASH_AT, HASH_AT + HASH_BYTES));
  const computed = hashOf(image);
  const fits = hash.every((byte, index) => byte === computed[index]);
  return { format, method, hash, computed, valid: format === FORMAT && METHODS_MD5.includes(method) && fits };
}

/** The address that the first stage jumps to must lie in the image: what a program for another address fails. */
export function checkExstVectors(fileName: string, image: Uint8Array, loadAddress: number): void {
  const reset = new DataView(image.buffer, image.byteOffset).getUint32(4, true);
  const inside = reset > loadAddress && reset < loadAddress + image.length && reset % 2 === 1;
  if (inside) return;
  throw new ImageError(
    `${fileName}: its reset vector is ${hex(reset)}: expected an odd address from ${hex(loadAddress)} to ` +
      `${hex(loadAddress + image.length)}. Link it for the address that the first stage loads it to`,
  );
}

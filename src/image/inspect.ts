/** What a file is, as far as its bytes tell: for people who hold an image in their hands and wonder. */
import { type ElfProgramHeader, elfProgramHeaders, looksLikeElf } from "./elf.js";
import { ImageError } from "./error.js";
import { EXST_BLOCK_BYTES, EXST_IMAGE_BYTES, type ExstBlock, readExst } from "./exst.js";
import type { Image, ImageFormat, Segment } from "./image.js";
import { imageFormat, loadImage } from "./load.js";
import { type Uf2Facts, uf2Facts } from "./uf2.js";

/** The first two words of a vector table. */
export interface Vectors {
  /** Initial stack pointer. */
  readonly stack: number;
  /** Reset vector, bit 0 and all. */
  readonly reset: number;
  /** Memory that the reset vector lies in; undefined: none, so this is no program, or none for this chip. */
  readonly runsIn: string | undefined;
  /** Memory of the initial stack pointer. */
  readonly stackIn: string | undefined;
}

export interface Inspection {
  readonly format: ImageFormat | "exst";
  /** Of the file. */
  readonly bytes: number;
  /** undefined: nothing in the file says where it goes. */
  readonly segments: readonly { readonly address: number | undefined; readonly length: number }[];
  readonly entry: number | undefined;
  readonly vectors: Vectors | undefined;
  readonly exst: ExstBlock | undefined;
  readonly programHeaders: readonly ElfProgramHeader[];
  readonly uf2: Uf2Facts | undefined;
  /** Why nothing can be done with it; undefined: it is sound. */
  readonly fault: ImageError | undefined;
}

interface Memory {
  readonly name: string;
  readonly from: number;
  readonly bytes: number;
  readonly ram: boolean;
}

/** RM0433, 2.3.2; external flash as far as QUADSPI's window goes. */
const MEMORIES: readonly Memory[] = [
  { name: "ITCM", from: 0, bytes: 0x1_0000, ram: false },
  { name: "internal flash", from: 0x0800_0000, bytes: 0x2_0000, ram: false },
  { name: "DTCM", from: 0x2000_0000, bytes: 0x2_0000, ram: true },
  { name: "AXI SRAM", from: 0x2400_0000, bytes: 0x8_0000, ram: true },
  { name: "SRAM1-3", from: 0x3000_0000, bytes: 0x4_8000, ram: true },
  { name: "SRAM4", from: 0x3800_0000, bytes: 0x1_0000, ram: true },
  { name: "external flash", from: 0x9000_0000, bytes: 0x1000_0000, ram: false },
];

/** A stack may begin at a memory's very end. */
function stackMemory(stack: number): string | undefined {
  if (stack % 8 !== 0) return undefined;
  return MEMORIES.find(({ from, bytes, ram }) => ram && stack >= from && stack <= from + bytes)?.name;
}

function codeMemory(reset: number): string | undefined {
  if (reset % 2 === 0) return undefined;
  return MEMORIES.find(({ from, bytes }) => reset >= from && reset < from + bytes)?.name;
}

function vectorsOf(bytes: Uint8Array | undefined): Vectors | undefined {
  if (bytes === undefined || bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [stack, reset] = [view.getUint32(0, true), view.getUint32(4, true)];
  return { stack, reset, runsIn: codeMemory(reset), stackIn: stackMemory(stack) };
}

/** A hash that fits says it for certain; one that does not, only in a file of the usual length. */
function exstOf(bytes: Uint8Array): ExstBlock | undefined {
  if (bytes.length <= EXST_BLOCK_BYTES || bytes.length % 1024 !== 0) return undefined;
  const block = readExst(bytes);
  return block.valid || bytes.length === EXST_IMAGE_BYTES ? block : undefined;
}

function attempt(bytes: Uint8Array, fileName: string, address: number | undefined): Image | ImageError {
  try {
    return loadImage(bytes, fileName, { address });
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
}

function exstFault(fileName: string, exst: ExstBlock | undefined): ImageError | undefined {
  if (exst === undefined || exst.valid) return undefined;
  return new ImageError(
    `${fileName}: the EXST block is wrong: expected format 0, method 0 or 1, and the MD5 of the image; no first stage runs it`,
  );
}

/**
 * Never fails over what a file holds: `fault` tells what is wrong with it.
 * @param fileName for messages, and its ending where the content does not tell the format
 */
export function inspectFile(bytes: Uint8Array, fileName: string): Inspection {
  const format = bytes.length === 0 ? "bin" : imageFormat(bytes, fileName);
  const exst = format === "bin" ? exstOf(bytes) : undefined;
  const image = attempt(bytes, fileName, format === "bin" ? 0 : undefined);
  const broken = image instanceof ImageError;
  const segments: readonly Segment[] = broken ? [] : image.segments;
  return {
    format: exst === undefined ? format : "exst",
    bytes: bytes.length,
    segments: segments.map(({ address, bytes: data }) => ({
      address: format === "bin" ? undefined : address,
      length: data.length,
    })),
    entry: broken ? undefined : image.entry,
    vectors: vectorsOf(segments[0]?.bytes),
    exst,
    programHeaders: looksLikeElf(bytes) ? elfProgramHeaders(bytes) : [],
    uf2: format === "uf2" ? uf2Facts(bytes) : undefined,
    fault: broken ? image : exstFault(fileName, exst),
  };
}

/** Executables as the linker leaves them: System V ABI, "Object Files"; machine numbers from its registry. */
import { hex, ImageError } from "./error.js";
import type { Image } from "./image.js";
import { joinPieces, type Piece } from "./segments.js";

const HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const SECTION_HEADER_SIZE = 40;
const PT_LOAD = 1;
/** Section type without bytes in the file, and the flag of sections that are in memory when the program runs. */
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;
/** e_phnum of a file with more program headers than 16 bits can count. */
const PN_XNUM = 0xffff;

const CLASSES: Readonly<Record<number, string>> = { 1: "32-bit", 2: "64-bit" };
const BYTE_ORDERS: Readonly<Record<number, string>> = { 1: "little-endian", 2: "big-endian" };
const TYPES: Readonly<Record<number, string>> = {
  1: "an object file (.o), link it first",
  2: "an executable",
  3: "a shared object or position-independent executable, link it with -no-pie",
  4: "a core dump",
};
const MACHINES: Readonly<Record<number, string>> = {
  3: "x86",
  8: "MIPS",
  40: "ARM",
  62: "x86-64",
  83: "AVR",
  94: "Xtensa",
  183: "AArch64",
  243: "RISC-V",
};

interface Field {
  readonly name: string;
  readonly names: Readonly<Record<number, string>>;
  readonly expected: number;
  read(view: DataView): number;
}

const IDENTITY: readonly Field[] = [
  { name: "class", names: CLASSES, expected: 1, read: (view) => view.getUint8(4) },
  { name: "byte order", names: BYTE_ORDERS, expected: 1, read: (view) => view.getUint8(5) },
  { name: "machine", names: MACHINES, expected: 40, read: (view) => view.getUint16(18, true) },
  { name: "type", names: TYPES, expected: 2, read: (view) => view.getUint16(16, true) },
];

/** True for the four magic bytes. */
export function looksLikeElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

function checkIdentity(fileName: string, bytes: Uint8Array, view: DataView): void {
  if (!looksLikeElf(bytes))
    throw new ImageError(`${fileName}: not an ELF file: it does not begin with 7F "ELF"`);
  for (const field of IDENTITY) {
    // A 64-bit or big-endian file has to be called that, however short it is.
    if (bytes.length < 20) break;
    const found = field.read(view);
    if (found === field.expected) continue;
    throw new ImageError(
      `${fileName}: ELF ${field.name}: expected ${field.names[field.expected]}, ` +
        `found ${field.names[found] ?? found}; only 32-bit ARM executables run on this chip`,
    );
  }
  requireBytes(fileName, bytes, 0, HEADER_SIZE, "the ELF header");
}

function requireBytes(fileName: string, bytes: Uint8Array, offset: number, size: number, what: string): void {
  if (offset + size <= bytes.length) return;
  throw new ImageError(
    `${fileName}: truncated: ${what} needs bytes ${offset} to ${offset + size}, ` +
      `the file has ${bytes.length}; build or copy it again`,
  );
}

/** One program header: a loadable piece, or undefined when there is nothing to load in it. */
function readProgramHeader(
  fileName: string,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  origin: string,
): Piece | undefined {
  const offset = view.getUint32(at + 4, true);
  const address = view.getUint32(at + 12, true);
  const fileSize = view.getUint32(at + 16, true);
  const memorySize = view.getUint32(at + 20, true);
  if (view.getUint32(at, true) !== PT_LOAD || fileSize === 0) return undefined;
  if (fileSize > memorySize) {
    throw new ImageError(
      `${fileName}: ${origin}: ${fileSize} bytes in the file, but only ${memorySize} in memory at ${hex(address)}`,
    );
  }
  requireBytes(fileName, bytes, offset, fileSize, origin);
  const own = offset < HEADER_SIZE ? ownHeaders(bytes, view, offset, fileSize) : 0;
  return { address: address + own, bytes: bytes.subarray(offset + own, offset + fileSize), origin };
}

/**
 * Where a program does not begin with a page, GNU ld fills the page's beginning with the file's own headers. They are no
 * part of the program: objcopy leaves them out, too, for it goes by the sections.
 * @returns how many bytes of the segment lie before its first section; 0 when the file names no sections
 */
function ownHeaders(bytes: Uint8Array, view: DataView, offset: number, fileSize: number): number {
  const table = view.getUint32(32, true);
  const entrySize = view.getUint16(46, true);
  const count = view.getUint16(48, true);
  if (entrySize < SECTION_HEADER_SIZE || table + entrySize * count > bytes.length) return 0;
  let first = Number.POSITIVE_INFINITY;
  for (let at = table; at < table + entrySize * count; at += entrySize) {
    const [type, flags] = [view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
    const [start, size] = [view.getUint32(at + 16, true), view.getUint32(at + 20, true)];
    const loaded = type !== SHT_NOBITS && (flags & SHF_ALLOC) !== 0 && size > 0;
    if (loaded && start >= offset && start < offset + fileSize) first = Math.min(first, start);
  }
  return first === Number.POSITIVE_INFINITY ? 0 : first - offset;
}

/** A program header as it stands in the file. */
export interface ElfProgramHeader {
  /** 1: PT_LOAD, the only one that is loaded. */
  readonly type: number;
  /** Where the program sees it. */
  readonly virtualAddress: number;
  /** Where it is written to: the load address. */
  readonly physicalAddress: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

/** @returns those that lie wholly in the file; [] for what is no 32-bit little-endian ELF file. */
export function elfProgramHeaders(bytes: Uint8Array): ElfProgramHeader[] {
  if (bytes.length < HEADER_SIZE || bytes[4] !== 1 || bytes[5] !== 1) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [table, size, count] = [view.getUint32(28, true), view.getUint16(42, true), view.getUint16(44, true)];
  const headers: ElfProgramHeader[] = [];
  for (let index = 0; index < count && size >= PROGRAM_HEADER_SIZE; index++) {
    const at = table + index * size;
    if (at + PROGRAM_HEADER_SIZE > bytes.length) break;
    headers.push({
      type: view.getUint32(at, true),
      virtualAddress: view.getUint32(at + 8, true),
      physicalAddress: view.getUint32(at + 12, true),
      fileBytes: view.getUint32(at + 16, true),
      memoryBytes: view.getUint32(at + 20, true),
    });
  }
  return headers;
}

/**
 * Reads an executable: its PT_LOAD segments that have bytes in the file, at their physical (load) addresses.
 * @param fileName for messages
 * @throws ImageError
 */
export function parseElf(bytes: Uint8Array, fileName: string): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkIdentity(fileName, bytes, view);
  const tableOffset = view.getUint32(28, true);
  const entrySize = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (count === 0 || count === PN_XNUM || entrySize < PROGRAM_HEADER_SIZE) {
    throw new ImageError(
      `${fileName}: expected program headers of at least ${PROGRAM_HEADER_SIZE} bytes, ` +
        `found ${count} of ${entrySize} bytes; is it a linked executable?`,
    );
  }
  requireBytes(fileName, bytes, tableOffset, entrySize * count, "the program header table");
  const pieces: Piece[] = [];
  let total = 0;
  for (let index = 0; index < count; index++) {
    const at = tableOffset + index * entrySize;
    const piece = readProgramHeader(fileName, bytes, view, at, `program header ${index}`);
    if (piece === undefined) continue;
    pieces.push(piece);
    total += piece.bytes.length;
    // No linker stores one byte for two addresses; without this a small file could ask for gigabytes.
    if (total > bytes.length) {
      throw new ImageError(
        `${fileName}: program headers up to ${index} load ${total} bytes, the file has ${bytes.length}`,
      );
    }
  }
  return { format: "elf", segments: joinPieces(fileName, pieces), entry: view.getUint32(24, true) };
}

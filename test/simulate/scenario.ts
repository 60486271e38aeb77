/** What one seed stands for: a board, what somebody wants of it, and what breaks meanwhile. */
import type { Board } from "../../src/boards/board.js";
import { secondStageImage } from "../../src/cli/board-files.js";
import { boardNamed } from "../system/kit.js";
import { type Alone, drawAlone } from "./alone.js";
import { chainedLog } from "./board-log.js";
import { Draw } from "./draw.js";
import { drawFaults, type Fault } from "./faults.js";
import { type Owner, signatureSlots } from "./owner.js";

export const BASE = 0x9010_0000;
export const SECTOR = 4096;
/** Where the flash chip begins. */
export const CHIP = 0x9000_0000;
const VECTORS_ALIGNMENT = 1024;
const NOTE_BYTES = 64;

export interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export type Operation =
  | { readonly kind: "flash" }
  | { readonly kind: "erase"; readonly address: number; readonly length: number }
  | { readonly kind: "default-boot"; readonly address: number }
  | { readonly kind: "boot"; readonly address: number };

export interface Scenario {
  readonly seed: number;
  readonly board: Board;
  /** undefined: an open board. */
  readonly owner: Owner | undefined;
  readonly operation: Operation;
  /** What somebody flashes: ascending, the first piece is a program. */
  readonly image: readonly Piece[];
  /** Where the image and the program before it begin. */
  readonly address: number;
  /** The program that lay there before; undefined: none. */
  readonly old: Uint8Array | undefined;
  /** Another program, outside of everything that is asked for. */
  readonly other: Piece;
  /** All that the flash holds at first, later pieces over earlier ones. */
  readonly content: readonly Piece[];
  /** Boot addresses that the log tells, oldest first; none: the factory's. */
  readonly log: readonly number[];
  readonly faults: readonly Fault[];
  /** What comes when the user's command has ended, or nobody goes on with it. */
  readonly alone: Alone;
}

/** Sleeps for ever: wfi; b .-2 */
const IDLE = Uint8Array.of(0x30, 0xbf, 0xfd, 0xe7);

/** A program that does nothing, with noise behind it, of `length` bytes. */
function program(draw: Draw, address: number, length: number): Uint8Array {
  const bytes = draw.bytes(length);
  for (let page = 256; page + 256 <= length; page += 256) {
    if (draw.chance(0.2)) bytes.fill(0xff, page, page + 256);
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x2002_0000, true);
  view.setUint32(4, address + 9, true);
  bytes.set(IDLE, 8);
  return bytes;
}

function drawLength(draw: Draw): number {
  const kind = draw.weighted({ small: 70, middle: 26, block: 3, large: 1 });
  if (kind === "small") return draw.int(16, 2 * SECTOR);
  if (kind === "middle") return draw.int(SECTOR, 6 * SECTOR);
  return kind === "block" ? draw.int(12 * SECTOR, 18 * SECTOR) : draw.int(24 * SECTOR, 40 * SECTOR);
}

function drawImage(draw: Draw, address: number): Piece[] {
  const first = { address, bytes: program(draw, address, drawLength(draw)) };
  if (!draw.chance(0.2)) return [first];
  const behind = address + first.bytes.length + draw.int(1, 3 * SECTOR);
  return [first, { address: behind, bytes: draw.bytes(draw.int(1, SECTOR)) }];
}

export function end(piece: Piece): number {
  return piece.address + piece.bytes.length;
}

/** What lay there before, as it relates to what comes. */
function drawOld(draw: Draw, image: readonly Piece[]): Uint8Array | undefined {
  const { address, bytes } = image[0] as Piece;
  switch (draw.weighted({ none: 20, same: 10, changed: 25, appended: 10, another: 35 })) {
    case "none":
      return undefined;
    case "same":
      return bytes.slice();
    case "changed": {
      const old = bytes.slice();
      for (let count = draw.int(1, 4); count > 0; count--) {
        const at = draw.int(12, Math.max(12, bytes.length - 1));
        if (at < old.length) old[at] = draw.int(0, 255);
      }
      return old;
    }
    case "appended":
      return bytes.slice(0, draw.int(12, bytes.length));
    default:
      return program(draw, address, drawLength(draw));
  }
}

/** Noise that nobody asks for: beside the image, in its first and last sector, and far away. */
function drawNotes(draw: Draw, { regions }: Board, image: readonly Piece[]): Piece[] {
  const last = end(image.at(-1) as Piece);
  const first = (image[0] as Piece).address;
  const free = Math.min(BASE, regions.journal.address) - CHIP - NOTE_BYTES;
  const notes: Piece[] = [{ address: CHIP + draw.int(0, free), bytes: draw.bytes(NOTE_BYTES) }];
  if (draw.chance(0.6)) notes.push({ address: last, bytes: draw.bytes(draw.int(1, SECTOR)) });
  const before = first % SECTOR;
  if (before > 0 && draw.chance(0.7)) notes.push({ address: first - before, bytes: draw.bytes(before) });
  return notes;
}

function alignUp(address: number, to: number): number {
  return Math.ceil(address / to) * to;
}

function drawOperation(
  draw: Draw,
  free: { readonly from: number; readonly to: number },
  boots: readonly number[],
) {
  const kind = draw.weighted({ flash: 70, erase: 12, "default-boot": 10, boot: 8 });
  if (kind === "flash") return { kind };
  if (kind !== "erase") return { kind, address: draw.pick(boots) };
  const address = free.from;
  return { kind, address, length: free.to - free.from };
}

/**
 * Most histories are of the board that everybody can try; the others have other wiring, chips, sizes. The last one's first stage
 * copies and hashes its bootloader at each start, which costs five times a history of the others.
 */
const BOARDS = {
  emulated: 71,
  "weact-ministm32h750": 9,
  "daisy-seed": 9,
  "art-pi": 9,
  "sp-racing-h7-extreme": 2,
} as const;
/** A proof takes the emulated board as long as a small image. */
const OWNED = 0.1;
/** Of the journal's region: where the signatures lie. */
const SIGNATURES = 0x2000;

function drawOwner(draw: Draw): Owner | undefined {
  if (!draw.chance(OWNED)) return undefined;
  return { requiresSigned: draw.chance(0.5), knowsUser: draw.chance(0.85) };
}

const secondStages = new Map<string, Uint8Array>();

/** What a board behind a first stage has in its flash chip besides: its bootloader, and the log. */
function secondStage(
  { name, firstStage, regions }: Board,
  told: { readonly owner: Owner | undefined; readonly log: readonly number[] },
): Piece[] {
  if (firstStage === undefined || regions.log === undefined) return [];
  const bytes = secondStages.get(name) ?? secondStageImage(name);
  secondStages.set(name, bytes);
  return [
    { address: firstStage.slot.address, bytes },
    { address: regions.log.address, bytes: chainedLog(told) },
  ];
}

export function drawScenario(seed: number): Scenario {
  const draw = new Draw(seed);
  const board = boardNamed(draw.weighted(BOARDS));
  const owner = drawOwner(draw);
  const address = BASE + (draw.chance(0.6) ? 0 : draw.int(1, 40) * VECTORS_ALIGNMENT);
  const image = drawImage(draw, address);
  const old = drawOld(draw, image);
  const behind = Math.max(end(image.at(-1) as Piece), address + (old?.length ?? 0));
  const otherAddress =
    alignUp(behind, draw.pick([VECTORS_ALIGNMENT, SECTOR, 0x1_0000])) + (draw.chance(0.5) ? 0 : 0x4_0000);
  const other = { address: otherAddress, bytes: program(draw, otherAddress, draw.int(16, SECTOR)) };
  const notes = drawNotes(draw, board, image);
  const content = [...notes, ...(old === undefined ? [] : [{ address, bytes: old }]), other];
  // Whole sectors that hold nothing but the old program and what lies directly beside it, or free ones far behind.
  const own = { from: address - (address % SECTOR), to: alignUp(behind, SECTOR) };
  const apart = own.to <= other.address && address % SECTOR === 0;
  const far = board.flash.address + board.flash.size / 2 + draw.int(0, 100) * SECTOR;
  const free = apart && draw.chance(0.7) ? own : { from: far, to: far + draw.int(1, 20) * SECTOR };
  if (free.from === far) content.push({ address: far + draw.int(0, SECTOR), bytes: draw.bytes(300) });
  const boots = [address, other.address];
  const log = Array.from({ length: draw.int(0, 3) }, () => draw.pick(boots));
  const operation = drawOperation(draw, free, boots);
  if (owner !== undefined) {
    const programs = old === undefined ? [other] : [{ address, bytes: old }, other];
    content.push({ address: board.regions.journal.address + SIGNATURES, bytes: signatureSlots(programs) });
  }
  content.push(...secondStage(board, { owner, log }));
  const faults = drawFaults(draw, { board, owner, operation, image, log });
  const alone = drawAlone(draw, faults);
  return { seed, board, owner, operation, image, address, old, other, content, log, faults, alone };
}

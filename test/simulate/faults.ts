/** What breaks: kinds of faults, and how a seed draws them. */
import type { Board } from "../../src/boards/board.js";
import type { Draw } from "./draw.js";
import { OWNER_WORDS, type Owner } from "./owner.js";
import type { Operation, Piece } from "./scenario.js";

/**
 * An instant: in the middle of the flash chip's n-th operation, or of the n-th by which the bootloader keeps its records
 * (journal, signatures, log in external flash), or so many ms after the start.
 */
export type When =
  | { readonly operation: number; readonly fraction: number }
  | { readonly record: number; readonly fraction: number }
  | { readonly milliseconds: number };

/** In the middle of the chip's n-th operation since the board started again: mostly what it puts back. */
export interface WhenRestarted {
  readonly restarted: number;
  readonly fraction: number;
}

export type PacketFault = "drop" | "duplicate" | "corrupt" | "reorder" | "truncate";

export type Fault =
  | { readonly kind: "power-cut"; readonly when: When; readonly offMs: number }
  | { readonly kind: "recovery-cut"; readonly when: WhenRestarted; readonly offMs: number }
  | { readonly kind: "reset"; readonly when: When }
  | { readonly kind: "unplug"; readonly when: When; readonly backMs: number }
  | { readonly kind: "kill"; readonly when: When; readonly backMs: number }
  | { readonly kind: "stall"; readonly when: When; readonly direction: Direction; readonly ms: number }
  | {
      readonly kind: PacketFault;
      readonly direction: Direction;
      readonly packet: number;
      readonly at: number;
      readonly mask: number;
    }
  | { readonly kind: "slow-chip"; readonly operations: "erase" | "program" | "all" }
  | { readonly kind: "endless"; readonly operation: number }
  | { readonly kind: "dead-bit"; readonly address: number; readonly mask: number }
  | { readonly kind: "stuck-protection"; readonly mask: number }
  | {
      readonly kind: "log-flips";
      /** Indexes among the boot addresses. */
      readonly words: readonly number[];
      /** Index among the owner's words: he is there twice, so that one of them may break. */
      readonly ownerWord: number | undefined;
      readonly ecc: boolean;
    };

export type FaultKind = Fault["kind"];
export type Direction = "toDevice" | "toHost";

function drawWhen(draw: Draw): When {
  const kind = draw.weighted({ operation: 35, record: 35, time: 30 });
  if (kind === "operation") return { operation: Math.floor(draw.next() ** 2 * 40), fraction: draw.next() };
  if (kind === "record") return { record: draw.int(0, 5), fraction: draw.next() };
  return { milliseconds: draw.chance(0.3) ? draw.next() * 200 : 180 + draw.next() * 400 };
}

const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  "power-cut": 30,
  "recovery-cut": 6,
  reset: 8,
  unplug: 8,
  kill: 8,
  stall: 5,
  drop: 5,
  duplicate: 5,
  corrupt: 6,
  reorder: 5,
  truncate: 5,
  "slow-chip": 5,
  endless: 4,
  "dead-bit": 5,
  "stuck-protection": 2,
  "log-flips": 5,
};

interface Subject {
  readonly board: Board;
  readonly owner: Owner | undefined;
  readonly operation: Operation;
  readonly image: readonly Piece[];
  readonly log: readonly number[];
}

export function drawFaults(draw: Draw, subject: Subject): Fault[] {
  if (draw.chance(0.05)) return [];
  const count = 1 + Math.floor(draw.next() ** 2 * 4);
  const faults: Fault[] = [];
  for (let i = 0; i < count; i++) {
    const fault = drawFault(draw, subject);
    if (fault !== undefined) faults.push(fault);
    if (fault?.kind === "recovery-cut") faults.push({ kind: "power-cut", when: drawWhen(draw), offMs: 5 });
  }
  return faults;
}

function drawFault(draw: Draw, subject: Subject): Fault | undefined {
  const kind = draw.weighted(WEIGHTS);
  const direction = draw.chance(0.6) ? "toDevice" : "toHost";
  switch (kind) {
    case "power-cut":
      return { kind, when: drawWhen(draw), offMs: draw.chance(0.5) ? draw.next() * 20 : draw.next() * 1500 };
    case "recovery-cut":
      return {
        kind,
        when: { restarted: Math.floor(draw.next() ** 2 * 20), fraction: draw.next() },
        offMs: draw.next() * 20,
      };
    case "reset":
      return { kind, when: drawWhen(draw) };
    case "unplug":
    case "kill":
      return { kind, when: drawWhen(draw), backMs: draw.next() * 2000 };
    case "stall":
      return { kind, when: drawWhen(draw), direction, ms: draw.next() * 6000 };
    case "slow-chip":
      return { kind, operations: draw.pick(["erase", "program", "all"]) };
    case "endless":
      return { kind, operation: Math.floor(draw.next() ** 2 * 30) };
    case "dead-bit":
      return { kind, address: deadAddress(draw, subject), mask: 1 << draw.int(0, 7) };
    case "stuck-protection":
      return { kind, mask: draw.pick([0x04, 0x08, 0x10, 0x1c]) };
    case "log-flips": {
      // In external flash that is somebody else's change: the board stays in its bootloader (docs/imssbl.md).
      if (subject.board.firstStage !== undefined) return undefined;
      const words = subject.log.map((_, index) => index).filter(() => draw.chance(0.5));
      const ownerWord = subject.owner === undefined ? undefined : draw.int(0, OWNER_WORDS - 1);
      if (words.length === 0 && ownerWord === undefined) return undefined;
      return { kind, words, ownerWord, ecc: draw.chance(0.5) };
    }
    default:
      return {
        kind,
        direction,
        packet: direction === "toHost" ? draw.int(0, 60) : drawPacket(draw, subject),
        at: draw.next(),
        mask: draw.int(1, 255),
      };
  }
}

/** Which of the packets towards the board. */
function drawPacket(draw: Draw, { image }: Subject): number {
  const bytes = image.reduce((sum, piece) => sum + piece.bytes.length, 0);
  return draw.chance(0.4) ? draw.int(0, 20) : draw.int(0, 20 + Math.floor(bytes / 64));
}

/** In the image, or (rarely) in what is the bootloader's own: mostly where the journal begins. */
function deadAddress(draw: Draw, { board, image, operation }: Subject): number {
  const { journal } = board.regions;
  if (draw.chance(0.1)) return journal.address + draw.int(0, draw.chance(0.7) ? 255 : journal.length - 1);
  if (operation.kind === "erase") return operation.address + draw.int(0, operation.length - 1);
  const piece = draw.pick(image);
  return piece.address + draw.int(0, piece.bytes.length - 1);
}

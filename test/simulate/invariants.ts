/** What must hold after every history, exactly as the promise is made (docs/reliability.md). */
import {
  LinkLostError,
  PlacementError,
  UnfinishedElsewhereError,
  VerificationError,
} from "../../src/flasher/index.js";
import {
  BoardError,
  NoAnswerError,
  NotABootloaderError,
  SessionBrokenError,
} from "../../src/protocol/errors.js";
import { hex32 } from "../../src/protocol/hex.js";
import { TransportClosedError } from "../../src/protocol/transport.js";
import { NoPortError } from "../system/kit.js";
import type { Desk } from "./desk.js";
import type { FaultKind } from "./faults.js";
import { CHIP, end, type Piece, type Scenario } from "./scenario.js";

/** The promise was broken. */
export class BrokenPromiseError extends Error {
  override readonly name = "BrokenPromiseError";
}

export function promise(kept: boolean, broken: () => string): void {
  if (!kept) throw new BrokenPromiseError(broken());
}

/** The flash is looked at in parts of this size: what is blank is compared with the same bytes, which stay in the cache. */
const PART = 0x1_0000;
const BLANK = new Uint8Array(PART).fill(0xff);

export function holds(desk: Desk, pieces: readonly Piece[]): boolean {
  return pieces.every(({ address, bytes }) => Buffer.compare(desk.flash(address, bytes.length), bytes) === 0);
}

/** Of the flash, what was not asked to change is as before: every byte of it. */
export function checkOutside(
  desk: Desk,
  asked: readonly { readonly address: number; readonly length: number }[],
): void {
  const { content, board } = desk.scenario;
  const { journal, log } = board.regions;
  const own = [journal, ...(log === undefined ? [] : [log])];
  const mayChange = [...asked, ...own].map(({ address, length }) => ({
    address,
    bytes: desk.flash(address, length),
  }));
  const pieces = [...content, ...mayChange];
  for (let start = CHIP; start < CHIP + board.flash.size; start += PART) {
    const found = desk.flash(start, PART);
    const expected = expectedAt(start, found.length, pieces);
    if (Buffer.compare(found, expected) === 0) continue;
    const at = found.findIndex((byte, index) => byte !== expected[index]);
    throw new BrokenPromiseError(
      `a byte that nobody asked to change, at ${hex32(start + at)}, was ${expected[at]} and is ${found[at]}`,
    );
  }
}

/** What lies in a part of the flash: the pieces, a later one over an earlier one, and nothing elsewhere. */
function expectedAt(start: number, length: number, pieces: readonly Piece[]): Uint8Array {
  const within = pieces.filter((piece) => piece.address < start + length && end(piece) > start);
  if (within.length === 0) return BLANK.subarray(0, length);
  const expected = BLANK.slice(0, length);
  for (const piece of within) {
    const from = Math.max(piece.address, start);
    const to = Math.min(end(piece), start + length);
    expected.set(piece.bytes.subarray(from - piece.address, to - piece.address), from - start);
  }
  return expected;
}

/** What the operation, and a flashing of the image if there was one, may change. */
export function asked(scenario: Scenario, flashed: boolean): { address: number; length: number }[] {
  const { operation, image, owner } = scenario;
  const allowed = owner?.knowsUser !== false;
  const ranges = operation.kind === "erase" && allowed ? [operation] : [];
  const pieces = flashed || (operation.kind === "flash" && allowed) ? image : [];
  return [
    ...ranges.map(({ address, length }) => ({ address, length })),
    ...pieces.map(({ address, bytes }) => ({ address, length: bytes.length })),
  ];
}

/** Whoever runs is whole: the old program, the new one, or the other one. */
export function checkRunning(desk: Desk, pc: number): void {
  const { image, address, old, other } = desk.scenario;
  const inside = (piece: Piece) => pc >= piece.address && pc < end(piece);
  if (inside(other)) {
    promise(holds(desk, [other]), () => `half of the other program runs, pc ${hex32(pc)}`);
    return;
  }
  const oldWhole = old !== undefined && holds(desk, [{ address, bytes: old }]);
  promise(oldWhole || holds(desk, image), () => `half an image runs, pc ${hex32(pc)}`);
}

export function imageMatches(desk: Desk): boolean {
  return holds(desk, desk.scenario.image);
}

const LINK_ERRORS = [
  LinkLostError,
  NoAnswerError,
  NotABootloaderError,
  SessionBrokenError,
  TransportClosedError,
  NoPortError,
];
const LINK_FAULTS: readonly FaultKind[] = [
  "power-cut",
  "recovery-cut",
  "reset",
  "unplug",
  "kill",
  "stall",
  "drop",
  "duplicate",
  "corrupt",
  "reorder",
  "truncate",
];
/** The journal's records and the signatures are named by their beginning. */
const SLOT_BYTES = 128;

/** The error is of a kind of ours, and something happened that explains it. @returns why not */
export function unexplained(desk: Desk, error: unknown): string | undefined {
  const { fired } = desk;
  if (!(error instanceof Error)) return `not even an error: ${String(error)}`;
  const text = `${error.name}: ${error.message}`;
  if (LINK_ERRORS.some((kind) => error instanceof kind)) {
    return LINK_FAULTS.some((kind) => fired.has(kind)) ? undefined : `no fault of the link, but ${text}`;
  }
  if (error instanceof VerificationError) return dead(desk, error.address) ? undefined : text;
  if (error instanceof UnfinishedElsewhereError) return undefined;
  if (error instanceof BoardError) return explainRefusal(desk, error) ? undefined : text;
  if (error instanceof PlacementError) return `placed wrongly: ${text}`;
  return `an error of no class of ours: ${error.stack ?? text}`;
}

function dead(desk: Desk, address: number): boolean {
  const { faults, board } = desk.scenario;
  return faults.some(
    (fault) =>
      fault.kind === "dead-bit" &&
      (fault.address >= board.regions.journal.address
        ? fault.address - (fault.address % SLOT_BYTES) === address - (address % SLOT_BYTES)
        : fault.address === address),
  );
}

function explainRefusal(desk: Desk, error: BoardError): boolean {
  const { fired, scenario } = desk;
  switch (error.codeName) {
    case "WRITE_FAILED":
    case "ERASE_FAILED":
      return dead(desk, error.detail);
    case "FLASH_TIMEOUT":
    case "NO_FLASH":
      return fired.has("endless");
    case "WRITE_PROTECTED":
      return fired.has("stuck-protection");
    case "DENIED":
      return scenario.owner?.knowsUser === false;
    case "NOT_BOOTABLE":
      return (
        scenario.operation.kind === "boot" &&
        scenario.operation.address === scenario.address &&
        scenario.old === undefined
      );
    default:
      return false;
  }
}

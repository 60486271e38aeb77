/** What can go wrong between the PC and a board: one class for each decision that a caller can take. */

import { rightNames } from "./access.js";
import { hex32 } from "./hex.js";
import { type ErrorAnswer, PROTOCOL_LOWEST, PROTOCOL_VERSION } from "./messages.js";

type DetailKind = "address" | "register" | "number" | "rights" | "none";

interface ErrorRow {
  readonly code: number;
  readonly detail: DetailKind;
  readonly meaning: string;
  readonly remedy: string;
}

const REPORT = "This is a fault of the program or the bootloader: please report it with this message.";
const AGAIN = "Flash again; if it stays, the flash chip, its wiring or its supply is at fault.";

/** docs/protocol.md sections 7, 11.7 and 13.4. */
const ROWS = {
  BAD_FRAME: row(0x0001, "number", "a frame arrived damaged", "Check the cable; try again."),
  SEQUENCE: row(0x0002, "number", "a request was lost or doubled on the way", "Check the cable; try again."),
  BAD_REQUEST: row(0x0003, "number", "the bootloader does not know or take the request", REPORT),
  NO_SESSION: row(0x0004, "none", "a request before HELLO", REPORT),
  ABORTED: row(0x0005, "none", "an earlier erase, write or commit failed", "Flash again."),
  RANGE: row(
    0x0010,
    "address",
    "outside the chip or outside the application region",
    "Choose an address inside the region that `imflasher info` shows.",
  ),
  ALIGNMENT: row(0x0011, "address", "not a multiple of what it must be", "Choose an aligned address."),
  RESERVED: row(
    0x0012,
    "address",
    "inside a region that the board reserves",
    "Choose an address outside the reserved regions that `imflasher info` shows.",
  ),
  NOT_BEGUN: row(0x0013, "address", "erase or write outside what was begun", REPORT),
  NO_FLASH: row(
    0x0020,
    "register",
    "the flash chip does not answer",
    "Check that the bootloader was built for this board, then the chip's wiring and supply.",
  ),
  UNKNOWN_FLASH: row(
    0x0021,
    "register",
    "the flash chip's SFDP parameters cannot be used",
    "Use a chip with SFDP tables and 3-byte addresses, or report the JEDEC id.",
  ),
  WRITE_PROTECTED: row(
    0x0022,
    "register",
    "block protection of the flash chip is on",
    "Clear it with --unprotect; if it stays on, the WP pin or a locked status register holds it.",
  ),
  ERASE_FAILED: row(0x0023, "address", "the flash is not blank after its erase", AGAIN),
  WRITE_FAILED: row(0x0024, "address", "the flash does not hold what was written", AGAIN),
  FLASH_TIMEOUT: row(0x0025, "address", "the flash chip stayed busy beyond its maximum time", AGAIN),
  VERIFY_FAILED: row(0x0030, "address", "the SHA-256 of the range differs", "Flash again."),
  UNFINISHED: row(
    0x0040,
    "address",
    "a flashing was begun and not finished",
    "Flash the application again, to the end.",
  ),
  NOT_BOOTABLE: row(
    0x0041,
    "address",
    "no plausible vector table at the address",
    "Flash an application that is linked for this address.",
  ),
  LOG_FULL: row(
    0x0050,
    "number",
    "no free word in the log",
    "`imflasher update-bootloader` makes room; where a first stage stays, see docs/imssbl.md, Recovery.",
  ),
  LOG_FAILED: row(
    0x0051,
    "register",
    "the flash did not take the log's word",
    "Try again; if it stays, `imflasher update-bootloader`; where a first stage stays, see docs/imssbl.md, Recovery.",
  ),
  LOG_BROKEN: row(
    0x0052,
    "none",
    "the board's log was changed by something else: nobody has a right, and nothing is run",
    "Blank the log by the first stage's DFU and begin anew: docs/imssbl.md, Recovery.",
  ),
  DENIED: row(
    0x0060,
    "rights",
    "the board's owner has not allowed this",
    "Ask the owner for a keys.json with that right.",
  ),
  WAIT: row(0x0061, "number", "too many failed proofs", "Wait, then try again with the right key."),
  BAD_CERT: row(
    0x0062,
    "none",
    "the certificate is damaged, or not from this board's owner",
    "Ask the owner for a new keys.json.",
  ),
  WRONG_BOARD: row(
    0x0063,
    "none",
    "the certificate is for another board, or for any where the owner wants the board's own",
    "Ask the owner for a key of this board: send the BOARD ID.",
  ),
  BAD_PROOF: row(
    0x0064,
    "none",
    "the proof is wrong or there is no open challenge",
    "Try again; if it stays, ask the owner for a new keys.json.",
  ),
  CLAIMED: row(
    0x0065,
    "none",
    "the board has an owner",
    "Only its owner can release it, or give it away with a key that may claim.",
  ),
  NOT_CLAIMED: row(
    0x0066,
    "none",
    "the board has no owner, or one that is compiled in",
    "Claim it first: imflasher claim --authority DIR. An owner that is compiled in stays.",
  ),
  BAD_SIGNATURE: row(
    0x0067,
    "address",
    "the application is not signed by the board's owner as it is and where it is",
    "Sign it (imflasher sign) for this address with the owner's authority, and flash it again.",
  ),
  RNG_FAILED: row(
    0x0068,
    "register",
    "the random number generator failed its health tests",
    "Switch the board off and on; if it stays, the chip or its clock is at fault.",
  ),
  PROTECTION: row(
    0x0069,
    "number",
    "the read-out protection level cannot be set so",
    "See `imflasher protect`; a board whose first stage stays is never protected from here.",
  ),
  BAD_IMAGE: row(
    0x0070,
    "number",
    "the bytes are no whole IMBootloader",
    "Take imbootloader.bin (or .hex, .elf) as the build made it.",
  ),
  OTHER_BOARD: row(
    0x0071,
    "none",
    "the bootloader was built for another board",
    "Take the image that was built for this board: `imflasher info` shows its name.",
  ),
  OLDER: row(
    0x0072,
    "number",
    "the bootloader is older than the one that runs",
    "Go back to it with --force.",
  ),
  NOT_REPLACEABLE: row(
    0x0073,
    "none",
    "the internal flash is write-protected or not IMBootloader's",
    "Where it is write-protected, clear WRPSn in the option bytes with a probe. A first stage must stay.",
  ),
  INTERNAL: row(0x00ff, "number", "a fault of the bootloader itself", REPORT),
} as const;

function row(code: number, detail: DetailKind, meaning: string, remedy: string): ErrorRow {
  return { code, detail, meaning, remedy };
}

export type BoardErrorName = keyof typeof ROWS;

export const BOARD_ERROR_NAMES = Object.keys(ROWS) as readonly BoardErrorName[];

export function boardErrorCode(name: BoardErrorName): number {
  return ROWS[name].code;
}

/** The board answered with an error. */
export class BoardError extends Error {
  override readonly name = "BoardError";
  /** As in docs/protocol.md section 7; undefined for a code that this version does not know. */
  readonly codeName: BoardErrorName | undefined;
  readonly code: number;
  /** An address, a register's value or a number: section 7. */
  readonly detail: number;
  /** The board's own sentence. */
  readonly text: string;
  readonly remedy: string;

  /** @param what what was asked: the request's name, or "EVENT". */
  constructor(what: string, answer: ErrorAnswer) {
    const codeName = BOARD_ERROR_NAMES.find((name) => ROWS[name].code === answer.code);
    const known = codeName === undefined ? undefined : ROWS[codeName];
    const title = codeName ?? `unknown error ${hex32(answer.code)}`;
    const remedy = known?.remedy ?? "Update imflasher.";
    const text = (answer.text || known?.meaning) ?? "no explanation";
    const detail = detailText(known?.detail ?? "register", answer.detail, text);
    super(`${what}: the board answers ${title}: ${text}${detail}. ${remedy}`);
    this.codeName = codeName;
    this.code = answer.code;
    this.detail = answer.detail;
    this.text = answer.text;
    this.remedy = remedy;
  }
}

/** Nothing when the board's sentence says it already. */
function detailText(kind: DetailKind, detail: number, text: string): string {
  if (kind === "none") return "";
  const value = detailValue(kind, detail);
  const said = text.toLowerCase().includes(value.toLowerCase());
  return said ? "" : ` (${kind} ${value})`;
}

/** The session ended before its answers came: open a new one and continue from what the flash holds. */
export class SessionBrokenError extends Error {
  override readonly name = "SessionBrokenError";
}

/** Nothing came back in time. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/** Something answers at the other end of the port, but it is not IMBootloader. */
export class NotABootloaderError extends Error {
  override readonly name = "NotABootloaderError";
}

/** The bootloader and this program have no protocol version in common. */
export class ProtocolVersionError extends Error {
  override readonly name = "ProtocolVersionError";
  /** What the bootloader is, seen from here. */
  readonly bootloader: "older" | "newer";
  /** Versions that the bootloader speaks. */
  readonly lowest: number;
  readonly version: number;

  constructor(lowest: number, version: number) {
    const bootloader = version < PROTOCOL_LOWEST ? "older" : "newer";
    const update = bootloader === "older" ? "the bootloader on the board" : "imflasher";
    super(
      `the bootloader is ${bootloader} than this imflasher: it speaks protocol ${span(lowest, version)}, ` +
        `imflasher speaks ${span(PROTOCOL_LOWEST, PROTOCOL_VERSION)}. Update ${update}.`,
    );
    this.bootloader = bootloader;
    this.lowest = lowest;
    this.version = version;
  }
}

function span(lowest: number, highest: number): string {
  return lowest === highest ? `${highest}` : `${lowest} to ${highest}`;
}

function detailValue(kind: DetailKind, detail: number): string {
  if (kind === "rights") return rightNames(detail).join(", ");
  return kind === "number" ? `${detail}` : hex32(detail);
}

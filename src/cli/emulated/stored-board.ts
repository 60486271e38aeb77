/** board.json of a state folder: a person, a disk or another version may have put anything there. */
import type { BoardState } from "../../emulator/board/board-options.js";
import { FLASH_WORD_BYTES } from "../../emulator/peripherals/internal-flash/flash-cells.js";
import {
  FACTORY_OPTION_BYTES,
  type OptionName,
} from "../../emulator/peripherals/internal-flash/flash-options.js";
import { bytesOfHex, hexBytes } from "../../protocol/hex.js";

/** The file does not hold what it must; the message says where, what was expected and what was found. */
export class StoredBoardError extends Error {
  override readonly name = "StoredBoardError";
}

/** All of a board's state but the content of its two flashes. */
export interface StoredBoard {
  readonly uniqueId: Uint8Array;
  readonly internal: { readonly programmed: readonly number[]; readonly broken: readonly number[] };
  readonly options: BoardState["internal"]["options"];
  readonly externalRegisters: BoardState["externalRegisters"];
  /** Of the second flash chip, where there is one. */
  readonly secondRegisters?: BoardState["externalRegisters"];
  /** Of the flash chip on an SPI, where there is one. */
  readonly spiFlashRegisters?: BoardState["externalRegisters"];
  readonly backup: BoardState["backup"];
  /** SHA-256 of the image that was put into the internal flash last, hexadecimal; what runs may have replaced it since. */
  readonly installed?: string;
}

const UID_BYTES = 12;
const U32_MAX = 0xffff_ffff;

export function formatStoredBoard(board: string, stored: StoredBoard): string {
  const uniqueId = hexBytes(stored.uniqueId);
  return `${JSON.stringify({ format: 1, board, ...stored, uniqueId }, undefined, 2)}\n`;
}

/**
 * @param board name of the board whose state it must be
 * @param internalBytes of its internal flash
 * @throws StoredBoardError
 */
export function parseStoredBoard(board: string, text: string, internalBytes: number): StoredBoard {
  const lastWord = internalBytes / FLASH_WORD_BYTES - 1;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new StoredBoardError(`not JSON: ${(cause as Error).message}`);
  }
  const file = record("the file", value);
  if (file["format"] !== 1) throw wrong("format", "1", file["format"]);
  if (file["board"] !== board) throw wrong("board", `the state of board "${board}"`, file["board"]);
  const internal = record("internal", file["internal"]);
  const options = record("options", file["options"]);
  const backup = record("backup", file["backup"]);
  const { secondRegisters: second, installed } = file;
  const spi = file["spiFlashRegisters"];
  return {
    uniqueId: uniqueId(file["uniqueId"]),
    internal: {
      programmed: numbers("internal.programmed", internal["programmed"], lastWord),
      broken: numbers("internal.broken", internal["broken"], lastWord),
    },
    options: optionBytes(options),
    externalRegisters: flashRegisters("externalRegisters", file["externalRegisters"]),
    ...(second === undefined ? {} : { secondRegisters: flashRegisters("secondRegisters", second) }),
    ...(spi === undefined ? {} : { spiFlashRegisters: flashRegisters("spiFlashRegisters", spi) }),
    backup: {
      rtc: registerValues("backup.rtc", record("backup.rtc", backup["rtc"])),
      bdcr: number("backup.bdcr", backup["bdcr"], U32_MAX),
    },
    ...(installed === undefined ? {} : { installed: digest(installed) }),
  };
}

function flashRegisters(where: string, value: unknown): BoardState["externalRegisters"] {
  const registers = record(where, value);
  const { part, security } = registers;
  if (typeof part !== "string") throw wrong(`${where}.part`, "a name", part);
  if (typeof security !== "string") throw wrong(`${where}.security`, "hexadecimal digits", security);
  return { part, security, status: numbers(`${where}.status`, registers["status"], 0xff) };
}

function uniqueId(value: unknown): Uint8Array {
  const bytes = typeof value === "string" ? bytesOfHex(value) : undefined;
  if (bytes?.length !== UID_BYTES) throw wrong("uniqueId", `${2 * UID_BYTES} hexadecimal digits`, value);
  return bytes;
}

function digest(value: unknown): string {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return value;
  throw wrong("installed", "64 hexadecimal digits", value);
}

function optionBytes(options: Fields): StoredBoard["options"] {
  const names = Object.keys(FACTORY_OPTION_BYTES) as OptionName[];
  // What a file of before lacks (the second bank's) is as the chip left its factory.
  const given = { ...FACTORY_OPTION_BYTES, ...options };
  const values = names.map((name) => [name, number(`options.${name}`, given[name], U32_MAX)]);
  return Object.fromEntries(values) as StoredBoard["options"];
}

function registerValues(where: string, fields: Fields): StoredBoard["backup"]["rtc"] {
  const values = Object.entries(fields).map(([name, value]) => [
    name,
    number(`${where}.${name}`, value, U32_MAX),
  ]);
  return Object.fromEntries(values) as StoredBoard["backup"]["rtc"];
}

type Fields = Readonly<Record<string, unknown>>;

function record(where: string, value: unknown): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(where, "an object", value);
}

function number(where: string, value: unknown, maximum: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= maximum) return value;
  throw wrong(where, `a whole number up to ${maximum}`, value);
}

function numbers(where: string, value: unknown, maximum: number): readonly number[] {
  if (!Array.isArray(value)) throw wrong(where, "a list", value);
  return value.map((item, index) => number(`${where}[${index}]`, item, maximum));
}

function wrong(where: string, expected: string, found: unknown): StoredBoardError {
  const shown = (JSON.stringify(found) ?? "nothing").slice(0, 60);
  return new StoredBoardError(`${where}: expected ${expected}, found ${shown}`);
}

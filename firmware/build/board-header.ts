/** `board.h`: what a board file says, as macros for the firmware. */

import { type Board, FLASH_PINS, type Pin, type Region } from "../../src/boards/board.js";

const hex = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(8, "0")}u`;

/** C string literal; titles are text of any kind, USB strings printable ASCII. */
function text(value: string): string {
  const printable = value.replace(/[^\x20-\x7e]/g, "?");
  return `"${printable.replace(/[\\"]/g, "\\$&")}"`;
}

/** `{ port index (A = 0), number, alternate function }`, the initialiser of `struct pin` in drivers/gpio.h. */
function pin({ pin: name, af }: Pin): string {
  const port = name.charCodeAt(1) - "A".charCodeAt(0);
  return `{ ${port}, ${Number(name.slice(2))}, ${af} }`;
}

function regions(list: readonly Region[]): string {
  return `{ ${list.map(({ address, length }) => `{ ${hex(address)}, ${hex(length)} }`).join(", ")} }`;
}

function led(board: Board): [string, string][] {
  if (board.led === undefined) return [["BOARD_LED_PRESENT", "0"]];
  return [
    ["BOARD_LED_PRESENT", "1"],
    ["BOARD_LED_PIN", pin({ pin: board.led.pin, af: 0 })],
    ["BOARD_LED_ACTIVE_HIGH", board.led.activeHigh ? "1" : "0"],
  ];
}

/** Where the serial ports are: base address, and the RCC enable register's number and bit (RM0433, 2.3.2 and 8.7.45). */
const SERIAL_PORTS: Readonly<Record<string, readonly [base: number, apb: number, bit: number]>> = {
  USART1: [0x4001_1000, 2, 4],
  USART2: [0x4000_4400, 1, 17],
  USART3: [0x4000_4800, 1, 18],
  UART4: [0x4000_4c00, 1, 19],
  UART5: [0x4000_5000, 1, 20],
  USART6: [0x4001_1400, 2, 5],
  UART7: [0x4000_7800, 1, 30],
  UART8: [0x4000_7c00, 1, 31],
};

function serialConsole(board: Board): [string, string][] {
  const port = SERIAL_PORTS[board.console?.usart ?? ""];
  if (board.console === undefined || port === undefined) return [["BOARD_CONSOLE_PRESENT", "0"]];
  const [base, apb, bit] = port;
  return [
    ["BOARD_CONSOLE_PRESENT", "1"],
    ["BOARD_CONSOLE_BASE", hex(base)],
    ["BOARD_CONSOLE_APB", `${apb}`],
    ["BOARD_CONSOLE_ENABLE_BIT", `${bit}`],
    ["BOARD_CONSOLE_TX", pin(board.console.tx)],
    ["BOARD_CONSOLE_BAUD", `${board.console.baud}u`],
  ];
}

/** "CFEXSTFW.BIN" as a folder of a FAT volume has it: eleven places, filled up with spaces. */
function fatName(file: string): string {
  const [name = "", ending = ""] = file.toUpperCase().split(".");
  return `${name.slice(0, 8).padEnd(8)}${ending.slice(0, 3).padEnd(3)}`;
}

/** What stands in the internal flash instead of us; the emulated one is built from the same file. */
function firstStage(board: Board): [string, string][] {
  if (board.firstStage === undefined) return [];
  const { loadAddress, slot, sdCardFile } = board.firstStage;
  return [
    ["BOARD_FIRST_STAGE_LOAD_ADDRESS", hex(loadAddress)],
    ["BOARD_SLOT_ADDRESS", hex(slot.address)],
    ["BOARD_SLOT_LENGTH", hex(slot.length)],
    ["BOARD_SD_CARD_FILE", text(fatName(sdCardFile ?? ""))],
  ];
}

/** Only where the log lies in external flash. */
function log(board: Board): [string, string][] {
  const region = board.regions.log;
  if (region === undefined) return [];
  return [
    ["BOARD_LOG_ADDRESS", hex(region.address)],
    ["BOARD_LOG_LENGTH", hex(region.length)],
  ];
}

function macros(board: Board): [string, string][] {
  const { application, journal } = board.regions;
  const own = [journal, board.regions.log, board.firstStage?.slot].filter((region) => region !== undefined);
  const reserved = [...own, ...board.regions.reserved];
  return [
    ["BOARD_NAME", text(board.name)],
    ["BOARD_TITLE", text(board.title)],
    ["BOARD_HSE_HZ", `${board.hseHz ?? 0}u`],
    ["BOARD_BACKUP_REGISTER", `${board.backupRegister}u`],
    ["BOARD_FLASH_BASE", hex(board.flash.address)],
    ["BOARD_FLASH_SIZE", hex(board.flash.size)],
    ["BOARD_FLASH_BANK", `${board.flash.bank}`],
    ["BOARD_FLASH_MAX_HZ", `${board.flash.maxClockHz}u`],
    ["BOARD_APPLICATION_ADDRESS", hex(application.address)],
    ["BOARD_APPLICATION_LENGTH", hex(application.length)],
    ["BOARD_JOURNAL_ADDRESS", hex(journal.address)],
    ["BOARD_JOURNAL_LENGTH", hex(journal.length)],
    ...log(board),
    ...firstStage(board),
    ["BOARD_RESERVED_COUNT", `${reserved.length}`],
    ["BOARD_RESERVED", regions(reserved)],
    ...FLASH_PINS.map((name): [string, string] => [`BOARD_PIN_${name}`, pin(board.flash.pins[name])]),
    ...led(board),
    ...serialConsole(board),
  ];
}

/** The initialiser of an Ed25519 public key that owns the board from the start (docs/protocol.md, section 11). */
function ownerMacro(owner: Uint8Array | undefined): [string, string][] {
  if (owner === undefined) return [];
  const bytes = Array.from(owner, (byte) => `0x${byte.toString(16).padStart(2, "0")}`);
  return [["BOARD_OWNER", `{ ${bytes.join(", ")} }`]];
}

/**
 * The header's whole text. Pure: the same board and owner give the same bytes.
 * @param owner 32 bytes
 */
export function boardHeader(board: Board, owner?: Uint8Array): string {
  const lines = [...macros(board), ...ownerMacro(owner)].map(([name, value]) => `#define ${name} ${value}`);
  return [
    `/* Generated from boards/${board.name}.json by firmware/build/board-header.ts. */`,
    "#ifndef BOARD_H",
    "#define BOARD_H",
    "",
    ...lines,
    "",
    "#endif",
    "",
  ].join("\n");
}

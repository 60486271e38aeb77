import type { Board, Pin, Region } from "../../boards/board.js";
import { FLASH_PINS } from "../../boards/board.js";
import { hex32 } from "../../protocol/hex.js";
import { readBoard } from "../board-files.js";
import type { RunCommand } from "../command.js";
import { formatBytes } from "../progress-bar.js";
import type { JsonValue } from "../reporter.js";

export const run: RunCommand = async ({ reporter }, [name = ""]) => {
  const board = readBoard(name);
  reporter.result("board show", {
    data: JSON.parse(JSON.stringify({ board })) as { readonly [key: string]: JsonValue },
    lines: describeBoard(board).map(([what, text]) => `${what.padEnd(14)} ${text}`),
  });
};

const pin = ({ pin, af }: Pin): string => `${pin} (AF${af})`;

function region({ address, length }: Region): string {
  return `${hex32(address)} to ${hex32(address + length - 1)}, ${formatBytes(length)}`;
}

function level(what: { readonly pin: string; readonly activeHigh: boolean } | undefined): string {
  return what === undefined ? "none" : `${what.pin}, active ${what.activeHigh ? "high" : "low"}`;
}

/** What a board says that keeps the bootloader it came with. */
function firstStageRows({ firstStage, regions, backupRegister }: Board): [string, string][] {
  if (firstStage === undefined || regions.log === undefined) return [];
  const { format, loadAddress, slot, sdCardFile } = firstStage;
  const card = sdCardFile === undefined ? "" : `, or ${sdCardFile} on an SD card`;
  return [
    ["log", region(regions.log)],
    ["first stage", `stays; it loads an ${format} image to ${hex32(loadAddress)}`],
    ["slot", `${region(slot)}${card}`],
    ["requests", `RTC_BKP${backupRegister}R and the two behind it`],
  ];
}

function describeBoard(board: Board): [string, string][] {
  const { flash, console: serial, regions } = board;
  const { part, size, bank, maxClockHz } = flash;
  return [
    ["board", `${board.name}: ${board.title}`],
    ["chip", `${board.mcu}${board.package === undefined ? "" : `, ${board.package}`}`],
    ["crystal", board.hseHz === undefined ? "none" : `${board.hseHz / 1e6} MHz`],
    ["flash", `${part}, ${formatBytes(size)}, QUADSPI bank ${bank}, at most ${maxClockHz / 1e6} MHz`],
    ...FLASH_PINS.map((name): [string, string] => [`  ${name}`, pin(flash.pins[name])]),
    ["LED", level(board.led)],
    ["button", level(board.button)],
    [
      "console",
      serial === undefined
        ? "none"
        : `${serial.usart}, TX ${pin(serial.tx)}, RX ${pin(serial.rx)}, ${serial.baud} baud`,
    ],
    ["applications", region(regions.application)],
    ["journal", region(regions.journal)],
    ...firstStageRows(board),
    ...regions.reserved.map((one): [string, string] => ["reserved", region(one)]),
  ];
}

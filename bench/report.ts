/** The figures for people and for programs. */

import type { ProcessFigure } from "./processes.js";
import type { Costs } from "./rig.js";

export interface Measurement extends Costs {
  readonly name: string;
  readonly title: string;
  /** Seconds; 0 when the chip itself has nothing to do. */
  readonly floor: number;
  /** Bytes that were read or run from the flash window; the floor is then their time on the QUADSPI bus. */
  readonly bytes?: number;
}

const COLUMNS = ["case", "board s", "floor s", "ratio", "USB bytes", "wall s", "PC CPU s"] as const;

const READ_COLUMNS = ["flash window", "MB/s", "of the bus"] as const;

const PROCESS_COLUMNS = ["process", "wall s", "limit s", "CPU s", "RSS MB", "limit MB"] as const;

export function printTable(found: readonly Measurement[]): void {
  printRows([COLUMNS, ...found.map(row)]);
}

export function printReads(found: readonly Measurement[]): void {
  printRows([READ_COLUMNS, ...found.map(readRow)]);
}

function readRow({ title, bytes = 0, boardSeconds, floor }: Measurement): string[] {
  const share = floor === 0 ? "-" : `${((100 * floor) / boardSeconds).toFixed(1)} %`;
  return [title, (bytes / boardSeconds / 1e6).toFixed(1), share];
}

export function printProcesses(found: readonly ProcessFigure[]): void {
  printRows([PROCESS_COLUMNS, ...found.map(processRow)]);
}

function printRows(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? "").length)),
  );
  for (const cells of rows) {
    console.log(
      cells
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  "),
    );
  }
}

function processRow({ title, wallSeconds, cpuSeconds, rssBytes, limit }: ProcessFigure): string[] {
  return [
    title,
    wallSeconds.toFixed(3),
    "seconds" in limit ? limit.seconds.toFixed(3) : "-",
    cpuSeconds.toFixed(2),
    (rssBytes / 1e6).toFixed(1),
    "bytes" in limit ? (limit.bytes / 1e6).toFixed(0) : "-",
  ];
}

function row(one: Measurement): string[] {
  return [
    one.title,
    one.boardSeconds.toFixed(4),
    one.floor === 0 ? "-" : one.floor.toFixed(4),
    one.floor === 0 ? "-" : `${ratio(one).toFixed(3)} x`,
    String(one.usbBytes),
    one.wallSeconds.toFixed(2),
    one.cpuSeconds.toFixed(2),
  ];
}

function ratio({ boardSeconds, floor }: Measurement): number {
  return boardSeconds / floor;
}

/** Seconds; `ratio` is null where there is no floor, and what is of the board where only a process was measured. */
export function toJson(found: readonly Measurement[], processes: readonly ProcessFigure[]): string {
  const objects = found.map((one) => ({
    name: one.name,
    board_s: one.boardSeconds,
    floor_s: one.floor,
    ratio: one.floor === 0 ? null : ratio(one),
    wall_s: one.wallSeconds,
    usb_bytes: one.usbBytes,
    cpu_s: one.cpuSeconds,
    ...(one.bytes === undefined ? {} : { mb_per_s: one.bytes / one.boardSeconds / 1e6 }),
  }));
  const others = processes.map((one) => ({
    name: one.name,
    board_s: null,
    floor_s: null,
    ratio: null,
    wall_s: one.wallSeconds,
    cpu_s: one.cpuSeconds,
    rss_bytes: one.rssBytes,
  }));
  return `${JSON.stringify([...objects, ...others], undefined, 2)}\n`;
}

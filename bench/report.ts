/** The figures for people and for programs. */

import type { Costs } from "./rig.js";

export interface Measurement extends Costs {
  readonly name: string;
  readonly title: string;
  /** Seconds; 0 when the chip itself has nothing to do. */
  readonly floor: number;
}

const COLUMNS = ["case", "board s", "floor s", "ratio", "USB bytes", "wall s", "PC CPU s"] as const;

export function printTable(found: readonly Measurement[]): void {
  const rows = [COLUMNS, ...found.map(row)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
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

/** Seconds; `ratio` is null where there is no floor. */
export function toJson(found: readonly Measurement[]): string {
  const objects = found.map((one) => ({
    name: one.name,
    board_s: one.boardSeconds,
    floor_s: one.floor,
    ratio: one.floor === 0 ? null : ratio(one),
    wall_s: one.wallSeconds,
    usb_bytes: one.usbBytes,
    cpu_s: one.cpuSeconds,
  }));
  return `${JSON.stringify(objects, undefined, 2)}\n`;
}

/** Reading and running from the flash window: what `examples/measure` measures on the board, in the model's time. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../test/tools/root.js";
import type { Measurement } from "./report.js";
import { makeBoard } from "./rig.js";

/** Board time within which the program prints its last line. */
const LIMIT_NS = 2e9;
const STEP_NS = 1e6;
/** Bits of a byte on four lines. */
const CLOCKS_PER_BYTE = 2;

/** What the program prints in front of each figure, and the figure's name. */
const CASES: Readonly<Record<string, string>> = {
  "read in order, D-cache off": "xip-read-cache-off",
  "read in order, D-cache on": "xip-read-cache-on",
  "a word every 4 KiB, D-cache off": "xip-stride-cache-off",
  "a word every 4 KiB, D-cache on": "xip-stride-cache-on",
  "read 8 KiB again, D-cache on": "xip-again-cache-on",
  "run 32 KiB once, I-cache off": "xip-run-cache-off",
  "run 32 KiB once, I-cache on": "xip-run-cache-on",
  "run 2 KiB again, I-cache on": "xip-loop-cache-on",
  "run 2 KiB again, in ITCM": "xip-loop-itcm",
};

/** The floor is the time of the same bytes at the flash's clock on four lines, where they all have to come over them. */
export function xipTimes(seed: number): Measurement[] {
  const program = readFileSync(join(ROOT, "examples", "images", "emulated", "measure.bin"));
  const lines: string[] = [];
  const wall = performance.now();
  const board = makeBoard(program, seed, { time: "model", onConsole: (line) => lines.push(line) });
  board.powerOn();
  while (!lines.includes("measure: done")) {
    if (board.now > LIMIT_NS) throw new Error(`measure does not end; it printed:\n${lines.join("\n")}`);
    board.advance(board.now + STEP_NS);
  }
  const wallSeconds = (performance.now() - wall) / 1e3;
  const [, core = 0, flash = 0] = match(lines, /core (\d+) MHz, flash (\d+) MHz/).map(Number);
  return Object.entries(CASES).map(([what, name]) => {
    const [, bytes = 0, cycles = 0] = match(lines, new RegExp(`${what}: (\\d+) bytes in (\\d+) cycles`)).map(
      Number,
    );
    const floor = /again/.test(what) ? 0 : (bytes * CLOCKS_PER_BYTE) / (flash * 1e6);
    const costs = { boardSeconds: cycles / (core * 1e6), wallSeconds, cpuSeconds: 0, usbBytes: 0 };
    return { name, title: what, bytes, floor, ...costs };
  });
}

function match(lines: readonly string[], pattern: RegExp): string[] {
  for (const line of lines) {
    const found = pattern.exec(line);
    if (found !== null) return found;
  }
  throw new Error(`measure printed no line like ${pattern}:\n${lines.join("\n")}`);
}

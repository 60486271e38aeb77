/** How long a board without a USB host takes until its application runs. */

import type { EmulatedBoard } from "../src/emulator/board/emulated-board.js";
import type { Measurement } from "./report.js";
import { ADDRESS, makeBoard } from "./rig.js";

const STEP_NS = 1000;
const LIMIT_NS = 100e6;
/** Stack pointer, reset vector, and `b .` at the reset vector. */
const APPLICATION = Uint8Array.of(0x00, 0x00, 0x02, 0x20, 0x09, 0x00, 0x10, 0x90, 0xfe, 0xe7, 0xff, 0xff);

export function startTimes(seed: number): Measurement[] {
  const board = makeBoard(APPLICATION, seed);
  const cold = untilApplication(board, () => board.powerOn());
  const warm = untilApplication(board, () => board.pressReset());
  const modelled = makeBoard(APPLICATION, seed, { time: "model" });
  const slow = untilApplication(modelled, () => modelled.powerOn());
  return [
    { name: "power-on-to-application", title: "power-on to the application's first instruction", ...cold },
    { name: "reset-to-application", title: "reset to the application's first instruction", ...warm },
    {
      name: "power-on-to-application-model",
      title: "power-on to the application's first instruction, in the model's time",
      ...slow,
    },
  ];
}

/** Exact to a microsecond. */
export function untilApplication(
  board: EmulatedBoard,
  begin: () => void,
): Omit<Measurement, "name" | "title"> {
  const wall = performance.now();
  const started = board.now;
  begin();
  board.advance(board.now + STEP_NS);
  while (board.chip.cpu.at.pc >>> 0 < ADDRESS || board.chip.cpu.at.pc >>> 0 >= 0xa000_0000) {
    if (board.now - started > LIMIT_NS) throw new Error("the application does not start");
    board.advance(board.now + STEP_NS);
  }
  return {
    boardSeconds: (board.now - started) / 1e9,
    wallSeconds: (performance.now() - wall) / 1e3,
    floor: 0,
    usbBytes: 0,
    cpuSeconds: 0,
  };
}

import type { EmulatedBoard } from "../../emulator/board/emulated-board.js";
import type { Reporter } from "../reporter.js";

/** What a person does to the board on the desk: one word a line on standard input. */
const CONTROLS: Readonly<Record<string, (board: EmulatedBoard) => void>> = {
  reset: (board) => board.pressReset(),
  "power off": (board) => board.powerOff(),
  "power on": (board) => board.powerOn(),
  plug: (board) => board.plug(),
  unplug: (board) => board.unplug(),
  "button down": (board) => board.pressButton(),
  "button up": (board) => board.releaseButton(),
};

export function handleControl(board: EmulatedBoard, line: string, reporter: Reporter): void {
  const word = line.trim().replace(/\s+/g, " ");
  if (word === "") return;
  const act = CONTROLS[word];
  if (act === undefined) {
    reporter.note(`${word}: expected one of: ${Object.keys(CONTROLS).join(", ")}`);
    return;
  }
  act(board);
  board.interrupt();
}

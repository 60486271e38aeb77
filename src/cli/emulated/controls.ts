import type { EmulatedBoard } from "../../emulator/board/emulated-board.js";
import type { Reporter } from "../reporter.js";

/** What a person does to the board on the desk: one word a line on standard input, or `type` and what goes to its console. */
const CONTROLS: Readonly<Record<string, (board: EmulatedBoard) => void>> = {
  reset: (board) => board.pressReset(),
  "power off": (board) => board.powerOff(),
  "power on": (board) => board.powerOn(),
  plug: (board) => board.plug(),
  unplug: (board) => board.unplug(),
  "usb suspend": (board) => board.host.sleep(),
  "usb rest": (board) => board.host.rest(),
  "usb resume": (board) => board.host.wake(),
  "button down": (board) => board.pressButton(),
  "button up": (board) => board.releaseButton(),
  "hse fail": (board) => board.setCrystalFailed("HSE", true),
  "hse ok": (board) => board.setCrystalFailed("HSE", false),
  "lse fail": (board) => board.setCrystalFailed("LSE", true),
  "lse ok": (board) => board.setCrystalFailed("LSE", false),
};

export function handleControl(board: EmulatedBoard, line: string, reporter: Reporter): void {
  const typed = /^\s*type(?: (.*))?$/.exec(line);
  if (typed !== null) {
    board.type(`${typed[1] ?? ""}\r`);
    board.interrupt();
    return;
  }
  const word = line.trim().replace(/\s+/g, " ");
  if (word === "") return;
  const act = CONTROLS[word];
  if (act === undefined) {
    reporter.note(`${word}: expected one of: ${Object.keys(CONTROLS).join(", ")}, type TEXT`);
    return;
  }
  act(board);
  board.interrupt();
}

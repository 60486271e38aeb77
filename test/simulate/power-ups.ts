/** What a board does while nobody talks to it: power-ups in a row, some of them cut off, each with a safe answer. */
import { hex32 } from "../../src/protocol/hex.js";
import { OFF_MS, type PowerUp } from "./alone.js";
import type { Desk } from "./desk.js";
import { asked, checkOutside, checkRunning, promise } from "./invariants.js";

/** What a board did with power, and nobody there. */
export type Answer = "bootloader" | "application";

/** Board time without a host until the bootloader has decided; a rescue is part of it. */
const DECISION_MS = 3000;
/** docs/protocol.md, section 8: until configured, and from then on; and the reset into the application. */
const WINDOW_MS = 2100;
/** Board time in which the bootloader puts back what it saved: sixteen sectors at most; and without an operation: the chip takes none for some ms after power-on. */
const PUT_BACK_MS = 3000;
const IDLE_MS = 14;

/** The board has the power that it has; whoever talked to it is gone. Longer than any window of its boot. */
export function leaveAlone(desk: Desk): void {
  if (!desk.board.powered) return;
  const answer = watch(desk, WINDOW_MS, () => false);
  desk.note(answer === "application" ? `runs ${where(desk)}` : "stays in the bootloader");
}

/** The power-ups that the scenario has. @returns true when an application runs at last */
export function powerUps(desk: Desk): boolean {
  let runs = false;
  for (const powerUp of desk.scenario.alone.powerUps) runs = runPowerUp(desk, powerUp) === "application";
  checkOutside(desk, asked(desk.scenario, false));
  return runs;
}

/** Power comes back to a board without a host. @returns true when an application runs */
export function powerCycle(desk: Desk): boolean {
  return runPowerUp(desk, { offMs: OFF_MS, host: false, cut: undefined }) === "application";
}

/** @returns undefined when the power failed meanwhile */
function runPowerUp(desk: Desk, { offMs, host, cut }: PowerUp): Answer | undefined {
  const { board } = desk;
  board.unplug();
  board.powerOff();
  desk.run(offMs);
  if (host) board.plug();
  board.powerOn();
  const disarm = cut === undefined ? () => {} : desk.cutPower(cut);
  const answer = host ? watch(desk, WINDOW_MS, () => !board.powered) : decide(desk);
  if (answer === "bootloader") putBack(desk);
  disarm();
  if (!board.powered) return undefined;
  desk.note(answer === "application" ? `runs ${where(desk)}` : "stays in the bootloader");
  desk.answers.push(answer);
  return answer;
}

/** No window is open without a host. */
function decide(desk: Desk): Answer {
  const { board } = desk;
  let decided = false;
  const answer = watch(desk, DECISION_MS, () => {
    decided = desk.application || board.chip.otg.pullUp || !board.powered;
    return decided;
  });
  promise(decided, () => `no decision within ${DECISION_MS} ms of power-on`);
  return answer;
}

/** Lets board time pass, looking at what runs. */
function watch(desk: Desk, milliseconds: number, done: () => boolean): Answer {
  const { board } = desk;
  const start = board.now;
  while (board.now - start < milliseconds * 1e6 && !done()) {
    desk.run(board.now - start < 5e6 ? 0.2 : 1);
    if (desk.application) checkRunning(desk, board.chip.cpu.pc);
  }
  return desk.application ? "application" : "bootloader";
}

/** A bootloader that stays puts back what an erase that was cut off has taken along. */
function putBack(desk: Desk): void {
  const { board } = desk;
  const start = board.now;
  let idle = 0;
  while (board.powered && idle < IDLE_MS) {
    promise(board.now - start < PUT_BACK_MS * 1e6, () => `the chip is busy for ${PUT_BACK_MS} ms`);
    desk.run(1);
    idle = Number.isFinite(board.flashChip.stableUntil) ? 0 : idle + 1;
  }
}

function where(desk: Desk): string {
  return hex32(desk.board.chip.cpu.pc);
}

/** One history: a board, a user, faults; then the promises are looked at; then the board is repaired. */

import { GuestMemory } from "../../src/emulator/guest-memory.js";
import {
  type Connection,
  eraseRange,
  flashImage,
  getBootAddress,
  UnfinishedElsewhereError,
} from "../../src/flasher/index.js";
import { hex32 } from "../../src/protocol/hex.js";
import { storedBootAddress } from "./board-log.js";
import { Desk } from "./desk.js";
import type { FaultKind } from "./faults.js";
import { FlasherProcess, flashOptions, imageOf, KilledError, operate, userOf } from "./flasher-process.js";
import {
  asked,
  BrokenPromiseError,
  checkOutside,
  checkRunning,
  holds,
  imageMatches,
  promise,
  unexplained,
} from "./invariants.js";
import { OWNER_WORDS, stillOwned } from "./owner.js";
import { type Answer, leaveAlone, powerCycle, powerUps } from "./power-ups.js";
import { BASE, drawScenario, type Scenario } from "./scenario.js";

/** Words that a board may write: a boot address, and tries of it that were cut off; the copy of an owner's word that broke. */
const LOG_WRITTEN = 4;
const LOG_CAPACITY = 2048;

export interface History {
  readonly seed: number;
  readonly board: string;
  readonly operation: string;
  readonly ended: string;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** What the board did at each power-up with nobody there. */
  readonly answers: readonly Answer[];
  /** Undefined when every promise was kept. */
  readonly failure: string | undefined;
  readonly events: readonly string[];
  /** Board time at the end, nanoseconds: two runs of a seed agree on it. */
  readonly boardNs: number;
}

/** Room for any of the boards. */
const MEMORY_BYTES = 32 << 20;
/** Where one history follows the other: a new memory costs more than a small flashing. */
interface Place {
  readonly memory: GuestMemory;
  /** Stays until the next one is there: JavaScript engines drop what they compiled for objects of which none is left. */
  desk?: Desk;
}

const free: Place[] = [];

export async function runHistory(seed: number): Promise<History> {
  const place = free.pop() ?? { memory: new GuestMemory(MEMORY_BYTES) };
  place.memory.clear();
  const desk = new Desk(drawScenario(seed), place.memory);
  place.desk = desk;
  try {
    return await tell(desk);
  } finally {
    free.push(place);
  }
}

async function tell(desk: Desk): Promise<History> {
  const { scenario } = desk;
  let ended = "";
  let failure: string | undefined;
  try {
    ended = await live(desk);
    await aftermath(desk);
  } catch (error) {
    failure = error instanceof BrokenPromiseError ? error.message : fullText(error);
  }
  const { fired: faults, answers, events } = desk;
  const operation = scenario.operation.kind;
  const { owner } = scenario;
  const policy = owner?.requiresSigned === true ? ", signed programs only" : "";
  const board = `${scenario.board.name}${owner === undefined ? "" : `, owned${policy}`}`;
  const boardNs = desk.board.now;
  return { seed: scenario.seed, board, operation, ended, faults, answers, failure, events, boardNs };
}

function fullText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The history itself, up to the end of the user's command. @returns how it ended */
async function live(desk: Desk): Promise<string> {
  let broken: unknown;
  desk.onApplication = (pc) => {
    try {
      checkRunning(desk, pc);
    } catch (error) {
      broken ??= error;
    }
  };
  desk.start();
  desk.arm();
  const outcome = await desk.drive(command(desk));
  desk.disarm();
  if (broken !== undefined) throw broken;
  if (outcome === "deserted") {
    leaveAlone(desk);
    return "nobody came back";
  }
  desk.note(
    outcome.error === undefined ? "the command ended well" : `the command failed: ${String(outcome.error)}`,
  );
  if (outcome.error === undefined) {
    checkSuccess(desk);
    return "success";
  }
  const why = unexplained(desk, outcome.error);
  promise(why === undefined, () => `the flasher's error is not explained by what happened: ${why}`);
  return outcome.error instanceof Error ? outcome.error.name : "";
}

/** The user's command; started again when it was killed, if somebody is there. */
async function command(desk: Desk): Promise<{ error?: unknown } | "deserted"> {
  while (!desk.deserted) {
    const process = new FlasherProcess(desk, desk.mayWrite, userOf(desk.scenario));
    desk.process = process;
    try {
      await process.run((connection) => operate(connection, desk.scenario));
      return {};
    } catch (error) {
      if (!(error instanceof KilledError)) return { error };
      if (!desk.deserted) await desk.sleep(desk.killedForMs);
    }
  }
  return "deserted";
}

function checkSuccess(desk: Desk): void {
  const { operation, owner } = desk.scenario;
  promise(owner?.knowsUser !== false, () => `a stranger may ${operation.kind}`);
  if (operation.kind === "flash") {
    promise(
      imageMatches(desk),
      () => "the flasher ended with success, and the flash does not hold the image",
    );
  }
  if (operation.kind === "erase") {
    const blank = { address: operation.address, bytes: new Uint8Array(operation.length).fill(0xff) };
    promise(holds(desk, [blank]), () => "the flasher ended with success, and the range is not blank");
  }
}

async function aftermath(desk: Desk): Promise<void> {
  const { scenario } = desk;
  const runs = powerUps(desk);
  desk.board.plug();
  if (runs) desk.board.pressReset();
  const process = new FlasherProcess(desk, async () => {}, userOf(scenario, false));
  let stored = 0;
  const repair = async (connection: Connection) => {
    await checkOwner(connection, scenario);
    stored = await readLog(connection, scenario);
    await flashAgain(connection, scenario);
  };
  try {
    await desk.drive(process.run(repair));
  } catch (error) {
    if (error instanceof BrokenPromiseError) throw error;
    const defect = scenario.faults.some(({ kind }) => kind === "dead-bit" || kind === "stuck-protection");
    const why = unexplained(desk, error);
    promise(defect && why === undefined, () => `a fault-free flash failed: ${why ?? String(error)}`);
    desk.note(`the chip's defect is named: ${String(error)}`);
    powerCycle(desk);
    checkOutside(desk, asked(scenario, true));
    return;
  }
  promise(
    imageMatches(desk),
    () => "a fault-free flash ended with success, and the flash does not hold the image",
  );
  checkOutside(desk, asked(scenario, true));
  const bootable = stored === scenario.address || stored === scenario.other.address;
  promise(
    powerCycle(desk) === bootable,
    () =>
      `after a fault-free flash the board ${bootable ? "does not run" : "runs, though nothing lies at"} ${hex32(stored)}`,
  );
  checkOutside(desk, asked(scenario, true));
}

/** The log can be read, and tells what was stored before or by this command. */
async function readLog(connection: Connection, scenario: Scenario): Promise<number> {
  const { address, free, capacity } = await getBootAddress(connection);
  const allowed = [storedBootAddress(scenario, BASE)];
  if (scenario.operation.kind === "default-boot") allowed.push(scenario.operation.address);
  promise(
    allowed.includes(address),
    () => `the log tells ${hex32(address)}, not ${allowed.map(hex32).join(" or ")}`,
  );
  const owners = scenario.owner === undefined ? 0 : OWNER_WORDS;
  const used = LOG_CAPACITY - free - scenario.log.length - owners;
  promise(
    capacity === LOG_CAPACITY && used >= 0 && used <= LOG_WRITTEN + owners,
    () => `the log has ${free} of ${capacity} words free after ${scenario.log.length} words`,
  );
  return address;
}

async function checkOwner({ session }: Connection, { owner }: Scenario): Promise<void> {
  const access = await session.send("ACCESS", {});
  const kept = owner === undefined ? access.owned === 0 : stillOwned(owner, access);
  promise(
    kept,
    () => `the board's owner or his policy has changed: owned ${access.owned}, policy ${access.policy}`,
  );
}

/** As the message of a job that was cut off elsewhere says: give that up first. */
async function flashAgain(connection: Connection, scenario: Scenario): Promise<void> {
  const image = imageOf(scenario);
  const options = flashOptions(scenario);
  try {
    await flashImage(connection, image, options);
  } catch (error) {
    if (!(error instanceof UnfinishedElsewhereError)) throw error;
    await eraseRange(connection, error.address, error.length);
    await flashImage(connection, image, options);
  }
}

/** An emulated board with the real bootloader, on a cable, in this process and in board time; and what it costs. */

import { bootloaderImage, readBoard } from "../src/cli/board-files.js";
import type { EmulatedBoardOptions } from "../src/emulator/board/board-options.js";
import { EmulatedBoard } from "../src/emulator/board/emulated-board.js";
import type { CdcPort } from "../src/emulator/usb/cdc.js";
import { Connection, flashImage } from "../src/flasher/index.js";
import { Session } from "../src/protocol/session.js";
import { seededRandom } from "../src/protocol/testing/fake-link.js";
import type { Timers, Transport } from "../src/protocol/transport.js";
import { type Advanceable, Pump } from "../src/transport/emulated/pump.js";
import { boardTimers, EmulatedTransport } from "../src/transport/emulated/transport.js";

export const BOARD = "emulated";
/** Where the bench writes: the factory's boot address. */
export const ADDRESS = 0x9010_0000;

const ENUMERATION_LIMIT_NS = 5e9;
/** Behind every image of the bench; the last sector of the application region. */
const SPARE_SECTOR = 0x90ff_b000;

/** What a job took. */
export interface Costs {
  /** Seconds of board time, from HELLO to the last answer. */
  readonly boardSeconds: number;
  /** Seconds on this machine's clock, emulator included. */
  readonly wallSeconds: number;
  /** Seconds of processor time for everything but the emulated board: the flasher, and Node itself. */
  readonly cpuSeconds: number;
  /** Bytes in both directions through the CDC port. */
  readonly usbBytes: number;
}

export interface Rig {
  readonly board: EmulatedBoard;
  readonly port: CdcPort;
  readonly timers: Timers;
  /** Opens a session and runs the job. */
  measure(job: (connection: Connection) => Promise<unknown>): Promise<Costs>;
}

/** A board whose flash holds `content` at ADDRESS and is blank elsewhere, powered, unplugged. */
export function makeBoard(
  content: Uint8Array,
  seed: number,
  options: Partial<EmulatedBoardOptions> = {},
): EmulatedBoard {
  const board = new EmulatedBoard({
    board: readBoard(BOARD),
    random: seededRandom(seed),
    onMessage: (message) => {
      if (/fault|lockup/i.test(message)) throw new Error(`the board reports: ${message}`);
    },
    ...options,
  });
  board.loadInternal(bootloaderImage(BOARD));
  board.flashChip.content.set(content, ADDRESS - board.board.flash.address);
  return board;
}

/**
 * As `makeBoard`, plugged in and enumerated, and flashed once before: the very first flashing of a chip costs one sector
 * erase more, because the bootloader's journal is then made.
 */
export async function makeRig(content: Uint8Array, seed: number): Promise<Rig> {
  return rigOf(makeBoard(content, seed), seed);
}

/** The same with a board that is there already, powered off and unplugged. */
export async function rigOf(board: EmulatedBoard, seed: number): Promise<Rig> {
  board.plug();
  board.powerOn();
  const port = enumerate(board);
  const timers = boardTimers(board);
  const rig: Rig = { board, port, timers, measure: (job) => measure(board, port, timers, job) };
  await rig.measure((connection) => writeBytes(connection, SPARE_SECTOR, Uint8Array.of(seed)));
  return rig;
}

/** What `imflasher flash` does with a .bin. */
export function writeBytes(connection: Connection, address: number, bytes: Uint8Array): Promise<unknown> {
  return flashImage(connection, { format: "bin", segments: [{ address, bytes }], entry: undefined });
}

export function enumerate(board: EmulatedBoard): CdcPort {
  board.host.onCdc(() => board.interrupt());
  while (board.host.cdc === undefined) {
    if (board.now > ENUMERATION_LIMIT_NS) throw new Error("the bootloader does not appear on USB");
    board.advance(board.now + 1e6);
  }
  return board.host.cdc;
}

/** Keeps the board's time going while the job is under way. */
export async function pumped<T>(board: Advanceable, job: () => Promise<T>): Promise<T> {
  const pump = new Pump(board, () => new Promise((resolve) => setImmediate(resolve)));
  let failure: unknown;
  pump.start((error) => {
    failure = error;
  });
  const result = await job();
  await pump.stop();
  if (failure !== undefined) throw failure;
  return result;
}

function measure(
  board: EmulatedBoard,
  port: CdcPort,
  timers: Timers,
  job: (connection: Connection) => Promise<unknown>,
): Promise<Costs> {
  const meter = new Meter(board);
  const transport = meter.watch(new EmulatedTransport("emulated board", board, port));
  return pumped(meter, async () => {
    const bytesBefore = usbBytes(port);
    const started = { board: board.now, wall: performance.now(), cpu: cpuMicroseconds() };
    const connection = await Connection.open(() => Session.open(transport, timers));
    await job(connection);
    const costs = {
      boardSeconds: (board.now - started.board) / 1e9,
      wallSeconds: (performance.now() - started.wall) / 1e3,
      cpuSeconds: (cpuMicroseconds() - started.cpu - meter.boardMicroseconds) / 1e6,
      usbBytes: usbBytes(port) - bytesBefore,
    };
    await connection.close();
    return costs;
  });
}

/** Tells the emulated board's processor time from the rest: it lives in the same process. */
export class Meter implements Advanceable {
  /** Processor time inside the emulator. */
  boardMicroseconds = 0;
  readonly #arrived: (() => void)[] = [];
  readonly #board: EmulatedBoard;

  constructor(board: EmulatedBoard) {
    this.#board = board;
  }

  get now(): number {
    return this.#board.now;
  }

  advance(untilNs: number): void {
    const started = cpuMicroseconds();
    this.#board.advance(untilNs);
    this.boardMicroseconds += cpuMicroseconds() - started;
    for (const deliver of this.#arrived.splice(0)) deliver();
  }

  interrupt(): void {
    this.#board.interrupt();
  }

  /** What arrives ends the slice; it is handled behind it, at the same board time: that is the flasher's work. */
  watch(transport: Transport): Transport {
    return {
      name: transport.name,
      write: (bytes) => transport.write(bytes),
      onData: (receiver) => transport.onData((bytes) => this.#arrived.push(() => receiver(bytes))),
      onClose: (receiver) => transport.onClose(receiver),
      close: () => transport.close(),
    };
  }
}

export function usbBytes({ statistics }: CdcPort): number {
  return statistics.bytesOut + statistics.bytesIn;
}

export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

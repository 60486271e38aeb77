/**
 * The whole system in one process and in board time: real firmware images on the emulated board, the flasher's own
 * code on the other end of the emulated USB cable. Everything follows from one seed.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { bigApplication, exampleImage } from "../../examples/big.js";
import type { Board } from "../../src/boards/board.js";
import { internalImage, readBoard } from "../../src/cli/board-files.js";
import { installSecondStage } from "../../src/cli/emulated/make-board.js";
import type { BoardState, EmulatedBoardOptions } from "../../src/emulator/board/board-options.js";
import { EmulatedBoard } from "../../src/emulator/board/emulated-board.js";
import type { CdcPort } from "../../src/emulator/usb/cdc.js";
import {
  boot,
  Connection,
  type FlashOptions,
  type FlashReport,
  flashImage,
} from "../../src/flasher/index.js";
import type { Image } from "../../src/image/image.js";
import { loadImage } from "../../src/image/load.js";
import { Session } from "../../src/protocol/session.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { Pump } from "../../src/transport/emulated/pump.js";
import { boardTimers, EmulatedTransport } from "../../src/transport/emulated/transport.js";
import { ROOT } from "../tools/root.js";

/** Where applications are linked. */
export const BASE = 0x9010_0000;
const MS = 1e6;
/** Board time that one job may take before it counts as hanging. */
const JOB_LIMIT_MS = 300_000;
/** Board time from power to the port: debouncing, reset, enumeration. */
const PORT_LIMIT_MS = 3000;

/** No board came up within the time that a user waits. */
export class NoPortError extends Error {
  override readonly name = "NoPortError";
}

export interface BenchOptions extends Partial<Omit<EmulatedBoardOptions, "onMessage" | "onConsole">> {
  /** Name of a file in boards/, or a board file's path: the wiring. Default "emulated". */
  readonly name?: string;
  /** Board whose bootloader is put in; default: `name`. */
  readonly bootloader?: string;
  readonly seed?: number;
  /** What survived an earlier board's power-off. */
  readonly state?: Omit<BoardState, "uniqueId">;
}

const boards = new Map<string, Board>();
const images = new Map<string, Uint8Array>();

/** A board's file, as `readBoard` reads it: once for all benches. */
export function boardNamed(name: string): Board {
  const board = boards.get(name) ?? readBoard(name);
  boards.set(name, board);
  return board;
}

function imageNamed(name: string): Uint8Array {
  const image = images.get(name) ?? internalImage(name);
  images.set(name, image);
  return image;
}

/** A board on the desk with its bootloader, powered off and unplugged, and somebody who watches it. */
export class Bench {
  readonly board: EmulatedBoard;
  /** Lines that the application printed. */
  readonly console: string[] = [];
  /** What the emulator had to say. */
  readonly messages: string[] = [];
  #failed: (error: unknown) => void = () => {};
  #arrived: (port: CdcPort) => void = () => {};

  constructor(options: BenchOptions = {}) {
    const { name = "emulated", bootloader = name, seed = 1, state, ...rest } = options;
    this.board = new EmulatedBoard({
      board: boardNamed(name),
      random: seededRandom(seed),
      onMessage: (message) => this.messages.push(message),
      onConsole: (line) => this.console.push(line),
      ...rest,
    });
    if (state === undefined) {
      this.board.loadInternal(imageNamed(bootloader));
      installSecondStage(this.board, bootloader);
    } else this.board.load(state);
    this.board.host.onCdc((port) => this.#arrived(port));
  }

  /** Plugs the cable in and switches on. */
  start(): this {
    this.board.plug();
    this.board.powerOn();
    return this;
  }

  /** Presses the reset button; the board has left the bus when this returns. */
  reset(): void {
    this.board.pressReset();
    this.run(1);
  }

  /** Lets board time pass with nobody talking. */
  run(milliseconds: number): void {
    this.board.advance(this.board.now + milliseconds * MS);
  }

  /** Lets board time pass until `done`. @returns milliseconds of board time that it took; fails after `limit` of them. */
  runUntil(done: () => boolean, limit: number, what: string): number {
    const start = this.board.now;
    while (!done()) {
      assert.ok(this.board.now - start < limit * MS, `${what}: not within ${limit} ms; ${this.story()}`);
      this.board.advance(this.board.now + MS);
    }
    return (this.board.now - start) / MS;
  }

  /** Keeps the board going until `job` has ended. */
  async drive<T>(job: Promise<T>): Promise<T> {
    const pump = new Pump(this.board, () => {
      this.watch();
      return setImmediate();
    });
    const failure = new Promise<never>((_, reject) => {
      this.#failed = reject;
    });
    const cancel = this.board.after(JOB_LIMIT_MS * MS, () =>
      this.#failed(new Error(`the job hangs; ${this.story()}`)),
    );
    pump.start((error) => this.#failed(error));
    try {
      return await Promise.race([job, failure]);
    } finally {
      cancel();
      await pump.stop();
    }
  }

  /** Called after each slice of board time while driven. */
  protected watch(): void {}

  /** The board's serial port as soon as there is one. Only while driven. */
  port(): Promise<CdcPort> {
    const { cdc } = this.board.host;
    if (cdc !== undefined) return Promise.resolve(cdc);
    return new Promise((resolve, reject) => {
      const cancel = this.board.after(PORT_LIMIT_MS * MS, () =>
        reject(new NoPortError(`no port within ${PORT_LIMIT_MS} ms; ${this.story()}`)),
      );
      this.#arrived = (port) => {
        cancel();
        resolve(port);
        this.board.interrupt();
      };
    });
  }

  async session(): Promise<Session> {
    const transport = new EmulatedTransport("emulated board", this.board, await this.port());
    return Session.open(transport, boardTimers(this.board));
  }

  connect(): Promise<Connection> {
    return Connection.open(() => this.session());
  }

  /** Runs `job` over a connection that is closed afterwards. */
  with<T>(job: (connection: Connection) => Promise<T>): Promise<T> {
    return this.drive(
      (async () => {
        const connection = await this.connect();
        try {
          return await job(connection);
        } finally {
          await connection.close();
        }
      })(),
    );
  }

  /** Flashes and starts the program, as `imflasher flash` does. */
  flashAndBoot(image: Image, options: FlashOptions = {}): Promise<FlashReport> {
    return this.with(async (connection) => {
      const report = await flashImage(connection, image, options);
      await boot(connection, image.segments[0]?.address ?? 0);
      return report;
    });
  }

  /** Lets board time pass until the application has printed a line that matches. */
  waitConsole(pattern: RegExp, limit = 2000): string {
    this.runUntil(() => this.console.some((line) => pattern.test(line)), limit, `console ${pattern}`);
    return this.console.find((line) => pattern.test(line)) ?? "";
  }

  /** The flash chip's bytes at an address as the CPU sees it. */
  flash(address: number, length: number): Uint8Array {
    const at = address - this.board.board.flash.address;
    return this.board.flashChip.content.subarray(at, at + length);
  }

  story(): string {
    const { host, powered } = this.board;
    return [
      `USB ${host.state}, ${powered ? "powered" : "off"}, board time ${this.board.now / MS} ms`,
      ...this.console.slice(-5).map((line) => `console: ${line}`),
      ...this.messages.slice(-10),
    ].join("\n");
  }
}

export function bin(bytes: Uint8Array, address = BASE): Image {
  return loadImage(bytes, "test.bin", { address });
}

export function blink(): Uint8Array {
  return exampleImage(ROOT, "blink.bin");
}

/** A program that says whether all of it is there: examples/big with a payload of `payload` bytes drawn from `seed`. */
export function summing(payload: number, seed: number): Uint8Array {
  return bigApplication(exampleImage(ROOT, "big.bin"), payload, seed);
}

/** What `summing` prints when it is whole. */
export const WHOLE = /^big: payload of (\d+) bytes at 0x9010[0-9a-f]{4}, sum right /;

export function exampleFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(ROOT, "examples", "images", "emulated", name)));
}

/**
 * A program that was linked for BASE, for another address: every word of it that is an address in its first 64 KiB
 * moves along. Enough for the examples, whose addresses are words.
 */
export function movedTo(program: Uint8Array, address: number): Uint8Array {
  const moved = program.slice();
  const view = new DataView(moved.buffer);
  for (let at = 0; at + 4 <= moved.length; at += 4) {
    const word = view.getUint32(at, true);
    if (word >>> 16 === BASE >>> 16) view.setUint32(at, word - BASE + address, true);
  }
  return moved;
}

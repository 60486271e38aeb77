/** The world of a command line under test: what it prints is kept, files are in memory, the board is a stand-in. */
import assert from "node:assert/strict";
import type { FileParts } from "../image/load.js";
import { FakeBootloader } from "../protocol/testing/fake-bootloader.js";
import { FakeFlash } from "../protocol/testing/fake-flash.js";
import { FakeLink, seededRandom } from "../protocol/testing/fake-link.js";
import type { Transport } from "../protocol/transport.js";
import type { BoardPort } from "../transport/node/ports.js";
import { InstantTimers } from "../transport/node/testing.js";
import { readBoard } from "./board-files.js";
import type { BoardRequest, CliIo, Output } from "./io.js";
import { main } from "./program.js";

/** Where applications are linked. */
export const BASE = 0x90100000;

class Screen implements Output {
  text = "";
  isTTY = false;
  columns = 100;

  write(text: string): void {
    this.text += text;
  }
}

export class TestWorld {
  readonly stdout = new Screen();
  readonly stderr = new Screen();
  readonly files = new Map<string, Uint8Array>();
  /** Names of programs on the PATH. */
  programs: readonly string[] = [];
  /** Files written with mode 0600. */
  readonly privateFiles = new Set<string>();
  /** What a person types where nothing is shown; empty: there is no terminal. */
  typed: string[] = [];
  env: Record<string, string> = {};
  date = Date.UTC(2026, 5, 1);
  readonly #random = seededRandom(1);
  readonly timers = new InstantTimers();
  readonly board: FakeBootloader;
  /** What `connect` was asked for. */
  readonly requests: BoardRequest[] = [];
  readonly interrupt = new AbortController();
  ports: BoardPort[] = [];
  /** Boards that are reached by their id; any other request reaches `board`. */
  readonly others = new Map<string, FakeBootloader>();
  /** Called in place of opening the board's port. */
  open: () => Promise<Transport>;
  closedLinks = 0;

  constructor(flash: FakeFlash = new FakeFlash()) {
    this.board = new FakeBootloader(flash, this.timers);
    this.open = async () => new FakeLink(this.board, this.timers);
  }

  /** Runs a command line; @returns the exit code. */
  run(...argv: string[]): Promise<number> {
    this.stdout.text = "";
    this.stderr.text = "";
    return main(argv, this.io());
  }

  /** The objects that --json printed. */
  objects(): Record<string, unknown>[] {
    const lines = this.stdout.text.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  io(): CliIo {
    return {
      stdout: this.stdout,
      stderr: this.stderr,
      signal: this.interrupt.signal,
      now: () => this.timers.now(),
      readFile: async (path) => this.files.get(path) ?? fail("ENOENT", path),
      readParts: async (path) => fileParts(this.files.get(path) ?? fail("ENOENT", path)),
      writeFile: async (path, bytes) => {
        if (path.startsWith("/")) fail("EACCES", path);
        this.files.set(path, bytes.slice());
      },
      replaceFile: async (path, bytes) => {
        this.files.set(path, bytes.slice());
      },
      findFiles: async (_, ending) => [...this.files.keys()].filter((path) => path.endsWith(ending)).sort(),
      findProgram: async (name) => (this.programs.includes(name) ? `/usr/bin/${name}` : undefined),
      writePrivateFile: async (path, bytes) => {
        this.files.set(path, bytes.slice());
        this.privateFiles.add(path);
      },
      date: () => this.date,
      random: (count) => Uint8Array.from({ length: count }, () => Math.floor(this.#random() * 256)),
      askSecret: async () => this.typed.shift(),
      env: this.env,
      configFolder: "config",
      listPorts: async () => this.ports,
      readLines: () => () => undefined,
      connect: async (request) => {
        this.requests.push(request);
        return {
          timers: this.timers,
          open: async () => {
            const other = this.others.get(request.serial ?? "");
            return other === undefined ? this.open() : new FakeLink(other, this.timers);
          },
          close: async () => {
            this.closedLinks++;
          },
        };
      },
      openBoard: async (name) => fail("no board is run here", readBoard(name).name),
    };
  }
}

function fail(code: string, path: string): never {
  throw Object.assign(new Error(`${code}: ${path}`), { code });
}

/** A program with a plausible vector table, `length` bytes. */
export function program(length: number, seed = 1): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20020000, true);
  view.setUint32(4, BASE + 0x401, true);
  return bytes;
}

export function world(flash?: FakeFlash): TestWorld {
  const made = new TestWorld(flash);
  made.files.set("app.bin", program(10_000));
  made.files.set("empty.bin", new Uint8Array(0));
  return made;
}

/** Runs a command line that has to fail: message on stderr, exit code, and nothing on stdout. */
export async function fails(
  made: TestWorld,
  argv: readonly string[],
  code: number,
  message: RegExp,
): Promise<void> {
  assert.equal(await made.run(...argv), code, `${argv.join(" ")}: ${made.stderr.text}`);
  assert.match(made.stderr.text, message);
  assert.match(made.stderr.text, /^imflasher: /m);
  assert.equal(made.stdout.text, "");
}

export function untouched(made: TestWorld): void {
  assert.ok(!made.board.log.includes("BEGIN"), "nothing may be changed");
  assert.ok(made.board.flash.bytes.every((byte) => byte === 0xff));
}

/** Bytes as a file that arrives in parts. */
export function fileParts(bytes: Uint8Array, partBytes = 1000): FileParts {
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
  }
  return { size: bytes.length, parts: parts() };
}

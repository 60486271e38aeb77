/**
 * The folder that keeps what survives an emulated board's power-off: `external.bin` (the flash chip's content, raw),
 * `internal.bin` (the internal flash, raw) and `board.json` (unique id, ECC, option bytes, chip registers, backup domain).
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { BoardState } from "../../emulator/board/emulated-board.js";

/** The folder cannot be used: it is in use, or holds something else. */
export class StateFolderError extends Error {
  override readonly name = "StateFolderError";
}

interface StoredBoard {
  readonly format: 1;
  readonly board: string;
  readonly uniqueId: string;
  readonly internal: { readonly programmed: readonly number[]; readonly broken: readonly number[] };
  readonly options: BoardState["internal"]["options"];
  readonly externalRegisters: BoardState["externalRegisters"];
  readonly backup: BoardState["backup"];
}

/** Where `--state` was not given: the user's data folder (XDG base directory specification). */
export function defaultStateFolder(board: string, env: NodeJS.ProcessEnv = process.env): string {
  const data = env["XDG_DATA_HOME"];
  const base = data === undefined || data === "" ? join(homedir(), ".local", "share") : data;
  return join(base, "imflasher", board);
}

/** Written whole or not at all: a crash leaves the file of before. */
function writeWhole(path: string, content: Uint8Array | string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

export class StateFolder {
  readonly path: string;
  readonly #board: string;
  /** A raw file of the user's own for the flash chip's content, in place of external.bin. */
  readonly #external: string;

  /**
   * Takes the folder for this process; `release` gives it back.
   * @param board name of the board whose state it is
   * @param external file for the flash chip's content; default: external.bin in the folder
   * @throws StateFolderError when another process has it
   */
  constructor(path: string, board: string, external?: string) {
    this.path = resolve(path);
    this.#board = board;
    this.#external = external ?? join(this.path, "external.bin");
    mkdirSync(this.path, { recursive: true });
    this.#lock();
  }

  /** @returns undefined when the folder is new. @throws StateFolderError */
  read(flashBytes: number): BoardState | undefined {
    const file = join(this.path, "board.json");
    if (!existsSync(file)) return undefined;
    const stored = this.#parse(file);
    const external = readFileSync(this.#external);
    if (external.length !== flashBytes) {
      throw this.#unusable(`${this.#external}: expected ${flashBytes} bytes, found ${external.length}`);
    }
    const bytes = readFileSync(join(this.path, "internal.bin"));
    return {
      uniqueId: Uint8Array.from(Buffer.from(stored.uniqueId, "hex")),
      internal: { cells: { bytes: new Uint8Array(bytes), ...stored.internal }, options: stored.options },
      external: new Uint8Array(external),
      externalRegisters: stored.externalRegisters,
      backup: stored.backup,
    };
  }

  write(state: BoardState): void {
    const { cells, options } = state.internal;
    const stored: StoredBoard = {
      format: 1,
      board: this.#board,
      uniqueId: Buffer.from(state.uniqueId).toString("hex"),
      internal: { programmed: cells.programmed, broken: cells.broken },
      options,
      externalRegisters: state.externalRegisters,
      backup: state.backup,
    };
    writeWhole(this.#external, state.external);
    writeWhole(join(this.path, "internal.bin"), cells.bytes);
    writeWhole(join(this.path, "board.json"), `${JSON.stringify(stored, undefined, 2)}\n`);
  }

  release(): void {
    rmSync(this.#lockFile, { force: true });
  }

  get #lockFile(): string {
    return join(this.path, "in-use");
  }

  #lock(): void {
    const holder = existsSync(this.#lockFile) ? Number(readFileSync(this.#lockFile, "utf8")) : 0;
    if (holder !== 0 && holder !== process.pid && isRunning(holder)) {
      throw new StateFolderError(
        `${this.path}: in use by process ${holder}: two boards cannot share one flash chip\n` +
          "end that process, or give this board a folder of its own: --state DIR (or --state none)",
      );
    }
    writeFileSync(this.#lockFile, String(process.pid));
  }

  #parse(file: string): StoredBoard {
    let stored: StoredBoard;
    try {
      stored = JSON.parse(readFileSync(file, "utf8")) as StoredBoard;
    } catch (cause) {
      throw this.#unusable(`${file}: not JSON: ${(cause as Error).message}`);
    }
    if (stored.format !== 1) throw this.#unusable(`${file}: expected format 1, found ${stored.format}`);
    if (stored.board !== this.#board) {
      throw this.#unusable(`${file}: expected the state of board "${this.#board}", found "${stored.board}"`);
    }
    return stored;
  }

  #unusable(what: string): StateFolderError {
    this.release();
    return new StateFolderError(
      `${what}\nuse another folder (--state DIR), or delete this one to begin anew`,
    );
  }
}

/** A unique id for a new board: 12 bytes. */
export function newUniqueId(): Uint8Array {
  return new Uint8Array(randomBytes(12));
}

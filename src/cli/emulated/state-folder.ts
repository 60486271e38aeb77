/**
 * The folder that keeps what survives an emulated board's power-off: `external.bin` (the flash chip's content, raw;
 * `external2.bin` that of a second chip, `spi-flash.bin` that of one on an SPI), `internal.bin` (the internal flash, raw) and `board.json` (unique id, ECC, option bytes, chip registers, backup domain).
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { BoardState } from "../../emulator/board/board-options.js";
import { formatStoredBoard, parseStoredBoard, type StoredBoard, StoredBoardError } from "./stored-board.js";

/** The folder cannot be used: it is in use, or holds something else. */
export class StateFolderError extends Error {
  override readonly name = "StateFolderError";
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

/** A board as it was left. */
export interface KeptState {
  readonly state: BoardState;
  /** SHA-256 of the image that was put into the internal flash last, hexadecimal; undefined: not known. */
  readonly installed: string | undefined;
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

  /**
   * @param flashBytes of the flash chip
   * @param spiFlashBytes of the one on an SPI, 0 without
   * @param internalBytes of the internal flash
   * @returns undefined when the folder is new. @throws StateFolderError
   */
  read(flashBytes: number, internalBytes: number, spiFlashBytes: number): KeptState | undefined {
    const file = join(this.path, "board.json");
    if (!existsSync(file)) return undefined;
    const stored = this.#parse(file, internalBytes);
    const external = this.#content(this.#external, flashBytes);
    const bytes = this.#content(join(this.path, "internal.bin"), internalBytes);
    const registers = stored.secondRegisters;
    const second =
      registers === undefined ? undefined : { external: this.#content(this.#second, flashBytes), registers };
    const spi = stored.spiFlashRegisters;
    const spiFlash =
      spi === undefined || spiFlashBytes === 0
        ? undefined
        : { content: this.#content(this.#spiFlash, spiFlashBytes), registers: spi };
    const state: BoardState = {
      uniqueId: stored.uniqueId,
      internal: { cells: { bytes, ...stored.internal }, options: stored.options },
      external,
      externalRegisters: stored.externalRegisters,
      backup: stored.backup,
      ...(second === undefined ? {} : { second }),
      ...(spiFlash === undefined ? {} : { spiFlash }),
    };
    return { state, installed: stored.installed };
  }

  /** @throws StateFolderError when the file has another length */
  #content(file: string, expected: number): Uint8Array {
    const bytes = readFileSync(file);
    if (bytes.length !== expected)
      throw this.unusable(`${file}: expected ${expected} bytes, found ${bytes.length}`);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** @param installed SHA-256 of the image that was put into the internal flash last, hexadecimal */
  /** @param flash false: the flash chips hold what they held at the last writing */
  write(state: BoardState, installed: string, flash: boolean): void {
    const { cells, options } = state.internal;
    const stored: StoredBoard = {
      uniqueId: state.uniqueId,
      internal: { programmed: cells.programmed, broken: cells.broken },
      options,
      externalRegisters: state.externalRegisters,
      backup: state.backup,
      ...(state.second === undefined ? {} : { secondRegisters: state.second.registers }),
      ...(state.spiFlash === undefined ? {} : { spiFlashRegisters: state.spiFlash.registers }),
      installed,
    };
    if (flash) this.#writeFlash(state);
    writeWhole(join(this.path, "internal.bin"), cells.bytes);
    writeWhole(join(this.path, "board.json"), formatStoredBoard(this.#board, stored));
  }

  #writeFlash({ external, second, spiFlash }: BoardState): void {
    writeWhole(this.#external, external);
    if (second !== undefined) writeWhole(this.#second, second.external);
    if (spiFlash !== undefined) writeWhole(this.#spiFlash, spiFlash.content);
  }

  release(): void {
    rmSync(this.#lockFile, { force: true });
  }

  get #second(): string {
    return join(this.path, "external2.bin");
  }

  get #spiFlash(): string {
    return join(this.path, "spi-flash.bin");
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

  #parse(file: string, internalBytes: number): StoredBoard {
    try {
      return parseStoredBoard(this.#board, readFileSync(file, "utf8"), internalBytes);
    } catch (error) {
      if (!(error instanceof StoredBoardError)) throw error;
      throw this.unusable(`${file}: ${error.message}`);
    }
  }

  /** Gives the folder back. @returns what to throw */
  unusable(what: string): StateFolderError {
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

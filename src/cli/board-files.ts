import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Board, runsBootloader } from "../boards/board.js";
import { loadBoard } from "../boards/check.js";
import { isBoardPath, boardNames as namesAmong } from "../boards/names.js";
import { FileError, UsageError } from "./errors.js";
import { packageRoot } from "./package-root.js";

/** Names of the files in `boards/`, ascending. */
export function boardNames(): string[] {
  return namesAmong(readdirSync(join(packageRoot(), "boards")));
}

/** @throws UsageError */
function boardFile(nameOrPath: string): string {
  if (isBoardPath(nameOrPath)) return nameOrPath;
  const known = boardNames();
  if (known.includes(nameOrPath)) return join(packageRoot(), "boards", `${nameOrPath}.json`);
  throw new UsageError(
    `board: expected one of: ${known.join(", ")}, or a board file such as ./mine.json; found ${JSON.stringify(nameOrPath)}`,
  );
}

function read(file: string, what: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new FileError(`${file}: ${what}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * @param nameOrPath a file's name in `boards/`, or the path of a board file
 * @throws UsageError when there is no such board; FileError; BoardFileError when its file is wrong
 */
export function readBoard(nameOrPath: string): Board {
  const file = boardFile(nameOrPath);
  const text = new TextDecoder().decode(read(file, "the board's file cannot be read"));
  return loadBoard(file, text);
}

/** The folder of a board's built firmware: NAME in firmware/images, or NAME beside the board file. */
export function imageFolder(nameOrPath: string): string {
  return isBoardPath(nameOrPath)
    ? join(dirname(nameOrPath), basename(nameOrPath, ".json"))
    : join(packageRoot(), "firmware", "images", nameOrPath);
}

/** The bootloader that was built for a board. @throws FileError; UsageError when the board can have none */
export function bootloaderImage(nameOrPath: string): Uint8Array {
  if (!runsBootloader(readBoard(nameOrPath)))
    throw new UsageError(
      `${nameOrPath}: there is no IMBootloader for this board, whose two flash chips are one memory: emulate --internal FILE runs programs on it`,
    );
  return builtImage(nameOrPath, "imbootloader.bin");
}

/** What an emulated board has in its internal flash: the bootloader, or the stand-in for its first stage. @throws FileError */
export function internalImage(nameOrPath: string): Uint8Array {
  const keeps = readBoard(nameOrPath).firstStage !== undefined;
  return keeps ? builtImage(nameOrPath, "first-stage.bin") : bootloaderImage(nameOrPath);
}

/** IMSSBL for the slot of a board that has a first stage. @throws FileError */
export function secondStageImage(nameOrPath: string): Uint8Array {
  return builtImage(nameOrPath, "imssbl.exst");
}

function builtImage(nameOrPath: string, name: string): Uint8Array {
  const how = isBoardPath(nameOrPath)
    ? `the board's bootloader cannot be read (build it: ${buildCommand(nameOrPath)})`
    : "the board's bootloader cannot be read";
  return read(join(imageFolder(nameOrPath), name), how);
}

/** What builds the firmware of a board file, in a checkout of the project. */
export function buildCommand(path: string): string {
  return `node dist/firmware/build/build.js --out ${dirname(path)} ${path}`;
}

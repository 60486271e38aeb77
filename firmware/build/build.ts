/**
 * Builds the bootloader: `node dist/firmware/build/build.js [--owner HEXFILE] [--out DIR] [BOARD...]`, all boards when none is
 * named; a BOARD is a name in boards/ or a board file's path. Run in the project's folder; the images go to
 * firmware/images/BOARD. With `--owner`, a file with the 64 hex digits of an authority's public key, the images belong
 * to it from the start. Those and the images of board files elsewhere go to DIR/BOARD: firmware/images holds open ones
 * of the boards in boards/.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { BoardFileError, runsBootloader } from "../../src/boards/board.js";
import { loadBoard } from "../../src/boards/check.js";
import { boardNames, isBoardPath } from "../../src/boards/names.js";
import { buildFirmware, buildFirstStage, writeFirmware } from "./compile.js";
import { StackError } from "./stack.js";
import { BuildError, compilerVersion } from "./toolchain.js";

const IMAGES = "firmware/images";

/** @returns the board's file: BOARD is a name in boards/, or the path of a board file. @throws BuildError */
function boardFile(board: string): string {
  if (isBoardPath(board)) {
    if (existsSync(board)) return board;
    throw new BuildError(`${board}: no such file: expected a board file`);
  }
  const known = boardNames(readdirSync("boards"));
  if (known.includes(board)) return `boards/${board}.json`;
  throw new BuildError(`no boards/${board}.json; there are: ${known.join(", ")}`);
}

function readOwner(file: string): Uint8Array {
  const text = readFileSync(file, "utf8").trim();
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new BuildError(`${file}: expected the 64 hex digits of an Ed25519 public key`);
  }
  return Buffer.from(text, "hex");
}

function build(named: readonly string[], folder: string, owner: Uint8Array | undefined): void {
  for (const name of named.length === 0 ? boardNames(readdirSync("boards")) : named) {
    const file = boardFile(name);
    const board = loadBoard(file, readFileSync(file, "utf8"));
    if (!runsBootloader(board)) {
      if (named.length > 0)
        throw new BuildError(`${file}: IMBootloader does not write two chips as one memory`);
      continue;
    }
    for (const firmware of [buildFirmware(".", board, owner), buildFirstStage(".", board)]) {
      if (firmware === undefined) continue;
      writeFirmware(join(folder, basename(file, ".json")), firmware);
      process.stdout.write(firmware.size);
    }
  }
  if (folder === IMAGES) writeFileSync(join(folder, "COMPILER"), `${compilerVersion()}\n`);
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { owner: { type: "string" }, out: { type: "string" } },
  });
  const { owner, out = IMAGES } = values;
  if (owner !== undefined && out === IMAGES) {
    throw new BuildError(`--owner: name another folder than ${IMAGES} with --out`);
  }
  if (positionals.some(isBoardPath) && out === IMAGES) {
    throw new BuildError(`a board file: name another folder than ${IMAGES} with --out`);
  }
  build(positionals, out, owner === undefined ? undefined : readOwner(owner));
}

try {
  main();
} catch (error) {
  const expected =
    error instanceof BuildError || error instanceof StackError || error instanceof BoardFileError;
  if (!expected) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

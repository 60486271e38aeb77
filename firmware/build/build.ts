/**
 * Builds the bootloader: `node dist/firmware/build/build.js [BOARD...]`, all boards when none is named. Run in the project's
 * folder; the images go to firmware/images/BOARD.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { BoardFileError, parseBoard } from "../../src/boards/board.js";
import { buildFirmware, writeFirmware } from "./compile.js";
import { StackError } from "./stack.js";
import { BuildError, compilerVersion } from "./toolchain.js";

const IMAGES = "firmware/images";

function boardNames(): string[] {
  return readdirSync("boards")
    .filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

function build(names: readonly string[]): void {
  const known = boardNames();
  for (const name of names.length === 0 ? known : names) {
    if (!known.includes(name)) throw new BuildError(`no boards/${name}.json; there are: ${known.join(", ")}`);
    const file = `boards/${name}.json`;
    const firmware = buildFirmware(".", parseBoard(file, readFileSync(file, "utf8")));
    writeFirmware(`${IMAGES}/${name}`, firmware);
    process.stdout.write(firmware.size);
  }
  writeFileSync(`${IMAGES}/COMPILER`, `${compilerVersion()}\n`);
}

try {
  build(process.argv.slice(2));
} catch (error) {
  const expected =
    error instanceof BuildError || error instanceof StackError || error instanceof BoardFileError;
  if (!expected) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

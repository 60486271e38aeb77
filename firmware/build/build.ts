/**
 * Builds the bootloader: `node dist/firmware/build/build.js [--owner HEXFILE] [--out DIR] [BOARD...]`, all boards when none is
 * named. Run in the project's folder; the images go to firmware/images/BOARD. With `--owner`, a file with the 64 hex
 * digits of an authority's public key, the images belong to it from the start and go to DIR/BOARD: firmware/images
 * holds open ones.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
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

function readOwner(file: string): Uint8Array {
  const text = readFileSync(file, "utf8").trim();
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new BuildError(`${file}: expected the 64 hex digits of an Ed25519 public key`);
  }
  return Buffer.from(text, "hex");
}

function build(names: readonly string[], folder: string, owner: Uint8Array | undefined): void {
  const known = boardNames();
  for (const name of names.length === 0 ? known : names) {
    if (!known.includes(name)) throw new BuildError(`no boards/${name}.json; there are: ${known.join(", ")}`);
    const file = `boards/${name}.json`;
    const board = parseBoard(file, readFileSync(file, "utf8"));
    if (board.firstStage !== undefined) continue;
    const firmware = buildFirmware(".", board, owner);
    writeFirmware(`${folder}/${name}`, firmware);
    process.stdout.write(firmware.size);
  }
  writeFileSync(`${folder}/COMPILER`, `${compilerVersion()}\n`);
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

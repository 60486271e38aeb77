/**
 * Builds the examples for the emulated board, or for BOARD: `node dist/examples/build.js [BOARD]`. Run in the project's
 * folder; the images go to examples/images/BOARD.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { boardHeader } from "../firmware/build/board-header.js";
import { FLAGS, MACHINE, runTool, withoutPaths } from "../firmware/build/toolchain.js";
import type { Board } from "../src/boards/board.js";
import { loadBoard } from "../src/boards/check.js";

const EXAMPLES = ["blink", "big", "measure"] as const;
const LINKER_SCRIPT = "examples/common/application.ld";

export interface ExampleImage {
  readonly name: string;
  readonly elf: Uint8Array;
  readonly bin: Uint8Array;
  readonly hex: Uint8Array;
}

function cFiles(root: string, folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".c"));
  return names.sort().map((name) => `${folder}/${name}`);
}

/**
 * Compiles and links one program.
 * @param sources beside those of examples/common
 * @param work folder with board.h, for what is made
 */
function link(root: string, name: string, sources: readonly string[], work: string): ExampleImage {
  const objects = [...cFiles(root, "examples/common"), ...sources].map((source) => {
    const object = join(work, `${source.replaceAll("/", "_")}.o`);
    const includes = ["-iquote", "examples/common", "-iquote", work];
    runTool(root, "gcc", [
      ...FLAGS,
      ...withoutPaths(root, work, source),
      ...includes,
      "-c",
      source,
      "-o",
      object,
    ]);
    return object;
  });
  const at = (kind: string): string => join(work, `${name}.${kind}`);
  const options = [
    "-nostartfiles",
    "--specs=nano.specs",
    "-Wl,--gc-sections,--no-warn-rwx-segments",
    "-T",
    LINKER_SCRIPT,
  ];
  runTool(root, "gcc", [...MACHINE, ...options, ...objects, "-o", at("elf")]);
  runTool(root, "objcopy", ["-O", "binary", at("elf"), at("bin")]);
  runTool(root, "objcopy", ["-O", "ihex", at("elf"), at("hex")]);
  return { name, elf: readFileSync(at("elf")), bin: readFileSync(at("bin")), hex: readFileSync(at("hex")) };
}

/** @param root folder of the project. @throws BuildError */
export function buildExamples(root: string, board: Board): ExampleImage[] {
  return inWorkFolder(board, (work) =>
    EXAMPLES.map((name) => link(resolve(root), name, cFiles(root, `examples/${name}`), work)),
  );
}

/** A program of one's own, with the examples' start-up code and linker script. @throws BuildError */
export function buildProgram(root: string, board: Board, sources: readonly string[]): ExampleImage {
  return inWorkFolder(board, (work) => link(resolve(root), "program", sources, work));
}

function inWorkFolder<T>(board: Board, build: (work: string) => T): T {
  const work = mkdtempSync(join(tmpdir(), "imbootloader-examples-"));
  try {
    writeFileSync(join(work, "board.h"), boardHeader(board));
    return build(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param boardName of a file in boards/ */
export function writeExamples(root: string, boardName: string): void {
  const folder = join(root, "examples", "images", boardName);
  const file = join(root, "boards", `${boardName}.json`);
  mkdirSync(folder, { recursive: true });
  for (const { name, elf, bin, hex } of buildExamples(root, loadBoard(file, readFileSync(file, "utf8")))) {
    writeFileSync(join(folder, `${name}.elf`), elf);
    writeFileSync(join(folder, `${name}.bin`), bin);
    writeFileSync(join(folder, `${name}.hex`), hex);
    console.log(`${folder}/${name}: ${bin.length} bytes`);
  }
}

/** Compiles the firmware for one board. The result depends on sources, board and compiler only, not on any path. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Board } from "../../src/boards/board.js";
import { packExst } from "../../src/image/exst.js";
import { crc32 } from "../../src/protocol/crc32.js";
import { boardHeader } from "./board-header.js";
import { EXCEPTION_FRAME, INDIRECT_CALLS, STACK_MAX } from "./budget.js";
import { ED25519, SIGNING_TABLE } from "./ed25519.js";
import { bootloaderOf, firstStageOf, isForeign, type Program, sourcesOf } from "./programs.js";
import { type DeepestPath, deepestPath, readCallGraph } from "./stack.js";
import { BuildError, FLAGS, MACHINE, runTool, withoutPaths } from "./toolchain.js";

const CMSIS = "node_modules/@xpack-3rd-party/arm-cmsis-core-m/CMSIS/Core/Include";

/** memory.c defines what those patterns would call. */
const FIRMWARE_FLAGS = [...FLAGS, "-fno-tree-loop-distribute-patterns"] as const;

/** Not ours to warn about; `-fwrapv` because it shifts negative numbers, and -O2 because a proof waits for it. */
const ED25519_FLAGS = [
  ...MACHINE,
  ...["-Os", "-std=c11", "-w", "-fwrapv", "-ffunction-sections", "-fdata-sections", "-fno-common", "-g"],
  "-fno-tree-loop-distribute-patterns",
] as const;

export interface Firmware {
  readonly elf: Uint8Array;
  readonly bin: Uint8Array;
  /** What is committed for the board, by file name: the two above among it. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Sections, image size and stack, for people. */
  readonly size: string;
}

interface Linked {
  readonly root: string;
  readonly program: Program;
  readonly board: Board;
  /** Folder for what comes in between. */
  readonly work: string;
}

/** What the compiler makes of a source: its object, and its part of the call graph. */
interface Compiled {
  readonly object: Uint8Array;
  readonly callGraph: Uint8Array;
}

/** Of sources that do not include board.h, by root, includes and name: most of them, and the same for every board. */
const compiled = new Map<string, Compiled>();

function compile(linked: Linked, source: string): string {
  const { root, program, work } = linked;
  const stem = join(work, source.replaceAll("/", "_").slice(0, -2));
  const [object, callGraph] = [`${stem}.o`, `${stem}.ci`];
  const key = [root, ...program.includes, source].join("\n");
  const known = compiled.get(key);
  if (known !== undefined) {
    writeFileSync(object, known.object);
    writeFileSync(callGraph, known.callGraph);
    return object;
  }
  const headers = runCompiler(linked, source, object);
  if (!headers.includes(join(work, "board.h")))
    compiled.set(key, { object: readFileSync(object), callGraph: readFileSync(callGraph) });
  return object;
}

/** @returns what the source includes, as make's rule */
function runCompiler({ root, program, work }: Linked, source: string, object: string): string {
  const rule = object.replace(/\.o$/, ".d");
  const own = [...program.includes, work].flatMap((folder) => ["-iquote", folder]);
  runTool(root, "gcc", [
    ...(isForeign(source) ? ED25519_FLAGS : FIRMWARE_FLAGS),
    ...withoutPaths(root, work, source),
    ...[...own, "-isystem", CMSIS, "-isystem", ED25519],
    ...["-fcallgraph-info=su", "-MMD", "-MF", rule, "-c", source, "-o", object],
  ]);
  return readFileSync(rule, "utf8");
}

function describe({ bytes, path }: DeepestPath): string {
  return `${bytes} bytes: ${path.map((name) => name.slice(name.lastIndexOf(":") + 1)).join(" > ")}`;
}

function stackReport({ program, work }: Linked): string {
  const texts = readdirSync(work)
    .filter((name) => name.endsWith(".ci"))
    .map((name) => readFileSync(join(work, name), "utf8"));
  const graph = readCallGraph(texts);
  const thread = deepestPath(graph, INDIRECT_CALLS, program.threadRoot);
  const interrupts = program.interruptRoots.map((root) => deepestPath(graph, INDIRECT_CALLS, root));
  const interrupt = interrupts.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const total = thread.bytes + EXCEPTION_FRAME + interrupt.bytes;
  const report = [
    `stack ${total} of ${STACK_MAX} bytes`,
    `  thread ${describe(thread)}`,
    `  exception frame ${EXCEPTION_FRAME} bytes`,
    `  interrupt ${describe(interrupt)}`,
  ].join("\n");
  if (total > STACK_MAX) throw new BuildError(`the stack budget does not hold:\n${report}`);
  return report;
}

function sizeReport(linked: Linked, elf: string, image: Uint8Array): string {
  const { root, program, board } = linked;
  const { imageMax } = program;
  const percent = ((100 * image.length) / imageMax).toFixed(1);
  const line = `image ${image.length} of ${imageMax} bytes (${percent} %)`;
  if (image.length > imageMax) throw new BuildError(`${board.name}: ${line}: too large`);
  const sections = runTool(root, "size", ["-A", elf])
    .split("\n")
    .filter((text) => /^\.(?!debug|comment|ARM)/.test(text))
    .map((text) => {
      const [name = "", bytes = "", address = ""] = text.split(/\s+/);
      return `  ${name.padEnd(10)} ${bytes.padStart(7)} bytes at 0x${Number(address).toString(16).padStart(8, "0")}`;
    });
  return `${[`board ${board.name}`, line, ...sections, stackReport(linked)].join("\n")}\n`;
}

function checkNoSigning(root: string, elf: string): void {
  if (SIGNING_TABLE.test(runTool(root, "nm", [elf]))) {
    throw new BuildError("the image holds ge.c's table `base`, which only signing needs: what calls it?");
  }
}

/** Links with the CRC that IMBootloader's identification block shall tell. @returns the image */
function linkElf(
  { root, program }: Linked,
  objects: readonly string[],
  elf: string,
  crc: number,
): Uint8Array {
  runTool(root, "gcc", [
    ...MACHINE,
    "-nostdlib",
    "-Wl,--gc-sections,--fatal-warnings,--no-warn-rwx-segments",
    `-Wl,--defsym=image_crc=${crc}`,
    "-T",
    program.linkerScript,
    ...objects,
    "-lgcc",
    "-o",
    elf,
  ]);
  const bin = elf.replace(/\.elf$/, ".bin");
  runTool(root, "objcopy", ["-O", "binary", "--gap-fill", "0xff", elf, bin]);
  return readFileSync(bin);
}

function link(linked: Linked, owner: Uint8Array | undefined): Firmware {
  const { root, program, board, work } = linked;
  const { name } = program;
  writeFileSync(join(work, "board.h"), boardHeader(board, owner));
  const objects = sourcesOf(root, program).map((source) => compile(linked, source));
  const at = (ending: string): string => join(work, `${name}.${ending}`);
  const elfFile = at("elf");
  // docs/protocol.md, section 13.1: over the image with 0 in the CRC's place, which the first link gives.
  const draft = linkElf(linked, objects, elfFile, 0);
  const bin = name === "imbootloader" ? linkElf(linked, objects, elfFile, crc32(draft)) : draft;
  checkNoSigning(root, elfFile);
  const elf = readFileSync(elfFile);
  const size = sizeReport(linked, elfFile, bin);
  const files = new Map<string, Uint8Array>([
    [`${name}.elf`, elf],
    [`${name}.bin`, bin],
    [name === "first-stage" ? "first-stage.size.txt" : "size.txt", Buffer.from(size)],
  ]);
  if (name === "imbootloader") {
    runTool(root, "objcopy", ["-O", "ihex", elfFile, at("hex")]);
    files.set(`${name}.hex`, readFileSync(at("hex")));
  }
  if (name === "imssbl")
    files.set(`${name}.exst`, packExst(`${name}.bin`, bin, board.firstStage?.slot.length));
  return { elf, bin, files, size };
}

function build(root: string, program: Program, board: Board, owner?: Uint8Array): Firmware {
  const work = mkdtempSync(join(tmpdir(), `${program.name}-`));
  try {
    return link({ root: resolve(root), program, board, work }, owner);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param root folder of the project
 * @param owner Ed25519 public key of 32 bytes that owns the board from the start; none: the board starts open
 * @throws BuildError, StackError
 */
export function buildFirmware(root: string, board: Board, owner?: Uint8Array): Firmware {
  return build(root, bootloaderOf(board), board, owner);
}

/** @returns undefined for a board that has no first stage. @throws BuildError, StackError */
export function buildFirstStage(root: string, board: Board): Firmware | undefined {
  const program = firstStageOf(board);
  return program === undefined ? undefined : build(root, program, board);
}

/** Writes the files that are committed for a board. */
export function writeFirmware(folder: string, firmware: Firmware): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of firmware.files) writeFileSync(join(folder, name), bytes);
}

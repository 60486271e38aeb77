/** Compiles the firmware for one board. The result depends on sources, board and compiler only, not on any path. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Board } from "../../src/boards/board.js";
import { boardHeader } from "./board-header.js";
import {
  EXCEPTION_FRAME,
  IMAGE_MAX,
  INDIRECT_CALLS,
  INTERRUPT_ROOTS,
  STACK_MAX,
  THREAD_ROOT,
} from "./budget.js";
import { type DeepestPath, deepestPath, readCallGraph } from "./stack.js";
import { BuildError, FLAGS, MACHINE, runTool, withoutPaths } from "./toolchain.js";

const CMSIS = "node_modules/@xpack-3rd-party/arm-cmsis-core-m/CMSIS/Core/Include";
/** Ed25519 verification, compiled from where npm puts it: nothing of it is copied into the project. */
const ED25519 = "node_modules/ed25519-supercop/vendor/ed25519/src";
const ED25519_SOURCES = ["fe.c", "ge.c", "sc.c", "sha512.c", "verify.c"].map((name) => `${ED25519}/${name}`);
/** ge.c's table for signing, 30 KiB: the linker leaves it out as long as nothing signs. */
const SIGNING_TABLE = /\bbase(\.\d+)?$/m;
const SOURCE_FOLDERS = ["firmware/core", "firmware/drivers", "firmware/board"] as const;
const LINKER_SCRIPT = "firmware/board/stm32h750.ld";

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
  readonly hex: Uint8Array;
  /** Sections, image size and stack, for people. */
  readonly size: string;
}

function sources(root: string): string[] {
  return SOURCE_FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".c"))
      .sort()
      .map((name) => `${folder}/${name}`),
  );
}

function compile(root: string, source: string, work: string): string {
  const object = join(work, `${source.replaceAll("/", "_").slice(0, -2)}.o`);
  const paths = withoutPaths(root, work, source);
  const includes = [
    "-iquote",
    "firmware/core",
    "-iquote",
    "firmware/drivers",
    "-iquote",
    work,
    "-isystem",
    CMSIS,
    "-isystem",
    ED25519,
  ];
  runTool(root, "gcc", [
    ...(source.startsWith(ED25519) ? ED25519_FLAGS : FIRMWARE_FLAGS),
    ...paths,
    ...includes,
    "-fcallgraph-info=su",
    "-c",
    source,
    "-o",
    object,
  ]);
  return object;
}

function describe({ bytes, path }: DeepestPath): string {
  return `${bytes} bytes: ${path.map((name) => name.slice(name.lastIndexOf(":") + 1)).join(" > ")}`;
}

function stackReport(work: string): string {
  const texts = readdirSync(work)
    .filter((name) => name.endsWith(".ci"))
    .map((name) => readFileSync(join(work, name), "utf8"));
  const graph = readCallGraph(texts);
  const thread = deepestPath(graph, INDIRECT_CALLS, THREAD_ROOT);
  const interrupts = INTERRUPT_ROOTS.map((root) => deepestPath(graph, INDIRECT_CALLS, root));
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

function sizeReport(root: string, board: Board, elf: string, image: Uint8Array, work: string): string {
  const percent = ((100 * image.length) / IMAGE_MAX).toFixed(1);
  const line = `image ${image.length} of ${IMAGE_MAX} bytes (${percent} %)`;
  if (image.length > IMAGE_MAX) throw new BuildError(`${board.name}: ${line}: too large`);
  const sections = runTool(root, "size", ["-A", elf])
    .split("\n")
    .filter((text) => /^\.(?!debug|comment|ARM)/.test(text))
    .map((text) => {
      const [name = "", bytes = "", address = ""] = text.split(/\s+/);
      return `  ${name.padEnd(10)} ${bytes.padStart(7)} bytes at 0x${Number(address).toString(16).padStart(8, "0")}`;
    });
  return `${[`board ${board.name}`, line, ...sections, stackReport(work)].join("\n")}\n`;
}

function checkNoSigning(root: string, elf: string): void {
  if (SIGNING_TABLE.test(runTool(root, "nm", [elf]))) {
    throw new BuildError("the image holds ge.c's table `base`, which only signing needs: what calls it?");
  }
}

function link(root: string, board: Board, work: string, owner: Uint8Array | undefined): Firmware {
  writeFileSync(join(work, "board.h"), boardHeader(board, owner));
  const objects = [...sources(root), ...ED25519_SOURCES].map((source) => compile(root, source, work));
  const at = (name: string): string => join(work, name);
  const elf = at("imbootloader.elf");
  runTool(root, "gcc", [
    ...MACHINE,
    "-nostdlib",
    "-Wl,--gc-sections,--fatal-warnings,--no-warn-rwx-segments",
    "-T",
    LINKER_SCRIPT,
    ...objects,
    "-lgcc",
    "-o",
    elf,
  ]);
  checkNoSigning(root, elf);
  runTool(root, "objcopy", ["-O", "binary", "--gap-fill", "0xff", elf, at("imbootloader.bin")]);
  runTool(root, "objcopy", ["-O", "ihex", elf, at("imbootloader.hex")]);
  const bin = readFileSync(at("imbootloader.bin"));
  return {
    elf: readFileSync(elf),
    bin,
    hex: readFileSync(at("imbootloader.hex")),
    size: sizeReport(root, board, elf, bin, work),
  };
}

/**
 * @param root folder of the project
 * @param owner Ed25519 public key of 32 bytes that owns the board from the start; none: the board starts open
 * @throws BuildError, StackError
 */
export function buildFirmware(root: string, board: Board, owner?: Uint8Array): Firmware {
  const work = mkdtempSync(join(tmpdir(), "imbootloader-"));
  try {
    return link(resolve(root), board, work, owner);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Writes the files that are committed for a board. */
export function writeFirmware(folder: string, firmware: Firmware): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "imbootloader.elf"), firmware.elf);
  writeFileSync(join(folder, "imbootloader.bin"), firmware.bin);
  writeFileSync(join(folder, "imbootloader.hex"), firmware.hex);
  writeFileSync(join(folder, "size.txt"), firmware.size);
}

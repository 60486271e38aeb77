/** What is built from the sources, and what each of it may cost. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Board } from "../../src/boards/board.js";
import { EXST_BLOCK_BYTES } from "../../src/image/exst.js";
import { ED25519, ED25519_SOURCES } from "./ed25519.js";

export interface Program {
  /** Its files' name without the ending. */
  readonly name: "imbootloader" | "imssbl" | "first-stage";
  readonly linkerScript: string;
  /** Folders of its own headers, from the project's folder. */
  readonly includes: readonly string[];
  /** Folders whose C files all belong to it, or single files. */
  readonly sources: readonly string[];
  /** Bytes. */
  readonly imageMax: number;
  /** All have the same priority, so at most one of them is on the stack. Fault handlers start the stack afresh. */
  readonly interruptRoots: readonly string[];
  /** Where the analysis of thread mode's stack begins. */
  readonly threadRoot: string;
}

const driver = (name: string): string => `firmware/drivers/${name}.c`;
const SHARED_INCLUDES = ["firmware/core", "firmware/drivers", "firmware/board"];
const BOOTLOADER = {
  includes: SHARED_INCLUDES,
  sources: ["firmware/core", "firmware/drivers", "firmware/board", ...ED25519_SOURCES],
  interruptRoots: ["SysTick_Handler", "QUADSPI_IRQHandler", "OTG_FS_IRQHandler"],
} as const;

/** In the internal flash; docs/protocol.md, section 10: the log begins behind it. */
const IMBOOTLOADER: Program = {
  ...BOOTLOADER,
  name: "imbootloader",
  threadRoot: "Reset_Handler",
  linkerScript: "firmware/internal/imbootloader.ld",
  sources: [...BOOTLOADER.sources, "firmware/internal"],
  imageMax: 64 * 1024,
};

/** The same behind a first stage, in RAM: its whole slot but the EXST block (docs/imssbl.md). */
const IMSSBL: Program = {
  ...BOOTLOADER,
  name: "imssbl",
  threadRoot: "take_core_over", // called by Reset_Handler's assembly
  linkerScript: "firmware/second_stage/imssbl.ld",
  sources: [...BOOTLOADER.sources, "firmware/second_stage"],
  imageMax: 448 * 1024 - EXST_BLOCK_BYTES,
};

/** A stand-in for a closed first stage, for the emulated board (docs/imssbl.md, "The first stage"). */
const FIRST_STAGE: Program = {
  name: "first-stage",
  linkerScript: "firmware/first_stage/first_stage.ld",
  includes: [...SHARED_INCLUDES, "examples/common"],
  sources: [
    "firmware/first_stage",
    "firmware/board",
    "firmware/internal/reset.c",
    ...["event", "gpio", "led", "memory", "mpu", "nor_flash", "nor_parts", "nor_start"].map(driver),
    ...["hash", "quadspi", "sfdp", "time", "watchdog"].map(driver),
    "examples/common/board_io.c",
  ],
  imageMax: 128 * 1024,
  interruptRoots: ["SysTick_Handler", "QUADSPI_IRQHandler"],
  threadRoot: "Reset_Handler",
};

/** @returns the stand-in that the emulated board has where the real one has a first stage */
export function firstStageOf(board: Board): Program | undefined {
  return board.firstStage === undefined ? undefined : FIRST_STAGE;
}

/** @returns what belongs on this board */
export function bootloaderOf(board: Board): Program {
  return board.firstStage === undefined ? IMBOOTLOADER : IMSSBL;
}

/** Its C files, ascending within each folder. */
export function sourcesOf(root: string, { sources }: Program): string[] {
  return sources.flatMap((source) =>
    source.endsWith(".c")
      ? [source]
      : readdirSync(join(root, source))
          .filter((name) => name.endsWith(".c"))
          .sort()
          .map((name) => `${source}/${name}`),
  );
}

/** Not ours: compiled with other options. */
export function isForeign(source: string): boolean {
  return source.startsWith(ED25519);
}

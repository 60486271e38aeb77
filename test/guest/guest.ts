/** Guest programs of the tests: compiled here, run on a whole board without a bootloader. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLAGS, runTool } from "../../firmware/build/toolchain.js";
import { readBoard } from "../../src/cli/board-files.js";
import type { EmulatedBoardOptions } from "../../src/emulator/board/board-options.js";
import { EmulatedBoard } from "../../src/emulator/board/emulated-board.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { ROOT } from "../tools/root.js";

const FOLDER = "test/guest";
const CMSIS = "node_modules/@xpack-3rd-party/arm-cmsis-core-m/CMSIS/Core/Include";
const STATE = 0x2000_0000;
const ARGUMENTS_OFFSET = 0x298;
const DONE = 0x600d_d09e;
const STEP_NS = 1e5;

/** @param sources C files in test/guest, besides its start-up code. @throws BuildError */
export function compileGuest(sources: readonly string[]): Uint8Array {
  const work = mkdtempSync(join(tmpdir(), "guest-"));
  try {
    const [elf, binary] = [join(work, "guest.elf"), join(work, "guest.bin")];
    const includes = ["-I", FOLDER, "-I", "firmware/drivers", "-isystem", CMSIS];
    const files = ["start.c", ...sources].map((name) => `${FOLDER}/${name}`);
    const link = ["-nostartfiles", "--specs=nano.specs", "-T", `${FOLDER}/guest.ld`, "-Wl,--gc-sections"];
    runTool(ROOT, "gcc", [
      ...FLAGS,
      "-fno-tree-loop-distribute-patterns",
      ...includes,
      ...files,
      ...link,
      "-Wl,--no-warn-rwx-segments",
      "-o",
      elf,
    ]);
    runTool(ROOT, "objcopy", ["-O", "binary", elf, binary]);
    return new Uint8Array(readFileSync(binary));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

export interface GuestRun {
  /** `guest_result`, unsigned. */
  readonly results: readonly number[];
  /** What the emulator had to say. */
  readonly messages: readonly string[];
  readonly board: EmulatedBoard;
}

export type GuestOptions = Partial<Omit<EmulatedBoardOptions, "onMessage">> & {
  /** Name of a file in boards/. Default "emulated". */
  readonly name?: string;
  /** Board time that it may take, milliseconds. */
  readonly limitMs?: number;
  /** `guest_argument`. */
  readonly arguments?: readonly number[];
  readonly prepare?: (board: EmulatedBoard) => void;
};

/** Runs the program from power-on to its end. @throws Error when it faults or does not end */
export function runGuest(image: Uint8Array, options: GuestOptions = {}): GuestRun {
  const { name = "emulated", limitMs = 1000, arguments: words = [], prepare, ...rest } = options;
  const messages: string[] = [];
  const board = new EmulatedBoard({
    board: readBoard(name),
    random: seededRandom(1),
    onMessage: (message) => messages.push(message),
    ...rest,
  });
  const program = image.slice();
  const view = new DataView(program.buffer);
  for (const [index, value] of words.entries()) view.setUint32(ARGUMENTS_OFFSET + 4 * index, value, true);
  board.loadInternal(program);
  prepare?.(board);
  board.powerOn();
  const word = (index: number): number => board.chip.bus.read(STATE + 4 * index, 4);
  // RAM holds noise until start-up code has run.
  board.advance(STEP_NS / 10);
  while (word(0) !== DONE) {
    if (board.now > limitMs * 1e6 || (word(0) & 0xffff_ff00) >>> 0 === 0xbad0_0000) {
      const pc = board.chip.cpu.pc.toString(16);
      throw new Error(
        `the guest did not end: state ${word(0).toString(16)}, pc 0x${pc}\n${messages.join("\n")}`,
      );
    }
    board.advance(board.now + STEP_NS);
  }
  return { results: Array.from({ length: 32 }, (_, index) => word(1 + index)), messages, board };
}

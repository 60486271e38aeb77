/** Compiled programs on both machines: the set in programs/, by each optimisation, with hardware and software floats. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../tools/root.js";
import { CODE_BASE, runEmulator, runQemu } from "./machines.js";

const SOURCES = join(ROOT, "test/differential/programs");
const FLOATS = { hard: ["-mfloat-abi=hard", "-mfpu=fpv5-d16"], soft: ["-mfloat-abi=soft"] } as const;
const OPTIMISATIONS = ["-O0", "-O2", "-Os"] as const;
const MAX_CYCLES = 1e9;

export interface ProgramReport {
  /** "-O2 hard" */
  readonly name: string;
  /** What differs, or undefined. */
  readonly difference: string | undefined;
  readonly cycles: number;
  /** Words that were compared. */
  readonly words: number;
}

export function compile(options: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "differential-"));
  try {
    const [elf, image] = [join(folder, "program.elf"), join(folder, "program.bin")];
    const sources = readdirSync(SOURCES).filter((name) => /\.[cs]$/.test(name));
    const fixed = [
      "-mcpu=cortex-m7",
      "-mthumb",
      "-std=gnu11",
      "-ffreestanding",
      "-nostdlib",
      "-Wall",
      "-Werror",
    ];
    const link = ["-T", join(SOURCES, "program.ld"), "-o", elf];
    const files = sources.map((name) => join(SOURCES, name));
    execFileSync("arm-none-eabi-gcc", [...fixed, ...options, ...link, ...files, "-lgcc"]);
    execFileSync("arm-none-eabi-objcopy", ["-O", "binary", elf, image]);
    return readFileSync(image);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function compareProgram(name: string, options: readonly string[]): Promise<ProgramReport> {
  const loads = [{ address: CODE_BASE, bytes: compile(options) }];
  const theirs = runQemu(loads);
  const { output, cycles } = runEmulator(loads, MAX_CYCLES);
  const expected = await theirs;
  const words = Math.floor(expected.length / 4);
  let at = 0;
  while (at < Math.max(expected.length, output.length) && expected[at] === output[at]) at++;
  const same = at === expected.length && at === output.length;
  const difference = same
    ? undefined
    : `word ${at >>> 2} of ${words} (QEMU wrote ${expected.length} bytes, this core ${output.length})`;
  return { name, difference, cycles, words };
}

export async function comparePrograms(): Promise<ProgramReport[]> {
  const reports: ProgramReport[] = [];
  for (const [float, floatOptions] of Object.entries(FLOATS)) {
    for (const optimisation of OPTIMISATIONS)
      reports.push(await compareProgram(`${optimisation} ${float}`, [optimisation, ...floatOptions]));
  }
  return reports;
}

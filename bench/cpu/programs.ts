/** The programs that are measured, compiled with -O2 for each core. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/cli/package-root.js";

const SOURCES = join(packageRoot(), "bench/cpu/programs");
/** The reserved vector in which a program finds its number of rounds (start.s). */
const ROUNDS_AT = 0x1c;

/** `m0plusLength`: how many times as long it is, about, on a core that has neither floating point nor the DSP extension. */
export const PROGRAMS = [
  { name: "mix", title: "CRC, matrix, lists, state machine", m0plusLength: 1 },
  { name: "calls", title: "call-heavy code", m0plusLength: 1 },
  { name: "large", title: "large code", m0plusLength: 1 },
  { name: "float", title: "floating point (software on the Cortex-M0+)", m0plusLength: 10 },
  {
    name: "dsp",
    title: "saturating and parallel arithmetic (plain C on the Cortex-M0+)",
    m0plusLength: 5,
  },
  { name: "poll", title: "waiting for devices (SysTick on the Cortex-M0+)", m0plusLength: 1 },
] as const;

export type ProgramName = (typeof PROGRAMS)[number]["name"];
export type Target = "m7" | "m0plus";

const CPU = {
  m7: "-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-d16",
  m0plus: "-mcpu=cortex-m0plus",
} as const;

/** The program's image, from its vector table on. @throws Error with the compiler's words. */
export function compile(name: ProgramName, target: Target): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "bench-cpu-"));
  try {
    const [elf, image] = [join(folder, "program.elf"), join(folder, "program.bin")];
    const strict = "-ffreestanding -nostdlib -ffp-contract=off -fno-math-errno -Wall -Wextra -Werror";
    const options = `${CPU[target]} -mthumb -O2 -std=gnu11 ${strict}`;
    const files = ["start.s", "main.c", `${name}.c`].map((file) => join(SOURCES, file));
    const link = ["-T", join(SOURCES, `${target}.ld`), "-o", elf];
    execFileSync("arm-none-eabi-gcc", [...options.split(" "), ...link, ...files, "-lgcc"]);
    execFileSync("arm-none-eabi-objcopy", ["-O", "binary", elf, image]);
    return readFileSync(image);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A copy of the image that runs this many rounds (at least 1). */
export function withRounds(image: Uint8Array, rounds: number): Uint8Array {
  const copy = image.slice();
  new DataView(copy.buffer, copy.byteOffset).setUint32(ROUNDS_AT, rounds, true);
  return copy;
}

/** Debian's arm-none-eabi tools, called so that the result depends on sources and compiler only, not on any path. */

import { spawnSync } from "node:child_process";

const TOOLS = "arm-none-eabi-";

/** The core that all machine code of this project is for. */
export const MACHINE = ["-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=soft"] as const;

/** What every C file is compiled with. */
export const FLAGS = [
  ...MACHINE,
  "-Os",
  "-std=c11",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wconversion",
  "-ffunction-sections",
  "-fdata-sections",
  "-fno-common",
  "-g",
] as const;

/** The compiler is missing, refused the sources, or the image breaks its budget. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

/**
 * Runs one of the tools ("gcc", "objcopy", "size") in folder `root`.
 * @returns what it printed
 * @throws BuildError
 */
export function runTool(root: string, tool: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(`${TOOLS}${tool}`, args, {
    cwd: root,
    encoding: "utf8",
  });
  if (error !== undefined)
    throw new BuildError(
      `${TOOLS}${tool} cannot be run (${error.message}): install Debian's gcc-arm-none-eabi and libnewlib-arm-none-eabi`,
      { cause: error },
    );
  if (status !== 0) throw new BuildError(`${TOOLS}${tool} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

/** First line of `arm-none-eabi-gcc --version`. @throws BuildError when there is none. */
export function compilerVersion(): string {
  return runTool(".", "gcc", ["--version"]).split("\n")[0] ?? "";
}

/** Options that keep names of this machine's folders out of the result. */
export function withoutPaths(root: string, work: string, source: string): string[] {
  return [`-frandom-seed=${source}`, `-ffile-prefix-map=${work}=board`, `-ffile-prefix-map=${root}=.`];
}

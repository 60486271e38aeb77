/** The GDB servers of the probes, as `imflasher gdb-server --spawn` starts them, and that server itself. */

import type { IdeProject, ProbeName } from "./project.js";

/** As SEGGER and others call the chip. */
export const DEVICE = "STM32H750VB";
/** Where `imflasher gdb-server` listens for IDEs that do not start it themselves. */
export const MIDDLE_PORT = 3334;
export const OPENOCD_FILES = ["interface/stlink.cfg", "target/stm32h7x.cfg"] as const;

/** The word in quotes where a shell would take it apart. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const COMMANDS: Readonly<Record<ProbeName, (project: IdeProject) => string>> = {
  jlink: () => `JLinkGDBServerCLExe -device ${DEVICE} -if SWD -port 2331 -singlerun -nogui`,
  // ST's server needs the folder of STM32CubeProgrammer's programs.
  stlink: () => 'ST-LINK_gdbserver -d -p 61234 -cp "$STM32_PRG_PATH"',
  openocd: () => `openocd ${OPENOCD_FILES.map((file) => `-f ${file}`).join(" ")}`,
  emulated: ({ imflasher }) => [...imflasher, "emulate", "--pty", "--gdb", "0"].map(shellWord).join(" "),
};

/** For a shell. */
export function probeCommand(project: IdeProject): string {
  return COMMANDS[project.probe](project);
}

/** Program and arguments of the server in the middle, which starts the probe's. */
export function middleCommand(project: IdeProject, port: number): readonly [string, ...string[]] {
  const spawn = ["--spawn", probeCommand(project)];
  return [...project.imflasher, "gdb-server", "--listen", String(port), ...spawn, ...middleOptions(project)];
}

/** Of the server in the middle, whoever starts it. */
export function middleOptions({ boardOptions, serverOptions }: IdeProject): readonly string[] {
  return [...boardOptions, ...serverOptions];
}

/** Arguments of imflasher-gdb before the IDE's; none when there is nothing to say. */
export function wrapperArguments(project: IdeProject): readonly string[] {
  const options = middleOptions(project);
  return options.length === 0 ? [] : ["--imflasher", options.map(shellWord).join(" ")];
}

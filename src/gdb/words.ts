/** What GDB's console is told of a program that stands at its first instruction. */

import { hex } from "./flash-buffer.js";
import type { Started } from "./starter.js";

export function startedText({ program, report }: Started): string {
  const entry = hex(program.entry);
  if (report === undefined)
    return `imflasher: restarted; stopped at the program's first instruction, ${entry}`;
  return (
    `imflasher: ${report.imageBytes} bytes at ${hex(report.address)} verified: ${report.erasedBytes} erased, ` +
    `${report.programmedBytes} programmed, ${report.unchangedBytes} were right already, ` +
    `${(report.milliseconds / 1000).toFixed(2)} s; stopped at the first instruction, ${entry}`
  );
}

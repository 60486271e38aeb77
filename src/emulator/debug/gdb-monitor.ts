/** What `monitor …` understands. */

import type { DebugTarget } from "./target.js";

export interface MonitorAnswer {
  readonly text: string;
  readonly failed?: boolean;
}

type Monitor = (target: DebugTarget) => MonitorAnswer;

const halted = (target: DebugTarget): string => {
  const pc = target.readRegister(15).toString(16).toUpperCase().padStart(8, "0");
  return `halted at 0x${pc}\n`;
};

const COMMANDS: Readonly<Record<string, { readonly help: string; readonly run: Monitor }>> = {
  reset: {
    help: "reset the chip and stop before its first instruction",
    run: (target) => {
      target.reset(true);
      return { text: `reset, ${halted(target)}` };
    },
  },
  "reset run": {
    help: "reset the chip and let it run",
    run: (target) => {
      target.reset(false);
      return { text: "reset, running\n" };
    },
  },
  halt: {
    help: "stop the core",
    run: (target) => {
      if (target.running) target.halt();
      return { text: halted(target) };
    },
  },
  help: { help: "this list", run: () => ({ text: HELP }) },
};

/** What other servers call it. */
const SYNONYMS: Readonly<Record<string, string>> = {
  "reset halt": "reset",
  "reset init": "reset",
  "reset 0": "reset",
  reset_run: "reset run",
};

const HELP = [
  ...Object.entries(COMMANDS).map(([name, { help }]) => `${name.padEnd(12)}${help}`),
  `${"reset halt".padEnd(12)}as reset`,
  "",
].join("\n");

/** @param line as typed behind `monitor` */
export function monitor(target: DebugTarget, line: string): MonitorAnswer {
  const words = line.trim().replace(/\s+/g, " ");
  const command = COMMANDS[SYNONYMS[words] ?? words];
  if (command !== undefined) return command.run(target);
  return { failed: true, text: `monitor ${words}: not known here; "monitor help" lists what is\n` };
}

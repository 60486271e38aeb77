/** The command line in front of a bench: real arguments, real bootloader, board time; files are in memory. */
import type { CliIo } from "../../src/cli/io.js";
import { nodeIo } from "../../src/cli/node-io.js";
import { main } from "../../src/cli/program.js";
import { fileParts } from "../../src/cli/testing.js";
import { boardTimers, EmulatedTransport } from "../../src/transport/emulated/transport.js";
import type { Bench } from "./kit.js";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line; the port is the bench's USB cable. */
export function commandLine(
  bench: Bench,
  files: Readonly<Record<string, Uint8Array>>,
  ...argv: string[]
): Promise<Outcome> {
  return commandLineIn(bench, files, {}, argv);
}

/** The same in a world that differs in `changes`. */
export async function commandLineIn(
  bench: Bench,
  files: Readonly<Record<string, Uint8Array>>,
  changes: Partial<CliIo>,
  argv: readonly string[],
): Promise<Outcome> {
  const said = { stdout: "", stderr: "" };
  const timers = boardTimers(bench.board);
  const { signal } = new AbortController();
  const file = (path: string): Uint8Array => {
    const bytes = files[path];
    if (bytes === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
    return bytes;
  };
  const io: CliIo = {
    ...nodeIo(signal),
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
    now: () => timers.now(),
    readFile: async (path) => file(path),
    readParts: async (path) => fileParts(file(path)),
    writeFile: async () => {},
    listPorts: async () => [],
    readLines: () => () => {},
    connect: async () => ({
      timers,
      open: async () => new EmulatedTransport("emulated board", bench.board, await bench.port()),
      close: async () => {},
    }),
    ...changes,
  };
  return { code: await bench.drive(main(argv, io)), ...said };
}

import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { listPorts } from "../transport/node/ports.js";
import { wallClock } from "../transport/node/timers.js";
import { boardNames } from "./board-files.js";
import type { CliIo, OpenBoard } from "./io.js";

/** The real world: this process, its files and its ports. */
export function nodeIo(signal: AbortSignal): CliIo {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    signal,
    now: () => performance.now(),
    readFile: (path) => readFile(path),
    writeFile: (path, bytes) => writeFile(path, bytes),
    listPorts: () => listPorts(),
    readLines(receiver) {
      const lines = createInterface({ input: process.stdin });
      lines.on("line", receiver);
      return () => lines.close();
    },
    async connect(request) {
      const { SerialLink } = await import("./serial-link.js");
      const { openSerial } = await import("../transport/node/serial.js");
      return new SerialLink(request, { openSerial, listPorts: () => listPorts(), timers: wallClock });
    },
    boards: Object.fromEntries(
      boardNames().map((name): [string, OpenBoard] => [
        name,
        async (request) => (await import("./emulated/link.js")).openEmulated(name, request),
      ]),
    ),
  };
}

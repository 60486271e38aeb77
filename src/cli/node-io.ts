import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { listPorts } from "../transport/node/ports.js";
import { wallClock } from "../transport/node/timers.js";
import { askSecret } from "./ask-secret.js";
import type { CliIo } from "./io.js";

function configFolder(env: NodeJS.ProcessEnv): string {
  const config = env["XDG_CONFIG_HOME"];
  return join(config === undefined || config === "" ? join(homedir(), ".config") : config, "imflasher");
}

async function writePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  // "wx": the mode counts only for a file that is made here.
  await writeFile(fresh, bytes, { mode: 0o600, flag: "wx" });
  await rename(fresh, path);
}

/** The real world: this process, its files and its ports. */
export function nodeIo(signal: AbortSignal): CliIo {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    signal,
    now: () => performance.now(),
    readFile: (path) => readFile(path),
    writeFile: (path, bytes) => writeFile(path, bytes),
    writePrivateFile,
    date: () => Date.now(),
    random: (count) => new Uint8Array(randomBytes(count)),
    askSecret: (question) => askSecret(question, signal),
    env: process.env,
    configFolder: configFolder(process.env),
    listPorts: () => listPorts(),
    readLines(receiver, onEnd = () => {}) {
      const lines = createInterface({ input: process.stdin });
      lines.on("line", receiver);
      lines.on("close", onEnd);
      return () => lines.off("close", onEnd).close();
    },
    async connect(request) {
      const { SerialLink } = await import("./serial-link.js");
      const { openSerial } = await import("../transport/node/serial.js");
      return new SerialLink(request, { openSerial, listPorts: () => listPorts(), timers: wallClock });
    },
    async openBoard(nameOrPath, request) {
      return (await import("./emulated/link.js")).openEmulated(nameOrPath, request);
    },
  };
}

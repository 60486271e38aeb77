import { randomBytes } from "node:crypto";
import {
  access,
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join, posix } from "node:path";
import { createInterface } from "node:readline";
import type { FileParts } from "../image/load.js";
import { listPorts } from "../transport/node/ports.js";
import { wallClock } from "../transport/node/timers.js";
import { askSecret } from "./ask-secret.js";
import type { CliIo } from "./io.js";

function configFolder(env: NodeJS.ProcessEnv): string {
  const config = env["XDG_CONFIG_HOME"];
  return join(config === undefined || config === "" ? join(homedir(), ".config") : config, "imflasher");
}

interface Modes {
  readonly file: number;
  readonly folder: number;
}

const PART_BYTES = 0x1_0000;
const PRIVATE: Modes = { file: 0o600, folder: 0o700 };
const SHARED: Modes = { file: 0o666, folder: 0o777 };

async function replaceFile(path: string, bytes: Uint8Array, modes: Modes): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: modes.folder });
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  // "wx": the mode counts only for a file that is made here.
  await writeFile(fresh, bytes, { mode: modes.file, flag: "wx" });
  await rename(fresh, path);
}

/** Folders below which nobody keeps his own programs. */
const SKIPPED = /^\.|^node_modules$/;
/** Folders within folders. */
const DEPTH = 6;

async function findFiles(folder: string, ending: string, depth = DEPTH): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (entry.isFile() && entry.name.endsWith(ending)) found.push(path);
    if (entry.isDirectory() && depth > 0 && !SKIPPED.test(entry.name)) {
      found.push(...(await findFiles(path, ending, depth - 1)));
    }
  }
  return found.sort();
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

async function readParts(path: string): Promise<FileParts> {
  const file = await open(path);
  const { size } = await file.stat();
  return { size, parts: partsOf(file) };
}

async function* partsOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(PART_BYTES);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** The real world: this process, its files and its ports. */
export function nodeIo(signal: AbortSignal): CliIo {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    signal,
    now: () => performance.now(),
    readFile: (path) => readFile(path),
    readParts,
    writeFile: (path, bytes) => writeFile(path, bytes),
    findFiles: (folder, ending) => findFiles(folder, ending),
    findProgram,
    replaceFile: (path, bytes) => replaceFile(path, bytes, SHARED),
    writePrivateFile: (path, bytes) => replaceFile(path, bytes, PRIVATE),
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

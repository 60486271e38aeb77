/** The command line as a process of its own: how soon it is there, and how much memory it takes. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import nrfIntelHex from "nrf-intel-hex";
import { openPty } from "../src/cli/emulated/pty.js";
import { hex32 } from "../src/protocol/hex.js";
import { quickest } from "./quickest.js";
import { ADDRESS } from "./rig.js";
import { MIB, randomBytes } from "./scenarios.js";

/** The package is CommonJS whose declarations speak of a default export: Node hands over the class itself. */
const MemoryMap = nrfIntelHex as unknown as typeof nrfIntelHex.default;
const MAIN = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const USAGE = fileURLToPath(new URL("./usage.js", import.meta.url));
const RSS_IMAGE_BYTES = 12 * MIB;

/** A figure of a process, and what it must not exceed. */
export interface ProcessFigure {
  readonly name: string;
  readonly title: string;
  /** Seconds on this machine's clock. */
  readonly wallSeconds: number;
  /** Seconds of processor time of the process. */
  readonly cpuSeconds: number;
  /** Largest resident set, bytes. */
  readonly rssBytes: number;
  /** Of `wallSeconds` or, where that is named, `rssBytes`. */
  readonly limit: { readonly seconds: number } | { readonly bytes: number };
}

export async function processFigures(seed: number): Promise<ProcessFigure[]> {
  return [
    await version(),
    await firstByte(),
    await flashedMemory(seed, "bin"),
    await flashedMemory(seed, "hex"),
  ];
}

/** What a process used, as it tells at its end; `until` may end the clock earlier. */
async function run(argv: readonly string[], until?: (child: ChildProcess) => Promise<void>) {
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", USAGE, MAIN, ...argv], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr?.on("data", (text: Buffer) => {
    errors += text.toString();
  });
  let usage = "";
  child.stdio[3]?.on("data", (text: Buffer) => {
    usage += text.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  await (until?.(child) ?? ended);
  const wallSeconds = (performance.now() - started) / 1e3;
  const code = await ended;
  if (usage === "") throw new Error(`imflasher ${argv.join(" ")} ended with ${code}: ${errors}`);
  return { wallSeconds, code, errors, ...(JSON.parse(usage) as { cpuSeconds: number; rssBytes: number }) };
}

async function version(): Promise<ProcessFigure> {
  const found = await quickest(() => run(["--version"]));
  return { name: "version", title: "imflasher --version", ...found, limit: { seconds: 0.15 } };
}

/** From the start of the process to the first byte that a board sees. */
async function firstByte(): Promise<ProcessFigure> {
  const pty = await openPty();
  const folder = mkdtempSync(join(tmpdir(), "imflasher-bench-"));
  try {
    const file = join(folder, "application.bin");
    writeFileSync(file, new Uint8Array(4096));
    const found = await quickest(() =>
      run(["flash", "0x90100000", file, "--port", String(pty.value)], async (child) => {
        await new Promise<void>((resolve) => pty.onData(() => resolve()));
        pty.onData(() => {});
        child.kill("SIGINT");
      }),
    );
    return {
      name: "first-byte",
      title: "imflasher flash: start to first byte to the board",
      ...found,
      limit: { seconds: 0.3 },
    };
  } finally {
    pty.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Against an emulated board in a third process, over a pseudo-terminal. */
async function flashedMemory(seed: number, format: "bin" | "hex"): Promise<ProcessFigure> {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-bench-"));
  const board = spawn(process.execPath, [MAIN, "emulate", "--state", "none", "--pty"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const file = join(folder, `application.${format}`);
    const image = randomBytes(RSS_IMAGE_BYTES, seed);
    writeFileSync(file, format === "bin" ? image : new MemoryMap([[ADDRESS, image]]).asHexString());
    const port = await new Promise<string>((resolve, reject) => {
      let said = "";
      board.stdout.on("data", (text: Buffer) => {
        said += text.toString();
        const path = /^pty (\S+)$/m.exec(said)?.[1];
        if (path !== undefined) resolve(path);
      });
      board.on("close", (code) => reject(new Error(`imflasher emulate ended with ${code}: ${said}`)));
    });
    const found = await run(["flash", hex32(ADDRESS), file, "--port", port, "--no-boot"]);
    if (found.code !== 0) throw new Error(`imflasher flash ended with ${found.code}: ${found.errors}`);
    return {
      name: `flash-12MiB-${format}-memory`,
      title: `imflasher flash, 12 MiB from .${format} onto blank flash`,
      ...found,
      limit: { bytes: 120e6 },
    };
  } finally {
    board.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

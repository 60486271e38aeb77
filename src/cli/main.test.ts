/** The program itself, as a process, against a stand-in board behind a PTY. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import { FakeBootloader } from "../protocol/testing/fake-bootloader.js";
import { FakeFlash } from "../protocol/testing/fake-flash.js";
import { wallClock } from "../transport/node/timers.js";
import { BASE, program } from "./testing.js";

const MAIN = fileURLToPath(new URL("main.js", import.meta.url));

/** A board behind a PTY; the child only keeps the terminal open. */
function openBoard(context: TestContext): { readonly path: string; readonly board: FakeBootloader } {
  const terminal = pty.spawn("sleep", ["600"], { encoding: null });
  context.after(() => terminal.kill("SIGKILL"));
  const board = new FakeBootloader(new FakeFlash(), wallClock);
  // Without an encoding node-pty hands over and takes bytes, though it declares text.
  board.attach((bytes) => terminal.write(Buffer.from(bytes) as unknown as string));
  terminal.onData((data: unknown) => board.receive(data as Uint8Array));
  return { path: (terminal as unknown as { _pty: string })._pty, board };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(argv: readonly string[], onStderr: (kill: () => void) => void = () => {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    child.stderr.on("data", (data) => {
      stderr += data;
      onStderr(() => child.kill("SIGINT"));
    });
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

test("two processes: a program is flashed through the real serial port package, and read back", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "imflasher-main-"));
  context.after(() => rm(folder, { recursive: true }));
  const { path, board } = openBoard(context);
  const file = join(folder, "app.bin");
  const copy = join(folder, "copy.bin");
  const bytes = program(20_000);
  await writeFile(file, bytes);
  const flashed = await run(["flash", "0x90100000", file, "--port", path]);
  assert.equal(flashed.code, 0, flashed.stderr);
  assert.match(flashed.stdout, /started at 0x90100000\n$/);
  assert.match(flashed.stderr, new RegExp(`at ${path}\n`));
  assert.equal(board.booted, BASE);
  const back = await run(["read", "0x90100000", "20000", copy, "--port", path]);
  assert.equal(back.code, 0, back.stderr);
  assert.deepEqual(new Uint8Array(await readFile(copy)), bytes);
});

test("the process ends with the exit code: no such port, a port that is busy, Ctrl-C", async (context) => {
  const { path } = openBoard(context);
  const missing = await run(["id", "--port", "/dev/imflasher-no-such-port"]);
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /^imflasher: \/dev\/imflasher-no-such-port: no such port/);
  const { openSerial } = await import("../transport/node/serial.js");
  const holder = await openSerial(path);
  const busy = await run(["id", "--port", path]);
  await holder.close();
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, /the port is busy: close the other program/);
  const nobody = "0000000-0000000-0000000";
  const stopped = await run(["id", "--serial", nobody], (kill) => kill());
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /^waiting for board 0000000-.*\nimflasher: interrupted\n$/);
});

test("--version is quick and says one line", async () => {
  const { code, stdout, stderr } = await run(["--version"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

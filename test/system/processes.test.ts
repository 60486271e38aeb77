/** Two processes: an emulated board on a pseudo-terminal or a TCP port, and the flasher with the real serial port package. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { boot, Connection, flashImage } from "../../src/flasher/index.js";
import { Session } from "../../src/protocol/session.js";
import type { Transport } from "../../src/protocol/transport.js";
import { wallClock } from "../../src/transport/node/timers.js";
import { bin, blink, summing } from "./kit.js";

const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** Wall clock: far beyond what is needed, so that a loaded machine passes. */
const PATIENCE = 60_000;
const BLINKS = /^console: blink: running from external flash at 0x9010/;

/** A command line of ours as a process, its output by lines. */
class Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: string[] = [];
  readonly exit: Promise<number | NodeJS.Signals>;
  #waiters: (() => void)[] = [];

  constructor(...argv: string[]) {
    this.child = spawn(process.execPath, [MAIN, ...argv]);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      let rest = "";
      stream.on("data", (chunk: Buffer) => {
        const parts = (rest + chunk.toString()).split("\n");
        rest = parts.pop() ?? "";
        this.lines.push(...parts);
        for (const wake of this.#waiters.splice(0)) wake();
      });
    }
    this.exit = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        resolve(code ?? signal ?? 1);
        for (const wake of this.#waiters.splice(0)) wake();
      });
    });
  }

  /** The first line from `from` on that matches. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const left = end - Date.now();
      const ended = this.child.exitCode !== null || this.child.signalCode !== null;
      assert.ok(left > 0 && !ended, `no line ${pattern}: ${this.lines.slice(-20).join("\n")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  say(text: string): void {
    this.child.stdin.write(`${text}\n`);
  }
}

interface Desk {
  readonly folder: string;
  readonly state: string;
  emulate(...argv: string[]): Program;
  flasher(...argv: string[]): Program;
}

/** A folder with images, and processes that end with the test. */
function desk(context: TestContext): Desk {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-processes-"));
  const programs: Program[] = [];
  context.after(async () => {
    for (const { child } of programs) child.kill("SIGKILL");
    await Promise.all(programs.map(({ exit }) => exit));
    rmSync(folder, { recursive: true, force: true });
  });
  writeFileSync(join(folder, "blink.bin"), blink());
  writeFileSync(join(folder, "big.bin"), summing(200_000, 1));
  writeFileSync(join(folder, "other.bin"), summing(210_000, 2));
  const start = (...argv: string[]): Program => {
    const program = new Program(...argv);
    programs.push(program);
    return program;
  };
  const state = join(folder, "state");
  return {
    folder,
    state,
    emulate: (...argv) => start("emulate", "--state", state, ...argv),
    flasher: (...argv) => start(...argv),
  };
}

async function ptyOf(board: Program): Promise<string> {
  return (await board.line(/^pty /)).slice(4);
}

/** Runs a flasher to its end. */
async function flashes(at: Desk, pty: string, file: string): Promise<Program> {
  const flasher = at.flasher("flash", "0x90100000", join(at.folder, file), "--port", pty);
  assert.equal(await flasher.exit, 0, flasher.lines.join("\n"));
  return flasher;
}

test("emulate --pty and flash --port: written, verified, started; the board's memory outlives the process", async (context) => {
  const at = desk(context);
  const board = at.emulate("--pty");
  const pty = await ptyOf(board);
  const flasher = await flashes(at, pty, "blink.bin");
  await flasher.line(/^started at 0x90100000$/);
  await board.line(BLINKS);
  const second = at.flasher("emulate", "--state", at.state);
  assert.equal(await second.exit, 1);
  await second.line(/state.*in use|in use.*state/i).catch(() => assert.fail(second.lines.join("\n")));
  const id = (await flasher.line(/^board [-0-9A-Z]{23} at /)).split(" ")[1];
  board.child.kill("SIGINT");
  assert.equal(await board.exit, 130);
  const again = at.emulate("--pty");
  await again.line(BLINKS);
  again.say("reset");
  const asked = at.flasher("id", "--port", await ptyOf(again));
  assert.equal(await asked.exit, 0, asked.lines.join("\n"));
  assert.deepEqual(asked.lines, [id]);
});

test("a flasher that gets Ctrl-C, or is killed, in the middle: the board stays, and the next flash completes", async (context) => {
  const at = desk(context);
  const board = at.emulate("--pty");
  const pty = await ptyOf(board);
  // After the second one, a smaller program takes the place of the one that was cut off.
  for (const [signal, code, name, next] of [
    ["SIGINT", 130, "big.bin", "big.bin"],
    ["SIGKILL", "SIGKILL", "other.bin", "blink.bin"],
  ] as const) {
    const file = join(at.folder, name);
    const flasher = at.flasher("flash", "0x90100000", file, "--port", pty, "--json");
    await flasher.line(/"phase":"write"/);
    flasher.child.kill(signal);
    assert.equal(await flasher.exit, code, flasher.lines.join("\n"));
    if (signal === "SIGINT")
      await flasher.line(/the board stays in its bootloader; run the same command again/);
    const refused = at.flasher("boot", "--port", pty);
    assert.equal(await refused.exit, 1, refused.lines.join("\n"));
    await refused.line(/UNFINISHED/);
    const before = board.lines.length;
    await flashes(at, pty, next);
    await board.line(next === "big.bin" ? /^console: big: payload of 200000 .* sum right/ : BLINKS, before);
    board.say("reset");
  }
});

test("cable and power on the emulator's standard input, in the middle of a flashing: it goes on and completes", async (context) => {
  const at = desk(context);
  const board = at.emulate("--pty");
  const pty = await ptyOf(board);
  for (const [away, back] of [
    ["unplug", "plug"],
    ["power off", "power on"],
  ] as const) {
    const file = join(at.folder, away === "unplug" ? "big.bin" : "other.bin");
    const flasher = at.flasher("flash", "0x90100000", file, "--port", pty, "--json");
    await flasher.line(/"phase":"(erase|write)"/);
    board.say(away);
    board.say(back);
    assert.equal(await flasher.exit, 0, flasher.lines.slice(-5).join("\n"));
    const { type, reconnects } = JSON.parse(flasher.lines.at(-1) ?? "{}") as Record<string, unknown>;
    assert.equal(type, "result");
    assert.ok(Number(reconnects) >= 1);
    board.say("reset");
  }
  await board.line(/^console: big: payload of 210000 .* sum right/);
});

/** A TCP port as a transport. */
async function tcpTransport(port: number): Promise<Transport> {
  const socket = connect(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return {
    name: `port ${port}`,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    onData: (receiver) => {
      socket.removeAllListeners("data");
      socket.on("data", (bytes) => receiver(new Uint8Array(bytes)));
    },
    onClose: (receiver) => {
      socket.removeAllListeners("close");
      socket.on("close", () => receiver(undefined));
    },
    close: async () => {
      socket.destroy();
    },
  };
}

test("emulate --tcp: raw bytes of the board's port on a port of this machine", async (context) => {
  const board = desk(context).emulate("--tcp", "0");
  const port = Number((await board.line(/^tcp \d+$/)).slice(4));
  const connection = await Connection.open(async () => Session.open(await tcpTransport(port), wallClock));
  await flashImage(connection, bin(blink()));
  await boot(connection, 0);
  await board.line(BLINKS);
});

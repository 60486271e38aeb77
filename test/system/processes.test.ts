/** Two processes: an emulated board on a pseudo-terminal or a TCP port, and the flasher with the real serial port package. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { boot, Connection, flashImage } from "../../src/flasher/index.js";
import { Session } from "../../src/protocol/session.js";
import type { Transport } from "../../src/protocol/transport.js";
import { wallClock } from "../../src/transport/node/timers.js";
import { bin, blink, summing } from "./kit.js";
import { imflasher, type Program } from "./program.js";

const BLINKS = /^console: blink: running from external flash at 0x9010/;

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
    const program = imflasher(...argv);
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
async function flashes(at: Desk, pty: string, file: string, ...options: string[]): Promise<Program> {
  const flasher = at.flasher("flash", "0x90100000", join(at.folder, file), "--port", pty, ...options);
  assert.equal(await flasher.exit, 0, flasher.lines.join("\n"));
  return flasher;
}

/** The board shows its port for a moment after a reset; a process that starts slowly may miss it. */
async function idAfterReset(at: Desk, board: Program): Promise<string | undefined> {
  const pty = await ptyOf(board);
  for (let tries = 5; tries > 0; tries--) {
    board.say("reset");
    const asked = at.flasher("id", "--port", pty);
    if ((await asked.exit) === 0) return asked.lines.find((line) => /^[-0-9A-Z]{23}$/.test(line));
  }
  return undefined;
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
  assert.equal(await idAfterReset(at, again), id);
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
    await flashes(at, pty, next, "--no-boot");
  }
  const start = at.flasher("boot", "--port", pty);
  assert.equal(await start.exit, 0, start.lines.join("\n"));
  await board.line(BLINKS);
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
    const flasher = at.flasher("flash", "0x90100000", file, "--port", pty, "--json", "--no-boot");
    await flasher.line(/"phase":"(erase|write)"/);
    board.say(away);
    board.say(back);
    assert.equal(await flasher.exit, 0, flasher.lines.slice(-5).join("\n"));
    const { type, reconnects } = JSON.parse(flasher.lines.at(-1) ?? "{}") as Record<string, unknown>;
    assert.equal(type, "result");
    assert.ok(Number(reconnects) >= 1);
  }
  const start = at.flasher("boot", "--port", pty);
  assert.equal(await start.exit, 0, start.lines.join("\n"));
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

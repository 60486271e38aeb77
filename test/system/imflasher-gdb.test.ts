/** imflasher-gdb as IDEs start it: Debian's GDB with imflasher between it and the probe's server. */
import assert from "node:assert/strict";

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { spawn } from "@lydell/node-pty";
import { openPty } from "../../src/cli/emulated/pty.js";
import { ROOT } from "../tools/root.js";
import {
  afternoon,
  BLINK,
  changedBlink,
  continueToMain,
  type Desk,
  desk,
  freePort,
  load,
  openocdCommand,
  WRAPPER,
} from "./debug-desk.js";
import { Gdb } from "./gdb.js";
import { Dialogue, type Program } from "./program.js";

/** Of GDB's MI (GDB manual, 27.2.2); a prompt; what GDB's inferior and our server say on stderr is no part of it. */
const MI_RECORD = /^(\d*[\^*+=][a-z-]+(,.*)?|[~@&]"([^"\\]|\\.)*"|\(gdb\) ?|)$/;

/** The wrapper, as a command that starts GDB. */
function wrapper(at: Desk, ...argv: string[]): readonly string[] {
  return [WRAPPER, "--imflasher", `--port ${at.pty}`, ...argv];
}

/** What GDB's standard output and standard error say, apart. */
function apart(program: Program): { readonly out: string[]; readonly errors: string[] } {
  const heard = { out: [] as string[], errors: [] as string[] };
  let [out, errors] = ["", ""];
  program.child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    heard.out.splice(0, Infinity, ...out.split("\n"));
  });
  program.child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
    heard.errors.splice(0, Infinity, ...errors.split("\n"));
  });
  return heard;
}

/** An afternoon with the arguments of an IDE; its stdout is MI and nothing else. */
async function ideAfternoon(at: Desk, port: string, ...argv: string[]): Promise<void> {
  const gdb = at.gdb(BLINK, wrapper(at, ...argv));
  const heard = apart(gdb.program);
  let connected = false;
  const middle = {
    program: gdb.program,
    port,
    gdb: async () => {
      assert.ok(!connected);
      connected = true;
      await gdb.do("-gdb-set mi-async on");
      await gdb.do("-gdb-set confirm off");
      await gdb.do(`-target-select extended-remote localhost:${port}`);
      return gdb;
    },
  };
  await afternoon(at, middle);
  // Once more, in the middle of it.
  await gdb.do(`-target-select extended-remote localhost:${port}`);
  await load(middle, gdb);
  gdb.program.child.stdin.end();
  assert.equal(await gdb.program.exit, 0);
  const wrong = heard.out.filter((line) => !MI_RECORD.test(line));
  assert.deepEqual(wrong, [], "stdout is for MI records");
  assert.ok(heard.errors.some((line) => /^load: \d+ bytes/.test(line)));
  // GDB must not have seen two connections: an IDE would take the end of the first for the end of the session.
  const first = heard.out.findIndex((line) => /\^connected/.test(line));
  const before = heard.out.slice(0, first).filter((line) => line.startsWith("=thread-group-exited"));
  assert.deepEqual(before, []);
}

test("as Eclipse's Embedded CDT starts it, behind the emulated board's server; the end of stdin ends it", async (context) => {
  const at = await desk(context);
  await ideAfternoon(at, at.probe, "--interpreter=mi2", "--nx");
});

test("as cortex-debug starts it, behind real OpenOCD", async (context) => {
  const at = await desk(context, "stlink");
  const openocd = at.start("sh", "-c", `exec ${openocdCommand(at, "gdb_port 0")}`);
  const line = await openocd.line(/Listening on port \d+ for gdb connections/);
  const port = /port (\d+)/.exec(line)?.[1] ?? "";
  await ideAfternoon(at, port, "-q", "--interpreter=mi2");
  await openocd.line(/dropped 'gdb'/);
});

/** Eclipse's console on one pseudo-terminal, its MI on another. */
class Terminal extends Dialogue {
  readonly exit: Promise<number>;
  readonly #pty: ReturnType<typeof spawn>;
  #ended = false;

  constructor(command: readonly string[]) {
    super();
    const [name = "", ...argv] = command;
    this.#pty = spawn(name, argv, { cwd: ROOT, encoding: null, name: "dumb" });
    const hear = this.hear();
    this.#pty.onData((data) => hear(data as unknown as Uint8Array));
    this.exit = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        this.#ended = true;
        this.wake();
        resolve(exitCode);
      });
    });
  }

  protected get over(): boolean {
    return this.#ended;
  }

  say(text: string): void {
    this.#pty.write(`${text}\r`);
  }

  /** As Ctrl-C in the terminal: to all of its foreground processes. */
  interrupt(): void {
    this.#pty.write("\u0003");
  }

  end(): void {
    this.#pty.kill("SIGKILL");
  }
}

/** The end of a pseudo-terminal that GDB does not have. */
class FarEnd extends Dialogue {
  readonly over = false;
  readonly #write: (bytes: Uint8Array) => void;

  constructor({ write, onData }: Awaited<ReturnType<typeof openPty>>) {
    super();
    this.#write = write;
    onData(this.hear());
  }

  say(text: string): void {
    this.#write(Buffer.from(`${text}\n`));
  }
}

test("as Eclipse starts it on Linux: its console in a terminal, new-ui mi on another; Ctrl-C stops the program", async (context) => {
  const at = await desk(context, "gdb", "");
  const mi = await openPty();
  context.after(() => mi.close());
  const terminal = new Terminal(
    wrapper(
      at,
      "-q",
      "--nx",
      "--interpreter",
      "console",
      "-ex",
      `new-ui mi ${mi.value}`,
      "-ex",
      "set pagination off",
    ),
  );
  context.after(() => terminal.end());
  const gdb = new Gdb(new FarEnd(mi));
  await gdb.do(`-file-exec-and-symbols ${BLINK}`);
  await gdb.do(`-target-select remote localhost:${at.probe}`);
  await gdb.do("monitor reset");
  await gdb.do("load");
  await terminal.line(/^load: 1\d\d\d bytes|imflasher: \d+ bytes at 0x90100000 verified/);
  await gdb.do("monitor reset");
  await gdb.do("-break-insert -t -f main");
  assert.match(await gdb.until("-exec-continue"), /breakpoint-hit.*func="main"/);
  await terminal.line(/Temporary breakpoint 1, main/);
  // The user takes over in the console.
  terminal.say("continue");
  await at.board.line(/^console: blink 1$/);
  terminal.interrupt();
  assert.match(await gdb.stop(), /signal-name="SIGINT"/);
  terminal.say("detach");
  await at.board.line(/^console: blink \d+$/, at.board.lines.length);
  terminal.say("quit");
  assert.equal(await terminal.exit, 0);
});

test("in a terminal: connect, load, main, Ctrl-C, restart; where nobody listens, and then where somebody does", async (context) => {
  const at = await desk(context, "gdb", "");
  const [nobody, terminal] = [await freePort(), new Terminal([...wrapper(at, "-q", "-nx"), BLINK])];
  context.after(() => terminal.end());
  terminal.say("set confirm off");
  terminal.say("set tcp auto-retry off");
  terminal.say(`target extended-remote :${nobody}`);
  await terminal.line(/Connection refused/);
  terminal.say(`target extended-remote :${at.probe}`);
  await terminal.line(/\?\? \(\)/);
  terminal.say("load");
  await terminal.line(/Transfer rate/);
  terminal.say("tbreak main");
  terminal.say("continue");
  await terminal.line(/^Temporary breakpoint 1, main/);
  terminal.say("continue");
  await at.board.line(/^console: blink 1$/);
  terminal.interrupt();
  await terminal.line(/SIGINT/);
  terminal.say("monitor reset");
  await terminal.line(/imflasher: restarted; stopped at the program's first instruction/);
  terminal.say("quit");
  assert.equal(await terminal.exit, 0);
  await at.board.line(/^console: blink 1$/, at.board.lines.length);
});

test("without load: a restart writes the program when it is not the board's, a rebuilt one, too; GDB killed, nothing is left", async (context) => {
  const at = await desk(context);
  const rebuilt = changedBlink(at);
  const program = join(at.folder, "program.elf");
  copyFileSync(BLINK, program);
  // As Embedded CDT does: it connects first, and names the program then.
  const gdb = at.gdb("-q", wrapper(at, "--nx", "--interpreter=mi2"));
  await gdb.do("-gdb-set mi-async on");
  await gdb.do(`-target-select extended-remote :${at.probe}`);
  await gdb.do(`-file-exec-and-symbols ${program}`);
  await gdb.do("monitor reset halt");
  await gdb.program.line(/verified: 4096 erased/);
  await gdb.do("maintenance flush register-cache");
  await continueToMain(gdb);
  copyFileSync(rebuilt, program);
  const second = gdb.program.lines.length;
  await gdb.do("monitor reset");
  await gdb.program.line(/verified: 4096 erased/, second);
  const third = gdb.program.lines.length;
  await gdb.do("monitor reset");
  await gdb.program.line(/imflasher: restarted/, third);
  await gdb.program.end();
  await at.board.line(/^console: .*blink: walking/);
  await at.board.line(/^console: blink 2$/);
});

test("options that imflasher does not take: connecting fails in words, and nothing goes to the probe past it", async (context) => {
  const at = await desk(context);
  const gdb = at.gdb(BLINK, [WRAPPER, "--imflasher", "--no-such-option", "--nx", "--interpreter=mi2"]);
  const refused = await gdb.result(`-target-select extended-remote :${at.probe}`);
  assert.match(refused, /^error,msg="imflasher-gdb: disconnected, because imflasher is not between/);
  await gdb.program.line(/unknown option '--no-such-option'/);
  assert.match(
    await gdb.result("-target-download"),
    /^error,msg="You can't do that when your target is `exec'"/,
  );
});

test("at imflasher's own gdb-server it is GDB and nothing more", async (context) => {
  const at = await desk(context);
  const middle = await at.middle("--upstream", `:${at.probe}`);
  const gdb = at.gdb(BLINK, wrapper(at, "--nx", "--interpreter=mi2"));
  await gdb.do(`-target-select extended-remote :${middle.port}`);
  await load(middle, gdb);
  await gdb.do("monitor reset");
  await continueToMain(gdb);
});

test("a pipe to OpenOCD is a connection, too; GDB's exit code is passed on", async (context) => {
  const at = await desk(context, "stlink", "");
  const openocd = openocdCommand(at, "gdb_port pipe").replace(
    "openocd ",
    'openocd -c "log_output /dev/null" ',
  );
  const commands = [`target extended-remote | ${openocd}`, "load", "tbreak main", "continue", "quit 7"];
  const [name = "", ...argv] = wrapper(
    at,
    "-q",
    "-nx",
    "-batch",
    ...commands.flatMap((c) => ["-ex", c]),
    BLINK,
  );
  const gdb = at.start(name, ...argv);
  assert.equal(await gdb.exit, 7, gdb.lines.join("\n"));
  assert.ok(
    gdb.lines.some((line) => /^Temporary breakpoint 1, main/.test(line)),
    gdb.lines.join("\n"),
  );
});

/** Runs the wrapper to its end, with nothing on the PATH but what `folder` and the shell have. */
function wrapped(
  env: Readonly<Record<string, string>>,
  ...argv: string[]
): { readonly code: number | null; readonly out: string; readonly error: string } {
  const { status, stdout, stderr } = spawnSync(WRAPPER, argv, { env, encoding: "utf8" });
  return { code: status, out: stdout, error: stderr };
}

test("the real GDB is found or named; where there is none it says what to do", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-wrapper-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  for (const tool of ["sh", "readlink", "dirname", "printf"])
    symlinkSync(`/usr/bin/${tool}`, join(folder, tool));
  const nowhere = { PATH: folder };
  assert.match(
    wrapped(nowhere, "--version").error,
    /no GDB for ARM that has Python: looked for arm-none-eabi-gdb,.*found without Python: none/s,
  );
  assert.equal(wrapped(nowhere, "--version").code, 127);
  assert.match(wrapped(nowhere, "--gdb", "/no/gdb", "x.elf").error, /--gdb \/no\/gdb: no such program/);
  assert.match(
    wrapped({ ...nowhere, IMFLASHER_GDB: "/no/gdb" }).error,
    /IMFLASHER_GDB=\/no\/gdb: no such program/,
  );
  assert.match(wrapped(nowhere, "--gdb").error, /--gdb: expected a value behind it/);
  assert.match(
    wrapped(nowhere, `--gdb=${WRAPPER}`).error,
    /expected the real GDB, found imflasher-gdb itself/,
  );

  // A stand-in, because every GDB that is packaged has Python.
  const bare = program("bare-gdb", 'echo "--without-python"');
  assert.match(wrapped(nowhere, "--gdb", bare, "x.elf").error, /built without Python.*imflasher gdb-server/s);
  program("gdb-multiarch", 'echo "--without-python"');
  assert.match(wrapped(nowhere, "x.elf").error, /found without Python: gdb-multiarch\./);
  // A stand-in, to see what the real one would be given.
  const shows = program("arm-none-eabi-gdb", 'for a; do echo "<$a>"; done; exit 9');
  const verbatim = ["-q", "a b", "", "--args", "x.elf", "--gdb", "*"];
  const run = wrapped(
    { ...nowhere, IMFLASHER_NODE: process.execPath },
    ...["-q", "--imflasher", "--serial x", ...verbatim.slice(1)],
  );
  assert.equal(run.code, 9);
  assert.deepEqual(
    run.out.trimEnd().split("\n").slice(-verbatim.length),
    verbatim.map((word) => `<${word}>`),
  );
  assert.match(wrapped(nowhere, "--gdb", shows, "x.elf").error, /Node is missing/);
  assert.equal(wrapped(nowhere, "--version").out, "<--version>\n");
  // As npm installs it.
  mkdirSync(join(folder, "bin"));
  symlinkSync(WRAPPER, join(folder, "bin", "imflasher-gdb"));
  const path = [folder, process.env["PATH"]].join(delimiter);
  const linked = spawnSync(join(folder, "bin", "imflasher-gdb"), ["x.elf"], {
    env: { PATH: path },
    encoding: "utf8",
  });
  assert.equal(linked.stdout, `<-iex>\n<source ${join(ROOT, "gdb", "hooks.py")}>\n<x.elf>\n`);
});

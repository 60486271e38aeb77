/** The server in the middle with Debian's GDB and OpenOCD: load writes external flash, and the program stops in main. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ROOT } from "../tools/root.js";
import { Gdb } from "./gdb.js";
import { imflasher, Program } from "./program.js";

const IMAGES = join(ROOT, "examples", "images", "emulated");
const BLINK = join(IMAGES, "blink.elf");
const BIG = join(IMAGES, "big.elf");
const BOOTLOADER = join(ROOT, "firmware", "images", "emulated", "imbootloader.elf");
const ENTRY = /^0x901[0-9a-f]{5} <Reset_Handler>$/;

interface Desk {
  readonly folder: string;
  readonly board: Program;
  readonly pty: string;
  /** Port of the board's own debug server. */
  readonly probe: string;
  middle(...argv: string[]): Promise<Middle>;
  run(...argv: string[]): Program;
  gdb(elf?: string): Gdb;
}

interface Middle {
  readonly program: Program;
  readonly port: string;
  /** A GDB that is connected. */
  gdb(elf?: string): Promise<Gdb>;
}

/** A board with an old program in its flash chip; everything ends with the test. */
async function desk(context: TestContext, debug: "gdb" | "stlink" = "gdb", load = BIG): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-gdb-server-"));
  const programs: Program[] = [];
  // In reverse: a probe's server ends with the one in the middle.
  context.after(async () => {
    for (const program of programs.reverse()) {
      program.child.kill("SIGTERM");
      await program.exit;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (...argv: string[]): Program => {
    const program = imflasher(...argv);
    programs.push(program);
    return program;
  };
  const with_ = load === "" ? [] : ["--load", load];
  const board = run("emulate", "--state", "none", "--pty", `--${debug}`, "0", ...with_);
  const pty = (await board.line(/^pty /)).slice(4);
  const probe = (await board.line(new RegExp(`^${debug} \\d+$`))).slice(debug.length + 1);
  const gdb = (elf = BLINK): Gdb => {
    const made = new Gdb(elf);
    programs.push(made.program);
    return made;
  };
  const middle = async (...argv: string[]): Promise<Middle> => {
    const program = run("gdb-server", "--port", pty, "--listen", "0", ...argv);
    const port = (await program.line(/^Listening on port \d+$/)).slice(18);
    return {
      program,
      port,
      async gdb(elf) {
        const made = gdb(elf);
        await made.do("-gdb-set mi-async on");
        await made.do("-gdb-set confirm off");
        await made.do(`-target-select extended-remote :${port}`);
        return made;
      },
    };
  };
  return { folder, board, pty, probe, middle, run, gdb };
}

/** What our server says from its line `from` on, until it has loaded. */
function loaded(middle: Middle, from: number): Promise<string> {
  return middle.program.line(/^imflasher: \d+ bytes at 0x90100000 verified: /, from);
}

async function load(middle: Middle, gdb: Gdb): Promise<string> {
  const from = middle.program.lines.length;
  await gdb.do("-target-download");
  return loaded(middle, from);
}

async function continueToMain(gdb: Gdb): Promise<void> {
  await gdb.do("-break-insert -t main");
  assert.match(await gdb.until("-exec-continue"), /reason="breakpoint-hit".*func="main"/);
}

/** blink.elf with another word in its greeting. */
function changedBlink(at: Desk): string {
  const elf = readFileSync(BLINK);
  const where = elf.indexOf(": running from external flash");
  assert.ok(where > 0);
  elf.write("walking", where + 2, "latin1");
  const file = join(at.folder, "changed.elf");
  writeFileSync(file, elf);
  return file;
}

/** What a user does in an afternoon: the same through every probe. */
async function afternoon(at: Desk, middle: Middle): Promise<void> {
  const gdb = await middle.gdb();
  // Of the board's bootloader and of an old program nothing may be believed.
  assert.match(await load(middle, gdb), /verified: 4096 erased, \d+ programmed/);
  assert.match(await gdb.value("(void *)$pc"), ENTRY);
  await continueToMain(gdb);
  assert.match(gdb.console(), /imflasher: \d+ bytes at 0x90100000 verified/);
  assert.match(await gdb.value("$pc"), /^0x901/);
  assert.equal(await gdb.value("ticks"), "0");
  assert.match(await gdb.until("-exec-next"), /end-stepping-range.*func="main"/);
  assert.match(await gdb.until("-exec-step"), /end-stepping-range.*func="io_print_greeting"/);

  assert.match(await load(middle, gdb), /: 0 erased, 0 programmed, (\d+) were right already/);
  await continueToMain(gdb);

  await gdb.do(`-file-exec-and-symbols ${changedBlink(at)}`);
  assert.match(await load(middle, gdb), /: 4096 erased, \d+ programmed/);
  await continueToMain(gdb);
  await gdb.do("-break-watch ticks");
  assert.match(await gdb.until("-exec-continue"), /watchpoint-trigger.*old="0",new="1"/);
  await gdb.do("-break-delete");
  await at.board.line(/^console: blink: walking from external flash/);

  for (const restart of ["monitor reset", "monitor reset halt"]) {
    await gdb.do(restart);
    await gdb.do("maintenance flush register-cache");
    assert.match(await gdb.value("(void *)$pc"), ENTRY, restart);
    assert.equal(await gdb.value("*(unsigned *)0x90100000"), await gdb.value("(unsigned)$sp"));
  }
  assert.equal(await gdb.value("*(unsigned *)0x90fffffc"), String(0xffff_ffff));
  await continueToMain(gdb);
  await gdb.do("-target-detach");
  await at.board.line(/^console: blink 1$/, at.board.lines.length);

  await gdb.do(`-target-select extended-remote :${middle.port}`);
  await gdb.do("monitor reset");
  await gdb.do("maintenance flush register-cache");
  await continueToMain(gdb);
}

test("load, main, step, load unchanged, load changed, restart, detach: behind the emulated board's GDB server", async (context) => {
  const at = await desk(context);
  await afternoon(at, await at.middle("--upstream", `:${at.probe}`));
});

test("an IDE's order, on an empty board: reset, download, reset, main", async (context) => {
  const at = await desk(context, "gdb", "");
  const middle = await at.middle("--upstream", `:${at.probe}`);
  const gdb = await middle.gdb();
  await gdb.do("monitor reset halt");
  assert.match(gdb.console(), /the board has no program that it starts/);
  await load(middle, gdb);
  await gdb.do("monitor reset halt");
  await continueToMain(gdb);
});

/** A port that nobody has at this moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

test("the same behind real OpenOCD, which the server starts and ends", async (context) => {
  const at = await desk(context, "stlink");
  const port = await freePort();
  const openocd = [
    `openocd -c "set STLINK_PORT ${at.probe}" -c "gdb_port ${port}" -c "tcl_port disabled"`,
    `-c "telnet_port disabled" -f ${join(ROOT, "boards", "emulated.openocd.cfg")}`,
  ].join(" ");
  const middle = await at.middle("--spawn", openocd, "--upstream", `:${port}`);
  await afternoon(at, middle);
  middle.program.child.kill("SIGTERM");
  assert.equal(await middle.program.exit, 130);
  assert.ok(
    middle.program.lines.some((line) => /shutdown command invoked/.test(line)),
    "OpenOCD was not ended",
  );
});

test("GDB in batch mode, and --once: the server ends with it", async (context) => {
  const at = await desk(context);
  const middle = await at.middle("--upstream", `127.0.0.1:${at.probe}`, "--once");
  const commands = [`target extended-remote :${middle.port}`, "load", "tbreak main", "continue", "detach"];
  const gdb = new Program(
    "gdb-multiarch",
    "-q",
    "-nx",
    "-batch",
    ...commands.flatMap((c) => ["-ex", c]),
    BLINK,
  );
  assert.equal(await gdb.exit, 0, gdb.lines.join("\n"));
  assert.ok(gdb.lines.some((line) => /^Temporary breakpoint 1, main/.test(line)));
  assert.equal(await middle.program.exit, 0);
});

test("a ninth breakpoint is refused in words; run begins the program anew", async (context) => {
  const at = await desk(context, "gdb", BLINK);
  const middle = await at.middle("--upstream", `:${at.probe}`);
  const gdb = await middle.gdb();
  // Nothing was loaded: the board's own program is found.
  await gdb.do("monitor reset");
  await gdb.do("maintenance flush register-cache");
  await continueToMain(gdb);
  for (let n = 0; n < 8; n++)
    await gdb.do(`-break-insert *${await gdb.value(`(unsigned)&main + ${8 + 4 * n}`)}`);
  await gdb.do("-break-insert SysTick_Handler");
  await gdb.do("-exec-continue");
  await gdb.program.line(/all 8 hardware breakpoints are in use/);
  await gdb.do("-break-delete");
  await gdb.do("-break-insert -t main");
  assert.match(await gdb.until("-exec-run"), /breakpoint-hit.*func="main"/);
});

test("a program over the bootloader is refused before anything is erased, set in flash, too", async (context) => {
  const at = await desk(context, "gdb", BLINK);
  const middle = await at.middle("--upstream", `:${at.probe}`);
  const gdb = await middle.gdb(BOOTLOADER);
  assert.match(await gdb.result("-target-download"), /^error/);
  await middle.program.line(/linked over the bootloader.*nothing was erased/);
  await gdb.do(`-file-exec-and-symbols ${BLINK}`);
  await gdb.do("monitor reset");
  assert.match(gdb.console(), /linked over the bootloader/);
  // GDB itself refuses where the memory map says flash.
  assert.match(await gdb.result("-gdb-set var *(int *)0x90100000 = 1"), /^error.*flash/i);
  await continueToMain(gdb);
});

test("the cable out in the middle, a GDB that dies in the middle: told, nothing left running, load again completes", async (context) => {
  const at = await desk(context);
  const middle = await at.middle("--upstream", `:${at.probe}`, "--timeout", "1");
  const gdb = await middle.gdb();
  at.board.say("unplug");
  const refused = gdb.result("-target-download");
  await middle.program.line(/does not answer|link to the board was lost/);
  assert.match(await refused, /^error,msg="Error finishing flash operation"/);
  at.board.say("plug");
  await load(middle, gdb);
  await continueToMain(gdb);
  assert.match(gdb.console(), /does not answer|link to the board was lost/);

  gdb.program.say(`-file-exec-and-symbols ${changedBlink(at)}`);
  const from = middle.program.lines.length;
  at.board.say("unplug");
  gdb.program.say("-target-download");
  await middle.program.line(/goes into its bootloader/, from);
  await gdb.program.end();
  await middle.program.line(/interrupted/, from);
  at.board.say("plug");
  const again = await middle.gdb();
  await load(middle, again);
  await continueToMain(again);
});

test("no probe's server; one that goes while the program runs; a second GDB may look only", async (context) => {
  const at = await desk(context, "gdb", BLINK);
  const nobody = await at.middle("--upstream", `127.0.0.1:${await freePort()}`);
  const lonely = at.gdb();
  await lonely.result(`-target-select extended-remote :${nobody.port}`);
  await lonely.program.line(/ECONNREFUSED.*--spawn/);
  await nobody.program.line(/no connection to the probe's server: .*ECONNREFUSED/);

  const middle = await at.middle("--upstream", `:${at.probe}`);
  const gdb = await middle.gdb();
  await load(middle, gdb);
  await continueToMain(gdb);
  const second = await middle.gdb();
  assert.match(await second.result("-target-download"), /^error/);
  await middle.program.line(/another GDB controls the board/);
  await second.do("-target-detach");
  await gdb.do("-exec-continue");
  await at.board.line(/^console: blink 1$/, at.board.lines.length);
  await at.board.end();
  await middle.program.line(/the connection to the probe's server at 127\.0\.0\.1:\d+ is lost/);
  await gdb.program.line(/the connection to the probe's server at .* is lost/);
});

test("a board that belongs to somebody else is not written: the message says whose it is", async (context) => {
  const at = await desk(context, "gdb", "");
  const authority = join(at.folder, "authority");
  for (const argv of [
    ["keys", "new-authority", authority],
    ["claim", "--authority", authority, "--port", at.pty],
  ]) {
    const program = at.run(...argv);
    assert.equal(await program.exit, 0, program.lines.join("\n"));
  }
  const middle = await at.middle("--upstream", `:${at.probe}`);
  const gdb = await middle.gdb();
  assert.match(await gdb.result("-target-download"), /^error/);
  await middle.program.line(/^denied: board [-0-9A-Z]{23} belongs to/);
});

/** What tests of debugging begin with: a board, a server in the middle, a GDB. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { ROOT } from "../tools/root.js";
import { Gdb } from "./gdb.js";
import { imflasher, Program } from "./program.js";

const IMAGES = join(ROOT, "examples", "images", "emulated");
export const WRAPPER = join(ROOT, "gdb", "imflasher-gdb");
export const BLINK = join(IMAGES, "blink.elf");
export const BIG = join(IMAGES, "big.elf");
export const BOOTLOADER = join(ROOT, "firmware", "images", "emulated", "imbootloader.elf");
export const ENTRY = /^0x901[0-9a-f]{5} <Reset_Handler>$/;

export interface Desk {
  readonly folder: string;
  readonly board: Program;
  readonly pty: string;
  /** Port of the board's own debug server. */
  readonly probe: string;
  middle(...argv: string[]): Promise<Middle>;
  /** A command line of ours. */
  run(...argv: string[]): Program;
  start(command: string, ...argv: string[]): Program;
  /** @param command how it is started; Debian's GDB, when left out */
  gdb(elf?: string, command?: readonly string[]): Gdb;
}

export interface Middle {
  readonly program: Program;
  readonly port: string;
  /** A GDB that is connected. */
  gdb(elf?: string): Promise<Gdb>;
}

/** A board with an old program in its flash chip; everything ends with the test. */
export async function desk(
  context: { after(end: () => Promise<void>): void },
  debug: "gdb" | "stlink" = "gdb",
  load = BIG,
  name = "emulated",
): Promise<Desk> {
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
  const kept = (program: Program): Program => {
    programs.push(program);
    return program;
  };
  const run = (...argv: string[]): Program => kept(imflasher(...argv));
  const with_ = load === "" ? [] : ["--load", load];
  const board = run("emulate", "--board", name, "--state", "none", "--pty", `--${debug}`, "0", ...with_);
  const pty = (await board.line(/^pty /)).slice(4);
  const probe = (await board.line(new RegExp(`^${debug} \\d+$`))).slice(debug.length + 1);
  const gdb = (elf = BLINK, command?: readonly string[]): Gdb => {
    const made = Gdb.start(elf, command);
    kept(made.program);
    return made;
  };
  const start = (command: string, ...argv: string[]): Program => kept(new Program(command, ...argv));
  const middle = async (...argv: string[]): Promise<Middle> => {
    const program = run("gdb-server", "--port", pty, "--listen", "0", ...argv);
    const line = await program.line(/^(Listening on port |{"type":"gdb","gdb":)\d+/);
    const port = /\d+/.exec(line)?.[0] ?? "";
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
  return { folder, board, pty, probe, middle, run, start, gdb };
}

/** What our server says from its line `from` on, until it has loaded. */
export function loaded(middle: Middle, from: number): Promise<string> {
  return middle.program.line(/^imflasher: \d+ bytes at 0x90100000 verified: /, from);
}

export async function load(middle: Middle, gdb: Gdb): Promise<string> {
  const from = middle.program.lines.length;
  await gdb.do("-target-download");
  return loaded(middle, from);
}

export async function continueToMain(gdb: Gdb): Promise<void> {
  await gdb.do("-break-insert -t main");
  assert.match(await gdb.until("-exec-continue"), /reason="breakpoint-hit".*func="main"/);
}

/** blink.elf with another word in its greeting. */
export function changedBlink(at: Desk): string {
  const elf = readFileSync(BLINK);
  const where = elf.indexOf(": running from external flash");
  assert.ok(where > 0);
  elf.write("walking", where + 2, "latin1");
  const file = join(at.folder, "changed.elf");
  writeFileSync(file, elf);
  return file;
}

/** A port that nobody has at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** A function is changed, and only its sector written; in `main` again, a watchpoint shows the first change of `ticks`. */
export async function editAndWatch(at: Desk, middle: Middle, gdb: Gdb): Promise<void> {
  await gdb.do(`-file-exec-and-symbols ${changedBlink(at)}`);
  assert.match(await load(middle, gdb), /: 4096 erased, \d+ programmed/);
  await continueToMain(gdb);
  await gdb.do("-break-watch ticks");
  assert.match(await gdb.until("-exec-continue"), /watchpoint-trigger.*old="0",new="1"/);
}

/** What a user does in an afternoon: the same through every probe. */
export async function afternoon(at: Desk, middle: Middle): Promise<void> {
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

  await editAndWatch(at, middle, gdb);
  await gdb.do("-break-delete");
  // A reset may have cut off what the program before began to print.
  await at.board.line(/^console: .*blink: walking from external flash/);

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

/** The command line of an OpenOCD at the emulated ST-LINK. @param gdbPort "gdb_port N", or "gdb_port pipe" */
export function openocdCommand(at: Desk, gdbPort: string): string {
  const settings = [`set STLINK_PORT ${at.probe}`, gdbPort, "tcl_port disabled", "telnet_port disabled"];
  const words = settings.map((setting) => `-c "${setting}"`).join(" ");
  return `openocd ${words} -f ${join(ROOT, "boards", "emulated.openocd.cfg")}`;
}

/** blink.elf with a MiB behind it, as a program of that size would load. */
export function largeBlink(at: Desk, elf = BLINK, name = "large.elf"): Promise<string> {
  const random = seededRandom(7);
  const payload = Uint8Array.from({ length: 0x10_0000 }, () => random() * 256);
  return withSection(at, elf, { name, address: 0x9010_1000, bytes: payload });
}

/** A program with one more section that is loaded. @param section its address, and the name of the new file */
export async function withSection(
  at: Desk,
  elf: string,
  { name, address, bytes }: { readonly name: string; readonly address: number; readonly bytes: Uint8Array },
): Promise<string> {
  const [payload, file] = [join(at.folder, `${name}.bin`), join(at.folder, name)];
  writeFileSync(payload, bytes);
  const objcopy = at.start(
    "arm-none-eabi-objcopy",
    ...["--add-section", `.payload=${payload}`, "--set-section-flags", ".payload=alloc,load,readonly,data"],
    ...["--change-section-address", `.payload=0x${address.toString(16)}`, elf, file],
  );
  assert.equal(await objcopy.exit, 0, objcopy.lines.join("\n"));
  return file;
}

/** Debian's OpenOCD with its own target/stm32h7x.cfg at the emulated board, through the emulated ST-LINK. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { ROOT } from "../tools/root.js";
import { Gdb } from "./gdb.js";
import { imflasher, Program } from "./program.js";

const BLINK = join(ROOT, "examples", "images", "emulated", "blink.elf");
const CONFIG = join(ROOT, "boards", "emulated.openocd.cfg");
const MAIN = "0x90100234";
const QUIET = ["gdb_port disabled", "tcl_port disabled", "telnet_port disabled"];

interface Desk {
  readonly board: Program;
  /** Arguments that lead OpenOCD to the board. */
  arguments(...before: string[]): string[];
  started(program: Program): void;
}

async function desk(context: TestContext): Promise<Desk> {
  const board = imflasher("emulate", "--state", "none", "--load", BLINK, "--stlink", "0");
  const programs = [board];
  context.after(() => Promise.all(programs.map((program) => program.end())));
  const port = (await board.line(/^stlink \d+$/)).slice(7);
  return {
    board,
    arguments: (...before) => [
      ...[...before, `set STLINK_PORT ${port}`].flatMap((line) => ["-c", line]),
      "-f",
      CONFIG,
    ],
    started: (program) => programs.push(program),
  };
}

/** Runs OpenOCD with these commands. @returns all that it said; fails when it does */
async function openocd(at: Desk, ...commands: string[]): Promise<string> {
  const lines = ["init", ...commands, "shutdown"].flatMap((line) => ["-c", line]);
  const program = new Program("openocd", ...at.arguments(...QUIET), ...lines);
  at.started(program);
  const code = await program.exit;
  const said = program.lines.join("\n");
  assert.equal(code, 0, said);
  assert.doesNotMatch(said, /^Error/m, said);
  return said;
}

test("finds the core, halts, shows and changes registers and memory, steps, and stops in main in external flash", async (context) => {
  const at = await desk(context);
  await at.board.line(/^console: blink 1$/);
  const found = await openocd(at, "halt", "reg", "targets", "resume");
  assert.match(found, /SWD DPIDR 0x6ba02477/);
  assert.match(found, /Cortex-M7 r1p1 processor detected/);
  assert.match(found, /target has 8 breakpoints, 4 watchpoints/);
  assert.match(found, /halted due to debug-request, current mode: Thread/);
  assert.match(found, /pc \(\/32\): 0x901002/);
  assert.match(found, /d15 \(\/64\): 0x/);
  await at.board.line(/^console: blink \d+$/, at.board.lines.length);

  const stopped = await openocd(
    at,
    "reset halt",
    `bp ${MAIN} 2 hw`,
    "resume",
    "wait_halt 5000",
    "reg r0 0x12345678",
    "step",
    "reg pc",
    "reg r0",
    "mww 0x24000000 0xdeadbeef",
    "mdw 0x24000000",
    "mdb 0x24000001",
    `rbp ${MAIN}`,
    "wp 0x20000000 4 w",
    "resume",
    "wait_halt 5000",
    "rwp 0x20000000",
    "resume",
  );
  assert.match(stopped, /pc: 0x0800[0-9a-f]{4}/);
  assert.match(stopped, new RegExp(`halted due to breakpoint.*\\n.*pc: ${MAIN}`));
  assert.match(stopped, /halted due to single-step.*\n.*pc: 0x90100236/);
  assert.match(stopped, /r0 \(\/32\): 0x12345678/);
  assert.match(stopped, /0x24000000: deadbeef/);
  assert.match(stopped, /0x24000001: be/);
  assert.match(stopped, /halted due to watchpoint/);
});

test("vector catch stops at a fault; a reset from the wire starts the board again", async (context) => {
  const at = await desk(context);
  await at.board.line(/^console: blink 1$/);
  // A jump to where nothing is.
  const caught = await openocd(
    at,
    "halt",
    "cortex_m vector_catch hard_err",
    "reg pc 0x60000000",
    "resume",
    "wait_halt 5000",
    "reg xPSR",
    "mdw 0xE000ED28 2",
  );
  assert.match(caught, /vector_catch.*|hard_err: catch/);
  assert.match(caught, /current mode: Handler HardFault/);
  await openocd(at, "cortex_m vector_catch none", "reset run");
  await at.board.line(/^console: blink 1$/, at.board.lines.length);
});

test("stmqspi probes the flash chip, erases, writes by its own loader, verifies and dumps", async (context) => {
  const at = await desk(context);
  const folder = mkdtempSync(join(tmpdir(), "imflasher-openocd-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const random = seededRandom(5);
  const image = Uint8Array.from({ length: 0x1_8000 }, () => random() * 256);
  const [file, dump] = [join(folder, "image.bin"), join(folder, "dump.bin")];
  writeFileSync(file, image);
  const said = await openocd(
    at,
    "reset init",
    "flash probe 1",
    "flash erase_sector 1 32 33",
    `flash write_bank 1 ${file} 0x200000`,
    `flash verify_bank 1 ${file} 0x200000`,
    `dump_image ${dump} 0x90200000 ${image.length}`,
    "reset run",
  );
  assert.match(said, /flash1 'win w25q128fv\/jv' id = 0x1840ef size = 16384 KiB/);
  assert.match(said, /wrote 98304 bytes/);
  assert.match(said, /contents match/);
  assert.deepEqual(new Uint8Array(readFileSync(dump)), image);
  // What stood beside it still runs.
  await at.board.line(/^console: blink 1$/, at.board.lines.length);
});

test("GDB behind OpenOCD stops in main, and loads the internal flash", async (context) => {
  const at = await desk(context);
  const gdb = Gdb.start(BLINK);
  at.started(gdb.program);
  const command = ["openocd", ...at.arguments("gdb_port pipe", "log_output /dev/null", ...QUIET.slice(1))]
    .map((word) => (/[ ]/.test(word) ? `"${word}"` : word))
    .join(" ");
  await gdb.do("-gdb-set mi-async on");
  await gdb.do(`target extended-remote | ${command}`);
  await gdb.do("monitor reset halt");
  await gdb.do("-break-insert -t -h main");
  assert.match(await gdb.until("-exec-continue"), /breakpoint-hit.*func="main"/);
  await gdb.do("-break-watch ticks");
  assert.match(await gdb.until("-exec-continue"), /watchpoint-trigger.*old="0",new="1"/);
  await gdb.do(`-file-exec-and-symbols ${join(ROOT, "firmware", "images", "emulated", "imbootloader.elf")}`);
  await gdb.do("-target-download");
  await gdb.do("compare-sections");
  assert.doesNotMatch(gdb.console(), /MIS-MATCHED/);
  await gdb.do("-gdb-exit");
});

/** Debian's GDB at the emulated board: what a user does in an afternoon with a program in external flash. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ROOT } from "../tools/root.js";
import { Gdb } from "./gdb.js";
import { imflasher, type Program } from "./program.js";

const BLINK = join(ROOT, "examples", "images", "emulated", "blink.elf");
const BOOTLOADER = join(ROOT, "firmware", "images", "emulated", "imbootloader.elf");
const EXTERNAL = /^0x901[0-9a-f]{5}/;

interface Desk {
  readonly board: Program;
  readonly port: string;
  gdb(elf?: string): Gdb;
}

/** A board with blink in its flash chip; everything ends with the test. */
async function desk(context: TestContext, ...argv: string[]): Promise<Desk> {
  const board = imflasher("emulate", "--state", "none", "--load", BLINK, "--gdb", "0", ...argv);
  const started = [board];
  context.after(() => Promise.all(started.map((program) => program.end())));
  const port = (await board.line(/^gdb \d+$/)).slice(4);
  return {
    board,
    port,
    gdb(elf = BLINK) {
      const gdb = Gdb.start(elf);
      started.push(gdb.program);
      return gdb;
    },
  };
}

async function attached(at: Desk, elf?: string): Promise<Gdb> {
  const gdb = at.gdb(elf);
  await gdb.do("-gdb-set mi-async on");
  await gdb.do("-gdb-set confirm off");
  await gdb.do(`-target-select extended-remote :${at.port}`);
  return gdb;
}

async function monitor(gdb: Gdb, line: string): Promise<string> {
  const from = gdb.program.lines.length;
  await gdb.do(`monitor ${line}`);
  return gdb.console(from);
}

async function stoppedInMain(at: Desk): Promise<Gdb> {
  const gdb = await attached(at);
  assert.match(await monitor(gdb, "reset halt"), /^reset, halted at 0x0800[0-9A-F]{4}\n$/);
  await gdb.do("-break-insert -t main");
  const stop = await gdb.until("-exec-continue");
  assert.match(stop, /reason="breakpoint-hit".*func="main"/);
  return gdb;
}

test("stops in main in external flash, steps, reads, writes, watches a variable, returns from a function", async (context) => {
  const at = await desk(context);
  const gdb = await stoppedInMain(at);
  assert.match(await gdb.value("$pc"), EXTERNAL);
  assert.equal(await gdb.value("ticks"), "0");
  assert.match(await gdb.until("-exec-next"), /end-stepping-range.*func="main"/);
  assert.match(await gdb.until("-exec-step"), /end-stepping-range.*func="io_print_greeting"/);
  assert.match(await gdb.do("-stack-list-frames"), /func="io_print_greeting".*func="main"/);
  assert.match(await gdb.until("-exec-finish"), /function-finished.*func="main"/);
  await gdb.do("-break-watch ticks");
  assert.match(await gdb.until("-exec-continue"), /watchpoint-trigger.*old="0",new="1"/);
  assert.match(await gdb.until("-exec-continue"), /watchpoint-trigger.*old="1",new="2"/);
  await gdb.do("-break-delete");
  await gdb.do("-break-watch -r ticks");
  assert.match(await gdb.until("-exec-continue"), /read-watchpoint-trigger.*value="2"/);
  await gdb.do("-break-delete");

  await gdb.do("-break-insert count_tick");
  assert.match(await gdb.until("-exec-continue"), /breakpoint-hit.*func="count_tick"/);
  assert.match(await gdb.do("-stack-list-frames"), /func="count_tick".*<signal handler called>.*func="main"/);
  await gdb.do("-gdb-set var ticks = 400");
  await gdb.do("-break-delete");
  await gdb.do("-exec-continue");
  await at.board.line(/^console: blink: running from external flash/);
  await at.board.line(/^console: blink 101/);
});

test("Ctrl-C at any time; detached the program runs on; connected again it is where it is", async (context) => {
  const at = await desk(context);
  const gdb = await stoppedInMain(at);
  for (let n = 0; n < 3; n++) {
    await gdb.do("-exec-continue");
    assert.match(await gdb.until("-exec-interrupt"), /signal-received.*SIGINT/);
  }
  const before = Number(await gdb.value("ticks"));
  await gdb.do("-target-detach");
  const lines = at.board.lines.length;
  await at.board.line(/^console: blink \d+$/, lines);
  await gdb.do(`-target-select extended-remote :${at.port}`);
  assert.ok(Number(await gdb.value("ticks")) > before, "the program did not run while nobody was connected");

  // A GDB that dies leaves no breakpoint and no halted core behind.
  await gdb.do("-break-insert count_tick");
  await gdb.until("-exec-continue");
  await gdb.program.end();
  const later = at.board.lines.length;
  await at.board.line(/^console: blink \d+$/, later);
  const again = await attached(at);
  assert.match(await again.value("$pc"), EXTERNAL);
  await again.do("-gdb-exit");
  await again.program.exit;
  await at.board.line(/^console: blink \d+$/, at.board.lines.length);
});

test("system and floating-point registers can be read and written", async (context) => {
  const gdb = await stoppedInMain(await desk(context));
  await gdb.do("-gdb-set var $psp = 0x20001000");
  await gdb.do("-gdb-set var $primask = 1");
  await gdb.do("-gdb-set var $basepri = 32");
  assert.deepEqual([await gdb.value("$primask"), await gdb.value("$basepri")], ["1", "32"]);
  assert.match(await gdb.value("$psp"), /0x20001000/);
  assert.notEqual(await gdb.value("$sp"), await gdb.value("$psp"));
  await gdb.do("-gdb-set var $control = 2");
  await gdb.do("maintenance flush register-cache");
  assert.equal(await gdb.value("$sp"), await gdb.value("$psp"));
  await gdb.do("-gdb-set var $control = 0");
  await gdb.do("-gdb-set var $d3 = 1.5");
  await gdb.do("-gdb-set var $s1 = -2.25");
  await gdb.do("maintenance flush register-cache");
  assert.deepEqual(
    [await gdb.value("$d3"), await gdb.value("$s1"), await gdb.value("$s7")],
    ["1.5", "-2.25", "1.9375"],
  );
  assert.equal(await gdb.value("(int)$control"), "0");
});

test("the ninth breakpoint is refused, and the eight others still hold", async (context) => {
  const at = await desk(context);
  const gdb = await stoppedInMain(at);
  for (let n = 0; n < 8; n++)
    await gdb.do(`-break-insert -h *${await gdb.value(`(unsigned)&main + ${8 + 4 * n}`)}`);
  await gdb.do("-break-insert -h SysTick_Handler");
  await gdb.do("-exec-continue");
  await gdb.program.line(/Could not insert hardware breakpoints/);
  await at.board.line(/all 8 hardware breakpoints are in use/);
  await gdb.do("-break-delete 10");
  assert.match(await gdb.until("-exec-continue"), /breakpoint-hit/);
});

test("load writes the internal flash and is checked; external flash is refused with what to do", async (context) => {
  const at = await desk(context);
  const gdb = await attached(at, BOOTLOADER);
  await gdb.do("-target-download");
  const from = gdb.program.lines.length;
  await gdb.do("compare-sections");
  assert.match(gdb.console(from), /\.text, range 0x800[^\n]*: matched/);
  assert.doesNotMatch(gdb.console(from), /MIS-MATCHED/);
  await monitor(gdb, "reset halt");
  assert.equal(await gdb.value("(unsigned)$pc >> 24"), "8");
  await gdb.do(`-file-exec-and-symbols ${BLINK}`);
  assert.match(await gdb.result("-target-download"), /^error/);
  await at.board.line(/0x90100000 is in the external flash chip.*imflasher gdb-server/);
});

test("a second GDB sees variables while the program runs, and changes nothing", async (context) => {
  const at = await desk(context);
  const gdb = await stoppedInMain(at);
  await gdb.do("-exec-continue");
  await at.board.line(/^console: blink 1$/);
  const view = at.gdb();
  await view.do(`-target-select remote :${at.port}`);
  const first = Number(await view.value("ticks"));
  await at.board.line(/^console: blink \d+$/, at.board.lines.length);
  await view.do("maintenance flush dcache");
  assert.ok(Number(await view.value("ticks")) > first);
  assert.match(await view.result("-gdb-set var ticks = 0"), /^error/);
  await view.do("-target-detach");
  assert.match(await gdb.until("-exec-interrupt"), /SIGINT/);
});

test("--power-on halted waits before the first instruction", async (context) => {
  const at = await desk(context, "--power-on", "halted");
  const gdb = await attached(at, BOOTLOADER);
  assert.equal(
    await gdb.value("$pc == (void *)((unsigned)&Reset_Handler & ~1) || $pc == (void *)Reset_Handler"),
    "1",
  );
});

test("monitor explains itself; kill and run begin again at reset", async (context) => {
  const at = await desk(context);
  const gdb = await stoppedInMain(at);
  assert.match(await monitor(gdb, "help"), /^reset +.*\nreset run +/);
  const from = gdb.program.lines.length;
  assert.match(await gdb.result("monitor frobnicate"), /^error/);
  assert.match(gdb.console(from), /frobnicate: not known here/);
  await gdb.do("kill");
  await gdb.do("-break-insert -t main");
  assert.match(await gdb.until("-exec-run"), /breakpoint-hit.*func="main"/);
  assert.match(await monitor(gdb, "reset run"), /^reset, running/);
  await at.board.line(/^console: blink 1$/, at.board.lines.length);
});

/** The server in the middle with Debian's GDB and OpenOCD: load writes external flash, and the program stops in main. */
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  afternoon,
  BLINK,
  BOOTLOADER,
  changedBlink,
  continueToMain,
  desk,
  freePort,
  largeBlink,
  load,
  openocdCommand,
  withSection,
} from "./debug-desk.js";
import { Program } from "./program.js";

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

test("the same behind real OpenOCD, which the server starts and ends", async (context) => {
  const at = await desk(context, "stlink");
  const port = await freePort();
  const openocd = openocdCommand(at, `gdb_port ${port}`);
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
  const middle = await at.middle("--upstream", `:${at.probe}`, "--timeout", "1", "--via", "usb");
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

test("a board that runs signed programs only takes what is signed, and says what is missing", async (context) => {
  const at = await desk(context, "gdb", "");
  const [authority, keys, program] = [
    join(at.folder, "authority"),
    join(at.folder, "keys.json"),
    join(at.folder, "p.elf"),
  ];
  copyFileSync(BLINK, program);
  for (const argv of [
    ["keys", "new-authority", authority],
    ["claim", "--authority", authority, "--port", at.pty],
    ["policy", "require-signed", "--authority", authority, "--port", at.pty],
    ["keys", "issue", "--authority", authority, "--board", "any", "--to", "Ann", "--out", keys],
    ["sign", program, "--authority", authority],
  ]) {
    const done = at.run(...argv);
    assert.equal(await done.exit, 0, done.lines.join("\n"));
  }
  const argv = ["--upstream", `:${at.probe}`, "--keys", keys];
  const unsigned = await at.middle(...argv);
  const refused = await unsigned.gdb(program);
  assert.match(await refused.result("-target-download"), /^error/);
  await unsigned.program.line(/runs only what its owner signed.*--signature/);
  await refused.do("-gdb-exit");
  const middle = await at.middle(...argv, "--signature", `${program}.sig`);
  const gdb = await middle.gdb(program);
  await load(middle, gdb);
  await continueToMain(gdb);
  await gdb.do(`-file-exec-and-symbols ${changedBlink(at)}`);
  assert.match(await gdb.result("-target-download"), /^error/);
  await middle.program.line(/the program is not what was signed/);
});

test("flash size and region are the connected board's, as its bootloader tells", async (context) => {
  const at = await desk(context, "gdb", "");
  const small = at.run("emulate", "--board", "weact-ministm32h750", "--state", "none", "--gdb", "0");
  const port = (await small.line(/^gdb \d+$/)).slice(4);
  const middle = await at.middle("--upstream", `:${port}`);
  const gdb = await middle.gdb();
  await gdb.do("info mem");
  assert.match(gdb.console(), /0x90000000\s+0x90800000\s+flash/);
});

test("what a program has in RAM is there at its first instruction, though the bootloader ran in between", async (context) => {
  const at = await desk(context, "gdb", "");
  const bytes = Uint8Array.from({ length: 300 }, (_, n) => n);
  // Where the bootloader keeps the requests that wait.
  const elf = await withSection(at, BLINK, { name: "ram.elf", address: 0x2400_0000, bytes });
  for (const via of ["usb", "probe"]) {
    const middle = await at.middle("--upstream", `:${at.probe}`, "--via", via);
    const gdb = await middle.gdb(elf);
    await load(middle, gdb);
    assert.equal(await gdb.value("*(unsigned *)0x24000000"), String(0x0302_0100), via);
    assert.equal(await gdb.value("*(unsigned char *)0x2400012b"), `${299 % 256} '+'`, via);
    await continueToMain(gdb);
    await gdb.do("-gdb-exit");
  }
});

test("the board lost in the middle of a load, the server interrupted in the middle: told, and nothing left running", async (context) => {
  const at = await desk(context, "stlink", "");
  const large = await largeBlink(at);
  const port = await freePort();
  const command = openocdCommand(at, `gdb_port ${port}`);
  const middle = await at.middle("--spawn", command, "--upstream", `:${port}`, "--json");
  const gdb = await middle.gdb(large);
  gdb.program.say("-target-download");
  await middle.program.line(/"phase":"write"/);
  middle.program.child.kill("SIGINT");
  assert.equal(await middle.program.exit, 130);
  await gdb.program.line(/Remote connection closed|Error finishing flash/);
  // The port is free again: OpenOCD has ended.
  const again = await at.middle("--spawn", command, "--upstream", `:${port}`, "--json");
  const other = await again.gdb(large);
  const refused = other.result("-target-download");
  await again.program.line(/"phase":"write"/);
  await at.board.end();
  assert.match(await refused, /^error/);
  // OpenOCD says that the core has stopped when its probe is gone.
  await again.program.line(/"type":"failure".*(lost|the core stopped)/);
});

test("--json: what was loaded and what was refused, as objects", async (context) => {
  const at = await desk(context, "gdb", "");
  const middle = await at.middle("--upstream", `:${at.probe}`, "--json");
  const gdb = await middle.gdb();
  await gdb.do("-target-download");
  const loaded = JSON.parse(await middle.program.line(/"type":"load"/)) as Record<string, unknown>;
  assert.deepEqual(
    [loaded["imageBytes"], loaded["address"], loaded["unchangedBytes"]],
    [1268, 0x9010_0000, 0],
  );
  assert.equal(loaded["entry"], Number.parseInt(await gdb.value("(unsigned)$pc"), 10));
  await gdb.do(`-file-exec-and-symbols ${BOOTLOADER}`);
  await gdb.result("-target-download");
  await middle.program.line(/"type":"failure".*linked over the bootloader/);
});

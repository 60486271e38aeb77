/**
 * What Eclipse and cortex-debug do with the configurations that `imflasher ide` writes: their command lines of server and GDB,
 * and their commands in their order, as their sources have them. The IDEs themselves cannot run here.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Desk, desk } from "./debug-desk.js";
import type { Gdb } from "./gdb.js";
import { launchAttributes, launchConfiguration, PROGRAM, placeStlink, writeIdeFiles } from "./ide-project.js";

/** OpenOCD as an IDE starts it, in the project. @returns GDB's port; the test's own, where the IDE's would be a fixed one */
async function openocd(at: Desk, ...argv: string[]): Promise<string> {
  const words = ["-s", at.folder, ...argv].map((word) => `'${word}'`).join(" ");
  const server = at.start("sh", "-c", `exec openocd ${words}`);
  return /port (\d+)/.exec(await server.line(/Listening on port \d+ for gdb connections/))?.[1] ?? "";
}

async function runsToMain(gdb: Gdb, command: string): Promise<void> {
  assert.match(await gdb.until(command), /reason="breakpoint-hit".*func="main"/);
  assert.match(await gdb.value("(void *)$pc"), /^0x901.*<main>/);
}

test("cortex-debug with OpenOCD: launch, main, step, its reset button, detach", async (context) => {
  const at = await desk(context, "stlink");
  placeStlink(at);
  await writeIdeFiles(at, "vscode", "--probe", "openocd", "--port", at.pty);
  const { gdbPath, debuggerArgs, configFiles, executable, runToEntryPoint } = launchConfiguration(
    at,
    "cortex-debug",
  );
  const port = await openocd(at, ...(configFiles as string[]).flatMap((file) => ["-f", file]));
  const command = [String(gdbPath), "-q", "--interpreter=mi2", ...(debuggerArgs as string[])];
  const gdb = at.gdb("-n", command);
  for (const line of [
    "-gdb-set mi-async on",
    "set print demangle on",
    "set stack-cache off",
    "set remote interrupt-on-connect off",
    `-file-exec-and-symbols "${executable}"`,
    `-target-select extended-remote localhost:${port}`,
    "monitor reset halt",
    "-target-download",
    "monitor reset halt",
    `-break-insert -t --function ${runToEntryPoint}`,
  ]) {
    await gdb.do(line);
  }
  await runsToMain(gdb, "-exec-continue --all");
  assert.match(await gdb.until("-exec-next"), /end-stepping-range.*func="main"/);
  await gdb.do("monitor reset halt");
  await gdb.do("-break-insert -t --function main");
  await runsToMain(gdb, "-exec-continue --all");
  await gdb.do("-target-detach");
  await at.board.line(/^console: blink 1$/, at.board.lines.length);
  await gdb.result("-gdb-exit");
  assert.equal(await gdb.program.exit, 0);
});

test("Embedded CDT with OpenOCD: debug, main, restart, terminate", async (context) => {
  const at = await desk(context, "stlink");
  placeStlink(at);
  await writeIdeFiles(at, "eclipse", "--probe", "openocd", "--port", at.pty);
  const values = launchAttributes(at, "blink (OpenOCD)");
  const of = (key: string): string => values.get(`ilg.gnumcueclipse.debug.gdbjtag.openocd.${key}`) ?? "";
  const port = await openocd(at, ...of("gdbServerOther").split(" "));
  // Eclipse takes the line apart at blanks, but for those in quotes.
  const options = [...of("gdbClientOtherOptions").matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, word]) => quoted ?? word ?? "",
  );
  const executable = values.get("org.eclipse.cdt.dsf.gdb.DEBUG_NAME") ?? "";
  const gdb = at.gdb("-n", [executable, "--interpreter=mi2", "--nx", ...options]);
  const program = join(at.folder, PROGRAM);
  const start = [
    `monitor reset ${of("secondResetType")}`,
    "monitor halt",
    `-break-insert -t -f ${values.get("org.eclipse.cdt.debug.gdbjtag.core.stopAt")}`,
    "monitor reg",
  ];
  for (const line of [
    "-gdb-set mi-async on",
    of("gdbClientOtherCommands"),
    `-target-select remote localhost:${port}`,
    `monitor reset ${of("firstResetType")}`,
    "monitor halt",
    `symbol-file ${program}`,
    `load ${program}`,
    ...start,
  ]) {
    await gdb.do(line);
  }
  await runsToMain(gdb, "continue &");
  for (const line of start) await gdb.do(line);
  await runsToMain(gdb, "continue &");
  await gdb.result("-gdb-exit");
  assert.equal(await gdb.program.exit, 0);
});

test("Eclipse's GDB Hardware Debugging, and the server as its external tool", async (context) => {
  const at = await desk(context);
  await writeIdeFiles(at, "eclipse", "--probe", "emulated");
  const tool = launchAttributes(at, "blink (gdb-server, emulated)");
  const location = tool.get("org.eclipse.ui.externaltools.ATTR_LOCATION") ?? "";
  // Any port but the usual one: others may test here, too. Where the tool's board keeps its flash is the user's affair.
  const line = (tool.get("org.eclipse.ui.externaltools.ATTR_TOOL_ARGUMENTS") ?? "")
    .replace("--listen 3334", "--listen 0")
    .replace(" emulate ", " emulate --state none ");
  const server = at.start("sh", "-c", `exec ${location} ${line}`);
  const port = (await server.line(/^Listening on port \d+$/)).slice(18);
  const values = launchAttributes(at, "blink (GDB Hardware Debugging)");
  assert.equal(values.get("org.eclipse.cdt.debug.gdbjtag.core.connection"), "gdb:localhost:3334");
  const program = join(at.folder, values.get("org.eclipse.cdt.launch.PROGRAM_NAME") ?? "");
  const gdb = at.gdb("-n", [
    values.get("org.eclipse.cdt.dsf.gdb.DEBUG_NAME") ?? "",
    "--interpreter",
    "mi2",
    "--nx",
  ]);
  for (const command of [
    "-gdb-set mi-async on",
    `-file-exec-file ${program}`,
    `symbol-file ${program}`,
    `-target-select remote localhost:${port}`,
    `load ${program} `,
    "-break-insert -t -f main",
  ]) {
    await gdb.do(command);
  }
  await runsToMain(gdb, "-exec-continue");
  await gdb.result("-gdb-exit");
});

test("CLion's Embedded GDB Server: its server, its debugger, download, reset, main", async (context) => {
  const at = await desk(context);
  await writeIdeFiles(at, "clion", "--probe", "emulated");
  const text = readFileSync(join(at.folder, ".run", "blink (emulated).run.xml"), "utf8");
  const field = (name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(text)?.[1] ?? "";
  const params = field("PROGRAM_PARAMS")
    .replace("--listen 3334", "--listen 0")
    .replace(" emulate ", " emulate --state none ");
  const server = at.start("sh", "-c", `exec ${field("executable")} ${params}`);
  const port = (await server.line(/^Listening on port \d+$/)).slice(18);
  const debuggerPath = /<debugger kind="GDB">([^<]*)</.exec(text)?.[1] ?? "";
  const gdb = at.gdb(join(at.folder, PROGRAM), [debuggerPath, "-nx", "--interpreter=mi2"]);
  for (const command of [
    "-gdb-set mi-async on",
    `target remote ${field("gdb-connect").replace("3334", port)}`,
    "load",
    field("reset-cmd"),
    "-break-insert main",
  ]) {
    await gdb.do(command);
  }
  await runsToMain(gdb, "-exec-continue");
  await gdb.result("-gdb-exit");
});

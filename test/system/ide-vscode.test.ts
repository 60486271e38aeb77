/** What `imflasher ide vscode` writes, run by the debug adapter of "CDT GDB Debug Adapter Extension" itself. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "jsonc-parser";
import { DebugAdapter, type Json } from "./debug-adapter.js";
import { BLINK } from "./debug-desk.js";
import { imflasher } from "./program.js";

/** A folder as a user has it, with a program and a launch.json. */
async function project(
  context: TestContext,
  ...argv: string[]
): Promise<{ folder: string; configuration: Json }> {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-ide-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "build"));
  copyFileSync(BLINK, join(folder, "build", "blink.elf"));
  const ide = imflasher("ide", "vscode", "--folder", folder, "--name", "blink", ...argv);
  assert.equal(await ide.exit, 0, ide.lines.join("\n"));
  // VS Code replaces its variables before the adapter sees them.
  const text = readFileSync(join(folder, ".vscode", "launch.json"), "utf8").replaceAll(
    "${" + "workspaceFolder}",
    folder,
  );
  const { configurations } = parse(text) as { configurations: readonly Json[] };
  const configuration = configurations.find(({ type }) => type === "gdbtarget");
  assert.ok(configuration !== undefined);
  return { folder, configuration };
}

async function top(adapter: DebugAdapter): Promise<{ readonly id: number; readonly name: string }> {
  const { threads } = (await adapter.request("threads")) as { threads: readonly { id: number }[] };
  const { stackFrames } = (await adapter.request("stackTrace", { threadId: threads[0]?.id ?? 1 })) as {
    stackFrames: readonly { id: number; name: string }[];
  };
  const [frame] = stackFrames;
  assert.ok(frame !== undefined);
  return frame;
}

/** Launch, main, a breakpoint, step, variables, restart, main, disconnect: what the buttons of VS Code do. */
async function session(adapter: DebugAdapter, configuration: Json): Promise<void> {
  await adapter.request("initialize", { adapterID: "gdbtarget", linesStartAt1: true, pathFormat: "path" });
  await adapter.request("launch", configuration);
  await adapter.event("initialized");
  // As the examples' compiler was given it: they name no folder of the machine that built them.
  const source = { path: "examples/blink/main.c" };
  await adapter.request("setFunctionBreakpoints", { breakpoints: [{ name: "count_tick" }] });
  await adapter.request("configurationDone");
  await adapter.event("stopped");
  assert.equal((await top(adapter)).name, "main");

  const { threads } = (await adapter.request("threads")) as { threads: readonly { id: number }[] };
  const threadId = threads[0]?.id ?? 1;
  await adapter.request("next", { threadId });
  await adapter.event("stopped");
  await adapter.request("stepIn", { threadId });
  await adapter.event("stopped");
  assert.equal((await top(adapter)).name, "io_print_greeting");
  await adapter.request("continue", { threadId });
  await adapter.event("stopped");
  const frame = await top(adapter);
  assert.equal(frame.name, "count_tick");
  const ticks = await adapter.request("evaluate", {
    expression: "ticks",
    frameId: frame.id,
    context: "watch",
  });
  assert.equal(ticks["result"], "0");
  const { scopes } = (await adapter.request("scopes", { frameId: frame.id })) as {
    scopes: readonly { name: string; variablesReference: number }[];
  };
  const registers = scopes.find(({ name }) => name === "Registers");
  const { variables } = (await adapter.request("variables", {
    variablesReference: registers?.variablesReference ?? 0,
  })) as { variables: readonly { name: string; value: string }[] };
  assert.match(variables.find(({ name }) => name === "pc")?.value ?? "", /^0x0*2\d/, "count_tick is in ITCM");
  await adapter.request("setFunctionBreakpoints", { breakpoints: [] });
  await adapter.request("setBreakpoints", { source, breakpoints: [{ line: 20 }] });

  // Of the extension's own: its button "Restart".
  await adapter.request("cdt-gdb-adapter/customReset");
  await adapter.request("continue", { threadId });
  await adapter.event("stopped");
  const again = await top(adapter);
  assert.equal(again.name, "main");
  const reset = await adapter.request("evaluate", {
    expression: "ticks",
    frameId: again.id,
    context: "watch",
  });
  assert.equal(reset["result"], "0");
  await adapter.request("disconnect", { terminateDebuggee: true });
}

test("gdbtarget on the emulated board: launch, main, step, variables, restart, disconnect", async (context) => {
  const { folder, configuration } = await project(context, "--probe", "emulated");
  // Where the emulated board keeps its flash.
  const adapter = new DebugAdapter({ XDG_DATA_HOME: folder });
  context.after(() => adapter.end());
  await session(adapter, configuration);
});

test("gdbtarget through real OpenOCD", async (context) => {
  const board = imflasher("emulate", "--state", "none", "--pty", "--stlink", "0");
  context.after(() => board.end());
  const pty = (await board.line(/^pty /)).slice(4);
  const stlink = (await board.line(/^stlink \d+$/)).slice(7);
  const { folder, configuration } = await project(context, "--probe", "openocd", "--port", pty);
  // OpenOCD looks in the project first: the emulated ST-LINK stands where the real one would be.
  mkdirSync(join(folder, "interface"));
  writeFileSync(
    join(folder, "interface", "stlink.cfg"),
    [
      "source [find interface/stlink-dap.cfg]",
      `st-link backend tcp ${stlink}`,
      "transport select dapdirect_swd",
      "gdb_port 0",
      "tcl_port disabled",
      "telnet_port disabled",
      "",
    ].join("\n"),
  );
  const adapter = new DebugAdapter();
  context.after(() => adapter.end());
  await session(adapter, configuration);
});

/** What `imflasher ide vscode` writes, run by the debug adapter of "CDT GDB Debug Adapter Extension" itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DebugAdapter, type Json } from "./debug-adapter.js";
import { desk, WRAPPER } from "./debug-desk.js";
import { launchConfiguration, placeStlink, writeIdeFiles } from "./ide-project.js";

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
  const at = await desk(context);
  await writeIdeFiles(at, "vscode", "--probe", "emulated");
  // Where the emulated board of the configuration keeps its flash.
  const adapter = new DebugAdapter({ XDG_DATA_HOME: at.folder });
  context.after(() => adapter.end());
  await session(adapter, launchConfiguration(at, "gdbtarget"));
});

test("gdbtarget through real OpenOCD", async (context) => {
  const at = await desk(context, "stlink", "");
  await writeIdeFiles(at, "vscode", "--probe", "openocd", "--port", at.pty);
  placeStlink(at);
  const adapter = new DebugAdapter();
  context.after(() => adapter.end());
  await session(adapter, launchConfiguration(at, "gdbtarget"));
});

test("gdbtarget with imflasher-gdb as its GDB, and OpenOCD as its own server", async (context) => {
  const at = await desk(context, "stlink", "");
  await writeIdeFiles(at, "vscode", "--probe", "openocd");
  placeStlink(at);
  const adapter = new DebugAdapter({ IMFLASHER_OPTIONS: `--port ${at.pty}` });
  context.after(() => adapter.end());
  await session(adapter, {
    ...launchConfiguration(at, "gdbtarget"),
    gdb: WRAPPER,
    target: {
      server: "openocd",
      serverParameters: ["-f", "interface/stlink.cfg", "-f", "target/stm32h7x.cfg"],
      serverPortRegExp: "Listening on port ([0-9]+) for gdb connections",
      cwd: at.folder,
    },
  });
});

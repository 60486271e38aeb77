/** No USB cable: the program comes through the probe, by real GDB, the emulated board's GDB server and real OpenOCD. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connectUpstream } from "../../src/cli/gdb/upstream-socket.js";
import { readBytes } from "../../src/flasher/flash-content.js";
import { requestProbe } from "../../src/gdb/boot-request.js";
import { negotiate } from "../../src/gdb/features.js";
import { DEFAULT_LAYOUT } from "../../src/gdb/layout.js";
import { Probe } from "../../src/gdb/probe.js";
import { readProbeTable } from "../../src/gdb/probe-table.js";
import { ProbeTransport } from "../../src/gdb/probe-transport.js";
import { kindOfFeatures, UNKNOWN_KIND } from "../../src/gdb/server-kinds.js";
import { Session } from "../../src/protocol/session.js";
import { wallClock } from "../../src/transport/node/timers.js";
import { ROOT } from "../tools/root.js";
import {
  BIG,
  BLINK,
  continueToMain,
  type Desk,
  desk,
  ENTRY,
  editAndWatch,
  freePort,
  largeBlink,
  load,
  type Middle,
  openocdCommand,
} from "./debug-desk.js";
import type { Gdb } from "./gdb.js";

/** A board without its USB cable. */
async function unplugged(context: TestContext, debug: "gdb" | "stlink" = "gdb", held = BIG): Promise<Desk> {
  const at = await desk(context, debug, held);
  at.board.say("unplug");
  return at;
}

/** Load, unchanged, changed; each stops in main. */
async function edits(at: Desk, middle: Middle, gdb: Gdb): Promise<void> {
  assert.match(await load(middle, gdb), /verified: 4096 erased, \d+ programmed/);
  assert.match(await gdb.value("(void *)$pc"), ENTRY);
  await continueToMain(gdb);
  assert.match(
    gdb.console(),
    /no USB cable at the board: writing through the probe, which is slower than USB/,
  );
  assert.match(await load(middle, gdb), /: 0 erased, 0 programmed, (\d+) were right already/);
  await continueToMain(gdb);
  await editAndWatch(at, middle, gdb);
  await at.board.line(/blink: walking from external flash/);
  await gdb.do("-break-delete");
  await gdb.do("monitor reset");
  await gdb.do("monitor reset");
  await gdb.do("maintenance flush register-cache");
  await continueToMain(gdb);
}

test("without a cable load goes through the emulated board's GDB server; the cable back, it goes over USB", async (context) => {
  const at = await unplugged(context);
  const middle = await at.middle("--upstream", `:${at.probe}`);
  const gdb = await middle.gdb();
  await edits(at, middle, gdb);
  at.board.say("plug");
  const from = middle.program.lines.length;
  await load(middle, gdb);
  await continueToMain(gdb);
  assert.doesNotMatch(middle.program.lines.slice(from).join("\n"), /through the probe/);
});

test("the same through real OpenOCD; a whole MiB, too", async (context) => {
  const at = await unplugged(context, "stlink", "");
  const port = await freePort();
  const command = openocdCommand(at, `gdb_port ${port}`);
  const middle = await at.middle("--spawn", command, "--upstream", `:${port}`);
  const gdb = await middle.gdb(await largeBlink(at));
  assert.match(await load(middle, gdb), /verified: \d+ erased, \d{7} programmed/);
  await continueToMain(gdb);
  await gdb.do(`-file-exec-and-symbols ${BIG}`);
  await load(middle, gdb);
  await gdb.do(`-file-exec-and-symbols ${BLINK}`);
  await edits(at, middle, gdb);
});

test("--via says which way: the probe with a cable in, USB without one", async (context) => {
  const at = await desk(context, "gdb", "");
  const probe = await at.middle("--upstream", `:${at.probe}`, "--via", "probe");
  const gdb = await probe.gdb();
  await load(probe, gdb);
  await probe.program.line(/^writing through the probe/);
  await continueToMain(gdb);
  await gdb.do("-target-detach");
  at.board.say("unplug");
  const usb = await at.middle("--upstream", `:${at.probe}`, "--via", "usb", "--timeout", "1");
  const other = await usb.gdb();
  assert.match(await other.result("-target-download"), /^error/);
  await usb.program.line(/does not answer/);
});

test("a power cut while the probe writes leaves no half image that runs; load again completes it", async (context) => {
  const at = await unplugged(context, "gdb", BLINK);
  const middle = await at.middle("--upstream", `:${at.probe}`, "--json");
  const large = await largeBlink(at);
  const gdb = await middle.gdb(large);
  const refused = gdb.result("-target-download");
  await middle.program.line(/"phase":"write"/);
  at.board.say("power off");
  assert.match(await refused, /^error/);
  const from = at.board.lines.length;
  at.board.say("power on");
  at.board.say("plug");
  const info = at.run("info", "--port", at.pty);
  assert.equal(await info.exit, 0, info.lines.join("\n"));
  assert.match(info.lines.join("\n"), /unfinished/i);
  assert.doesNotMatch(at.board.lines.slice(from).join("\n"), /^console: /m);
  at.board.say("unplug");
  await gdb.do("-target-download");
  await continueToMain(gdb);
});

test("the owner's rules hold through the probe: refused without a key, written with one", async (context) => {
  const at = await desk(context, "gdb", "");
  const authority = join(at.folder, "authority");
  const keys = join(at.folder, "keys.json");
  const id = at.run("id", "--port", at.pty);
  await id.exit;
  for (const argv of [
    ["keys", "new-authority", authority],
    ["claim", "--authority", authority, "--port", at.pty],
    ["keys", "issue", "--authority", authority, "--board", "any", "--to", "Ann", "--out", keys],
  ]) {
    const program = at.run(...argv);
    assert.equal(await program.exit, 0, program.lines.join("\n"));
  }
  at.board.say("unplug");
  const stranger = await at.middle("--upstream", `:${at.probe}`);
  const gdb = await stranger.gdb();
  assert.match(await gdb.result("-target-download"), /^error/);
  await stranger.program.line(/^denied: board [-0-9A-Z]{23} belongs to/);
  await gdb.do("-target-detach");
  const holder = await at.middle("--upstream", `:${at.probe}`, "--keys", keys);
  const allowed = await holder.gdb();
  await load(holder, allowed);
  await continueToMain(allowed);
});

test("a host that is not this PC: no board shows its port, and the program comes through the probe", async (context) => {
  const at = await desk(context, "gdb", "");
  const port = join(at.folder, "nobody");
  const middle = await at.middle("--upstream", `:${at.probe}`, "--timeout", "1", "--port", port);
  const gdb = await middle.gdb();
  await load(middle, gdb);
  await middle.program.line(/nobody: no such port/);
  await middle.program.line(/writing through the probe/);
  await continueToMain(gdb);
});

test("answers that are more than the probe's buffer holds come one bufferful after the other", async (context) => {
  const file = join(ROOT, "firmware", "images", "emulated", "imbootloader.bin");
  const expected = new Uint8Array(readFileSync(file));
  const at = await desk(context, "gdb", `${file}@0x90200000`);
  const upstream = await connectUpstream({ host: "127.0.0.1", port: Number(at.probe) });
  context.after(() => upstream.close());
  const features = await negotiate(upstream, "qSupported:hwbreak+");
  const probe = new Probe(upstream, kindOfFeatures(features) ?? UNKNOWN_KIND, wallClock);
  const table = await readProbeTable(probe, DEFAULT_LAYOUT.probeTables);
  assert.ok(table !== undefined && table.output.length * 3 < expected.length);
  await requestProbe(probe, table.layout.requestRegister, true);
  await probe.reset();
  await probe.insertBreakpoint(table.done);
  await probe.run().stop;
  const transport = new ProbeTransport(probe, table, wallClock);
  const session = await Session.open(transport, wallClock);
  const watch = { signal: undefined, onBytes: () => {} };
  const found = await readBytes(session, 0x9020_0000, expected.length, watch);
  assert.deepEqual(found, expected);
  // Requests that were answered in the same turns are not answered twice.
  assert.equal((await session.send("STATUS", {})).bad, 0);
  await session.close();
});

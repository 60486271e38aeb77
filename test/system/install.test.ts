/** What `imflasher install` says, done: Debian's OpenOCD puts the bootloader onto a blank emulated board. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { imflasher, Program } from "./program.js";

interface Told {
  readonly ways: readonly { readonly steps: readonly { readonly commands: readonly string[] }[] }[];
}

/** The commands of `install --probe openocd`, with this probe's port, and no ports of OpenOCD's own. */
async function commands(port: string): Promise<string[]> {
  const install = imflasher("install", "--board", "emulated", "--probe", "openocd", "--json");
  assert.equal(await install.exit, 0, install.lines.join("\n"));
  const { ways } = JSON.parse(install.lines[0] ?? "") as Told;
  const told = ways.flatMap(({ steps }) => steps.flatMap((step) => step.commands));
  const quiet = ["gdb_port disabled", "tcl_port disabled", "telnet_port disabled"];
  const options = [`set STLINK_PORT ${port}`, ...quiet].map((line) => `-c "${line}"`).join(" ");
  return told
    .filter((line) => line.startsWith("openocd "))
    .map((line) => line.replace("openocd", `openocd ${options}`));
}

test("OpenOCD's command writes a blank chip's internal flash, and the board starts its bootloader", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-install-"));
  const blank = join(folder, "blank.bin");
  writeFileSync(blank, new Uint8Array(1024).fill(0xff));
  const board = imflasher("emulate", "--state", "none", "--internal", blank, "--stlink", "0", "--pty");
  context.after(async () => {
    await board.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const port = (await board.line(/^stlink \d+$/)).slice("stlink ".length);
  const pty = (await board.line(/^pty /)).slice("pty ".length);
  const lines = await commands(port);
  assert.equal(lines.length, 1);
  const openocd = new Program("sh", "-c", lines[0] ?? "");
  context.after(() => openocd.end());
  assert.equal(await openocd.exit, 0, openocd.lines.join("\n"));
  assert.match(openocd.lines.join("\n"), /Verified OK/);
  const info = imflasher("info", "--port", pty);
  assert.equal(await info.exit, 0, info.lines.join("\n"));
  assert.match(info.lines.join("\n"), /^board +emulated$/m);
  assert.match(info.lines.join("\n"), /NOT_BOOTABLE/);
});

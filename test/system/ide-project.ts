/** A user's project, with the files that `imflasher ide` writes for it. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import type { Json } from "./debug-adapter.js";
import { BLINK, type Desk } from "./debug-desk.js";

/** Where a build puts the program, from the project's folder. */
export const PROGRAM = "build/blink.elf";

/** Runs `imflasher ide` in the desk's folder. */
export async function writeIdeFiles({ folder, run }: Desk, ide: string, ...argv: string[]): Promise<void> {
  mkdirSync(join(folder, "build"), { recursive: true });
  copyFileSync(BLINK, join(folder, PROGRAM));
  const program = run("ide", ide, "--folder", folder, "--name", "blink", ...argv);
  assert.equal(await program.exit, 0, program.lines.join("\n"));
}

/** The configuration of a debugger in launch.json, with the variables that VS Code replaces. */
export function launchConfiguration({ folder }: Desk, type: string): Json {
  const text = readFileSync(join(folder, ".vscode", "launch.json"), "utf8");
  const { configurations } = parse(text.replaceAll("${" + "workspaceFolder}", folder)) as {
    configurations: readonly Json[];
  };
  const found = configurations.find((one) => one["type"] === type);
  assert.ok(found !== undefined);
  return found;
}

const UNESCAPED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#10": "\n" };

/** Attributes of a .launch file of Eclipse, all as text. */
export function launchAttributes({ folder }: Desk, name: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(folder, `${name}.launch`), "utf8");
  const found = [...text.matchAll(/Attribute key="([^"]*)" value="([^"]*)"/g)].map(
    ([, key = "", value = ""]): [string, string] => [
      key,
      value.replace(/&([^;]+);/g, (_, code: string) => UNESCAPED[code] ?? ""),
    ],
  );
  return new Map(found);
}

/** OpenOCD looks in the project first: there the emulated ST-LINK stands where the real one would be. */
export function placeStlink({ folder, probe }: Desk): void {
  mkdirSync(join(folder, "interface"));
  const lines = [
    "source [find interface/stlink-dap.cfg]",
    `st-link backend tcp ${probe}`,
    "transport select dapdirect_swd",
    "gdb_port 0",
    "tcl_port disabled",
    "telnet_port disabled",
  ];
  writeFileSync(join(folder, "interface", "stlink.cfg"), `${lines.join("\n")}\n`);
}

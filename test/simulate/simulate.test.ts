import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type History, runHistory } from "./history.js";

/** docs/reliability.md has the long runs. */
const SEEDS = 2000;

const MAIN = fileURLToPath(new URL("./main.js", import.meta.url));

async function simulate(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  return text(child.stdout);
}

test(`${SEEDS} histories of everything that breaks, and every promise is kept`, async (context) => {
  const output = await simulate("--seeds", String(SEEDS), "--workers", "2");
  context.diagnostic(output);
  assert.match(output, new RegExp(`^${SEEDS} histories, \\d+ faults, 0 failures$`, "m"), output);
  assert.match(output, /^ {2}flash: nobody came back \d{3}$/m, output);
});

test("a seed is the same history every time, to the nanosecond, on new memory and on that of other boards", async () => {
  // The last two with nobody there, and with power cuts in their power-ups.
  const seeds = [2, 4, 7, 26, 9, 28];
  const told = (): Promise<History>[] => seeds.map((seed) => runHistory(seed));
  // At once: none has another's memory.
  const atOnce = await Promise.all(told());
  for (const history of atOnce.reverse()) assert.deepEqual(await runHistory(history.seed), history);
});

test("wrong arguments are refused", () => {
  for (const [name, text] of [
    ["--seeds", "many"],
    ["--first-seed", "1.5"],
    ["--workers", "0"],
  ] as const) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, name, text], { encoding: "utf8" });
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.equal(stderr, `${name} ${text}: expected a whole number, such as ${name} 2\n`);
  }
});

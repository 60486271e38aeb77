import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runHistory } from "./history.js";

/** docs/reliability.md has the long runs. */
const SEEDS = 1000;

async function simulate(...args: string[]): Promise<string> {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  return text(child.stdout);
}

test(`${SEEDS} histories of everything that breaks, and every promise is kept`, async (context) => {
  const output = await simulate("--seeds", String(SEEDS), "--workers", "2");
  context.diagnostic(output);
  assert.match(output, new RegExp(`^${SEEDS} histories, \\d+ faults, 0 failures$`, "m"), output);
});

test("a seed is the same history every time, to the nanosecond", async () => {
  for (const seed of [2, 4, 26]) {
    const [first, second] = [await runHistory(seed), await runHistory(seed)];
    assert.deepEqual(second, first);
  }
});

test("wrong arguments are refused", async () => {
  assert.equal(await simulate("--seeds", "many"), "");
});

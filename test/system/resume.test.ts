/** A flashing that was cut off goes on where it stopped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FlashReport, flashImage } from "../../src/flasher/index.js";
import { FlasherProcess, KilledError } from "../simulate/flasher-process.js";
import { BASE, Bench, bin, summing } from "./kit.js";

const OLD = summing(0x4_0000, 3);
const NEW = summing(0x4_0000, 7);

/** The flasher is killed when `share` of the image is written; another one completes it. */
async function killedAt(share: number): Promise<FlashReport> {
  const bench = new Bench().start();
  bench.flash(BASE, OLD.length).set(OLD);
  const process = new FlasherProcess(bench, async () => {});
  const killed = process.run((connection) =>
    flashImage(connection, bin(NEW), {
      onProgress: ({ phase, done, total }) => {
        if (phase === "write" && done >= share * total) process.kill();
      },
    }),
  );
  await assert.rejects(bench.drive(killed), KilledError);
  const report = await bench.with((connection) => flashImage(connection, bin(NEW)));
  assert.deepEqual(bench.flash(BASE, NEW.length), NEW);
  return report;
}

test("a flasher killed at 30, 60 and 90 %: what is right already is not written again", async (context) => {
  for (const percent of [30, 60, 90]) {
    const { programmedBytes, unchangedBytes, imageBytes, milliseconds } = await killedAt(percent / 100);
    context.diagnostic(
      `killed at ${percent} %: ${programmedBytes} of ${imageBytes} bytes still written, ${unchangedBytes} were right, ` +
        `${Math.round(milliseconds)} ms`,
    );
    assert.ok(unchangedBytes >= ((percent - 2) / 100) * imageBytes, `${unchangedBytes} of ${imageBytes}`);
    assert.ok(programmedBytes <= imageBytes - unchangedBytes + 4096);
    assert.ok(
      programmedBytes >= ((98 - percent) / 100) * imageBytes - 0x1_0000,
      "killed long before the end",
    );
  }
});

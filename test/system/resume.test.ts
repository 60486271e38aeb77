/** A flashing that was cut off goes on where it stopped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FlashReport, flashImage } from "../../src/flasher/index.js";
import { FlasherProcess, KilledError } from "../simulate/flasher-process.js";
import { BASE, Bench, bin, summing } from "./kit.js";

/** Protocol.md section 9: what the journal's window covers at most. */
const WINDOW = 0x4_0000;

interface CutOff {
  readonly size: number;
  /** Of the image, written when it happens. */
  readonly share: number;
  /** What happens besides the flasher's end. */
  readonly happens: (bench: Bench) => void;
}

/** A flashing over other content is cut off, the flasher killed; another one completes it. */
async function cutOff({ size, share, happens }: CutOff): Promise<FlashReport> {
  const [old, image] = [summing(size, 3), summing(size, 7)];
  const bench = new Bench().start();
  bench.flash(BASE, old.length).set(old);
  const process = new FlasherProcess(bench, async () => {});
  const killed = process.run((connection) =>
    flashImage(connection, bin(image), {
      onProgress: ({ phase, done, total }) => {
        if (phase !== "write" || done < share * total) return;
        happens(bench);
        process.kill();
      },
    }),
  );
  await assert.rejects(bench.drive(killed), KilledError);
  bench.run(20);
  bench.board.powerOn();
  const report = await bench.with((connection) => flashImage(connection, bin(image)));
  assert.deepEqual(bench.flash(BASE, image.length), image);
  return report;
}

function tell(
  what: string,
  { programmedBytes, unchangedBytes, imageBytes, milliseconds }: FlashReport,
): string {
  return `${what}: ${programmedBytes} of ${imageBytes} bytes still written, ${unchangedBytes} were right, ${Math.round(milliseconds)} ms`;
}

test("a flasher killed at 30, 60 and 90 %: what is right already is not written again", async (context) => {
  for (const percent of [30, 60, 90]) {
    const report = await cutOff({ size: 0x4_0000, share: percent / 100, happens: () => {} });
    context.diagnostic(tell(`killed at ${percent} %`, report));
    const { programmedBytes, unchangedBytes, imageBytes } = report;
    assert.ok(unchangedBytes >= ((percent - 2) / 100) * imageBytes, `${unchangedBytes} of ${imageBytes}`);
    assert.ok(programmedBytes <= imageBytes - unchangedBytes + 4096);
    assert.ok(
      programmedBytes >= ((98 - percent) / 100) * imageBytes - 0x1_0000,
      "killed long before the end",
    );
  }
});

test("power cut, or reset, at 30, 60 and 90 %: no more is written again than where the chip was at work", async (context) => {
  for (const [percent, what] of [
    [30, "reset"],
    [60, "power cut"],
    [90, "power cut"],
  ] as const) {
    const report = await cutOff({
      size: 0x10_0000,
      share: percent / 100,
      happens: ({ board }) => (what === "reset" ? board.pressReset() : board.powerOff()),
    });
    context.diagnostic(tell(`${what} at ${percent} %`, report));
    const { programmedBytes, unchangedBytes, imageBytes } = report;
    assert.ok(unchangedBytes >= (percent / 100) * imageBytes - WINDOW, `${unchangedBytes} of ${imageBytes}`);
    assert.ok(programmedBytes <= imageBytes - unchangedBytes + 4096);
  }
});

/** A whole flashing on both engines: the board's time is the same to the nanosecond, and all that happened. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Engine } from "../../src/emulator/cpu/core-options.js";
import { Bench, bin, summing, WHOLE } from "./kit.js";

const BYTES = 200_000;

async function flashing(engine: Engine) {
  const bench = new Bench({ engine }).start();
  await bench.flashAndBoot(bin(summing(BYTES, 7)));
  bench.waitConsole(WHOLE);
  const { board } = bench;
  return {
    translated: board.chip.cpu.translator?.translated,
    result: {
      now: board.now,
      console: bench.console,
      messages: bench.messages,
      pc: board.chip.cpu.pc,
      flash: createHash("sha256").update(board.flashChip.content).digest("hex"),
    },
  };
}

test("flashing and starting a program takes the same board time, to the nanosecond, by JavaScript and by the engines", async () => {
  const reference = await flashing("reference");
  const translated = await flashing("translation");
  assert.deepEqual(translated.result, reference.result);
  assert.equal(reference.translated, undefined);
  assert.ok((translated.translated ?? 0) > 5, `${translated.translated} regions`);
});

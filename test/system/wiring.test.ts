/** A board's image on another board's wiring. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLine } from "./command-line.js";
import { BASE, Bench, blink } from "./kit.js";

test("a bootloader that was built for other pins does not find its flash, says so, and runs nothing", async () => {
  for (const [name, bootloader] of [
    ["emulated", "daisy-seed"],
    ["daisy-seed", "emulated"],
  ] as const) {
    const bench = new Bench({ name, bootloader });
    bench.flash(BASE, blink().length).set(blink());
    bench.start();
    bench.run(3000);
    const outcome = await commandLine(bench, { "app.bin": blink() }, "flash", "0x90100000", "app.bin");
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /NO_FLASH: the flash chip does not answer/);
    const info = await commandLine(bench, {}, "info");
    assert.match(info.stdout, new RegExp(`^board +${bootloader}$`, "m"));
    assert.deepEqual(bench.console, []);
  }
});

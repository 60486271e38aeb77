/** Each board's image on its own wiring, and on another's. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readBoard } from "../../src/cli/board-files.js";
import { ROOT } from "../tools/root.js";
import { commandLine } from "./command-line.js";
import { BASE, Bench, bin, blink, summing } from "./kit.js";

const BOARDS = readdirSync(join(ROOT, "boards"))
  .filter((file) => file.endsWith(".json") && !file.endsWith(".schema.json"))
  .map((file) => file.replace(/\.json$/, ""))
  .filter((name) => readBoard(name).firstStage === undefined);

test("every board's bootloader finds its chip on its own wiring, flashes over old content, and starts", async () => {
  assert.ok(BOARDS.length >= 4, BOARDS.join());
  for (const name of BOARDS) {
    const bench = new Bench({ name }).start();
    const old = summing(30_000, 5);
    bench.flash(BASE, old.length).set(old);
    const image = bin(summing(20_000, 6));
    await bench.with(async ({ session }) => assert.equal((await session.send("INFO", {})).board, name));
    const report = await bench.flashAndBoot(image);
    assert.ok(report.erasedBytes >= 20_480, name);
    assert.deepEqual(bench.flash(BASE, report.imageBytes), image.segments[0]?.bytes);
    bench.runUntil(() => bench.board.chip.cpu.pc >>> 20 === 0x901, 100, `${name}: the application`);
    assert.equal(bench.board.host.cdc, undefined);
  }
});

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

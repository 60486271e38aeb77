/** A board's image on another board's wiring, and on a chip that nobody has used before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readBoard } from "../../src/cli/board-files.js";
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

/** IS25LP064A, status register, QE. */
const QUAD_ENABLE = 0x40;

test("a chip from the factory, its quad enable bit 0, is usable from the first power-on", async () => {
  const board = readBoard("daisy-seed");
  const bench = new Bench({
    name: board.name,
    board: { ...board, flash: { ...board.flash, quadEnabled: false } },
  });
  assert.equal(bench.board.flashChip.statusRegister(0) & QUAD_ENABLE, 0);
  bench.board.plug();
  bench.board.powerOn();
  const outcome = await commandLine(bench, { "app.bin": blink() }, "flash", "0x90100000", "app.bin");
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.notEqual(bench.board.flashChip.statusRegister(0) & QUAD_ENABLE, 0);
  assert.deepEqual(
    bench.messages.filter((message) => /tPUW/.test(message)),
    [],
  );
});

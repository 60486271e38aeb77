import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Board } from "../../src/boards/board.js";
import { loadBoard } from "../../src/boards/check.js";
import { compileGuest, runGuest } from "../guest/guest.js";
import { ROOT } from "../tools/root.js";

const SECOND = {
  pins: {
    NCS: { pin: "PC11", af: 9 },
    IO0: { pin: "PE7", af: 10 },
    IO1: { pin: "PE8", af: 10 },
    IO2: { pin: "PE9", af: 10 },
    IO3: { pin: "PE10", af: 10 },
  },
};

/** The emulated reference board with a second flash chip on bank 2. */
function dualBoard(): Board {
  const file = JSON.parse(readFileSync(join(ROOT, "boards", "emulated.json"), "utf8"));
  file.name = "dual";
  file.flash.second = SECOND;
  return loadBoard("dual.json", JSON.stringify(file));
}

test("an application programs, polls and maps two flash chips in dual-flash mode", () => {
  const program = compileGuest(["dual_flash.c", "window.c"]);
  const { results, board, messages } = runGuest(program, { board: dualBoard() });
  assert.equal(results[0], results[1]);
  assert.equal((results[2] ?? 1) & 0x0101, 0);
  const pattern = (index: number): number => (index * 13 + 5) & 0xff;
  const even = board.flashChip.content.subarray(0x2000, 0x2100);
  const odd = board.secondFlashChip?.content.subarray(0x2000, 0x2100) ?? [];
  assert.deepEqual(
    [...even],
    Array.from({ length: 256 }, (_, index) => pattern(2 * index)),
  );
  assert.deepEqual(
    [...odd],
    Array.from({ length: 256 }, (_, index) => pattern(2 * index + 1)),
  );
  assert.deepEqual(
    messages.filter((message) => /dual|garbage|wiring/.test(message)),
    [],
  );
  assert.deepEqual(board.save().second?.external.subarray(0x2000, 0x2004), new Uint8Array([18, 44, 70, 96]));
});

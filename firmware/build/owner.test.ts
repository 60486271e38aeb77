import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseBoard } from "../../src/boards/board.js";
import { buildFirmware } from "./compile.js";

const board = parseBoard("emulated.json", readFileSync("boards/emulated.json", "utf8"));

test("an image with an owner compiled in holds the key, within the budget; an open one does not", () => {
  const owner = Buffer.from(Array.from({ length: 32 }, (_, i) => 0x40 + i));
  assert.ok(Buffer.from(buildFirmware(".", board, owner).bin).includes(owner));
  assert.equal(readFileSync("firmware/images/emulated/imbootloader.bin").includes(owner), false);
});

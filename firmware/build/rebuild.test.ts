import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseBoard, runsBootloader } from "../../src/boards/board.js";
import { boardNames } from "../../src/boards/names.js";
import { buildFirmware, buildFirstStage } from "./compile.js";
import { compilerVersion } from "./toolchain.js";

const IMAGES = "firmware/images";
const recorded = readFileSync(`${IMAGES}/COMPILER`, "utf8").trim();
const read = (name: string) => parseBoard(name, readFileSync(`boards/${name}.json`, "utf8"));
const boards = boardNames(readdirSync("boards")).filter((name) => runsBootloader(read(name)));

/* Another version gives other bytes: that says nothing about the images. */
const present = compilerVersion();
const skip = present === recorded ? false : `the images were built by "${recorded}", here is "${present}"`;

for (const name of boards) {
  test(`the committed image of ${name} is what its sources give, byte for byte`, { skip }, () => {
    const board = read(name);
    const files = [...buildFirmware(".", board).files, ...(buildFirstStage(".", board)?.files ?? [])];
    for (const [kind, bytes] of files) {
      const committed = readFileSync(`${IMAGES}/${name}/${kind}`);
      assert.ok(committed.equals(bytes), `${name}/${kind}: run npm run firmware and commit`);
    }
  });

  test(`the image of ${name} names no folder of the machine that built it`, () => {
    for (const elf of readdirSync(`${IMAGES}/${name}`).filter((kind) => kind.endsWith(".elf"))) {
      const text = readFileSync(`${IMAGES}/${name}/${elf}`).toString("latin1");
      assert.equal(text.includes(process.cwd()), false, elf);
      assert.equal(/\/tmp\/|\/home\/|\/root\//.test(text), false, elf);
    }
  });
}

/* Beside the others: it shares with them what no board changes. */
test("an image with an owner compiled in holds the key, within the budget; an open one does not", () => {
  const owner = Buffer.from(Array.from({ length: 32 }, (_, i) => 0x40 + i));
  assert.ok(Buffer.from(buildFirmware(".", read("emulated"), owner).bin).includes(owner));
  assert.equal(readFileSync(`${IMAGES}/emulated/imbootloader.bin`).includes(owner), false);
});

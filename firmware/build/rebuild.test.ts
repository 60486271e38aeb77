import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseBoard } from "../../src/boards/board.js";
import { boardNames } from "../../src/boards/names.js";
import { buildFirmware } from "./compile.js";
import { compilerVersion } from "./toolchain.js";

const IMAGES = "firmware/images";
const recorded = readFileSync(`${IMAGES}/COMPILER`, "utf8").trim();
const boards = boardNames(readdirSync("boards")).filter(
  (name) => parseBoard(name, readFileSync(`boards/${name}.json`, "utf8")).firstStage === undefined,
);

/* Another version gives other bytes: that says nothing about the images. */
const present = compilerVersion();
const skip = present === recorded ? false : `the images were built by "${recorded}", here is "${present}"`;

for (const name of boards) {
  test(`the committed image of ${name} is what its sources give, byte for byte`, { skip }, () => {
    const built = buildFirmware(".", parseBoard(name, readFileSync(`boards/${name}.json`, "utf8")));
    for (const kind of ["elf", "bin", "hex"] as const) {
      const committed = readFileSync(`${IMAGES}/${name}/imbootloader.${kind}`);
      assert.ok(
        committed.equals(built[kind]),
        `${name}/imbootloader.${kind}: run npm run firmware and commit`,
      );
    }
    assert.equal(readFileSync(`${IMAGES}/${name}/size.txt`, "utf8"), built.size);
  });

  test(`the image of ${name} names no folder of the machine that built it`, () => {
    const text = readFileSync(`${IMAGES}/${name}/imbootloader.elf`).toString("latin1");
    assert.equal(text.includes(process.cwd()), false);
    assert.equal(/\/tmp\/|\/home\/|\/root\//.test(text), false);
  });
}

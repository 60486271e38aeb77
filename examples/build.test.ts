import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compilerVersion } from "../firmware/build/toolchain.js";
import { readBoard } from "../src/cli/board-files.js";
import { loadImage } from "../src/image/load.js";
import { ROOT } from "../test/tools/root.js";
import { BIG_PAYLOAD_BYTES, bigApplication, exampleImage } from "./big.js";
import { buildExamples } from "./build.js";

/* Another version of the compiler gives other bytes: that says nothing about the images. */
const recorded = readFileSync(join(ROOT, "firmware", "images", "COMPILER"), "utf8").trim();
const present = compilerVersion();
const skip = present === recorded ? false : `the images were built by "${recorded}", here is "${present}"`;

test("the committed examples are what their sources give, byte for byte", { skip }, () => {
  for (const { name, ...built } of buildExamples(ROOT, readBoard("emulated"))) {
    for (const kind of ["elf", "bin", "hex"] as const) {
      const committed = readFileSync(join(ROOT, "examples", "images", "emulated", `${name}.${kind}`));
      assert.ok(committed.equals(built[kind]), `${name}.${kind}: run npm run examples and commit`);
    }
  }
});

test("the examples are linked for 0x90100000 and name no folder of the machine that built them", () => {
  const elf = exampleImage(ROOT, "blink.elf");
  assert.equal(loadImage(elf, "blink.elf", {}).segments[0]?.address, 0x9010_0000);
  // Debian's newlib carries its maintainer's folders; ours must not be there.
  const text = Buffer.from(elf).toString("latin1");
  for (const folder of [ROOT, tmpdir(), homedir()]) assert.equal(text.includes(`${folder}/`), false, folder);
});

test("the big application is larger than 1 MiB and the same for the same seed", () => {
  const program = exampleImage(ROOT, "big.bin");
  const image = bigApplication(program);
  assert.ok(image.length > 1024 * 1024 + 1024);
  assert.equal(image.length % 1024, 8 + (BIG_PAYLOAD_BYTES % 1024));
  assert.deepEqual(bigApplication(program), image);
  assert.notDeepEqual(bigApplication(program, BIG_PAYLOAD_BYTES, 2), image);
});

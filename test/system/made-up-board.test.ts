/** A new board is one file and no code: a board that nobody makes, from its draft to a running program. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { buildExamples } from "../../examples/build.js";
import { readBoard } from "../../src/cli/board-files.js";
import { ROOT } from "../tools/root.js";
import { imflasher, type Program } from "./program.js";

/** Other pins than any board of boards/, the flash chip on QUADSPI's bank 2, 8 MiB. */
const DRAFT = {
  name: "made-up",
  title: "A board that nobody makes",
  package: "LQFP100",
  hseHz: 8_000_000,
  flash: {
    part: "W25Q64JV-IQ",
    bank: 2,
    pins: { CLK: "PB2", NCS: "PC11", IO0: "PE7", IO1: "PE8", IO2: "PE9", IO3: "PE10" },
  },
  led: { pin: "PB0", activeHigh: false },
  button: { pin: "PC13", activeHigh: false },
  console: { usart: "USART3", tx: "PD8", rx: "PD9" },
};

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-made-up-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a program to its end. @returns what it said */
async function run(program: Program): Promise<string> {
  const code = await program.exit;
  const said = program.lines.join("\n");
  assert.equal(code, 0, said);
  return said;
}

test("board new, its firmware, and flashing on its own emulated wiring need one file and no code", async (context) => {
  const folder = temporaryFolder(context);
  const [draft, file, app] = ["draft.json", "made-up.json", "app.bin"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(draft, JSON.stringify(DRAFT));
  const made = await run(imflasher("board", "new", draft, "--out", folder));
  assert.match(made, /made-up\.json/);
  assert.match(made, /made-up\/imbootloader\.bin/);
  const blink = buildExamples(ROOT, readBoard(file)).find(({ name }) => name === "blink");
  writeFileSync(app, blink?.bin ?? "");

  const board = ["--board", file, "--state", join(folder, "state")];
  const flashed = await run(imflasher("flash", "0x90100000", app, ...board));
  assert.match(flashed, /verified on the board/);
  assert.match(flashed, /console: blink: running from external flash at 0x9010/);
  const info = await run(imflasher("info", ...board));
  assert.match(info, /^board +made-up$/m);
  assert.match(info, /^flash +0x90000000 to 0x907FFFFF, 8\.0 MiB$/m);
  assert.match(info, /^reserved +0x907FC000 to 0x907FFFFF/m);
  assert.deepEqual(
    new Uint8Array(readFileSync(join(folder, "state", "external.bin")).subarray(0x10_0000, 0x10_0040)),
    new Uint8Array(readFileSync(app).subarray(0, 0x40)),
  );
});

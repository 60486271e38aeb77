/** A debugger on a board behind a first stage: real GDB, the server in the middle, the emulated chain of three programs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { continueToMain, desk, ENTRY, load } from "./debug-desk.js";
import { imflasher } from "./program.js";

const NAME = "sp-racing-h7-extreme";

for (const via of ["usb", "probe"] as const) {
  test(`behind a first stage, over ${via}: load, main, load again, restart`, async (context) => {
    const at = await desk(context, "gdb", "", NAME);
    const middle = await at.middle("--upstream", `:${at.probe}`, "--layout", NAME, "--via", via);
    const gdb = await middle.gdb();
    assert.match(await load(middle, gdb), /\d+ programmed/);
    assert.match(await gdb.value("(void *)$pc"), ENTRY);
    await continueToMain(gdb);
    assert.match(await load(middle, gdb), / 0 erased, 0 programmed/);
    await continueToMain(gdb);
    await gdb.do("monitor reset halt");
    await continueToMain(gdb);
  });
}

test("writing the internal flash is refused on a board that keeps its bootloader", async () => {
  const program = imflasher("gdb-server", "--upstream", ":1", "--layout", NAME, "--internal-flash");
  assert.equal(await program.exit, 2);
  assert.match(program.lines.join("\n"), /--internal-flash: SP Racing H7 Extreme .* keeps the bootloader/);
});

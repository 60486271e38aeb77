import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { USB_PRODUCT_ID, USB_VENDOR_ID } from "../transport/node/usb-ids.js";
import { boardNames, readBoard } from "./board-files.js";
import { COMMANDS } from "./commands.js";
import { EXIT } from "./exit-codes.js";
import { packageRoot } from "./package-root.js";
import { TestWorld } from "./testing.js";

const MANUAL = readFileSync(join(packageRoot(), "docs", "manual.md"), "utf8");

test("the manual names every command and every option that --help shows", async () => {
  for (const { name } of COMMANDS) {
    assert.match(MANUAL, new RegExp(`^### (.*, )?${name}\\b`, "m"), name);
    const world = new TestWorld();
    await world.run(...name.split(" "), "--help");
    for (const [option] of world.stdout.text.matchAll(/--[a-z-]+/g))
      assert.ok(MANUAL.includes(`\`${option}`), option);
  }
});

test("the manual has a row for every exit code", () => {
  for (const code of Object.values(EXIT)) assert.match(MANUAL, new RegExp(`^\\| ${code} +\\|`, "m"));
});

test("the manual's udev rule is for the ids that are looked for", () => {
  const hex = (id: number) => id.toString(16).padStart(4, "0");
  assert.ok(
    MANUAL.includes(`idVendor}=="${hex(USB_VENDOR_ID)}", ATTRS{idProduct}=="${hex(USB_PRODUCT_ID)}"`),
  );
});

test("each board has a page with its flash chip and all its pins", () => {
  for (const name of boardNames()) {
    const page = readFileSync(join(packageRoot(), "docs", "boards", `${name}.md`), "utf8");
    const { flash, led, button, console } = readBoard(name);
    const pins = [...Object.values(flash.pins), led, button, console?.tx, console?.rx];
    for (const word of [flash.part, ...pins.map((one) => one?.pin)]) {
      if (word !== undefined) assert.ok(page.includes(word), `docs/boards/${name}.md does not name ${word}`);
    }
  }
});

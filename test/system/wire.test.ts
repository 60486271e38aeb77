/** A wire between two pins, as `emulate --wire` plugs it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assemble } from "../differential/toolchain.js";
import { ROOT } from "../tools/root.js";
import { imflasher } from "./program.js";

const LIT = /^\{"type":"led","on":true\}$/;

test("emulate --wire: a program reads at one pin what it drives at the other; what is no pair of pins is refused", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-wire-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const image = join(folder, "wire.bin");
  writeFileSync(image, assemble(join(ROOT, "test/guest/wire.s")));
  const emulate = (...argv: string[]) =>
    imflasher("emulate", "--state", "none", "--internal", image, "--run-for", "0.01", "--json", ...argv);
  const [wired, plain, wrong] = [emulate("--wire", "PA7=PA6"), emulate(), emulate("--wire", "PA7=PA7")];
  assert.equal(await wired.exit, 0, wired.lines.join("\n"));
  assert.ok(
    wired.lines.some((line) => LIT.test(line)),
    wired.lines.join("\n"),
  );
  assert.equal(await plain.exit, 0, plain.lines.join("\n"));
  assert.ok(!plain.lines.some((line) => LIT.test(line)), plain.lines.join("\n"));
  assert.equal(await wrong.exit, 2);
  await wrong.line(/--wire: expected two pins such as PA7=PA6, found .*PA7=PA7/);
});

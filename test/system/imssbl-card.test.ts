/** The first stage takes IMSSBL from an SD card, which goes before the slot. Cards are made by mtools. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { secondStageImage } from "../../src/cli/board-files.js";
import { Bench } from "./kit.js";

const NAME = "sp-racing-h7-extreme";
const SLOT = 0x90f9_0000;
const SLOT_BYTES = 0x7_0000;
const BLOCK = 512;
/** Blocks of 512 bytes: mformat makes FAT16 of it, or FAT32 when told to. */
const BLOCKS = 131_072;

function tool(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
}

/** A card with files in its root folder, among others, so that no cluster is where one would guess. */
function card(
  context: TestContext,
  files: Readonly<Record<string, Uint8Array>>,
  format: readonly string[],
): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "imssbl-card-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const image = join(folder, "card.img");
  tool("mformat", "-C", "-i", image, "-T", `${BLOCKS}`, ...format, "::");
  for (const [name, bytes] of Object.entries({ "NOTES.TXT": new Uint8Array(5000), ...files })) {
    writeFileSync(join(folder, name), bytes);
    tool("mcopy", "-i", image, join(folder, name), `::${name}`);
  }
  return new Uint8Array(readFileSync(image));
}

/** The same volume as the first partition of a card: MBR, and a partition that begins at 1 MiB. */
function partitioned(volume: Uint8Array): Uint8Array {
  const start = 2048;
  const all = new Uint8Array(volume.length + start * BLOCK);
  const view = new DataView(all.buffer);
  all[0x1be + 4] = 0x0c;
  view.setUint32(0x1be + 8, start, true);
  view.setUint32(0x1be + 12, volume.length / BLOCK, true);
  view.setUint16(0x1fe, 0xaa55, true);
  all.set(volume, start * BLOCK);
  return all;
}

/** A board whose slot holds nothing, so that it can only run what the card has. */
function cardOnly(sdCard: Uint8Array | undefined): Bench {
  const bench = new Bench({ name: NAME, ...(sdCard === undefined ? {} : { sdCard }) });
  bench.flash(SLOT, SLOT_BYTES).fill(0xff);
  return bench.start();
}

const boardOf = async (bench: Bench): Promise<string> =>
  (await bench.with(({ session }) => session.send("INFO", {}))).board;

for (const [what, format, wrap] of [
  ["FAT16 without a partition table", [], (volume: Uint8Array) => volume],
  ["FAT32 in a partition", ["-F", "-c", "1"], partitioned],
] as const) {
  test(`IMSSBL runs from a card: ${what}`, async (context) => {
    const files = { "CFEXSTFW.BIN": secondStageImage(NAME) };
    const bench = cardOnly(wrap(card(context, files, format)));
    assert.equal(await boardOf(bench), NAME);
    assert.deepEqual(bench.messages, []);
  });
}

test("a card without the file, with half of it, or with a wrong hash does not keep the slot from being used", async (context) => {
  const image = secondStageImage(NAME);
  const wrong = image.slice();
  wrong[9999] = (wrong[9999] ?? 0) ^ 1;
  for (const files of [{}, { "CFEXSTFW.BIN": image.subarray(0, 100_000) }, { "CFEXSTFW.BIN": wrong }]) {
    const bench = new Bench({ name: NAME, sdCard: card(context, files, []) }).start();
    assert.equal(await boardOf(bench), NAME);
  }
});

test("no card, and a card of noise: with nothing in the slot either, the first stage says so", () => {
  const noise = Uint8Array.from({ length: 64 * BLOCK }, (_, index) => (index * 73 + 11) & 0xff);
  for (const sdCard of [undefined, noise]) {
    cardOnly(sdCard).waitConsole(/^first stage: no valid firmware/);
  }
});

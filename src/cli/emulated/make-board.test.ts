import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { bootloaderImage } from "../board-files.js";
import { makeBoard } from "./make-board.js";

const LOG = 0x1_0000;

function stateFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-state-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

type Cells = ReturnType<typeof cellsOf>;

function cellsOf(kept: ReturnType<typeof makeBoard>) {
  return kept.board.save().internal.cells;
}

/** Starts an emulated board and ends it; `change` is what the board does to its internal flash meanwhile. @returns what it began with */
function start(state: string, internal?: Uint8Array, change?: (cells: Cells) => Cells): Cells {
  const kept = makeBoard({ name: "emulated", state, internal, onMessage: () => {} });
  const cells = cellsOf(kept);
  if (change !== undefined) {
    const { options } = kept.board.save().internal;
    kept.board.chip.flash.load({ cells: change(cells), options });
  }
  kept.save();
  kept.release();
  return cells;
}

/** As an update does: another bootloader, and a log of one word. */
function updated(cells: Cells): Cells {
  const bytes = cells.bytes.slice();
  bytes.set(another());
  bytes.fill(0x5a, LOG, LOG + 32);
  return { ...cells, bytes, programmed: [...cells.programmed, LOG / 32] };
}

/** A bootloader, whole, that is not the one that comes along for this board. */
const another = (): Uint8Array => bootloaderImage("daisy-seed");

test("what a board makes of its internal flash stays, until another image is given", (context) => {
  const state = stateFolder(context);
  const own = bootloaderImage("emulated");
  assert.deepEqual(start(state, undefined, updated).bytes.subarray(0, own.length), own);
  const kept = start(state).bytes;
  assert.deepEqual(kept.subarray(0, another().length), another());
  assert.equal(kept[LOG], 0x5a);
  assert.deepEqual(start(state).bytes, kept);
  const program = new Uint8Array(100).fill(0x11);
  const given = start(state, program);
  assert.deepEqual(given.bytes.subarray(0, 100), program);
  assert.equal(given.bytes[LOG], 0xff);
  start(state, program, (cells) => ({ ...cells, bytes: cells.bytes.with(5, 0) }));
  assert.equal(start(state, program).bytes[5], 0, "the same file is not put there again");
  assert.deepEqual(start(state).bytes.subarray(0, own.length), own);
});

test("a bootloader that comes with a later imflasher renews the one of before, and not its log", (context) => {
  const state = stateFolder(context);
  start(state, undefined, updated);
  const file = join(state, "board.json");
  writeFileSync(file, readFileSync(file, "utf8").replace(/"installed": "\w{8}/, '"installed": "00000000'));
  const { bytes, programmed } = start(state);
  const own = bootloaderImage("emulated");
  assert.deepEqual(bytes.subarray(0, own.length), own);
  assert.ok(bytes.subarray(own.length, LOG).every((byte) => byte === 0xff));
  assert.equal(bytes[LOG], 0x5a);
  assert.ok(programmed.includes(0) && programmed.includes(LOG / 32));
  assert.ok(!programmed.includes(LOG / 32 - 1));
});

test("a state of before, which does not tell what was installed, gets the bootloader", (context) => {
  const state = stateFolder(context);
  start(state, undefined, updated);
  const file = join(state, "board.json");
  writeFileSync(file, readFileSync(file, "utf8").replace(/,\s*"installed": "\w{64}"/, ""));
  const own = bootloaderImage("emulated");
  assert.deepEqual(start(state).bytes.subarray(0, own.length), own);
});

test("a bootloader that is not whole, as after a power cut in an update, is put there again", (context) => {
  const own = bootloaderImage("emulated");
  const damages: ((cells: Cells) => Cells)[] = [
    (cells) => ({ bytes: cells.bytes.map(() => 0xff), programmed: [], broken: [] }),
    (cells) => ({ ...cells, bytes: cells.bytes.with(0x4000, (cells.bytes[0x4000] ?? 0) ^ 1) }),
    (cells) => ({ ...cells, broken: [7] }),
  ];
  for (const damage of damages) {
    const state = stateFolder(context);
    start(state, undefined, damage);
    const { bytes, broken } = start(state);
    assert.deepEqual(bytes.subarray(0, own.length), own);
    assert.deepEqual(broken, []);
  }
});

test("the flash chip's file is written at first and after the chip changed, not at each saving", (context) => {
  const state = stateFolder(context);
  const kept = makeBoard({ name: "emulated", state, onMessage: () => {} });
  const { board } = kept;
  const file = join(state, "external.bin");
  kept.save();
  assert.equal(readFileSync(file)[0x10], 0xff);
  writeFileSync(file, "untouched");
  kept.save();
  assert.equal(readFileSync(file, "utf8"), "untouched");
  const { flashChip } = board;
  // It alone has power: nobody else speaks to it.
  flashChip.powerOn();
  board.advance(10e6);
  flashChip.select();
  flashChip.write(0x06, 1);
  flashChip.deselect();
  flashChip.select();
  for (const byte of [0x02, 0, 0, 0x10, 0x5a]) flashChip.write(byte, 1);
  flashChip.deselect();
  board.advance(board.now + 2e6);
  kept.save();
  assert.equal(readFileSync(file)[0x10], 0x5a);
  kept.release();
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { boardIdFromUid } from "../protocol/board-id.js";
import { FakeBootloader } from "../protocol/testing/fake-bootloader.js";
import { FakeFlash } from "../protocol/testing/fake-flash.js";
import { BASE, program, type TestWorld, world } from "./testing.js";

/** A desk with `count` boards. @returns their ids */
function desk(made: TestWorld, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const board = new FakeBootloader(new FakeFlash(), made.timers);
    board.uid = Uint8Array.from({ length: 12 }, (_unused, at) => at + index);
    const id = boardIdFromUid(board.uid);
    made.others.set(id, board);
    made.ports.push({ path: `/dev/ttyACM${index}`, serial: id });
    return id;
  });
}

function holds(made: TestWorld, id: string): boolean {
  const bytes = program(10_000);
  const found = made.others.get(id)?.flash.view(BASE, bytes.length) ?? [];
  return bytes.every((byte, at) => found[at] === byte);
}

const FLASH = ["flash", "0x90100000", "app.bin"];

test("flash --all writes every board that is present, and tells each one's fate", async () => {
  const made = world();
  const ids = desk(made, 3);
  assert.equal(await made.run(...FLASH, "--all"), 0, made.stderr.text);
  for (const id of ids) {
    assert.ok(holds(made, id), id);
    assert.equal(made.others.get(id)?.booted, BASE);
    assert.match(made.stdout.text, new RegExp(`^${id}: done$`, "m"));
    assert.match(made.stdout.text, new RegExp(`^${id}: verified on the board: `, "m"));
  }
  for (const line of made.stderr.text.trimEnd().split("\n")) assert.match(line, /^[0-9A-Z-]{23}: /);
});

test("one board's failure stops no other; exit code and JSON tell it", async () => {
  const made = world();
  const ids = desk(made, 3);
  const [good, bad, other] = ids as [string, string, string];
  const broken = made.others.get(bad) as FakeBootloader;
  broken.protectedBits = 0x1c;
  assert.equal(
    await made.run(...FLASH, "--json", "--serial", good, "--serial", bad.toLowerCase(), "--serial", other),
    1,
  );
  assert.deepEqual(
    [good, bad, other].map((id) => holds(made, id)),
    [true, false, true],
  );
  const objects = made.objects();
  const result = objects.findLast(({ type, boards }) => type === "result" && boards !== undefined);
  const fates = result?.["boards"] as Record<string, unknown>[];
  assert.deepEqual(
    fates.map(({ board, ok, exitCode, error }) => [board, ok, exitCode, error]),
    [
      [good, true, 0, undefined],
      [bad, false, 1, "BoardError"],
      [other, true, 0, undefined],
    ],
  );
  const errors = objects.filter(({ type }) => type === "error");
  assert.deepEqual(
    errors.map(({ board, error }) => [board, error]),
    [
      [bad, "BoardError"],
      [undefined, "BoardsFailedError"],
    ],
  );
  const progress = objects.filter(({ type }) => type === "progress");
  assert.deepEqual(new Set(progress.map(({ board }) => board)), new Set(ids));
});

test("the exit code is the failed boards' own when it is the same for all of them", async () => {
  const made = world();
  const [first = "", second = ""] = desk(made, 2);
  for (const board of made.others.values()) board.silent = true;
  assert.equal(await made.run(...FLASH, "--serial", first, "--serial", second), 3, made.stderr.text);
  assert.match(made.stderr.text, /^imflasher: 2 of 2 boards failed: /m);
});

test("a terminal shows one bar for each board", async () => {
  const made = world();
  const ids = desk(made, 2);
  made.stderr.isTTY = true;
  assert.equal(await made.run(...FLASH, "--all"), 0);
  const screen = made.stderr.text;
  const last = screen.slice(screen.lastIndexOf("\u001b[2A"));
  for (const id of ids) assert.match(last, new RegExp(`${id} verify .*100 %`));
});

test("what names one board does not go with several", async () => {
  const made = world();
  const [id = ""] = desk(made, 2);
  assert.equal(await made.run(...FLASH, "--all", "--port", "/dev/ttyACM0"), 2);
  assert.equal(await made.run(...FLASH, "--all", "--serial", id), 2);
  assert.equal(await made.run("info", "--serial", id, "--serial", id), 2);
  assert.match(made.stderr.text, /--serial: info works on one board; given 2 times/);
  made.ports = [];
  assert.equal(await made.run(...FLASH, "--all"), 3);
});

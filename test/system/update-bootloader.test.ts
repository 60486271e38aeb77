/** A bootloader replaces itself; and the power fails at every phase of that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { bootloaderImage } from "../../src/cli/board-files.js";
import type { BoardState } from "../../src/emulator/board/board-options.js";
import { flashImage } from "../../src/flasher/index.js";
import { POLICY_REQUIRE_SIGNED } from "../../src/protocol/access.js";
import { crc32 } from "../../src/protocol/crc32.js";
import type { BoardErrorName } from "../../src/protocol/errors.js";
import { commandLine } from "./command-line.js";
import { BASE, Bench, bin, blink } from "./kit.js";
import { assertUnchanged, claimedBoard, type Office, refuses, snapshot } from "./office.js";

/** docs/protocol.md, section 13.1. */
const IDENTITY = 0x380;
/** FLASH_SR1: an operation waits or is under way (RM0433, FLASH_SR1.QW). */
const SR1_QW = 1 << 2;

/** The emulated board's own bootloader, changed in its identification block and whole again. */
function variant(change: (block: DataView) => void): Uint8Array {
  const image = bootloaderImage("emulated");
  change(new DataView(image.buffer, image.byteOffset + IDENTITY));
  const view = new DataView(image.buffer, image.byteOffset);
  view.setUint32(IDENTITY + 20, 0, true);
  view.setUint32(IDENTITY + 20, crc32(image), true);
  return image;
}

const NEWER = variant((block) => block.setUint32(8, 0x0001_0200, true));
const OLDER = variant((block) => block.setUint32(8, 0x0000_0001, true));

function internal(bench: Bench, length: number): Uint8Array {
  return bench.board.save().internal.cells.bytes.subarray(0, length);
}

/** A board with an owner, a policy and a boot address of its own, whose owner holds an image. */
async function ownedBoard(): Promise<{ bench: Bench; office: Office }> {
  const { bench, office } = await claimedBoard();
  await office.works(bench, "policy", "require-signed", "--authority", "acme");
  await office.works(bench, "keys", "issue", "--authority", "acme", "--board", "any", "--to", "Ada");
  await office.works(bench, "default-boot", "0x90200000");
  office.files["newer.bin"] = NEWER;
  return { bench, office };
}

/** Owner, policy and boot address are those of `ownedBoard`. */
async function assertSettings(bench: Bench, office: Office): Promise<void> {
  await bench.with(async ({ session }) => {
    const access = await session.send("ACCESS", {});
    assert.equal(access.owned, 1, bench.story());
    assert.deepEqual(access.owner, office.authority("acme").publicKey);
    assert.equal(access.policy, POLICY_REQUIRE_SIGNED);
  });
  assert.match(await office.works(bench, "default-boot"), /0x90200000/);
}

test("the owner updates the bootloader: boot address, owner and policy stay, and the log is short again", async () => {
  const { bench, office } = await ownedBoard();
  const said = await office.works(bench, "update-bootloader", "newer.bin", "--authority", "acme");
  assert.match(said, /bootloader 0\.1\.0 -> 0\.1\.0, \d+ bytes, in \d\.\d s/);
  assert.deepEqual(internal(bench, NEWER.length), NEWER);
  assert.deepEqual(
    bench.messages.filter((message) => /during erase|guest mistake/.test(message)),
    [],
    "while the sector is erased, nothing reads it",
  );
  bench.run(20);
  await assertSettings(bench, office);
  assert.match(await office.works(bench, "info"), /it can be changed 2041 of 2048 times more/);
  bench.board.powerOff();
  bench.run(20);
  bench.board.powerOn();
  await assertSettings(bench, office);
});

test("only the owner may: a key with every other right is denied, and nothing has changed", async () => {
  const { bench, office } = await ownedBoard();
  const issue = ["--authority", "acme", "--board", "any", "--to", "Ada"];
  await office.works(bench, "keys", "issue", ...issue, "--may", "flash,read,erase,boot,claim");
  const before = snapshot(bench);
  const { code, stderr } = await office.run(bench, "update-bootloader", "newer.bin");
  assert.equal(code, 4, stderr);
  assertUnchanged(bench, before, "denied");
});

test("what is no bootloader, damaged, another board's or older is refused, by imflasher and by the board", async () => {
  const bench = new Bench().start();
  const daisy = bootloaderImage("daisy-seed");
  const damaged = NEWER.with(0x8000, (NEWER[0x8000] ?? 0) ^ 1);
  const blank = new Uint8Array(NEWER.length);
  const cases: readonly [Uint8Array, RegExp, BoardErrorName][] = [
    [blank, /new\.bin: expected IMBootloader's identification block at 0x08000380/, "BAD_IMAGE"],
    [damaged, /new\.bin is damaged: expected CRC-32/, "BAD_IMAGE"],
    [NEWER.subarray(0, 0x9000), /expected the \d+ bytes that the image tells of itself/, "BAD_IMAGE"],
    [daisy, /expected a bootloader for board "emulated", found one for "daisy-seed"/, "OTHER_BOARD"],
    [OLDER, /expected version 0\.1\.0, which runs, or a newer one; found 0\.0\.1.*--force/, "OLDER"],
  ];
  const before = snapshot(bench);
  for (const [image, message, code] of cases) {
    const told = await commandLine(bench, { "new.bin": image }, "update-bootloader", "new.bin");
    assert.equal(told.code, 1, told.stderr);
    assert.match(told.stderr, message);
    await bench.with(async ({ session }) => {
      for (let offset = 0; offset < image.length; offset += 4096)
        await session.send("STAGE", { offset, data: image.subarray(offset, offset + 4096) });
      const update = session.send("UPDATE", { length: image.length, flags: 0, sha256: sha256(image) });
      await refuses(update, code, message.source, 1);
    });
  }
  assertUnchanged(bench, before, "refused");
  const forced = await commandLine(bench, { "old.bin": OLDER }, "update-bootloader", "old.bin", "--force");
  assert.equal(forced.code, 0, forced.stderr);
  assert.deepEqual(internal(bench, OLDER.length), OLDER);
});

test("an unfinished flashing comes first, and without FILE the board's own image is taken", async () => {
  const bench = new Bench().start();
  await bench.with(async ({ session }) => {
    await session.send("BEGIN", { ranges: [{ address: BASE, length: 4096 }] });
  });
  const refused = await commandLine(bench, {}, "update-bootloader");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /UNFINISHED/);
  await bench.with((connection) => flashImage(connection, bin(blink())));
  const done = await commandLine(bench, {}, "update-bootloader");
  assert.equal(done.code, 0, done.stderr);
  const image = bootloaderImage("emulated");
  assert.deepEqual(internal(bench, image.length), image);
});

test("a board that keeps its first stage is refused, with what to do instead; by the board itself, too", async () => {
  const bench = new Bench({ name: "sp-racing-h7-extreme" }).start();
  const before = snapshot(bench);
  const told = await commandLine(bench, { "new.bin": NEWER }, "update-bootloader", "new.bin");
  assert.equal(told.code, 1);
  assert.match(told.stderr, /keeps the bootloader it came with[\s\S]*dfu-util .*0x90F90000:0x70000/);
  await bench.with(async ({ session }) => {
    const data = NEWER.subarray(0, 4096);
    await refuses(session.send("STAGE", { offset: 0, data }), "NOT_REPLACEABLE", "STAGE", 1);
    const update = session.send("UPDATE", { length: 4096, flags: 0, sha256: sha256(data) });
    await refuses(update, "NOT_REPLACEABLE", "UPDATE", 1);
  });
  assertUnchanged(bench, before, "refused");
});

/** Instants of an update, board time in ns: its start, the copy of the log, and the internal flash at work. */
interface Times {
  start: number;
  /** The flash chip's operations: erase and program of the copy. */
  readonly copy: number[];
  from: number;
  to: number;
}

interface Start {
  readonly office: Office;
  readonly state: BoardState;
}

/** The same update from the same start to the nanosecond. @param cutAt board time at which the power fails */
async function update({ office, state }: Start, cutAt?: number): Promise<{ bench: Bench; times: Times }> {
  const times: Times = { start: 0, copy: [], from: 0, to: 0 };
  const bench: Bench = new Bench({
    state,
    uniqueId: state.uniqueId,
    onFlashOperation: () => times.copy.push(bench.board.now),
  }).start();
  bench.runUntil(() => bench.board.host.cdc !== undefined, 1000, "the bootloader's port");
  times.start = bench.board.now;
  const watch = (): void => {
    if (bench.board.chip.flash.registers.has("SR1", SR1_QW)) {
      times.from ||= bench.board.now;
      times.to = bench.board.now;
    }
    if (bench.board.powered) bench.board.after(100e3, watch);
  };
  watch();
  if (cutAt !== undefined) {
    bench.board.after(cutAt - bench.board.now, () => {
      bench.board.powerOff();
      bench.board.interrupt();
    });
  }
  const { code, stderr } = await office.run(bench, "update-bootloader", "newer.bin", "--authority", "acme");
  assert.equal(code === 0, cutAt === undefined, stderr);
  bench.board.powerOff();
  bench.run(20);
  return { bench, times };
}

const OLD = bootloaderImage("emulated");

/** A board with settings, and the instants of its update without a power cut: made once for all cuts. */
async function watched(): Promise<{ readonly from: Start; readonly times: Times }> {
  const { bench, office } = await ownedBoard();
  const from = { office, state: bench.board.save() };
  return { from, times: (await update(from)).times };
}
let cached: ReturnType<typeof watched> | undefined;
const before = (): ReturnType<typeof watched> => {
  cached ??= watched();
  return cached;
};

test("power cut before the erase, also while the log's copy is written: nothing has changed", async () => {
  const { from, times } = await before();
  const [erase = 0, program = 0] = times.copy;
  assert.ok(times.start < erase && erase < program && program < times.from, JSON.stringify(times));
  for (const at of [erase + 5e6, program + 100e3, times.from - 200e3]) {
    const { bench } = await update(from, at);
    assert.deepEqual(internal(bench, OLD.length), OLD);
    bench.board.powerOn();
    await assertSettings(bench, from.office);
  }
});

test("power cut while the sector is erased or written: dead, until ST's ROM DFU; then all settings are there again", async (context) => {
  const { from, times } = await before();
  const window = times.to - times.from;
  context.diagnostic(`the sector is not whole for ${(window / 1e6).toFixed(0)} ms`);
  assert.ok(window < 1.3e9, `${window} ns`);
  for (const at of [1e6, 500e6, 1050e6, window - 1e6].map((after) => times.from + after)) {
    const { bench } = await update(from, at);
    bench.board.powerOn();
    bench.run(1500);
    assert.equal(bench.board.host.cdc, undefined, "no half bootloader shows itself");
    bench.board.powerOff();
    // Stands in for ST's ROM bootloader, which is not modelled: the sector is erased, the image written.
    bench.board.loadInternal(NEWER);
    bench.run(20);
    bench.board.powerOn();
    await assertSettings(bench, from.office);
    // The copy has served: whoever puts the bootloader back later finds an open board, as docs/security.md says.
    bench.board.powerOff();
    bench.board.loadInternal(NEWER);
    bench.run(20);
    bench.board.powerOn();
    await bench.with(async ({ session }) => assert.equal((await session.send("ACCESS", {})).owned, 0));
  }
});

test("power cut right after: the new bootloader runs, with all settings", async () => {
  const { from, times } = await before();
  const { bench } = await update(from, times.to + 400e3);
  assert.deepEqual(internal(bench, NEWER.length), NEWER);
  bench.board.powerOn();
  await assertSettings(bench, from.office);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBlock, UF2Flags } from "uf2";
import { flashImage, verifyImage } from "../../src/flasher/index.js";
import { loadImage } from "../../src/image/load.js";
import { BASE, Bench, bin, blink, exampleFile, summing, WHOLE } from "./kit.js";

const SECTOR = 4096;
const STM32H7 = 0x6db66082;

test("blink is written, verified on the board, started, and runs where it lies", async () => {
  const bench = new Bench().start();
  const image = bin(blink());
  const report = await bench.flashAndBoot(image);
  assert.equal(report.imageBytes, blink().length);
  assert.equal(report.reconnects, 0);
  assert.deepEqual(bench.flash(BASE, blink().length), blink());
  const line = bench.waitConsole(
    /^blink: running from external flash at 0x9010[0-9a-f]{4}, count_tick in ITCM/,
  );
  assert.match(line, /ITCM at 0x000000[0-9a-f]{2}$/);
  bench.waitConsole(/^blink 2$/, 3000);
  assert.equal(bench.board.host.cdc, undefined, "the application has left the bootloader's USB port behind");
});

test("an application above 1 MiB runs, adds up every byte of itself, and is told unchanged afterwards", async () => {
  const operations: string[] = [];
  const bench = new Bench({ onFlashOperation: (kind) => operations.push(kind) }).start();
  const bytes = summing(0x11_0000, 1);
  assert.ok(bytes.length > 2 ** 20);
  await bench.flashAndBoot(bin(bytes));
  assert.match(bench.waitConsole(WHOLE, 20_000), /payload of 1114112 bytes/);
  operations.length = 0;
  bench.reset();
  const again = await bench.with(async (connection) => {
    await verifyImage(connection, bin(bytes));
    return flashImage(connection, bin(bytes));
  });
  assert.deepEqual([again.erasedBytes, again.programmedBytes, again.unchangedBytes], [0, 0, bytes.length]);
  assert.deepEqual(operations, [], "nothing is begun where nothing differs, not even in the journal");
});

test("one sector that differs is the only one that is erased; bytes beside the image are kept", async () => {
  const erased: number[] = [];
  const bench = new Bench({
    onFlashOperation: (kind, address) => {
      if (kind === "erase") erased.push(address + 0x9000_0000);
    },
  }).start();
  const bytes = summing(30_000, 1);
  const end = BASE + bytes.length;
  const tail = bench.flash(end, SECTOR - (end % SECTOR));
  tail.forEach((_, index) => {
    tail[index] = index & 0xff;
  });
  const kept = tail.slice();
  await bench.with((connection) => flashImage(connection, bin(bytes)));
  assert.deepEqual(bench.flash(end, kept.length), kept);
  erased.length = 0;
  const changed = bytes.slice();
  const at = 3 * SECTOR + 17;
  changed[at] = (changed[at] ?? 0) ^ 0xff;
  const report = await bench.with((connection) => flashImage(connection, bin(changed)));
  assert.deepEqual(erased, [BASE + 3 * SECTOR]);
  assert.equal(report.erasedBytes, SECTOR);
  assert.equal(report.unchangedBytes, bytes.length - SECTOR);
  assert.deepEqual(bench.flash(BASE, changed.length), changed);
  assert.deepEqual(bench.flash(end, kept.length), kept);
});

function uf2(bytes: Uint8Array): Uint8Array {
  const total = Math.ceil(bytes.length / 256);
  const blocks = Array.from({ length: total }, (_, blockNumber) => {
    const payload = bytes.slice(blockNumber * 256, (blockNumber + 1) * 256);
    const common = { flags: UF2Flags.familyIDPresent, blockNumber, totalBlocks: total, boardFamily: STM32H7 };
    return encodeBlock({ ...common, flashAddress: BASE + blockNumber * 256, payload });
  });
  return new Uint8Array(Buffer.concat(blocks));
}

test("the same program as .bin, ELF, HEX and UF2 leaves the same flash content and runs", async () => {
  const contents: Uint8Array[] = [];
  const files: [string, Uint8Array][] = [
    ["blink.elf", exampleFile("blink.elf")],
    ["blink.hex", exampleFile("blink.hex")],
    ["blink.uf2", uf2(blink())],
  ];
  const images = [bin(blink()), ...files.map(([name, bytes]) => loadImage(bytes, name))];
  for (const image of images) {
    const bench = new Bench().start();
    await bench.flashAndBoot(image);
    bench.waitConsole(/^blink: running from external flash at 0x9010/);
    contents.push(bench.flash(0x9000_0000, 0xff_c000).slice());
  }
  const [first, ...others] = contents;
  for (const other of others) assert.ok(Buffer.from(other).equals(Buffer.from(first ?? [])));
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const WINBOND = [0xef, 0x40, 0x18];
const ISSI = [0x9d, 0x60, 0x17];
const UNKNOWN = [0x01, 0x20, 0x18];
/* "SFDP" 1.5, one more header; basic table 1.5 of `dwords` at 0x80. */
const header = (dwords: number): number[] => [
  ...[0x53, 0x46, 0x44, 0x50, 0x05, 0x01, 0x00, 0xff],
  ...[0x00, 0x05, 0x01, dwords, 0x80, 0x00, 0x00, 0xff],
];

/** What a W25Q128JV answers to 5Ah from 0x80 on. */
const W25Q128JV = Buffer.from(
  "e520f9ffffffff0744eb086b083b42bbfeffffffffff0000ffff40eb0c200f52" +
    "10d800003602a60082ea14c9e96376337a757a75f7a2d55c19f74dffe930f880",
  "hex",
);

let folder = "";
let program = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "sfdp-"));
  program = join(folder, "sfdp_print");
  const sources = [
    "firmware/drivers/test/sfdp_print.c",
    "firmware/drivers/sfdp.c",
    "firmware/drivers/nor_parts.c",
  ];
  const flags = ["-std=c11", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"];
  const includes = ["-iquote", "firmware/drivers", "-iquote", "firmware/core"];
  const { status, stderr, error } = spawnSync("gcc", [...flags, ...includes, ...sources, "-o", program], {
    encoding: "utf8",
  });
  assert.equal(error, undefined, "gcc cannot be run: install Debian's gcc and libc6-dev");
  assert.equal(status, 0, stderr);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function read(jedec: readonly number[], head: readonly number[], table: Uint8Array): Record<string, unknown> {
  const { status, stdout, stderr } = spawnSync(program, {
    input: Buffer.concat([Buffer.from([...jedec, ...head]), table]),
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test("size, erase types, read command, times and quad enable come from a full table", () => {
  assert.deepEqual(read(WINBOND, header(16), W25Q128JV), {
    located: true,
    address: 0x80,
    size: 16 << 20,
    page: 256,
    read: [0xeb, 2, 4],
    quadEnable: 4,
    erase: [
      [4096, 0x20, 64_000, 896_000],
      [32768, 0x52, 128_000, 1_792_000],
      [65536, 0xd8, 160_000, 2_240_000],
    ],
    program: [704, 4224],
  });
});

test("times that a nine-dword table lacks are the data sheet's for a known part", () => {
  const short = W25Q128JV.subarray(0, 36);
  assert.deepEqual(read(WINBOND, header(9), short)["program"], [400, 3000]);
  assert.deepEqual(read(WINBOND, header(9), short)["erase"], [
    [4096, 0x20, 45_000, 400_000],
    [32768, 0x52, 120_000, 1_600_000],
    [65536, 0xd8, 150_000, 2_000_000],
  ]);
  assert.deepEqual(read(ISSI, header(9), short)["program"], [200, 1000]);
});

test("an unknown part without times gets cautious ones, and no way to enable quad reads", () => {
  const result = read(UNKNOWN, header(9), W25Q128JV.subarray(0, 36));
  assert.deepEqual(result["program"], [700, 5000]);
  assert.equal(result["quadEnable"], 7);
});

test("density may be a power of two, and what does not fit in 32 bits is no size", () => {
  const table = Buffer.from(W25Q128JV);
  table.writeUInt32LE(0x8000001b, 4);
  assert.equal(read(WINBOND, header(16), table)["size"], 16 << 20);
  table.writeUInt32LE(0x80000028, 4);
  assert.equal(read(WINBOND, header(16), table)["size"], 0);
});

test("a chip without 1-4-4 reads has no read command", () => {
  const table = Buffer.from(W25Q128JV);
  table.writeUInt32LE((table.readUInt32LE(0) & ~(1 << 21)) >>> 0, 0);
  assert.deepEqual(read(WINBOND, header(16), table)["read"], [0, 0, 0]);
});

test("what is not SFDP, another first table, or one that is too short is not located", () => {
  const spoilt = (index: number, value: number): number[] => header(16).with(index, value);
  for (const head of [spoilt(0, 0xff), spoilt(8, 0x81), spoilt(15, 0x00), spoilt(11, 8)])
    assert.deepEqual(read(WINBOND, head, W25Q128JV), { located: false });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { readInternalImage, readWholeProgram } from "./internal-image.js";
import { fails, world } from "./testing.js";

/** Four bytes at 0x08000008 and two at 0x90000010 (Intel HEX; the checksum is the two's complement of the bytes' sum). */
const TWO_MEMORIES = [
  ":020000040800F2",
  ":0400080001020304EA",
  ":0200000490006A",
  ":0200100055AAEF",
  ":00000001FF",
  "",
].join("\n");

test("a program for both flash memories is told apart by address; for the internal flash alone it is refused", async () => {
  const made = world();
  made.files.set("both.hex", new TextEncoder().encode(TWO_MEMORIES));
  const { internal, elsewhere } = await readWholeProgram(made.io(), "both.hex", 0x2_0000);
  assert.deepEqual([...internal.subarray(7)], [0xff, 1, 2, 3, 4]);
  assert.equal(internal.length, 12);
  assert.deepEqual(
    elsewhere.map(({ address, bytes }) => [address, ...bytes]),
    [[0x9000_0010, 0x55, 0xaa]],
  );
  await assert.rejects(
    readInternalImage(made.io(), "both.hex", 0x2_0000),
    /both\.hex: 0x90000010 with 2 bytes lies outside the internal flash: expected 0x08000000 to 0x0801FFFF/,
  );
});

test("emulate refuses raw bytes without an address, and what fits no memory, before anything runs", async () => {
  const made = world();
  made.files.set("raw.bin", new Uint8Array(16));
  const emulate = ["--state", "none", "emulate"];
  await fails(made, [...emulate, "--load", "raw.bin"], 2, /expected --load raw\.bin@0x90100000/);
  await fails(
    made,
    [...emulate, "--load", "raw.bin@0x91000000"],
    1,
    /0x91000000 with 16 bytes lies outside the flash chip: expected 0x90000000 to 0x90FFFFFF/,
  );
});

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

test("--mcu gives the board another chip, with more internal flash", async () => {
  const made = world();
  made.files.set("large.bin", new Uint8Array(0x4_0000).fill(0x5a));
  const emulate = ["--state", "none", "--run-for", "0.001", "emulate", "--internal", "large.bin"];
  await fails(made, emulate, 1, /0x08000000 with 262144 bytes lies outside the internal flash/);
  await fails(made, [...emulate, "--mcu", "STM32F407"], 2, /--mcu: expected a chip such as "STM32H743"/);
  made.files.set("larger.bin", new Uint8Array(0x20_0001));
  const tooLarge = [...emulate.slice(0, -1), "larger.bin", "--mcu", "STM32H743"];
  await fails(made, tooLarge, 1, /expected 0x08000000 to 0x081FFFFF/);
});

/** Vectors at 0x08000000; at 0x20000000 movs r0, #0x5a; udf #0. */
const IN_RAM = [
  ":020000040800F2",
  ":080000000000022001000020B5",
  ":020000042000DA",
  ":040000005A2000DEA4",
  ":00000001FF",
  "",
].join("\n");

test("what a program has in RAM is there when the board has power, as a programmer leaves it", async () => {
  const made = world();
  made.files.set("ram.hex", new TextEncoder().encode(IN_RAM));
  const code = await made.run("--state", "none", "--run-for", "0.001", "emulate", "--internal", "ram.hex");
  assert.equal(code, 0, made.stderr.text);
  assert.match(made.stdout.text, /at pc 0x20000002$/m);
  assert.match(made.stdout.text, /r0 0x0000005a/);
});

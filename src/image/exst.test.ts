import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ImageError } from "./error.js";
import { checkExstVectors, EXST_IMAGE_BYTES, EXST_LOAD_ADDRESS, packExst, readExst } from "./exst.js";
import { inspectFile } from "./inspect.js";

const IMAGE = "firmware/images/sp-racing-h7-extreme/imssbl.exst";

/** As a Betaflight build does it: openssl's MD5 over the padded file, then patched into its last 16 bytes. */
function asTheMakefileDoes(program: Uint8Array): Buffer {
  const padded = Buffer.alloc(448 * 1024);
  padded.set(program);
  createHash("md5")
    .update(padded)
    .digest()
    .copy(padded, padded.length - 16);
  return padded;
}

/** Vectors, and some code. */
function program(length = 1000): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, index) => index & 0xff);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x2002_0000, true);
  view.setUint32(4, EXST_LOAD_ADDRESS + 0x101, true);
  return bytes;
}

test("a packed image is what a Betaflight build makes of the same program, byte for byte", () => {
  for (const length of [8, 1000, EXST_IMAGE_BYTES - 64]) {
    assert.ok(asTheMakefileDoes(program(length)).equals(packExst("p.bin", program(length))), `${length}`);
  }
});

test("the block is read, and its hash held to the bytes; nothing of the file is changed by that", () => {
  const image = Buffer.from(packExst("p.bin", program()));
  const before = Buffer.from(image);
  assert.deepEqual([readExst(image).format, readExst(image).method, readExst(image).valid], [0, 0, true]);
  assert.ok(before.equals(image));
  for (const at of [0, 999, 200_000, EXST_IMAGE_BYTES - 64, EXST_IMAGE_BYTES - 40, EXST_IMAGE_BYTES - 1]) {
    const changed = Buffer.from(image);
    changed[at] = (changed[at] ?? 0) ^ 0x04;
    assert.equal(readExst(changed).valid, false, `${at}`);
  }
});

test("method 1, which the format's page calls MD5, is taken, too", () => {
  const padded = Buffer.alloc(EXST_IMAGE_BYTES);
  padded.set(program());
  padded[EXST_IMAGE_BYTES - 63] = 1;
  createHash("md5")
    .update(padded)
    .digest()
    .copy(padded, padded.length - 16);
  assert.equal(readExst(padded).valid, true);
});

test("what does not fit, or is linked for elsewhere, is refused", () => {
  assert.throws(
    () => packExst("p.bin", program(EXST_IMAGE_BYTES - 63)),
    (error) =>
      error instanceof ImageError && /expected 8 to 458688 bytes .* found 458689/.test(error.message),
  );
  const elsewhere = program();
  new DataView(elsewhere.buffer).setUint32(4, 0x9010_0101, true);
  const image = packExst("p.bin", elsewhere);
  assert.throws(() => checkExstVectors("p.bin", image, EXST_LOAD_ADDRESS), /reset vector is 0x90100101/);
});

test("inspect tells what a file is, and what is wrong with it", () => {
  const good = inspectFile(readFileSync(IMAGE), IMAGE);
  assert.deepEqual(
    [good.format, good.exst?.valid, good.vectors?.runsIn, good.vectors?.stackIn, good.fault],
    ["exst", true, "AXI SRAM", "DTCM", undefined],
  );
  const damaged = readFileSync(IMAGE);
  damaged[5000] = (damaged[5000] ?? 0) ^ 1;
  assert.match(inspectFile(damaged, "x.exst").fault?.message ?? "", /EXST block is wrong/);
  const elf = inspectFile(readFileSync(IMAGE.replace("exst", "elf")), "imssbl.elf");
  assert.equal(elf.format, "elf");
  assert.equal(elf.segments[0]?.address, EXST_LOAD_ADDRESS);
  assert.ok(elf.programHeaders.some(({ virtualAddress }) => virtualAddress === 0x2000_2000));
  const text = inspectFile(Buffer.from("not a program, but long enough to have vectors"), "note.txt");
  assert.deepEqual([text.format, text.vectors?.runsIn, text.fault], ["bin", undefined, undefined]);
  assert.match(inspectFile(new Uint8Array(), "empty").fault?.message ?? "", /the file is empty/);
});

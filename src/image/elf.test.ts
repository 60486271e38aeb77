import assert from "node:assert/strict";
import { test } from "node:test";
import { loadImage } from "./load.js";

const PAGE = 0x90100000;

/** As GNU ld writes a program for the second KiB of a page: its first segment begins with the file's own headers. */
function withOwnHeaders(program: Uint8Array, sections: boolean): Uint8Array {
  const [start, table] = [0x400, 0x400 + program.length];
  const file = new Uint8Array(table + 3 * 40);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  for (const [at, value] of [
    [16, 2],
    [18, 40],
    [42, 32],
    [44, 1],
    [46, 40],
    [48, sections ? 3 : 0],
  ] as const) {
    view.setUint16(at, value, true);
  }
  view.setUint32(28, 52, true);
  view.setUint32(32, table, true);
  const segment = [1, 0, PAGE, PAGE, table, table, 5, 0x1000];
  segment.forEach((value, index) => {
    view.setUint32(52 + 4 * index, value, true);
  });
  file.set(program, start);
  // .isr_vector, and a .comment that is in no memory.
  for (const [index, section] of [
    [1, [0, 1, 2, PAGE + start, start, program.length]],
    [2, [0, 1, 0, 0, 60, 4]],
  ] as const) {
    section.forEach((value, field) => {
      view.setUint32(table + 40 * index + 4 * field, value, true);
    });
  }
  return file;
}

test("elf: the file's own headers, which a linker puts before a program, are no part of it", () => {
  const program = Uint8Array.from({ length: 64 }, (_, index) => index + 1);
  const { segments } = loadImage(withOwnHeaders(program, true), "app.elf", { address: PAGE + 0x400 });
  assert.deepEqual(
    segments.map(({ address, bytes }) => [address, Array.from(bytes)]),
    [[PAGE + 0x400, Array.from(program)]],
  );
});

test("elf: without sections nothing can be told apart, and the segment is taken whole", () => {
  const file = withOwnHeaders(new Uint8Array(64), false);
  const [segment] = loadImage(file, "app.elf").segments;
  assert.deepEqual([segment?.address, segment?.bytes.length], [PAGE, 0x400 + 64]);
});

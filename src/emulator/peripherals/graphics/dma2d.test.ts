import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine, TestMemory } from "../test-kit.js";
import { Dma2d } from "./dma2d.js";

const CR = 0x00;
const ISR = 0x04;
const IFCR = 0x08;
const FGMAR = 0x0c;
const FGOR = 0x10;
const BGMAR = 0x14;
const FGPFCCR = 0x1c;
const FGCOLR = 0x20;
const BGPFCCR = 0x24;
const FGCMAR = 0x2c;
const OPFCCR = 0x34;
const OCOLR = 0x38;
const OMAR = 0x3c;
const OOR = 0x40;
const NLR = 0x44;
const LWR = 0x48;
const FGCLUT = 0x400;

const START = 1;
const SUSP = 2;
const ABORT = 4;
const LOM = 1 << 6;
const [COPY, CONVERT, BLEND, FILL, BLEND_FG] = [0, 1, 2, 3, 4].map((mode) => mode << 16) as [
  number,
  number,
  number,
  number,
  number,
];
const [TE, TC, TW, CAE, CTC, CE] = [1, 2, 4, 8, 16, 32] as const;
const [ARGB8888, RGB888, RGB565, L8, A8, YCBCR] = [0, 1, 2, 5, 9, 11] as const;

const SOURCE = TestMemory.BASE;
const OTHER = TestMemory.BASE + 0x400;
const TARGET = TestMemory.BASE + 0x800;

function rig() {
  const memory = new TestMemory();
  const timeline = new Timeline();
  const interrupt = new TestLine();
  const dma2d = new Dma2d({
    log: new RecordedLog(),
    timeline,
    interrupt,
    clocked: () => true,
    bus: memory,
    hclkHz: () => 200e6,
  });
  const put = (register: number, value: number): void => dma2d.write(register, 4, value >>> 0);
  const get = (register: number): number => dma2d.read(register, 4);
  put(FGMAR, SOURCE);
  put(BGMAR, OTHER);
  put(OMAR, TARGET);
  return {
    put,
    get,
    memory,
    interrupt,
    size: (width: number, height: number) => put(NLR, (width << 16) | height),
    bytes: (at: number, values: readonly number[]) => memory.bytes.set(values, at - TestMemory.BASE),
    words: (count: number, at = TARGET) =>
      Array.from({ length: count }, (_, i) =>
        memory
          .read(at + i * 4, 4)
          .toString(16)
          .padStart(8, "0"),
      ),
    result: (count: number, at = TARGET) => [
      ...memory.bytes.subarray(at - TestMemory.BASE, at - TestMemory.BASE + count),
    ],
    pass: (ns: number) => pass(timeline, ns),
    run: (mode: number) => {
      put(CR, mode | START);
      pass(timeline, 1e6);
      return get(ISR);
    },
  };
}

test("DMA2D: a fill takes its time, ends START and raises its interrupt", () => {
  const { put, get, size, words, interrupt, pass } = rig();
  size(2, 2);
  put(OPFCCR, ARGB8888);
  put(OCOLR, 0x80112233);
  put(OOR, 1);
  put(CR, FILL | START | (TC << 8));
  assert.equal(get(CR) & START, START);
  assert.equal(get(ISR), 0);
  pass(1e6);
  assert.equal(get(CR) & START, 0);
  assert.equal(get(ISR), TC);
  assert.equal(interrupt.asserted, true);
  put(IFCR, TC);
  assert.equal(interrupt.asserted, false);
  assert.deepEqual(words(5), ["80112233", "80112233", "00000000", "80112233", "80112233"]);
});

test("DMA2D: conversion to RGB565, swapped red and blue, inverted alpha of the output", () => {
  const { put, size, memory, words, run } = rig();
  size(2, 1);
  memory.write(SOURCE, 4, 0xffff8000);
  memory.write(SOURCE + 4, 4, 0x00000008);
  put(OPFCCR, RGB565);
  assert.equal(run(CONVERT), TC);
  assert.deepEqual(words(1), ["0001fc00"]);
  put(OPFCCR, ARGB8888 | (1 << 20) | (1 << 21));
  run(CONVERT);
  assert.deepEqual(words(2), ["000080ff", "ff080000"]);
});

test("DMA2D: offsets in pixels or in bytes", () => {
  const { put, size, bytes, result, run } = rig();
  bytes(SOURCE, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  size(1, 2);
  put(FGPFCCR, RGB888);
  put(FGOR, 1);
  put(OOR, 1);
  run(COPY);
  assert.deepEqual(result(9), [1, 2, 3, 0, 0, 0, 7, 8, 9]);
  put(FGOR, 2);
  put(OOR, 4);
  run(COPY | LOM);
  assert.deepEqual(result(10), [1, 2, 3, 0, 0, 0, 7, 6, 7, 8]);
});

test("DMA2D: bytes of half-words change places (SB), as a parallel display wants RGB888", () => {
  const { put, size, bytes, result, run, get } = rig();
  bytes(SOURCE, [0xb0, 0x60, 0x40, 0xb1, 0x61, 0x41]);
  put(FGPFCCR, RGB888);
  put(OPFCCR, RGB888 | (1 << 21) | (1 << 8));
  size(2, 1);
  run(CONVERT);
  assert.deepEqual(result(6), [0x60, 0x40, 0x41, 0xb0, 0xb1, 0x61]);
  put(IFCR, TC);
  size(1, 1);
  assert.equal(run(CONVERT), CE);
  assert.equal(get(CR) & START, 0);
});

test("DMA2D: blending rounds down, a fixed foreground needs no memory", () => {
  const { put, size, memory, words, run } = rig();
  size(1, 1);
  memory.write(SOURCE, 4, 0x80ff0000);
  memory.write(OTHER, 4, 0xff0000ff);
  run(BLEND);
  assert.deepEqual(words(1), ["ff80007f"]);
  memory.write(OTHER, 4, 0x4000c800);
  run(BLEND);
  // 128 + 64 - floor(128 * 64 / 255) = 160; red 255 * 128 / 160; green 200 * (64 - 32) / 160
  assert.deepEqual(words(1), ["a0cc2800"]);
  put(FGMAR, 0);
  put(FGCOLR, 0x00ff00);
  put(FGPFCCR, (0x80 << 24) | (1 << 16));
  memory.write(OTHER, 4, 0xff0000ff);
  assert.equal(run(BLEND_FG) & TE, 0);
  assert.deepEqual(words(1), ["ff00807f"]);
});

test("DMA2D: text of alpha alone takes the colour register's colour", () => {
  const { put, size, bytes, memory, words, run } = rig();
  size(2, 1);
  bytes(SOURCE, [0, 255]);
  memory.write(OTHER, 4, 0xff101010);
  memory.write(OTHER + 4, 4, 0xff101010);
  put(FGPFCCR, A8);
  put(FGCOLR, 0xabcdef);
  run(BLEND);
  assert.deepEqual(words(2), ["ff101010", "ffabcdef"]);
});

test("DMA2D: a colour table is loaded in its time, or written; both are read back", () => {
  const { put, get, size, bytes, words, run, pass } = rig();
  bytes(OTHER, [1, 2, 3, 4, 5, 6]);
  put(FGCMAR, OTHER);
  put(FGPFCCR, L8 | (1 << 8) | (1 << 4) | (1 << 5));
  assert.equal(get(FGPFCCR) & (1 << 5), 1 << 5);
  put(FGCLUT + 8, 5);
  assert.equal(get(ISR), CAE);
  pass(1e6);
  assert.equal(get(ISR), CAE | CTC);
  assert.equal(get(FGPFCCR) & (1 << 5), 0);
  put(FGCLUT + 8, 0x11223344);
  assert.equal(get(FGCLUT + 8), 0x11223344);
  assert.equal(get(FGCLUT), 0xff030201);
  bytes(SOURCE, [1, 2]);
  size(2, 1);
  run(CONVERT);
  assert.deepEqual(words(2), ["ff060504", "11223344"]);
});

test("DMA2D: a colour table at an odd address is a wrong configuration, one nowhere a transfer error", () => {
  const { put, get, pass } = rig();
  put(FGCMAR, OTHER + 1);
  put(FGPFCCR, L8 | (1 << 5));
  assert.equal(get(ISR), CE);
  assert.equal(get(FGPFCCR) & (1 << 5), 0);
  put(IFCR, CE);
  put(FGCMAR, 0x1000_0000);
  put(FGPFCCR, L8 | (1 << 5));
  pass(1e6);
  assert.equal(get(ISR), TE);
});

test("DMA2D: the watermark's line is there when the flag is, the rest is not yet", () => {
  const { put, get, size, words, pass } = rig();
  size(16, 4);
  put(OCOLR, 0xffffffff);
  put(LWR, 2);
  put(CR, FILL | START);
  while (get(ISR) === 0) pass(5);
  assert.equal(get(ISR), TW);
  assert.deepEqual(words(2, TARGET + 31 * 4), ["ffffffff", "00000000"]);
  pass(1e6);
  assert.equal(get(ISR), TW | TC);
  assert.deepEqual(words(2, TARGET + 63 * 4), ["ffffffff", "00000000"]);
});

test("DMA2D: suspended, resumed, and aborted without a flag", () => {
  const { put, get, size, pass } = rig();
  size(16, 16);
  put(CR, FILL | START);
  pass(100);
  put(CR, FILL | SUSP);
  pass(1e6);
  assert.equal(get(CR) & (START | SUSP), START | SUSP);
  assert.equal(get(ISR), 0);
  put(CR, FILL);
  pass(1e6);
  assert.equal(get(ISR), TC);
  put(IFCR, TC);
  put(CR, FILL | START);
  put(CR, FILL | ABORT);
  assert.equal(get(CR) & (START | ABORT), 0);
  pass(1e6);
  assert.equal(get(ISR), 0);
});

test("DMA2D: registers of a running transfer stay as they are", () => {
  const { put, get, size, pass } = rig();
  size(16, 16);
  put(CR, FILL | START);
  put(OMAR, 0);
  put(CR, COPY);
  assert.equal(get(OMAR), TARGET);
  assert.equal(get(CR), FILL | START);
  pass(1e6);
  put(OMAR, 0);
  assert.equal(get(OMAR), 0);
});

for (const [name, prepare] of [
  ["an empty rectangle", ({ size }) => size(0, 1)],
  ["an output format that is none", ({ put }) => put(OPFCCR, 5)],
  ["a foreground format that is none", ({ put }) => put(FGPFCCR, 12)],
  ["YCbCr as a background", ({ put }) => put(BGPFCCR, YCBCR)],
  ["words at an odd address", ({ put }) => put(FGMAR, SOURCE + 2)],
  [
    "a line of four bits that ends within a byte",
    ({ put, size }) => {
      put(FGPFCCR, 8);
      size(3, 1);
    },
  ],
  [
    "YCbCr of half a block",
    ({ put, size }) => {
      put(FGPFCCR, YCBCR);
      size(4, 8);
    },
  ],
] as const satisfies readonly (readonly [string, (board: ReturnType<typeof rig>) => void])[]) {
  test(`DMA2D: ${name} is a wrong configuration (CEIF): nothing starts`, () => {
    const board = rig();
    board.size(2, 1);
    prepare(board);
    board.put(CR, BLEND | START | (CE << 8));
    assert.equal(board.get(ISR), CE);
    assert.equal(board.get(CR) & START, 0);
    assert.equal(board.interrupt.asserted, true);
  });
}

test("DMA2D: an address where nothing answers is a transfer error", () => {
  const { put, get, size, run } = rig();
  size(2, 1);
  put(OMAR, 0x1000_0000);
  assert.equal(run(FILL), TE);
  assert.equal(get(CR) & START, 0);
});

test("DMA2D: blocks of YCbCr 4:4:4 and 4:2:0 in the JPEG decoder's order", () => {
  const { put, size, memory, words, run } = rig();
  // One unit: Y rises by one a pixel, Cb and Cr neutral but for the last pixel (red).
  for (let i = 0; i < 64; i++) memory.write(SOURCE + i, 1, i);
  memory.bytes.fill(128, 64, 192);
  memory.write(SOURCE + 128 + 63, 1, 255);
  put(FGPFCCR, YCBCR);
  size(8, 8);
  run(CONVERT);
  assert.deepEqual(words(2), ["ff000000", "ff010101"]);
  assert.deepEqual(words(1, TARGET + 63 * 4), ["fff1003f"]);
  // Four blocks of Y, then Cb and Cr for 2 x 2 pixels each.
  memory.bytes.fill(128, 256, 384);
  for (let block = 0; block < 4; block++) memory.bytes.fill(10 * (block + 1), block * 64, block * 64 + 64);
  put(FGPFCCR, YCBCR | (2 << 18));
  size(16, 16);
  run(CONVERT);
  assert.deepEqual(words(1), ["ff0a0a0a"]);
  assert.deepEqual(words(1, TARGET + 15 * 4), ["ff141414"]);
  assert.deepEqual(words(1, TARGET + 15 * 64), ["ff1e1e1e"]);
  assert.deepEqual(words(1, TARGET + 15 * 64 + 15 * 4), ["ff282828"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { TestLine, TestMemory } from "../test-kit.js";
import { Ltdc } from "./ltdc.js";

const SSCR = 0x08;
const BPCR = 0x0c;
const AWCR = 0x10;
const TWCR = 0x14;
const GCR = 0x18;
const ISR = 0x38;
const LIPCR = 0x40;
const CDSR = 0x48;
const LIF = 1 << 0;
const CLOCK_NS = 100;
const BCCR = 0x2c;
const LAYER = { 1: 0x84, 2: 0x104 } as const;
const RGB565 = 2;
const ARGB8888 = 0;
const L8 = 5;
const CONSTANT = (4 << 8) | 5;
const PER_PIXEL = (6 << 8) | 7;

/** A panel of 4 x 3 behind porches of 10 and 5, blue. */
function rig(pixelHz = 10e6) {
  const memory = new TestMemory();
  const timeline = new Timeline();
  /** Board times. */
  const lines: number[] = [];
  const ltdc = new Ltdc({
    log: new RecordedLog(),
    timeline,
    interrupt: new TestLine(),
    clocked: () => true,
    pixelHz: () => pixelHz,
    onLine: () => lines.push(timeline.now),
    bus: memory,
  });
  const put = (register: number, value: number): void => ltdc.write(register, 4, value >>> 0);
  put(BPCR, (9 << 16) | 4);
  put(AWCR, (13 << 16) | 7);
  put(BCCR, 0x0000ff);
  /** A window from its pixel to its pixel, both within; lines of `pitch` bytes. */
  const layer = (
    number: 1 | 2,
    window: readonly [left: number, right: number, top: number, bottom: number],
    {
      format,
      bytes,
      blending = CONSTANT,
      alpha = 255,
      control = 1,
    }: { format: number; bytes: number; blending?: number; alpha?: number; control?: number },
  ): void => {
    const at = LAYER[number];
    const [left, right, top, bottom] = window;
    const width = right - left + 1;
    put(at + 0x04, ((right + 10) << 16) | (left + 10));
    put(at + 0x08, ((bottom + 5) << 16) | (top + 5));
    put(at + 0x10, format);
    put(at + 0x14, alpha);
    put(at + 0x1c, blending);
    put(at + 0x28, TestMemory.BASE + 0x100 * number);
    put(at + 0x2c, ((width * bytes) << 16) | (width * bytes + 7));
    put(at + 0x30, bottom - top + 1);
    put(at, control);
  };
  const rows = (): string[] => {
    const picture = ltdc.picture();
    assert.ok(picture !== undefined);
    const pixels = Buffer.from(picture.rgb).toString("hex").match(/.{6}/g) ?? [];
    return Array.from({ length: picture.height }, (_, row) =>
      pixels.slice(row * picture.width, (row + 1) * picture.width).join(" "),
    );
  };
  return { put, layer, rows, memory, ltdc, timeline, lines };
}

test("nothing while LTDC is off; the background where there is no layer", () => {
  const { put, rows, ltdc } = rig();
  assert.equal(ltdc.picture(), undefined);
  put(GCR, 1);
  assert.deepEqual(rows(), Array(3).fill("0000ff 0000ff 0000ff 0000ff"));
});

test("a layer shows its frame buffer in its window, the upper one over the lower one", () => {
  const { put, layer, rows, memory } = rig();
  put(GCR, 1);
  memory.bytes.set([0x00, 0xf8, 0xe0, 0x07, 0x1f, 0x00, 0xff, 0xff], 0x100);
  layer(1, [1, 2, 1, 2], { format: RGB565, bytes: 2 });
  assert.deepEqual(rows(), [
    "0000ff 0000ff 0000ff 0000ff",
    "0000ff ff0000 00ff00 0000ff",
    "0000ff 0000ff ffffff 0000ff",
  ]);
  // Half of a white pixel, and none of the next.
  memory.bytes.set([255, 255, 255, 128, 255, 255, 255, 0], 0x200);
  layer(2, [2, 3, 1, 1], { format: ARGB8888, bytes: 4, blending: PER_PIXEL });
  assert.equal(rows()[1], "0000ff ff0000 80ff80 0000ff");
  layer(2, [2, 3, 1, 1], { format: ARGB8888, bytes: 4, blending: CONSTANT, alpha: 51 });
  assert.equal(rows()[1], "0000ff ff0000 33ff33 3333ff");
});

test("colour table and key; a frame buffer that nobody answers for is black", () => {
  const { put, layer, rows, memory } = rig();
  put(GCR, 1);
  memory.bytes.set([7, 8, 9], 0x100);
  for (const [index, colour] of [
    [7, 0x112233],
    [8, 0x445566],
    [9, 0x778899],
  ] as const)
    put(LAYER[1] + 0x40, ((index << 24) | colour) >>> 0);
  put(LAYER[1] + 0x0c, 0x445566);
  layer(1, [0, 2, 0, 0], { format: L8, bytes: 1, blending: PER_PIXEL, control: 0x13 });
  assert.equal(rows()[0], "112233 0000ff 778899 0000ff");
  put(LAYER[1] + 0x28, 0x1000_0000);
  layer(2, [0, 0, 2, 2], { format: RGB565, bytes: 2 });
  put(LAYER[2] + 0x28, 0x1000_0000);
  assert.equal(rows()[2], "000000 0000ff 0000ff 0000ff");
});

test("CDSR tells sync and active area of the clock and the line that the panel is at", () => {
  const { put, ltdc, timeline } = rig();
  assert.equal(ltdc.read(CDSR, 4), 0xf);
  put(SSCR, (2 << 16) | 1);
  put(TWCR, (19 << 16) | 9);
  put(GCR, 1);
  const at = (line: number, clock: number): number => {
    timeline.skipTo((line * 20 + clock + 0.5) * CLOCK_NS);
    return ltdc.read(CDSR, 4);
  };
  assert.deepEqual(
    [at(0, 2), at(0, 3), at(1, 9), at(1, 10), at(1, 13), at(1, 14)],
    [0xc, 0x4, 0x4, 0x6, 0x6, 0x4],
  );
  assert.deepEqual(
    [at(2, 2), at(4, 10), at(5, 2), at(5, 9), at(5, 10), at(7, 13)],
    [0x8, 0x2, 0x9, 0x1, 0x3, 0x3],
  );
  assert.equal(at(8, 13), 0x2);
});

test("a line's flag comes without its interrupt, for programs that poll it", () => {
  const { put, ltdc, timeline } = rig();
  put(TWCR, (19 << 16) | 9);
  put(LIPCR, 3);
  put(GCR, 1);
  timeline.skipTo(59 * CLOCK_NS);
  timeline.runDue();
  assert.equal(ltdc.read(ISR, 4) & LIF, 0);
  timeline.skipTo(61 * CLOCK_NS);
  timeline.runDue();
  assert.equal(ltdc.read(ISR, 4) & LIF, LIF);
});

test("a line begins once in a frame, however its time is rounded", () => {
  for (const hz of [9.6e6, 9.3e6, 27.1e6, 33.333e6]) {
    const { put, timeline, lines } = rig(hz);
    put(TWCR, (554 << 16) | 285);
    timeline.skipTo(123_456_789.123);
    put(GCR, 1);
    const frame = (555 * 286 * 1e9) / hz;
    const end = timeline.now + 200.5 * frame;
    for (let next = timeline.nextEventAt ?? end; next < end; next = timeline.nextEventAt ?? end) {
      timeline.skipTo(next);
      timeline.runDue();
      assert.ok(lines.length <= 200, `${hz} Hz: line 0 of frame ${lines.length} begins at ${timeline.now}`);
    }
    assert.equal(lines.length, 200);
  }
});

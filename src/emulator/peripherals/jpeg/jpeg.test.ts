/** The codec, held to jpeg-js, an implementation by others. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as reference from "jpeg-js";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Jpeg } from "./jpeg.js";

const CONFR0 = 0x00;
const CONFR1 = 0x04;
const CONFR2 = 0x08;
const CONFR3 = 0x0c;
const CONFR4 = 0x10;
const CR = 0x30;
const SR = 0x34;
const CFR = 0x38;
const DIR = 0x40;
const DOR = 0x44;
const QMEM0 = 0x50;
const DHTMEM = 0x360;
const HUFFENC = { ac: [0x500, 0x660], dc: [0x7c0, 0x7e0] } as const;
const IFNFF = 1 << 2;
const OFNEF = 1 << 4;
const EOCF = 1 << 5;
const HPDF = 1 << 6;

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const jpeg = new Jpeg({ log, timeline, interrupt, clocked: () => true, hclkHz: () => 200e6 });
  jpeg.write(CR, 4, 1);
  return { timeline, log, interrupt, jpeg };
}

/** Feeds words while there is room, and takes words while there are any, as ST's library does without DMA. */
function run(jpeg: Jpeg, timeline: Timeline, input: Uint8Array): Uint8Array {
  const output: number[] = [];
  let at = 0;
  for (let idle = 0; idle < 100; idle++) {
    for (; at < input.length && (jpeg.read(SR, 4) & IFNFF) !== 0; at += 4, idle = 0) {
      const byte = (n: number): number => input[at + n] ?? 0;
      jpeg.write(DIR, 4, (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0);
    }
    for (; (jpeg.read(SR, 4) & OFNEF) !== 0; idle = 0) {
      const word = jpeg.read(DOR, 4);
      for (let shift = 0; shift < 32; shift += 8) output.push((word >>> shift) & 0xff);
    }
    if ((jpeg.read(SR, 4) & (EOCF | OFNEF)) === EOCF) break;
    pass(timeline, 1000);
  }
  return Uint8Array.from(output);
}

/** A picture with edges and colours, as RGBA. */
function picture(width: number, height: number): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (width / 3) ** 2;
      rgba.set([disc ? 200 : (x * 255) / width, (y * 255) / height, disc ? 30 : 180, 255], at);
    }
  }
  return rgba;
}

const clamp = (value: number): number => Math.max(0, Math.min(255, value));

/** Units of 4:4:4, as the codec gives and takes them, from RGBA of whole units. */
function unitsOf(rgba: Uint8Array, width: number, height: number): Uint8Array {
  const bytes: number[] = [];
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      for (const [r, g, b, offset] of [
        [0.299, 0.587, 0.114, 0],
        [-0.168736, -0.331264, 0.5, 128],
        [0.5, -0.418688, -0.081312, 128],
      ] as const) {
        for (let n = 0; n < 64; n++) {
          const at = ((top + (n >>> 3)) * width + left + (n & 7)) * 4;
          const [red = 0, green = 0, blue = 0] = rgba.subarray(at, at + 3);
          bytes.push(clamp(Math.round(r * red + g * green + b * blue + offset)));
        }
      }
    }
  }
  return Uint8Array.from(bytes);
}

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let most = 0;
  for (let n = 0; n < a.length; n++) most = Math.max(most, Math.abs((a[n] ?? 0) - (b[n] ?? 0)));
  return most;
}

test("a picture that another encoder made decodes to the same units as by its own decoder", () => {
  const { timeline, jpeg, interrupt } = rig();
  const [width, height] = [48, 24];
  const coded = reference.encode({ data: picture(width, height), width, height }, 90).data;
  jpeg.write(CONFR1, 4, 0x108);
  jpeg.write(CFR, 4, 0x60);
  jpeg.write(CONFR0, 4, 1);
  jpeg.write(CR, 4, 0x41);
  const units = run(jpeg, timeline, coded);
  const decoded = reference.decode(coded, { colorTransform: false, formatAsRGBA: false, useTArray: true });
  // Without a transform of colours the reference gives Y, Cb, Cr for each pixel.
  const expected: number[] = [];
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      for (let component = 0; component < 3; component++) {
        for (let n = 0; n < 64; n++) {
          const at = (top + (n >>> 3)) * width + left + (n & 7);
          expected.push(decoded.data[at * 3 + component] ?? 0);
        }
      }
    }
  }
  assert.ok(worst(units, expected) <= 2);
  assert.equal(jpeg.read(CONFR1, 4) & 0xffff_0003, (height << 16) | 2);
  assert.equal(jpeg.read(CONFR3, 4) >>> 16, width);
  assert.equal(jpeg.read(CONFR4, 4) & 0xfff0, 0x1100);
  assert.equal(jpeg.read(SR, 4) & HPDF, HPDF);
  assert.ok(interrupt.asserted);
  jpeg.write(CFR, 4, 0x60);
  assert.ok(!interrupt.asserted);
});

/** T.81, K.3: the tables that everybody uses, taken from the header of a picture that the reference made. */
function tablesOf(coded: Uint8Array): Map<number, { counts: Uint8Array; values: Uint8Array }> {
  const tables = new Map<number, { counts: Uint8Array; values: Uint8Array }>();
  for (let at = 2; coded[at + 1] !== 0xda; ) {
    const length = ((coded[at + 2] ?? 0) << 8) | (coded[at + 3] ?? 0);
    for (let table = at + 4; coded[at + 1] === 0xc4 && table < at + 2 + length; ) {
      const counts = coded.subarray(table + 1, table + 17);
      const total = counts.reduce((sum, count) => sum + count, 0);
      tables.set(coded[table] ?? 0, { counts, values: coded.subarray(table + 17, table + 17 + total) });
      table += 17 + total;
    }
    at += 2 + length;
  }
  return tables;
}

/** Writes DHTMEM and HUFFENC as ST's library does. */
function loadTables(jpeg: Jpeg, coded: Uint8Array): void {
  let at = DHTMEM;
  const tables = tablesOf(coded);
  for (const selector of [0x00, 0x10, 0x01, 0x11]) {
    const { counts, values } = tables.get(selector) ?? assert.fail();
    for (const byte of [...counts, ...values]) jpeg.write(at++, 1, byte);
    const base = HUFFENC[selector < 16 ? "dc" : "ac"][selector & 1] ?? 0;
    let [code, index] = [0, 0];
    for (let length = 1; length <= 16; length++, code <<= 1) {
      for (let n = 0; n < (counts[length - 1] ?? 0); n++) {
        const value = values[index++] ?? 0;
        const ac = value === 0 ? 160 : value === 0xf0 ? 161 : (value >>> 4) * 10 + (value & 15) - 1;
        const entry = ((length - 1) << 8) | (code++ & 0xff);
        jpeg.write(base + (selector < 16 ? value : ac) * 2, 2, entry);
      }
    }
  }
  assert.equal(at, DHTMEM + 412);
}

test("what it encodes another decoder decodes to what was put in", () => {
  const { timeline, jpeg } = rig();
  const [width, height] = [40, 16];
  const rgba = picture(width, height);
  const units = unitsOf(rgba, width, height);
  loadTables(jpeg, reference.encode({ data: rgba, width, height }, 90).data);
  for (let table = 0; table < 2; table++) {
    for (let n = 0; n < 64; n++) jpeg.write(QMEM0 + table * 64 + n, 1, 1 + (n >>> 4));
  }
  jpeg.write(CONFR1, 4, ((height << 16) | 0x100 | 0x80 | 0x10 | 2) >>> 0);
  jpeg.write(CONFR2, 4, (width * height) / 64 - 1);
  jpeg.write(CONFR3, 4, width << 16);
  jpeg.write(CONFR4, 4, 0x1100);
  jpeg.write(CONFR4 + 4, 4, 0x1107);
  jpeg.write(CONFR4 + 8, 4, 0x1107);
  jpeg.write(CONFR0, 4, 1);
  const coded = run(jpeg, timeline, units);
  assert.equal(jpeg.read(SR, 4) & EOCF, EOCF);
  const decoded = reference.decode(coded, { useTArray: true });
  assert.deepEqual([decoded.width, decoded.height], [width, height]);
  assert.ok(worst(decoded.data, rgba) <= 12);
});

test("a unit takes 64 clocks a block; the codec waits for room in the output FIFO", () => {
  const { timeline, jpeg } = rig();
  const [width, height] = [16, 8];
  const coded = reference.encode({ data: picture(width, height), width, height }, 30).data;
  jpeg.write(CONFR1, 4, 0x108);
  jpeg.write(CONFR0, 4, 1);
  for (let at = 0; at < coded.length; at += 4) {
    const byte = (n: number): number => coded[at + n] ?? 0;
    jpeg.write(DIR, 4, (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0);
  }
  pass(timeline, 900);
  assert.equal(jpeg.read(SR, 4) & OFNEF, 0);
  pass(timeline, 100);
  let words = 0;
  for (; (jpeg.read(SR, 4) & OFNEF) !== 0; words++) jpeg.read(DOR, 4);
  assert.equal(words, 48);
  assert.equal(jpeg.read(SR, 4) & EOCF, 0);
  pass(timeline, 1000);
  assert.equal(jpeg.read(SR, 4) & EOCF, 0);
  for (let word = 0; word < 32; word++) jpeg.read(DOR, 4);
  assert.equal(jpeg.read(SR, 4) & EOCF, EOCF);
});

test("a progressive picture is told, and never ends", () => {
  const { timeline, jpeg, log } = rig();
  const coded = reference.encode({ data: picture(8, 8), width: 8, height: 8 }, 50).data;
  const progressive = Uint8Array.from(coded);
  for (let at = 0; at < coded.length - 1; at++) {
    if (coded[at] === 0xff && coded[at + 1] === 0xc0) progressive[at + 1] = 0xc2;
  }
  jpeg.write(CONFR1, 4, 0x108);
  jpeg.write(CONFR0, 4, 1);
  assert.equal(run(jpeg, timeline, progressive).length, 0);
  assert.equal(jpeg.read(SR, 4) & EOCF, 0);
  assert.ok(log.has(/not baseline/));
});

/** A whole picture as JPEG, by the codec's encoder: for devices outside the chip that compress pictures, too. */

import { BLOCK } from "./dct.js";
import { END_OF_IMAGE, headerOf, JpegEncoder } from "./jpeg-encoder.js";
import type { Component, Frame } from "./jpeg-frame.js";
import { DHT_TABLES, DHTMEM, HUFFENC_AC, HUFFENC_DC, JpegMemories, QMEM } from "./jpeg-memories.js";

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Luminance and colour differences, 0 to 255. */
export type PixelAt = (x: number, y: number) => readonly [number, number, number];

/** A unit of 4:2:2: two blocks of luminance side by side, one of each difference. */
const UNIT = { width: 16, height: 8, blocks: 4 } as const;
const COMPONENTS: readonly Component[] = [2, 1, 1].map((blocks, index) => ({
  id: index + 1,
  h: blocks,
  v: 1,
  quantisation: 0,
  dc: 0,
  ac: 0,
  blocks,
}));

/** Codes of one length for all: valid, short to tell, and a little longer than others. */
const DC_CODE_BITS = 4;
const AC_CODE_BITS = 8;
const DC_CODES = 12;
/** Runs of 0 to 15 zeros before values of 1 to 10 bits, the end of a block, sixteen zeros. */
const AC_VALUES = [
  ...Array.from({ length: 160 }, (_, n) => (Math.floor(n / 10) << 4) | ((n % 10) + 1)),
  0x00,
  0xf0,
];

/** @param quantisation what coefficients are divided by, 1 to 255 */
export function encodePicture(size: PictureSize, pixel: PixelAt, quantisation: number): Uint8Array {
  const frame: Frame = { ...size, components: COMPONENTS };
  const memories = tables(quantisation);
  const encoder = new JpegEncoder(frame, memories);
  const bytes = headerOf(frame, memories);
  const unit = new Uint8Array(UNIT.blocks * BLOCK);
  for (let top = 0; top < size.height; top += UNIT.height) {
    for (let left = 0; left < size.width; left += UNIT.width) {
      fill(unit, { left, top }, clamped(size, pixel));
      for (const byte of encoder.unit(unit)) bytes.push(byte);
    }
  }
  return Uint8Array.from([...bytes, ...encoder.end(), ...END_OF_IMAGE]);
}

/** Beyond its edges the picture goes on as at them. */
function clamped({ width, height }: PictureSize, pixel: PixelAt): PixelAt {
  return (x, y) => pixel(Math.min(x, width - 1), Math.min(y, height - 1));
}

function fill(unit: Uint8Array, { left, top }: { left: number; top: number }, pixel: PixelAt): void {
  for (let y = 0; y < UNIT.height; y++) {
    for (let x = 0; x < UNIT.width; x++) {
      const [luminance, blue, red] = pixel(left + x, top + y);
      unit[(x >> 3) * BLOCK + y * 8 + (x & 7)] = luminance;
      if ((x & 1) !== 0) continue;
      unit[2 * BLOCK + y * 8 + (x >> 1)] = blue;
      unit[3 * BLOCK + y * 8 + (x >> 1)] = red;
    }
  }
}

function tables(quantisation: number): JpegMemories {
  const memories = new JpegMemories();
  for (let n = 0; n < BLOCK; n++) memories.write(QMEM + n, 1, quantisation);
  const [dc, ac] = DHT_TABLES;
  memories.write(DHTMEM + dc.at + DC_CODE_BITS - 1, 1, DC_CODES);
  memories.write(DHTMEM + ac.at + AC_CODE_BITS - 1, 1, AC_VALUES.length);
  for (let n = 0; n < DC_CODES; n++) {
    memories.write(DHTMEM + dc.at + 16 + n, 1, n);
    memories.write(HUFFENC_DC[0] + 2 * n, 2, ((DC_CODE_BITS - 1) << 8) | n);
  }
  AC_VALUES.forEach((value, n) => {
    memories.write(DHTMEM + ac.at + 16 + n, 1, value);
    memories.write(HUFFENC_AC[0] + 2 * n, 2, ((AC_CODE_BITS - 1) << 8) | n);
  });
  return memories;
}

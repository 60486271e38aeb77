/** Encoding: the header, and minimum coded units with the codes that HUFFENC holds (ITU-T T.81, baseline). */

import { BLOCK, forwardDct, ZIGZAG } from "./dct.js";
import { BitWriter } from "./jpeg-entropy.js";
import type { Component, Frame } from "./jpeg-frame.js";
import { DHT_TABLES, HUFFENC_AC, HUFFENC_DC, type JpegMemories } from "./jpeg-memories.js";

/** Places of the end of block and of sixteen zeros in HUFFENC_ACx. */
const END_OF_BLOCK = 160;
const SIXTEEN_ZEROS = 161;

const samples = new Float64Array(BLOCK);
const coefficients = new Float64Array(BLOCK);

export class JpegEncoder {
  readonly #frame: Frame;
  readonly #memories: JpegMemories;
  readonly #bits = new BitWriter();
  readonly #predictions: number[];

  constructor(frame: Frame, memories: JpegMemories) {
    this.#frame = frame;
    this.#memories = memories;
    this.#predictions = frame.components.map(() => 0);
  }

  /** One unit's samples, block by block -> coded bytes that are whole. */
  unit(data: Uint8Array): number[] {
    let at = 0;
    this.#frame.components.forEach((component, index) => {
      for (let block = 0; block < component.blocks; block++) {
        for (let n = 0; n < BLOCK; n++) samples[n] = (data[at++] ?? 0) - 128;
        forwardDct(samples, coefficients);
        this.#block(component, index);
      }
    });
    return this.#bits.take();
  }

  /** The last byte. */
  end(): number[] {
    this.#bits.align();
    return this.#bits.take();
  }

  #block(component: Component, index: number): void {
    const factors = this.#memories.quantisation(component.quantisation);
    const dcTable = HUFFENC_DC[component.dc & 1] as number;
    const acTable = HUFFENC_AC[component.ac & 1] as number;
    const quantised = (k: number): number =>
      Math.round((coefficients[ZIGZAG[k] as number] as number) / Math.max(1, factors[k] as number));
    const level = quantised(0);
    const difference = level - (this.#predictions[index] ?? 0);
    this.#predictions[index] = level;
    const size = sizeOf(difference);
    this.#code(dcTable, size);
    this.#value(difference, size);
    let zeros = 0;
    for (let k = 1; k < BLOCK; k++) {
      const value = quantised(k);
      if (value === 0) {
        zeros++;
        continue;
      }
      for (; zeros > 15; zeros -= 16) this.#code(acTable, SIXTEEN_ZEROS);
      const bits = sizeOf(value);
      this.#code(acTable, zeros * 10 + bits - 1);
      this.#value(value, bits);
      zeros = 0;
    }
    if (zeros > 0) this.#code(acTable, END_OF_BLOCK);
  }

  #code(table: number, index: number): void {
    const { bits, length } = this.#memories.code(table, index);
    this.#bits.put(bits, length);
  }

  #value(value: number, size: number): void {
    this.#bits.put(value < 0 ? value + (1 << size) - 1 : value, size);
  }
}

/** T.81's category of a number: how many bits it has. */
const sizeOf = (value: number): number => 32 - Math.clz32(Math.abs(value));

const word = (value: number): number[] => [value >>> 8, value & 0xff];

/** SOI to SOS. Their order, and that only tables in use are defined, is T.81's usage; no manual tells the chip's. */
export function headerOf({ width, height, components }: Frame, memories: JpegMemories): number[] {
  const bytes = [0xff, 0xd8];
  const segment = (marker: number, data: readonly number[]): void => {
    bytes.push(0xff, marker, ...word(data.length + 2), ...data);
  };
  for (const table of new Set(components.map(({ quantisation }) => quantisation))) {
    segment(0xdb, [table, ...memories.quantisation(table)]);
  }
  const sampling = components.flatMap(({ id, h, v, quantisation }) => [id, (h << 4) | v, quantisation]);
  segment(0xc0, [8, ...word(height), ...word(width), components.length, ...sampling]);
  const used = new Set(components.flatMap(({ dc, ac }) => [dc, 0x10 | ac]));
  for (const { selector, at, values } of DHT_TABLES) {
    if (!used.has(selector)) continue;
    const counts = memories.definitions(at, 16);
    const total = Math.min(
      values,
      counts.reduce((sum, count) => sum + count, 0),
    );
    segment(0xc4, [selector, ...counts, ...memories.definitions(at + 16, total)]);
  }
  const tables = components.flatMap(({ id, dc, ac }) => [id, (dc << 4) | ac]);
  segment(0xda, [components.length, ...tables, 0, 63, 0]);
  return bytes;
}

export const END_OF_IMAGE = [0xff, 0xd9] as const;

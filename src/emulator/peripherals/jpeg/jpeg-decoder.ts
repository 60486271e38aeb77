/** Decoding: markers, then minimum coded units as blocks of samples (ITU-T T.81, baseline). */

import type { ByteQueue } from "./byte-queue.js";
import { BLOCK, inverseDct, ZIGZAG } from "./dct.js";
import { BitReader, HuffmanDecoder, NotDecodable, Starved } from "./jpeg-entropy.js";
import { blocksOf, type Component, type Frame, unitsOf } from "./jpeg-frame.js";
import type { JpegMemories } from "./jpeg-memories.js";

export type Decoded =
  | { readonly header: Frame }
  /** Samples of one unit: block by block, each in rows. */
  | { readonly samples: Uint8Array; readonly last: boolean };

const SOF0 = 0xc0;
const DHT = 0xc4;
const SOI = 0xd8;
const SOS = 0xda;
const DQT = 0xdb;
const DRI = 0xdd;

const coefficients = new Float64Array(BLOCK);
const samples = new Float64Array(BLOCK);

export class JpegDecoder {
  readonly #input: ByteQueue;
  readonly #memories: JpegMemories;
  readonly #bits: BitReader;
  readonly #tables = new Map<number, HuffmanDecoder>();
  #frame: Frame | undefined;
  #scanning = false;
  #restartInterval = 0;
  #unit = 0;
  #predictions: number[] = [];

  /** @param input what has arrived; taken from as it is used */
  constructor(input: ByteQueue, memories: JpegMemories) {
    this.#input = input;
    this.#memories = memories;
    this.#bits = new BitReader(input);
  }

  /** The next thing that the input is enough for. */
  next(): Decoded | undefined {
    if (!this.#scanning) return this.#markers();
    const frame = this.#frame as Frame;
    const before = this.#predictions.slice();
    try {
      const unit = this.#decodeUnit(frame);
      this.#bits.commit();
      this.#unit++;
      return { samples: unit, last: this.#unit === unitsOf(frame) };
    } catch (error) {
      if (!(error instanceof Starved)) throw error;
      this.#predictions = before;
      this.#bits.rewind();
      return undefined;
    }
  }

  // ---- markers ----

  #markers(): Decoded | undefined {
    for (;;) {
      const first = this.#input.at(0);
      const marker = this.#input.at(1);
      if (first === undefined || marker === undefined) return undefined;
      if (first !== 0xff || marker === 0xff || marker === SOI) {
        this.#input.shift(marker === SOI && first === 0xff ? 2 : 1);
        continue;
      }
      const [high, low] = [this.#input.at(2), this.#input.at(3)];
      if (high === undefined || low === undefined) return undefined;
      const length = (high << 8) | low;
      if (this.#input.length < length + 2) return undefined;
      const segment = this.#input.shift(length + 2).subarray(4);
      this.#segment(marker, segment);
      if (marker === SOS) return { header: this.#frame as Frame };
    }
  }

  #segment(marker: number, data: Uint8Array): void {
    const at = (index: number): number => data[index] ?? 0;
    if (marker === DQT) this.#quantisation(data);
    else if (marker === DHT) this.#huffman(data);
    else if (marker === SOF0) this.#start(data);
    else if (marker === DRI) this.#restartInterval = (at(0) << 8) | at(1);
    else if (marker === SOS) this.#scan(data);
    else if (marker >= 0xc1 && marker <= 0xcf) throw new NotDecodable("not baseline (SOF0)");
  }

  #quantisation(data: Uint8Array): void {
    for (let at = 0; at < data.length; at += 1 + BLOCK) {
      const selector = data[at] ?? 0;
      if (selector > 3) throw new NotDecodable("a quantisation table of 16 bits");
      this.#memories.quantisation(selector).set(data.subarray(at + 1, at + 1 + BLOCK));
    }
  }

  #huffman(data: Uint8Array): void {
    for (let at = 0; at < data.length; ) {
      const selector = data[at] ?? 0;
      const counts = data.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, count) => sum + count, 0);
      this.#tables.set(selector, new HuffmanDecoder(counts, data.subarray(at + 17, at + 17 + total)));
      at += 17 + total;
    }
  }

  #start(data: Uint8Array): void {
    const at = (index: number): number => data[index] ?? 0;
    const count = at(5);
    const components = Array.from({ length: count }, (_, n): Component => {
      const [h, v] = [at(7 + n * 3) >>> 4, at(7 + n * 3) & 15];
      const blocks = count === 1 ? 1 : h * v;
      return { id: at(6 + n * 3), h, v, quantisation: at(8 + n * 3) & 3, dc: 0, ac: 0, blocks };
    });
    this.#frame = { height: (at(1) << 8) | at(2), width: (at(3) << 8) | at(4), components };
  }

  #scan(data: Uint8Array): void {
    const frame = this.#frame;
    if (frame === undefined || data[0] !== frame.components.length) {
      throw new NotDecodable("a scan without all components of its frame");
    }
    frame.components.forEach((component, n) => {
      const tables = data[2 + n * 2] ?? 0;
      component.dc = tables >>> 4;
      component.ac = tables & 15;
    });
    this.#predictions = frame.components.map(() => 0);
    this.#scanning = true;
  }

  // ---- units ----

  #decodeUnit(frame: Frame): Uint8Array {
    const interval = this.#restartInterval;
    if (interval > 0 && this.#unit > 0 && this.#unit % interval === 0) {
      this.#bits.restart();
      this.#predictions.fill(0);
    }
    const unit = new Uint8Array(blocksOf(frame) * BLOCK);
    let at = 0;
    frame.components.forEach((component, index) => {
      for (let block = 0; block < component.blocks; block++) {
        this.#block(component, index);
        inverseDct(coefficients, samples);
        for (let n = 0; n < BLOCK; n++) {
          unit[at++] = Math.min(255, Math.max(0, Math.round((samples[n] as number) + 128)));
        }
      }
    });
    return unit;
  }

  #block(component: Component, index: number): void {
    const factors = this.#memories.quantisation(component.quantisation);
    const [dc, ac] = [this.#table(component.dc), this.#table(0x10 | component.ac)];
    coefficients.fill(0);
    const prediction = (this.#predictions[index] ?? 0) + this.#bits.signed(dc.next(this.#bits));
    this.#predictions[index] = prediction;
    coefficients[0] = prediction * (factors[0] as number);
    for (let k = 1; k < BLOCK; k++) {
      const symbol = ac.next(this.#bits);
      const size = symbol & 15;
      if (size === 0) {
        if (symbol !== 0xf0) return;
        k += 15;
        continue;
      }
      k += symbol >>> 4;
      coefficients[ZIGZAG[k] ?? 0] = this.#bits.signed(size) * (factors[k] ?? 0);
    }
  }

  #table(selector: number): HuffmanDecoder {
    const table = this.#tables.get(selector);
    if (table === undefined) throw new NotDecodable("a Huffman table that was not defined");
    return table;
  }
}

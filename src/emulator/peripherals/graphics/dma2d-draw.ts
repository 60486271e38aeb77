/** DMA2D's data path: pixels are fetched, converted, blended and put, line by line. */

import type { DmaBus } from "../dma/dma-channel.js";
import {
  MODE,
  outputBits,
  type Plane,
  pitchOf,
  type Setup,
  type Side,
  usesBackground,
  usesForeground,
  YCBCR,
} from "./dma2d-setup.js";
import { blend, encode, FORMATS, type Pixel } from "./pixels.js";

export type ColourTables = Readonly<Record<Side, Uint32Array>>;

const AI = 1 << 20;
const RBS = 1 << 21;

const OPAQUE_BLACK: Pixel = { a: 255, r: 0, g: 0, b: 0 };

function pixelOf(value: number, a: number): Pixel {
  return { a, r: (value >>> 16) & 255, g: (value >>> 8) & 255, b: value & 255 };
}

/** AM: keep, replace, multiply; AI inverts; RBS swaps red and blue. */
function adapt(control: number, pixel: Pixel): Pixel {
  const own = control >>> 24;
  const mode = (control >>> 16) & 3;
  const raw = (control & AI) !== 0 ? 255 - pixel.a : pixel.a;
  const a = mode === 1 ? own : mode === 2 ? Math.floor((raw * own) / 255) : raw;
  return (control & RBS) !== 0 ? { a, r: pixel.b, g: pixel.g, b: pixel.r } : { ...pixel, a };
}

/** OPFCCR has AI and RBS at the same place, and no alpha of its own. */
const finish = (control: number, pixel: Pixel): Pixel => adapt(control & (AI | RBS), pixel);

export class Painter {
  readonly #setup: Setup;
  readonly #bus: DmaBus;
  readonly #tables: ColourTables;
  readonly #forePitch: number;
  readonly #backPitch: number;

  constructor(setup: Setup, bus: DmaBus, tables: ColourTables) {
    this.#setup = setup;
    this.#bus = bus;
    this.#tables = tables;
    const { fore, back } = setup;
    this.#forePitch = pitchOf(setup, FORMATS[fore.format]?.bits ?? 0, fore.offset);
    this.#backPitch = pitchOf(setup, FORMATS[back.format]?.bits ?? 0, back.offset);
  }

  /** Draws the lines from `from` up to `to`, not included. A BusFault ends it. */
  lines(from: number, to: number): void {
    for (let y = from; y < to; y++) {
      if (this.#setup.mode === MODE.COPY) this.#copyLine(y);
      else this.#drawLine(y);
    }
  }

  /** Memory to memory: pixels of the foreground's size, whatever they mean. */
  #copyLine(y: number): void {
    const { width, fore, output } = this.#setup;
    const bits = outputBits(this.#setup);
    const source = fore.address + y * pitchOf(this.#setup, bits, fore.offset);
    const target = output.address + y * pitchOf(this.#setup, bits, output.offset);
    const bytes = (width * bits) >>> 3;
    const size = ((source | target | bytes) & 3) === 0 && !output.swapped ? 4 : 1;
    for (let x = 0; x < bytes; x += size) {
      const value = this.#bus.read(source + x, size);
      if (size === 4) this.#bus.write(target + x, 4, value);
      else this.#putByte(target + x, value);
    }
  }

  #drawLine(y: number): void {
    const { mode, width, output } = this.#setup;
    const bits = outputBits(this.#setup);
    const bytes = bits >>> 3;
    let address = output.address + y * pitchOf(this.#setup, bits, output.offset);
    for (let x = 0; x < width; x++, address += bytes) {
      const raw =
        mode === MODE.FILL ? output.colour : encode(output.format, finish(output.control, this.#pixel(x, y)));
      this.#put(address, bytes, raw);
    }
  }

  #pixel(x: number, y: number): Pixel {
    const { mode, fore, back } = this.#setup;
    const front = usesForeground(mode) ? this.#fetch(fore, x, y) : this.#fixed(fore);
    if (mode === MODE.CONVERT) return front;
    return blend(front, usesBackground(mode) ? this.#fetch(back, x, y) : this.#fixed(back));
  }

  #fixed({ control, colour }: Plane): Pixel {
    return adapt(control, pixelOf(colour, 255));
  }

  #fetch(plane: Plane, x: number, y: number): Pixel {
    if (plane.format === YCBCR) return adapt(plane.control, this.#luminance(plane, x, y));
    const format = FORMATS[plane.format];
    if (format === undefined) return OPAQUE_BLACK;
    const { bits, decode } = format;
    const pitch = plane.side === "FG" ? this.#forePitch : this.#backPitch;
    const address = plane.address + y * pitch + ((x * bits) >>> 3);
    const raw = bits === 4 ? (this.#bus.read(address, 1) >>> ((x & 1) * 4)) & 0xf : this.#get(address, bits);
    return adapt(
      plane.control,
      decode(raw >>> 0, (at) => this.#lookup(plane, at)),
    );
  }

  /** Pixels of 16 and 32 bits are aligned, or nothing would have started. */
  #get(address: number, bits: number): number {
    if (bits === 32) return this.#bus.read(address, 4);
    if (bits === 16) return this.#bus.read(address, 2);
    const low = this.#bus.read(address, 1);
    if (bits === 8) return low;
    return low | (this.#bus.read(address + 1, 1) << 8) | (this.#bus.read(address + 2, 1) << 16);
  }

  /** Index -1: the colour register, for formats that are only alpha. */
  #lookup({ side, colour }: Plane, index: number): Pixel {
    if (index < 0) return pixelOf(colour, 255);
    const value = this.#tables[side][index] ?? 0;
    return pixelOf(value, value >>> 24);
  }

  /** RM0433, "YCbCr support": units of one, two or four blocks of Y, then one of Cb and one of Cr. */
  #luminance({ address, control, offset }: Plane, x: number, y: number): Pixel {
    const sampling = (control >>> 18) & 3;
    const wide = sampling === 1 || sampling === 2 ? 16 : 8;
    const tall = sampling === 2 ? 16 : 8;
    const blocks = (wide * tall) >>> 6;
    const unit = Math.floor(y / tall) * ((this.#setup.width + offset) / wide) + Math.floor(x / wide);
    const base = address + unit * (blocks + 2) * 64;
    const block = ((y % tall) >>> 3) * 2 + ((x % wide) >>> 3);
    const chroma =
      base + blocks * 64 + Math.floor(((y % tall) * 8) / tall) * 8 + Math.floor(((x % wide) * 8) / wide);
    const luma = this.#bus.read(base + block * 64 + (y & 7) * 8 + (x & 7), 1);
    const blue = this.#bus.read(chroma, 1) - 128;
    const red = this.#bus.read(chroma + 64, 1) - 128;
    const limit = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));
    return {
      a: 255,
      r: limit(luma + 1.402 * red),
      g: limit(luma - 0.344136 * blue - 0.714136 * red),
      b: limit(luma + 1.772 * blue),
    };
  }

  #put(address: number, bytes: number, raw: number): void {
    if (!this.#setup.output.swapped && (bytes === 4 || bytes === 2)) this.#bus.write(address, bytes, raw);
    else for (let i = 0; i < bytes; i++) this.#putByte(address + i, (raw >>> (i * 8)) & 0xff);
  }

  #putByte(address: number, value: number): void {
    this.#bus.write(this.#setup.output.swapped ? (address ^ 1) >>> 0 : address, 1, value);
  }
}

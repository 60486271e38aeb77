/** What LTDC's two layers and its background give on a panel (RM0433, "LTDC layer programmable parameters", "Blending"). */

import { BusFault } from "../../bus.js";
import type { DmaBus } from "../dma/dma-channel.js";
import { FORMATS, type Pixel } from "./pixels.js";

/** Rows from the top, three bytes a pixel: red, green, blue. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** LTDC's registers by their names in the manual, a layer's without its number. */
export interface LayerRegisters {
  readonly CR: number;
  readonly WHPCR: number;
  readonly WVPCR: number;
  readonly CKCR: number;
  readonly PFCR: number;
  readonly CACR: number;
  readonly DCCR: number;
  readonly BFCR: number;
  readonly CFBAR: number;
  readonly CFBLR: number;
  readonly CFBLNR: number;
  /** By index: red, green, blue as CLUTWR took them. */
  readonly table: readonly number[];
}

export interface Panel {
  /** BPCR, AWCR: back porch and active area, accumulated. */
  readonly BPCR: number;
  readonly AWCR: number;
  readonly BCCR: number;
  /** The lower one first. */
  readonly layers: readonly LayerRegisters[];
}

const LEN = 1 << 0;
const COLKEN = 1 << 1;
const CLUTEN = 1 << 4;
/** BFCR.BF1: pixel alpha times constant alpha; else constant alpha alone. */
const BY_PIXEL = 6;

const x = (register: number): number => (register >>> 16) & 0xfff;
const y = (register: number): number => register & 0x7ff;

/** @param bus where the frame buffers are read; what cannot be read is black */
export function drawPicture({ BPCR, AWCR, BCCR, layers }: Panel, bus: DmaBus): Picture {
  const width = Math.max(0, x(AWCR) - x(BPCR));
  const height = Math.max(0, y(AWCR) - y(BPCR));
  const rgb = new Uint8Array(3 * width * height);
  for (let at = 0; at < rgb.length; at += 3) rgb.set([BCCR >>> 16, BCCR >>> 8, BCCR], at);
  for (const layer of layers) if ((layer.CR & LEN) !== 0) drawLayer(layer, { width, height, rgb }, bus, BPCR);
  return { width, height, rgb };
}

function drawLayer(layer: LayerRegisters, picture: Picture, bus: DmaBus, porch: number): void {
  const format = FORMATS[layer.PFCR & 7];
  if (format === undefined) return;
  const [left, right] = [(layer.WHPCR & 0xfff) - x(porch) - 1, x(layer.WHPCR) - x(porch) - 1];
  const [top, bottom] = [(layer.WVPCR & 0x7ff) - y(porch) - 1, ((layer.WVPCR >>> 16) & 0x7ff) - y(porch) - 1];
  const bytes = format.bits / 8;
  const pitch = (layer.CFBLR >>> 16) & 0x1fff;
  const perLine = Math.floor(((layer.CFBLR & 0x1fff) - 7) / bytes);
  const outside = colour(layer.DCCR);
  const lookup = (index: number): Pixel => ({ ...colour(layer.table[index] ?? 0), a: 255 });
  for (let row = 0; row < picture.height; row++) {
    for (let column = 0; column < picture.width; column++) {
      const within = row >= top && row <= bottom && column >= left && column <= right;
      const stored = within && column - left < perLine && row - top < (layer.CFBLNR & 0x7ff);
      const source = layer.CFBAR + (row - top) * pitch + (column - left) * bytes;
      const pixel = stored ? keyed(layer, format.decode(read(bus, source, bytes), lookup)) : outside;
      const byPixel = !stored || ((layer.BFCR >>> 8) & 7) === BY_PIXEL;
      const alpha = ((byPixel ? pixel.a : 255) * (stored ? layer.CACR : 255)) / 255;
      mix(picture.rgb, 3 * (row * picture.width + column), pixel, alpha);
    }
  }
}

/** Colour keying: a pixel of the key's colour is transparent black. */
function keyed({ CR, CKCR, PFCR }: LayerRegisters, pixel: Pixel): Pixel {
  if ((CR & COLKEN) === 0 || ((CR & CLUTEN) !== 0 && (PFCR & 7) < 5)) return pixel;
  const { r, g, b } = pixel;
  return ((r << 16) | (g << 8) | b) === CKCR ? { a: 0, r: 0, g: 0, b: 0 } : pixel;
}

function colour(argb: number): Pixel {
  return { a: argb >>> 24, r: (argb >>> 16) & 255, g: (argb >>> 8) & 255, b: argb & 255 };
}

function read(bus: DmaBus, address: number, bytes: number): number {
  try {
    if (bytes === 4 && (address & 3) === 0) return bus.read(address, 4);
    if (bytes === 2 && (address & 1) === 0) return bus.read(address, 2);
    let value = 0;
    for (let lane = 0; lane < bytes; lane++) value |= bus.read(address + lane, 1) << (8 * lane);
    return value >>> 0;
  } catch (error) {
    if (error instanceof BusFault) return 0;
    throw error;
  }
}

function mix(rgb: Uint8Array, at: number, { r, g, b }: Pixel, alpha: number): void {
  for (const [lane, value] of [r, g, b].entries()) {
    rgb[at + lane] = Math.round((value * alpha + (rgb[at + lane] ?? 0) * (255 - alpha)) / 255);
  }
}

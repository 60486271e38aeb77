/** Pixel formats of DMA2D (RM0433, "Pixel format converter"): to and from alpha, red, green, blue of 8 bits each. */

export interface Pixel {
  readonly a: number;
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

interface Format {
  readonly bits: number;
  readonly decode: (raw: number, lookup: (index: number) => Pixel) => Pixel;
}

/** A component of `bits` bits as 8: the high bits fill the low ones. */
function widen(value: number, bits: number): number {
  const left = value << (8 - bits);
  return left | (left >> bits);
}

const rgb = (a: number, r: number, g: number, b: number): Pixel => ({ a, r, g, b });

/** CM of FGPFCCR and BGPFCCR: ARGB8888, RGB888, RGB565, ARGB1555, ARGB4444, L8, AL44, AL88, L4, A8, A4. */
export const FORMATS: readonly Format[] = [
  { bits: 32, decode: (v) => rgb(v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255) },
  { bits: 24, decode: (v) => rgb(255, (v >>> 16) & 255, (v >>> 8) & 255, v & 255) },
  { bits: 16, decode: (v) => rgb(255, widen(v >>> 11, 5), widen((v >>> 5) & 63, 6), widen(v & 31, 5)) },
  {
    bits: 16,
    decode: (v) =>
      rgb(
        (v & 0x8000) !== 0 ? 255 : 0,
        widen((v >>> 10) & 31, 5),
        widen((v >>> 5) & 31, 5),
        widen(v & 31, 5),
      ),
  },
  {
    bits: 16,
    decode: (v) => rgb((v >>> 12) * 17, ((v >>> 8) & 15) * 17, ((v >>> 4) & 15) * 17, (v & 15) * 17),
  },
  { bits: 8, decode: (v, lookup) => lookup(v) },
  { bits: 8, decode: (v, lookup) => ({ ...lookup(v & 15), a: (v >>> 4) * 17 }) },
  { bits: 16, decode: (v, lookup) => ({ ...lookup(v & 255), a: v >>> 8 }) },
  { bits: 4, decode: (v, lookup) => lookup(v) },
  { bits: 8, decode: (v, lookup) => ({ ...lookup(-1), a: v }) },
  { bits: 4, decode: (v, lookup) => ({ ...lookup(-1), a: v * 17 }) },
];

/** OPFCCR.CM: the first five formats. */
export function encode(format: number, { a, r, g, b }: Pixel): number {
  switch (format) {
    case 0:
      return ((a << 24) | (r << 16) | (g << 8) | b) >>> 0;
    case 1:
      return (r << 16) | (g << 8) | b;
    case 2:
      return ((r >> 3) << 11) | ((g >> 2) << 5) | (b >> 3);
    case 3:
      return ((a >> 7) << 15) | ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3);
    default:
      return ((a >> 4) << 12) | ((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4);
  }
}

/** RM0433, "Blender": the foreground over the background; divisions are rounded down. */
export function blend(fore: Pixel, back: Pixel): Pixel {
  const both = Math.floor((fore.a * back.a) / 255);
  const a = fore.a + back.a - both;
  if (a === 0) return { a: 0, r: 0, g: 0, b: 0 };
  const mix = (f: number, b: number): number => Math.floor((f * fore.a + b * (back.a - both)) / a);
  return { a, r: mix(fore.r, back.r), g: mix(fore.g, back.g), b: mix(fore.b, back.b) };
}

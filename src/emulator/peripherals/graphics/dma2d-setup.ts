/** What DMA2D was told to do when it started, and whether it can be done (RM0433, "Configuration error detection"). */

import { FORMATS } from "./pixels.js";

export type Side = "FG" | "BG";

/** CR.MODE */
export const MODE = { COPY: 0, CONVERT: 1, BLEND: 2, FILL: 3, BLEND_FG: 4, BLEND_BG: 5 } as const;

/** CM of FGPFCCR: blocks of 8 x 8 as the JPEG decoder gives them. */
export const YCBCR = 11;

const LOM = 1 << 6;
const SB = 1 << 8;

export interface Plane {
  readonly side: Side;
  readonly address: number;
  /** LO as written. */
  readonly offset: number;
  /** PFCCR */
  readonly control: number;
  readonly format: number;
  /** COLR */
  readonly colour: number;
}

export interface Setup {
  readonly mode: number;
  /** LOM: offsets are bytes. */
  readonly inBytes: boolean;
  readonly width: number;
  readonly height: number;
  readonly fore: Plane;
  readonly back: Plane;
  readonly output: {
    readonly address: number;
    readonly offset: number;
    readonly control: number;
    readonly format: number;
    readonly colour: number;
    /** SB: the bytes of each half-word change places. */
    readonly swapped: boolean;
  };
}

export function readSetup(get: (name: string) => number): Setup {
  const plane = (side: Side): Plane => ({
    side,
    address: get(`${side}MAR`),
    offset: get(`${side}OR`),
    control: get(`${side}PFCCR`),
    format: get(`${side}PFCCR`) & 0xf,
    colour: get(`${side}COLR`),
  });
  const control = get("OPFCCR");
  return {
    mode: (get("CR") >>> 16) & 7,
    inBytes: (get("CR") & LOM) !== 0,
    width: (get("NLR") >>> 16) & 0x3fff,
    height: get("NLR") & 0xffff,
    fore: plane("FG"),
    back: plane("BG"),
    output: {
      address: get("OMAR"),
      offset: get("OOR"),
      control,
      format: control & 7,
      colour: get("OCOLR"),
      swapped: (control & SB) !== 0,
    },
  };
}

export const usesForeground = (mode: number): boolean => mode !== MODE.FILL && mode !== MODE.BLEND_FG;
export const usesBackground = (mode: number): boolean => mode === MODE.BLEND || mode === MODE.BLEND_FG;

const bitsOf = (format: number): number => FORMATS[format]?.bits ?? 0;

/** Bits of a pixel of the output: a copy keeps the foreground's. */
export function outputBits({ mode, fore, output }: Setup): number {
  return bitsOf(mode === MODE.COPY ? fore.format : output.format);
}

/** Bytes from a line's first pixel to the next line's. */
export function pitchOf({ width, inBytes }: Setup, bits: number, offset: number): number {
  const line = (width * bits) >>> 3;
  return line + (inBytes ? offset : ((offset & 0x3fff) * bits) >>> 3);
}

/** Pixels of 8, 24 and 4 bits may be anywhere. */
function misaligned(address: number, bits: number): boolean {
  return (bits === 32 && (address & 3) !== 0) || (bits === 16 && (address & 1) !== 0);
}

function blocksMistake({ mode, width, fore }: Setup): string | undefined {
  if (mode === MODE.COPY) return "YCbCr cannot be copied without conversion";
  const wide = ((fore.control >>> 18) & 3) === 0 ? 8 : 16;
  if ((width + fore.offset) % wide !== 0) return `lines of YCbCr are not a multiple of ${wide} pixels`;
  return undefined;
}

function planeMistake(setup: Setup, { side, address, offset, format }: Plane): string | undefined {
  if (format === YCBCR && side === "FG") return blocksMistake(setup);
  const bits = bitsOf(format);
  if (bits === 0) return `${side}PFCCR.CM is ${format}`;
  if (misaligned(address, bits)) return `${side}MAR is not aligned to pixels of ${bits} bits`;
  if (bits === 4 && (setup.width & 1) !== 0) return "lines of 4-bit pixels end within a byte";
  if (bits === 4 && !setup.inBytes && (offset & 1) !== 0) return `${side}OR ends within a byte`;
  return undefined;
}

function outputMistake(setup: Setup): string | undefined {
  const { mode, output, width } = setup;
  const bits = outputBits(setup);
  if (mode !== MODE.COPY) {
    if (output.format > 4) return `OPFCCR.CM is ${output.format}`;
    if (misaligned(output.address, bits)) return `OMAR is not aligned to pixels of ${bits} bits`;
  }
  const odd = (width | output.address | pitchOf(setup, bits, output.offset)) & 1;
  return output.swapped && odd !== 0 ? "OPFCCR.SB with an odd width, address or offset" : undefined;
}

/** Why this sets CEIF instead of starting. */
export function mistakeOf(setup: Setup): string | undefined {
  const { mode, width, height, fore, back } = setup;
  if (mode > MODE.BLEND_BG) return `CR.MODE is ${mode}`;
  if (width === 0 || height === 0) return "the rectangle of NLR has no pixels";
  return (
    (usesForeground(mode) ? planeMistake(setup, fore) : undefined) ??
    (usesBackground(mode) ? planeMistake(setup, back) : undefined) ??
    outputMistake(setup)
  );
}

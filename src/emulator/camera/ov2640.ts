/**
 * The OV2640, as far as programs see that it is there (OmniVision's data sheet, version 1.6; names of its registers as there):
 * two banks of registers that keep what is written, and from size and format that are set there a test picture. A stand-in:
 * exposure, colours, mirroring, windowing and zoom change nothing, and lines have no other times than those of their frame.
 */

import { lineBytes, type PixelFormat } from "./picture-bytes.js";
import type { CameraFrame, CameraSensor } from "./sensor.js";
import { colourAt, type Scene, yCbCr } from "./test-picture.js";

/** Encodes a picture; `pixel` gives luminance, blue and red difference. */
export type EncodeJpeg = (
  size: { readonly width: number; readonly height: number },
  pixel: (x: number, y: number) => readonly [number, number, number],
  quantisation: number,
) => Uint8Array;

export interface Ov2640Options {
  /** XCLK; 0: none, and the chip does not answer at all. */
  readonly clockHz: () => number;
  readonly encodeJpeg: EncodeJpeg;
}

/** SCCB address 60h to write, 61h to read. */
const ADDRESS = 0x30;

/** RA_DLMT, in both banks: which of them is meant, by its lowest bit; 7Fh after a reset. */
const BANK_SELECT = 0xff;
const DSP = 0;
const SENSOR = 1;

/** Bank of the DSP. */
const R_BYPASS = 0x05;
const QS = 0x44;
const ZMOW = 0x5a;
const ZMOH = 0x5b;
const ZMHH = 0x5c;
const IMAGE_MODE = 0xda;
const RESET = 0xe0;
/** Bank of the sensor. */
const PIDH = 0x0a;
const PIDL = 0x0b;
const COM2 = 0x09;
const CLKRC = 0x11;
const COM7 = 0x12;
const COM10 = 0x15;
const MIDH = 0x1c;
const MIDL = 0x1d;

const BYPASSED = 1 << 0;
const STANDBY = 1 << 4;
const SOFT_RESET = 1 << 7;
const CLOCK_DOUBLE = 1 << 7;
const DVP_RESET = 1 << 2;
const JPEG_RESET = 1 << 4;
const MODE_JPEG = 1 << 4;
const MODE_LOW_FIRST = 1 << 0;
/** IMAGE_MODE[3:2]; the others are raw data of 10 bits. */
const FORMATS: Readonly<Record<number, PixelFormat>> = { 0: "YUV422", 2: "RGB565" };

/** What is not 0 after a reset, and matters here. */
const AFTER_RESET = [
  [DSP, R_BYPASS, BYPASSED],
  [DSP, QS, 0x0c],
  [SENSOR, PIDH, 0x26],
  [SENSOR, PIDL, 0x41],
  [SENSOR, MIDH, 0x7f],
  [SENSOR, MIDL, 0xa2],
] as const;
const READ_ONLY = [PIDH, PIDL, MIDH, MIDL];

/** The highest rate by COM7's resolution, which an XCLK of 24 MHz gives (data sheet, "Key Specifications"). */
const FULL_CLOCK_HZ = 24e6;
const RATES: Readonly<Record<number, number>> = { 0: 15, 1: 60, 4: 30 };
/** A line of compressed data for so many lines of the picture. */
const LINES_PER_JPEG_LINE = 8;

export class Ov2640 implements CameraSensor {
  readonly address = ADDRESS;
  onChange: () => void = () => {};
  readonly #options: Ov2640Options;
  readonly #banks = [new Uint8Array(256), new Uint8Array(256)] as const;
  #bank: 0 | 1 = SENSOR;
  #register = 0;
  /** Bytes of the transfer so far. */
  #count = 0;

  constructor(options: Ov2640Options) {
    this.#options = options;
    this.powerOn();
  }

  powerOn(): void {
    for (const bank of this.#banks) bank.fill(0);
    for (const [bank, register, value] of AFTER_RESET) this.#banks[bank][register] = value;
    this.#bank = SENSOR;
    this.#register = 0;
  }

  start(): boolean {
    this.#count = 0;
    return this.#options.clockHz() > 0;
  }

  write(byte: number): boolean {
    if (this.#count++ === 0) this.#register = byte;
    else this.#store(byte);
    return true;
  }

  read(): number {
    return this.#register === BANK_SELECT ? this.#bank : (this.#banks[this.#bank][this.#register] as number);
  }

  stop(): void {}

  /** VSYNC is low between frames, HREF high in a line; COM10 turns them round. */
  get active(): { readonly VSYNC: boolean; readonly HREF: boolean } {
    const com10 = this.#sensor(COM10);
    return { VSYNC: (com10 & (1 << 1)) === 0, HREF: (com10 & (1 << 3)) === 0 };
  }

  frame(number: number): CameraFrame | undefined {
    const mode = this.#dsp(IMAGE_MODE);
    const compressed = (mode & MODE_JPEG) !== 0;
    const format = FORMATS[(mode >>> 2) & 3];
    const high = this.#dsp(ZMHH);
    const width = 4 * (this.#dsp(ZMOW) | ((high & 3) << 8));
    const height = 4 * (this.#dsp(ZMOH) | ((high & 4) << 6));
    const held = this.#dsp(RESET) & (DVP_RESET | (compressed ? JPEG_RESET : 0));
    const asleep = (this.#dsp(R_BYPASS) & BYPASSED) | (this.#sensor(COM2) & STANDBY) | held;
    if (asleep !== 0 || width === 0 || height === 0) return undefined;
    const rate = this.#rate();
    if (rate === 0) return undefined;
    const scene = { width, height, number };
    if (compressed) return this.#compressed(scene, rate);
    if (format === undefined) return undefined;
    const lowFirst = (mode & MODE_LOW_FIRST) !== 0;
    return {
      description: `${width} x ${height}, ${format}`,
      rate,
      lines: height,
      line: (n) => lineBytes(scene, n, format, lowFirst),
    };
  }

  #compressed(scene: Scene, rate: number): CameraFrame {
    const lines = Math.ceil(scene.height / LINES_PER_JPEG_LINE);
    let bytes: Uint8Array | undefined;
    const part = (n: number): Uint8Array => {
      bytes ??= this.#options.encodeJpeg(scene, (x, y) => yCbCr(colourAt(scene, x, y)), this.#dsp(QS));
      const length = Math.ceil(bytes.length / lines);
      return bytes.subarray(n * length, (n + 1) * length);
    };
    return { description: `${scene.width} x ${scene.height}, JPEG`, rate, lines, line: part };
  }

  /** XCLK through CLKRC, up to what the resolution allows. */
  #rate(): number {
    const most = RATES[(this.#sensor(COM7) >>> 4) & 7] ?? 15;
    const clkrc = this.#sensor(CLKRC);
    const clock = (this.#options.clockHz() * ((clkrc & CLOCK_DOUBLE) !== 0 ? 2 : 1)) / ((clkrc & 0x3f) + 1);
    return Math.min(1, clock / FULL_CLOCK_HZ) * most;
  }

  #dsp(register: number): number {
    return this.#banks[DSP][register] as number;
  }

  #sensor(register: number): number {
    return this.#banks[SENSOR][register] as number;
  }

  #store(value: number): void {
    if (this.#register === BANK_SELECT) this.#bank = (value & 1) === 0 ? DSP : SENSOR;
    else if (this.#bank === SENSOR && this.#register === COM7 && (value & SOFT_RESET) !== 0) this.powerOn();
    else if (this.#bank !== SENSOR || !READ_ONLY.includes(this.#register))
      this.#banks[this.#bank][this.#register] = value;
    this.onChange();
  }
}

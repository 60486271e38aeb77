/** DMA2D: fill, copy, format conversion and blending of rectangles (RM0433, chapter DMA2D). YCbCr is not modelled. */

import { BusFault, type ClockGate, type EmulatorLog, type InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import type { DmaBus } from "./dma-channel.js";
import { Peripheral } from "./peripheral.js";
import { blend, encode, FORMATS, type Pixel } from "./pixels.js";
import { ALL, registerTable } from "./register-table.js";
import { DMA2D } from "./tables/graphics.js";

export interface Dma2dOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly bus: DmaBus;
  readonly hclkHz: () => number;
  /** A rectangle is done (a trigger of MDMA). */
  readonly onComplete?: () => void;
}

const START = 1 << 0;
const SUSP = 1 << 1;
const ABORT = 1 << 2;
const TEIF = 1 << 0;
const TCIF = 1 << 1;
const CTCIF = 1 << 4;
/** CR.MODE */
const MODE = { COPY: 0, CONVERT: 1, BLEND: 2, FILL: 3, BLEND_FG: 4, BLEND_BG: 5 } as const;
const PIXELS_PER_CLOCK = 0.5;
const LOAD = 1 << 5;

type Side = "FG" | "BG";

export class Dma2d extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: Dma2dOptions;
  readonly #clut: Readonly<Record<Side, Uint32Array>> = {
    FG: new Uint32Array(256),
    BG: new Uint32Array(256),
  };
  #busy: TimelineEvent | undefined;

  constructor(options: Dma2dOptions) {
    super();
    this.#options = options;
    const stored = { rw: ALL };
    const names = [
      "FGMAR",
      "FGOR",
      "BGMAR",
      "BGOR",
      "FGCOLR",
      "BGCOLR",
      "FGCMAR",
      "BGCMAR",
      "OPFCCR",
      "OCOLR",
      "OMAR",
      "OOR",
      "NLR",
      "LWR",
    ];
    const converter = (side: Side) => ({
      rw: ALL & ~LOAD,
      wo: LOAD,
      onWrite: (written: number) => this.#loadTable(side, written),
    });
    this.registers = new RegisterBlock(
      registerTable(DMA2D, {
        ...Object.fromEntries(names.map((name) => [name, stored])),
        CR: {
          rw: ALL & ~(START | SUSP | ABORT),
          ro: START,
          wo: SUSP | ABORT,
          onWrite: (w) => this.#control(w),
        },
        ISR: { ro: ALL },
        IFCR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        FGPFCCR: converter("FG"),
        BGPFCCR: converter("BG"),
      }),
      { name: "DMA2D", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#options.timeline.cancel(this.#busy);
    this.registers.reset();
    this.#update();
  }

  #control(written: number): void {
    const { timeline, hclkHz } = this.#options;
    if ((written & ABORT) !== 0) {
      timeline.cancel(this.#busy);
      this.registers.setBits("CR", START, false);
    }
    if ((written & START) !== 0 && !this.registers.has("CR", START)) {
      this.registers.setBits("CR", START, true);
      const { width, height } = this.#area;
      const clocks = (width * height) / PIXELS_PER_CLOCK + 16;
      this.#busy = timeline.after((clocks * 1e9) / hclkHz(), () => this.#run());
    }
    this.#update();
  }

  get #area(): { readonly width: number; readonly height: number } {
    const nlr = this.registers.get("NLR");
    return { width: (nlr >>> 16) & 0x3fff, height: nlr & 0xffff };
  }

  #run(): void {
    const mode = (this.registers.get("CR") >>> 16) & 7;
    try {
      if (mode === MODE.COPY) this.#copy();
      else this.#draw(mode);
      this.registers.setBits("ISR", TCIF, true);
      this.#options.onComplete?.();
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#options.log.once(
        `DMA2D.${error.message}`,
        `guest mistake: DMA2D: transfer error: ${error.message}`,
      );
      this.registers.setBits("ISR", TEIF, true);
    }
    this.registers.setBits("CR", START, false);
    this.#update();
  }

  /** Memory to memory: pixels of the foreground's size, whatever they mean. */
  #copy(): void {
    const { width, height } = this.#area;
    const bits = this.#format("FG").bits;
    const line = (width * bits) >>> 3;
    const from = line + ((this.registers.get("FGOR") * bits) >>> 3);
    const to = line + ((this.registers.get("OOR") * bits) >>> 3);
    for (let y = 0; y < height; y++) {
      const source = this.registers.get("FGMAR") + y * from;
      const target = this.registers.get("OMAR") + y * to;
      for (let x = 0; x < line; x++)
        this.#options.bus.write(target + x, 1, this.#options.bus.read(source + x, 1));
    }
  }

  #draw(mode: number): void {
    const { width, height } = this.#area;
    const output = this.registers.get("OPFCCR") & 7;
    const bytes = (FORMATS[output]?.bits ?? 16) >>> 3;
    const pitch = width + this.registers.get("OOR");
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const raw =
          mode === MODE.FILL ? this.registers.get("OCOLR") : encode(output, this.#pixel(mode, x, y));
        this.#put(this.registers.get("OMAR") + (y * pitch + x) * bytes, bytes, raw);
      }
    }
  }

  #pixel(mode: number, x: number, y: number): Pixel {
    const fore = mode === MODE.BLEND_FG ? this.#fixed("FG") : this.#fetch("FG", x, y);
    if (mode === MODE.CONVERT) return fore;
    const back = mode === MODE.BLEND_BG ? this.#fixed("BG") : this.#fetch("BG", x, y);
    return blend(fore, back);
  }

  #format(side: Side): (typeof FORMATS)[number] {
    const mode = this.registers.get(`${side}PFCCR`) & 0xf;
    const format = FORMATS[mode];
    if (format === undefined) throw new BusFault(`colour mode ${mode} of ${side}PFCCR is not modelled`, 0);
    return format;
  }

  #fixed(side: Side): Pixel {
    return this.#alpha(side, { ...this.#colour(side), a: 255 });
  }

  #fetch(side: Side, x: number, y: number): Pixel {
    const { bits, decode } = this.#format(side);
    const index = y * (this.#area.width + this.registers.get(`${side}OR`)) + x;
    const address = this.registers.get(`${side}MAR`) + Math.floor((index * bits) / 8);
    let raw = 0;
    for (let i = 0; i < Math.max(1, bits >>> 3); i++)
      raw |= this.#options.bus.read(address + i, 1) << (i * 8);
    if (bits === 4) raw = (raw >>> ((index & 1) * 4)) & 0xf;
    const pixel = decode(raw >>> 0, (at) => this.#lookup(side, at));
    return this.#alpha(side, pixel);
  }

  /** Index -1: the colour register, for formats that are only alpha. */
  #lookup(side: Side, index: number): Pixel {
    if (index < 0) return this.#colour(side);
    const value = this.#clut[side][index] ?? 0;
    return { a: value >>> 24, r: (value >>> 16) & 255, g: (value >>> 8) & 255, b: value & 255 };
  }

  #colour(side: Side): Pixel {
    const value = this.registers.get(`${side}COLR`);
    return { a: 255, r: (value >>> 16) & 255, g: (value >>> 8) & 255, b: value & 255 };
  }

  /** AM: keep, replace, multiply; AI inverts; RBS swaps red and blue. */
  #alpha(side: Side, pixel: Pixel): Pixel {
    const control = this.registers.get(`${side}PFCCR`);
    const own = control >>> 24;
    const mode = (control >>> 16) & 3;
    const raw = (control & (1 << 20)) !== 0 ? 255 - pixel.a : pixel.a;
    const a = mode === 1 ? own : mode === 2 ? Math.floor((raw * own) / 255) : raw;
    return (control & (1 << 21)) !== 0 ? { a, r: pixel.b, g: pixel.g, b: pixel.r } : { ...pixel, a };
  }

  #put(address: number, bytes: number, raw: number): void {
    const { bus } = this.#options;
    if (bytes === 4 || bytes === 2) bus.write(address, bytes, raw);
    else for (let i = 0; i < bytes; i++) bus.write(address + i, 1, (raw >>> (i * 8)) & 0xff);
  }

  /** CLUT loading by hardware: CS + 1 entries of ARGB8888 or RGB888. */
  #loadTable(side: Side, written: number): void {
    if ((written & LOAD) === 0) return;
    const count = ((written >>> 8) & 0xff) + 1;
    const bytes = (written & (1 << 4)) !== 0 ? 3 : 4;
    const base = this.registers.get(`${side}CMAR`);
    for (let n = 0; n < count; n++) {
      let value = bytes === 3 ? 0xff00_0000 : 0;
      for (let i = 0; i < bytes; i++) value |= this.#options.bus.read(base + n * bytes + i, 1) << (i * 8);
      this.#clut[side][n] = value >>> 0;
    }
    this.registers.setBits("ISR", CTCIF, true);
    this.#update();
  }

  #clear(written: number): void {
    this.registers.setBits("ISR", written, false);
    this.#update();
  }

  #update(): void {
    const enabled = (this.registers.get("CR") >>> 8) & 0x3f;
    this.#options.interrupt.set((this.registers.get("ISR") & enabled) !== 0);
  }
}

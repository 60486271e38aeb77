/** DMA2D: fill, copy, format conversion and blending of rectangles (RM0433, chapter DMA2D). */

import {
  type AccessSize,
  BusFault,
  type ClockGate,
  type EmulatorLog,
  type InterruptLine,
} from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { DmaBus } from "../dma/dma-channel.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { DMA2D } from "../tables/graphics.js";
import { type ColourTables, Painter } from "./dma2d-draw.js";
import {
  mistakeOf,
  readSetup,
  type Setup,
  type Side,
  usesBackground,
  usesForeground,
  YCBCR,
} from "./dma2d-setup.js";

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
/** CR: only while nothing runs. */
const MODE_AND_LOM = 0x7_0040;
const TEIF = 1 << 0;
const TCIF = 1 << 1;
const TWIF = 1 << 2;
const CAEIF = 1 << 3;
const CTCIF = 1 << 4;
const CEIF = 1 << 5;
const PIXELS_PER_CLOCK = 0.5;
const SETUP_CLOCKS = 16;
/** PFCCR.START */
const LOAD = 1 << 5;
const CCM_RGB888 = 1 << 4;

/** From FGMAR to LWR: read-only while a rectangle is drawn. */
const FIRST_FIXED = 0x0c;
const LAST_FIXED = 0x48;
/** The colour tables in the address map: 256 words each. */
const TABLES = { FG: 0x400, BG: 0x800 } as const;
const TABLE_BYTES = 0x400;

/** What is drawn, up to which line, and the rest of the time for it while it is suspended. */
interface Drawing {
  readonly setup: Setup;
  readonly painter: Painter;
  /** LWR, 0 when it has no line of this rectangle. */
  readonly watermark: number;
  done: number;
  dueAt: number;
  left: number | undefined;
}

export class Dma2d extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: Dma2dOptions;
  readonly #clut: ColourTables = { FG: new Uint32Array(256), BG: new Uint32Array(256) };
  #drawing: Drawing | undefined;
  #step: TimelineEvent | undefined;
  #loading: TimelineEvent | undefined;

  constructor(options: Dma2dOptions) {
    super();
    this.#options = options;
    const stored = { rw: ALL };
    const names = ["FGMAR", "FGOR", "BGMAR", "BGOR", "FGCOLR", "BGCOLR", "FGCMAR", "BGCMAR"];
    names.push("OPFCCR", "OCOLR", "OMAR", "OOR", "NLR", "LWR");
    const converter = (side: Side) => ({
      rw: ALL & ~LOAD,
      ro: LOAD,
      onWrite: (written: number) => this.#startTable(side, written),
    });
    this.registers = new RegisterBlock(
      registerTable(DMA2D, {
        ...Object.fromEntries(names.map((name) => [name, stored])),
        CR: {
          rw: ALL & ~(START | ABORT),
          ro: START,
          wo: ABORT,
          onWrite: (written, before) => this.#control(written, before),
        },
        ISR: { ro: ALL },
        IFCR: { wo: ALL, onWrite: (written) => this.#flag(written, false) },
        FGPFCCR: converter("FG"),
        BGPFCCR: converter("BG"),
      }),
      { name: "DMA2D", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#stop();
    this.registers.reset();
    this.#update();
  }

  override read(offset: number, size: AccessSize): number {
    const side = this.#tableAt(offset);
    if (side === undefined) return super.read(offset, size);
    if (!this.#tableFree(side)) return 0;
    const word = this.#clut[side][(offset & (TABLE_BYTES - 1)) >>> 2] ?? 0;
    const value = word >>> ((offset & 3) * 8);
    return size === 4 ? word : value & (size === 2 ? 0xffff : 0xff);
  }

  override write(offset: number, size: AccessSize, value: number): void {
    const side = this.#tableAt(offset);
    if (side !== undefined) {
      if (this.#tableFree(side)) this.#clut[side][(offset & (TABLE_BYTES - 1)) >>> 2] = value;
      return;
    }
    if (this.#drawing !== undefined && offset >= FIRST_FIXED && offset <= LAST_FIXED) {
      this.#options.log.once(
        "DMA2D.fixed",
        "guest mistake: DMA2D: a register of a running transfer is written",
      );
      return;
    }
    super.write(offset, size, value);
  }

  #tableAt(offset: number): Side | undefined {
    if (offset >= TABLES.FG && offset < TABLES.FG + TABLE_BYTES) return "FG";
    return offset >= TABLES.BG && offset < TABLES.BG + TABLE_BYTES ? "BG" : undefined;
  }

  /** A table that DMA2D itself uses cannot be reached: CAEIF. */
  #tableFree(side: Side): boolean {
    if (!this.#options.clocked()) return false;
    if (this.registers.has(`${side}PFCCR`, LOAD) || this.#drawsWith(side)) {
      this.#flag(CAEIF, true);
      return false;
    }
    return true;
  }

  #drawsWith(side: Side): boolean {
    const setup = this.#drawing?.setup;
    if (setup === undefined) return false;
    const uses = side === "FG" ? usesForeground(setup.mode) : usesBackground(setup.mode);
    const { format } = side === "FG" ? setup.fore : setup.back;
    /** L8, AL44, AL88, L4; YCbCr keeps its chroma there. */
    return uses && ((format >= 5 && format <= 8) || format === YCBCR);
  }

  #control(written: number, before: number): void {
    if (this.#drawing !== undefined && ((written ^ before) & MODE_AND_LOM) !== 0) {
      this.registers.set("CR", (this.registers.get("CR") & ~MODE_AND_LOM) | (before & MODE_AND_LOM));
    }
    if ((written & ABORT) !== 0) this.#stop();
    if ((written & START) !== 0 && this.#drawing === undefined && this.#loading === undefined) this.#start();
    if (this.#drawing === undefined) this.registers.setBits("CR", SUSP, false);
    else this.#suspend(this.#drawing, this.registers.has("CR", SUSP));
    this.#update();
  }

  #suspend(drawing: Drawing, suspended: boolean): void {
    const { timeline } = this.#options;
    if (suspended && drawing.left === undefined) {
      drawing.left = drawing.dueAt - timeline.now;
      timeline.cancel(this.#step);
    } else if (!suspended && drawing.left !== undefined) {
      const left = drawing.left;
      drawing.left = undefined;
      this.#schedule(drawing, left);
    }
  }

  #start(): void {
    const setup = readSetup((name) => this.registers.get(name));
    const mistake = mistakeOf(setup);
    if (mistake !== undefined) {
      this.#wrong(mistake);
      return;
    }
    const line = this.registers.get("LWR");
    this.#drawing = {
      setup,
      painter: new Painter(setup, this.#options.bus, this.#clut),
      watermark: line <= setup.height ? line : 0,
      done: 0,
      dueAt: 0,
      left: undefined,
    };
    this.registers.setBits("CR", START, true);
    this.#next(this.#drawing, SETUP_CLOCKS);
  }

  #wrong(mistake: string): void {
    this.#options.log.once(`DMA2D.${mistake}`, `guest mistake: DMA2D: wrong configuration: ${mistake}`);
    this.#flag(CEIF, true);
  }

  /** To the watermark, and then to the end. */
  #goal({ watermark, done, setup }: Drawing): number {
    return watermark > done ? watermark : setup.height;
  }

  #next(drawing: Drawing, clocks: number): void {
    const pixels = (this.#goal(drawing) - drawing.done) * drawing.setup.width;
    this.#schedule(drawing, this.#time(clocks + pixels / PIXELS_PER_CLOCK));
  }

  #schedule(drawing: Drawing, ns: number): void {
    const { timeline } = this.#options;
    drawing.dueAt = timeline.now + ns;
    this.#step = timeline.after(ns, () => this.#draw(drawing));
  }

  #time(clocks: number): number {
    return (clocks * 1e9) / this.#options.hclkHz();
  }

  #draw(drawing: Drawing): void {
    const goal = this.#goal(drawing);
    if (!this.#reaches(() => drawing.painter.lines(drawing.done, goal))) {
      this.#stop();
      return;
    }
    drawing.done = goal;
    if (goal === drawing.watermark) this.#flag(TWIF, true);
    if (goal < drawing.setup.height) {
      this.#next(drawing, 0);
      return;
    }
    this.#stop();
    this.#flag(TCIF, true);
    this.#options.onComplete?.();
  }

  /** False, and TEIF, where the bus answers an access with an error. */
  #reaches(access: () => void): boolean {
    try {
      access();
      return true;
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#options.log.once(
        `DMA2D.${error.message}`,
        `guest mistake: DMA2D: transfer error: ${error.message}`,
      );
      this.#flag(TEIF, true);
      return false;
    }
  }

  #stop(): void {
    this.#options.timeline.cancel(this.#step);
    this.#options.timeline.cancel(this.#loading);
    this.#drawing = undefined;
    this.#loading = undefined;
    this.registers.setBits("CR", START | SUSP, false);
    for (const name of ["FGPFCCR", "BGPFCCR"]) this.registers.setBits(name, LOAD, false);
  }

  /** CLUT loading by hardware: CS + 1 entries of ARGB8888 or RGB888, not while something else runs. */
  #startTable(side: Side, written: number): void {
    if ((written & LOAD) === 0 || this.#loading !== undefined) return;
    const control = this.registers.get(`${side}PFCCR`);
    const short = (control & CCM_RGB888) !== 0;
    if (side === "FG" && (control & 0xf) === YCBCR) {
      this.#wrong("a colour table is loaded for YCbCr");
      return;
    }
    if (!short && (this.registers.get(`${side}CMAR`) & 3) !== 0) {
      this.#wrong(`${side}CMAR is not aligned to words`);
      return;
    }
    this.registers.setBits(`${side}PFCCR`, LOAD, true);
    const count = ((control >>> 8) & 0xff) + 1;
    this.#loading = this.#options.timeline.after(this.#time(SETUP_CLOCKS + count / 2), () => {
      const loaded = this.#reaches(() => this.#loadTable(side, count, short ? 3 : 4));
      this.#loading = undefined;
      this.registers.setBits(`${side}PFCCR`, LOAD, false);
      if (loaded) this.#flag(CTCIF, true);
    });
  }

  #loadTable(side: Side, count: number, bytes: 3 | 4): void {
    const base = this.registers.get(`${side}CMAR`);
    for (let n = 0; n < count; n++) {
      let value = bytes === 3 ? 0xff00_0000 : 0;
      for (let i = 0; i < bytes; i++) value |= this.#options.bus.read(base + n * bytes + i, 1) << (i * 8);
      this.#clut[side][n] = value >>> 0;
    }
  }

  #flag(bits: number, set: boolean): void {
    this.registers.setBits("ISR", bits, set);
    this.#update();
  }

  #update(): void {
    const enabled = (this.registers.get("CR") >>> 8) & 0x3f;
    this.#options.interrupt.set((this.registers.get("ISR") & enabled) !== 0);
  }
}

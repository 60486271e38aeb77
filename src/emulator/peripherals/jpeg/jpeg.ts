/**
 * The JPEG codec (RM0433, chapter JPEG): decodes baseline pictures with their headers and encodes with headers of its own.
 * A block of 8x8 samples takes 64 clocks. Decoding without headers (HDR = 0) is not modelled.
 */

import type { AccessSize, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { JPEG } from "../tables/stored.js";
import { ByteQueue } from "./byte-queue.js";
import { BLOCK } from "./dct.js";
import { JpegDecoder } from "./jpeg-decoder.js";
import { END_OF_IMAGE, headerOf, JpegEncoder } from "./jpeg-encoder.js";
import { NotDecodable } from "./jpeg-entropy.js";
import { blocksOf, type Component, type Frame } from "./jpeg-frame.js";
import { JpegMemories } from "./jpeg-memories.js";

/** Conditions that trigger MDMA. */
export const JPEG_TRIGGERS = ["inputThreshold", "inputRoom", "outputThreshold", "outputData", "end"] as const;
export type JpegTrigger = (typeof JPEG_TRIGGERS)[number];

export interface JpegOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly hclkHz: () => number;
  /** The condition holds; told again with each access while it does. */
  readonly onTrigger?: (trigger: JpegTrigger) => void;
}

const START = 1 << 0;
/** CONFR1 */
const DE = 1 << 3;
const HDR = 1 << 8;
/** CR */
const JCEN = 1 << 0;
const ENABLES = 0x7e;
const IFF = 1 << 13;
const OFF = 1 << 14;
/** SR */
const FLAGS: Readonly<Record<JpegTrigger, number>> = {
  inputThreshold: 1 << 1,
  inputRoom: 1 << 2,
  outputThreshold: 1 << 3,
  outputData: 1 << 4,
  end: 1 << 5,
};
const HPDF = 1 << 6;
const COF = 1 << 7;

/** Sixteen words, half of them are the threshold (JPEG_FIFO_SIZE in ST's library). */
const FIFO_BYTES = 64;
const THRESHOLD_BYTES = 32;
const CLOCKS_PER_BLOCK = 64;
const COMPONENTS = ["CONFR4", "CONFR5", "CONFR6", "CONFR7"] as const;

export class Jpeg extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: JpegOptions;
  readonly #memories = new JpegMemories();
  readonly #input = new ByteQueue();
  readonly #output = new ByteQueue();
  /** What the decoder has of its input. */
  readonly #taken = new ByteQueue();
  #decoder: JpegDecoder | undefined;
  #encoder: JpegEncoder | undefined;
  /** Units that are still to be encoded. */
  #units = 0;
  #finished = false;
  /** Nothing follows what is in the output FIFO. */
  #ended = false;
  #working: TimelineEvent | undefined;

  constructor(options: JpegOptions) {
    super();
    this.#options = options;
    const stored = ["CONFR1", "CONFR2", "CONFR3", ...COMPONENTS].map((name) => [name, { rw: ALL }]);
    this.registers = new RegisterBlock(
      registerTable(JPEG, {
        ...Object.fromEntries(stored),
        CONFR0: { wo: ALL, onWrite: (written) => this.#start((written & START) !== 0) },
        CR: { rw: JCEN | ENABLES, wo: IFF | OFF, onWrite: (written) => this.#control(written) },
        SR: { ro: ALL, onRead: () => this.#flags },
        CFR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        DIR: { wo: ALL, onWrite: (word) => this.#write(word) },
        DOR: { ro: ALL, onRead: () => this.#readWord() },
      }),
      { name: "JPEG", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#stop();
    this.registers.reset();
    this.#memories.reset();
    this.#input.clear();
    this.#output.clear();
    this.#ended = false;
    this.#update();
  }

  override read(offset: number, size: AccessSize): number {
    if (!this.#memories.holds(offset)) return super.read(offset, size);
    return this.#options.clocked() ? this.#memories.read(offset, size) : 0;
  }

  override write(offset: number, size: AccessSize, value: number): void {
    if (!this.#memories.holds(offset)) super.write(offset, size, value);
    else if (this.#options.clocked()) this.#memories.write(offset, size, value);
  }

  /** Does a condition hold now? */
  asserted(trigger: JpegTrigger): boolean {
    return (this.#flags & FLAGS[trigger]) !== 0;
  }

  // ---- registers ----

  /** Bytes of words that can be read: the last one may be filled up with zeros. */
  get #available(): number {
    const whole = this.#output.length & ~3;
    return whole !== this.#output.length && this.#ended ? whole + 4 : whole;
  }

  get #flags(): number {
    const input = this.#input.length;
    const output = this.#available;
    return (
      (this.registers.get("SR") & (FLAGS.end | HPDF | COF)) |
      (input < THRESHOLD_BYTES ? FLAGS.inputThreshold : 0) |
      (input < FIFO_BYTES ? FLAGS.inputRoom : 0) |
      (output >= THRESHOLD_BYTES ? FLAGS.outputThreshold : 0) |
      (output > 0 ? FLAGS.outputData : 0)
    );
  }

  #control(written: number): void {
    if ((written & IFF) !== 0) this.#input.clear();
    if ((written & OFF) !== 0) this.#output.clear();
    this.#work();
  }

  #clear(written: number): void {
    this.registers.setBits("SR", written & (FLAGS.end | HPDF), false);
    this.#update();
  }

  #write(word: number): void {
    if (this.#input.length < FIFO_BYTES) this.#input.pushWord(word);
    else this.#mistake("DIR is written while the input FIFO is full: lost");
    this.#work();
  }

  #readWord(): number {
    if (this.#available === 0) {
      this.#mistake("DOR is read while the output FIFO is empty: 0");
      return 0;
    }
    const word = this.#output.shiftWord();
    this.#work();
    return word;
  }

  #start(on: boolean): void {
    this.#stop();
    if (!on) return;
    this.#ended = false;
    this.registers.setBits("SR", COF, true);
    const header = this.registers.has("CONFR1", HDR);
    if (this.registers.has("CONFR1", DE)) {
      if (header) this.#decoder = new JpegDecoder(this.#taken, this.#memories);
      else this.#note("decoding without header processing (HDR = 0) is not modelled: nothing comes out");
    } else {
      const frame = this.#describedFrame();
      this.#encoder = new JpegEncoder(frame, this.#memories);
      this.#units = (this.registers.get("CONFR2") & 0x3ff_ffff) + 1;
      if (header) this.#output.push(headerOf(frame, this.#memories));
    }
    this.#work();
  }

  #stop(): void {
    this.#options.timeline.cancel(this.#working);
    this.#working = undefined;
    this.#decoder = undefined;
    this.#encoder = undefined;
    this.#finished = false;
    this.#taken.clear();
    this.registers.setBits("SR", COF, false);
  }

  // ---- work ----

  /** Begins with the next unit when its input is there and the last one's output is on its way. */
  #work(): void {
    if (this.registers.has("CR", JCEN) && this.#working === undefined) {
      if (this.#output.length <= FIFO_BYTES) {
        if (this.#finished) this.#end();
        else if (this.#encoder !== undefined) this.#encode(this.#encoder);
        else if (this.#decoder !== undefined) this.#decode(this.#decoder);
      }
    }
    this.#update();
  }

  #end(): void {
    this.#stop();
    this.#ended = true;
    this.registers.setBits("SR", FLAGS.end, true);
  }

  #decode(decoder: JpegDecoder): void {
    this.#taken.push(this.#input.shift(FIFO_BYTES));
    try {
      for (let step = decoder.next(); step !== undefined; step = decoder.next()) {
        if ("header" in step) {
          this.#describe(step.header);
          continue;
        }
        const { samples, last } = step;
        this.#after(samples.length / BLOCK, () => {
          this.#output.push(samples);
          this.#finished = last;
        });
        return;
      }
    } catch (error) {
      if (!(error instanceof NotDecodable)) throw error;
      this.#decoder = undefined;
      this.#note(`the picture cannot be decoded: ${error.message}; the codec waits until it is stopped`);
    }
  }

  /** A unit of samples does not fit into the FIFO: the codec takes it in as it comes. */
  #encode(encoder: JpegEncoder): void {
    this.#taken.push(this.#input.shift(FIFO_BYTES));
    const blocks = blocksOf(this.#describedFrame());
    if (this.#taken.length < blocks * BLOCK) return;
    const unit = this.#taken.shift(blocks * BLOCK).slice();
    this.#after(blocks, () => {
      this.#output.push(encoder.unit(unit));
      this.#units--;
      if (this.#units > 0) return;
      this.#output.push(encoder.end());
      if (this.registers.has("CONFR1", HDR)) this.#output.push(END_OF_IMAGE);
      this.#finished = true;
    });
  }

  #after(blocks: number, done: () => void): void {
    const ns = (blocks * CLOCKS_PER_BLOCK * 1e9) / this.#options.hclkHz();
    this.#working = this.#options.timeline.after(ns, () => {
      this.#working = undefined;
      done();
      this.#work();
    });
  }

  // ---- CONFRx ----

  #describe({ width, height, components }: Frame): void {
    const last = components.length - 1;
    const confr1 = this.registers.get("CONFR1") & (DE | HDR);
    // COLORSPACE counts the quantisation tables in use, less one (RM0433, JPEG_CONFR1).
    const tables = new Set(components.map(({ quantisation }) => quantisation)).size - 1;
    this.registers.set("CONFR1", confr1 | last | (tables << 4) | (last << 6) | (height << 16));
    this.registers.set("CONFR3", width << 16);
    COMPONENTS.forEach((name, index) => {
      const c = components[index];
      if (c === undefined) return;
      const tables = (c.dc & 1) | ((c.ac & 1) << 1) | (c.quantisation << 2);
      this.registers.set(name, tables | ((c.blocks - 1) << 4) | (c.v << 8) | (c.h << 12));
    });
    this.registers.setBits("SR", HPDF, true);
  }

  #describedFrame(): Frame {
    const confr1 = this.registers.get("CONFR1");
    const components = COMPONENTS.slice(0, (confr1 & 3) + 1).map((name, index): Component => {
      const value = this.registers.get(name);
      return {
        id: index + 1,
        dc: value & 1,
        ac: (value >>> 1) & 1,
        quantisation: (value >>> 2) & 3,
        blocks: ((value >>> 4) & 15) + 1,
        v: (value >>> 8) & 15,
        h: (value >>> 12) & 15,
      };
    });
    return { height: confr1 >>> 16, width: this.registers.get("CONFR3") >>> 16, components };
  }

  // ---- interrupt and triggers ----

  #update(): void {
    const flags = this.#flags;
    this.#options.interrupt.set((flags & this.registers.get("CR") & ENABLES) !== 0);
    const { onTrigger } = this.#options;
    if (onTrigger === undefined) return;
    for (const trigger of JPEG_TRIGGERS) if ((flags & FLAGS[trigger]) !== 0) onTrigger(trigger);
  }

  #mistake(message: string): void {
    this.#options.log.once(`JPEG.${message}`, `guest mistake: JPEG: ${message}`);
  }

  #note(message: string): void {
    this.#options.log.once(`JPEG.${message}`, `JPEG: ${message}`);
  }
}

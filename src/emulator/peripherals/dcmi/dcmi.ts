/**
 * The digital camera interface (RM0433, chapter DCMI). Its synchronisation lines come from the pins; samples come by the line
 * or a part of one, with the time of their pixel clocks behind them.
 */

import {
  type AccessSize,
  BusFault,
  type ClockGate,
  type EmulatorLog,
  type InterruptLine,
} from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { DmaSignal } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { EmbeddedSync } from "./dcmi-embedded.js";
import { DcmiFifo } from "./dcmi-fifo.js";
import {
  CAPTURE,
  DCMI,
  EDM_SHIFT,
  ENABLE,
  ERR,
  ESS,
  FCRC_SHIFT,
  FNE,
  FRAME,
  HSPOL,
  HSYNC,
  JPEG,
  LINE,
  OVR,
  SNAPSHOT,
  VSPOL,
  VSYNC,
  VSYNC_EVENT,
} from "./dcmi-registers.js";
import { DcmiWindow } from "./dcmi-window.js";

export interface DcmiOptions {
  readonly log: EmulatorLog;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly request: DmaSignal;
}

/** CR.EDM: bits of a sample. */
const SAMPLE_MASKS = [0xff, 0x3ff, 0xfff, 0x3fff] as const;
/** CR.FCRC: one frame out of so many; 3 is reserved. */
const FRAME_RATES = [1, 2, 4, 1] as const;

export class Dcmi extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: DcmiOptions;
  readonly #fifo = new DcmiFifo();
  readonly #window: DcmiWindow;
  readonly #embedded: EmbeddedSync;
  /** Levels of the pins. */
  #pins = { HSYNC: false, VSYNC: false };
  /** The frame under way is being captured. */
  #grabbing = false;
  /** FRAME was told for it. */
  #told = false;
  /** CAPTURE was taken back while a frame is captured: it stays set until that ends. */
  #stopping = false;
  /** Frames since CAPTURE was set. */
  #frames = 0;

  constructor(options: DcmiOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(DCMI, {
        CR: { rw: ALL, onWrite: (_written, before) => this.#control(before) },
        SR: { ro: ALL, onRead: () => this.#status },
        RISR: { ro: ALL },
        IER: { rw: ALL, onWrite: () => this.#update() },
        MISR: { ro: ALL, onRead: () => this.registers.get("RISR") & this.registers.get("IER") },
        ICR: { wo: ALL, onWrite: (written) => this.#flag(written, false) },
        ESCR: { rw: ALL },
        ESUR: { rw: ALL },
        CWSTRTR: { rw: ALL },
        CWSIZER: { rw: ALL },
        DR: { ro: ALL, onRead: () => this.#read() },
      }),
      { name: "DCMI", log: options.log, clocked: options.clocked },
    );
    this.#window = new DcmiWindow(this.registers);
    this.#embedded = new EmbeddedSync(
      () => ({ codes: this.registers.get("ESCR"), unmasked: this.registers.get("ESUR") }),
      {
        onByte: (byte) => this.#sample(byte),
        onFrame: (begins) => this.#frame(begins),
        onLine: (begins) => this.#line(begins),
        onError: () => this.#lose(ERR),
      },
    );
  }

  override read(offset: number, size: AccessSize): number {
    wordsOnly(offset, size);
    return super.read(offset, size);
  }

  override write(offset: number, size: AccessSize, value: number): void {
    wordsOnly(offset, size);
    super.write(offset, size, value);
  }

  reset(): void {
    this.registers.reset();
    this.#disable();
    this.#update();
  }

  /** It looks at its pins. */
  get enabled(): boolean {
    return this.registers.has("CR", ENABLE) && this.#options.clocked();
  }

  /** What comes now would be kept: who sends it need not make it up otherwise. */
  get wantsData(): boolean {
    return this.enabled && (this.#grabbing || this.#byCodes);
  }

  /** The level of a synchronisation line; undefined: no pin is set up for it, and it is low. */
  pinChanged(which: "HSYNC" | "VSYNC", level: boolean | undefined): void {
    const before = this.#blanking(which);
    this.#pins[which] = level === true;
    const blanking = this.#blanking(which);
    if (blanking === before || !this.enabled || this.#byCodes) return;
    if (which === "VSYNC") this.#frame(!blanking);
    else this.#line(!blanking);
  }

  /** Pixel clocks with their samples, while neither synchronisation line changes. */
  clockIn(samples: ArrayLike<number>): void {
    if (!this.enabled) return;
    const embedded = this.#byCodes;
    if (!embedded && (this.#blanking("HSYNC") || this.#blanking("VSYNC"))) return;
    for (let n = 0; n < samples.length; n++) {
      const sample = samples[n] as number;
      if (embedded) this.#embedded.byte(sample & 0xff);
      else this.#sample(sample);
    }
    this.#update();
  }

  // ---- registers ----

  #control(before: number): void {
    const now = this.registers.get("CR");
    if ((before & ~now & ENABLE) !== 0) {
      this.#disable();
    } else if ((before & ~now & CAPTURE) !== 0 && this.#grabbing) {
      this.#stopping = true;
      this.registers.setBits("CR", CAPTURE, true);
    } else if ((now & CAPTURE) !== 0) {
      this.#stopping = false;
      if ((before & CAPTURE) === 0) this.#frames = 0;
    }
    this.#update();
  }

  #disable(): void {
    if (this.#stopping) this.registers.setBits("CR", CAPTURE, false);
    this.#stopping = false;
    this.#grabbing = false;
    this.#fifo.clear();
    this.#embedded.reset();
  }

  get #status(): number {
    if (!this.enabled) return 0;
    const embedded = this.#byCodes;
    const line = embedded ? this.#embedded.inLine : !this.#blanking("HSYNC");
    const frame = embedded ? this.#embedded.inFrame : !this.#blanking("VSYNC");
    return (line ? 0 : HSYNC) | (frame ? 0 : VSYNC) | (this.#fifo.empty ? 0 : FNE);
  }

  #read(): number {
    const word = this.#fifo.take();
    this.#update();
    return word;
  }

  /** Codes in the data synchronise; JPEG has none. */
  get #byCodes(): boolean {
    return (this.registers.get("CR") & (ESS | JPEG)) === ESS;
  }

  /** HSPOL and VSPOL tell the level while there is no data. */
  #blanking(which: "HSYNC" | "VSYNC"): boolean {
    return this.#pins[which] === this.registers.has("CR", which === "HSYNC" ? HSPOL : VSPOL);
  }

  // ---- frames ----

  #frame(begins: boolean): void {
    if (begins) this.#frameStarts();
    else this.#frameEnds();
    this.#update();
  }

  #frameStarts(): void {
    if (!this.registers.has("CR", CAPTURE)) return;
    const cr = this.registers.get("CR");
    const every = (cr & SNAPSHOT) !== 0 ? 1 : (FRAME_RATES[(cr >>> FCRC_SHIFT) & 3] ?? 1);
    this.#grabbing = this.#frames % every === 0;
    this.#frames++;
    this.#told = false;
    this.#fifo.align();
    this.#window.frameStarts();
  }

  #frameEnds(): void {
    if (!this.#byCodes || this.registers.has("CR", CAPTURE)) this.#flag(VSYNC_EVENT, true);
    if (!this.#grabbing) return;
    if (this.registers.has("CR", JPEG) && !this.#fifo.flush()) {
      this.#lose(OVR);
      return;
    }
    this.#grabbing = false;
    this.#captured();
    if (this.registers.has("CR", SNAPSHOT) || this.#stopping) this.registers.setBits("CR", CAPTURE, false);
    this.#stopping = false;
  }

  #line(begins: boolean): void {
    if (begins) return;
    if (!this.#byCodes || this.registers.has("CR", CAPTURE)) this.#flag(LINE, true);
    if (this.#grabbing && !this.registers.has("CR", JPEG) && this.#window.lineEnds()) this.#captured();
    this.#update();
  }

  /** All of the frame, or of its window. */
  #captured(): void {
    if (!this.#told) this.#flag(FRAME, true);
    this.#told = true;
  }

  /** The FIFO is reset, and the next frame's start is waited for; an overrun ends a snapshot. */
  #lose(why: typeof OVR | typeof ERR): void {
    this.#fifo.clear();
    this.#grabbing = false;
    const over = why === OVR && this.registers.has("CR", SNAPSHOT);
    if (over || this.#stopping) this.registers.setBits("CR", CAPTURE, false);
    this.#stopping = false;
    this.#flag(why, true);
  }

  #sample(sample: number): void {
    if (!this.#grabbing) return;
    const cr = this.registers.get("CR");
    if ((cr & JPEG) === 0 && !this.#window.takes()) return;
    const mode = (cr >>> EDM_SHIFT) & 3;
    const kept = this.#fifo.put(sample & (SAMPLE_MASKS[mode] as number), mode === 0 ? 8 : 16);
    if (!kept) this.#lose(OVR);
  }

  // ---- flags ----

  #flag(mask: number, on: boolean): void {
    this.registers.setBits("RISR", mask, on);
    this.#update();
  }

  #update(): void {
    this.#options.request.set(!this.#fifo.empty);
    this.#options.interrupt.set((this.registers.get("RISR") & this.registers.get("IER")) !== 0);
  }
}

/** @throws BusFault */
function wordsOnly(offset: number, size: AccessSize): void {
  if (size !== 4) throw new BusFault("DCMI takes words only", offset);
}

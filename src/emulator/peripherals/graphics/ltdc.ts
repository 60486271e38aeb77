/** LTDC: shadow reload, line and reload interrupts in frame time, and the picture when somebody asks for it (RM0433, chapter LTDC). */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { DmaBus } from "../dma/dma-channel.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { LTDC } from "../tables/graphics.js";
import { drawPicture, type LayerRegisters, type Picture } from "./ltdc-picture.js";

export interface LtdcOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** Pixel clock (PLL3R), Hz. */
  readonly pixelHz: () => number;
  /** Where the frame buffers are. */
  readonly bus: DmaBus;
  /** A trigger of MDMA. */
  readonly onLine?: () => void;
}

const LAYERS = [1, 2] as const;
const LAYER_REGISTERS = [
  "CR",
  "WHPCR",
  "WVPCR",
  "CKCR",
  "PFCR",
  "CACR",
  "DCCR",
  "BFCR",
  "CFBAR",
  "CFBLR",
  "CFBLNR",
] as const;
const LTDCEN = 1 << 0;
const IMR = 1 << 0;
const VBR = 1 << 1;
const LIF = 1 << 0;
const RRIF = 1 << 3;
const CDSR = { VDES: 1 << 0, HDES: 1 << 1, VSYNCS: 1 << 2, HSYNCS: 1 << 3 } as const;

export class Ltdc extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: LtdcOptions;
  #line: TimelineEvent | undefined;
  #reload: TimelineEvent | undefined;
  #enabledAt = 0;
  readonly #tables = LAYERS.map(() => new Array<number>(256).fill(0));

  constructor(options: LtdcOptions) {
    super();
    this.#options = options;
    const actions: Record<string, RegisterAction> = {};
    for (const [name] of LTDC.matchAll(/\b(L[12]\w+|SSCR|BPCR|AWCR|TWCR|BCCR)\b(?= )/g)) {
      actions[name] = { rw: ALL };
    }
    for (const layer of LAYERS) {
      const write = (written: number): void => {
        this.#tables[layer - 1]?.splice(written >>> 24, 1, written & 0xff_ffff);
      };
      actions[`L${layer}CLUTWR`] = { wo: ALL, onWrite: write };
    }
    this.registers = new RegisterBlock(
      registerTable(LTDC, {
        ...actions,
        GCR: { rw: 0xf001_0001, ro: 0x7770, onWrite: () => this.#restart() },
        SRCR: { rw: IMR | VBR, onWrite: () => this.#shadow() },
        IER: { rw: ALL, onWrite: () => this.#restart() },
        ISR: { ro: ALL },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        LIPCR: { rw: ALL, onWrite: () => this.#restart() },
        CPSR: { ro: ALL, onRead: () => this.#position() },
        CDSR: { ro: ALL, onRead: (stored) => this.#phase(stored) },
      }),
      { name: "LTDC", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#options.timeline.cancel(this.#line);
    this.#options.timeline.cancel(this.#reload);
    this.registers.reset();
    this.#update();
  }

  /** What the panel shows now; undefined while LTDC is off. */
  picture(): Picture | undefined {
    if (!this.registers.has("GCR", LTDCEN)) return undefined;
    const layers = LAYERS.map((layer): LayerRegisters => {
      const values = LAYER_REGISTERS.map((name) => [name, this.registers.get(`L${layer}${name}`)]);
      return { ...Object.fromEntries(values), table: this.#tables[layer - 1] ?? [] };
    });
    const [BPCR, AWCR, BCCR] = ["BPCR", "AWCR", "BCCR"].map((name) => this.registers.get(name)) as [
      number,
      number,
      number,
    ];
    return drawPicture({ BPCR, AWCR, BCCR, layers }, this.#options.bus);
  }

  get #lineNs(): number {
    const pixels = ((this.registers.get("TWCR") >>> 16) & 0xfff) + 1;
    return (pixels * 1e9) / this.#options.pixelHz();
  }

  get #frameNs(): number {
    return ((this.registers.get("TWCR") & 0x7ff) + 1) * this.#lineNs;
  }

  get #scanning(): boolean {
    return this.registers.has("GCR", LTDCEN) && this.#options.pixelHz() > 0;
  }

  /** Nanoseconds until line `line` begins. */
  #until(line: number): number {
    const { timeline } = this.#options;
    const frame = this.#frameNs;
    const into = (timeline.now - this.#enabledAt) % frame;
    const wait = line * this.#lineNs - into;
    // A line that has just begun is a rounding error before its beginning or behind it.
    const next = wait > 1 ? wait : wait + frame;
    return next > 1 ? next : next + frame;
  }

  #restart(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#line);
    if (this.registers.has("GCR", LTDCEN) && this.#enabledAt === 0) this.#enabledAt = timeline.now;
    if (!this.registers.has("GCR", LTDCEN)) this.#enabledAt = 0;
    this.#update();
    if (this.#scanning) this.#awaitLine();
  }

  /** The flag comes whether or not it may interrupt. */
  #awaitLine(): void {
    this.#line = this.#options.timeline.after(this.#until(this.registers.get("LIPCR")), () => {
      this.registers.setBits("ISR", LIF, true);
      this.#options.onLine?.();
      this.#update();
      this.#awaitLine();
    });
  }

  /** Values take effect at once for the registers as software sees them; the flags and bits follow the hardware's times. */
  #shadow(): void {
    if (this.registers.has("SRCR", IMR)) {
      this.registers.setBits("SRCR", IMR, false);
      this.#reloaded();
      return;
    }
    if (!this.registers.has("SRCR", VBR) || !this.#scanning) return;
    const active = (this.registers.get("AWCR") & 0x7ff) + 1;
    this.#options.timeline.cancel(this.#reload);
    this.#reload = this.#options.timeline.after(this.#until(active), () => {
      this.registers.setBits("SRCR", VBR, false);
      this.#reloaded();
    });
  }

  #reloaded(): void {
    this.registers.setBits("ISR", RRIF, true);
    this.#update();
  }

  #position(): number {
    if (!this.#scanning) return 0;
    const into = (this.#options.timeline.now - this.#enabledAt) % this.#frameNs;
    const y = Math.floor(into / this.#lineNs);
    const x = Math.floor(((into % this.#lineNs) * this.#options.pixelHz()) / 1e9);
    return ((x << 16) | y) >>> 0;
  }

  /** Between which edges the position is. The registers hold the last clock, or line, of sync, back porch and active area. */
  #phase(idle: number): number {
    if (!this.#scanning) return idle;
    const position = this.#position();
    const [sync, porch, active] = ["SSCR", "BPCR", "AWCR"].map((name) => this.registers.get(name)) as [
      number,
      number,
      number,
    ];
    const within = (shift: number, enable: number, pulse: number): number => {
      const [at, syncEnd, porchEnd, activeEnd] = [position, sync, porch, active].map(
        (value) => (value >>> shift) & 0xfff,
      ) as [number, number, number, number];
      return (at > porchEnd && at <= activeEnd ? enable : 0) | (at <= syncEnd ? pulse : 0);
    };
    return within(16, CDSR.HDES, CDSR.HSYNCS) | within(0, CDSR.VDES, CDSR.VSYNCS);
  }

  #clear(written: number): void {
    this.registers.setBits("ISR", written, false);
    this.#update();
  }

  #update(): void {
    this.#options.interrupt.set((this.registers.get("ISR") & this.registers.get("IER")) !== 0);
  }
}

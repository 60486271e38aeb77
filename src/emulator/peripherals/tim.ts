/**
 * Timers as up-counters: TIM6/TIM7 and the counting part of TIM2..TIM5 (RM0433, chapters of the same names).
 * Capture, compare, slave modes, down and centre-aligned counting are stored only.
 */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock, type RegisterSpec } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";

export interface TimOptions {
  /** "TIM2".."TIM7". */
  readonly name: string;
  /** TIM6 and TIM7 are basic, TIM2..TIM5 general. */
  readonly kind: "basic" | "general";
  /** Counter width: 32 for TIM2 and TIM5, else 16. */
  readonly bits: 16 | 32;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** The timers' kernel clock in Hz (ClockTree.timerHz). */
  readonly clockHz: () => number;
}

type BasicRegister = "CR1" | "CR2" | "DIER" | "SR" | "EGR" | "CNT" | "PSC" | "ARR";
type TimRegister = BasicRegister | keyof typeof GENERAL;

const CEN = 1 << 0;
const UDIS = 1 << 1;
const URS = 1 << 2;
const OPM = 1 << 3;
const ARPE = 1 << 7;
const UIFREMAP = 1 << 11;
const UIE = 1 << 0;
const UIF = 1 << 0;
const UG = 1 << 0;
const UIFCPY = 0x8000_0000;

const GENERAL = {
  SMCR: { offset: 0x08, reset: 0, tagged: 0x31_fff7 },
  CCMR1_Output: { offset: 0x18, reset: 0, tagged: 0x101_ffff },
  CCMR2_Output: { offset: 0x1c, reset: 0, tagged: 0x101_ffff },
  CCER: { offset: 0x20, reset: 0, tagged: 0xbbbb },
  CCR1: { offset: 0x34, reset: 0, tagged: 0xffff_ffff },
  CCR2: { offset: 0x38, reset: 0, tagged: 0xffff_ffff },
  CCR3: { offset: 0x3c, reset: 0, tagged: 0xffff_ffff },
  CCR4: { offset: 0x40, reset: 0, tagged: 0xffff_ffff },
  DCR: { offset: 0x48, reset: 0, tagged: 0x1f1f },
  DMAR: { offset: 0x4c, reset: 0, tagged: 0xffff },
  AF1: { offset: 0x60, reset: 0, tagged: 0x3_c000 },
  TISEL: { offset: 0x68, reset: 0, tagged: 0x0f0f_0f0f },
} as const satisfies Readonly<Record<string, RegisterSpec>>;

const KIND_BITS = {
  basic: { CR1: 0, CR2: 0x70, DIER: 0x100, EGR: 0 },
  general: { CR1: 0x370, CR2: 0xf8, DIER: 0x5f5e, EGR: 0x5e },
} as const;

export class Tim implements BusDevice {
  readonly registers: RegisterBlock<TimRegister>;

  readonly #options: TimOptions;
  /** Counter value at board time `#since`; it counts from there while `#overflow` is scheduled. */
  #count = 0;
  #since = 0;
  /** Values behind the preload registers. */
  #psc = 0;
  #arr: number;
  #hz = 0;
  #overflow: TimelineEvent | undefined;

  constructor(options: TimOptions) {
    this.#options = options;
    this.#arr = this.#max;
    const basic = this.#basicSpecs();
    this.registers = new RegisterBlock<TimRegister>(
      // A basic timer lacks the general registers: they are not declared, so accesses are reported.
      options.kind === "general" ? { ...basic, ...GENERAL } : (basic as Record<TimRegister, RegisterSpec>),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
  }

  read(offset: number, size: AccessSize): number {
    return this.registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.registers.write(offset, size, value);
  }

  reset(): void {
    this.#options.timeline.cancel(this.#overflow);
    this.#overflow = undefined;
    this.registers.reset();
    this.#count = 0;
    this.#psc = 0;
    this.#arr = this.#max;
    this.#updateInterrupt();
  }

  /** To be called when the timers' clock changed. */
  clockChanged(): void {
    this.#reschedule();
  }

  get #max(): number {
    return this.#options.bits === 32 ? 0xffff_ffff : 0xffff;
  }

  #basicSpecs(): Record<BasicRegister, RegisterSpec> {
    const bits = KIND_BITS[this.#options.kind];
    const general = this.#options.kind === "general";
    return {
      CR1: {
        offset: 0x00,
        reset: 0,
        rw: CEN | UDIS | URS | OPM | ARPE | UIFREMAP,
        tagged: bits.CR1,
        onWrite: () => this.#reschedule(),
      },
      CR2: { offset: 0x04, reset: 0, tagged: bits.CR2 },
      DIER: { offset: 0x0c, reset: 0, rw: UIE, tagged: bits.DIER, onWrite: () => this.#updateInterrupt() },
      SR: {
        offset: 0x10,
        reset: 0,
        rw: UIF,
        ro: general ? 0x1e5e : 0,
        onWrite: (written, before) => this.#clear(written, before),
      },
      EGR: {
        offset: 0x14,
        reset: 0,
        wo: UG | bits.EGR,
        onWrite: (written) => this.#generate(written),
      },
      CNT: {
        offset: 0x24,
        reset: 0,
        rw: this.#max,
        ro: this.#options.bits === 16 ? UIFCPY : 0,
        onRead: () => this.#readCount(),
        onWrite: () => this.#writeCount(),
      },
      PSC: { offset: 0x28, reset: 0, rw: 0xffff },
      ARR: { offset: 0x2c, reset: this.#max, rw: this.#max, onWrite: () => this.#writeArr() },
    };
  }

  get #running(): boolean {
    return this.registers.has("CR1", CEN);
  }

  /** The counter now. */
  #current(): number {
    if (this.#overflow === undefined) return this.#count;
    const ticks = Math.floor((this.#options.timeline.now - this.#since) / this.#tickNs() + 1e-6);
    return Math.min(this.#count + ticks, this.#arr);
  }

  #tickNs(): number {
    return ((this.#psc + 1) * 1e9) / this.#hz;
  }

  #readCount(): number {
    const count = this.#current();
    const copied = this.registers.has("CR1", UIFREMAP) && this.registers.has("SR", UIF);
    return copied ? (count | UIFCPY) >>> 0 : count;
  }

  #writeCount(): void {
    this.#options.timeline.cancel(this.#overflow);
    this.#overflow = undefined;
    this.#count = this.registers.get("CNT") & this.#max;
    this.#count >>>= 0;
    this.#reschedule();
  }

  #writeArr(): void {
    if (this.registers.has("CR1", ARPE)) return;
    this.#count = this.#current();
    this.#arr = this.registers.get("ARR");
    this.#overflow = this.#cancelled();
    this.#reschedule();
  }

  #cancelled(): undefined {
    this.#options.timeline.cancel(this.#overflow);
    return undefined;
  }

  /** Fixes the count reached so far, and schedules the next overflow at the present clock. */
  #reschedule(): void {
    const { timeline, clockHz } = this.#options;
    this.#count = this.#current();
    this.#overflow = this.#cancelled();
    this.#hz = clockHz();
    this.#since = timeline.now;
    // RM0433, TIMx_ARR: the counter is blocked while the auto-reload value is 0.
    if (!this.#running || this.#hz === 0 || this.#arr === 0) return;
    const left =
      this.#count > this.#arr ? this.#max - this.#count + this.#arr + 2 : this.#arr - this.#count + 1;
    this.#overflow = timeline.after(left * this.#tickNs(), () => this.#overflowed());
  }

  #overflowed(): void {
    this.#overflow = undefined;
    this.#count = 0;
    if (!this.registers.has("CR1", UDIS)) this.#updateEvent(true);
    if (this.registers.has("CR1", OPM)) this.registers.setBits("CR1", CEN, false);
    this.#reschedule();
  }

  /** Loads the preload registers; sets UIF unless URS keeps software's events silent. */
  #updateEvent(fromOverflow: boolean): void {
    this.#psc = this.registers.get("PSC");
    this.#arr = this.registers.get("ARR");
    if (fromOverflow || !this.registers.has("CR1", URS)) this.registers.setBits("SR", UIF, true);
    this.#updateInterrupt();
  }

  #generate(written: number): void {
    if ((written & UG) === 0) return;
    this.#overflow = this.#cancelled();
    this.#count = 0;
    if (!this.registers.has("CR1", UDIS)) this.#updateEvent(false);
    this.#reschedule();
  }

  /** UIF is cleared by writing 0. */
  #clear(written: number, before: number): void {
    this.registers.set("SR", before & (written | ~UIF));
    this.#updateInterrupt();
  }

  #updateInterrupt(): void {
    this.#options.interrupt.set(this.registers.has("DIER", UIE) && this.registers.has("SR", UIF));
  }
}

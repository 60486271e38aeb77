/**
 * A filter of DFSDM (RM0399, "Launching conversions", "Continuous and fast continuous modes", "Request precedence", "Data
 * unit block"): regular and injected conversions, one channel at a time, and their results.
 */

import type { RegisterBlock, RegisterCell } from "../../registers.js";
import { EVENTS, edgesOf, FILTER, regularChannelOf, STATUS, triggerOf } from "./dfsdm-bits.js";
import { FilterLimits } from "./filter-limits.js";
import { SampleWindow, type SincShape, samplesBetween, samplesFor } from "./sinc-window.js";

export interface DfsdmFilterOptions {
  readonly number: number;
  readonly registers: RegisterBlock<string>;
  /** fDFSDMCLK, Hz. */
  readonly clockHz: () => number;
}

/** RDATAR */
const RPEND = 1 << 4;

export class DfsdmFilter {
  readonly limits: FilterLimits;
  readonly #number: number;
  readonly #registers: RegisterBlock<string>;
  readonly #clockHz: () => number;
  readonly #cr1: RegisterCell;
  readonly #cr2: RegisterCell;
  readonly #isr: RegisterCell;
  readonly #window = new SampleWindow();
  /** What is converted now. */
  #channel: number | undefined;
  #injected = false;
  /** Samples that its result takes, and until then. */
  #length = 1;
  #missing = 0;
  /** Time from its first sample to the latest. */
  #spanNs = 0;
  #fresh = true;
  /** Injected channels that are to follow, and without a scan the next one of the group. */
  #queue: number[] = [];
  #next: number | undefined;
  /** The regular conversion waits, or was interrupted. */
  #delayed = false;
  /** The next regular conversion has an empty filter, even in fast mode. */
  #afresh = true;

  constructor({ number, registers, clockHz }: DfsdmFilterOptions) {
    this.#number = number;
    this.#registers = registers;
    this.#clockHz = clockHz;
    this.#cr1 = registers.cell(this.name("CR1"));
    this.#cr2 = registers.cell(this.name("CR2"));
    this.#isr = registers.cell(this.name("ISR"));
    this.limits = new FilterLimits(number, registers);
  }

  name(register: string): string {
    return `FLT${this.#number}${register}`;
  }

  get enabled(): boolean {
    return this.#has(FILTER.DFEN);
  }

  /** An event of its own wants an interrupt. */
  get interrupts(): boolean {
    return (this.#isr.value & this.#cr2.value & EVENTS) !== 0;
  }

  /** A result is there for DMA. */
  get requests(): boolean {
    const { value } = this.#isr;
    return (
      ((value & STATUS.REOCF) !== 0 && this.#has(FILTER.RDMAEN)) ||
      ((value & STATUS.JEOCF) !== 0 && this.#has(FILTER.JDMAEN))
    );
  }

  /** Does it wait for this trigger (JEXTSEL)? */
  waitsFor(selection: number): boolean {
    const { value } = this.#cr1;
    return this.enabled && edgesOf(value) !== 0 && triggerOf(value) === selection;
  }

  /** Whose samples it takes now. */
  get channel(): number | undefined {
    return this.#channel;
  }

  /** Samples until a result. */
  get missing(): number {
    return this.#missing;
  }

  /** All conversions end, and the flags are as after a reset. */
  stop(): void {
    this.#channel = undefined;
    this.#queue = [];
    this.#delayed = false;
    this.#registers.reset([this.name("ISR"), this.name("AWSR")]);
  }

  startRegular(): void {
    if (!this.enabled || (this.#isr.value & STATUS.RCIP) !== 0) return;
    this.#flag(STATUS.RCIP, true);
    this.#afresh = true;
    this.#delayed = this.#channel !== undefined;
    if (!this.#delayed) this.#beginRegular();
  }

  startInjected(): void {
    if (!this.enabled || (this.#isr.value & STATUS.JCIP) !== 0) return;
    this.#flag(STATUS.JCIP, true);
    if (this.#channel !== undefined) this.#delayed = true;
    const group = this.#group;
    if (this.#has(FILTER.JSCAN)) this.#queue = group;
    else {
      const at = Math.max(0, group.indexOf(this.#next ?? -1));
      this.#queue = [group[at] ?? 0];
      this.#next = group[(at + 1) % group.length];
    }
    this.#beginInjected();
  }

  /** JCHG was written: without a scan its lowest channel is next. */
  groupChanged(): void {
    this.#next = undefined;
  }

  /** CR1 was written while a conversion may be under way. */
  controlled(before: number): void {
    const { value } = this.#cr1;
    if ((this.#isr.value & STATUS.RCIP) === 0 || (before & FILTER.RCONT) === 0) return;
    this.#afresh = true;
    if ((value & FILTER.RCONT) !== 0) return;
    this.#flag(STATUS.RCIP, false);
    this.#delayed = false;
    if (!this.#injected) this.#channel = undefined;
  }

  /** `count` equal samples of the channel. @param periodNs from one to the next */
  feed(value: number, count: number, periodNs: number): void {
    const channel = this.#channel;
    for (let left = count; left > 0 && this.#channel === channel; ) {
      const taken = Math.min(left, this.#missing);
      this.#window.push(value, taken);
      left -= taken;
      this.#missing -= taken;
      this.#spanNs += periodNs * (this.#fresh ? taken - 1 : taken);
      this.#fresh = false;
      if (this.#missing === 0) this.#finish(channel ?? 0);
    }
  }

  get #shape(): SincShape {
    const fcr = this.#registers.get(this.name("FCR"));
    return { order: fcr >>> 29, ratio: ((fcr >>> 16) & 0x3ff) + 1, sum: (fcr & 0xff) + 1 };
  }

  /** CNVCNT: as many of its samples' periods as it had samples. */
  get #clocks(): number {
    const bypassed = this.#shape.ratio === 1;
    const periodNs = this.#spanNs / Math.max(1, this.#length - 1);
    return bypassed ? 0 : Math.round((periodNs * this.#length * this.#clockHz()) / 1e9);
  }

  get #group(): number[] {
    const jchg = this.#registers.get(this.name("JCHGR"));
    return [0, 1, 2, 3, 4, 5, 6, 7].filter((channel) => (jchg & (1 << channel)) !== 0);
  }

  #beginRegular(): void {
    const channel = regularChannelOf(this.#cr1.value);
    const goesOn = this.#has(FILTER.FAST) && this.#has(FILTER.RCONT) && !this.#afresh;
    this.#afresh = false;
    this.#begin(channel, false, goesOn);
  }

  #beginInjected(): void {
    this.#begin(this.#queue.shift() ?? 0, true, false);
  }

  #begin(channel: number, injected: boolean, goesOn: boolean): void {
    const shape = this.#shape;
    this.#channel = channel;
    this.#injected = injected;
    this.#spanNs = 0;
    this.#fresh = true;
    this.#length = goesOn ? samplesBetween(shape) : samplesFor(shape);
    this.#missing = this.#length;
    if (!goesOn) this.#window.begin(shape);
  }

  #finish(channel: number): void {
    const data = this.#data(channel);
    this.#registers.set(this.name("CNVTIMR"), this.#clocks << 4);
    this.limits.look(channel, data);
    if (this.#injected) {
      this.#store("JDATAR", { data, low: channel, done: STATUS.JEOCF, overrun: STATUS.JOVRF });
      if (this.#queue.length > 0) this.#beginInjected();
      else this.#injectedDone();
      return;
    }
    const low = channel | (this.#delayed ? RPEND : 0);
    this.#store("RDATAR", { data, low, done: STATUS.REOCF, overrun: STATUS.ROVRF });
    this.#delayed = false;
    if (this.#has(FILTER.RCONT)) this.#beginRegular();
    else {
      this.#channel = undefined;
      this.#flag(STATUS.RCIP, false);
    }
  }

  #injectedDone(): void {
    this.#flag(STATUS.JCIP, false);
    this.#channel = undefined;
    this.#injected = false;
    this.#afresh = true;
    if ((this.#isr.value & STATUS.RCIP) !== 0) this.#beginRegular();
  }

  /** A result that comes while the one before was not taken is lost. */
  #store(
    register: string,
    { data, low, done, overrun }: { data: number; low: number; done: number; overrun: number },
  ): void {
    if ((this.#isr.value & done) !== 0) this.#flag(overrun, true);
    else this.#registers.set(this.name(register), (data << 8) | low);
    this.#flag(done, true);
  }

  /** Shifted, rounded, without the channel's offset; 24 bits with a sign. */
  #data(channel: number): number {
    const cfgr2 = this.#registers.get(`CH${channel}CFGR2`);
    const shifted = Math.floor(this.#window.result / 2 ** ((cfgr2 >>> 3) & 0x1f) + 0.5);
    return ((shifted - (cfgr2 >> 8)) << 8) >> 8;
  }

  #has(bit: number): boolean {
    return (this.#cr1.value & bit) !== 0;
  }

  #flag(mask: number, on: boolean): void {
    this.#registers.setBits(this.name("ISR"), mask, on);
  }
}

/**
 * DFSDM1 (RM0399, chapter DFSDM): serial inputs in SPI format, parallel data of software, DMA and ADCs, filters with regular
 * and injected conversions, watchdogs, detectors, the output clock. What passes between two results takes no event.
 */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { CHANNELS, FILTERS } from "../tables/dfsdm.js";
import {
  ABSENT_SHIFT,
  CHANNEL,
  CKABIE,
  edgesOf,
  FILTER,
  INPUT,
  inputOf,
  SCDIE,
  SHORT_SHIFT,
  STATUS,
} from "./dfsdm-bits.js";
import { DfsdmFilter } from "./dfsdm-filter.js";
import { type DfsdmHooks, dfsdmRegisters } from "./dfsdm-registers.js";
import { OutputClock } from "./output-clock.js";
import { ParallelInputs } from "./parallel-inputs.js";
import { SerialInput } from "./serial-input.js";

export interface DfsdmOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly clocked: ClockGate;
  /** fDFSDMCLK and the audio clock, Hz; 0 while they stand still. */
  readonly clockHz: () => number;
  readonly audioHz: () => number;
  /** By filter. */
  readonly interrupts?: readonly InterruptLine[];
  readonly requests?: readonly DmaSignal[];
  /** The four break outputs, as bits. */
  readonly onBreaks?: (active: number) => void;
  /** CKOUT is another signal than before. */
  readonly onClockOutput?: () => void;
  /** It waits for a trigger from now on. */
  readonly onArmed?: () => void;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
const ALL_CHANNELS = numbers(CHANNELS);
const NEVER = Number.POSITIVE_INFINITY;
/** FLTxCR1.JEXTEN */
const EDGE = { RISING: 1, FALLING: 2 } as const;

export class Dfsdm implements BusDevice {
  readonly registers: RegisterBlock<string>;
  readonly clock: OutputClock;
  readonly #options: DfsdmOptions;
  readonly #filters: readonly DfsdmFilter[];
  readonly #serial: readonly SerialInput[];
  readonly #parallel: ParallelInputs;
  /** DATIN and CKIN, by pin. */
  readonly #data: boolean[] = ALL_CHANNELS.map(() => false);
  readonly #clocks: boolean[] = ALL_CHANNELS.map(() => false);
  readonly #cfgr1: readonly RegisterCell[];
  readonly #isr: RegisterCell;
  #breaks = 0;
  #next: TimelineEvent | undefined;

  constructor(options: DfsdmOptions) {
    this.#options = options;
    const { log, timeline, clocked, clockHz } = options;
    const registers = new RegisterBlock(dfsdmRegisters(this.#hooks()), { name: "DFSDM1", log, clocked });
    this.registers = registers;
    this.#cfgr1 = ALL_CHANNELS.map((number) => registers.cell(`CH${number}CFGR1`));
    this.#isr = registers.cell("FLT0ISR");
    this.clock = new OutputClock(timeline);
    this.#filters = numbers(FILTERS).map((number) => new DfsdmFilter({ number, registers, clockHz }));
    this.#serial = ALL_CHANNELS.map((number) => this.#serialInput(number));
    this.#parallel = new ParallelInputs(registers, timeline, (channel, value, periodNs) =>
      this.#feed(channel, value, 1, periodNs),
    );
  }

  read(offset: number, size: AccessSize): number {
    return this.registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.registers.write(offset, size, value);
  }

  reset(): void {
    this.registers.reset();
    for (const filter of this.#filters) filter.stop();
    this.clockChanged();
    this.#update();
  }

  clockChanged(): void {
    this.#sync();
    const cfgr1 = this.registers.get("CH0CFGR1");
    const divider = (cfgr1 & CHANNEL.CKOUTDIV) >>> 16;
    const on = (cfgr1 & CHANNEL.DFSDMEN) !== 0 && divider !== 0;
    const { audioHz, clockHz, onClockOutput } = this.#options;
    const hz = on ? ((cfgr1 & CHANNEL.CKOUTSRC) === 0 ? clockHz() : audioHz()) / (divider + 1) : 0;
    if (hz === this.clock.hz) return;
    this.clock.set(hz);
    onClockOutput?.();
    this.#schedule();
  }

  /** The level at DATINy; undefined: no pin is connected. */
  setData(pin: number, level: boolean | undefined): void {
    this.#sync();
    this.#data[pin] = level ?? false;
    this.#connect();
    this.#schedule();
  }

  /** The level at CKINy. */
  setClock(pin: number, level: boolean | undefined): void {
    this.#clocks[pin] = level ?? false;
    this.#connect();
    this.#schedule();
  }

  /** An ADC's result. @param number 1..3 */
  setAdc(number: number, value: number): void {
    this.#parallel.fromAdc(number - 1, value);
    this.#schedule();
  }

  /** Does a filter wait for this trigger (JEXTSEL)? */
  wants(selection: number): boolean {
    return this.#filters.some((filter) => filter.waitsFor(selection));
  }

  /** @param high undefined: a pulse */
  trigger(selection: number, high: boolean | undefined): void {
    this.#sync();
    for (const filter of this.#filters) {
      if (!filter.waitsFor(selection)) continue;
      const edges = edgesOf(this.registers.get(filter.name("CR1")));
      if (high === true && (edges & EDGE.RISING) === 0) continue;
      if (high === false && (edges & EDGE.FALLING) === 0) continue;
      filter.startInjected();
    }
    this.#update();
  }

  get #enabled(): boolean {
    return this.#has(0, CHANNEL.DFSDMEN);
  }

  #serialInput(number: number): SerialInput {
    const cells = {
      cfgr1: this.registers.cell(`CH${number}CFGR1`),
      awscdr: this.registers.cell(`CH${number}AWSCDR`),
    };
    return new SerialInput(cells, this.clock, {
      onSamples: (value, count, periodNs) => {
        if (!this.#enabled) return;
        this.#feed(number, value, count, periodNs);
        this.#serial[number]?.watch(value, count);
        this.#update();
      },
      onShort: () => this.#setFlags(SHORT_SHIFT, number, true),
      onWatched: (value) => {
        for (const { limits } of this.#filters) limits.lookAtInput(number, value);
      },
    });
  }

  #hooks(): DfsdmHooks {
    return {
      registers: () => this.registers,
      channelWritten: (number, before) => this.#channelWritten(number, before),
      dataWritten: (number, { before, laneMask }) => {
        this.#parallel.written(number, before, laneMask);
        this.#schedule();
      },
      watchdogData: (number) => {
        this.#sync();
        return (this.#serial[number]?.watched ?? 0) & 0xffff;
      },
      filterWritten: (number, written, before) => this.#filterWritten(number, written, before),
      groupWritten: (number) => this.#filters[number]?.groupChanged(),
      limitsWritten: () => this.#unsettled(),
      watchdogCleared: (number, written) => {
        this.#filters[number]?.limits.clear(written);
        this.#unsettled();
      },
      cleared: (number, written) => this.#cleared(number, written),
      dataRead: (number, flag) => {
        this.registers.setBits(`FLT${number}ISR`, flag, false);
        this.#update();
      },
      extremeRead: (number, register) => this.#filters[number]?.limits.forget(register),
    };
  }

  #channelWritten(number: number, before: number): void {
    const { registers } = this;
    const now = registers.get(`CH${number}CFGR1`);
    const changed = now ^ before;
    const on = (now & CHANNEL.CHEN) !== 0;
    if (number === 0 && (changed & CHANNEL.DFSDMEN) !== 0) this.#switched();
    this.clockChanged();
    if ((changed & CHANNEL.CHEN) !== 0) {
      this.#setFlags(ABSENT_SHIFT, number, true);
      this.#setFlags(SHORT_SHIFT, number, false);
      this.#serial[number]?.begin();
      if (on && inputOf(now) === INPUT.SERIAL && (now & 2) !== 0) {
        const { log } = this.#options;
        log.once("DFSDM1.manchester", "DFSDM1: Manchester code is not decoded; such an input is silent");
      }
    }
    this.#connect();
    this.#update();
  }

  /** DFSDMEN changed. */
  #switched(): void {
    this.clock.restart();
    for (const input of this.#serial) input.begin();
    if (!this.#enabled) for (const filter of this.#filters) filter.stop();
  }

  #filterWritten(number: number, written: number, before: number): void {
    this.#sync();
    const filter = this.#filters[number] as DfsdmFilter;
    const now = this.registers.get(filter.name("CR1"));
    if ((now & FILTER.DFEN) === 0) {
      if ((before & FILTER.DFEN) !== 0) filter.stop();
    } else {
      filter.controlled(before);
      if ((written & FILTER.JSWSTART) !== 0 && (now & FILTER.JSYNC) === 0) {
        this.#together(number, FILTER.JSYNC, (each) => each.startInjected());
      }
      if ((written & FILTER.RSWSTART) !== 0 && (now & FILTER.RSYNC) === 0) {
        this.#together(number, FILTER.RSYNC, (each) => each.startRegular());
      }
      if ((before & FILTER.DFEN) === 0 && edgesOf(now) !== 0) this.#options.onArmed?.();
    }
    this.#unsettled();
  }

  /** What software starts in filter 0 starts in those that go with it, too. */
  #together(number: number, sync: number, start: (filter: DfsdmFilter) => void): void {
    this.#filters.forEach((each, other) => {
      const along = number === 0 && other > 0 && this.registers.has(each.name("CR1"), sync);
      if (other === number || along) start(each);
    });
  }

  #unsettled(): void {
    for (const input of this.#serial) input.unsettle();
    this.#update();
  }

  /** ICR */
  #cleared(number: number, written: number): void {
    this.registers.setBits(`FLT${number}ISR`, written & (STATUS.JOVRF | STATUS.ROVRF), false);
    if (number === 0) {
      this.#sync();
      for (const channel of ALL_CHANNELS) {
        if ((written & (1 << (SHORT_SHIFT + channel))) !== 0) this.#setFlags(SHORT_SHIFT, channel, false);
        const absent = (written & (1 << (ABSENT_SHIFT + channel))) === 0 || this.#unclocked(channel);
        if (!absent) this.#setFlags(ABSENT_SHIFT, channel, false);
      }
    }
    this.#update();
  }

  /** The absence of its clock cannot be cleared. */
  #unclocked(channel: number): boolean {
    const input = this.#serial[channel];
    return input?.active !== true || !input.synchronized || this.#absenceNs(channel) <= 0;
  }

  /** Nanoseconds until the clock's absence is noticed. */
  #absenceNs(channel: number): number {
    const input = this.#serial[channel] as SerialInput;
    const guarded = this.#has(channel, CHANNEL.CKABEN);
    const compared = this.clock.hz > 0 && !this.#has(0, CHANNEL.CKOUTSRC);
    if (!guarded || !compared || !input.synchronized || !input.active || !input.externallyClocked)
      return NEVER;
    return input.lastEdge + input.absenceNs - this.#options.timeline.now;
  }

  /** Each channel has its pins, or those of the next. */
  #connect(): void {
    const { now } = this.#options.timeline;
    this.#serial.forEach((input, number) => {
      const next = this.#has(number, CHANNEL.CHINSEL);
      const pin = next ? (number + 1) % CHANNELS : number;
      input.level = this.#data[pin] ?? false;
      input.clockEdge(this.#clocks[pin] ?? false, now);
    });
  }

  /** What CKOUT sampled meanwhile. All filters take from the channels that they had before. */
  #sync(): void {
    if (!this.#enabled) return;
    const taken = this.#serial.map((input) => input.take());
    for (const filter of this.#filters) {
      const samples = filter.channel === undefined ? undefined : taken[filter.channel];
      if (samples !== undefined) filter.feed(samples.value, samples.count, samples.periodNs);
    }
    taken.forEach((samples, number) => {
      if (samples !== undefined) this.#serial[number]?.watch(samples.value, samples.count);
    });
  }

  #feed(channel: number, value: number, count: number, periodNs: number): void {
    for (const filter of this.#filters) {
      if (filter.channel === channel) filter.feed(value, count, periodNs);
    }
    this.#update();
  }

  /** Something fell due. */
  #due(): void {
    this.#sync();
    for (const channel of ALL_CHANNELS) {
      if (this.#absenceNs(channel) <= 0) this.#setFlags(ABSENT_SHIFT, channel, true);
    }
    this.#update();
  }

  #schedule(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#next);
    const ns = this.#enabled ? this.#nsUntilNews() : NEVER;
    this.#next = ns === NEVER ? undefined : timeline.after(Math.max(1, ns), () => this.#due());
  }

  #nsUntilNews(): number {
    let soonest = NEVER;
    for (const filter of this.#filters) {
      const input = filter.channel === undefined ? undefined : this.#serial[filter.channel];
      if (input !== undefined) soonest = Math.min(soonest, input.nsUntil(filter.missing));
    }
    const watched = this.#filters.reduce((all, { limits }) => all | limits.watchedInputs, 0);
    this.#serial.forEach((input, channel) => {
      const isr = this.#isr.value;
      const shorted = (isr & (1 << (SHORT_SHIFT + channel))) !== 0;
      const samples = input.samplesToEvent(shorted, (watched & (1 << channel)) !== 0);
      if (samples < NEVER) soonest = Math.min(soonest, input.nsUntil(samples));
      const absent = (isr & (1 << (ABSENT_SHIFT + channel))) !== 0;
      if (!absent) soonest = Math.min(soonest, this.#absenceNs(channel));
    });
    return soonest;
  }

  #setFlags(shift: number, channel: number, on: boolean): void {
    this.registers.setBits("FLT0ISR", 1 << (shift + channel), on);
  }

  /** Interrupts, requests, breaks, and when to look again. */
  #update(): void {
    const { interrupts, requests, onBreaks } = this.#options;
    let breaks = 0;
    this.#filters.forEach((filter, number) => {
      interrupts?.[number]?.set(filter.interrupts || (number === 0 && this.#inputInterrupts));
      (requests?.[number] ?? NO_DMA).set(filter.requests);
      breaks |= filter.limits.breaks;
    });
    const shorts = this.#isr.value >>> SHORT_SHIFT;
    for (const channel of ALL_CHANNELS) {
      if ((shorts & (1 << channel)) !== 0) breaks |= this.registers.get(`CH${channel}AWSCDR`) >>> 12;
    }
    if ((breaks & 0xf) !== this.#breaks) {
      this.#breaks = breaks & 0xf;
      onBreaks?.(this.#breaks);
    }
    this.#schedule();
  }

  /** What filter 0 tells of all serial inputs. */
  get #inputInterrupts(): boolean {
    const cr2 = this.registers.get("FLT0CR2");
    const isr = this.#isr.value;
    if ((cr2 & SCDIE) !== 0 && isr >>> SHORT_SHIFT !== 0) return true;
    if ((cr2 & CKABIE) === 0) return false;
    const absent = isr >>> ABSENT_SHIFT;
    return ALL_CHANNELS.some(
      (channel) => (absent & (1 << channel)) !== 0 && this.#has(channel, CHANNEL.CKABEN),
    );
  }

  #has(channel: number, bit: number): boolean {
    return ((this.#cfgr1[channel]?.value ?? 0) & bit) !== 0;
  }
}

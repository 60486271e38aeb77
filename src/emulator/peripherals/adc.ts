/**
 * ADC1..ADC3 (RM0433, chapter ADC): power-up, calibration, regular and injected sequences with their times, software and
 * timer triggers, continuous and discontinuous mode, DMA, interrupts. Nothing is attached to the inputs: they read about half
 * of the range; internal channels read what the chip's sources give. Watchdogs, offsets, oversampling and dual mode are stored.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { type DmaSignal, NO_DMA } from "./dma-request.js";
import { Peripheral } from "./peripheral.js";
import { ALL, registerTable } from "./register-table.js";
import { ADC } from "./tables/analog.js";

export interface AdcOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** The ADC's clock behind its prescaler (ADCx_CCR), Hz. */
  readonly clockHz: () => number;
  readonly request?: DmaSignal;
  /** The voltage at an input (0..19) as a fraction of VREF+. */
  readonly input: (channel: number) => number;
}

const ADEN = 1 << 0;
const ADDIS = 1 << 1;
const ADSTART = 1 << 2;
const JADSTART = 1 << 3;
const ADSTP = 1 << 4;
const JADSTP = 1 << 5;
const LINEARITY = 1 << 16;
const LINCALRDY = 0x0fc0_0000;
const ADVREGEN = 1 << 28;
const DEEPPWD = 1 << 29;
const ADCAL = 0x8000_0000;

const ADRDY = 1 << 0;
const EOSMP = 1 << 1;
const EOC = 1 << 2;
const EOS = 1 << 3;
const OVR = 1 << 4;
const JEOC = 1 << 5;
const JEOS = 1 << 6;
const LDORDY = 1 << 12;

const OVRMOD = 1 << 12;
const CONT = 1 << 13;
const AUTDLY = 1 << 14;
const DISCEN = 1 << 16;
const JAUTO = 1 << 25;

/** SMPRx, in half clocks: 1.5, 2.5, 8.5, 16.5, 32.5, 64.5, 387.5, 810.5 clocks. */
const SAMPLING = [3, 5, 17, 33, 65, 129, 775, 1621] as const;
/** CFGR.RES of revision V: 16, 14, 12, 10, -, 14, 12, 8 bits. */
const RESOLUTIONS = [16, 14, 12, 10, 16, 14, 12, 8] as const;
/** RM0433, "Calibration": clocks of the offset and of the linearity calibration. */
const OFFSET_CLOCKS = 1280;
const LINEARITY_CLOCKS = 165_010;
const ENABLE_CLOCKS = 4;
const REGULATOR_NS = 10e3;

export class Adc extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: AdcOptions;
  #busy: TimelineEvent | undefined;
  #injectedBusy: TimelineEvent | undefined;
  #timers: (TimelineEvent | undefined)[] = [];
  /** Index in the regular sequence. */
  #rank = 0;

  constructor(options: AdcOptions) {
    super();
    this.#options = options;
    const specs = registerTable(ADC, {
      ISR: { w1c: ALL, onWrite: () => this.#update() },
      IER: { rw: ALL, onWrite: () => this.#update() },
      CR: {
        rw: ADVREGEN | DEEPPWD | LINEARITY | LINCALRDY | (1 << 30) | 0x300,
        ro: ADEN | ADDIS | ADSTART | JADSTART | ADSTP | JADSTP | ADCAL,
        onWrite: (written, before) => this.#control(written, before),
      },
      CFGR: { rw: 0x823f_7fff | JAUTO },
      SMPR1: { rw: ALL },
      SMPR2: { rw: ALL },
      PCSEL: { rw: ALL },
      SQR1: { rw: ALL },
      SQR2: { rw: ALL },
      SQR3: { rw: ALL },
      SQR4: { rw: ALL },
      JSQR: { rw: ALL },
      DIFSEL: { rw: ALL },
      CALFACT: { rw: ALL },
      CALFACT2: { rw: ALL },
      DR: { ro: ALL, onRead: (stored) => this.#readData(stored) },
      JDR1: { ro: ALL },
      JDR2: { ro: ALL },
      JDR3: { ro: ALL },
      JDR4: { ro: ALL },
    });
    // RM0433, ADC_CR: the ADC starts in deep power-down; ADC_ISR: LDORDY of revision V, BOOST of two bits.
    const cr = specs["CR"] as (typeof specs)[string];
    const isr = specs["ISR"] as (typeof specs)[string];
    const fixed = {
      ...specs,
      CR: { ...cr, reset: DEEPPWD, rw: ((cr.rw ?? 0) | 0x300) >>> 0 },
      ISR: { ...isr, ro: LDORDY },
    };
    this.registers = new RegisterBlock(fixed, {
      name: options.name,
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    this.#stop();
    for (const timer of this.#timers) this.#options.timeline.cancel(timer);
    this.#timers = [];
    this.registers.reset();
    this.#update();
  }

  /** A timer's trigger: EXTSEL number 0..31. Starts what waits for it. */
  trigger(selection: number): void {
    const cfgr = this.registers.get("CFGR");
    const armed = this.registers.has("CR", ADSTART) && this.#busy === undefined;
    if (armed && (cfgr & 0xc00) !== 0 && ((cfgr >>> 5) & 0x1f) === selection) this.#convert();
  }

  /** Does it wait for this trigger now? */
  wants(selection: number): boolean {
    const cfgr = this.registers.get("CFGR");
    return (cfgr & 0xc00) !== 0 && ((cfgr >>> 5) & 0x1f) === selection;
  }

  #later(clocks: number, run: () => void): TimelineEvent | undefined {
    const hz = this.#options.clockHz();
    if (hz > 0) return this.#options.timeline.after((clocks * 1e9) / hz, run);
    this.#mistake("its clock stands still (RCC_D3CCIPR.ADCSEL, ADC_CCR.CKMODE): it never gets ready");
    return undefined;
  }

  #control(written: number, before: number): void {
    this.#power(written, before);
    if ((written & ADCAL) !== 0 && (before & (ADEN | ADCAL)) === 0) this.#calibrate(written);
    if ((written & ADEN) !== 0 && (before & ADEN) === 0) this.#enable();
    if ((written & ADDIS) !== 0 && (before & ADEN) !== 0) {
      this.#stop();
      this.registers.setBits("CR", ADEN | ADSTART | JADSTART, false);
      this.registers.setBits("ISR", ADRDY, false);
    }
    const ready = this.registers.has("CR", ADEN);
    if ((written & ADSTP) !== 0 && (before & ADSTART) !== 0) this.#stopRegular();
    if ((written & JADSTP) !== 0) {
      this.#options.timeline.cancel(this.#injectedBusy);
      this.registers.setBits("CR", JADSTART, false);
    }
    if ((written & ADSTART) !== 0 && ready) this.#start();
    if ((written & JADSTART) !== 0 && ready) this.#startInjected();
    this.#update();
  }

  #power(written: number, before: number): void {
    if ((written & DEEPPWD) !== 0) this.registers.setBits("CR", ADVREGEN, false);
    if ((written & ~before & ADVREGEN) === 0) {
      if (!this.registers.has("CR", ADVREGEN)) this.registers.setBits("ISR", LDORDY, false);
      return;
    }
    this.#timers.push(
      this.#options.timeline.after(REGULATOR_NS, () => {
        this.registers.setBits("ISR", LDORDY, this.registers.has("CR", ADVREGEN));
      }),
    );
  }

  #calibrate(written: number): void {
    if (!this.registers.has("CR", ADVREGEN)) {
      this.#mistake("ADCAL without the voltage regulator (ADVREGEN): never ends");
    }
    this.registers.setBits("CR", ADCAL, true);
    if (!this.registers.has("CR", ADVREGEN)) return;
    const linear = (written & LINEARITY) !== 0;
    const timer = this.#later(linear ? LINEARITY_CLOCKS : OFFSET_CLOCKS, () => {
      this.registers.setBits("CR", ADCAL, false);
      if (linear) this.registers.setBits("CR", LINCALRDY, true);
      this.registers.set("CALFACT", 0x0400_0400);
    });
    this.#timers.push(timer);
  }

  #enable(): void {
    if (!this.registers.has("CR", ADVREGEN)) this.#mistake("ADEN without the voltage regulator (ADVREGEN)");
    this.registers.setBits("CR", ADEN, true);
    this.#timers.push(
      this.#later(ENABLE_CLOCKS, () => {
        if (this.registers.has("CR", ADEN)) this.registers.setBits("ISR", ADRDY, true);
        this.#update();
      }),
    );
  }

  #stop(): void {
    this.#stopRegular();
    this.#options.timeline.cancel(this.#injectedBusy);
    this.#injectedBusy = undefined;
  }

  #stopRegular(): void {
    this.#options.timeline.cancel(this.#busy);
    this.#busy = undefined;
    this.#rank = 0;
    this.registers.setBits("CR", ADSTART | ADSTP, false);
  }

  #start(): void {
    this.registers.setBits("CR", ADSTART, true);
    this.#rank = 0;
    if ((this.registers.get("CFGR") & 0xc00) === 0) this.#convert();
  }

  get #length(): number {
    return (this.registers.get("SQR1") & 0xf) + 1;
  }

  /** Channel at place `rank` (0-based) of the regular sequence. */
  #channel(rank: number): number {
    const slot = rank + 1;
    return (this.registers.get(`SQR${Math.floor(slot / 5) + 1}`) >>> ((slot % 5) * 6)) & 0x1f;
  }

  #clocks(channel: number): number {
    const smpr = this.registers.get(channel < 10 ? "SMPR1" : "SMPR2");
    const sampling = SAMPLING[(smpr >>> ((channel % 10) * 3)) & 7] ?? 3;
    const resolution = RESOLUTIONS[(this.registers.get("CFGR") >>> 2) & 7] ?? 16;
    return sampling / 2 + resolution / 2 + 0.5;
  }

  #value(channel: number): number {
    const resolution = RESOLUTIONS[(this.registers.get("CFGR") >>> 2) & 7] ?? 16;
    const full = 2 ** resolution - 1;
    return Math.max(0, Math.min(full, Math.round(this.#options.input(channel) * full)));
  }

  #convert(): void {
    const channel = this.#channel(this.#rank);
    this.#busy = this.#later(this.#clocks(channel), () => this.#converted(channel));
  }

  #converted(channel: number): void {
    this.#busy = undefined;
    const cfgr = this.registers.get("CFGR");
    const byDma = (cfgr & 3) !== 0;
    if (this.registers.has("ISR", EOC) && !byDma && (cfgr & AUTDLY) === 0)
      this.registers.setBits("ISR", OVR, true);
    if (!this.registers.has("ISR", OVR) || (cfgr & OVRMOD) !== 0) {
      this.registers.set("DR", this.#value(channel));
    }
    this.registers.setBits("ISR", EOC | EOSMP, true);
    if (byDma) (this.#options.request ?? NO_DMA).pulse();
    this.#rank++;
    const last = this.#rank >= this.#length;
    if (last) {
      this.registers.setBits("ISR", EOS, true);
      this.#rank = 0;
    }
    this.#update();
    this.#goOn(last, cfgr);
  }

  #goOn(last: boolean, cfgr: number): void {
    const triggered = (cfgr & 0xc00) !== 0;
    if (last && (cfgr & JAUTO) !== 0) this.#startInjected();
    if (!last && (cfgr & DISCEN) === 0) this.#convert();
    else if ((cfgr & CONT) !== 0) this.#convert();
    else if (!triggered) this.registers.setBits("CR", ADSTART, false);
  }

  /** The whole injected sequence; external triggers of injected conversions are not modelled. */
  #startInjected(): void {
    const jsqr = this.registers.get("JSQR");
    const count = (jsqr & 3) + 1;
    const channels = [9, 15, 21, 27].slice(0, count).map((shift) => (jsqr >>> shift) & 0x1f);
    const clocks = channels.reduce((sum, channel) => sum + this.#clocks(channel), 0);
    this.registers.setBits("CR", JADSTART, true);
    this.#injectedBusy = this.#later(clocks, () => {
      channels.forEach((channel, index) => {
        this.registers.set(`JDR${index + 1}`, this.#value(channel));
      });
      this.registers.setBits("ISR", JEOC | JEOS, true);
      this.registers.setBits("CR", JADSTART, false);
      this.#update();
    });
  }

  #readData(stored: number): number {
    this.registers.setBits("ISR", EOC, false);
    this.#update();
    return stored;
  }

  #update(): void {
    this.#options.interrupt.set((this.registers.get("ISR") & this.registers.get("IER")) !== 0);
  }

  #mistake(message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${message}`, `guest mistake: ${name}: ${message}`);
  }
}

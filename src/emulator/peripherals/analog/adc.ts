/**
 * ADC1..ADC3 (RM0433, chapter ADC): power-up, calibration, regular and injected sequences with their times, software and
 * hardware triggers, continuous, discontinuous and dual modes, auto delay, DMA, interrupts. The voltages are the board's
 * business: an input that nothing drives reads about half of the range.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { ADC } from "../tables/analog.js";
import { AdcData } from "./adc-data.js";

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
  /** Is the input at a pin? */
  readonly external: (channel: number) => boolean;
  /** The converter that goes along with this one, in a dual mode. */
  readonly partner?: (injected: boolean) => Adc | undefined;
  /** It waits for a hardware trigger from now on. */
  readonly onArmed?: () => void;
  /** DFSDM takes this result (CFGR.DMNGT). */
  readonly onFilterData?: (value: number) => void;
}

/** Which of its two sequences a trigger starts. */
export type AdcGroup = "regular" | "injected";

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

/** CFGR */
const DMNGT = 3;
const TO_FILTER = 2;
const OVRMOD = 1 << 12;
const CONT = 1 << 13;
const AUTDLY = 1 << 14;
const DISCEN = 1 << 16;
const JDISCEN = 1 << 20;
/** CFGR.EXTEN, JSQR.JEXTEN */
const EXTEN = 0xc00;
const JEXTEN = 0x180;
const JSQ_SHIFTS = [9, 15, 21, 27] as const;
const JAUTO = 1 << 25;

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
  /** Index in the regular sequence, and in the injected one. */
  #rank = 0;
  #injectedRank = 0;
  /** Conversions since the trigger, in discontinuous mode. */
  #inPart = 0;
  /** The sequence under way was begun by a master. */
  #following = false;
  /** AUTDLY: the next conversion waits for the data to be read. */
  #delayed = false;
  readonly #data: AdcData;

  constructor(options: AdcOptions) {
    super();
    this.#options = options;
    const specs = registerTable(ADC, {
      ISR: { w1c: ALL, onWrite: () => this.#flagsCleared() },
      IER: { rw: ALL, onWrite: () => this.#update() },
      CR: {
        rw: ADVREGEN | DEEPPWD | LINEARITY | LINCALRDY | (1 << 30) | 0x300,
        ro: ADEN | ADDIS | ADSTART | JADSTART | ADSTP | JADSTP | ADCAL,
        onWrite: (written, before) => this.#control(written, before),
      },
      CFGR: { rw: ALL },
      CFGR2: { rw: ALL },
      LTR1: { rw: ALL },
      LHTR1: { rw: ALL },
      LTR2: { rw: ALL },
      HTR2: { rw: ALL },
      LTR3: { rw: ALL },
      HTR3: { rw: ALL },
      AWD2CR: { rw: ALL },
      AWD3CR: { rw: ALL },
      OFR1: { rw: ALL },
      OFR2: { rw: ALL },
      OFR3: { rw: ALL },
      OFR4: { rw: ALL },
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
    this.#data = new AdcData(this.registers, (channel) => this.#input(channel));
  }

  reset(): void {
    this.#stop();
    for (const timer of this.#timers) this.#options.timeline.cancel(timer);
    this.#timers = [];
    this.registers.reset();
    this.#update();
  }

  /** ISR, for the common status register. */
  get status(): number {
    return this.registers.get("ISR");
  }

  takeData(): number {
    return this.#readData(this.registers.get("DR"));
  }

  /** A hardware trigger: EXTSEL or JEXTSEL number 0..31. Starts what waits for it. */
  trigger(selection: number, group: AdcGroup): void {
    if (!this.wants(selection, group)) return;
    if (group === "regular" && this.#busy === undefined) this.#triggered();
    else if (group === "injected" && this.#injectedBusy === undefined) this.#convertInjected();
  }

  /** Does it listen to this trigger now? One that comes while it converts is lost. */
  wants(selection: number, group: AdcGroup): boolean {
    if (group === "regular") {
      const cfgr = this.registers.get("CFGR");
      const armed = this.registers.has("CR", ADSTART);
      return armed && (cfgr & EXTEN) !== 0 && ((cfgr >>> 5) & 0x1f) === selection;
    }
    const jsqr = this.registers.get("JSQR");
    const armed = this.registers.has("CR", JADSTART);
    return armed && (jsqr & JEXTEN) !== 0 && ((jsqr >>> 2) & 0x1f) === selection;
  }

  /** A master takes this converter along. */
  follow(injected: boolean): void {
    if (!this.registers.has("CR", ADEN)) return;
    if (injected) {
      if (this.#injectedBusy === undefined) this.#convertInjected();
    } else if (this.#busy === undefined) {
      this.#following = true;
      this.#rank = 0;
      this.#convert();
    }
  }

  /** RM0433, ADC_PCSEL: an external channel that is not preselected is not connected. ST's library preselects no internal one. */
  #input(channel: number): number {
    if (this.#options.external(channel) && !this.registers.has("PCSEL", 1 << channel)) {
      this.#mistake(`channel ${channel} is converted without its bit in PCSEL: nothing is connected`);
    }
    return this.#options.input(channel);
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
      this.#stopInjected();
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
    this.#stopInjected();
  }

  #stopInjected(): void {
    this.#options.timeline.cancel(this.#injectedBusy);
    this.#injectedBusy = undefined;
    this.#injectedRank = 0;
    this.registers.setBits("CR", JADSTART | JADSTP, false);
  }

  #stopRegular(): void {
    this.#options.timeline.cancel(this.#busy);
    this.#busy = undefined;
    this.#rank = 0;
    this.#delayed = false;
    this.#following = false;
    this.registers.setBits("CR", ADSTART | ADSTP, false);
  }

  #start(): void {
    this.registers.setBits("CR", ADSTART, true);
    if (!this.registers.has("CFGR", DISCEN)) this.#rank = 0;
    if ((this.registers.get("CFGR") & EXTEN) === 0) this.#triggered();
    else this.#options.onArmed?.();
  }

  /** Begins the sequence, or goes on with it; in a dual mode the slave begins with it. */
  #triggered(): void {
    this.#inPart = 0;
    if (this.#rank === 0) this.#options.partner?.(false)?.follow(false);
    this.#convert();
  }

  get #length(): number {
    return (this.registers.get("SQR1") & 0xf) + 1;
  }

  /** Channel at place `rank` (0-based) of the regular sequence. */
  #channel(rank: number): number {
    const slot = rank + 1;
    return (this.registers.get(`SQR${Math.floor(slot / 5) + 1}`) >>> ((slot % 5) * 6)) & 0x1f;
  }

  #convert(): void {
    const channel = this.#channel(this.#rank);
    this.#busy = this.#later(this.#data.clocks(channel, false), () => this.#converted(channel));
  }

  #converted(channel: number): void {
    this.#busy = undefined;
    const cfgr = this.registers.get("CFGR");
    const byDma = (cfgr & DMNGT) !== 0;
    if (this.registers.has("ISR", EOC) && !byDma && (cfgr & AUTDLY) === 0)
      this.registers.setBits("ISR", OVR, true);
    const value = this.#data.convert(channel, false);
    if (!this.registers.has("ISR", OVR) || (cfgr & OVRMOD) !== 0) this.registers.set("DR", value);
    this.registers.setBits("ISR", EOC | EOSMP, true);
    if ((cfgr & DMNGT) === TO_FILTER) {
      // It resets EOC as it takes the data.
      this.#options.onFilterData?.(value);
      this.registers.setBits("ISR", EOC, false);
    } else if (byDma) (this.#options.request ?? NO_DMA).pulse();
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
    if (last && (cfgr & JAUTO) !== 0) this.#convertInjected();
    // The master begins the slave's next sequence, too.
    if (last && this.#following) {
      this.#following = false;
      return;
    }
    // DISCNUM + 1 conversions belong to a part of the sequence.
    const inPart = (cfgr & DISCEN) === 0 || this.#inPart++ < ((cfgr >>> 17) & 7);
    const more = last ? (cfgr & CONT) !== 0 && (cfgr & DISCEN) === 0 : inPart;
    if (!more) {
      // Without a trigger software starts each sequence, and in discontinuous mode each part of it.
      if ((cfgr & EXTEN) === 0) this.registers.setBits("CR", ADSTART, false);
      return;
    }
    this.#delayed = (cfgr & AUTDLY) !== 0;
    if (!this.#delayed) this.#next();
  }

  #next(): void {
    if (this.#rank === 0) this.#triggered();
    else this.#convert();
  }

  /** AUTDLY: a conversion that waited begins when the data was taken. */
  #flagsCleared(): void {
    if (this.#delayed && !this.registers.has("ISR", EOC)) {
      this.#delayed = false;
      this.#next();
    }
    this.#update();
  }

  #startInjected(): void {
    this.registers.setBits("CR", JADSTART, true);
    this.#injectedRank = 0;
    if ((this.registers.get("JSQR") & JEXTEN) === 0) this.#convertInjected();
    else this.#options.onArmed?.();
  }

  #convertInjected(): void {
    if (this.#injectedRank === 0) this.#options.partner?.(true)?.follow(true);
    const channel = (this.registers.get("JSQR") >>> (JSQ_SHIFTS[this.#injectedRank] ?? 9)) & 0x1f;
    const clocks = this.#data.clocks(channel, true);
    this.#injectedBusy = this.#later(clocks, () => this.#convertedInjected(channel));
  }

  #convertedInjected(channel: number): void {
    this.#injectedBusy = undefined;
    this.registers.set(`JDR${this.#injectedRank + 1}`, this.#data.convert(channel, true));
    this.registers.setBits("ISR", JEOC, true);
    this.#injectedRank++;
    const jsqr = this.registers.get("JSQR");
    const last = this.#injectedRank > (jsqr & 3);
    if (last) {
      this.#injectedRank = 0;
      this.registers.setBits("ISR", JEOS, true);
    }
    if (!last && !this.registers.has("CFGR", JDISCEN)) this.#convertInjected();
    else if ((jsqr & JEXTEN) === 0) this.registers.setBits("CR", JADSTART, false);
    this.#update();
  }

  #readData(stored: number): number {
    this.registers.setBits("ISR", EOC, false);
    this.#flagsCleared();
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

/**
 * LPTIM (RM0433, chapter LPTIM): counting its kernel clock, an input or an encoder, once or continuously, with preload, external
 * triggers, timeout, waveform output, filters, interrupts. As with TIM, nothing is scheduled that nobody waits for.
 */

import type { AccessSize, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { LPTIM } from "../tables/lptim.js";
import { InputFilter } from "./input-filter.js";
import { LapCounter } from "./tim-counter.js";

export interface LptimOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  /** The output went high or low; told while somebody wants it. */
  readonly onOutput?: (high: boolean) => void;
  readonly outputWanted?: () => boolean;
  /** It may listen to other signals than before. */
  readonly onListening?: () => void;
}

export type LptimInput = "IN1" | "IN2";
/** CFGR2 */
const SELECTION_SHIFT = { IN1: 0, IN2: 4 } as const;

/** CFGR */
const CKSEL = 1 << 0;
const CKFLT_SHIFT = 3;
const TRGFLT_SHIFT = 6;
const TIMOUT = 1 << 19;
const WAVE = 1 << 20;
const WAVPOL = 1 << 21;
const PRELOAD = 1 << 22;
const COUNTMODE = 1 << 23;
const ENC = 1 << 24;
/** CR */
const ENABLE = 1 << 0;
const SNGSTRT = 1 << 1;
const CNTSTRT = 1 << 2;
const COUNTRST = 1 << 3;
const RSTARE = 1 << 4;
/** ISR */
const CMPM = 1 << 0;
const ARRM = 1 << 1;
const EXTTRIG = 1 << 2;
const CMPOK = 1 << 3;
const ARROK = 1 << 4;
const UP = 1 << 5;
const DOWN = 1 << 6;

export class Lptim extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: LptimOptions;
  readonly #counter = new LapCounter(0xffff);
  #mode: "off" | "armed" | "running" = "off";
  #once = false;
  /** Set-once: the output stays where the first period left it. */
  #ended = false;
  #since = 0;
  #cmp = 0;
  #countingUp = true;
  #output = false;
  /** Did somebody want the output when the counter last looked ahead? What it passed over since is told to nobody. */
  #wanted = true;
  readonly #inputs: Readonly<Record<LptimInput, InputFilter>>;
  /** By the number of the selection; 0 is the pin. */
  readonly #levels: Readonly<Record<LptimInput, boolean[]>> = { IN1: [], IN2: [] };
  /** The trigger behind its filter; undefined: not seen yet. */
  #triggerLevel: boolean | undefined;
  #triggering: TimelineEvent | undefined;
  #event: TimelineEvent | undefined;

  constructor(options: LptimOptions) {
    super();
    this.#options = options;
    const { timeline } = options;
    const filter = (input: LptimInput): InputFilter =>
      new InputFilter({
        timeline,
        delayNs: () => this.#filterNs(CKFLT_SHIFT),
        onLevel: (level) => this.#edge(input, level),
      });
    this.#inputs = { IN1: filter("IN1"), IN2: filter("IN2") };
    this.registers = new RegisterBlock(
      registerTable(LPTIM, {
        ISR: { ro: ALL },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        IER: { rw: ALL, onWrite: () => this.#changed() },
        CFGR: { rw: ALL, onWrite: (_written, before) => this.#configure(before) },
        CR: {
          rw: ENABLE | RSTARE,
          wo: SNGSTRT | CNTSTRT | COUNTRST,
          onWrite: (written) => this.#control(written),
        },
        CMP: { rw: ALL, onWrite: () => this.#loaded(CMPOK) },
        ARR: { rw: ALL, onWrite: () => this.#loaded(ARROK) },
        CNT: { ro: ALL, onRead: () => this.#readCount() },
        CFGR2: { rw: ALL, onWrite: () => this.#select() },
      }),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
  }

  override read(offset: number, size: AccessSize): number {
    this.#sync();
    return super.read(offset, size);
  }

  override write(offset: number, size: AccessSize, value: number): void {
    this.#sync();
    super.write(offset, size, value);
  }

  reset(): void {
    this.#halt();
    this.registers.reset();
    this.#counter.arr = 1;
    this.#cmp = 0;
    this.#changed();
  }

  /** To be called when a clock changed. */
  clockChanged(): void {
    this.#sync();
    this.#changed();
  }

  /** The level of the output. */
  get output(): boolean {
    this.#sync();
    return this.#level;
  }

  /** Does it wait for the trigger of this number (TRIGSEL)? */
  wants(selection: number): boolean {
    const cfgr = this.registers.get("CFGR");
    return this.#mode !== "off" && ((cfgr >>> 13) & 7) === selection && ((cfgr >>> 17) & 3) !== 0;
  }

  /** A trigger that CFGR.TRIGSEL names went high or low. @param high undefined: a pulse */
  trigger(selection: number, high?: boolean): void {
    if (!this.wants(selection)) return;
    const { timeline } = this.#options;
    const ns = high === undefined ? 0 : this.#filterNs(TRGFLT_SHIFT);
    if (ns === 0) {
      this.#triggered(high);
      return;
    }
    timeline.cancel(this.#triggering);
    if (high === this.#triggerLevel || ns === Number.POSITIVE_INFINITY) return;
    this.#triggering = timeline.after(ns, () => {
      this.#triggerLevel = high;
      if (this.wants(selection)) this.#triggered(high);
    });
  }

  /** RM0433, CFGR.CKFLT and TRGFLT: 2, 4 or 8 clocks of the kernel. */
  #filterNs(shift: number): number {
    const field = (this.registers.get("CFGR") >>> shift) & 3;
    return field === 0 ? 0 : (2 ** field * 1e9) / this.#options.kernelHz();
  }

  #triggered(high: boolean | undefined): void {
    const cfgr = this.registers.get("CFGR");
    if (high !== undefined && ((cfgr >>> 17) & 3 & (high ? 1 : 2)) === 0) return;
    this.#sync();
    if (this.#mode === "armed") this.#begin();
    // TIMOUT: each trigger starts the counter again.
    else if ((cfgr & TIMOUT) === 0) return;
    else this.#restart();
    this.registers.setBits("ISR", EXTTRIG, true);
    this.#changed();
  }

  /** A level at Input 1 or Input 2. @param source 0: the pin; else the number that CFGR2 knows the signal by */
  setInput(input: LptimInput, level: boolean, source = 0): void {
    this.#levels[input][source] = level;
    this.#look(input);
  }

  /** Does it count edges of the signal that CFGR2 knows by this number? */
  counts(input: LptimInput, source: number): boolean {
    return this.#mode !== "off" && this.#countsInput && this.#selection(input) === source;
  }

  #selection(input: LptimInput): number {
    return (this.registers.get("CFGR2") >>> SELECTION_SHIFT[input]) & 3;
  }

  #look(input: LptimInput): void {
    this.#inputs[input].set(this.#levels[input][this.#selection(input)] === true);
  }

  #select(): void {
    this.#look("IN1");
    this.#look("IN2");
    this.#options.onListening?.();
  }

  #edge(input: LptimInput, level: boolean): void {
    this.#sync();
    if (this.#mode !== "running") return;
    const polarity = (this.registers.get("CFGR") >>> 1) & 3;
    const counts = polarity === 2 || (polarity === 0) === level;
    if (this.registers.has("CFGR", ENC)) {
      if (counts) this.#step(input, level);
    } else if (input === "IN1" && this.#countsInput && counts) {
      this.#advance(1);
    }
    this.#changed();
  }

  get #countsInput(): boolean {
    return this.registers.has("CFGR", CKSEL | COUNTMODE | ENC);
  }

  get #tickNs(): number {
    const prescaler = 2 ** ((this.registers.get("CFGR") >>> 9) & 7);
    return (prescaler * 1e9) / this.#options.kernelHz();
  }

  get #counting(): boolean {
    return this.#mode === "running" && !this.#countsInput && this.#options.kernelHz() > 0;
  }

  /** RM0433, "Waveform generation": high from above CMP to ARR; set-once mode keeps it. */
  get #level(): boolean {
    const inverted = this.registers.has("CFGR", WAVPOL);
    if (this.#ended) return !inverted;
    const high = this.#mode === "running" && this.#counter.count > this.#cmp;
    return high !== inverted;
  }

  #halt(): void {
    this.#mode = "off";
    this.#ended = false;
    this.#counter.position = 0;
  }

  #configure(before: number): void {
    if (!this.registers.has("CR", ENABLE) || this.registers.get("CFGR") === before) return;
    const { log, name } = this.#options;
    log.once(`${name}.CFGR`, `guest mistake: ${name}.CFGR: written while ENABLE = 1, against the manual`);
  }

  #control(written: number): void {
    if ((written & ENABLE) === 0) {
      this.#halt();
      this.#changed();
      return;
    }
    if ((written & COUNTRST) !== 0) this.#restart();
    if ((written & (SNGSTRT | CNTSTRT)) !== 0) {
      this.#once = (written & CNTSTRT) === 0;
      const byTrigger = ((this.registers.get("CFGR") >>> 17) & 3) !== 0;
      if (byTrigger && this.#mode !== "running") this.#mode = "armed";
      else if (this.#mode !== "running") this.#begin();
      if (byTrigger || this.#countsInput) this.#options.onListening?.();
    }
    this.#changed();
  }

  #begin(): void {
    this.#mode = "running";
    this.#ended = false;
    this.#load();
    this.#restart();
  }

  #restart(): void {
    this.#counter.position = 0;
    this.#since = this.#options.timeline.now;
  }

  #load(): void {
    this.#counter.arr = this.registers.get("ARR");
    this.#cmp = this.registers.get("CMP");
  }

  #readCount(): number {
    const { count } = this.#counter;
    if (this.registers.has("CR", RSTARE)) {
      this.#restart();
      this.#changed();
    }
    return count;
  }

  #sync(): void {
    const { now } = this.#options.timeline;
    while (this.#counting) {
      const ticks = Math.floor((now - this.#since) / this.#tickNs + 1e-6);
      if (ticks <= 0) return;
      const step = this.#stopsAtLap ? Math.min(ticks, this.#counter.ticksTo(0)) : ticks;
      this.#since += step * this.#tickNs;
      this.#advance(step);
    }
    this.#since = now;
  }

  /** The end of this period changes how it goes on. */
  get #stopsAtLap(): boolean {
    const preloaded =
      this.registers.get("ARR") !== this.#counter.arr || this.registers.get("CMP") !== this.#cmp;
    return this.#once || preloaded;
  }

  #advance(ticks: number): void {
    const counter = this.#counter;
    if (this.#cmp <= counter.arr && counter.arrivals(this.#cmp, ticks) > 0) this.#raise(CMPM);
    if (counter.arrivals(counter.arr, ticks) > 0) this.#raise(ARRM);
    const ended = counter.arrivals(0, ticks) > 0;
    counter.advance(ticks);
    if (!ended) return;
    this.#load();
    if (!this.#once) return;
    this.#ended = this.registers.has("CFGR", WAVE);
    const byTrigger = ((this.registers.get("CFGR") >>> 17) & 3) !== 0;
    this.#mode = byTrigger && !this.#ended ? "armed" : "off";
    counter.position = 0;
  }

  /** RM0433, table "Encoder counting scenarios". */
  #step(input: LptimInput, level: boolean): void {
    const other = this.#inputs[input === "IN1" ? "IN2" : "IN1"].level;
    const up = input === "IN1" ? level !== other : level === other;
    if (up !== this.#countingUp) this.#raise(up ? UP : DOWN);
    this.#countingUp = up;
    if (up) {
      this.#advance(1);
    } else {
      const { position, arr } = this.#counter;
      this.#counter.position = position === 0 ? arr : position - 1;
    }
  }

  /** A write arrives in the kernel clock's domain after a few of its cycles. */
  #loaded(flag: number): void {
    const hz = this.#options.kernelHz();
    if (this.#mode === "off" || !this.registers.has("CFGR", PRELOAD)) this.#load();
    this.#changed();
    if (hz === 0 || !this.registers.has("CR", ENABLE)) return;
    this.#options.timeline.after(3e9 / hz, () => {
      this.#raise(flag);
      this.#update();
    });
  }

  #raise(flag: number): void {
    this.registers.setBits("ISR", flag, true);
  }

  #clear(written: number): void {
    this.registers.setBits("ISR", written, false);
    this.#changed();
  }

  /** After anything that may change when the next event is due. */
  #changed(): void {
    const { timeline } = this.#options;
    this.#update();
    this.#tellOutput();
    timeline.cancel(this.#event);
    const counting = this.#counting;
    this.#wanted = !counting || this.#options.outputWanted?.() === true;
    const ticks = counting ? this.#ticksToEvent() : Number.POSITIVE_INFINITY;
    if (ticks === Number.POSITIVE_INFINITY) return;
    this.#event = timeline.after(this.#since + ticks * this.#tickNs - timeline.now, () => {
      this.#sync();
      this.#changed();
    });
  }

  #ticksToEvent(): number {
    const awaited = this.registers.get("IER") & ~this.registers.get("ISR");
    const counter = this.#counter;
    let ticks = Number.POSITIVE_INFINITY;
    if ((awaited & ARRM) !== 0) ticks = counter.ticksTo(counter.arr);
    if ((awaited & CMPM) !== 0 && this.#cmp <= counter.arr)
      ticks = Math.min(ticks, counter.ticksTo(this.#cmp));
    if (this.#wanted && this.#cmp < counter.arr) {
      ticks = Math.min(ticks, counter.ticksTo(0), counter.ticksTo(this.#cmp + 1));
    }
    return ticks;
  }

  #tellOutput(): void {
    const level = this.#level;
    if (level === this.#output) return;
    this.#output = level;
    if (this.#wanted) this.#options.onOutput?.(level);
  }

  #update(): void {
    this.#options.interrupt.set((this.registers.get("ISR") & this.registers.get("IER")) !== 0);
  }
}

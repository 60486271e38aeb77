/**
 * LPTIM (RM0433, chapter LPTIM): counting its kernel clock, an input or an encoder, once or continuously, with preload, external
 * triggers, timeout, waveform output, filters, interrupts. As with TIM, nothing is scheduled that nobody waits for.
 */

import type { AccessSize, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { LPTIM, LPTIM_PLAIN, LPTIM_WITH_INPUT } from "../tables/lptim.js";
import {
  ARRM,
  ARROK,
  CKSEL,
  CMPM,
  CMPOK,
  CNTSTRT,
  COUNTMODE,
  COUNTRST,
  DOWN,
  ENABLE,
  ENC,
  EXTTRIG,
  PRELOAD,
  RSTARE,
  SNGSTRT,
  TIMOUT,
  UP,
  WAVE,
  WAVPOL,
} from "./lptim-bits.js";
import { type LptimInput, LptimInputs } from "./lptim-inputs.js";
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

/** Only LPTIM1 and 2 have encoders, and LPTIM4 and 5 no inputs (RM0433, "LPTIM implementation"). */
const TABLES: Readonly<Record<string, string>> = {
  LPTIM3: LPTIM_WITH_INPUT,
  LPTIM4: LPTIM_PLAIN,
  LPTIM5: LPTIM_PLAIN,
};
/** Clocks of the kernel from CR to the counter; counter clocks from a trigger; edges at Input 1 that pass until it is enabled as a clock. */
const START_CLOCKS = 3;
const TRIGGER_CLOCKS = 2;
const LOST_EDGES = 5;

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
  readonly #inputs: LptimInputs;
  #event: TimelineEvent | undefined;
  #resetting: TimelineEvent | undefined;
  /** RSTARE, which cannot be read back. */
  #resetsOnRead = false;
  #lostEdges = 0;
  /** Flags that were raised while IER had them: the others do not interrupt, even if IER gets them. */
  #told = 0;

  constructor(options: LptimOptions) {
    super();
    this.#options = options;
    this.#inputs = new LptimInputs({
      timeline: options.timeline,
      kernelHz: options.kernelHz,
      register: (name) => this.registers.get(name),
      edge: (input, level) => this.#edge(input, level),
      wants: (selection) => this.wants(selection),
      triggered: (high) => this.#triggered(high),
    });
    this.registers = new RegisterBlock(
      registerTable(TABLES[options.name] ?? LPTIM, {
        ISR: { ro: ALL },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        IER: { rw: ALL, onWrite: (_written, before) => this.#configure("IER", before) },
        CFGR: { rw: ALL, onWrite: (_written, before) => this.#configure("CFGR", before) },
        CR: {
          rw: ENABLE,
          ro: COUNTRST,
          wo: SNGSTRT | CNTSTRT | RSTARE,
          onWrite: (written, before) => this.#control(written, before),
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
    this.#told = 0;
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
    this.#inputs.trigger(selection, high);
  }

  #triggered(high: boolean | undefined): void {
    const cfgr = this.registers.get("CFGR");
    if (high !== undefined && ((cfgr >>> 17) & 3 & (high ? 1 : 2)) === 0) return;
    this.#sync();
    const delayNs = this.#countsInput ? 0 : TRIGGER_CLOCKS * this.#tickNs;
    if (this.#mode === "armed") this.#begin(delayNs);
    // TIMOUT: each trigger starts the counter again.
    else if ((cfgr & TIMOUT) === 0) return;
    else this.#restart(delayNs);
    this.#raise(EXTTRIG);
    this.#changed();
  }

  /** A level at Input 1 or Input 2. @param source 0: the pin; else the number that CFGR2 knows the signal by */
  setInput(input: LptimInput, level: boolean, source = 0): void {
    this.#inputs.set(input, level, source);
  }

  /** Does it count edges of the signal that CFGR2 knows by this number? */
  counts(input: LptimInput, source: number): boolean {
    return this.#mode !== "off" && this.#countsInput && this.#inputs.selection(input) === source;
  }

  #select(): void {
    this.#inputs.look("IN1");
    this.#inputs.look("IN2");
    this.#options.onListening?.();
  }

  #edge(input: LptimInput, level: boolean): void {
    this.#sync();
    const polarity = (this.registers.get("CFGR") >>> 1) & 3;
    const counts = polarity === 2 || (polarity === 0) === level;
    if (this.#lostEdges > 0 && input === "IN1" && counts) {
      this.#lostEdges--;
      return;
    }
    if (this.#mode !== "running") return;
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
    this.#resetsOnRead = false;
    this.#options.timeline.cancel(this.#resetting);
    this.registers.setBits("CR", COUNTRST, false);
    this.#counter.position = 0;
  }

  #configure(register: "CFGR" | "IER", before: number): void {
    if (this.registers.has("CR", ENABLE) && this.registers.get(register) !== before) {
      this.#mistake(`${register} is written while ENABLE = 1, against the manual`);
    }
    this.#changed();
  }

  /** What CR starts needs a timer that was enabled before. */
  #control(written: number, before: number): void {
    if ((written & ENABLE) === 0) {
      this.#halt();
    } else if ((before & ENABLE) === 0) {
      this.#lostEdges = this.registers.has("CFGR", CKSEL) ? LOST_EDGES : 0;
      if ((written & ~ENABLE) !== 0) this.#mistake("CR starts nothing in the write that sets ENABLE");
    } else {
      this.#resetsOnRead = (written & RSTARE) !== 0;
      if ((written & COUNTRST) !== 0) this.#resetSoon();
      if ((written & (SNGSTRT | CNTSTRT)) !== 0) this.#start((written & CNTSTRT) === 0);
    }
    this.#changed();
  }

  #start(once: boolean): void {
    this.#once = once;
    const byTrigger = ((this.registers.get("CFGR") >>> 17) & 3) !== 0;
    if (byTrigger && this.#mode !== "running") this.#mode = "armed";
    else if (this.#mode !== "running") this.#begin(this.#countsInput ? 0 : this.#startNs);
    if (byTrigger || this.#countsInput) this.#options.onListening?.();
  }

  /** What CR says reaches the counter so much later. */
  get #startNs(): number {
    return (START_CLOCKS * 1e9) / this.#options.kernelHz();
  }

  /** COUNTRST stays until the counter has it; a clock from outside is not waited for. */
  #resetSoon(): void {
    if (this.registers.has("CR", COUNTRST)) this.#mistake("COUNTRST is set while it is still set");
    if (this.registers.has("CFGR", CKSEL)) {
      this.#restart(0);
      return;
    }
    this.registers.setBits("CR", COUNTRST, true);
    if (this.#options.kernelHz() === 0) return;
    this.#resetting = this.#options.timeline.after(this.#startNs, () => {
      this.#sync();
      this.registers.setBits("CR", COUNTRST, false);
      this.#restart(0);
      this.#changed();
    });
  }

  #begin(delayNs: number): void {
    this.#mode = "running";
    this.#ended = false;
    this.#load();
    this.#restart(delayNs);
  }

  #restart(delayNs: number): void {
    this.#counter.position = 0;
    this.#since = this.#options.timeline.now + delayNs;
  }

  #load(): void {
    this.#counter.arr = this.registers.get("ARR");
    this.#cmp = this.registers.get("CMP");
  }

  #readCount(): number {
    const { count } = this.#counter;
    if (this.#resetsOnRead) {
      this.#restart(0);
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
    const other = this.#inputs.level(input === "IN1" ? "IN2" : "IN1");
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
    if (!this.registers.has("CR", ENABLE)) this.#mistake("CMP and ARR are to be written while ENABLE = 1");
    if (hz === 0 || !this.registers.has("CR", ENABLE)) return;
    this.#options.timeline.after(3e9 / hz, () => {
      this.#raise(flag);
      this.#update();
    });
  }

  #raise(flag: number): void {
    this.registers.setBits("ISR", flag, true);
    this.#told |= flag & this.registers.get("IER");
  }

  #mistake(message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${message}`, `guest mistake: ${name}: ${message}`);
  }

  #clear(written: number): void {
    this.registers.setBits("ISR", written, false);
    this.#told &= ~written;
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
    this.#options.interrupt.set((this.#told & this.registers.get("ISR") & this.registers.get("IER")) !== 0);
  }
}

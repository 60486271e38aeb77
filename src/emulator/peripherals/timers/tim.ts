/**
 * Timers TIM1..TIM8 and TIM12..TIM17 (RM0433, chapters of the same names): counting in all directions, prescaler,
 * repetition, preload, compare and PWM outputs, capture, encoder, external clocks, one-pulse mode, master and slave mode,
 * break, filters, dead time, interrupts and DMA requests.
 *
 * Between two events that somebody waits for, nothing is scheduled: the counter's position is computed when looked at.
 */

import type { AccessSize, BusDevice } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { TimelineEvent } from "../../timeline.js";
import { TimBase } from "./tim-base.js";
import { TimBreak } from "./tim-break.js";
import { TimChannels } from "./tim-channels.js";
import { SLAVE, TimClock } from "./tim-clock.js";
import { LapCounter } from "./tim-counter.js";
import { TimFlags } from "./tim-flags.js";
import { type InputEvents, type TimInput, TimInputs } from "./tim-inputs.js";
import { TimMaster } from "./tim-master.js";
import type { TimOptions } from "./tim-options.js";
import { keepLocked } from "./tim-outputs.js";
import { PeriodicInputs } from "./tim-periodic.js";
import { TimPins } from "./tim-pins.js";
import * as bits from "./tim-registers.js";
import { TimSampling } from "./tim-sampling.js";
import type { TriggerListener } from "./tim-trigger.js";

/** Offset of TIMx_CNT. */
const CNT = 0x24;

export class Tim implements BusDevice {
  readonly registers: RegisterBlock<string>;
  readonly name: string;

  readonly #options: TimOptions;
  readonly #has: (name: string) => boolean;
  readonly #counter: LapCounter;
  readonly #channels: TimChannels;
  readonly #inputs: TimInputs;
  readonly #periodic: PeriodicInputs;
  readonly #base: TimBase;
  readonly #clock: TimClock;
  readonly #flags: TimFlags;
  readonly #break: TimBreak;
  readonly #pins: TimPins;
  readonly #master: TimMaster;
  #next: TimelineEvent | undefined;

  constructor(options: TimOptions) {
    this.#options = options;
    const { name, kind, log, clocked, timeline } = options;
    this.name = name;
    const specs = bits.timRegisters(kind, options.bits, this.#hooks());
    const registers = new RegisterBlock(specs, { name, log, clocked });
    this.registers = registers;
    const names: ReadonlySet<string> = new Set(Object.keys(specs));
    const has = (register: string): boolean => names.has(register);
    this.#has = has;
    this.#counter = new LapCounter(options.bits === 32 ? 0xffff_ffff : 0xffff);
    this.#channels = new TimChannels(registers, this.#counter, has, options.bits);
    const sampling = new TimSampling(registers, options.clockHz);
    const channels = this.#channels.all;
    this.#inputs = new TimInputs({
      registers,
      channels,
      has,
      timeline,
      sampling,
      events: this.#inputEvents(),
    });
    this.#periodic = new PeriodicInputs(registers, this.#inputs, options.periodic);
    this.#clock = new TimClock({
      registers,
      options,
      inputs: this.#inputs,
      periodic: this.#periodic,
      hasSlave: has("SMCR"),
    });
    this.#flags = new TimFlags(registers, options, has);
    this.#break = new TimBreak({
      registers,
      has,
      timeline,
      sampling,
      onFiltered: () => this.#after(() => this.#break.look()),
    });
    this.#pins = new TimPins({
      registers,
      timeline,
      channels: this.#channels,
      sampling,
      has,
      lapNs: () => this.#counter.lap * this.#clock.tickNs,
    });
    this.#master = new TimMaster(registers, this.#channels, {
      first: has("CR2"),
      second: kind === "advanced",
    });
    this.#base = new TimBase({
      registers,
      options,
      has,
      counter: this.#counter,
      channels: this.#channels,
      inputs: this.#inputs,
      periodic: this.#periodic,
      clock: this.#clock,
      flags: this.#flags,
      brake: this.#break,
      pins: this.#pins,
      master: this.#master,
    });
  }

  #hooks(): bits.TimHooks {
    return {
      control: (before) => this.#control(before),
      locked: (name, before) => this.#keepLocked(name, before),
      readControl: (stored) => (this.#counter.countsDown ? stored | bits.DIR : stored & ~bits.DIR) >>> 0,
      status: (written, before) => this.#clear(written, before),
      generate: (written) => this.#generate(written),
      readCount: () => this.#readCount(),
      writeCount: () => this.#writeCount(),
      reload: () => this.#reload(),
      channels: (register, before) => {
        this.#keepLocked(`CCMR${register}_Output`, before);
        this.#channels.configure(register, before);
        this.#changed();
      },
      outputs: () => {
        this.#channels.wroteEnables();
        this.#changed();
      },
      inputs: () => {
        this.#inputs.look();
        this.#clock.selectGate();
        this.#changed();
        this.#options.onSlave?.();
      },
      mainOutput: () => {
        this.#break.look();
        this.#changed();
      },
      compare: (channel, before) => {
        this.#channels.wroteCompare(channel, before);
        this.#changed();
      },
      readCompare: (channel) => this.#readCompare(channel),
      update: () => this.#changed(),
      burst: (value) => this.#flags.burst(value),
    };
  }

  #inputEvents(): InputEvents {
    return {
      capture: (index) => this.#base.captured(index, this.#counter.count, 1),
      trigger: () => this.#base.triggered(),
      gate: () => {
        if (this.#clock.gated()) this.#flags.gated();
      },
      step: (up) => this.#base.step(up),
      external: () => {
        if (this.registers.has("SMCR", bits.ECE)) this.#base.externalEdge();
      },
      clear: () => this.#channels.clear(),
      late: (edge) => this.#after(edge),
    };
  }

  read(offset: number, size: AccessSize): number {
    // Programs wait by reading the counter again and again.
    if ((offset & ~3) !== CNT || this.#base.countNow === undefined) this.#base.sync();
    return this.registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#base.sync();
    this.registers.write(offset, size, value);
  }

  reset(): void {
    this.#cancel();
    this.registers.reset();
    this.#channels.reset();
    this.#inputs.reset();
    this.#master.reset();
    this.#flags.reset();
    this.#pins.reset();
    this.#base.reset();
    this.#break.look();
    this.#tellOutputs();
    this.#flags.updateInterrupts();
  }

  /** To be called when the timers' clock changed, or who listens to the trigger output. */
  clockChanged(): void {
    this.#changed();
  }

  /** `listener` hears of the trigger output (TRGO) while it wants to. */
  onTrigger(listener: TriggerListener): void {
    this.#master.trgo.add(listener);
  }

  /** The second trigger output of TIM1 and TIM8. */
  onTrigger2(listener: TriggerListener): void {
    this.#master.trgo2.add(listener);
  }

  /** `listener` hears of the rising edges of OCxREF of channel 1..4. */
  onChannel(channel: number, listener: TriggerListener): void {
    this.#channels.events[channel - 1]?.add(listener);
  }

  /** How often a second its counter begins anew: a PWM output's frequency. 0 while it stands still. */
  get lapHz(): number {
    return this.registers.has("CR1", bits.CEN) ? 1e9 / (this.#counter.lap * this.#clock.tickNs) : 0;
  }

  /** TRGO as a level, for gated slaves. */
  get triggerLevel(): boolean {
    this.#base.sync();
    return this.#master.level;
  }

  /** OCxREF of channel 1..6. */
  reference(channel: number): boolean {
    this.#base.sync();
    return this.#channels.reference(channel - 1);
  }

  /** Which internal trigger (ITR0..) the slave controller follows or captures on; undefined while it follows none. */
  get slaveOf(): number | undefined {
    const { trigger } = this.#inputs;
    const index = trigger < 4 ? trigger : trigger >= 8 ? trigger - 4 : undefined;
    return this.#clock.slaveMode >= SLAVE.RESET || this.#channels.capturesTrigger ? index : undefined;
  }

  /** The level of output OCx (x = 1..6), or of its complement; undefined while the timer does not drive it. */
  output(channel: number, complement = false): boolean | undefined {
    this.#base.sync();
    return this.#pins.output(channel - 1, complement);
  }

  /**
   * Somebody looks at the pins of these channels' outputs (bit 0: channel 1): each edge is told from now on.
   * @param seen looked at with the eye (a LED): told only where it flickers slowly enough to be seen.
   */
  watch(channels: number, seen = 0): void {
    if (this.#pins.watch(channels, seen)) this.#changed();
  }

  /** A signal at an input. @param source 0: the pin; else the number that TISEL or AF1.ETRSEL knows it by. */
  setInput(input: TimInput, level: boolean, source = 0): void {
    this.#after(() => this.#inputs.set(input, level, source));
  }

  /** Does the input take the signal that TISEL or AF1.ETRSEL knows by this number? */
  selects(input: TimInput, source: number): boolean {
    return this.#inputs.selects(input, source);
  }

  /** A signal at a break input: bit 0 of AF1 or AF2 enables the pin, 1 and 2 the comparators. undefined: not connected. */
  setBreak(which: 1 | 2, source: number, level: boolean | undefined): void {
    this.#after(() => this.#break.set(which, source, level));
  }

  /** The system's break: a failure of HSE, and what SYSCFG_CFGR connects. */
  setSystemBreak(active: boolean): void {
    this.#after(() => this.#break.setSystem(active));
  }

  /** An edge of the internal trigger that `slaveOf` names. */
  triggered(): void {
    this.#after(() => this.#base.triggered());
  }

  /** The level of that internal trigger changed. */
  triggerChanged(): void {
    this.#after(() => {
      if (this.#clock.gated()) this.#flags.gated();
    });
  }

  /** Something happens from outside now. */
  #after(event: () => void): void {
    this.#base.sync();
    event();
    this.#changed();
  }

  /** Reading a captured value clears its flag (RM0433, TIMx_SR.CC1IF). */
  #readCompare(index: number): void {
    if (index > 3 || this.#channels.all[index]?.isOutput !== false) return;
    this.registers.setBits("SR", bits.CC1IF << index, false);
    this.#changed();
  }

  #control(before: number): void {
    const cr1 = this.registers.get("CR1");
    const written = (cr1 & bits.CMS) !== 0 ? "center" : (cr1 & bits.DIR) !== 0 ? "down" : "up";
    const direction = this.#clock.encoding ? this.#counter.direction : written;
    if (direction !== this.#counter.direction) {
      const { count } = this.#counter;
      this.#counter.direction = direction;
      this.#counter.place(count);
    }
    if (((cr1 ^ before) & bits.CEN) !== 0) this.#clock.start();
    this.#reload();
  }

  /** ARR takes effect at once without ARPE. */
  #reload(): void {
    if (!this.registers.has("CR1", bits.ARPE)) this.#base.setArr(this.registers.get("ARR"));
    this.#changed();
  }

  #readCount(): number {
    const count = this.#base.countNow ?? this.#counter.count;
    const copied = this.registers.has("CR1", bits.UIFREMAP) && this.registers.has("SR", bits.UIF);
    return copied ? (count | bits.UIFCPY) >>> 0 : count;
  }

  #writeCount(): void {
    const value = this.registers.get("CNT");
    this.#counter.place(this.#options.bits === 32 ? value : value & 0xffff, this.#counter.countsDown);
    this.#changed();
  }

  #keepLocked(name: string, before: number): void {
    if (!this.#has("BDTR")) return;
    const level = keepLocked(this.registers, name, before);
    if (level === undefined) return;
    const message = `${this.name}.${name}: BDTR.LOCK = ${level} protects bits until the next reset: write ignored`;
    this.#options.log.once(message, `guest mistake: ${message}`);
  }

  #generate(written: number): void {
    // What software makes reaches whoever listens now.
    this.#lookAhead(false);
    if ((written & 1) !== 0) this.#base.restart();
    for (let index = 0; index < Math.min(this.#channels.count, 4); index++) {
      if ((written & (bits.CC1IF << index)) === 0) continue;
      if (this.#channels.all[index]?.isOutput === false) this.#base.captured(index, this.#counter.count, 1);
      else this.#flags.generateCompare(index);
    }
    if ((written & bits.COMIF) !== 0) this.#base.commute();
    if ((written & bits.TIF) !== 0) this.#flags.trigger();
    this.#break.generate(written);
    this.#changed();
  }

  /** Flags are cleared by writing 0; a break that is still there keeps its flag. */
  #clear(written: number, before: number): void {
    this.registers.set("SR", before & written);
    this.#break.look();
    this.#changed();
  }

  /** After anything that may change when the next event is due. */
  #changed(): void {
    this.#base.sync();
    this.#clock.changed();
    this.#pins.configure();
    this.#flags.updateInterrupts();
    this.#tellOutputs();
    this.#schedule();
  }

  /** Signals with a level follow the counter. */
  #tellOutputs(): void {
    this.#master.follow();
    this.#channels.tellEvents();
    if (this.#pins.watched !== 0) this.#options.onOutputs?.();
  }

  #schedule(): void {
    this.#cancel();
    const { timeline } = this.#options;
    const { since, tickNs } = this.#clock;
    const { counting } = this.#base;
    this.#lookAhead(counting);
    const ticks = counting ? this.#ticksToEvent() : Number.POSITIVE_INFINITY;
    const counted = ticks === Number.POSITIVE_INFINITY ? ticks : since + ticks * tickNs;
    const at = Math.min(counted, this.#periodic.nextAt, this.#pins.nextAt);
    if (at === Number.POSITIVE_INFINITY) return;
    this.#next = timeline.after(at - timeline.now, () => {
      this.#base.sync();
      this.#flags.updateInterrupts();
      this.#tellOutputs();
      this.#schedule();
    });
  }

  #lookAhead(counting: boolean): void {
    this.#master.lookAhead(counting);
    this.#channels.lookAhead(counting);
  }

  #cancel(): void {
    this.#options.timeline.cancel(this.#next);
    this.#next = undefined;
  }

  /** Ticks to the next thing that somebody waits for. */
  #ticksToEvent(): number {
    const update = this.#flags.awaitsUpdate || this.#master.awaits("UPDATE") || this.#base.stopsAtUpdate();
    let ticks = update ? this.#counter.ticksToUpdate : Number.POSITIVE_INFINITY;
    const references = this.#pins.watched | this.#channels.heard | this.#master.references;
    if (references !== 0) ticks = Math.min(ticks, this.#channels.ticksToEdge(references));
    const compares = this.#master.awaits("COMPARE") ? 1 : 0;
    const dier = this.registers.get("DIER");
    return Math.min(ticks, this.#channels.ticksToFlag(dier, this.registers.get("SR"), compares));
  }
}

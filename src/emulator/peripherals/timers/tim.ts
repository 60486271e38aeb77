/**
 * Timers TIM1..TIM8 and TIM12..TIM17 (RM0433, chapters of the same names): counting in all directions, prescaler,
 * repetition, preload, compare and PWM outputs, capture, encoder, external clocks, one-pulse mode, master and slave mode,
 * break, interrupts and DMA requests. Filters and dead time, which move edges by some clocks, are stored.
 *
 * Between two events that somebody waits for, nothing is scheduled: the counter's position is computed when looked at.
 */

import type { AccessSize, BusDevice } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { TimelineEvent } from "../../timeline.js";
import { TimBreak } from "./tim-break.js";
import { TimBurst } from "./tim-burst.js";
import { TimChannels } from "./tim-channels.js";
import { LapCounter } from "./tim-counter.js";
import { type TimInput, TimInputs } from "./tim-inputs.js";
import { updateTimInterrupts } from "./tim-interrupts.js";
import { TimMaster } from "./tim-master.js";
import type { TimOptions, TimRequest } from "./tim-options.js";
import { lockedBits, outputLevel } from "./tim-outputs.js";
import { PeriodicInputs } from "./tim-periodic.js";
import * as bits from "./tim-registers.js";
import type { TriggerListener } from "./tim-trigger.js";

/** SMCR.SMS; 1..3 are the encoder modes. */
const SLAVE = { ENCODER3: 3, RESET: 4, GATED: 5, TRIGGER: 6, EXTERNAL: 7, RESET_TRIGGER: 8 } as const;
/** Periods shorter than this look like a steady light. */
const FLICKER_NS = 10e6;
export class Tim implements BusDevice {
  readonly registers: RegisterBlock<string>;
  readonly name: string;

  readonly #options: TimOptions;
  readonly #names: ReadonlySet<string>;
  readonly #counter: LapCounter;
  readonly #channels: TimChannels;
  readonly #inputs: TimInputs;
  readonly #periodic: PeriodicInputs;
  readonly #break: TimBreak;
  readonly #burst = new TimBurst();
  readonly #master: TimMaster;
  /** Board time at which the counter stood at its position. */
  #since = 0;
  /** The prescaler's active value. */
  #psc = 0;
  /** Edges of an external clock that the prescaler has counted. */
  #prescaled = 0;
  #repetitions = 0;
  #hz = 0;
  #next: TimelineEvent | undefined;
  #syncing = false;
  /** The trigger input's level, for gated mode. */
  #gate = false;
  #awaited = 0;
  #seen = 0;

  constructor(options: TimOptions) {
    this.#options = options;
    this.name = options.name;
    const specs = bits.timRegisters(options.kind, options.bits, {
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
        this.#gate = this.#triggerInput();
        this.#changed();
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
      burst: (value) => this.#burst.access(this.registers, value),
    });
    this.registers = new RegisterBlock(specs, {
      name: options.name,
      log: options.log,
      clocked: options.clocked,
    });
    this.#names = new Set(Object.keys(specs));
    const has = (name: string): boolean => this.#names.has(name);
    this.#counter = new LapCounter(this.#max());
    this.#channels = new TimChannels(this.registers, this.#counter, has, options.bits);
    this.#inputs = new TimInputs(this.registers, this.#channels.all, has, {
      capture: (index) => this.#captured(index, this.#counter.count, 1),
      trigger: () => this.#triggered(),
      gate: () => this.#gated(),
      step: (up) => this.#step(up),
      external: () => {
        if (this.registers.has("SMCR", bits.ECE)) this.#externalEdge();
      },
      clear: () => this.#channels.clear(),
    });
    this.#periodic = new PeriodicInputs(this.registers, this.#inputs, options.periodic);
    this.#break = new TimBreak(this.registers, has);
    this.#master = new TimMaster(this.registers, this.#channels, {
      first: has("CR2"),
      second: options.kind === "advanced",
    });
  }

  read(offset: number, size: AccessSize): number {
    this.#sync();
    return this.registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#sync();
    this.registers.write(offset, size, value);
  }

  reset(): void {
    this.#cancel();
    this.registers.reset();
    this.#channels.reset();
    this.#inputs.reset();
    this.#master.reset();
    this.#counter.direction = "up";
    this.#counter.arr = this.#max();
    this.#counter.position = 0;
    this.#psc = 0;
    this.#prescaled = 0;
    this.#repetitions = 0;
    this.#hz = 0;
    this.#tellOutputs();
    this.#updateInterrupts();
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

  /** TRGO as a level, for gated slaves. */
  get triggerLevel(): boolean {
    this.#sync();
    return this.#master.level;
  }

  /** OCxREF of channel 1..6. */
  reference(channel: number): boolean {
    this.#sync();
    return this.#channels.reference(channel - 1);
  }

  /** Which internal trigger (ITR0..) the slave controller follows or captures on; undefined while it follows none. */
  get slaveOf(): number | undefined {
    const { trigger } = this.#inputs;
    const index = trigger < 4 ? trigger : trigger >= 8 ? trigger - 4 : undefined;
    return this.#slaveMode() >= SLAVE.RESET || this.#channels.capturesTrigger ? index : undefined;
  }

  /** The level of output OCx (x = 1..6), or of its complement; undefined while the timer does not drive it. */
  output(channel: number, complement = false): boolean | undefined {
    this.#sync();
    const index = channel - 1;
    if (this.#channels.all[index]?.isOutput !== true) return undefined;
    const has = (name: string): number => (this.#names.has(name) ? this.registers.get(name) : 0);
    const state = {
      ccer: this.#channels.enables,
      bdtr: this.#names.has("BDTR") ? this.registers.get("BDTR") : undefined,
      cr2: has("CR2"),
    };
    return outputLevel(state, index, complement, this.#channels.reference(index));
  }

  /**
   * Somebody looks at the pins of these channels' outputs (bit 0: channel 1): each edge is told from now on.
   * @param seen looked at with the eye (a LED): told only where it flickers slowly enough to be seen.
   */
  watch(channels: number, seen = 0): void {
    if (channels === this.#awaited && seen === this.#seen) return;
    this.#awaited = channels;
    this.#seen = seen;
    this.#changed();
  }

  /** Outputs whose edges are told, bit 0 for channel 1. */
  #watched(): number {
    if (this.#seen === 0) return this.#awaited;
    const slow = this.#counter.lap * this.#tickNs() >= FLICKER_NS;
    return slow ? this.#awaited | this.#seen : this.#awaited;
  }

  /** A signal at an input. @param source 0: the pin; else the number that TISEL or AF1.ETRSEL knows it by. */
  setInput(input: TimInput, level: boolean, source = 0): void {
    this.#sync();
    this.#inputs.set(input, level, source);
    this.#changed();
  }

  /** A signal at a break input: bit 0 of AF1 or AF2 enables the pin, 1 and 2 the comparators. undefined: not connected. */
  setBreak(which: 1 | 2, source: number, level: boolean | undefined): void {
    this.#sync();
    this.#break.set(which, source, level);
    this.#changed();
  }

  /** The system's break: a failure of HSE, and what SYSCFG_CFGR connects. */
  setSystemBreak(active: boolean): void {
    this.#sync();
    this.#break.setSystem(active);
    this.#changed();
  }

  /** An edge of the internal trigger that `slaveOf` names. */
  triggered(): void {
    this.#sync();
    this.#triggered();
    this.#changed();
  }

  /** The level of that internal trigger changed. */
  triggerChanged(): void {
    this.#sync();
    this.#gated();
    this.#changed();
  }

  #triggered(): void {
    this.#inputs.captureOnTrigger();
    const mode = this.#slaveMode();
    if (this.#names.has("CR2") && this.registers.has("CR2", bits.CCUS)) this.#commute();
    if (mode < SLAVE.RESET) return;
    this.registers.setBits("SR", bits.TIF, true);
    if (mode === SLAVE.RESET || mode === SLAVE.RESET_TRIGGER) this.#restart();
    if (mode === SLAVE.TRIGGER || mode === SLAVE.RESET_TRIGGER) this.#enable();
    if (mode === SLAVE.EXTERNAL) this.#externalEdge();
    if (this.registers.has("DIER", bits.TDE)) this.#options.request?.("TRIG");
  }

  /** RM0433, SMS = 5: the counter runs while the trigger input is high; both its edges set TIF. */
  #gated(): void {
    const gate = this.#triggerInput();
    if (gate === this.#gate) return;
    this.#gate = gate;
    if (this.#slaveMode() !== SLAVE.GATED) return;
    this.registers.setBits("SR", bits.TIF, true);
    this.#since = this.#options.timeline.now;
  }

  #triggerInput(): boolean {
    const { trigger, triggerLevel } = this.#inputs;
    if (trigger >= 4 && trigger < 8) return triggerLevel;
    return this.#options.internalLevel?.(trigger < 4 ? trigger : trigger - 4) ?? false;
  }

  #max(): number {
    return this.#options.bits === 32 ? 0xffff_ffff : 0xffff;
  }

  #slaveMode(): number {
    if (!this.#names.has("SMCR")) return 0;
    const smcr = this.registers.get("SMCR");
    return (smcr & 7) | ((smcr >>> 13) & 8);
  }

  #tickNs(): number {
    return ((this.#psc + 1) * 1e9) / this.#hz;
  }

  /** The counter's clock before the prescaler: the kernel's, or one that TISEL leads to TI1 or TI2 in external clock mode 1. */
  #sourceHz(): number {
    if (this.#slaveMode() !== SLAVE.EXTERNAL) return this.#options.clockHz();
    return this.#periodic.clockHz(this.#inputs.trigger);
  }

  /** Does the counter count by time now? RM0433, TIMx_ARR: it is blocked while ARR is 0. */
  #counting(): boolean {
    if (!this.registers.has("CR1", bits.CEN) || this.#hz <= 0 || this.#counter.arr === 0) return false;
    const mode = this.#slaveMode();
    if (mode === 0) return !this.#externalClock();
    if (mode <= SLAVE.ENCODER3) return false;
    if (mode === SLAVE.GATED && !this.#gate) return false;
    return !this.#externalClock();
  }

  /** SMCR.ECE: ETRF clocks the counter. */
  #externalClock(): boolean {
    return this.#names.has("SMCR") && this.registers.has("SMCR", bits.ECE);
  }

  /** Brings counter, flags and outputs to the present. */
  #sync(): void {
    if (this.#syncing) return;
    const { now } = this.#options.timeline;
    this.#syncing = true;
    this.#capturePeriodic(now);
    while (this.#counting()) {
      const ticks = Math.floor((now - this.#since) / this.#tickNs() + 1e-6);
      if (ticks <= 0) break;
      const step = this.#stopsAtUpdate() ? Math.min(ticks, this.#counter.ticksToUpdate) : ticks;
      this.#since += step * this.#tickNs();
      this.#advance(step);
    }
    if (!this.#counting()) this.#since = now;
    this.#syncing = false;
  }

  /** Clocks at inputs leave one capture behind, the last one. */
  #capturePeriodic(now: number): void {
    for (const { index, captures, at } of this.#periodic.pass(now)) {
      const ticks = this.#counting() ? Math.max(0, Math.floor((at - this.#since) / this.#tickNs())) : 0;
      this.#captured(index, this.#counter.countIn(ticks), captures);
    }
  }

  /** The next update event changes how it goes on. */
  #stopsAtUpdate(): boolean {
    if (this.registers.has("CR1", bits.OPM)) return true;
    if (this.registers.get("PSC") !== this.#psc || this.registers.get("ARR") !== this.#counter.arr)
      return true;
    return this.#channels.waitsForUpdate || this.#break.waitsForUpdate;
  }

  #advance(ticks: number): void {
    for (let index = 0; index < this.#channels.count; index++) this.#passMatches(index, ticks);
    const updates = this.#counter.updates(ticks);
    this.#counter.advance(ticks);
    if (updates > 0) this.#overflowed(updates);
    this.#updateInterrupts();
  }

  #passMatches(index: number, ticks: number): void {
    const { matches, flags } = this.#channels.passed(index, ticks);
    if (matches > 0) this.#channels.all[index]?.matched(matches);
    if (flags === 0) return;
    this.registers.setBits("SR", bits.COMPARE_FLAGS[index] as number, true);
    if (!this.#requestsOnUpdate()) this.#requestChannel(index);
    if (index === 0) this.#master.pulse("COMPARE");
  }

  /** CR2.CCDS: channels ask DMA with the update event. */
  #requestsOnUpdate(): boolean {
    return this.#names.has("CR2") && this.registers.has("CR2", bits.CCDS);
  }

  #requestChannel(index: number): void {
    const enabled = index < 4 && this.registers.has("DIER", bits.UDE << (index + 1));
    if (enabled) this.#options.request?.(`CH${index + 1}` as TimRequest);
  }

  #captured(index: number, count: number, captures: number): void {
    const flag = bits.CC1IF << index;
    if (captures > 1 || this.registers.has("SR", flag)) {
      this.registers.setBits("SR", bits.CC1OF << index, true);
    }
    this.registers.set(`CCR${index + 1}`, count);
    this.registers.setBits("SR", flag, true);
    if (!this.#requestsOnUpdate()) this.#requestChannel(index);
    if (index === 0) this.#master.pulse("COMPARE");
  }

  /** Reading a captured value clears its flag (RM0433, TIMx_SR.CC1IF). */
  #readCompare(index: number): void {
    if (index > 3 || this.#channels.all[index]?.isOutput !== false) return;
    this.registers.setBits("SR", bits.CC1IF << index, false);
    this.#changed();
  }

  /** An edge of an external clock: the prescaler counts these, too. */
  #externalEdge(): void {
    if (!this.registers.has("CR1", bits.CEN)) return;
    this.#prescaled++;
    if (this.#prescaled <= this.#psc) return;
    this.#prescaled = 0;
    if (this.#counter.arr > 0) this.#advance(1);
  }

  /** An encoder turns the counter's direction with each step. */
  #step(up: boolean): void {
    const { count } = this.#counter;
    const direction = up ? "up" : "down";
    if (this.#counter.direction !== direction) {
      this.#counter.direction = direction;
      this.#counter.place(count);
    }
    this.#externalEdge();
  }

  /** `times` overflows or underflows; every RCR + 1 of them is an update event. */
  #overflowed(times: number): void {
    const period = (this.#names.has("RCR") ? this.registers.get("RCR") : 0) + 1;
    if (times <= this.#repetitions) {
      this.#repetitions -= times;
      return;
    }
    this.#repetitions = period - 1 - ((times - this.#repetitions - 1) % period);
    if (this.registers.has("CR1", bits.OPM)) {
      this.registers.setBits("CR1", bits.CEN, false);
      this.#since = this.#options.timeline.now;
    }
    if (!this.registers.has("CR1", bits.UDIS)) this.#updateEvent(true);
  }

  /** Loads what the preload registers hold; sets UIF unless URS keeps software's events silent. */
  #updateEvent(byCounter: boolean): void {
    this.#psc = this.registers.get("PSC");
    this.#setArr(this.registers.get("ARR"));
    this.#channels.update(this.#inputs.etrLevel);
    this.#break.update();
    if (byCounter || !this.registers.has("CR1", bits.URS)) {
      this.registers.setBits("SR", bits.UIF, true);
      if (this.registers.has("DIER", bits.UDE)) this.#options.request?.("UP");
    }
    if (this.#requestsOnUpdate()) for (let index = 0; index < 4; index++) this.#requestChannel(index);
    this.#master.pulse("UPDATE");
  }

  #setArr(arr: number): void {
    const { count, countsDown } = this.#counter;
    const { direction, position } = this.#counter;
    this.#counter.arr = arr;
    if (direction === "up") return;
    if (position === 0 && direction === "down") return;
    this.#counter.place(count, countsDown);
  }

  #control(before: number): void {
    const cr1 = this.registers.get("CR1");
    const mode = this.#slaveMode();
    const encoding = mode > 0 && mode <= SLAVE.ENCODER3;
    const written = (cr1 & bits.CMS) !== 0 ? "center" : (cr1 & bits.DIR) !== 0 ? "down" : "up";
    const direction = encoding ? this.#counter.direction : written;
    if (direction !== this.#counter.direction) {
      const { count } = this.#counter;
      this.#counter.direction = direction;
      this.#counter.place(count);
    }
    if (((cr1 ^ before) & bits.CEN) !== 0) this.#since = this.#options.timeline.now;
    this.#reload();
  }

  #enable(): void {
    if (this.registers.has("CR1", bits.CEN)) return;
    this.#since = this.#options.timeline.now;
    this.registers.setBits("CR1", bits.CEN, true);
  }

  /** ARR takes effect at once without ARPE. */
  #reload(): void {
    if (!this.registers.has("CR1", bits.ARPE)) this.#setArr(this.registers.get("ARR"));
    this.#changed();
  }

  #readCount(): number {
    const { count } = this.#counter;
    const copied = this.registers.has("CR1", bits.UIFREMAP) && this.registers.has("SR", bits.UIF);
    return copied ? (count | bits.UIFCPY) >>> 0 : count;
  }

  #writeCount(): void {
    const value = this.registers.get("CNT");
    this.#counter.place(this.#options.bits === 32 ? value : value & 0xffff, this.#counter.countsDown);
    this.#changed();
  }

  #keepLocked(name: string, before: number): void {
    if (!this.#names.has("BDTR")) return;
    const level = ((name === "BDTR" ? before : this.registers.get("BDTR")) >>> 8) & 3;
    const kept = lockedBits(name, level);
    const now = this.registers.get(name);
    if (((now ^ before) & kept) === 0) return;
    this.registers.set(name, (now & ~kept) | (before & kept));
    const message = `${this.name}.${name}: BDTR.LOCK = ${level} protects bits until the next reset: write ignored`;
    this.#options.log.once(message, `guest mistake: ${message}`);
  }

  #generate(written: number): void {
    if ((written & 1) !== 0) this.#restart();
    for (let index = 0; index < Math.min(this.#channels.count, 4); index++) {
      if ((written & (bits.CC1IF << index)) === 0) continue;
      if (this.#channels.all[index]?.isOutput === false) {
        this.#captured(index, this.#counter.count, 1);
      } else {
        this.registers.setBits("SR", bits.CC1IF << index, true);
        this.#requestChannel(index);
      }
    }
    if ((written & bits.COMIF) !== 0) this.#commute();
    if ((written & bits.TIF) !== 0) {
      this.registers.setBits("SR", bits.TIF, true);
      if (this.registers.has("DIER", bits.TDE)) this.#options.request?.("TRIG");
    }
    this.#break.generate(written);
    this.#changed();
  }

  /** COM: preloaded CCxE, CCxNE and OCxM take effect (CR2.CCPC). */
  #commute(): void {
    if (!this.#names.has("BDTR")) return;
    this.#channels.commute();
    this.registers.setBits("SR", bits.COMIF, true);
    if (this.registers.has("DIER", bits.COMDE)) this.#options.request?.("COM");
  }

  /** UG, or a slave's reset: counter and prescaler start again. */
  #restart(): void {
    this.#counter.position = 0;
    this.#prescaled = 0;
    this.#since = this.#options.timeline.now;
    this.#repetitions = this.#names.has("RCR") ? this.registers.get("RCR") : 0;
    if (!this.registers.has("CR1", bits.UDIS)) this.#updateEvent(false);
    this.#master.pulse("RESET");
  }

  /** Flags are cleared by writing 0; a break that is still there keeps its flag. */
  #clear(written: number, before: number): void {
    this.registers.set("SR", before & written);
    this.#break.look();
    this.#changed();
  }

  /** After anything that may change when the next event is due. */
  #changed(): void {
    this.#sync();
    const hz = this.#sourceHz();
    if (hz !== this.#hz) {
      this.#hz = hz;
      this.#since = this.#options.timeline.now;
    }
    this.#updateInterrupts();
    this.#tellOutputs();
    this.#schedule();
  }

  /** Signals with a level follow the counter. */
  #tellOutputs(): void {
    this.#master.follow();
    this.#channels.tellEvents();
    if (this.#watched() !== 0) this.#options.onOutputs?.();
  }

  #schedule(): void {
    this.#cancel();
    const { timeline } = this.#options;
    const ticks = this.#counting() ? this.#ticksToEvent() : Number.POSITIVE_INFINITY;
    const counted = this.#since + (ticks === Number.POSITIVE_INFINITY ? ticks : ticks * this.#tickNs());
    const at = Math.min(counted, this.#periodic.nextAt);
    if (at === Number.POSITIVE_INFINITY) return;
    this.#next = timeline.after(at - timeline.now, () => {
      this.#sync();
      this.#updateInterrupts();
      this.#tellOutputs();
      this.#schedule();
    });
  }

  #cancel(): void {
    this.#options.timeline.cancel(this.#next);
    this.#next = undefined;
  }

  /** Ticks to the next thing that somebody waits for. */
  #ticksToEvent(): number {
    const dier = this.registers.get("DIER");
    const interrupts = (dier & bits.UIF) !== 0 && !this.registers.has("SR", bits.UIF);
    const asks = (dier & bits.UDE) !== 0 || (this.#requestsOnUpdate() && (dier & 0x1e00) !== 0);
    const update = interrupts || asks || this.#master.awaits("UPDATE") || this.#stopsAtUpdate();
    let ticks = update ? this.#counter.ticksToUpdate : Number.POSITIVE_INFINITY;
    const references = this.#watched() | this.#channels.heard | this.#master.references;
    if (references !== 0) ticks = Math.min(ticks, this.#channels.ticksToEdge(references));
    const compares = this.#master.awaits("COMPARE") ? 1 : 0;
    return Math.min(ticks, this.#channels.ticksToFlag(dier, this.registers.get("SR"), compares));
  }

  #updateInterrupts(): void {
    updateTimInterrupts(this.registers, this.#options);
  }
}

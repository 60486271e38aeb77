/**
 * Timers TIM1..TIM8 and TIM12..TIM17 (RM0433, chapters of the same names): counting in all directions, prescaler,
 * repetition, preload, compare and PWM outputs as levels, one-pulse mode, master and slave mode over the internal
 * triggers, interrupts and DMA requests. Nothing is connected to the pins: capture by software (CCxG) only; encoder,
 * external clocks, dead time and break inputs are stored.
 *
 * Between two events that somebody waits for, nothing is scheduled: the counter's position is computed when looked at.
 */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { Channel } from "./tim-channel.js";
import { LapCounter } from "./tim-counter.js";
import {
  ARPE,
  CC1E,
  CC1IF,
  CEN,
  CMS,
  COMPARE_FLAGS,
  DIR,
  MOE,
  OPM,
  TIF,
  type TimKind,
  timRegisters,
  UDIS,
  UIF,
  UIFCPY,
  UIFREMAP,
  URS,
} from "./tim-registers.js";

/** What a timer asks of DMA: its update event, its channels 1..4, its trigger. */
export type TimRequest = "UP" | "CH1" | "CH2" | "CH3" | "CH4" | "TRIG";

export interface TimOptions {
  /** "TIM2". */
  readonly name: string;
  readonly kind: TimKind;
  /** Counter width: 32 for TIM2 and TIM5, else 16. */
  readonly bits: 16 | 32;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** Update, and everything else that has no line of its own. */
  readonly interrupt: InterruptLine;
  readonly compareInterrupt?: InterruptLine;
  readonly triggerInterrupt?: InterruptLine;
  readonly clocked: ClockGate;
  /** The timers' kernel clock in Hz (ClockTree.timerHz). */
  readonly clockHz: () => number;
  readonly request?: (request: TimRequest) => void;
}

/** Who is clocked or started by a timer's trigger output. */
export interface TriggerListener {
  /** Does it look at this trigger now? */
  readonly wants: () => boolean;
  readonly pulse: () => void;
}

const CHANNEL_REQUESTS: readonly TimRequest[] = ["CH1", "CH2", "CH3", "CH4"];
/** SMCR.SMS */
const SLAVE = { RESET: 4, GATED: 5, TRIGGER: 6, EXTERNAL: 7, RESET_TRIGGER: 8 } as const;
/** CR2.MMS */
const MASTER = { RESET: 0, ENABLE: 1, UPDATE: 2, COMPARE: 3 } as const;
const UDE = 1 << 8;
const TDE = 1 << 14;
const COMPARE_SHIFT = 1;
const DMA_SHIFT = 9;

export class Tim implements BusDevice {
  readonly registers: RegisterBlock<string>;
  readonly name: string;

  readonly #options: TimOptions;
  readonly #channels = [1, 2, 3, 4, 5, 6].map(() => new Channel());
  readonly #counter: LapCounter;
  readonly #listeners: TriggerListener[] = [];
  readonly #count: number;
  /** Board time at which the counter stood at its position. */
  #since = 0;
  /** The prescaler's active value. */
  #psc = 0;
  #repetitions = 0;
  #hz = 0;
  #next: TimelineEvent | undefined;
  #syncing = false;

  constructor(options: TimOptions) {
    this.#options = options;
    this.name = options.name;
    const specs = timRegisters(options.kind, options.bits, {
      control: (before) => this.#control(before),
      readControl: (stored) => (this.#counter.countsDown ? stored | DIR : stored & ~DIR) >>> 0,
      status: (written, before) => this.#clear(written, before),
      generate: (written) => this.#generate(written),
      readCount: () => this.#readCount(),
      writeCount: () => this.#writeCount(),
      reload: () => this.#reload(),
      channels: () => this.#setUpChannels(),
      compare: (channel) => this.#writeCompare(channel),
      update: () => this.#changed(),
      burst: (value) => this.#burst(value),
    });
    this.registers = new RegisterBlock(specs, {
      name: options.name,
      log: options.log,
      clocked: options.clocked,
    });
    this.#count = [1, 2, 3, 4, 5, 6].filter((n) => `CCR${n}` in specs).length;
    this.#counter = new LapCounter(this.#max);
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
    for (const channel of this.#channels) channel.reset();
    this.#counter.direction = "up";
    this.#counter.arr = this.#max;
    this.#counter.position = 0;
    this.#psc = 0;
    this.#repetitions = 0;
    this.#hz = 0;
    this.#updateInterrupts();
  }

  /** To be called when the timers' clock changed, or who listens to the trigger output. */
  clockChanged(): void {
    this.#changed();
  }

  /** `listener` hears of the trigger output (TRGO) while it wants to. */
  onTrigger(listener: TriggerListener): void {
    this.#listeners.push(listener);
  }

  /** Which internal trigger (ITR0..3) the slave controller follows; undefined while it follows none. */
  get slaveOf(): number | undefined {
    if (this.#slaveMode === 0) return undefined;
    const smcr = this.registers.get("SMCR");
    const selection = ((smcr >>> 4) & 7) | ((smcr >>> 17) & 0x18);
    return selection < 4 ? selection : undefined;
  }

  /** The level of output OCx (x = 1..6), or of its complement; undefined while the output is off. */
  output(channel: number, complement = false): boolean | undefined {
    this.#sync();
    const at = this.#channels[channel - 1];
    const shift = (channel - 1) * 4 + (complement ? 2 : 0);
    if (at?.isOutput !== true || !this.registers.has("CCER", CC1E << shift)) return undefined;
    if (this.#has("BDTR") && !this.registers.has("BDTR", MOE)) return undefined;
    const inverted = this.registers.has("CCER", (CC1E << 1) << shift);
    return (at.reference(this.#counter) !== inverted) !== complement;
  }

  /** An edge of the internal trigger that `slaveOf` names. */
  triggered(): void {
    this.#sync();
    const mode = this.#slaveMode;
    this.registers.setBits("SR", TIF, true);
    if (mode === SLAVE.RESET || mode === SLAVE.RESET_TRIGGER) this.#restart(false);
    if (mode === SLAVE.TRIGGER || mode === SLAVE.RESET_TRIGGER) this.#enable();
    if (mode === SLAVE.EXTERNAL && this.registers.has("CR1", CEN)) this.#advance(1);
    if (this.registers.has("DIER", TDE)) this.#options.request?.("TRIG");
    this.#changed();
  }

  get #max(): number {
    return this.#options.bits === 32 ? 0xffff_ffff : 0xffff;
  }

  get #slaveMode(): number {
    if (!this.#has("SMCR")) return 0;
    const smcr = this.registers.get("SMCR");
    return (smcr & 7) | ((smcr >>> 13) & 8);
  }

  get #masterMode(): number {
    return this.#has("CR2") ? (this.registers.get("CR2") >>> 4) & 7 : 0;
  }

  #has(name: string): boolean {
    return this.registers.names.includes(name);
  }

  get #tickNs(): number {
    return ((this.#psc + 1) * 1e9) / this.#hz;
  }

  /** Does the counter count the kernel clock now? RM0433, TIMx_ARR: it is blocked while ARR is 0. */
  get #counting(): boolean {
    return (
      this.registers.has("CR1", CEN) &&
      this.#hz > 0 &&
      this.#counter.arr > 0 &&
      this.#slaveMode !== SLAVE.EXTERNAL
    );
  }

  /** Brings counter, flags and outputs to the present. */
  #sync(): void {
    const { now } = this.#options.timeline;
    if (!this.#counting || this.#syncing) {
      if (!this.#counting) this.#since = now;
      return;
    }
    this.#syncing = true;
    for (;;) {
      if (!this.#counting) break;
      const ticks = Math.floor((now - this.#since) / this.#tickNs + 1e-6);
      if (ticks <= 0) break;
      const step = this.#stopsAtUpdate ? Math.min(ticks, this.#counter.ticksToUpdate) : ticks;
      this.#since += step * this.#tickNs;
      this.#advance(step);
    }
    this.#syncing = false;
  }

  /** The next update event changes how it goes on. */
  get #stopsAtUpdate(): boolean {
    if (this.registers.has("CR1", OPM) || this.#counter.position >= this.#counter.lap) return true;
    if (this.registers.get("PSC") !== this.#psc || this.registers.get("ARR") !== this.#counter.arr)
      return true;
    return this.#channels.some((c, i) => i < this.#count && c.active !== this.#compareValue(i));
  }

  #compareValue(index: number): number {
    const value = this.registers.get(`CCR${index + 1}`);
    return this.#options.bits === 32 ? value : value & 0xffff;
  }

  #advance(ticks: number): void {
    for (let index = 0; index < this.#count; index++) this.#passMatches(index, ticks);
    const updates = this.#counter.updates(ticks);
    this.#counter.advance(ticks);
    if (updates > 0) this.#overflowed(updates);
    this.#updateInterrupts();
  }

  #passMatches(index: number, ticks: number): void {
    const channel = this.#channels[index] as Channel;
    if (!channel.isOutput) return;
    const { up, down } = this.#matchPositions(channel);
    let times = 0;
    for (const at of [up, down]) if (at !== undefined) times += this.#counter.arrivals(at, ticks);
    if (times === 0) return;
    channel.matched(times);
    const flag = COMPARE_FLAGS[index] as number;
    const first = (this.registers.get("SR") & flag) === 0;
    this.registers.setBits("SR", flag, true);
    const request = CHANNEL_REQUESTS[index];
    if (request !== undefined && this.registers.has("DIER", 1 << (DMA_SHIFT + index))) {
      this.#options.request?.(request);
    }
    const mode = this.#masterMode;
    if (mode === MASTER.COMPARE ? index === 0 && first : mode === index + 4) this.#pulse();
  }

  /** Centre-aligned, CMS decides on which way a match sets its flag (1 down, 2 up, 3 both). */
  #matchPositions(channel: Channel): { up: number | undefined; down: number | undefined } {
    const { up, down } = this.#counter.matches(channel.active);
    if (this.#counter.direction !== "center") return { up, down };
    const cms = (this.registers.get("CR1") & CMS) >>> 5;
    if (up === down) return { up, down: undefined };
    return { up: (cms & 2) === 0 ? undefined : up, down: (cms & 1) === 0 ? undefined : down };
  }

  /** `times` overflows or underflows; every RCR + 1 of them is an update event. */
  #overflowed(times: number): void {
    const period = (this.#has("RCR") ? this.registers.get("RCR") : 0) + 1;
    if (times <= this.#repetitions) {
      this.#repetitions -= times;
      return;
    }
    this.#repetitions = period - 1 - ((times - this.#repetitions - 1) % period);
    if (this.registers.has("CR1", OPM)) {
      this.registers.setBits("CR1", CEN, false);
      this.#since = this.#options.timeline.now;
    }
    if (!this.registers.has("CR1", UDIS)) this.#updateEvent(true);
  }

  /** Loads what the preload registers hold; sets UIF unless URS keeps software's events silent. */
  #updateEvent(byCounter: boolean): void {
    this.#psc = this.registers.get("PSC");
    this.#setArr(this.registers.get("ARR"));
    this.#channels.forEach((channel, index) => {
      if (index < this.#count) channel.active = this.#compareValue(index);
    });
    if (byCounter || !this.registers.has("CR1", URS)) {
      this.registers.setBits("SR", UIF, true);
      if (this.registers.has("DIER", UDE)) this.#options.request?.("UP");
    }
    if (this.#masterMode === MASTER.UPDATE) this.#pulse();
  }

  #setArr(arr: number): void {
    const { count, countsDown } = this.#counter;
    const { direction, position } = this.#counter;
    this.#counter.arr = arr;
    if (direction === "up") return;
    if (position === 0 && direction === "down") return;
    this.#counter.place(count, countsDown);
  }

  #pulse(): void {
    for (const { wants, pulse } of this.#listeners) if (wants()) pulse();
  }

  #control(before: number): void {
    const cr1 = this.registers.get("CR1");
    const direction = (cr1 & CMS) !== 0 ? "center" : (cr1 & DIR) !== 0 ? "down" : "up";
    if (direction !== this.#counter.direction) {
      const { count } = this.#counter;
      this.#counter.direction = direction;
      this.#counter.place(count);
    }
    this.#reload();
    if ((cr1 & ~before & CEN) !== 0 && this.#masterMode === MASTER.ENABLE) this.#pulse();
  }

  #enable(): void {
    this.#since = this.#options.timeline.now;
    this.registers.setBits("CR1", CEN, true);
    if (this.#masterMode === MASTER.ENABLE) this.#pulse();
  }

  /** ARR takes effect at once without ARPE. */
  #reload(): void {
    if (!this.registers.has("CR1", ARPE)) this.#setArr(this.registers.get("ARR"));
    this.#changed();
  }

  #readCount(): number {
    const { count } = this.#counter;
    const copied = this.registers.has("CR1", UIFREMAP) && this.registers.has("SR", UIF);
    return copied ? (count | UIFCPY) >>> 0 : count;
  }

  #writeCount(): void {
    const value = this.registers.get("CNT");
    this.#counter.place(this.#options.bits === 32 ? value : value & 0xffff, this.#counter.countsDown);
    this.#changed();
  }

  #setUpChannels(): void {
    this.#channels.forEach((channel, index) => {
      if (index >= this.#count) return;
      const name = `CCMR${(index >> 1) + 1}_Output`;
      const field = this.registers.get(name) >>> ((index & 1) * 8);
      const high = (this.registers.get(name) >>> (16 + (index & 1) * 8)) & 1;
      channel.selection = index < 4 ? field & 3 : 0;
      channel.preload = (field & 8) !== 0;
      channel.mode = ((field >>> 4) & 7) | (high << 3);
      if (!channel.preload) channel.active = this.#compareValue(index);
    });
    this.#changed();
  }

  #writeCompare(index: number): void {
    const channel = this.#channels[index] as Channel;
    if (!channel.preload) channel.active = this.#compareValue(index);
    this.#changed();
  }

  #generate(written: number): void {
    if ((written & 1) !== 0) this.#restart(true);
    for (let index = 0; index < Math.min(this.#count, 4); index++) {
      if ((written & (1 << (COMPARE_SHIFT + index))) === 0) continue;
      this.registers.setBits("SR", CC1IF << index, true);
      if ((this.#channels[index] as Channel).isOutput) continue;
      this.registers.set(`CCR${index + 1}`, this.#counter.count);
    }
    if ((written & (1 << 6)) !== 0) this.registers.setBits("SR", TIF, true);
    if ((written & (1 << 7)) !== 0) {
      this.registers.setBits("SR", 1 << 7, true);
      if (this.#has("BDTR")) this.registers.setBits("BDTR", MOE, false);
    }
    this.#changed();
  }

  /** UG, or a slave's reset: counter and prescaler start again. */
  #restart(bySoftware: boolean): void {
    this.#counter.position = 0;
    this.#since = this.#options.timeline.now;
    this.#repetitions = this.#has("RCR") ? this.registers.get("RCR") : 0;
    if (!this.registers.has("CR1", UDIS)) this.#updateEvent(false);
    if (bySoftware && this.#masterMode === MASTER.RESET) this.#pulse();
  }

  /** Flags are cleared by writing 0. */
  #clear(written: number, before: number): void {
    this.registers.set("SR", before & written);
    this.#changed();
  }

  /** DMAR: the register DCR.DBA + n, n counting through a burst of DBL + 1 accesses. */
  #burst(value: number | undefined): number {
    const dcr = this.registers.get("DCR");
    const length = ((dcr >>> 8) & 0x1f) + 1;
    const offset = ((dcr & 0x1f) + this.#burstIndex) * 4;
    this.#burstIndex = (this.#burstIndex + 1) % length;
    if (value === undefined) return this.registers.read(offset, 4);
    this.registers.write(offset, 4, value);
    return 0;
  }

  #burstIndex = 0;

  /** After anything that may change when the next event is due. */
  #changed(): void {
    this.#sync();
    const hz = this.#options.clockHz();
    if (hz !== this.#hz) {
      this.#hz = hz;
      this.#since = this.#options.timeline.now;
    }
    this.#updateInterrupts();
    this.#schedule();
  }

  #schedule(): void {
    this.#cancel();
    const ticks = this.#counting ? this.#ticksToEvent() : Number.POSITIVE_INFINITY;
    if (ticks === Number.POSITIVE_INFINITY) return;
    const { timeline } = this.#options;
    const at = this.#since + ticks * this.#tickNs;
    this.#next = timeline.after(at - timeline.now, () => {
      this.#sync();
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
    const mode = this.#masterMode;
    const heard = mode >= MASTER.UPDATE && this.#listeners.some(({ wants }) => wants());
    let ticks = Number.POSITIVE_INFINITY;
    const waitsForUpdate = (dier & UDE) !== 0 || ((dier & UIF) !== 0 && !this.registers.has("SR", UIF));
    if (waitsForUpdate || this.#stopsAtUpdate || (heard && mode === MASTER.UPDATE)) {
      ticks = this.#counter.ticksToUpdate;
    }
    for (let index = 0; index < this.#count; index++) {
      const enable = (1 << (COMPARE_SHIFT + index)) & (index < 4 ? 0x1e : 0);
      const flagged = this.registers.has("SR", COMPARE_FLAGS[index] as number);
      const awaited =
        ((dier & enable) !== 0 && !flagged) ||
        (index < 4 && (dier & (1 << (DMA_SHIFT + index))) !== 0) ||
        (heard && (mode === MASTER.COMPARE ? index === 0 && !flagged : mode === index + 4));
      const channel = this.#channels[index] as Channel;
      if (!awaited || !channel.isOutput) continue;
      const { up, down } = this.#matchPositions(channel);
      for (const at of [up, down]) if (at !== undefined) ticks = Math.min(ticks, this.#counter.ticksTo(at));
    }
    return ticks;
  }

  #updateInterrupts(): void {
    const pending = this.registers.get("SR") & this.registers.get("DIER");
    const { interrupt, compareInterrupt, triggerInterrupt } = this.#options;
    const compare = pending & 0x1e;
    const trigger = pending & 0x60;
    const rest = (pending & 0x81) | (compareInterrupt === undefined ? compare : 0);
    interrupt.set((rest | (triggerInterrupt === undefined ? trigger : 0)) !== 0);
    compareInterrupt?.set(compare !== 0);
    triggerInterrupt?.set(trigger !== 0);
  }
}

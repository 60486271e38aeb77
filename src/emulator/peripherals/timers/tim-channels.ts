/** The channels of a timer together: configuration, preload, references and when they change (RM0433, TIMx_CCMRx, TIMx_CCRx). */

import type { RegisterBlock } from "../../registers.js";
import { Channel, COMBINED } from "./tim-channel.js";
import type { LapCounter } from "./tim-counter.js";
import { CC1E, CCPC, CMS, COMPARE_FLAGS } from "./tim-registers.js";
import { TriggerOutput } from "./tim-trigger.js";

const CHANNELS = 6;
const DMA_SHIFT = 9;
const COMPARE_INTERRUPTS = 0x1e;
/** CCxS */
const FROM_TRIGGER = 3;
/** CCR5.GC5C1..GC5C3: OC5REF gates the first three. */
const GROUP_SHIFT = 29;

export class TimChannels {
  readonly all: readonly Channel[] = Array.from({ length: CHANNELS }, () => new Channel());
  /** Rising edges of OCxREF, for those inside the chip who wait for them. */
  readonly events: readonly TriggerOutput[] = Array.from({ length: CHANNELS }, () => new TriggerOutput());
  /** How many there are. */
  readonly count: number;

  readonly #registers: RegisterBlock<string>;
  readonly #counter: LapCounter;
  readonly #has: (name: string) => boolean;
  readonly #mask: number;
  /** CCER as it acts: behind its preload with CR2.CCPC. */
  #enables = 0;

  constructor(
    registers: RegisterBlock<string>,
    counter: LapCounter,
    has: (name: string) => boolean,
    bits: 16 | 32,
  ) {
    this.#registers = registers;
    this.#counter = counter;
    this.#has = has;
    this.#mask = bits === 32 ? 0xffff_ffff : 0xffff;
    this.count = [1, 2, 3, 4, 5, 6].filter((n) => has(`CCR${n}`)).length;
  }

  reset(): void {
    for (const channel of this.all) channel.reset();
    for (const event of this.events) event.reset();
    this.#enables = 0;
  }

  /** CCER as it acts now. */
  get enables(): number {
    return this.#enables;
  }

  /** Some channel captures on the trigger (CCxS = 3). */
  get capturesTrigger(): boolean {
    return this.all.some(({ selection }) => selection === FROM_TRIGGER);
  }

  /** Preloaded values differ from those that act. */
  get waitsForUpdate(): boolean {
    for (let index = 0; index < this.count; index++) {
      const channel = this.all[index] as Channel;
      if (channel.cleared || (channel.isOutput && channel.active !== this.#value(index))) return true;
    }
    return false;
  }

  /** CCMRx was written. CCxS can be written only while the channel is off (RM0433, TIMx_CCMR1). */
  configure(register: number, before: number): void {
    const name = `CCMR${register}_Output`;
    for (const half of [0, 1]) {
      const index = (register - 1) * 2 + half;
      if (index < 4 && this.#registers.has("CCER", CC1E << (index * 4)))
        this.#keep(name, before, 3 << (half * 8));
    }
    for (const half of [0, 1]) this.#configure((register - 1) * 2 + half, this.#registers.get(name), half);
  }

  #keep(name: string, before: number, mask: number): void {
    this.#registers.set(name, (this.#registers.get(name) & ~mask) | (before & mask));
  }

  #configure(index: number, ccmr: number, half: number): void {
    const channel = this.all[index];
    if (channel === undefined || index >= this.count) return;
    const field = ccmr >>> (half * 8);
    channel.selection = index < 4 ? field & 3 : 0;
    channel.preload = channel.isOutput && (field & 8) !== 0;
    channel.clearable = channel.isOutput && (field & 0x80) !== 0;
    if (!this.#preloaded) channel.mode = modeOf(ccmr, half);
    channel.settle();
    if (!channel.preload) channel.active = this.#value(index);
  }

  get #preloaded(): boolean {
    return this.#has("BDTR") && this.#registers.has("CR2", CCPC);
  }

  wroteEnables(): void {
    if (!this.#preloaded) this.#enables = this.#registers.get("CCER");
  }

  commute(): void {
    this.#enables = this.#registers.get("CCER");
    for (let index = 0; index < this.count; index++) {
      const channel = this.all[index] as Channel;
      channel.mode = modeOf(this.#registers.get(`CCMR${(index >> 1) + 1}_Output`), index & 1);
      channel.settle();
    }
  }

  /** A capture register cannot be written. */
  wroteCompare(index: number, before: number): void {
    const channel = this.all[index] as Channel;
    if (!channel.isOutput) this.#registers.set(`CCR${index + 1}`, before);
    else if (!channel.preload) channel.active = this.#value(index);
  }

  update(etrHigh: boolean): void {
    for (let index = 0; index < this.count; index++) {
      const channel = this.all[index] as Channel;
      if (channel.isOutput) channel.active = this.#value(index);
      if (!etrHigh) channel.cleared = false;
    }
  }

  /** TRGI: retriggerable pulses begin, or begin anew. */
  trigger(): void {
    for (const channel of this.all) channel.triggered = true;
  }

  /** The counter's update event ends them. */
  endPulses(): void {
    for (const channel of this.all) channel.triggered = false;
  }

  /** ETRF went high. */
  clear(): void {
    for (const channel of this.all) if (channel.clearable) channel.cleared = true;
  }

  /** OCxREFC: what the output stage sees of channel `index`. */
  reference(index: number): boolean {
    const channel = this.all[index] as Channel;
    const own = channel.reference(this.#counter);
    const combined = channel.isCombined && index < 4 ? this.#combine(channel, own, index ^ 1) : own;
    if (index > 2 || !this.#has("CCR5")) return combined;
    const grouped = this.#registers.has("CCR5", 1 << (GROUP_SHIFT + index));
    return combined && (!grouped || (this.all[4] as Channel).reference(this.#counter));
  }

  #combine({ mode }: Channel, own: boolean, partner: number): boolean {
    const other = (this.all[partner] as Channel).reference(this.#counter);
    if (mode === COMBINED.OR) return own || other;
    if (mode === COMBINED.AND) return own && other;
    return this.#counter.countsDown ? other : own;
  }

  /** How often channel `index` matches in the next `ticks`, and how often that sets its flag. */
  passed(index: number, ticks: number): { readonly matches: number; readonly flags: number } {
    const channel = this.all[index] as Channel;
    if (!channel.isOutput) return { matches: 0, flags: 0 };
    const { up, down } = this.#counter.matches(channel.active);
    const upward = up === undefined ? 0 : this.#counter.arrivals(up, ticks);
    const downward = down === undefined || down === up ? 0 : this.#counter.arrivals(down, ticks);
    const reached = channel.active <= this.#counter.arr;
    const { up: flagsUp, down: flagsDown } = this.#flagging;
    return {
      matches: reached ? upward + downward : 0,
      flags: (flagsUp || up === down ? upward : 0) + (flagsDown ? downward : 0),
    };
  }

  /** Centre-aligned, CMS decides on which way a match sets its flag (1 down, 2 up, 3 both). */
  get #flagging(): { readonly up: boolean; readonly down: boolean } {
    if (this.#counter.direction !== "center") return { up: true, down: true };
    const cms = (this.#registers.get("CR1") & CMS) >>> 5;
    return { up: (cms & 2) !== 0, down: (cms & 1) !== 0 };
  }

  /** Channels whose references somebody inside the chip waits for, as bits. */
  get heard(): number {
    let heard = 0;
    for (let index = 0; index < this.count; index++)
      if (this.events[index]?.listening === true) heard |= 1 << index;
    return heard;
  }

  lookAhead(counting: boolean): void {
    for (const event of this.events) event.lookAhead(counting);
  }

  tellEvents(): void {
    for (let index = 0; index < this.count; index++) {
      const event = this.events[index] as TriggerOutput;
      if (event.heard) event.follow(this.reference(index));
    }
  }

  /** Ticks until the reference of any of these channels (as bits) may change. */
  ticksToEdge(channels: number): number {
    // Combined modes look at their neighbours and at channel 5.
    const combined = this.all.some((channel) => channel.isCombined) || this.#has("CCR5");
    let ticks = this.#counter.ticksToUpdate;
    for (let index = 0; index < this.count; index++) {
      if (!combined && (channels & (1 << index)) === 0) continue;
      const { up, down } = this.#counter.matches((this.all[index] as Channel).active);
      for (const at of [up, down]) if (at !== undefined) ticks = Math.min(ticks, this.#counter.ticksTo(at));
    }
    return ticks;
  }

  /** Ticks until a compare flag is set that an interrupt, DMA or `also` (channels as bits) waits for. */
  ticksToFlag(dier: number, sr: number, also: number): number {
    let ticks = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.count; index++) {
      const flag = COMPARE_FLAGS[index] as number;
      const interrupts = (dier & flag & COMPARE_INTERRUPTS) !== 0 && (sr & flag) === 0;
      const asks = index < 4 && (dier & (1 << (DMA_SHIFT + index))) !== 0;
      if ((!interrupts && !asks && (also & (1 << index)) === 0) || this.all[index]?.isOutput !== true)
        continue;
      const { up, down } = this.#counter.matches((this.all[index] as Channel).active);
      const { up: flagsUp, down: flagsDown } = this.#flagging;
      if (up !== undefined && (flagsUp || up === down)) ticks = Math.min(ticks, this.#counter.ticksTo(up));
      if (down !== undefined && flagsDown) ticks = Math.min(ticks, this.#counter.ticksTo(down));
    }
    return ticks;
  }

  #value(index: number): number {
    return (this.#registers.get(`CCR${index + 1}`) & this.#mask) >>> 0;
  }
}

/** OCxM with its fourth bit. */
function modeOf(ccmr: number, half: number): number {
  return ((ccmr >>> (half * 8 + 4)) & 7) | (((ccmr >>> (16 + half * 8)) & 1) << 3);
}

/**
 * HRTIM's six timers through time. Whatever happens in one period of fHRTIM is worked out together: what matches, what that
 * resets, updates, sets, captures and triggers. Where nobody waits, it is done when somebody looks, and repeated laps are left out.
 */

import { ALL_TIMERS, COMPARES, CONTROL, EVENT, MASTER, TIMER_EVENTS, UNITS } from "./hrtim-bits.js";
import type { HrtimBurst } from "./hrtim-burst.js";
import { HrtimCapture } from "./hrtim-capture.js";
import { NEVER } from "./hrtim-counter.js";
import type { HrtimEventFilter } from "./hrtim-event-filter.js";
import type { HrtimOutputs } from "./hrtim-outputs.js";
import type { HrtimProtection } from "./hrtim-protection.js";
import type { HrtimTimer } from "./hrtim-timer.js";
import type { HrtimUpdates } from "./hrtim-updates.js";

/** What comes from outside the counters. */
export interface Cause {
  /** External events. */
  readonly events?: number;
  /** The synchronization input. */
  readonly sync?: boolean;
  /** Timers whose counters software resets, bit 5 for the master. */
  readonly resets?: number;
  /** Timers that software updates. */
  readonly updates?: number;
  /** Timers that an update enable input, or the end of a DMA burst, updates. */
  readonly enabled?: number;
}

export interface HrtimCorePort {
  readonly timers: readonly HrtimTimer[];
  readonly outputs: readonly HrtimOutputs[];
  readonly filters: readonly HrtimEventFilter[];
  readonly burst: HrtimBurst;
  readonly updates: HrtimUpdates;
  readonly protection: HrtimProtection;
  /** External events that act by their level now. */
  readonly levels: () => number;
  /** All that happened to the timers in one period; external events as they came. */
  readonly onInstant: (fired: readonly number[], events: number, members: readonly number[]) => void;
}

const ALONE: readonly (readonly number[])[] = ALL_TIMERS.map((timer) => [timer]);
const NOTHING: Cause = {};
/** EXTEVNT1..10 of SETxyR and RSTxyR. */
const EXTERNAL_EVENTS = 0x7fe0_0000;
/** Laps that are looked at for one that repeats another. */
const LAPS_SEEN = 2048;

export class HrtimCore {
  readonly #port: HrtimCorePort;
  readonly #capture: HrtimCapture;
  readonly #fired = [0, 0, 0, 0, 0, 0];
  readonly #before = [0, 0, 0, 0, 0, 0];
  /** External events behind each unit's filters. */
  readonly #events = [0, 0, 0, 0, 0];
  /** Up to there everything is done. */
  #done = 0;
  /** A timer's registers name another timer. */
  #coupled = false;

  constructor(port: HrtimCorePort) {
    this.#port = port;
    this.#capture = new HrtimCapture(port.timers);
  }

  /** Registers were written. */
  configure(): void {
    this.#coupled = this.#port.burst.enabled || UNITS.some((unit) => this.#refersToOthers(unit));
  }

  #refersToOthers(unit: number): boolean {
    const timer = this.#port.timers[unit] as HrtimTimer;
    if (!timer.enabled) return false;
    const { SET1, RST1, SET2, RST2, RST } = timer.active;
    const crossbar = (SET1 | RST1 | SET2 | RST2) & 0x1f_ff80;
    const others = timer.register("CPT1C") | timer.register("CPT2C");
    const byUpdate = timer.register("CR") & 0x1f8_0000;
    const filtered = this.#port.filters[unit]?.byOthers === true;
    return (crossbar | (RST & 0x7ff8_01f0) | (others & ~0xfff) | byUpdate) !== 0 || filtered;
  }

  get #groups(): readonly (readonly number[])[] {
    return this.#coupled ? [ALL_TIMERS] : ALONE;
  }

  /** Does all that is due up to period `to`. */
  advance(to: number): void {
    for (const group of this.#groups) this.#advance(group, to);
    this.#done = Math.max(this.#done, to);
  }

  #advance(group: readonly number[], to: number): void {
    let at = this.#done;
    let laps: Map<string, number> | undefined;
    let seen = 0;
    for (;;) {
      const next = this.#next(group, at);
      if (next > to) return;
      at = next;
      this.#instant(group, at, NOTHING);
      if (seen >= LAPS_SEEN || this.#port.burst.running || !this.#lapBegins(group)) continue;
      seen++;
      if (to - at < 0x1000) continue;
      laps ??= new Map();
      const state = this.#state(group, at);
      const known = laps.get(state);
      if (known === undefined) laps.set(state, at);
      else {
        at = this.#skip(group, at, { lap: at - known, to });
        seen = LAPS_SEEN;
      }
    }
  }

  /** A lap of the group's slowest timer ends here, as good a place as any to compare laps. */
  #lapBegins(group: readonly number[]): boolean {
    let slowest: number | undefined;
    let longest = 0;
    for (const index of group) {
      const { counter } = this.#port.timers[index] as HrtimTimer;
      const lap = counter.running ? counter.period * counter.divider : 0;
      if (lap > longest) [slowest, longest] = [index, lap];
    }
    return slowest !== undefined && ((this.#fired[slowest] ?? 0) & EVENT.RST) !== 0;
  }

  #state(group: readonly number[], at: number): string {
    return group
      .map((index) => `${this.#port.timers[index]?.state(at)};${this.#port.outputs[index]?.state(at)}`)
      .join("|");
  }

  /** What has happened once happens again, flags and all: whole laps need not be gone through. @returns where it goes on */
  #skip(group: readonly number[], at: number, { lap, to }: { lap: number; to: number }): number {
    const cycles = Math.floor((to - at) / lap) * lap;
    for (const index of group) {
      this.#port.timers[index]?.counter.skip(cycles);
      this.#port.outputs[index]?.skip(cycles);
    }
    return at + cycles;
  }

  #next(group: readonly number[], at: number): number {
    let next = this.#coupled ? this.#port.burst.next : NEVER;
    for (const index of group) {
      const when = this.#port.timers[index]?.counter.next(at) ?? NEVER;
      if (when < next) next = when;
    }
    return next;
  }

  /** When something happens next that somebody waits for. @param awaits does anybody wait for what this timer does? */
  next(awaits: (timer: number) => boolean): number {
    let next = NEVER;
    for (const group of this.#groups) {
      if (group.some(awaits)) next = Math.min(next, this.#next(group, this.#done));
    }
    return next;
  }

  /** Something comes from outside, in the period up to which all is done. */
  happen(cause: Cause): void {
    this.#instant(ALL_TIMERS, this.#done, cause);
  }

  #instant(group: readonly number[], cycle: number, cause: Cause): void {
    const { timers, burst, updates, onInstant } = this.#port;
    const fired = this.#fired;
    fired.fill(0);
    for (const index of group) {
      const { counter } = timers[index] as HrtimTimer;
      this.#before[index] = counter.count(cycle);
      fired[index] = counter.matches(cycle);
    }
    if (cause.sync === true) this.#synchronize(cycle);
    this.#filter(group, cycle, cause.events ?? 0);
    this.#reset(group, cycle, cause.resets ?? 0);
    updates.instant(group, fired, cause, (unit) => this.#resetOne(unit, cycle));
    const [a = 0, , , d = 0] = this.#events;
    // Before the crossbar: a burst that ends with a period lets that period's pulse out.
    if (this.#coupled) burst.instant(fired, { a, d }, cycle);
    for (const index of group) this.#outputs(index, cycle);
    this.#capture.instant(group, fired, { events: this.#events, counts: this.#before });
    for (const index of group) timers[index]?.delay(fired[index] ?? 0);
    onInstant(fired, cause.events ?? 0, group);
  }

  /** SYNCRST and SYNCSTRT (RM0433, "Synchronization input"). */
  #synchronize(cycle: number): void {
    for (const index of ALL_TIMERS) {
      const timer = this.#port.timers[index] as HrtimTimer;
      if (timer.controlHas(CONTROL.SYNCRST)) {
        if (this.#resetOne(index, cycle)) this.#fire(index, EVENT.RESYNC);
      } else if (timer.startBySync(cycle)) this.#fire(index, EVENT.RESYNC);
    }
    this.#fire(MASTER, EVENT.SYNC);
  }

  #filter(group: readonly number[], cycle: number, events: number): void {
    this.#events.fill(0);
    for (const unit of group) {
      if (unit === MASTER || this.#port.timers[unit]?.enabled !== true) continue;
      const filter = this.#port.filters[unit] as HrtimEventFilter;
      this.#events[unit] = filter.pass(events, cycle) | filter.release(this.#fired);
    }
  }

  #fire(index: number, events: number): void {
    this.#fired[index] = (this.#fired[index] ?? 0) | events;
  }

  /** @returns did the counter take it? */
  #resetOne(index: number, cycle: number): boolean {
    const happened = this.#port.timers[index]?.resetCounter(cycle);
    if (happened !== undefined) this.#fire(index, happened);
    return happened !== undefined;
  }

  /** Counter resets, which may make others match and so reset in turn; each counter once. */
  #reset(group: readonly number[], cycle: number, bySoftware: number): void {
    let left = 0;
    for (const index of group) {
      if ((bySoftware & (1 << index)) === 0) left |= 1 << index;
      else if (this.#resetOne(index, cycle)) this.#fire(index, EVENT.RESYNC);
    }
    left &= (1 << MASTER) - 1;
    for (let again = true; again; ) {
      again = false;
      for (const unit of group) {
        if ((left & (1 << unit)) === 0 || !this.#resetWanted(unit)) continue;
        left &= ~(1 << unit);
        if (this.#resetOne(unit, cycle)) again = true;
      }
    }
  }

  /** RSTxR */
  #resetWanted(unit: number): boolean {
    const wanted = this.#port.timers[unit]?.active.RST ?? 0;
    if (wanted === 0) return false;
    const own = this.#fired[unit] ?? 0;
    const master = this.#fired[MASTER] ?? 0;
    let sources = ((own & EVENT.CMP2) << 1) | (own & EVENT.CMP4) | (this.#masterPeriod << 4);
    sources |= ((master & COMPARES) << 5) | ((this.#events[unit] ?? 0) << 9);
    let shift = 19;
    for (const other of UNITS) {
      if (other === unit) continue;
      const fired = this.#fired[other] ?? 0;
      sources |= ((fired & 3) | ((fired & EVENT.CMP4) >>> 1)) << shift;
      shift += 3;
    }
    return (sources & wanted) !== 0;
  }

  /** MSTPER: its roll-over, in single-shot mode its reset. */
  get #masterPeriod(): number {
    const fired = this.#fired[MASTER] ?? 0;
    const continuous = this.#port.timers[MASTER]?.counter.continuous === true;
    return (fired & (continuous ? EVENT.PER : EVENT.RST)) !== 0 ? 1 : 0;
  }

  #outputs(unit: number, cycle: number): void {
    const timer = this.#port.timers[unit] as HrtimTimer;
    if (unit === MASTER || !timer.enabled) return;
    const outputs = this.#port.outputs[unit] as HrtimOutputs;
    const events = this.#events[unit] ?? 0;
    const rolledOver = ((this.#fired[unit] ?? 0) & EVENT.PER) !== 0;
    if (rolledOver) outputs.push();
    this.#fire(unit, this.#port.protection.instant(unit, { events, fired: this.#fired[unit] ?? 0, cycle }));
    const { SET1, RST1, SET2, RST2 } = timer.active;
    const listens = ((SET1 | RST1 | SET2 | RST2) & EXTERNAL_EVENTS) !== 0;
    const levels = listens ? (this.#port.filters[unit]?.levels(this.#port.levels(), cycle) ?? 0) : 0;
    this.#fire(unit, outputs.cross(this.#sources(unit), levels * 2 ** 21, cycle));
    if (rolledOver) this.#port.protection.roll(unit);
  }

  /** As bits of SETxyR. */
  #sources(unit: number): number {
    const own = this.#fired[unit] ?? 0;
    const master = this.#fired[MASTER] ?? 0;
    let sources = (own & EVENT.RESYNC) !== 0 ? 2 : 0;
    if ((own & EVENT.PER) !== 0) sources |= 4;
    sources |= ((own & COMPARES) << 3) | (this.#masterPeriod << 7) | ((master & COMPARES) << 8);
    const others = TIMER_EVENTS[unit] ?? [];
    for (let n = 0; n < others.length; n++) {
      const [timer, event] = others[n] as (typeof others)[number];
      if (((this.#fired[timer] ?? 0) & event) !== 0) sources |= 1 << (12 + n);
    }
    sources |= (this.#events[unit] ?? 0) << 21;
    return (own & EVENT.UPD) === 0 ? sources : sources | 0x8000_0000;
  }
}

/**
 * A timing unit's two outputs: from the set/reset crossbar through push-pull, dead time, burst mode, faults, chopper and
 * polarity to the pins (RM0433, "Set/reset crossbar", "Deadtime", "Output management", "Chopper").
 */

import { CONTROL, EVENT } from "./hrtim-bits.js";
import { NEVER } from "./hrtim-counter.js";
import type { HrtimTimer } from "./hrtim-timer.js";

/** OUTxR of output 1; output 2's bits lie 16 places higher. */
const OUT = { POL: 1 << 1, IDLM: 1 << 2, IDLES: 1 << 3, CHP: 1 << 6, DIDL: 1 << 7 } as const;
const DTEN = 1 << 8;
const SECOND = 16;
/** OUTxR.FAULTx */
const FAULT = { NONE: 0, ACTIVE: 1, INACTIVE: 2, HIGH_Z: 3 } as const;

/** No dead time is as long, in periods of fHRTIM. */
const LONGEST = 0x1_0000;

export type Side = 0 | 1;
export const SIDES = [0, 1] as const;

interface Output {
  /** Behind the crossbar. */
  level: boolean;
  /** The period of its last edge. */
  edge: number;
  /** TxyOEN */
  enabled: boolean;
  /** TxyODS */
  faulty: boolean;
  /** In burst mode's idle state since this period; undefined: not. */
  burst: number | undefined;
  /** Idle by a delayed protection. */
  delayed: boolean;
  /** The protection waits for the end of the pulse. */
  delaying: boolean;
  /** Its idle level stays until the crossbar leads to the other one. */
  held: boolean;
  /** The crossbar has decided something: until then dead time makes no opposite. */
  begun: boolean;
}

const fresh = (): Output => ({
  level: false,
  edge: -NEVER,
  enabled: false,
  faulty: false,
  burst: undefined,
  delayed: false,
  delaying: false,
  held: false,
  begun: false,
});

export class HrtimOutputs {
  readonly #timer: HrtimTimer;
  readonly #outputs: [Output, Output] = [fresh(), fresh()];
  /** CPPSTAT: the output that push-pull mode gives the signal to. */
  pushed: Side = 0;

  constructor(timer: HrtimTimer) {
    this.#timer = timer;
  }

  reset(): void {
    for (const side of SIDES) this.#outputs[side] = fresh();
    this.pushed = 0;
  }

  /**
   * Requests reach the crossbar (RM0433, "Set/reset events priorities"): what both sets and resets toggles; a reset wins.
   * @param sources bits as in SETxyR @param levels external events, there, that go on
   * @returns SETxy and RSTxy as events
   */
  cross(sources: number, levels: number, cycle: number): number {
    const { active } = this.#timer;
    const first = this.#cross(0, active.SET1, active.RST1, { sources, levels, cycle });
    if (this.#deadTime) return first | this.#complement(first, cycle);
    return first | (this.#cross(1, active.SET2, active.RST2, { sources, levels, cycle }) << 2);
  }

  #cross(
    side: Side,
    sets: number,
    resets: number,
    { sources, levels, cycle }: { sources: number; levels: number; cycle: number },
  ): number {
    const all = sources | levels;
    const set = all & sets & ~resets;
    const reset = all & resets & ~sets;
    const toggle = sources & sets & resets;
    if ((set | reset | toggle) === 0) return 0;
    const { level } = this.#outputs[side];
    // A level that sets outlasts a moment that resets.
    const lasting = (levels & set) !== 0 && (levels & reset) === 0;
    const down = !lasting && (reset !== 0 || (set === 0 && level));
    return this.#drive(side, !down, cycle);
  }

  /** Output 2 behind the dead time generator is output 1's opposite. */
  #complement(first: number, cycle: number): number {
    if (first === 0) return 0;
    return this.#drive(1, (first & EVENT.SET1) === 0, cycle) << 2;
  }

  /** SST and SRT, and what the crossbar decides. @returns SET1 or RST1 where the level changed */
  #drive(side: Side, level: boolean, cycle: number): number {
    const output = this.#outputs[side];
    if (output.delaying && !level) {
      output.delaying = false;
      output.delayed = true;
    }
    if (output.held && level !== this.#has(side, OUT.IDLES)) output.held = false;
    output.begun = true;
    if (level === output.level) return 0;
    output.level = level;
    output.edge = cycle;
    return level ? EVENT.SET1 : EVENT.RST1;
  }

  force(side: Side, level: boolean, cycle: number): number {
    const first = this.#drive(side, level, cycle) << (side * 2);
    return side === 0 && this.#deadTime ? first | this.#complement(first, cycle) : first;
  }

  get #out(): number {
    return this.#timer.register("OUT");
  }

  #has(side: Side, bit: number): boolean {
    return (this.#out & (bit << (side * SECOND))) !== 0;
  }

  get #deadTime(): boolean {
    return (this.#out & DTEN) !== 0;
  }

  get #pushPull(): boolean {
    return this.#timer.controlHas(CONTROL.PSHPLL);
  }

  /** The counter rolled over: push-pull goes to the other output. */
  push(): void {
    this.pushed = this.#pushPull && this.pushed === 0 ? 1 : 0;
  }

  /** Behind push-pull and dead time, as OxCPY has it. */
  waveform(side: Side, cycle: number): boolean {
    const output = this.#outputs[side];
    if (this.#pushPull) return output.level && this.pushed === side;
    if (!this.#deadTime) return output.level;
    const { edge, level: reference, begun } = this.#outputs[0];
    if (!begun) return false;
    const dt = this.#timer.active.DT;
    const since = cycle - edge;
    const rising = (dt & 0x1ff) << prescaler(dt);
    const falling = ((dt >>> 16) & 0x1ff) << prescaler(dt);
    // A negative dead time: both overlap.
    const [riseOverlaps, fallOverlaps] = [(dt & (1 << 9)) !== 0, (dt & (1 << 25)) !== 0];
    if (side === 0) return reference ? riseOverlaps || since >= rising : fallOverlaps && since < falling;
    return reference ? riseOverlaps && since < rising : fallOverlaps || since >= falling;
  }

  /** The signal that filters events of other timers: as the crossbar has it. */
  crossbar(side: Side): boolean {
    return this.#outputs[side].level;
  }

  enabled(side: Side): boolean {
    return this.#outputs[side].enabled;
  }

  faulty(side: Side): boolean {
    return this.#outputs[side].faulty;
  }

  /** TxyOEN was written with 1. @param fault one is there now */
  enable(side: Side, fault: boolean): void {
    const output = this.#outputs[side];
    if (fault && this.#faultState(side) !== FAULT.NONE) {
      output.faulty = true;
      return;
    }
    output.faulty = false;
    output.enabled = true;
    if (output.delayed) output.held = true;
    output.delayed = false;
    output.delaying = false;
  }

  /** TxyODIS: idle, from a fault as well. */
  disable(side: Side): void {
    const output = this.#outputs[side];
    output.enabled = false;
    output.faulty = false;
  }

  /** A fault, or a debugger that stops HRTIM. */
  fault(): void {
    for (const side of SIDES) {
      const output = this.#outputs[side];
      if (!output.enabled || this.#faultState(side) === FAULT.NONE) continue;
      output.enabled = false;
      output.faulty = true;
    }
  }

  #faultState(side: Side): number {
    return (this.#out >>> (4 + side * SECOND)) & 3;
  }

  /** The burst mode controller's idle state begins, or ends: what the crossbar does next leaves it. */
  setBurst(idle: boolean, cycle: number): void {
    for (const side of SIDES) {
      const output = this.#outputs[side];
      if (!this.#has(side, OUT.IDLM)) continue;
      if (!idle && output.burst !== undefined) output.held = true;
      output.burst = idle ? (output.burst ?? cycle) : undefined;
    }
  }

  /** Delayed idle: an active output ends its pulse first. */
  delayIdle(side: Side, cycle: number): void {
    const output = this.#outputs[side];
    if (this.waveform(side, cycle)) output.delaying = true;
    else output.delayed = true;
  }

  idleNow(): void {
    for (const side of SIDES) this.#outputs[side].delayed = true;
  }

  /** The level at the pin; undefined: not driven. */
  level(side: Side, cycle: number): boolean | undefined {
    const output = this.#outputs[side];
    if (output.faulty && this.#faultState(side) === FAULT.HIGH_Z) return undefined;
    return this.#active(side, cycle) !== this.#has(side, OUT.POL);
  }

  #active(side: Side, cycle: number): boolean {
    const output = this.#outputs[side];
    const idle = this.#has(side, OUT.IDLES);
    if (output.faulty) return this.#faultState(side) === FAULT.ACTIVE;
    if (!output.enabled || output.delayed || output.held) return idle;
    if (output.burst !== undefined) return idle && cycle >= output.burst + this.#entryDelay(side);
    return this.waveform(side, cycle) && this.#chopped(side, cycle);
  }

  /** DIDLx: a dead time before the idle level. */
  #entryDelay(side: Side): number {
    if (!this.#has(side, OUT.DIDL)) return 0;
    const dt = this.#timer.active.DT;
    return ((dt >>> (side * SECOND)) & 0x1ff) << prescaler(dt);
  }

  #chopped(side: Side, cycle: number): boolean {
    if (!this.#has(side, OUT.CHP)) return true;
    const { start, period, duty } = this.#carrier;
    const since = cycle - this.#pulseStart(side);
    if (since < start) return true;
    return (since - start) % period >= period - duty;
  }

  get #carrier(): { readonly start: number; readonly period: number; readonly duty: number } {
    const chop = this.#timer.register("CHP");
    const period = 16 * ((chop & 0xf) + 1);
    return { start: 16 * (((chop >>> 7) & 0xf) + 1), period, duty: (period * ((chop >>> 4) & 7)) / 8 };
  }

  #pulseStart(side: Side): number {
    if (!this.#deadTime) return this.#outputs[side].edge;
    const dt = this.#timer.active.DT;
    const delayed = (dt & (1 << (side === 0 ? 9 : 25))) === 0;
    return this.#outputs[0].edge + (delayed ? ((dt >>> (side * SECOND)) & 0x1ff) << prescaler(dt) : 0);
  }

  /** When an output changes without an event, after `cycle`. */
  next(cycle: number): number {
    let at = NEVER;
    const consider = (when: number): void => {
      if (when > cycle && when < at) at = when;
    };
    if (this.#deadTime) {
      const dt = this.#timer.active.DT;
      const { edge, level } = this.#outputs[0];
      consider(edge + (((level ? dt : dt >>> 16) & 0x1ff) << prescaler(dt)));
    }
    for (const side of SIDES) {
      const { burst } = this.#outputs[side];
      if (burst !== undefined) consider(burst + this.#entryDelay(side));
      if (this.#has(side, OUT.CHP) && this.waveform(side, cycle)) consider(this.#nextChop(side, cycle));
    }
    return at;
  }

  #nextChop(side: Side, cycle: number): number {
    const { start, period, duty } = this.#carrier;
    const from = this.#pulseStart(side) + start;
    if (cycle < from) return from;
    if (duty === 0) return NEVER;
    const within = (cycle - from) % period;
    return cycle - within + (within < period - duty ? period - duty : period);
  }

  /** Whole laps were left out. */
  skip(cycles: number): void {
    for (const side of SIDES) this.#outputs[side].edge += cycles;
  }

  /** All that decides how they go on, relative to now. */
  state(cycle: number): string {
    const outputs = SIDES.map((side) => {
      const { level, edge, delayed, delaying, held } = this.#outputs[side];
      const timed = this.#deadTime || this.#has(side, OUT.CHP);
      return `${level},${timed ? Math.min(cycle - edge, LONGEST) : 0},${delayed},${delaying},${held}`;
    });
    return `${this.pushed},${outputs.join()}`;
  }
}

/**
 * DTPRSC: tDTG is tHRTIM by this power of two. RM0433 subtracts 3 in one place and not in another; boards do not
 * (ST's forum, measured on a NUCLEO-H743ZI2).
 */
const prescaler = (dt: number): number => (dt >>> 10) & 7;

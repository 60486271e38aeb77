/**
 * The master timer or one of timers A..E: its counter with preloaded registers, repetition and auto-delayed compares (RM0433,
 * "Timer A..E timing units", "Register preload and update management").
 */

import type { RegisterBlock, RegisterCell } from "../../registers.js";
import {
  CONTROL,
  EVENT,
  MASTER,
  MASTER_KINDS,
  type RegisterKind,
  registerName,
  UNIT_KINDS,
} from "./hrtim-bits.js";
import { HrtimCounter, NEVER } from "./hrtim-counter.js";

const UNIT_PRELOADED = ["DT", "SET1", "RST1", "SET2", "RST2", "RST"] as const;
const PRELOADED = ["DIER", "PER", "REP", "CMP1", "CMP2", "CMP3", "CMP4"] as const;
export type PreloadedKind = (typeof PRELOADED)[number] | (typeof UNIT_PRELOADED)[number];

export const isPreloaded = (kind: RegisterKind): kind is PreloadedKind =>
  ([...PRELOADED, ...UNIT_PRELOADED] as readonly RegisterKind[]).includes(kind);

/** CKPSC below this is reserved: there is no DLL. */
const UNDIVIDED = 5;
/** Of SETxyR and RSTxyR: SST, SRT. */
const BY_SOFTWARE = 1;
const LARGEST = 0xffff;

export class HrtimTimer {
  readonly index: number;
  readonly counter = new HrtimCounter();
  /** MCEN, TxCEN. */
  enabled = false;
  /** What acts, of the registers that are preloaded. */
  readonly active = Object.fromEntries([...PRELOADED, ...UNIT_PRELOADED].map((kind) => [kind, 0])) as Record<
    PreloadedKind,
    number
  >;
  readonly #registers: RegisterBlock<string>;
  /** TIMxISR, MISR */
  readonly #isr: string;
  readonly #cells: Partial<Record<RegisterKind, RegisterCell>> = {};
  readonly #flags: RegisterCell;
  readonly #kinds: readonly PreloadedKind[];
  #repetition = 0;
  /** Nothing has reset or started the counter since the timer was enabled. */
  #fresh = true;
  /** Where the delays of compare 2 and compare 4 begin; undefined: not yet. */
  readonly #origins: [number | undefined, number | undefined] = [undefined, undefined];
  #balanced: number | undefined;

  constructor(index: number, registers: RegisterBlock<string>) {
    this.index = index;
    this.#registers = registers;
    const kinds = index === MASTER ? MASTER_KINDS : UNIT_KINDS;
    for (const kind of kinds) this.#cells[kind] = registers.cell(registerName(index, kind));
    this.#isr = registerName(index, "ISR");
    this.#flags = registers.cell(this.#isr);
    this.#kinds = index === MASTER ? PRELOADED : [...PRELOADED, ...UNIT_PRELOADED];
    this.reset();
  }

  /** To be called when its registers have their reset values. */
  reset(): void {
    this.enabled = false;
    this.counter.stop(0);
    this.counter.place(0, 0);
    this.#origins.fill(undefined);
    this.#balanced = undefined;
    this.configure();
    this.load();
  }

  register(kind: RegisterKind): number {
    return this.#cells[kind]?.value ?? 0;
  }

  controlHas(bits: number): boolean {
    return (this.register("CR") & bits) !== 0;
  }

  /** Is CKPSC one of the chip's? */
  get prescaled(): boolean {
    return (this.register("CR") & 7) >= UNDIVIDED;
  }

  /** CR was written. */
  configure(): void {
    const control = this.register("CR");
    this.counter.continuous = (control & CONTROL.CONT) !== 0;
    this.counter.divider = 1 << Math.max(0, (control & 7) - UNDIVIDED);
    if ((control & CONTROL.PREEN) === 0) this.load();
    this.#compare();
  }

  /** A register that is preloaded was written. */
  wrote(kind: PreloadedKind): void {
    if (this.controlHas(CONTROL.PREEN)) return;
    this.#activate(kind);
    this.#compare();
  }

  /** The update event: what was written acts. */
  load(): void {
    for (const kind of this.#kinds) this.#activate(kind);
    this.#compare();
  }

  #activate(kind: PreloadedKind): void {
    const value = this.register(kind);
    const crossbar = kind === "SET1" || kind === "RST1" || kind === "SET2" || kind === "RST2";
    this.active[kind] = crossbar ? (value & ~BY_SOFTWARE) >>> 0 : value;
  }

  #compare(): void {
    const { active, counter } = this;
    counter.period = active.PER;
    // RM0433, "Half mode": compare 1 is half of the period, whatever its register holds.
    counter.compares[0] = this.controlHas(CONTROL.HALF) ? active.PER >>> 1 : active.CMP1;
    counter.compares[1] = this.#delayed(0, active.CMP2);
    counter.compares[2] = active.CMP3;
    counter.compares[3] = this.#balanced ?? this.#delayed(1, active.CMP4);
  }

  /** DELCMP2 and DELCMP4. */
  #delayMode(which: 0 | 1): number {
    return this.index === MASTER ? 0 : (this.register("CR") >>> (12 + which * 2)) & 3;
  }

  #delayed(which: 0 | 1, value: number): number {
    if (this.#delayMode(which) === 0) return value;
    const origin = this.#origins[which];
    return origin === undefined || origin + value > LARGEST ? NEVER : origin + value;
  }

  setEnabled(on: boolean, cycle: number): void {
    if (on === this.enabled) return;
    this.enabled = on;
    if (!on) {
      this.counter.stop(cycle);
      return;
    }
    this.#repetition = this.active.REP;
    this.#fresh = true;
    if (this.counter.continuous && !this.controlHas(CONTROL.SYNCSTRT)) this.counter.start(cycle);
  }

  /**
   * The counter goes to 0, where its mode lets it (RM0433, tables "Timer operating modes", "Effect of sync event").
   * @returns what happens there; undefined: it takes no reset now
   */
  resetCounter(cycle: number): number | undefined {
    const { counter } = this;
    if (!this.enabled) return undefined;
    if (counter.running && !counter.continuous && !this.controlHas(CONTROL.RETRIG)) return undefined;
    const waits = this.controlHas(CONTROL.SYNCSTRT) && !this.controlHas(CONTROL.SYNCRST);
    if (!counter.running && !waits) {
      counter.place(cycle, 0);
      counter.start(cycle);
      return EVENT.RST;
    }
    return counter.place(cycle, 0) | EVENT.RST;
  }

  /** SYNCSTRT: the synchronization input starts the counter. @returns did it? */
  startBySync(cycle: number): boolean {
    const { counter } = this;
    if (!this.enabled || counter.running || !this.controlHas(CONTROL.SYNCSTRT)) return false;
    if (counter.count(cycle) >= counter.period) counter.place(cycle, 0);
    counter.start(cycle);
    return true;
  }

  /** The counter was reset or rolled over. @returns the repetition period is over */
  repeat(): boolean {
    const first = this.#fresh && !this.counter.continuous;
    this.#fresh = false;
    if (first) return false;
    this.#repetition--;
    return this.#repetition < 0;
  }

  /** What follows the update that came with such an event. */
  reloadRepetition(): void {
    this.#repetition = this.active.REP;
  }

  /** Capture `which` (0, 1) comes. @returns does it count? While an auto-delayed compare waits for its match, another does not */
  capture(which: 0 | 1, count: number): boolean {
    const delays = this.#delayMode(which) !== 0;
    if (delays && this.#origins[which] !== undefined) return false;
    this.#registers.set(registerName(this.index, which === 0 ? "CPT1" : "CPT2"), count);
    if (!delays) return true;
    this.#origins[which] = count;
    this.#compare();
    return true;
  }

  /** Auto-delayed compares begin anew with each period, end where they match, and begin without a capture at their timeout. */
  delay(events: number): void {
    if (this.index === MASTER || (this.register("CR") & 0xf000) === 0) return;
    for (const which of [0, 1] as const) {
      const mode = this.#delayMode(which);
      if (mode === 0) continue;
      const own = which === 0 ? EVENT.CMP2 : EVENT.CMP4;
      if ((events & (EVENT.RST | EVENT.PER | own)) !== 0) this.#origins[which] = undefined;
      const timeout = mode === 2 ? EVENT.CMP1 : mode === 3 ? EVENT.CMP3 : 0;
      if ((events & timeout) === 0 || (events & own) !== 0) continue;
      this.#origins[which] ??= mode === 2 ? this.counter.compares[0] : this.counter.compares[2];
    }
    this.#compare();
  }

  /** Balanced idle: the counter's value becomes compare 4, until it is over. */
  balance(count: number | undefined): void {
    this.#balanced = count;
    this.#compare();
  }

  get flags(): number {
    return this.#flags.value;
  }

  setFlags(events: number): void {
    if ((events & ~this.flags) !== 0) this.#registers.set(this.#isr, this.flags | events);
  }

  /** All that decides how it goes on, relative to now. */
  state(cycle: number): string {
    const { counter } = this;
    if (!this.enabled) return "-";
    const compares = counter.compares.join();
    return `${counter.running ? counter.count(cycle) : -1},${this.#repetition},${this.#fresh},${compares}`;
  }
}

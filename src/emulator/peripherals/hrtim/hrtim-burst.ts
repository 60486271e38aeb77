/** The burst mode controller: outputs idle for some periods, and run for others (RM0433, "Burst mode controller"). */

import type { RegisterBlock, RegisterCell } from "../../registers.js";
import { bitOf, COMPARES, EVENT, MASTER } from "./hrtim-bits.js";
import { NEVER } from "./hrtim-counter.js";

const BME = 1 << 0;
const BMOM = 1 << 1;
const BMPREN = 1 << 10;
/** MTBM; TABM..TEBM follow. */
const MTBM = 1 << 16;
const BMSTAT = 0x8000_0000;
/** BMCLK: from 0 on the timers' resets, then TIM16, TIM17, TIM7, then fHRTIM. */
const CLOCK = { OUTSIDE: 6, HRTIM: 10 } as const;
/** ISR */
const BMPER = 1 << 17;
/** BMTRGR */
const SW = 1 << 0;
const TAEEV7 = 1 << 27;
const TDEEV8 = 1 << 28;
const EEV7 = 1 << 29;
const EEV8 = 1 << 30;
const OCHPEV = 0x8000_0000;

export interface HrtimBurstPort {
  readonly registers: RegisterBlock<string>;
  /** Outputs become idle, or run again; timers that it `stops` stand at 0 meanwhile. */
  readonly onIdle: (idle: boolean) => void;
  readonly onFlag: () => void;
}

export class HrtimBurst {
  readonly #port: HrtimBurstPort;
  readonly #bmcr: RegisterCell;
  #counter = 0;
  #idle = false;
  /** The active compare and period. */
  #compare = 0;
  #period = 0;
  /** BMPER was written, and BMCMPR not yet. */
  #incomplete = false;
  /** Events 7 and 8 that wait for the period of timer A and timer D. */
  #pending = 0;
  /** The last period of fHRTIM that clocked it. */
  #clocked = 0;

  constructor(port: HrtimBurstPort) {
    this.#port = port;
    this.#bmcr = port.registers.cell("BMCR");
  }

  reset(): void {
    this.#counter = 0;
    this.#idle = false;
    this.#compare = 0;
    this.#period = 0;
    this.#incomplete = false;
    this.#pending = 0;
  }

  get enabled(): boolean {
    return (this.#bmcr.value & BME) !== 0;
  }

  get running(): boolean {
    return (this.#bmcr.value & BMSTAT) !== 0;
  }

  get #clock(): number {
    return (this.#bmcr.value >>> 2) & 0xf;
  }

  /** BMCR was written. Writing 0 to BMSTAT ends the burst. */
  control(written: number, before: number): void {
    const { registers } = this.#port;
    const on = this.enabled;
    const goesOn = on && (written & before & BMSTAT) !== 0;
    registers.setBits("BMCR", BMSTAT, goesOn);
    if (on && (before & BME) === 0) this.#load();
    if ((before & BMSTAT) !== 0 && !goesOn) this.#setIdle(false);
  }

  wrote(name: "BMCMPR" | "BMPER"): void {
    const { registers } = this.#port;
    this.#incomplete = name === "BMPER";
    if (!registers.has("BMCR", BMPREN)) this.#load();
  }

  #load(): void {
    if (this.#incomplete && this.#port.registers.has("BMCR", BMPREN)) return;
    this.#compare = this.#port.registers.get("BMCMPR");
    this.#period = this.#port.registers.get("BMPER");
  }

  /** BMTRGR was written: SW triggers and goes. */
  software(cycle: number): void {
    const { registers } = this.#port;
    if (!registers.has("BMTRGR", SW)) return;
    registers.setBits("BMTRGR", SW, false);
    this.#trigger(cycle);
  }

  /** TIM7's trigger output. */
  onChip(cycle: number): void {
    if (this.#port.registers.has("BMTRGR", OCHPEV)) this.#trigger(cycle);
  }

  /** @param which 1: TIM16, 2: TIM17, 3: TIM7 */
  outside(which: 1 | 2 | 3): void {
    if (this.#clock === CLOCK.OUTSIDE + which - 1) this.#count();
  }

  /** Does it take this clock? */
  takes(which: 1 | 2 | 3): boolean {
    return this.running && this.#clock === CLOCK.OUTSIDE + which - 1;
  }

  get wantsOnChip(): boolean {
    return this.enabled && this.#port.registers.has("BMTRGR", OCHPEV);
  }

  /** What happened to the timers in one period. @param events external events, as timer A and as timer D have them */
  instant(fired: readonly number[], events: { readonly a: number; readonly d: number }, cycle: number): void {
    const sources = this.#triggers(fired, events);
    if (!this.enabled) return;
    const clock = this.#clock;
    if (clock < CLOCK.OUTSIDE) {
      const timer = clock === 0 ? MASTER : clock - 1;
      if (((fired[timer] ?? 0) & (EVENT.RST | EVENT.PER)) !== 0) this.#count();
    } else if (clock === CLOCK.HRTIM && this.running && cycle - this.#clocked >= this.#prescaler) {
      this.#clocked = cycle;
      this.#count();
    }
    if ((sources & this.#port.registers.get("BMTRGR")) !== 0) this.#trigger(cycle);
  }

  get #prescaler(): number {
    return 2 ** ((this.#bmcr.value >>> 6) & 0xf);
  }

  /** When it counts next by itself. */
  get next(): number {
    return this.running && this.#clock === CLOCK.HRTIM ? this.#clocked + this.#prescaler : NEVER;
  }

  /** Bits as in BMTRGR. */
  #triggers(fired: readonly number[], events: { readonly a: number; readonly d: number }): number {
    const of = (timer: number): number => fired[timer] ?? 0;
    const both = (happened: number): number =>
      ((happened & EVENT.RST) !== 0 ? 1 : 0) | ((happened & EVENT.REP) !== 0 ? 2 : 0);
    let sources = (both(of(MASTER)) << 1) | ((of(MASTER) & COMPARES) << 3);
    for (let unit = 0; unit < MASTER; unit++) {
      sources |= (both(of(unit)) | ((of(unit) & 3) << 2)) << (7 + unit * 4);
    }
    const [seventh, eighth] = [(events.a & (1 << 6)) !== 0, (events.d & (1 << 7)) !== 0];
    return (
      (sources |
        this.#following(of(0), seventh, TAEEV7, EEV7) |
        this.#following(of(3), eighth, TDEEV8, EEV8)) >>>
      0
    );
  }

  /** An event, and the period of its timer that follows it. A reset before that discards it. */
  #following(fired: number, comes: boolean, delayed: number, direct: number): number {
    let sources = 0;
    if ((fired & EVENT.PER) !== 0) sources = this.#pending & delayed;
    if ((fired & (EVENT.PER | EVENT.RST)) !== 0) this.#pending &= ~delayed;
    if (!comes) return sources;
    this.#pending |= delayed;
    return sources | direct;
  }

  /** A burst is not retriggerable. */
  #trigger(cycle: number): void {
    if (!this.enabled || this.running) return;
    this.#port.registers.setBits("BMCR", BMSTAT, true);
    this.#counter = 0;
    this.#clocked = cycle;
    this.#setIdle(true);
  }

  #count(): void {
    if (!this.running) return;
    this.#counter = (this.#counter + 1) & 0x1_ffff;
    if (this.#idle && this.#counter === this.#compare + 1) this.#setIdle(false);
    if (this.#counter !== this.#period + 1) return;
    const { registers, onFlag } = this.#port;
    registers.setBits("ISR", BMPER, true);
    onFlag();
    this.#load();
    this.#counter = 0;
    if (registers.has("BMCR", BMOM)) this.#setIdle(true);
    else registers.setBits("BMCR", BMSTAT, false);
  }

  #setIdle(idle: boolean): void {
    if (idle === this.#idle) return;
    this.#idle = idle;
    this.#port.onIdle(idle);
  }

  /** Does a burst stop this timer and hold it at 0? */
  stops(timer: number): boolean {
    return this.#port.registers.has("BMCR", MTBM << bitOf(timer));
  }
}

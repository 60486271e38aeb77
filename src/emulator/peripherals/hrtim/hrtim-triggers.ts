/** What HRTIM triggers: ADC conversions and DAC updates (RM0433, "ADC triggers", "DAC triggers"). */

import type { RegisterBlock } from "../../registers.js";
import { TriggerOutput } from "../timers/tim-trigger.js";
import { CONTROL, EVENT, MASTER } from "./hrtim-bits.js";
import type { HrtimTimer } from "./hrtim-timer.js";

type Source = readonly [timer: number, event: number];

const EVENTS: Readonly<Record<string, number>> = {
  1: EVENT.CMP1,
  2: EVENT.CMP2,
  3: EVENT.CMP3,
  4: EVENT.CMP4,
  P: EVENT.PER,
  R: EVENT.RST,
};
const parse = (text: string): Source => ["ABCDEM".indexOf(text.charAt(0)), EVENTS[text.charAt(1)] ?? 0];

/** By bit of ADC1R and ADC3R, and of ADC2R and ADC4R: "A2" is timer A's compare 2, P a period, R a reset; "x" is an external event. */
const SOURCES = [
  "M1 M2 M3 M4 MP x x x x x A2 A3 A4 AP AR B2 B3 B4 BP BR C2 C3 C4 CP D2 D3 D4 DP E2 E3 E4 EP",
  "M1 M2 M3 M4 MP x x x x x A2 A3 A4 AP B2 B3 B4 BP C2 C3 C4 CP CR D2 D3 D4 DP DR E2 E3 E4 ER",
].map((row) => row.split(" ").map(parse));
const FIRST_EVENT = 5;
const EVENT_BITS = 0x3e0;

export class HrtimTriggers {
  /** hrtim_adc_trg1..4 */
  readonly adc = [1, 2, 3, 4].map(() => new TriggerOutput());
  /** hrtim_dac_trg1..3 */
  readonly dac = [1, 2, 3].map(() => new TriggerOutput());
  readonly #registers: RegisterBlock<string>;
  readonly #timers: readonly HrtimTimer[];
  /** ADC1R..ADC4R as they act. */
  readonly #active = [0, 0, 0, 0];
  /** By trigger, the timer whose update loads it. */
  readonly #updaters = [MASTER, MASTER, MASTER, MASTER];
  /** By timer, the output that DACSYNC chose; 0: none. */
  readonly #dacOf = [0, 0, 0, 0, 0, 0];

  constructor(registers: RegisterBlock<string>, timers: readonly HrtimTimer[]) {
    this.#registers = registers;
    this.#timers = timers;
  }

  reset(): void {
    this.#active.fill(0);
    this.configure();
  }

  /** CR1 and the timers' control registers may have been written. */
  configure(): void {
    for (const timer of this.#timers) this.#dacOf[timer.index] = (timer.register("CR") >>> 25) & 3;
    // CR1.ADxUSRC: from 1 on timers A..E.
    for (const index of this.#updaters.keys()) {
      const source = (this.#registers.get("CR1") >>> (16 + index * 3)) & 7;
      this.#updaters[index] = source === 0 ? MASTER : source - 1;
    }
  }

  /** ADCxR was written, x = 1..4; it is preloaded where its timer's registers are. */
  wrote(trigger: number): void {
    const timer = this.#timers[this.#updaters[trigger - 1] ?? MASTER];
    if (timer?.controlHas(CONTROL.PREEN) !== true) this.#load(trigger - 1);
  }

  /** What happened in one period. @param events external events, before the timers' filters */
  instant(fired: readonly number[], events: number): void {
    for (let index = 0; index < this.adc.length; index++) {
      if (((fired[this.#updaters[index] ?? MASTER] ?? 0) & EVENT.UPD) !== 0) this.#load(index);
      if (this.#active[index] !== 0 && this.#happened(index, fired, events)) this.adc[index]?.pulse();
    }
    for (let timer = 0; timer <= MASTER; timer++) {
      const output = this.#dacOf[timer] ?? 0;
      if (output !== 0 && ((fired[timer] ?? 0) & EVENT.UPD) !== 0) this.dac[output - 1]?.pulse();
    }
  }

  /** Does anybody wait for what this timer triggers? */
  awaits(timer: number): boolean {
    if (this.dac[(this.#dacOf[timer] ?? 0) - 1]?.heard === true) return true;
    return this.adc.some((output, index) => {
      const active = this.#active[index] ?? 0;
      const rows = SOURCES[index & 1] ?? [];
      return (
        active !== 0 && output.heard && rows.some(([of], bit) => of === timer && (active & (1 << bit)) !== 0)
      );
    });
  }

  #happened(index: number, fired: readonly number[], events: number): boolean {
    const active = this.#active[index] ?? 0;
    const outside = (events >>> ((index & 1) * FIRST_EVENT)) & 0x1f;
    if ((active & EVENT_BITS & (outside << FIRST_EVENT)) !== 0) return true;
    const rows = SOURCES[index & 1] ?? [];
    return rows.some(
      ([timer, event], bit) => (active & (1 << bit)) !== 0 && ((fired[timer] ?? 0) & event) !== 0,
    );
  }

  #load(index: number): void {
    this.#active[index] = this.#registers.get(`ADC${index + 1}R`);
  }
}

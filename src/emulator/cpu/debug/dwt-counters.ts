/**
 * The DWT's five counters of 8 bits (DDI 0403E, C1.8.4): cycles in which no instruction ended, and instructions that took no cycle.
 * Instructions executed are CYCCNT - CPICNT - EXCCNT - SLEEPCNT - LSUCNT + FOLDCNT. Without a model of instruction time nobody
 * tells the other three. That one overflows is a packet for the trace port, which does not leave the chip.
 */

import type { EmulatorLog } from "../../bus.js";
import type { RegisterMap } from "../../registers.js";

/** Indices in the order of the registers and of their bits in CTRL. */
const COUNTER = { CPI: 0, EXC: 1, SLEEP: 2, LSU: 3, FOLD: 4 } as const;
const NAMES = ["CPICNT", "EXCCNT", "SLEEPCNT", "LSUCNT", "FOLDCNT"] as const;
const FIRST = 8;
/** CTRL.CPIEVTENA; the others follow it. */
const ENABLE_SHIFT = 17;
/** CTRL: what lets them count. */
export const COUNTERS_ENABLE = 0x1f << ENABLE_SHIFT;
const BY_TIME_MODEL = (1 << COUNTER.CPI) | (1 << COUNTER.LSU) | (1 << COUNTER.FOLD);

export type CounterName = (typeof NAMES)[number];

export class DwtCounters {
  /** All that exceptions took since the beginning, whether or not EXCCNT counts. */
  exceptionCycles = 0;
  readonly #counts = new Uint8Array(NAMES.length);
  readonly #log: EmulatorLog;
  readonly #timeModel: boolean;
  /** DEMCR.TRCENA */
  readonly #traceEnabled: () => boolean;
  #enabled = 0;

  constructor(log: EmulatorLog, timeModel: boolean, traceEnabled: () => boolean) {
    this.#log = log;
    this.#timeModel = timeModel;
    this.#traceEnabled = traceEnabled;
  }

  get registers(): RegisterMap<CounterName> {
    const specs = NAMES.map((name, index) => [
      name,
      {
        offset: FIRST + index * 4,
        reset: 0,
        rw: 0xff,
        onRead: () => this.#counts[index] as number,
        onWrite: (written: number) => {
          this.#counts[index] = written;
        },
      },
    ]);
    return Object.fromEntries(specs) as RegisterMap<CounterName>;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#enabled = 0;
  }

  /** CTRL was written: a counter that begins to count begins with 0. */
  controlChanged(control: number): void {
    const enabled = (control >>> ENABLE_SHIFT) & 0x1f;
    for (const index of this.#counts.keys())
      if (((enabled & ~this.#enabled) >>> index) & 1) this.#counts[index] = 0;
    this.#enabled = enabled;
    if (!this.#timeModel && (enabled & BY_TIME_MODEL) !== 0)
      this.#log.once(
        "dwt.counters",
        "DWT: CPICNT, LSUCNT and FOLDCNT count by the model of instruction time only",
      );
  }

  /** Does any of them count? */
  get counting(): boolean {
    return this.#enabled !== 0;
  }

  /** Entry or return took so long. */
  exception(cycles: number): void {
    this.exceptionCycles += cycles;
    this.#add(COUNTER.EXC, cycles);
  }

  /** The core slept with its clock going on. */
  slept(cycles: number): void {
    this.#add(COUNTER.SLEEP, cycles);
  }

  /**
   * An instruction went through the pipeline.
   * @param fetch cycles that it waited to be fetched
   * @param rest cycles beyond its own; -1: it shared that with the one before it
   */
  instruction(fetch: number, rest: number, memory: boolean): void {
    this.#add(COUNTER.CPI, fetch);
    if (rest >= 0) this.#add(memory ? COUNTER.LSU : COUNTER.CPI, rest);
    // A change of the clock begins the count of cycles anew: nobody knows what this one took.
    else if (rest === -1) this.#add(COUNTER.FOLD, 1);
  }

  #add(index: number, cycles: number): void {
    if (((this.#enabled >>> index) & 1) === 0 || !this.#traceEnabled()) return;
    this.#counts[index] = (this.#counts[index] as number) + cycles;
  }
}

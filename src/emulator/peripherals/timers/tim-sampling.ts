/** The timers' sampling clock tDTS and what is counted with it: filters and dead time (RM0433, TIMx_CR1.CKD, ICxF, ETF, BKF, DTG). */

import type { RegisterBlock } from "../../registers.js";

/** By ICxF, ETF, BKF: cycles of the sampled clock for a sample, and samples. 1 to 3 sample with the timer's clock, others with tDTS. */
const FILTERS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 2],
  [1, 4],
  [1, 8],
  [2, 6],
  [2, 8],
  [4, 6],
  [4, 8],
  [8, 6],
  [8, 8],
  [16, 5],
  [16, 6],
  [16, 8],
  [32, 5],
  [32, 6],
  [32, 8],
];
const BY_TIMER_CLOCK = 3;
const CKD_SHIFT = 8;

/**
 * How long an input must keep a level, nanoseconds.
 * @param field ICxF and its like @param clockNs the timer's clock, of one period @param samplingNs tDTS
 */
export function filterNs(field: number, clockNs: number, samplingNs: number): number {
  const [cycles, samples] = FILTERS[field] ?? [0, 0];
  return samples === 0 ? 0 : cycles * samples * (field <= BY_TIMER_CLOCK ? clockNs : samplingNs);
}

export class TimSampling {
  readonly #registers: RegisterBlock<string>;
  readonly #clockHz: () => number;

  constructor(registers: RegisterBlock<string>, clockHz: () => number) {
    this.#registers = registers;
    this.#clockHz = clockHz;
  }

  /** How long an input must keep a level. @param field ICxF, ETF or BKF */
  filterNs(field: number): number {
    return filterNs(field, 1e9 / this.#clockHz(), this.#dtsNs);
  }

  /** @param dtg BDTR.DTG */
  deadTimeNs(dtg: number): number {
    if (dtg < 0x80) return dtg * this.#dtsNs;
    if (dtg < 0xc0) return (64 + (dtg & 0x3f)) * 2 * this.#dtsNs;
    return (32 + (dtg & 0x1f)) * (dtg < 0xe0 ? 8 : 16) * this.#dtsNs;
  }

  get #dtsNs(): number {
    return (2 ** ((this.#registers.get("CR1") >>> CKD_SHIFT) & 3) * 1e9) / this.#clockHz();
  }
}

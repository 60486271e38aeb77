/** Thresholds of PVD and AVD (data sheet DS12110 of the same die, "Reset and power control block characteristics", typical). */

interface Threshold {
  readonly falling: number;
  readonly rising: number;
}

const of = (pairs: readonly (readonly [number, number])[]): readonly Threshold[] =>
  pairs.map(([falling, rising]) => ({ falling, rising }));

/** By PWR_CR1.PLS and ALS, in millivolts. PLS = 7 compares PVD_IN instead. */
const THRESHOLDS = {
  PVD: of([
    [1860, 1960],
    [2010, 2100],
    [2150, 2260],
    [2310, 2410],
    [2450, 2560],
    [2610, 2710],
    [2760, 2860],
  ]),
  AVD: of([
    [1610, 1710],
    [2020, 2120],
    [2420, 2500],
    [2720, 2830],
  ]),
} as const;

/** @param was whether it was low before: it is so until the supply has risen above the higher threshold */
export function isLow(
  detector: keyof typeof THRESHOLDS,
  level: number,
  millivolts: number,
  was: boolean,
): boolean {
  const threshold = THRESHOLDS[detector][level];
  return threshold !== undefined && millivolts < (was ? threshold.rising : threshold.falling);
}

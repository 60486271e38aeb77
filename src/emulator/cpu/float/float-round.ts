/** Rounding to integers (DDI 0403E, FPRoundInt and FPToFixed). */

/** To nearest, ties to even. */
export function nearestEven(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const floor = Math.floor(value);
  const rest = value - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const result = up ? floor + 1 : floor;
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}

/** To nearest, ties away from zero. */
export function nearestAway(value: number): number {
  const magnitude = Math.abs(value);
  const floor = Math.floor(magnitude);
  const result = magnitude - floor >= 0.5 ? floor + 1 : floor;
  return value < 0 || Object.is(value, -0) ? -result : result;
}

export type RoundToInteger = (value: number) => number;

/** RM field of VRINTA/N/P/M and VCVTA/N/P/M. */
export const ROUND_MODES: readonly RoundToInteger[] = [nearestAway, nearestEven, Math.ceil, Math.floor];

/** FPSCR.RMode */
export const FPSCR_ROUND: readonly RoundToInteger[] = [nearestEven, Math.ceil, Math.floor, Math.trunc];

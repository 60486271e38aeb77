/** From OCxREF to the pin: enables, polarities, off-states, and what BDTR.LOCK protects (RM0433, TIMx_CCER and TIMx_BDTR). */

import type { RegisterBlock } from "../../registers.js";
import { CC1E, MOE } from "./tim-registers.js";

const OSSI = 1 << 10;
const OSSR = 1 << 11;
/** CR2.OIS1; OIS1N is one place to its left, the other channels follow in pairs. */
const OIS1_SHIFT = 8;

export interface OutputState {
  readonly ccer: number;
  /** Undefined where the timer has no break unit, and so no main output enable. */
  readonly bdtr: number | undefined;
  readonly cr2: number;
  /** A dead time runs: neither OCx nor OCxN is active. */
  readonly waits: boolean;
}

/**
 * The level at OCx or, `complement`, at OCxN; undefined: the timer does not drive the pin.
 * @param index 0..5 for channels 1..6
 */
export function outputLevel(
  { ccer, bdtr, cr2, waits }: OutputState,
  index: number,
  complement: boolean,
  reference: boolean,
): boolean | undefined {
  const bits = ccer >>> (index * 4);
  const on = (bits & CC1E) !== 0;
  const complementOn = (bits & 4) !== 0 && bdtr !== undefined && index < 3;
  const inverted = (bits & (complement ? 8 : 2)) !== 0;
  if (bdtr === undefined) return on ? reference !== inverted : undefined;
  const mine = complement ? complementOn : on;
  if ((bdtr & MOE) === 0) {
    if ((bdtr & OSSI) === 0 || !(on || complementOn)) return undefined;
    if (waits) return inverted;
    return (cr2 & (1 << (OIS1_SHIFT + index * 2 + (complement ? 1 : 0)))) !== 0;
  }
  if (!mine) return (bdtr & OSSR) !== 0 && (on || complementOn) ? inverted : undefined;
  if (waits) return inverted;
  // Alone, OCxN is active with OCxREF; beside OCx it is its opposite.
  return complement && on ? reference === inverted : reference !== inverted;
}

/** BDTR: DTG, BKE, BKP, AOE, BKF, BK2F, BK2E, BK2P. */
const LEVEL1_BDTR = 0x03ff_70ff;
/** CR2: OISx, OISxN. */
const LEVEL1_CR2 = 0x0005_7f00;
/** CCxP, CCxNP. */
const LEVEL2_CCER = 0x0022_aaaa;
/** OCxM and OCxPE of both channels of a CCMR. */
const LEVEL3_CCMR = 0x0101_7878;
const LOCK = 3 << 8;

/**
 * Undoes what a write of `register` changed against BDTR.LOCK.
 * @param before what it held
 * @returns the lock's level, where it did
 */
export function keepLocked(
  registers: RegisterBlock<string>,
  register: string,
  before: number,
): number | undefined {
  const level = ((register === "BDTR" ? before : registers.get("BDTR")) >>> 8) & 3;
  const kept = lockedBits(register, level);
  const now = registers.get(register);
  if (((now ^ before) & kept) === 0) return undefined;
  registers.set(register, (now & ~kept) | (before & kept));
  return level;
}

/** Bits of `register` that cannot be written any more at BDTR.LOCK = `level`. */
function lockedBits(register: string, level: number): number {
  if (level === 0) return 0;
  if (register === "BDTR") return LOCK | LEVEL1_BDTR | (level >= 2 ? OSSI | OSSR : 0);
  if (register === "CR2") return LEVEL1_CR2;
  if (register === "CCER") return level >= 2 ? LEVEL2_CCER : 0;
  return level >= 3 && register.startsWith("CCMR") ? LEVEL3_CCMR : 0;
}

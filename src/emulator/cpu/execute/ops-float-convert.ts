/** Conversions and rounding to integers (DDI 0403E, A7.7 VCVT..., VRINT...). Fields as in ops-float.ts. */

import {
  FPSCR_ROUND,
  nearestAway,
  nearestEven,
  ROUND_MODES,
  type RoundToInteger,
} from "../float/float-round.js";
import { FPSCR, type Fpu, formatOf } from "../float/fpu.js";
import * as soft from "../float/soft-float.js";
import type { FloatOperation } from "./ops-float.js";

type Mode = (fpu: Fpu) => RoundToInteger;

const fixedMode =
  (round: RoundToInteger): Mode =>
  () =>
    round;
const fpscrMode: Mode = (fpu) => FPSCR_ROUND[fpu.rounding] as RoundToInteger;

/** @param exact VRINTX: a value that changes is inexact. */
function vrint(mode: Mode, exact = false): FloatOperation {
  return (fpu, i) => {
    const double = i.kind === 1;
    const value = fpu.operand(i.m, double);
    if (Number.isNaN(value)) {
      fpu.passNaN(i.d, double, [i.m]);
      return;
    }
    const result = mode(fpu)(value);
    if (exact && result !== value) fpu.raise(FPSCR.IXC);
    fpu.put(i.d, double, result === 0 && soft.isNegative(value) ? -0 : result);
  };
}
export const vrintr: FloatOperation = vrint(fpscrMode);
export const vrintx: FloatOperation = vrint(fpscrMode, true);
export const vrintz: FloatOperation = vrint(fixedMode(Math.trunc));
export const VRINT: readonly FloatOperation[] = ROUND_MODES.map((round) => vrint(fixedMode(round)));

/** FPToFixed(): saturates to `bits` bits; what does not fit, and NaN (as 0), is an invalid operation. */
function toInteger(fpu: Fpu, value: number, round: RoundToInteger, bits: number, signed: boolean): number {
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  if (Number.isNaN(value)) {
    fpu.raise(FPSCR.IOC);
    return 0;
  }
  const rounded = round(value);
  if (rounded < low || rounded > high) {
    fpu.raise(FPSCR.IOC);
    return (rounded < low ? low : high) | 0;
  }
  if (rounded !== value) fpu.raise(FPSCR.IXC);
  return rounded | 0;
}

/** Float to 32-bit integer in Sd; `a` is 1 for signed. */
function vcvtToInteger(mode: Mode): FloatOperation {
  return (fpu, i) => {
    fpu.bits[i.d] = toInteger(fpu, fpu.operand(i.m, i.kind === 1), mode(fpu), 32, i.a === 1);
  };
}
export const vcvtr: FloatOperation = vcvtToInteger(fpscrMode);
export const vcvtz: FloatOperation = vcvtToInteger(fixedMode(Math.trunc));
export const VCVT: readonly FloatOperation[] = [nearestAway, nearestEven, Math.ceil, Math.floor].map(
  (round) => vcvtToInteger(fixedMode(round)),
);

export const vcvtFromInteger: FloatOperation = (fpu, i) => {
  const word = fpu.bits[i.m] as number;
  const double = i.kind === 1;
  fpu.put(i.d, double, soft.roundNumber(fpu, i.a === 1 ? word : word >>> 0, formatOf(double)));
};

/** Fixed point in Sd or Dd; `a` bit 0 unsigned, bit 1 32-bit; `imm` fraction bits. Rounds towards zero. */
export const vcvtToFixed: FloatOperation = (fpu, i) => {
  const bits = (i.a & 2) !== 0 ? 32 : 16;
  const signed = (i.a & 1) === 0;
  const value = fpu.operand(i.d, i.kind === 1) * 2 ** i.imm;
  const result = toInteger(fpu, value, Math.trunc, bits, signed);
  const at = i.kind === 1 ? i.d * 2 : i.d;
  fpu.bits[at] = result;
  if (i.kind === 1) fpu.bits[at + 1] = signed ? result >> 31 : 0;
};

/** To nearest, whatever FPSCR says. */
const nearest = (fpu: Fpu): soft.FloatEnvironment => ({
  rounding: soft.Rounding.nearest,
  flushToZero: fpu.flushToZero,
  raise: (flags) => fpu.raise(flags),
});

export const vcvtFromFixed: FloatOperation = (fpu, i) => {
  const word = fpu.bits[i.kind === 1 ? i.d * 2 : i.d] as number;
  const half = (i.a & 1) === 0 ? (word << 16) >> 16 : word & 0xffff;
  const integer = (i.a & 2) === 0 ? half : (i.a & 1) === 0 ? word : word >>> 0;
  const value = soft.roundNumber(nearest(fpu), integer / 2 ** i.imm, formatOf(i.kind === 1));
  fpu.put(i.d, i.kind === 1, value);
};

/** Sign and fraction of a NaN as if it were a double's: bits 63 and 50..0. */
function nanParts(fpu: Fpu, n: number, double: boolean): readonly [number, number, number] {
  const high = fpu.bits[double ? n * 2 + 1 : n] as number;
  const sign = high & (1 << 31);
  if (double) return [sign, high & 0x7ffff, fpu.bits[n * 2] as number];
  return [sign, (high & 0x3fffff) >>> 3, high << 29];
}

/** Between double and single; `kind` is 1 when the source is double. */
export const vcvtPrecision: FloatOperation = (fpu, i) => {
  const fromDouble = i.kind === 1;
  const value = fpu.operand(i.m, fromDouble);
  if (!Number.isNaN(value)) {
    fpu.put(i.d, !fromDouble, fromDouble ? soft.roundNumber(fpu, value, soft.SINGLE) : value);
    return;
  }
  const [sign, high, low] = nanParts(fpu, i.m, fromDouble);
  if (fpu.isSignalling(i.m, fromDouble)) fpu.raise(FPSCR.IOC);
  if ((fpu.fpscr & FPSCR.DN) !== 0) fpu.put(i.d, !fromDouble, Number.NaN);
  else if (fromDouble) fpu.bits[i.d] = sign | 0x7fc00000 | (high << 3) | (low >>> 29);
  else {
    fpu.bits[i.d * 2 + 1] = sign | 0x7ff80000 | high;
    fpu.bits[i.d * 2] = low;
  }
};

const HALF: soft.Format = { precision: 11, minExponent: -14, maxExponent: 15, flushes: false };
/** Alternative half precision: no infinities, no NaNs, one exponent more. */
const ALTERNATIVE_HALF: soft.Format = { ...HALF, maxExponent: 16 };
const HALF_INFINITY = 0x7c00;
const HALF_LARGEST = 0x7fff;

/** Bits of a number that half precision holds exactly. */
function encodeHalf(value: number): number {
  const sign = soft.isNegative(value) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | HALF_INFINITY;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | (magnitude * 2 ** (10 - exponent) - 1024);
}

/** The half of Sd that VCVTB (`a` 0) or VCVTT (1) means. `kind` 1: from double. */
export const vcvtToHalf: FloatOperation = (fpu, i) => {
  const shift = i.a * 16;
  const half = toHalf(fpu, i.m, i.kind === 1);
  fpu.bits[i.d] = ((fpu.bits[i.d] as number) & ~(0xffff << shift)) | (half << shift);
};

function toHalf(fpu: Fpu, m: number, double: boolean): number {
  const alternative = (fpu.fpscr & FPSCR.AHP) !== 0;
  const value = fpu.operand(m, double);
  if (Number.isNaN(value)) {
    const [sign, high] = nanParts(fpu, m, double);
    if (alternative || fpu.isSignalling(m, double)) fpu.raise(FPSCR.IOC);
    if (alternative) return (sign >>> 16) & 0x8000;
    return (fpu.fpscr & FPSCR.DN) !== 0 ? 0x7e00 : ((sign >>> 16) & 0x8000) | 0x7e00 | (high >>> 10);
  }
  return alternative ? toAlternativeHalf(fpu, value) : encodeHalf(soft.roundNumber(fpu, value, HALF));
}

/** FPRoundCV(): without infinities, overflow is an invalid operation. */
function toAlternativeHalf(fpu: Fpu, value: number): number {
  let flags = 0;
  const raise = (raised: number): void => {
    flags |= raised;
  };
  const env = { rounding: fpu.rounding, flushToZero: false, raise };
  const rounded = soft.roundNumber(env, value, ALTERNATIVE_HALF);
  if (Number.isFinite(value) && (flags & FPSCR.OFC) === 0) {
    fpu.raise(flags);
    return encodeHalf(rounded);
  }
  fpu.raise(FPSCR.IOC);
  return (soft.isNegative(value) ? 0x8000 : 0) | HALF_LARGEST;
}

/** From the half of Sm that VCVTB (`a` 0) or VCVTT (1) means. `kind` 1: to double. */
export const vcvtFromHalf: FloatOperation = (fpu, i) => {
  const double = i.kind === 1;
  const half = ((fpu.bits[i.m] as number) >>> (i.a * 16)) & 0xffff;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  const sign = (half & 0x8000) << 16;
  if (exponent === 31 && (fpu.fpscr & FPSCR.AHP) === 0 && fraction !== 0) {
    if ((fraction & 0x200) === 0) fpu.raise(FPSCR.IOC);
    const keeps = (fpu.fpscr & FPSCR.DN) === 0;
    if (double) fpu.bits[i.d * 2] = 0;
    const payload = double ? 0x7ff80000 | (fraction << 10) : 0x7fc00000 | (fraction << 13);
    fpu.bits[double ? i.d * 2 + 1 : i.d] = keeps ? sign | payload : double ? 0x7ff80000 : 0x7fc00000;
    return;
  }
  const infinite = exponent === 31 && (fpu.fpscr & FPSCR.AHP) === 0;
  const finite = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  const magnitude = infinite ? Number.POSITIVE_INFINITY : finite;
  fpu.put(i.d, double, sign === 0 ? magnitude : -magnitude);
};

/**
 * Floating-point arithmetic (DDI 0403E, A7.7 V...). Register numbers are S numbers for single precision and D
 * numbers for double; `kind` is 1 for double.
 */

import type { CortexM7 } from "./core.js";
import { CFSR, usageFault } from "./faults.js";
import { fusedMultiplyAdd, nearestEven } from "./float-math.js";
import { FPSCR, type Fpu } from "./fpu.js";
import type { Execute, Insn } from "./insn.js";

/** What an instruction does once access was granted. */
export type FloatOperation = (fpu: Fpu, i: Insn, cpu: CortexM7) => void;

/** NOCP when CPACR denies access; makes the context a floating-point one. */
export function guarded(operation: FloatOperation): Execute {
  return (cpu, i) => {
    const { fpu } = cpu;
    if (!fpu.accessible) throw usageFault(CFSR.NOCP);
    fpu.activate();
    operation(fpu, i, cpu);
    return i.next;
  };
}

function value(fpu: Fpu, i: Insn, n: number): number {
  return (i.kind === 1 ? fpu.d[n] : fpu.s[n]) as number;
}

/** Rounds to the instruction's precision and stores; `operands` decide which NaN comes out. */
function put(fpu: Fpu, i: Insn, result: number, operands: readonly number[]): void {
  if (i.kind === 1) fpu.setDouble(i.d, result, operands);
  else fpu.setSingle(i.d, result, operands);
}

const rounded = (i: Insn, result: number): number => (i.kind === 1 ? result : Math.fround(result));

/** Changes the sign bit without looking at the value (a NaN keeps its payload). */
function negate(fpu: Fpu, i: Insn): void {
  const at = i.kind === 1 ? i.d * 2 + 1 : i.d;
  fpu.bits[at] = (fpu.bits[at] as number) ^ (1 << 31);
}

function binary(compute: (a: number, b: number) => number): FloatOperation {
  return (fpu, i) => put(fpu, i, compute(value(fpu, i, i.n), value(fpu, i, i.m)), [i.n, i.m]);
}

const multiplyNegated: FloatOperation = (fpu, i) => {
  binary((a, b) => a * b)(fpu, i, undefined as never);
  negate(fpu, i);
};

export const vadd: FloatOperation = binary((a, b) => a + b);
export const vsub: FloatOperation = binary((a, b) => a - b);
export const vmul: FloatOperation = binary((a, b) => a * b);
export const vnmul: FloatOperation = multiplyNegated;
export const vdiv: FloatOperation = (fpu, i) => {
  const a = value(fpu, i, i.n);
  const b = value(fpu, i, i.m);
  const byZero = b === 0 && a !== 0 && Number.isFinite(a);
  const overflow = fpu.fpscr & FPSCR.OFC;
  put(fpu, i, a / b, [i.n, i.m]);
  if (byZero) fpu.fpscr = (fpu.fpscr & ~FPSCR.OFC) | overflow | FPSCR.DZC;
};

/** d = (+-d) + (+-(n * m)), rounded twice. */
function multiplyAccumulate(signD: number, signProduct: number): FloatOperation {
  return (fpu, i) => {
    const product = rounded(i, value(fpu, i, i.n) * value(fpu, i, i.m));
    const addend = value(fpu, i, i.d);
    if (!Number.isNaN(product)) {
      put(fpu, i, addend * signD + product * signProduct, [i.d, i.n, i.m]);
      if (Number.isNaN(addend) && signD < 0) negate(fpu, i);
    } else if (!Number.isNaN(addend)) {
      put(fpu, i, product, [i.n, i.m]);
      if (signProduct < 0) negate(fpu, i);
    } else {
      const double = i.kind === 1;
      const source = fpu.nanSource([i.n, i.m], double);
      const invalid = source === undefined || fpu.isSignalling(source === 0 ? i.n : i.m, double);
      if (invalid) fpu.raise(FPSCR.IOC);
      put(fpu, i, addend, [i.d]);
      if (signD < 0) negate(fpu, i);
    }
  };
}
export const vmla: FloatOperation = multiplyAccumulate(1, 1);
export const vmls: FloatOperation = multiplyAccumulate(1, -1);
export const vnmla: FloatOperation = multiplyAccumulate(-1, -1);
export const vnmls: FloatOperation = multiplyAccumulate(-1, 1);

function invalidProduct(fpu: Fpu, i: Insn): boolean {
  const n = Math.abs(value(fpu, i, i.n));
  const m = Math.abs(value(fpu, i, i.m));
  return (n === 0 && m === Number.POSITIVE_INFINITY) || (m === 0 && n === Number.POSITIVE_INFINITY);
}

/** d = (+-d) + (+-n) * m, rounded once. */
function fused(signD: number, signN: number): FloatOperation {
  return (fpu, i) => {
    const operands = [i.d, i.n, i.m];
    const source = fpu.nanSource(operands, i.kind === 1);
    const n = value(fpu, i, i.n) * signN;
    const result = fusedMultiplyAdd(n, value(fpu, i, i.m), value(fpu, i, i.d) * signD, i.kind === 1);
    // Infinity times zero is invalid even when a quiet NaN is added to it.
    const invalid = source === 0 && !fpu.isSignalling(i.d, i.kind === 1) && invalidProduct(fpu, i);
    put(fpu, i, result, invalid ? [] : operands);
    if (invalid) return;
    // The operand's sign is changed before its NaN is passed on.
    if ((source === 0 && signD < 0) || (source === 1 && signN < 0)) negate(fpu, i);
  };
}
export const vfma: FloatOperation = fused(1, 1);
export const vfms: FloatOperation = fused(1, -1);
export const vfnma: FloatOperation = fused(-1, -1);
export const vfnms: FloatOperation = fused(-1, 1);

export const vmov: FloatOperation = (fpu, i) => {
  if (i.kind === 1) {
    const low = fpu.bits[i.m * 2] as number;
    const high = fpu.bits[i.m * 2 + 1] as number;
    fpu.bits[i.d * 2] = low;
    fpu.bits[i.d * 2 + 1] = high;
  } else fpu.bits[i.d] = fpu.bits[i.m] as number;
};
/** `imm` is the high word (double) or the word (single). */
export const vmovImm: FloatOperation = (fpu, i) => {
  if (i.kind === 1) fpu.bits[i.d * 2] = 0;
  fpu.bits[i.kind === 1 ? i.d * 2 + 1 : i.d] = i.imm;
};
export const vneg: FloatOperation = (fpu, i, cpu) => {
  vmov(fpu, i, cpu);
  negate(fpu, i);
};
export const vabs: FloatOperation = (fpu, i, cpu) => {
  vmov(fpu, i, cpu);
  const at = i.kind === 1 ? i.d * 2 + 1 : i.d;
  fpu.bits[at] = (fpu.bits[at] as number) & 0x7fffffff;
};
export const vsqrt: FloatOperation = (fpu, i) => put(fpu, i, Math.sqrt(value(fpu, i, i.m)), [i.m]);

/** VCMP, VCMPE; `a` bit 0: with zero, bit 1: E (any NaN is an invalid operation). */
export const vcmp: FloatOperation = (fpu, i) => {
  const zero = (i.a & 1) !== 0;
  const left = value(fpu, i, i.d);
  const right = zero ? 0 : value(fpu, i, i.m);
  let flags = left === right ? 6 : left < right ? 8 : 2;
  if (Number.isNaN(left) || Number.isNaN(right)) {
    flags = 3;
    const double = i.kind === 1;
    const signalling = fpu.isSignalling(i.d, double) || (!zero && fpu.isSignalling(i.m, double));
    if ((i.a & 2) !== 0 || signalling) fpu.raise(FPSCR.IOC);
  }
  fpu.fpscr = (fpu.fpscr & 0x0fffffff) | (flags << 28);
};

/** VRINT*: to an integral value. */
export function vrint(mode: (v: number) => number): FloatOperation {
  return (fpu, i) => put(fpu, i, mode(value(fpu, i, i.m)), [i.m]);
}

/** Saturates to `bits` bits; what does not fit, and NaN (as 0), is an invalid operation. */
function toInteger(fpu: Fpu, exact: number, bits: number, signed: boolean): number {
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const result = Number.isNaN(exact) ? 0 : Math.min(Math.max(exact, low), high);
  if (result !== exact && !(exact === 0)) fpu.raise(FPSCR.IOC);
  return result | 0;
}

/** Float to 32-bit integer in Sd; `a` is 1 for signed. */
export function vcvtToInteger(mode: (v: number) => number): FloatOperation {
  return (fpu, i) => {
    fpu.bits[i.d] = toInteger(fpu, mode(value(fpu, i, i.m)), 32, i.a === 1);
  };
}
export const vcvtr: FloatOperation = vcvtToInteger(nearestEven);
export const vcvtz: FloatOperation = vcvtToInteger(Math.trunc);

export const vcvtFromInteger: FloatOperation = (fpu, i) => {
  const raw = fpu.bits[i.m] as number;
  put(fpu, i, i.a === 1 ? raw : raw >>> 0, []);
};
/** Between double and single; `kind` is 1 when the source is double. */
export const vcvtPrecision: FloatOperation = (fpu, i) => {
  if (i.kind === 1) {
    const double = fpu.d[i.m] as number;
    const [high, low] = [fpu.bits[i.m * 2 + 1] as number, fpu.bits[i.m * 2] as number];
    if (fpu.isSignalling(i.m, true)) fpu.raise(FPSCR.IOC);
    fpu.s[i.d] = double;
    if (Number.isNaN(double))
      fpu.bits[i.d] = (high & (1 << 31)) | 0x7fc00000 | ((high & 0x7ffff) << 3) | (low >>> 29);
    else if (!Number.isFinite(fpu.s[i.d]) && Number.isFinite(double)) fpu.raise(FPSCR.OFC);
    return;
  }
  const raw = fpu.bits[i.m] as number;
  if (fpu.isSignalling(i.m, false)) fpu.raise(FPSCR.IOC);
  if (Number.isNaN(fpu.s[i.m])) {
    fpu.bits[i.d * 2 + 1] = (raw & (1 << 31)) | 0x7ff80000 | ((raw & 0x3fffff) >>> 3);
    fpu.bits[i.d * 2] = raw << 29;
  } else fpu.d[i.d] = fpu.s[i.m] as number;
};

/** Fixed point in Sd or Dd; `a` bit 0 unsigned, bit 1 32-bit; `imm` fraction bits. */
export const vcvtToFixed: FloatOperation = (fpu, i) => {
  const bits = (i.a & 2) !== 0 ? 32 : 16;
  const signed = (i.a & 1) === 0;
  const result = toInteger(fpu, Math.trunc(value(fpu, i, i.d) * 2 ** i.imm), bits, signed);
  const at = i.kind === 1 ? i.d * 2 : i.d;
  fpu.bits[at] = result;
  if (i.kind === 1) fpu.bits[at + 1] = signed ? result >> 31 : 0;
};
export const vcvtFromFixed: FloatOperation = (fpu, i) => {
  const raw = fpu.bits[i.kind === 1 ? i.d * 2 : i.d] as number;
  const half = (i.a & 1) === 0 ? (raw << 16) >> 16 : raw & 0xffff;
  const integer = (i.a & 2) === 0 ? half : (i.a & 1) === 0 ? raw : raw >>> 0;
  put(fpu, i, integer / 2 ** i.imm, []);
};

/** `a` is the condition: EQ, VS, GE or GT. */
export const vsel: FloatOperation = (fpu, i, cpu) => {
  const m = i.m;
  if (cpu.conditionPassed(i.a)) i.m = i.n;
  vmov(fpu, i, cpu);
  i.m = m;
};

/** VMAXNM, VMINNM: a quiet NaN loses against a number. */
function extreme(choose: (a: number, b: number) => number): FloatOperation {
  return (fpu, i) => {
    const a = value(fpu, i, i.n);
    const b = value(fpu, i, i.m);
    const double = i.kind === 1;
    const signalling = fpu.isSignalling(i.n, double) || fpu.isSignalling(i.m, double);
    const numbers = [a, b].filter((v) => !Number.isNaN(v));
    const single = numbers.length === 1 && !signalling ? (numbers[0] as number) : choose(a, b);
    put(fpu, i, single, [i.n, i.m]);
  };
}
export const vmaxnm: FloatOperation = extreme(Math.max);
export const vminnm: FloatOperation = extreme(Math.min);

/**
 * Floating-point arithmetic (DDI 0403E, A7.7 V...). Register numbers are S numbers for single precision and D
 * numbers for double; `kind` is 1 for double.
 *
 * Rounded to nearest, a result of ordinary size is what JavaScript computes, under FPSCR.FZ if no operand is denormal; all else
 * goes to soft-float.ts. DN tells of NaNs alone.
 */

import type { CortexM7 } from "../core.js";
import type { Execute, Insn } from "../decode/insn.js";
import * as exact from "../float/float-exact.js";
import { FPSCR, type Fpu, formatOf, SCRATCH, SCRATCH_2 } from "../float/fpu.js";
import * as soft from "../float/soft-float.js";

/** What an instruction does once access was granted. */
export type FloatOperation = (fpu: Fpu, i: Insn, cpu: CortexM7) => void;

/** NOCP when CPACR denies access; makes the context a floating-point one. */
export function guarded(operation: FloatOperation): Execute {
  const execute: Execute = (cpu, i) => {
    const { fpu } = cpu;
    if (!fpu.ready) fpu.prepare();
    operation(fpu, i, cpu);
    return i.next;
  };
  OPERATIONS.set(execute, operation);
  return execute;
}

const OPERATIONS = new Map<Execute, FloatOperation>();
/** What `guarded` was given to make this; undefined when it was not made so. */
export const operationOf = (execute: Execute): FloatOperation | undefined => OPERATIONS.get(execute);

const MIN_SINGLE = 2 ** -126;
const MAX_SINGLE = (2 - 2 ** -23) * 2 ** 127;
const MIN_DOUBLE = 2 ** -1022;

/** Neither zero, denormal (or rounded up from there), infinite nor NaN. */
function ordinarySingle(value: number): boolean {
  const magnitude = Math.abs(value);
  return magnitude > MIN_SINGLE && magnitude <= MAX_SINGLE;
}
function ordinaryDouble(value: number): boolean {
  const magnitude = Math.abs(value);
  return magnitude > MIN_DOUBLE && magnitude <= Number.MAX_VALUE;
}

const isDenormal = (value: number, double: boolean): boolean =>
  value !== 0 && Math.abs(value) < (double ? MIN_DOUBLE : MIN_SINGLE);

/** May the operands be used as they are? */
function plain(fpu: Fpu, double: boolean, a: number, b = 0): boolean {
  const modes = fpu.fpscr & (FPSCR.RMODE | FPSCR.FZ);
  return modes === 0 || (modes === FPSCR.FZ && !isDenormal(a, double) && !isDenormal(b, double));
}
const knowsInexact = (fpu: Fpu): boolean => (fpu.fpscr & FPSCR.IXC) !== 0;

type Binary = (fpu: Fpu, double: boolean, d: number, n: number, m: number) => void;
type Slow = (env: Fpu, a: number, b: number, format: soft.Format) => number;

function slowly(slow: Slow): Binary {
  return (fpu, double, d, n, m) => {
    const a = fpu.operand(n, double);
    const b = fpu.operand(m, double);
    if (Number.isNaN(a) || Number.isNaN(b)) fpu.passNaN(d, double, [n, m]);
    else fpu.put(d, double, slow(fpu, a, b, formatOf(double)));
  };
}
const addSlowly = slowly(soft.add);
const subtractSlowly = slowly(soft.subtract);
const multiplySlowly = slowly(soft.multiply);
const divideSlowly = slowly(soft.divide);

/** a + b with a and b of the instruction's precision. True when that was all. */
function quickSum(fpu: Fpu, double: boolean, d: number, a: number, b: number): boolean {
  if (!plain(fpu, double, a, b)) return false;
  const sum = a + b;
  const result = double ? sum : Math.fround(sum);
  if (!(double ? ordinaryDouble(result) : ordinarySingle(result)) && sum !== 0) return false;
  if (!knowsInexact(fpu) && (result !== sum || exact.sumError(a, b, sum) !== 0)) fpu.raise(FPSCR.IXC);
  if (double) fpu.d[d] = result;
  else fpu.s[d] = result;
  return true;
}

const add: Binary = (fpu, double, d, n, m) => {
  const from = double ? fpu.d : fpu.s;
  if (quickSum(fpu, double, d, from[n] as number, from[m] as number)) return;
  addSlowly(fpu, double, d, n, m);
};
const subtract: Binary = (fpu, double, d, n, m) => {
  const from = double ? fpu.d : fpu.s;
  if (quickSum(fpu, double, d, from[n] as number, -(from[m] as number))) return;
  subtractSlowly(fpu, double, d, n, m);
};

const multiply: Binary = (fpu, double, d, n, m) => {
  const from = double ? fpu.d : fpu.s;
  const a = from[n] as number;
  const b = from[m] as number;
  if (!plain(fpu, double, a, b)) return multiplySlowly(fpu, double, d, n, m);
  const product = a * b;
  const result = double ? product : Math.fround(product);
  if (!(double ? ordinaryDouble(result) : ordinarySingle(result)))
    return multiplySlowly(fpu, double, d, n, m);
  if (!knowsInexact(fpu)) {
    const inexact = double ? exact.productInexact(a, b, product) : product !== result;
    if (inexact === undefined) return multiplySlowly(fpu, double, d, n, m);
    if (inexact) fpu.raise(FPSCR.IXC);
  }
  from[d] = result;
};

const divide: Binary = (fpu, double, d, n, m) => {
  const from = double ? fpu.d : fpu.s;
  const a = from[n] as number;
  const b = from[m] as number;
  if (!plain(fpu, double, a, b)) return divideSlowly(fpu, double, d, n, m);
  const result = double ? a / b : Math.fround(a / b);
  const ordinary = double ? ordinaryDouble(result) : ordinarySingle(result);
  if (!ordinary || b === 0) return divideSlowly(fpu, double, d, n, m);
  if (!knowsInexact(fpu)) {
    const inexact = double ? exact.quotientInexact(a, b, result) : result * b !== a;
    if (inexact === undefined) return divideSlowly(fpu, double, d, n, m);
    if (inexact) fpu.raise(FPSCR.IXC);
  }
  from[d] = result;
};

function instruction(binary: Binary): FloatOperation {
  return (fpu, i) => binary(fpu, i.kind === 1, i.d, i.n, i.m);
}

export const vadd: FloatOperation = instruction(add);
export const vsub: FloatOperation = instruction(subtract);
export const vmul: FloatOperation = instruction(multiply);
export const vdiv: FloatOperation = instruction(divide);
export const vnmul: FloatOperation = (fpu, i) => {
  multiply(fpu, i.kind === 1, i.d, i.n, i.m);
  fpu.negate(i.d, i.kind === 1);
};

/** Scratch registers by the number that the instruction's precision has for them. */
const scratch = (double: boolean, register: number): number => (double ? register : register * 2);

/** d = (+-d) + (+-(n * m)), rounded twice. */
function multiplyAccumulate(negateD: boolean, negateProduct: boolean): FloatOperation {
  return (fpu, i) => {
    const double = i.kind === 1;
    const product = scratch(double, SCRATCH);
    multiply(fpu, double, product, i.n, i.m);
    if (negateProduct) fpu.negate(product, double);
    if (negateD) fpu.negate(i.d, double);
    add(fpu, double, i.d, i.d, product);
  };
}
export const vmla: FloatOperation = multiplyAccumulate(false, false);
export const vmls: FloatOperation = multiplyAccumulate(false, true);
export const vnmla: FloatOperation = multiplyAccumulate(true, true);
export const vnmls: FloatOperation = multiplyAccumulate(true, false);

function quickFused(fpu: Fpu, double: boolean, d: number, n: number, m: number): boolean {
  const from = double ? fpu.d : fpu.s;
  const [a, b, c] = [from[n] as number, from[m] as number, from[d] as number];
  if (!plain(fpu, double, a, b) || !plain(fpu, double, c)) return false;
  const result = double ? exact.fusedDouble(a, b, c) : exact.fusedSingle(a, b, c);
  if (result === undefined || !(double ? ordinaryDouble(result) : ordinarySingle(result))) return false;
  if (exact.fused.inexact) fpu.raise(FPSCR.IXC);
  from[d] = result;
  return true;
}

/** d = d + n * m, rounded once. */
function fusedInto(fpu: Fpu, double: boolean, d: number, n: number, m: number): void {
  if (quickFused(fpu, double, d, n, m)) return;
  const c = fpu.operand(d, double);
  const a = fpu.operand(n, double);
  const b = fpu.operand(m, double);
  if (!Number.isNaN(a) && !Number.isNaN(b)) {
    const invalidProduct = Number.isNaN(a * b);
    if (!Number.isNaN(c)) {
      fpu.put(d, double, soft.fusedMultiplyAdd(fpu, [a, b, c], formatOf(double)));
      return;
    }
    // Infinity times zero is invalid even when a quiet NaN is added to it.
    if (invalidProduct && !fpu.isSignalling(d, double)) {
      fpu.raise(FPSCR.IOC);
      fpu.put(d, double, Number.NaN);
      return;
    }
  }
  fpu.passNaN(d, double, [d, n, m]);
}

/** d = (+-d) + (+-n) * m. */
function fused(negateD: boolean, negateN: boolean): FloatOperation {
  return (fpu, i) => {
    const double = i.kind === 1;
    let n = i.n;
    if (negateN) {
      n = scratch(double, SCRATCH_2);
      fpu.copy(n, double, i.n);
      fpu.negate(n, double);
    }
    const m = i.m === i.d && negateD ? scratch(double, SCRATCH) : i.m;
    if (m !== i.m) fpu.copy(m, double, i.m);
    if (n === i.d && negateD) {
      n = scratch(double, SCRATCH_2);
      fpu.copy(n, double, i.n);
    }
    if (negateD) fpu.negate(i.d, double);
    fusedInto(fpu, double, i.d, n, m);
  };
}
export const vfma: FloatOperation = fused(false, false);
export const vfms: FloatOperation = fused(false, true);
export const vfnma: FloatOperation = fused(true, true);
export const vfnms: FloatOperation = fused(true, false);

export const vmov: FloatOperation = (fpu, i) => fpu.copy(i.d, i.kind === 1, i.m);
/** `imm` is the high word (double) or the word (single). */
export const vmovImm: FloatOperation = (fpu, i) => {
  if (i.kind === 1) fpu.bits[i.d * 2] = 0;
  fpu.bits[i.kind === 1 ? i.d * 2 + 1 : i.d] = i.imm;
};
export const vneg: FloatOperation = (fpu, i) => {
  fpu.copy(i.d, i.kind === 1, i.m);
  fpu.negate(i.d, i.kind === 1);
};
export const vabs: FloatOperation = (fpu, i) => {
  fpu.copy(i.d, i.kind === 1, i.m);
  const at = i.kind === 1 ? i.d * 2 + 1 : i.d;
  fpu.bits[at] = (fpu.bits[at] as number) & 0x7fffffff;
};

export const vsqrt: FloatOperation = (fpu, i) => {
  const double = i.kind === 1;
  const value = fpu.operand(i.m, double);
  const root = Math.sqrt(value);
  if (Number.isNaN(value)) fpu.passNaN(i.d, double, [i.m]);
  else if (plain(fpu, double, value) && ordinaryDouble(root) && knowsInexact(fpu))
    fpu.put(i.d, double, double ? root : Math.fround(root));
  else fpu.put(i.d, double, soft.squareRoot(fpu, value, formatOf(double)));
};

/** VCMP, VCMPE; `a` bit 0: with zero, bit 1: E (any NaN is an invalid operation). */
export const vcmp: FloatOperation = (fpu, i) => {
  const double = i.kind === 1;
  const zero = (i.a & 1) !== 0;
  const left = fpu.operand(i.d, double);
  const right = zero ? 0 : fpu.operand(i.m, double);
  let flags = left === right ? 6 : left < right ? 8 : 2;
  if (Number.isNaN(left) || Number.isNaN(right)) {
    flags = 3;
    const signalling = fpu.isSignalling(i.d, double) || (!zero && fpu.isSignalling(i.m, double));
    if ((i.a & 2) !== 0 || signalling) fpu.raise(FPSCR.IOC);
  }
  fpu.fpscr = (fpu.fpscr & 0x0fffffff) | (flags << 28);
};

/** `a` is the condition: EQ, VS, GE or GT. */
export const vsel: FloatOperation = (fpu, i, cpu) =>
  fpu.copy(i.d, i.kind === 1, cpu.conditionPassed(i.a) ? i.n : i.m);

/** VMAXNM, VMINNM: a quiet NaN loses against a number. */
function extreme(choose: (a: number, b: number) => number): FloatOperation {
  return (fpu, i) => {
    const double = i.kind === 1;
    const a = fpu.operand(i.n, double);
    const b = fpu.operand(i.m, double);
    const numbers = [a, b].filter((value) => !Number.isNaN(value));
    const signalling = fpu.isSignalling(i.n, double) || fpu.isSignalling(i.m, double);
    if (signalling || numbers.length === 0) fpu.passNaN(i.d, double, [i.n, i.m]);
    else fpu.put(i.d, double, numbers.reduce(choose));
  };
}
export const vmaxnm: FloatOperation = extreme((a, b) => Math.max(a, b));
export const vminnm: FloatOperation = extreme((a, b) => Math.min(a, b));

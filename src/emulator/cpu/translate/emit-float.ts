/**
 * Translation of floating-point arithmetic. WebAssembly computes as IEEE 754 says, to nearest and with denormal numbers: as
 * FPSCR's modes at zero ask for. Under FZ that is right, too, as long as no operand and no result is denormal; DN tells of NaNs
 * alone. Of the cumulative flags only IXC is set by ordinary results; so where it is set already, a
 * result is taken as it comes when no other flag can belong to it. Everything else is left to the interpreter: NaNs,
 * infinities that were computed, what may be tiny or divided by zero, and all of it under other modes.
 */

import type { Insn } from "../decode/insn.js";
import type { FloatOperation } from "../execute/ops-float.js";
import * as float from "../execute/ops-float.js";
import type { Emit } from "./emit.js";
import { FUSED } from "./helpers.js";
import { FloatLevel, FloatLocal, Local, Order } from "./state.js";
import { FloatOp, Op } from "./wasm.js";

/** Translates one instruction. */
export type FloatEmitter = (e: Emit, i: Insn, double: 0 | 1) => void;

export interface FloatForm {
  readonly emit: FloatEmitter;
  readonly level: number;
  /** D registers that hold double precision. */
  readonly doubles: (i: Insn) => readonly number[];
}

/** Locals for intermediate results. */
export const TEMPORARY = [FloatLocal.single, FloatLocal.double] as const;

/** Of a double's low word: what single precision cuts off, and a half of its last place. */
const CUT_OFF = 0x1fffffff;
const HALF_PLACE = 0x10000000;

/** Of a word, the high one of a double: exponent all ones, and the first pattern that is larger than the least normal number. */
const EXPONENT = [0x7f800000, 0x7ff00000] as const;
const ABOVE_LEAST = [0x00800001, 0x00100001] as const;
const MAGNITUDE = 0x7fffffff;

/** Leaves the word of a local that holds sign and exponent. */
function highWord(e: Emit, double: 0 | 1, local: number): void {
  const { body } = e;
  body.get(local);
  body.op(FloatOp.bits[double]);
  if (double === 0) return;
  body.longConst(32);
  body.op(Op.longShrU, Op.wrap);
}

/** Leaves to the interpreter when the local holds an infinity or a NaN. */
function finiteOnly(e: Emit, double: 0 | 1, local: number): void {
  e.slowIf(() => {
    highWord(e, double, local);
    e.body.const(EXPONENT[double]);
    e.body.op(Op.and);
    e.body.const(EXPONENT[double]);
    e.body.op(Op.eq);
  });
}

/** The same for what may be tiny, too, unless `exactZero`, which leaves a truth value, says that it is no matter. */
export function ordinaryOnly(e: Emit, double: 0 | 1, local: number, exactZero: () => void): void {
  const { body } = e;
  e.mayLeave();
  highWord(e, double, local);
  body.const(MAGNITUDE);
  body.op(Op.and);
  body.const(ABOVE_LEAST[double]);
  body.op(Op.sub);
  body.const(EXPONENT[double] - ABOVE_LEAST[double]);
  body.op(Op.geU);
  body.if();
  e.slowIf(() => {
    exactZero();
    isZero(e, double, () => body.get(local));
    body.op(Op.and, Op.eqz);
  });
  body.end();
}

export function isZero(e: Emit, double: 0 | 1, value: () => void): void {
  value();
  e.body.floatConst(double, 0);
  e.body.op(FloatOp.eq[double]);
}

const LEAST = [2 ** -126, 2 ** -1022] as const;

/** Leaves to the interpreter when a register holds a denormal number, and FPSCR.FZ makes it a zero. */
export function noDenormals(e: Emit, double: 0 | 1, first: number, ...others: readonly number[]): void {
  const { body } = e;
  const isDenormal = (n: number): void => {
    e.float.get(double, n);
    body.op(FloatOp.abs[double]);
    body.floatConst(double, LEAST[double]);
    body.op(FloatOp.lt[double]);
    isZero(e, double, () => e.float.get(double, n));
    body.op(Op.gtU);
  };
  e.whenFlushing(() =>
    e.slowIf(() => {
      isDenormal(first);
      for (const n of others) {
        isDenormal(n);
        body.op(Op.or);
      }
    }),
  );
}

/** A sum in the local: it is exact where it is tiny, so that only FPSCR.FZ makes anything else of it. */
function sumOnly(e: Emit, double: 0 | 1, local: number): void {
  finiteOnly(e, double, local);
  e.whenFlushing(() => ordinaryOnly(e, double, local, () => e.body.const(1)));
}

const operands =
  (...names: readonly ("d" | "n" | "m")[]) =>
  (i: Insn): readonly number[] =>
    i.kind === 1 ? names.map((name) => i[name]) : [];

/** d = n op m, when it is finite. */
function sum(operation: readonly [number, number]): FloatEmitter {
  return (e, i, double) => {
    noDenormals(e, double, i.n, i.m);
    e.float.get(double, i.n);
    e.float.get(double, i.m);
    e.body.op(operation[double]);
    e.body.set(TEMPORARY[double]);
    sumOnly(e, double, TEMPORARY[double]);
    e.body.get(TEMPORARY[double]);
    e.float.set(double, i.d);
  };
}

/** Leaves whether n or m is zero. */
function eitherZero(e: Emit, i: Insn, double: 0 | 1): void {
  isZero(e, double, () => e.float.get(double, i.n));
  isZero(e, double, () => e.float.get(double, i.m));
  e.body.op(Op.or);
}

/** n * m into a temporary local. */
function product(e: Emit, i: Insn, double: 0 | 1): void {
  noDenormals(e, double, i.n, i.m);
  e.float.get(double, i.n);
  e.float.get(double, i.m);
  e.body.op(FloatOp.mul[double]);
  e.body.set(TEMPORARY[double]);
  ordinaryOnly(e, double, TEMPORARY[double], () => eitherZero(e, i, double));
}

function multiplication(negates: boolean): FloatEmitter {
  return (e, i, double) => {
    product(e, i, double);
    e.body.get(TEMPORARY[double]);
    if (negates) e.body.op(FloatOp.neg[double]);
    e.float.set(double, i.d);
  };
}

/** d = (+-d) + (+-(n * m)), rounded twice. */
function accumulation(negatesD: boolean, negatesProduct: boolean): FloatEmitter {
  return (e, i, double) => {
    const { body } = e;
    product(e, i, double);
    noDenormals(e, double, i.d);
    e.float.get(double, i.d);
    if (negatesD) body.op(FloatOp.neg[double]);
    body.get(TEMPORARY[double]);
    body.op((negatesProduct ? FloatOp.sub : FloatOp.add)[double]);
    body.set(TEMPORARY[double]);
    sumOnly(e, double, TEMPORARY[double]);
    body.get(TEMPORARY[double]);
    e.float.set(double, i.d);
  };
}

const division: FloatEmitter = (e, i, double) => {
  const { body } = e;
  noDenormals(e, double, i.n, i.m);
  e.float.get(double, i.n);
  e.float.get(double, i.m);
  body.op(FloatOp.div[double]);
  body.set(TEMPORARY[double]);
  ordinaryOnly(e, double, TEMPORARY[double], () => isZero(e, double, () => e.float.get(double, i.n)));
  body.get(TEMPORARY[double]);
  e.float.set(double, i.d);
};

/** Of a number that is not negative a root is never tiny. */
const squareRoot: FloatEmitter = (e, i, double) => {
  noDenormals(e, double, i.m);
  e.float.get(double, i.m);
  e.body.op(FloatOp.sqrt[double]);
  e.body.set(TEMPORARY[double]);
  finiteOnly(e, double, TEMPORARY[double]);
  e.body.get(TEMPORARY[double]);
  e.float.set(double, i.d);
};

type Negations = readonly [ofD: boolean, ofN: boolean];

/** Leaves a register in double precision, with another sign when asked for. */
function wide(e: Emit, double: 0 | 1, n: number, negates = false): void {
  e.float.get(double, n);
  if (double === 0) e.body.op(Op.promote);
  if (negates) e.body.op(FloatOp.neg[1]);
}

/**
 * d = (+-d) + (+-n) * m, rounded once. The product of singles is exact in double precision; their sum is rounded to that
 * first, which can be wrong only where it looks like a tie of singles.
 */
function fusedSingle(e: Emit, i: Insn, [ofD, ofN]: Negations): void {
  const { body } = e;
  wide(e, 0, i.n, ofN);
  wide(e, 0, i.m);
  body.op(FloatOp.mul[1]);
  wide(e, 0, i.d, ofD);
  body.op(FloatOp.add[1]);
  body.tee(TEMPORARY[1]);
  body.op(Op.demote);
  body.set(TEMPORARY[0]);
  e.slowIf(() => {
    body.get(TEMPORARY[1]);
    body.op(FloatOp.bits[1], Op.wrap);
    body.const(CUT_OFF);
    body.op(Op.and);
    body.const(HALF_PLACE);
    body.op(Op.eq);
  });
  ordinaryOnly(e, 0, TEMPORARY[0], () => isZero(e, 1, () => body.get(TEMPORARY[1])));
  body.get(TEMPORARY[0]);
  e.float.setSingle(i.d);
}

function fusedDouble(e: Emit, i: Insn, [ofD, ofN]: Negations): void {
  const { body } = e;
  wide(e, 1, i.n, ofN);
  wide(e, 1, i.m);
  wide(e, 1, i.d, ofD);
  body.call(FUSED);
  body.set(TEMPORARY[1]);
  ordinaryOnly(e, 1, TEMPORARY[1], () => eitherZero(e, i, 1));
  body.get(TEMPORARY[1]);
  e.float.set(1, i.d);
}

function fused(...negations: Negations): FloatEmitter {
  return (e, i, double) => {
    noDenormals(e, double, i.n, i.m, i.d);
    (double === 1 ? fusedDouble : fusedSingle)(e, i, negations);
  };
}

/** Moves that may change the sign. */
function move(operation?: readonly [number, number]): FloatEmitter {
  return (e, i, double) => {
    e.float.get(double, i.m);
    if (operation !== undefined) e.body.op(operation[double]);
    e.float.set(double, i.d);
  };
}

const words = new Int32Array(2);
const singles = new Float32Array(words.buffer);
const doubles = new Float64Array(words.buffer);
const immediate: FloatEmitter = (e, i, double) => {
  words[0] = double === 1 ? 0 : i.imm;
  words[1] = i.imm;
  e.body.floatConst(double, (double === 1 ? doubles[0] : singles[0]) as number);
  e.float.set(double, i.d);
};

/** Leaves a value that is not 0 when d and m, or 0, compare so. */
function compare(e: Emit, i: Insn, double: 0 | 1, operation: readonly [number, number]): void {
  e.float.get(double, i.d);
  if ((i.a & 1) !== 0) e.body.floatConst(double, 0);
  else e.float.get(double, i.m);
  e.body.op(operation[double]);
}

/** The flags are kept as an order; VMRS makes flags of it. */
const comparison: FloatEmitter = (e, i, double) => {
  const { body } = e;
  noDenormals(e, double, i.d, ...((i.a & 1) !== 0 ? [] : [i.m]));
  compare(e, i, double, FloatOp.gt);
  body.const(1);
  compare(e, i, double, FloatOp.lt);
  body.op(Op.sub, Op.add);
  body.set(Local.t0);
  e.slowIf(() => {
    body.get(Local.t0);
    body.const(Order.equal);
    body.op(Op.eq);
    compare(e, i, double, FloatOp.eq);
    body.op(Op.gtU);
  });
  body.get(Local.t0);
  e.setOrder();
};

const selection: FloatEmitter = (e, i, double) => {
  e.float.get(double, i.n);
  e.float.get(double, i.m);
  e.condition(i.a);
  e.body.op(Op.select);
  e.float.set(double, i.d);
};

/** VMAXNM, VMINNM of numbers: -0 is below 0. */
function extreme(operation: readonly [number, number]): FloatEmitter {
  return (e, i, double) => {
    const { body } = e;
    noDenormals(e, double, i.n, i.m);
    e.float.get(double, i.n);
    e.float.get(double, i.m);
    body.op(operation[double]);
    body.set(TEMPORARY[double]);
    numberOnly(e, double, TEMPORARY[double]);
    body.get(TEMPORARY[double]);
    e.float.set(double, i.d);
  };
}

/** Leaves to the interpreter when the local holds a NaN. */
export function numberOnly(e: Emit, double: 0 | 1, local: number): void {
  e.slowIf(() => {
    e.body.get(local);
    e.body.get(local);
    e.body.op(FloatOp.eq[double], Op.eqz);
  });
}

const three = operands("d", "n", "m");
const two = operands("d", "m");

const arithmetic = (
  operation: FloatOperation,
  emit: FloatEmitter,
  of = three,
): [FloatOperation, FloatForm] => [operation, { emit, level: FloatLevel.inexact, doubles: of }];
const noArithmetic = (
  operation: FloatOperation,
  emit: FloatEmitter,
  level: number,
  of = two,
): [FloatOperation, FloatForm] => [operation, { emit, level, doubles: of }];

export const ARITHMETIC: readonly [FloatOperation, FloatForm][] = [
  arithmetic(float.vadd, sum(FloatOp.add)),
  arithmetic(float.vsub, sum(FloatOp.sub)),
  arithmetic(float.vmul, multiplication(false)),
  arithmetic(float.vnmul, multiplication(true)),
  arithmetic(float.vdiv, division),
  arithmetic(float.vsqrt, squareRoot, two),
  arithmetic(float.vmla, accumulation(false, false)),
  arithmetic(float.vmls, accumulation(false, true)),
  arithmetic(float.vnmla, accumulation(true, true)),
  arithmetic(float.vnmls, accumulation(true, false)),
  arithmetic(float.vfma, fused(false, false)),
  arithmetic(float.vfms, fused(false, true)),
  arithmetic(float.vfnma, fused(true, true)),
  arithmetic(float.vfnms, fused(true, false)),
  noArithmetic(float.vmov, move(), FloatLevel.ready),
  noArithmetic(float.vneg, move(FloatOp.neg), FloatLevel.ready),
  noArithmetic(float.vabs, move(FloatOp.abs), FloatLevel.ready),
  noArithmetic(float.vmovImm, immediate, FloatLevel.ready, operands("d")),
  noArithmetic(float.vsel, selection, FloatLevel.ready, three),
  noArithmetic(float.vcmp, comparison, FloatLevel.plain),
  noArithmetic(float.vmaxnm, extreme(FloatOp.max), FloatLevel.plain, three),
  noArithmetic(float.vminnm, extreme(FloatOp.min), FloatLevel.plain, three),
];

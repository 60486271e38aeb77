/** Translation of conversions between integers and floating point, and of rounding to integers. */

import type { Insn } from "../decode/insn.js";
import type { FloatOperation } from "../execute/ops-float.js";
import * as convert from "../execute/ops-float-convert.js";
import type { Emit } from "./emit.js";
import {
  type FloatEmitter,
  type FloatForm,
  isZero,
  noDenormals,
  numberOnly,
  ordinaryOnly,
  TEMPORARY,
} from "./emit-float.js";
import { FloatLevel } from "./state.js";
import { FloatOp, Op } from "./wasm.js";

/** Takes a value, and leaves it rounded to an integer. */
type Round = (e: Emit, double: 0 | 1) => void;

const by =
  (operation: readonly [number, number]): Round =>
  (e, double) =>
    e.body.op(operation[double]);

/** To nearest, halves away from zero. */
const nearestAway: Round = (e, double) => {
  const { body } = e;
  const local = TEMPORARY[double];
  body.tee(local);
  body.op(FloatOp.trunc[double]);
  // 1 with the sign of the value, or 0, is added; of a zero the sign stays.
  body.floatConst(double, 1);
  body.floatConst(double, 0);
  body.get(local);
  body.get(local);
  body.op(FloatOp.trunc[double], FloatOp.sub[double], FloatOp.abs[double]);
  body.floatConst(double, 0.5);
  body.op(FloatOp.ge[double], Op.select);
  body.get(local);
  body.op(FloatOp.copysign[double], FloatOp.add[double]);
};

/** What is already integer, zeros and infinities among it, stays as it is. */
function rounding(round: Round): FloatEmitter {
  return (e, i, double) => {
    const { body } = e;
    noDenormals(e, double, i.m);
    e.float.get(double, i.m);
    body.set(TEMPORARY[double]);
    numberOnly(e, double, TEMPORARY[double]);
    body.get(TEMPORARY[double]);
    round(e, double);
    e.float.set(double, i.d);
  };
}

/** Exclusive bounds of what is converted without saturation, once it is an integer. */
const SIGNED = [-0x80000001, 0x80000000] as const;
const UNSIGNED = [-1, 0x100000000] as const;

/** Leaves to the interpreter unless the temporary local is between. */
function within(e: Emit, double: 0 | 1, [low, high]: readonly [number, number]): void {
  const { body } = e;
  e.slowIf(() => {
    // The bounds are exact in double precision.
    for (const [bound, operation] of [
      [low, FloatOp.gt[1]],
      [high, FloatOp.lt[1]],
    ] as const) {
      body.get(TEMPORARY[double]);
      if (double === 0) body.op(Op.promote);
      body.floatConst(1, bound);
      body.op(operation);
    }
    body.op(Op.and, Op.eqz);
  });
}

/** `a` is 1 for signed. */
function toInteger(round: Round): FloatEmitter {
  return (e, i, double) => {
    const { body } = e;
    noDenormals(e, double, i.m);
    e.float.get(double, i.m);
    round(e, double);
    body.set(TEMPORARY[double]);
    within(e, double, i.a === 1 ? SIGNED : UNSIGNED);
    body.get(TEMPORARY[double]);
    body.op((i.a === 1 ? FloatOp.toSigned : FloatOp.toUnsigned)[double]);
    e.float.setWord(i.d);
  };
}

const fromInteger: FloatEmitter = (e, i, double) => {
  e.float.getWord(i.m);
  e.body.op((i.a === 1 ? FloatOp.fromSigned : FloatOp.fromUnsigned)[double]);
  e.float.set(double, i.d);
};

/** Between the precisions; `kind` is 1 from double. */
const precision: FloatEmitter = (e, i, double) => {
  const { body } = e;
  noDenormals(e, double, i.m);
  if (double === 1) {
    e.float.get(1, i.m);
    body.op(Op.demote);
    body.set(TEMPORARY[0]);
    ordinaryOnly(e, 0, TEMPORARY[0], () => isZero(e, 1, () => e.float.get(1, i.m)));
    body.get(TEMPORARY[0]);
    e.float.setSingle(i.d);
    return;
  }
  e.float.getSingle(i.m);
  body.set(TEMPORARY[0]);
  numberOnly(e, 0, TEMPORARY[0]);
  body.get(TEMPORARY[0]);
  body.op(Op.promote);
  e.float.set(1, i.d);
};

const isWord = (i: Insn): boolean => (i.a & 2) !== 0;
const isSigned = (i: Insn): boolean => (i.a & 1) === 0;

/** From fixed point: the integer over a power of two is exact in double precision. */
const fromFixed: FloatEmitter = (e, i, double) => {
  const { body } = e;
  e.float.getWord(double === 1 ? i.d * 2 : i.d);
  if (!isWord(i)) {
    if (isSigned(i)) body.op(Op.extend16);
    else {
      body.const(0xffff);
      body.op(Op.and);
    }
  }
  body.op((isSigned(i) ? FloatOp.fromSigned : FloatOp.fromUnsigned)[1]);
  body.floatConst(1, 2 ** -i.imm);
  body.op(FloatOp.mul[1]);
  if (double === 0) body.op(Op.demote);
  e.float.set(double, i.d);
};

/** Exclusive bounds, by the lowest two bits of `a`, of what is converted without saturation. */
const FIXED_BOUNDS = [[-0x8001, 0x8000], [-1, 0x10000], SIGNED, UNSIGNED] as const;

/** To fixed point, towards zero. */
const toFixed: FloatEmitter = (e, i, double) => {
  const { body } = e;
  noDenormals(e, double, i.d);
  e.float.get(double, i.d);
  if (double === 0) body.op(Op.promote);
  body.floatConst(1, 2 ** i.imm);
  body.op(FloatOp.mul[1]);
  body.set(TEMPORARY[1]);
  within(e, 1, FIXED_BOUNDS[i.a as 0 | 1 | 2 | 3]);
  body.get(TEMPORARY[1]);
  body.op((isSigned(i) ? FloatOp.toSigned : FloatOp.toUnsigned)[1]);
  if (double === 0) e.float.setWord(i.d);
  else {
    body.op(isSigned(i) ? Op.longFromS : Op.longFromU, FloatOp.ofBits[1]);
    e.float.set(1, i.d);
  }
};

const { ready, plain, inexact } = FloatLevel;
const both = (i: Insn): readonly number[] => (i.kind === 1 ? [i.d, i.m] : []);
const source = (i: Insn): readonly number[] => (i.kind === 1 ? [i.m] : []);
const target = (i: Insn): readonly number[] => (i.kind === 1 ? [i.d] : []);

const form = (
  operation: FloatOperation,
  emit: FloatEmitter,
  level: number,
  doubles: (i: Insn) => readonly number[],
): [FloatOperation, FloatForm] => [operation, { emit, level, doubles }];

/** By the RM field of VRINTA/N/P/M and VCVTA/N/P/M. */
const MODES: readonly Round[] = [nearestAway, by(FloatOp.nearest), by(FloatOp.ceil), by(FloatOp.floor)];

export const CONVERSIONS: readonly [FloatOperation, FloatForm][] = [
  form(convert.vrintr, rounding(by(FloatOp.nearest)), plain, both),
  form(convert.vrintx, rounding(by(FloatOp.nearest)), inexact, both),
  form(convert.vrintz, rounding(by(FloatOp.trunc)), plain, both),
  ...convert.VRINT.map((operation, n) => form(operation, rounding(MODES[n] as Round), plain, both)),
  form(convert.vcvtr, toInteger(by(FloatOp.nearest)), inexact, source),
  form(convert.vcvtz, toInteger(by(FloatOp.trunc)), inexact, source),
  ...convert.VCVT.map((operation, n) => form(operation, toInteger(MODES[n] as Round), inexact, source)),
  [convert.vcvtFromInteger, { emit: fromInteger, level: inexact, doubles: target }],
  [convert.vcvtPrecision, { emit: precision, level: inexact, doubles: (i) => [i.kind === 1 ? i.m : i.d] }],
  form(convert.vcvtFromFixed, fromFixed, inexact, target),
  form(convert.vcvtToFixed, toFixed, inexact, target),
];

/** A 32-bit integer is exact in double precision, whatever FPSCR says. */
export const exactFromInteger: FloatForm = { emit: fromInteger, level: ready, doubles: target };

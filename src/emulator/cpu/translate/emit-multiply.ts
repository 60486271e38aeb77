/** Translation of multiplications and divisions. */

import type { Execute, Insn } from "../insn.js";
import * as multiply from "../ops-multiply.js";
import type { Emit } from "./emit.js";
import { binary, type Emitter, type Leave, plain, rm, rn } from "./emit-common.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

const product: Leave = (e, i) => {
  e.get(i.n);
  e.get(i.m);
  e.body.op(Op.mul);
};

/** RdHi:RdLo (`d`:`a`) = Rn * Rm, plus what they held. @param extend to 64 bits */
function long(extend: number, accumulates: boolean): Emitter {
  return (e, i) => {
    const { body } = e;
    e.get(i.n);
    body.op(extend);
    e.get(i.m);
    body.op(extend, Op.longMul);
    if (accumulates) {
      e.get(i.a);
      body.op(Op.longFromU);
      e.get(i.d);
      body.op(Op.longFromU);
      body.longConst(32);
      body.op(Op.longShl, Op.longOr, Op.longAdd);
    }
    body.tee(Local.long);
    body.op(Op.wrap);
    e.set(i.a);
    body.get(Local.long);
    body.longConst(32);
    body.op(Op.longShrU, Op.wrap);
    e.set(i.d);
  };
}

const mls: Emitter = (e, i) => {
  e.get(i.a);
  product(e, i);
  e.body.op(Op.sub);
  e.set(i.d);
};
const mla: Emitter = (e, i) => {
  product(e, i);
  e.get(i.a);
  e.body.op(Op.add);
  e.set(i.d);
};

const muls: Emitter = (e, i) => {
  product(e, i);
  e.body.tee(Local.t0);
  e.setNz();
  e.body.get(Local.t0);
  e.set(i.d);
};

/** The interpreter decides what becomes of a division by zero. */
const nonZeroDivisor = (e: Emit, i: Insn): void =>
  e.slowIf(() => {
    e.get(i.m);
    e.body.op(Op.eqz);
  });

const udiv: Emitter = (e, i) => {
  nonZeroDivisor(e, i);
  binary(rn, rm, Op.divU)(e, i);
};
/** WebAssembly traps where the quotient does not fit: INT_MIN / -1. */
const sdiv: Emitter = (e, i) => {
  const { body } = e;
  nonZeroDivisor(e, i);
  e.get(i.m);
  body.const(-1);
  body.op(Op.eq);
  body.ifValue();
  body.const(0);
  e.get(i.n);
  body.op(Op.sub);
  body.else();
  e.get(i.n);
  e.get(i.m);
  body.op(Op.divS);
  body.end();
  e.set(i.d);
};

export const MULTIPLY_EMITTERS: readonly (readonly [Execute, Emitter])[] = [
  [multiply.mul, plain(product)],
  [multiply.muls, muls],
  [multiply.mla, mla],
  [multiply.mls, mls],
  [multiply.umull, long(Op.longFromU, false)],
  [multiply.smull, long(Op.longFromS, false)],
  [multiply.umlal, long(Op.longFromU, true)],
  [multiply.smlal, long(Op.longFromS, true)],
  [multiply.sdiv, sdiv],
  [multiply.udiv, udiv],
];

/** Translation of multiplications and divisions. */

import type { Execute, Insn } from "../decode/insn.js";
import * as multiply from "../execute/ops-multiply.js";
import type { Emit } from "./emit.js";
import { binary, type Emitter, type Leave, plain, rm, rn } from "./emit-common.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

const product: Leave = (e, i) => {
  e.get(i.n);
  e.get(i.m);
  e.body.op(Op.mul);
};

/** RdHi:RdLo (`d`:`a`) = what is left in 64 bits. */
function setLong(e: Emit, i: Insn): void {
  const { body } = e;
  body.tee(Local.long);
  body.op(Op.wrap);
  e.set(i.a);
  body.get(Local.long);
  body.longConst(32);
  body.op(Op.longShrU, Op.wrap);
  e.set(i.d);
}

/** Adds RdHi:RdLo to what is left in 64 bits. */
function addLong(e: Emit, i: Insn): void {
  const { body } = e;
  e.get(i.a);
  body.op(Op.longFromU);
  e.get(i.d);
  body.op(Op.longFromU);
  body.longConst(32);
  body.op(Op.longShl, Op.longOr, Op.longAdd);
}

/** RdHi:RdLo = Rn * Rm, plus what they held. @param extend to 64 bits */
function long(extend: number, accumulates: boolean): Emitter {
  return (e, i) => {
    const { body } = e;
    e.get(i.n);
    body.op(extend);
    e.get(i.m);
    body.op(extend, Op.longMul);
    if (accumulates) addLong(e, i);
    setLong(e, i);
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

/** UMAAL: RdHi:RdLo = Rn * Rm + RdHi + RdLo. */
const umaal: Emitter = (e, i) => {
  const { body } = e;
  e.get(i.n);
  body.op(Op.longFromU);
  e.get(i.m);
  body.op(Op.longFromU, Op.longMul);
  for (const n of [i.a, i.d]) {
    e.get(n);
    body.op(Op.longFromU, Op.longAdd);
  }
  setLong(e, i);
};

/** Leaves the bottom (0) or top (1) half of a register, with its sign. */
function half(e: Emit, n: number, top: number): void {
  e.get(n);
  if (top === 0) e.body.op(Op.extend16);
  else {
    e.body.const(16);
    e.body.op(Op.shrS);
  }
}

/** SMULxy. */
const halfProduct: Leave = (e, i) => {
  half(e, i.n, (i.opcode >>> 5) & 1);
  half(e, i.m, (i.opcode >>> 4) & 1);
  e.body.op(Op.mul);
};

/** SMULWy: bits 47:16 of a product. */
const wideProduct: Leave = (e, i) => {
  const { body } = e;
  e.get(i.n);
  body.op(Op.longFromS);
  half(e, i.m, (i.opcode >>> 4) & 1);
  body.op(Op.longFromS, Op.longMul);
  body.longConst(16);
  body.op(Op.longShrS, Op.wrap);
};

/** Rd = what is left as 32 bits + Ra; Q becomes 1 when that overflows. */
function accumulated(value: Leave): Emitter {
  return (e, i) => {
    const { body } = e;
    value(e, i);
    if (i.a === 15) {
      e.set(i.d);
      return;
    }
    body.tee(Local.t0);
    e.get(i.a);
    body.op(Op.add);
    body.set(Local.t1);
    for (const operand of [() => body.get(Local.t0), () => e.get(i.a)]) {
      operand();
      body.get(Local.t1);
      body.op(Op.xor);
    }
    body.op(Op.and);
    body.const(31);
    body.op(Op.shrU);
    e.stickQ();
    body.get(Local.t1);
    e.set(i.d);
  };
}

/** Leaves the sum, or difference, of two products of halves in 64 bits. */
function dual(e: Emit, i: Insn, operation: number): void {
  const { body } = e;
  const exchange = (i.opcode >>> 4) & 1;
  for (const top of [0, 1]) {
    half(e, i.n, top);
    half(e, i.m, top ^ exchange);
    body.op(Op.mul, Op.longFromS);
  }
  body.op(operation);
}

/** SMLAD, SMLSD and those without Ra: Q becomes 1 when the sum does not fit. */
function dualAccumulated(operation: number): Emitter {
  return (e, i) => {
    const { body } = e;
    dual(e, i, operation);
    if (i.a !== 15) {
      e.get(i.a);
      body.op(Op.longFromS, Op.longAdd);
    }
    body.tee(Local.long);
    body.get(Local.long);
    body.op(Op.wrap, Op.longFromS, Op.longNe);
    e.stickQ();
    body.get(Local.long);
    body.op(Op.wrap);
    e.set(i.d);
  };
}

/** RdHi:RdLo += what is left in 64 bits. */
function longAccumulated(value: Leave): Emitter {
  return (e, i) => {
    value(e, i);
    addLong(e, i);
    setLong(e, i);
  };
}

/** SMMLA, SMMLS: the upper half of Ra << 32 and a product, rounded by opcode bit 4. */
function mostSignificant(operation: number): Emitter {
  return (e, i) => {
    const { body } = e;
    if (i.a === 15) body.const(0);
    else e.get(i.a);
    body.op(Op.longFromU);
    body.longConst(32);
    body.op(Op.longShl);
    e.get(i.n);
    body.op(Op.longFromS);
    e.get(i.m);
    body.op(Op.longFromS, Op.longMul, operation);
    if ((i.opcode & ROUNDS) !== 0) {
      body.const(1 << 31);
      body.op(Op.longFromU, Op.longAdd);
    }
    body.longConst(32);
    body.op(Op.longShrU, Op.wrap);
    e.set(i.d);
  };
}
const ROUNDS = 0x10;

export const MULTIPLY_EMITTERS: readonly (readonly [Execute, Emitter])[] = [
  [multiply.mul, plain(product)],
  [multiply.muls, muls],
  [multiply.mla, mla],
  [multiply.mls, mls],
  [multiply.umull, long(Op.longFromU, false)],
  [multiply.smull, long(Op.longFromS, false)],
  [multiply.umlal, long(Op.longFromU, true)],
  [multiply.smlal, long(Op.longFromS, true)],
  [multiply.umaal, umaal],
  [multiply.smlaxy, accumulated(halfProduct)],
  [multiply.smlaw, accumulated(wideProduct)],
  [multiply.smlad, dualAccumulated(Op.longAdd)],
  [multiply.smlsd, dualAccumulated(Op.longSub)],
  [multiply.smlald, longAccumulated((e, i) => dual(e, i, Op.longAdd))],
  [multiply.smlsld, longAccumulated((e, i) => dual(e, i, Op.longSub))],
  [
    multiply.smlalxy,
    longAccumulated((e, i) => {
      halfProduct(e, i);
      e.body.op(Op.longFromS);
    }),
  ],
  [multiply.smmla, mostSignificant(Op.longAdd)],
  [multiply.smmls, mostSignificant(Op.longSub)],
  [multiply.sdiv, sdiv],
  [multiply.udiv, udiv],
];

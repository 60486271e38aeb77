/** Translation of saturating arithmetic; Q is sticky. */

import type { Execute, Insn } from "../insn.js";
import * as bits from "../ops-bits.js";
import type { Emit } from "./emit.js";
import type { Emitter } from "./emit-common.js";
import { operand } from "./emit-data.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

const SIGN = -0x80000000;
const DOUBLES = 0x10;
const SUBTRACTS = 0x20;

/** Leaves the local clamped. */
export function clamp(e: Emit, local: number, low: number, high: number): void {
  const { body } = e;
  body.get(local);
  body.const(low);
  body.get(local);
  body.const(low);
  body.op(Op.gtS, Op.select);
  body.tee(Local.t3);
  body.const(high);
  body.get(Local.t3);
  body.const(high);
  body.op(Op.ltS, Op.select);
}

/** Clamps t0 into t1; Q becomes 1 when that changed it. */
function saturate(e: Emit, low: number, high: number): void {
  const { body } = e;
  clamp(e, Local.t0, low, high);
  body.tee(Local.t1);
  body.get(Local.t0);
  body.op(Op.ne);
  e.stickQ();
}

type Bounds = (width: number) => readonly [low: number, high: number];
const signed: Bounds = (width) => [-(2 ** (width - 1)), 2 ** (width - 1) - 1];
const unsigned: Bounds = (width) => [0, 2 ** width - 1];

function single(bounds: Bounds): Emitter {
  return (e, i) => {
    const [low, high] = bounds(i.imm);
    operand(e, i);
    e.body.set(Local.t0);
    saturate(e, low, high);
    e.body.get(Local.t1);
    e.set(i.d);
  };
}

/** Both halves. */
function pair(bounds: Bounds): Emitter {
  return (e, i) => {
    const { body } = e;
    const [low, high] = bounds(i.imm);
    e.get(i.m);
    body.op(Op.extend16);
    body.set(Local.t0);
    saturate(e, low, high);
    body.get(Local.t1);
    body.const(0xffff);
    body.op(Op.and);
    body.set(Local.t2);
    e.get(i.m);
    body.const(16);
    body.op(Op.shrS);
    body.set(Local.t0);
    saturate(e, low, high);
    body.get(Local.t1);
    body.const(16);
    body.op(Op.shl);
    body.get(Local.t2);
    body.op(Op.or);
    e.set(i.d);
  };
}

/** t2 = t0 +- t1, saturated to 32 bits. */
function sum(e: Emit, subtracts: boolean): void {
  const { body } = e;
  body.get(Local.t0);
  body.get(Local.t1);
  body.op(subtracts ? Op.sub : Op.add);
  body.set(Local.t2);
  body.get(Local.t0);
  body.get(subtracts ? Local.t1 : Local.t2);
  body.op(Op.xor);
  body.get(subtracts ? Local.t0 : Local.t1);
  body.get(Local.t2);
  body.op(Op.xor, Op.and);
  body.const(31);
  body.op(Op.shrU);
  body.set(Local.t3);
  body.get(Local.t3);
  e.stickQ();
  // What overflowed has the wrong sign.
  body.get(Local.t2);
  body.const(31);
  body.op(Op.shrS);
  body.const(SIGN);
  body.op(Op.xor);
  body.get(Local.t2);
  body.get(Local.t3);
  body.op(Op.select);
  body.set(Local.t2);
}

/** QADD, QDADD, QSUB, QDSUB: Rm +- Rn, or twice Rn. */
const qarith: Emitter = (e, i: Insn) => {
  const { body } = e;
  e.get(i.n);
  body.set(Local.t1);
  if ((i.opcode & DOUBLES) !== 0) {
    e.get(i.n);
    body.set(Local.t0);
    sum(e, false);
    body.get(Local.t2);
    body.set(Local.t1);
  }
  e.get(i.m);
  body.set(Local.t0);
  sum(e, (i.opcode & SUBTRACTS) !== 0);
  body.get(Local.t2);
  e.set(i.d);
};

export const SATURATION_EMITTERS: readonly (readonly [Execute, Emitter])[] = [
  [bits.ssat, single(signed)],
  [bits.usat, single(unsigned)],
  [bits.ssat16, pair(signed)],
  [bits.usat16, pair(unsigned)],
  [bits.qarith, qarith],
];

/** Translation of saturating arithmetic; Q is sticky. */

import type { Execute, Insn } from "../decode/insn.js";
import * as bits from "../execute/ops-bits.js";
import type { Emit } from "./emit.js";
import { type Emitter, imm } from "./emit-common.js";
import { operand } from "./emit-data.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

const SIGN = -0x80000000;
const DOUBLES = 0x10;
const SUBTRACTS = 0x20;

/** Leaves the local clamped. */
export function clamp(e: Emit, local: number, low: number, high: number): void {
  clampBetween(e, local, [() => e.body.const(low), () => e.body.const(high)]);
}

/** What leaves the least and the greatest value. */
type Bounds = readonly [low: () => void, high: () => void];

function clampBetween(e: Emit, local: number, [low, high]: Bounds): void {
  const { body } = e;
  body.get(local);
  low();
  body.get(local);
  low();
  body.op(Op.gtS, Op.select);
  body.tee(Local.t3);
  high();
  body.get(Local.t3);
  high();
  body.op(Op.ltS, Op.select);
}

/** Clamps t0 into t1; Q becomes 1 when that changed it. */
function saturate(e: Emit, bounds: Bounds): void {
  const { body } = e;
  clampBetween(e, Local.t0, bounds);
  body.tee(Local.t1);
  body.get(Local.t0);
  body.op(Op.ne);
  e.stickQ();
}

/** The greatest number of so many bits less `minus`. The width is less than 32 then. */
function greatest(e: Emit, i: Insn, minus: number): void {
  e.body.const(1);
  imm(e, i);
  e.body.const(minus);
  e.body.op(Op.sub, Op.shl);
  e.body.const(1);
  e.body.op(Op.sub);
}

type BoundsOf = (e: Emit, i: Insn) => Bounds;
const signed: BoundsOf = (e, i) => [
  () => {
    greatest(e, i, 1);
    e.body.const(-1);
    e.body.op(Op.xor);
  },
  () => greatest(e, i, 1),
];
const unsigned: BoundsOf = (e, i) => [() => e.body.const(0), () => greatest(e, i, 0)];

function single(bounds: BoundsOf): Emitter {
  return (e, i) => {
    operand(e, i);
    e.body.set(Local.t0);
    saturate(e, bounds(e, i));
    e.body.get(Local.t1);
    e.set(i.d);
  };
}

/** Both halves. */
function pair(bounds: BoundsOf): Emitter {
  return (e, i) => {
    const { body } = e;
    e.get(i.m);
    body.op(Op.extend16);
    body.set(Local.t0);
    saturate(e, bounds(e, i));
    body.get(Local.t1);
    body.const(0xffff);
    body.op(Op.and);
    body.set(Local.t2);
    e.get(i.m);
    body.const(16);
    body.op(Op.shrS);
    body.set(Local.t0);
    saturate(e, bounds(e, i));
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

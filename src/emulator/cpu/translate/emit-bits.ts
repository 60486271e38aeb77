/** Translation of bit fields, reversals and extensions. */

import type { Execute } from "../decode/insn.js";
import * as bits from "../execute/ops-bits.js";
import * as data from "../execute/ops-data.js";
import type { Emit } from "./emit.js";
import { type Emitter, imm } from "./emit-common.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

const ubfx: Emitter = (e, i) => {
  e.get(i.n);
  e.constant(i, "a");
  e.body.op(Op.shrU);
  imm(e, i);
  e.body.op(Op.and);
  e.set(i.d);
};
const sbfx: Emitter = (e, i) => {
  e.get(i.n);
  e.constant(i, "a");
  e.body.op(Op.shrU);
  e.constant(i, "m");
  e.body.op(Op.shl);
  e.constant(i, "m");
  e.body.op(Op.shrS);
  e.set(i.d);
};
const bfi: Emitter = (e, i) => {
  const { body } = e;
  e.get(i.d);
  imm(e, i);
  e.constant(i, "a");
  body.op(Op.shl);
  body.const(-1);
  body.op(Op.xor, Op.and);
  if (i.n !== 15) {
    e.get(i.n);
    imm(e, i);
    body.op(Op.and);
    e.constant(i, "a");
    body.op(Op.shl, Op.or);
  }
  e.set(i.d);
};

/** Leaves (value & mask) << left | (value >>> right) & mask for the value in t0. */
function exchange(e: Emit, mask: number, shift: number): void {
  const { body } = e;
  body.get(Local.t0);
  body.const(mask);
  body.op(Op.and);
  body.const(shift);
  body.op(Op.shl);
  body.get(Local.t0);
  body.const(shift);
  body.op(Op.shrU);
  body.const(mask);
  body.op(Op.and, Op.or);
}

/** Exchanges halves of ever smaller groups of bits. */
function exchanges(...steps: readonly (readonly [mask: number, shift: number])[]): Emitter {
  return (e, i) => {
    e.get(i.m);
    for (const [mask, shift] of steps) {
      e.body.set(Local.t0);
      exchange(e, mask, shift);
    }
    e.set(i.d);
  };
}

const BYTES = [0x00ff00ff, 8] as const;
const HALVES = [0x0000ffff, 16] as const;
const rbit = exchanges([0x55555555, 1], [0x33333333, 2], [0x0f0f0f0f, 4], BYTES, HALVES);
const revsh: Emitter = (e, i) => {
  e.get(i.m);
  e.body.set(Local.t0);
  exchange(e, BYTES[0], BYTES[1]);
  e.body.op(Op.extend16);
  e.set(i.d);
};
const clz: Emitter = (e, i) => {
  e.get(i.m);
  e.body.op(Op.clz);
  e.set(i.d);
};

type Extension = (e: Emit) => void;
const extension =
  (operation: number): Extension =>
  (e) =>
    e.body.op(operation);
const masked =
  (mask: number): Extension =>
  (e) => {
    e.body.const(mask);
    e.body.op(Op.and);
  };
const SXTH = extension(Op.extend16);
const SXTB = extension(Op.extend8);
const UXTH = masked(0xffff);
const UXTB = masked(0xff);
const UXTB16 = masked(0x00ff00ff);
const SXTB16: Extension = ({ body }) => {
  body.tee(Local.t0);
  body.op(Op.extend8);
  body.const(0xffff);
  body.op(Op.and);
  body.get(Local.t0);
  body.const(8);
  body.op(Op.shl);
  body.const(24);
  body.op(Op.shrS);
  body.const(16);
  body.op(Op.shl, Op.or);
};

function extendRm(extend: Extension): Emitter {
  return (e, i) => {
    e.get(i.m);
    extend(e);
    e.set(i.d);
  };
}

/** By op1 of A5.3.12. */
const EXTENSIONS: readonly Extension[] = [SXTH, UXTH, SXTB16, UXTB16, SXTB, UXTB];
const onBytePairs = (kind: number): boolean => (kind & 6) === 2;

const extend: Emitter = (e, i) => {
  const { body } = e;
  e.get(i.m);
  e.constant(i, "a");
  body.op(Op.rotr);
  (EXTENSIONS[i.kind] as Extension)(e);
  if (i.n !== 15) {
    if (onBytePairs(i.kind)) addHalves(e, i.n);
    else {
      e.get(i.n);
      body.op(Op.add);
    }
  }
  e.set(i.d);
};

/** Adds the halves of a register to those on the stack, each without carry into the other. */
function addHalves(e: Emit, n: number): void {
  const { body } = e;
  body.set(Local.t0);
  e.get(n);
  body.get(Local.t0);
  body.op(Op.add);
  body.const(0xffff);
  body.op(Op.and);
  e.get(n);
  body.get(Local.t0);
  body.const(-0x10000);
  body.op(Op.and, Op.add);
  body.const(-0x10000);
  body.op(Op.and, Op.or);
}

export const BIT_EMITTERS: readonly (readonly [Execute, Emitter])[] = [
  [data.extend, extend],
  [data.sxth, extendRm(SXTH)],
  [data.sxtb, extendRm(SXTB)],
  [data.uxth, extendRm(UXTH)],
  [data.uxtb, extendRm(UXTB)],
  [bits.ubfx, ubfx],
  [bits.sbfx, sbfx],
  [bits.bfi, bfi],
  [bits.clz, clz],
  [bits.rev, exchanges(BYTES, HALVES)],
  [bits.rev16, exchanges(BYTES)],
  [bits.revsh, revsh],
  [bits.rbit, rbit],
];

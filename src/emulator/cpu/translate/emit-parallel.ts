/** Translation of the parallel arithmetic of the DSP extension. */

import type { Execute, Insn } from "../decode/insn.js";
import * as bits from "../execute/ops-bits.js";
import { usada8 } from "../execute/ops-multiply.js";
import type { Emit } from "./emit.js";
import type { Emitter } from "./emit-common.js";
import { clamp } from "./emit-saturate.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

/** Opcode bits 6:4 (A5.3.15). */
const Kind = {
  signed: 0,
  saturating: 1,
  halving: 2,
  unsigned: 4,
  unsignedSaturating: 5,
  unsignedHalving: 6,
} as const;
const kindOf = (i: Insn): number => (i.opcode >>> 4) & 7;
/** Opcode bits 22:20 of the 8-bit subtraction. */
const SUB8 = 4;

/** Leaves a lane of a register, extended as the kind asks for. */
function lane(e: Emit, register: number, shift: number, width: number, signed: boolean): void {
  const { body } = e;
  e.get(register);
  if (signed && shift === 0) {
    body.op(width === 8 ? Op.extend8 : Op.extend16);
    return;
  }
  const left = 32 - width - shift;
  if (signed && left !== 0) {
    body.const(left);
    body.op(Op.shl);
  }
  if (signed || shift !== 0) {
    body.const(signed ? 32 - width : shift);
    body.op(signed ? Op.shrS : Op.shrU);
  }
  if (!signed && left !== 0) {
    body.const(2 ** width - 1);
    body.op(Op.and);
  }
}

interface Lane {
  readonly shift: number;
  readonly width: number;
  /** Where the lane of Rm lies. */
  readonly otherShift: number;
  readonly subtracts: boolean;
}

/** t0 = the exact result of a lane; leaves what becomes of it, and notes GE. */
function laneResult(e: Emit, i: Insn, { shift, width, otherShift, subtracts }: Lane): void {
  const { body } = e;
  const kind = kindOf(i);
  const signed = kind < Kind.unsigned;
  lane(e, i.n, shift, width, signed);
  lane(e, i.m, otherShift, width, signed);
  body.op(subtracts ? Op.sub : Op.add);
  body.set(Local.t0);
  const size = 2 ** width;
  if (kind === Kind.saturating) clamp(e, Local.t0, -size / 2, size / 2 - 1);
  else if (kind === Kind.unsignedSaturating) clamp(e, Local.t0, 0, size - 1);
  else if (kind === Kind.halving || kind === Kind.unsignedHalving) {
    body.get(Local.t0);
    body.const(1);
    body.op(Op.shrS);
  } else {
    e.getGe();
    body.get(Local.t0);
    body.const(kind === Kind.unsigned && !subtracts ? size : 0);
    body.op(Op.geS);
    const lanes = width / 8;
    body.const((2 ** lanes - 1) << (shift / 8));
    body.op(Op.mul, Op.or);
    e.setGe();
    body.get(Local.t0);
  }
}

function parallel(lanesOf: (i: Insn) => readonly Lane[]): Emitter {
  return (e, i) => {
    const { body } = e;
    const kind = kindOf(i);
    if (kind === Kind.signed || kind === Kind.unsigned) {
      body.const(0);
      e.setGe();
    }
    for (const [n, one] of lanesOf(i).entries()) {
      laneResult(e, i, one);
      if (one.shift + one.width < 32) {
        body.const(2 ** one.width - 1);
        body.op(Op.and);
      }
      if (one.shift > 0) {
        body.const(one.shift);
        body.op(Op.shl);
      }
      if (n > 0) {
        body.get(Local.t1);
        body.op(Op.or);
      }
      body.set(Local.t1);
    }
    body.get(Local.t1);
    e.set(i.d);
  };
}

function halves(lowSubtracts: boolean, highSubtracts: boolean, exchange: boolean): Emitter {
  return parallel(() => [
    { shift: 0, width: 16, otherShift: exchange ? 16 : 0, subtracts: lowSubtracts },
    { shift: 16, width: 16, otherShift: exchange ? 0 : 16, subtracts: highSubtracts },
  ]);
}

const byLanes = parallel((i) => {
  const subtracts = ((i.opcode >>> 20) & 7) === SUB8;
  return [0, 8, 16, 24].map((shift) => ({ shift, width: 8, otherShift: shift, subtracts }));
});

const TOPS = 0x80808080 | 0;
const REST = 0x7f7f7f7f;
/** Brings the top bits of four bytes, shifted down to bits 0, 8, 16 and 24, to bits 31:28. */
const GATHER = 0x10204080;

/** UADD8, USUB8 on all bytes at once: the top bits are worked out apart, so that nothing is carried between bytes. */
function unsignedBytes(subtracts: boolean): Emitter {
  return (e, i) => {
    const { body } = e;
    const operation = (...operations: readonly number[]): void => {
      for (const one of operations) body.op(one);
    };
    e.get(i.n);
    body.const(subtracts ? TOPS : REST);
    body.op(subtracts ? Op.or : Op.and);
    e.get(i.m);
    body.const(REST);
    operation(Op.and, subtracts ? Op.sub : Op.add);
    e.get(i.n);
    e.get(i.m);
    body.op(Op.xor);
    body.const(TOPS);
    body.op(Op.and);
    if (subtracts) {
      body.const(TOPS);
      body.op(Op.xor);
    }
    body.op(Op.xor);
    body.set(Local.t0);
    // Carry out of each byte: both tops are set, or one of them and not the result's; for a difference, n + ~m + 1.
    const other = (): void => {
      e.get(i.m);
      if (!subtracts) return;
      body.const(-1);
      body.op(Op.xor);
    };
    e.get(i.n);
    other();
    body.op(Op.and);
    e.get(i.n);
    other();
    body.op(Op.or);
    body.get(Local.t0);
    body.const(-1);
    operation(Op.xor, Op.and, Op.or);
    body.const(7);
    body.op(Op.shrU);
    body.const(0x01010101);
    body.op(Op.and);
    body.const(GATHER);
    body.op(Op.mul);
    body.const(28);
    body.op(Op.shrU);
    e.setGe();
    body.get(Local.t0);
    e.set(i.d);
  };
}

/** UHADD8: what both have, and half of what one has. */
const averages: Emitter = (e, i) => {
  const { body } = e;
  e.get(i.n);
  e.get(i.m);
  body.op(Op.and);
  e.get(i.n);
  e.get(i.m);
  body.op(Op.xor);
  body.const(1);
  body.op(Op.shrU);
  body.const(REST);
  body.op(Op.and, Op.add);
  e.set(i.d);
};

const unsignedSums = unsignedBytes(false);
const unsignedDifferences = unsignedBytes(true);
const bytes: Emitter = (e, i) => {
  const kind = kindOf(i);
  const subtracts = ((i.opcode >>> 20) & 7) === SUB8;
  if (kind === Kind.unsigned) (subtracts ? unsignedDifferences : unsignedSums)(e, i);
  else if (kind === Kind.unsignedHalving && !subtracts) averages(e, i);
  else byLanes(e, i);
};

/** Leaves 0xff in each byte whose GE bit is set. */
function geMask(e: Emit): void {
  const { body } = e;
  e.getGe();
  // Copies of the four bits, each of which has another one at bits 0, 8, 16 and 24.
  body.const(0x00204081);
  body.op(Op.mul);
  body.const(0x01010101);
  body.op(Op.and);
  body.const(0xff);
  body.op(Op.mul);
}

/** Rm where GE is 0, Rn where it is 1. */
const sel: Emitter = (e, i) => {
  const { body } = e;
  e.get(i.m);
  e.get(i.n);
  e.get(i.m);
  body.op(Op.xor);
  geMask(e);
  body.op(Op.and, Op.xor);
  e.set(i.d);
};

/** Sum of the differences of bytes, and Ra. */
const sad: Emitter = (e, i) => {
  const { body } = e;
  if (i.a === 15) body.const(0);
  else e.get(i.a);
  for (const shift of [0, 8, 16, 24]) {
    lane(e, i.n, shift, 8, false);
    lane(e, i.m, shift, 8, false);
    body.op(Op.sub);
    body.tee(Local.t0);
    body.get(Local.t0);
    body.const(31);
    body.op(Op.shrS);
    body.tee(Local.t1);
    body.op(Op.xor);
    body.get(Local.t1);
    body.op(Op.sub, Op.add);
  }
  e.set(i.d);
};

const [add8, add16, asx, , , sub16, sax] = bits.PARALLEL as readonly Execute[];
export const PARALLEL_EMITTERS: readonly (readonly [Execute, Emitter])[] = [
  [add8 as Execute, bytes],
  [add16 as Execute, halves(false, false, false)],
  [asx as Execute, halves(true, false, true)],
  [sub16 as Execute, halves(true, true, false)],
  [sax as Execute, halves(false, true, true)],
  [bits.sel, sel],
  [usada8, sad],
];

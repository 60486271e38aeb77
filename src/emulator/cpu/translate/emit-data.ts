/** Translation of data processing. */

import type { Execute, Insn } from "../decode/insn.js";
import { Operand } from "../decode/operand.js";
import * as data from "../execute/ops-data.js";
import { nop } from "../execute/ops-system.js";
import type { Emit } from "./emit.js";
import { binary, type Emitter, imm, type Leave, plain, rm, rn } from "./emit-common.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

/** Leaves the second operand (operand.ts). */
export function operand(e: Emit, i: Insn): void {
  const { body } = e;
  switch (i.kind) {
    case Operand.register:
      e.get(i.m);
      return;
    case Operand.lsl:
      shifted(e, i, Op.shl);
      return;
    case Operand.lsr:
      if (i.a === 32) body.const(0);
      else shifted(e, i, Op.shrU);
      return;
    case Operand.asr:
      if (i.a !== 32) shifted(e, i, Op.shrS);
      else {
        e.get(i.m);
        body.const(31);
        body.op(Op.shrS);
      }
      return;
    case Operand.ror:
      shifted(e, i, Op.rotr);
      return;
    case Operand.rrx:
      e.get(i.m);
      body.const(1);
      body.op(Op.shrU);
      e.carry();
      body.const(31);
      body.op(Op.shl, Op.or);
      return;
    default:
      imm(e, i);
  }
}

function shifted(e: Emit, i: Insn, operation: number): void {
  e.get(i.m);
  e.constant(i, "a");
  e.body.op(operation);
}

/** Sets C from the shifter; nothing where it does not change. */
function shifterCarry(e: Emit, i: Insn): void {
  const { body } = e;
  const bit = (index: () => void): void => {
    e.get(i.m);
    index();
    body.op(Op.shrU);
    body.const(1);
    body.op(Op.and);
  };
  const lastOut = (): void => {
    e.constant(i, "a");
    body.const(1);
    body.op(Op.sub);
  };
  const lastOutLeft = (): void => {
    body.const(32);
    e.constant(i, "a");
    body.op(Op.sub);
  };
  if (i.kind === Operand.immCarry0) body.const(0);
  else if (i.kind === Operand.immCarry1) body.const(1);
  else if (i.kind === Operand.lsl) bit(lastOutLeft);
  else if (i.kind === Operand.lsr || i.kind === Operand.asr || i.kind === Operand.ror) bit(lastOut);
  else if (i.kind === Operand.rrx) bit(() => body.const(0));
  else return;
  e.setCarry();
}

/** The same with all four flags; without Rd for comparisons. */
function arithmetic(
  left: Leave,
  right: Leave,
  kind: "addition" | "subtraction",
  to: "rd" | "nothing",
): Emitter {
  const plain = binary(left, right, kind === "addition" ? Op.add : Op.sub);
  return (e, i) => {
    if (e.flagsDead) {
      if (to === "rd") plain(e, i);
      return;
    }
    left(e, i);
    // RRX takes the carry, which may be that of what these hold.
    right(e, i);
    e.body.set(Local.fb);
    e.body.set(Local.fa);
    e.arithmeticFlags(kind);
    if (to === "nothing") return;
    e.body.get(Local.nz);
    e.set(i.d);
  };
}

/** Left + right + C. `right` is inverted for subtractions. */
function withCarry(inverts: boolean, flags: boolean): Emitter {
  return (e, i) => {
    const { body } = e;
    e.get(i.n);
    body.set(Local.t0);
    operand(e, i);
    if (inverts) {
      body.const(-1);
      body.op(Op.xor);
    }
    body.set(Local.t1);
    e.carry();
    body.set(Local.t2);
    body.get(Local.t0);
    body.get(Local.t1);
    body.op(Op.add);
    body.tee(Local.t3);
    body.get(Local.t2);
    body.op(Op.add);
    body.set(Local.t2);
    if (flags) carryFlags(e);
    body.get(Local.t2);
    e.set(i.d);
  };
}

/** t0 + t1 = t3, with carry t2. */
function carryFlags(e: Emit): void {
  const { body } = e;
  body.get(Local.t3);
  body.get(Local.t0);
  body.op(Op.ltU);
  body.get(Local.t2);
  body.get(Local.t3);
  body.op(Op.ltU, Op.or);
  e.setCarry();
  body.get(Local.t0);
  body.get(Local.t2);
  body.op(Op.xor);
  body.get(Local.t1);
  body.get(Local.t2);
  body.op(Op.xor, Op.and);
  body.const(31);
  body.op(Op.shrU);
  e.setOverflow();
  body.get(Local.t2);
  e.setNz();
}

function logic(operation: number, inverts: boolean): Leave {
  return (e, i) => {
    e.get(i.n);
    operand(e, i);
    if (inverts) {
      e.body.const(-1);
      e.body.op(Op.xor);
    }
    e.body.op(operation);
  };
}
const invert: Leave = (e, i) => {
  operand(e, i);
  e.body.const(-1);
  e.body.op(Op.xor);
};

function flagged(value: Leave, to: "rd" | "nothing"): Emitter {
  return (e, i) => {
    const { body } = e;
    if (e.flagsDead && to === "nothing") return;
    value(e, i);
    if (e.flagsDead) {
      e.set(i.d);
      return;
    }
    body.set(Local.t0);
    shifterCarry(e, i);
    body.get(Local.t0);
    e.setNz();
    if (to === "nothing") return;
    body.get(Local.t0);
    e.set(i.d);
  };
}

/** Amount of a shift by register. */
function amount(e: Emit, i: Insn): void {
  e.get(i.m);
  e.body.const(0xff);
  e.body.op(Op.and);
  e.body.set(Local.t1);
}

/** Leaves t1 when it is below `limit`, else `limit`. */
function atMost(e: Emit, limit: number): void {
  e.body.get(Local.t1);
  e.body.const(limit);
  e.body.get(Local.t1);
  e.body.const(limit);
  e.body.op(Op.ltU, Op.select);
}

function shiftByRegister(e: Emit, i: Insn): void {
  const { body } = e;
  e.get(i.n);
  if (i.kind === 2) {
    atMost(e, 31);
    body.op(Op.shrS);
    return;
  }
  body.get(Local.t1);
  body.op([Op.shl, Op.shrU, Op.shrS, Op.rotr][i.kind] as number);
  if (i.kind === 3) return;
  body.const(0);
  body.get(Local.t1);
  body.const(32);
  body.op(Op.ltU, Op.select);
}

/** Leaves the carry out of a shift by t1, which is not 0. */
function shiftCarry(e: Emit, i: Insn): void {
  const { body } = e;
  e.get(i.n);
  if (i.kind === 0) {
    body.const(32);
    body.get(Local.t1);
    body.op(Op.sub);
  } else {
    if (i.kind === 2) atMost(e, 32);
    else body.get(Local.t1);
    body.const(1);
    body.op(Op.sub);
  }
  body.op(Op.shrU);
  body.const(1);
  body.op(Op.and);
  if (i.kind > 1) return;
  body.const(0);
  body.get(Local.t1);
  body.const(33);
  body.op(Op.ltU, Op.select);
}

const shiftReg: Emitter = (e, i) => {
  amount(e, i);
  shiftByRegister(e, i);
  e.set(i.d);
};
const shiftsReg: Emitter = (e, i) => {
  if (e.flagsDead) {
    shiftReg(e, i);
    return;
  }
  const { body } = e;
  amount(e, i);
  shiftCarry(e, i);
  e.carry();
  body.get(Local.t1);
  body.op(Op.select);
  e.setCarry();
  shiftByRegister(e, i);
  body.tee(Local.t0);
  e.setNz();
  body.get(Local.t0);
  e.set(i.d);
};

const movImm: Emitter = (e, i) => {
  imm(e, i);
  e.set(i.d);
};
const movsImm: Emitter = (e, i) => {
  movImm(e, i);
  if (e.flagsDead) return;
  imm(e, i);
  e.setNz();
};
const movt: Emitter = (e, i) => {
  e.get(i.d);
  e.body.const(0xffff);
  e.body.op(Op.and);
  imm(e, i);
  e.body.op(Op.or);
  e.set(i.d);
};

/** PKHBT and PKHTB: opcode bit 5 says which halves of Rn and of the operand. */
const pkh: Emitter = (e, i) => {
  const [ofN, ofOperand] = (i.opcode & 0x20) !== 0 ? [-0x10000, 0xffff] : [0xffff, -0x10000];
  e.get(i.n);
  e.body.const(ofN);
  e.body.op(Op.and);
  operand(e, i);
  e.body.const(ofOperand);
  e.body.op(Op.and, Op.or);
  e.set(i.d);
};

const OPERATIONS: readonly (readonly [index: number, ...Emitter[]])[] = [
  [
    0,
    plain(logic(Op.and, false)),
    flagged(logic(Op.and, false), "rd"),
    flagged(logic(Op.and, false), "nothing"),
  ],
  [1, plain(logic(Op.and, true)), flagged(logic(Op.and, true), "rd")],
  [2, plain(logic(Op.or, false)), flagged(logic(Op.or, false), "rd")],
  [3, plain(logic(Op.or, true)), flagged(logic(Op.or, true), "rd")],
  [
    4,
    plain(logic(Op.xor, false)),
    flagged(logic(Op.xor, false), "rd"),
    flagged(logic(Op.xor, false), "nothing"),
  ],
  [6, pkh],
  [
    8,
    binary(rn, operand, Op.add),
    arithmetic(rn, operand, "addition", "rd"),
    arithmetic(rn, operand, "addition", "nothing"),
  ],
  [10, withCarry(false, false), withCarry(false, true)],
  [11, withCarry(true, false), withCarry(true, true)],
  [
    13,
    binary(rn, operand, Op.sub),
    arithmetic(rn, operand, "subtraction", "rd"),
    arithmetic(rn, operand, "subtraction", "nothing"),
  ],
  [14, binary(operand, rn, Op.sub), arithmetic(operand, rn, "subtraction", "rd")],
];

export const DATA_EMITTERS: readonly (readonly [Execute, Emitter])[] = [
  ...OPERATIONS.flatMap(([index, ...emitters]) =>
    emitters.map((emitter, form): readonly [Execute, Emitter] => {
      const execute = data.DATA_PROCESSING[index]?.[form];
      if (execute === undefined) throw new RangeError(`no operation ${index}, form ${form}`);
      return [execute, emitter];
    }),
  ),
  [nop, () => {}],
  [data.addImm, binary(rn, imm, Op.add)],
  [data.addsImm, arithmetic(rn, imm, "addition", "rd")],
  [data.addReg, binary(rn, rm, Op.add)],
  [data.addsReg, arithmetic(rn, rm, "addition", "rd")],
  [data.subImm, binary(rn, imm, Op.sub)],
  [data.subsImm, arithmetic(rn, imm, "subtraction", "rd")],
  [data.subsReg, arithmetic(rn, rm, "subtraction", "rd")],
  [data.cmpImm, arithmetic(rn, imm, "subtraction", "nothing")],
  [data.cmpReg, arithmetic(rn, rm, "subtraction", "nothing")],
  [data.movImm, movImm],
  [data.movsImm, movsImm],
  [data.movReg, plain(rm)],
  [data.mov, plain(operand)],
  [data.movs, flagged(operand, "rd")],
  [data.mvn, plain(invert)],
  [data.mvns, flagged(invert, "rd")],
  [data.shiftReg, shiftReg],
  [data.shiftsReg, shiftsReg],
  [data.movt, movt],
];

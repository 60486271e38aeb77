/** Which instructions, in which forms, are operations of the interpreter's loop. What is not here is left to JavaScript. */

import type { Execute, Insn } from "../decode/insn.js";
import { Operand } from "../decode/operand.js";
import * as bits from "../execute/ops-bits.js";
import * as data from "../execute/ops-data.js";
import * as memory from "../execute/ops-memory.js";
import * as multiply from "../execute/ops-multiply.js";
import { nop } from "../execute/ops-system.js";
import { Field } from "./layout.js";

export type Fields = Partial<Pick<Insn, "d" | "n" | "m" | "a" | "imm" | "kind" | "inner">>;

/** A form of an instruction that is an operation of its own. */
export interface Form {
  /** What the instruction must have. */
  readonly equal?: Fields;
  readonly when?: (insn: Insn) => boolean;
  /** Bits of the opcode that it must have, and the template has, too. */
  readonly opcode?: readonly [mask: number, value: number];
  /** What stands for the instruction while its operation is written (`Field`), besides `equal`. */
  readonly fields?: Fields;
}

type Forms = readonly [Execute, readonly Form[]];

export const kinds = (...values: readonly number[]): readonly Form[] =>
  values.map((kind) => ({ equal: { kind } }));

const isShift = ({ kind }: Insn): boolean => kind >= Operand.lsl && kind <= Operand.ror;
const REGISTER: Form = { equal: { kind: Operand.register } };
const SHIFTED: Form = { fields: { kind: Operand.register, m: Field.shifted }, when: isShift };
const SHIFTED_CARRY: Form = { fields: { kind: Operand.register, m: Field.shiftedCarry }, when: isShift };
const IMMEDIATE: Form = { fields: { kind: Operand.imm }, when: ({ kind }) => kind <= Operand.immCarry1 };
const WITH_OPERAND: readonly Form[] = [IMMEDIATE, REGISTER, SHIFTED];
/** C is set from the shifter. */
const WITH_CARRY: readonly Form[] = [
  ...kinds(Operand.imm, Operand.immCarry0, Operand.immCarry1),
  REGISTER,
  SHIFTED_CARRY,
];
/** Shifts that compilers use most. */
const SHIFTS = [Operand.lsl, Operand.lsr, Operand.asr, Operand.ror].map(
  (kind): Form => ({ equal: { kind }, when: ({ a }) => a < 32 }),
);
/** Indices of `DATA_PROCESSING`. */
const LOGIC: readonly number[] = [0, 1, 2, 3, 4];
const PACK = 6;
const ARITHMETIC: readonly number[] = [8, 10, 11, 13, 14];
const PLAIN: readonly Form[] = [{}];
const EXTENDS = [0, 1, 2, 3, 4, 5].flatMap((kind): Form[] => [
  { equal: { kind, n: 15 } },
  { equal: { kind } },
]);

function processing(): Forms[] {
  return [...LOGIC, ...ARITHMETIC].flatMap((index) =>
    (data.DATA_PROCESSING[index] ?? []).flatMap((execute, form): Forms[] => {
      const carries = form > 0 && LOGIC.includes(index);
      return execute === undefined ? [] : [[execute, carries ? WITH_CARRY : WITH_OPERAND]];
    }),
  );
}

/** Which halves are put together. */
const PACKS = [0, 0x20].flatMap((value) =>
  [REGISTER, SHIFTED].map((form): Form => ({ ...form, opcode: [0x20, value] })),
);

const { offset, register, pre, post, literal } = memory.Address;

/** An instruction that has a faster form for the mode never appears in it. */
function single(execute: Execute, ...modes: readonly number[]): Forms {
  const slower = modes.filter(
    (mode) =>
      !(mode === offset && memory.FAST_OFFSET.has(execute)) &&
      !(mode === register && memory.FAST_REGISTER.has(execute)),
  );
  return [execute, kinds(...slower)];
}

const dual = (mode: number): Form => ({ equal: { kind: mode }, fields: { a: Field.a } });
const plain = (...executes: readonly Execute[]): Forms[] => executes.map((execute) => [execute, PLAIN]);
const withRa = (...executes: readonly Execute[]): Forms[] =>
  executes.map((execute) => [execute, [{ fields: { a: Field.a } }]]);

export const FORMS: readonly Forms[] = [
  ...plain(
    nop,
    data.addImm,
    data.addsImm,
    data.addReg,
    data.addsReg,
    data.subImm,
    data.subsImm,
    data.subsReg,
  ),
  ...plain(data.cmpImm, data.cmpReg, data.movImm, data.movsImm, data.movReg, data.movt),
  ...plain(data.sxth, data.sxtb, data.uxth, data.uxtb),
  ...processing(),
  [data.DATA_PROCESSING[PACK]?.[0] as Execute, PACKS],
  [data.mov, [...SHIFTS, ...WITH_OPERAND]],
  [data.movs, [...SHIFTS, ...WITH_CARRY]],
  [data.mvn, WITH_OPERAND],
  [data.mvns, WITH_CARRY],
  [data.shiftReg, kinds(0, 1, 2, 3)],
  [data.shiftsReg, kinds(0, 1, 2, 3)],
  [data.extend, EXTENDS],
  ...plain(bits.ubfx, bits.sbfx, bits.clz, bits.rev, bits.rev16, bits.revsh, bits.rbit),
  [bits.bfi, [{ equal: { n: 15 } }, {}]],
  ...plain(multiply.mul, multiply.muls, multiply.sdiv, multiply.udiv),
  ...withRa(multiply.mla, multiply.mls, multiply.umull, multiply.smull, multiply.umlal, multiply.smlal),
  ...plain(memory.ldrImm, memory.ldrhImm, memory.ldrbImm, memory.strImm, memory.strhImm, memory.strbImm),
  ...plain(memory.ldrReg, memory.ldrbReg, memory.strReg, memory.strbReg, memory.ldrLiteral),
  ...Object.values(memory.LOAD).map((execute) => single(execute, offset, register, pre, post, literal)),
  ...Object.values(memory.STORE).map((execute) => single(execute, offset, register, pre, post)),
  [memory.ldrd, [offset, pre, post, literal].map(dual)],
  [memory.strd, [offset, pre, post].map(dual)],
];

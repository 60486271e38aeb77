/** The operations of the interpreter's loop: which instructions they execute, and who writes them. */

import { withSp } from "../decode-helpers.js";
import { type Execute, Insn } from "../insn.js";
import * as branch from "../ops-branch.js";
import * as data from "../ops-data.js";
import * as memory from "../ops-memory.js";
import type { Emitter } from "../translate/emit-common.js";
import { EMITTERS, emitterOf, exchange, indirect } from "../translate/instructions.js";
import { Local } from "../translate/state.js";
import { Op } from "../translate/wasm.js";
import { type Fields, FORMS, type Form, kinds } from "./forms.js";
import { COUNTED, Field } from "./layout.js";
import { loadMultiple, storeMultiple } from "./lists.js";
import type { RecordEmit } from "./record-emit.js";

/** What becomes of control behind an operation: what it leaves on the stack is a condition where there are two ways. */
export type Control = "next" | "branch" | "conditional" | "dynamic" | "guard";
/** What field `imm` of its records is. */
export type Immediate = "imm" | "shift" | "pc" | "link";

export interface Operation {
  readonly execute: Execute;
  /** Does the operation execute this instruction, which does `execute`? */
  readonly matches: (insn: Insn) => boolean;
  readonly control: Control;
  readonly write: (e: RecordEmit) => void;
  /** Field `a` is a register. */
  readonly aIsRegister: boolean;
  readonly immediate: Immediate;
}

/** Stands for the instructions that an operation executes. Numbers that the record holds are not 0. */
function template(execute: Execute, fields: Fields): Insn {
  const insn = new Insn(0, 0, execute);
  return Object.assign(insn, { d: Field.d, n: Field.n, m: Field.m, a: 1, imm: 1 }, fields);
}

function operation(
  execute: Execute,
  control: Control,
  form: Form,
  write: (e: RecordEmit, insn: Insn) => void,
  immediate: Immediate = "imm",
): Operation {
  const { equal = {}, fields = {}, when = () => true } = form;
  const insn = template(execute, { ...fields, ...equal });
  const wanted = Object.entries(equal);
  return {
    execute,
    control,
    matches: (one) => wanted.every(([name, value]) => one[name as keyof Fields] === value) && when(one),
    write: (e) => write(e, insn),
    aIsRegister: insn.a === Field.a,
    immediate: insn.m >= Field.shifted ? "shift" : immediate,
  };
}

function simple(): Operation[] {
  return FORMS.flatMap(([execute, forms]) =>
    forms.map((form) => operation(execute, "next", form, EMITTERS.get(execute) as Emitter)),
  );
}

/** MOV SP, Rm and ADD SP, Rm. */
function toStackPointer(): Operation[] {
  return [data.movReg, data.addReg].map((inner) =>
    operation(withSp, "next", { equal: { inner } }, (e, insn) => emitterOf(insn, withSp)?.(e, insn)),
  );
}

const LIST_PC = 0x8000;
const loadsPc = ({ imm }: Insn): boolean => (imm & LIST_PC) !== 0;

function lists(): Operation[] {
  return [false, true].flatMap((down) => {
    const equal = { kind: down ? 1 : 0 };
    return [
      operation(memory.stm, "next", { equal }, (e) => storeMultiple(e, down)),
      operation(memory.ldm, "dynamic", { equal, when: loadsPc }, (e) => loadMultiple(e, down, true)),
      operation(memory.ldm, "next", { equal }, (e) => loadMultiple(e, down)),
    ];
  });
}

function dynamic(execute: Execute, form: Form, immediate?: Immediate): Operation {
  return operation(execute, "dynamic", form, (e, insn) => indirect(insn, execute)?.(e), immediate);
}

function link(e: RecordEmit): void {
  e.link();
  e.set(14);
}

/** A target that is no leader of a block yet is left to JavaScript, which makes it one. */
function branchLink(e: RecordEmit, insn: Insn): void {
  const { body } = e;
  exchange(e, () => e.get(insn.m));
  e.lookUp();
  body.if();
  e.slowIf(() => {
    // Neither undecoded, nor counted, nor with a heat.
    body.get(Local.t0);
    body.memory(Op.load);
    body.const(1);
    body.op(Op.sub);
    body.const(COUNTED - 1);
    body.op(Op.ltU);
  });
  body.end();
  link(e);
}

function compareZero(execute: Execute, zero: boolean): Operation {
  return operation(execute, "conditional", {}, (e, insn) => {
    e.get(insn.n);
    if (zero) e.body.op(Op.eqz);
  });
}

function branches(): Operation[] {
  const { offset, register, pre, post, literal } = memory.Address;
  return [
    operation(branch.b, "branch", {}, () => {}),
    operation(branch.bl, "branch", {}, link, "link"),
    ...branch.B_COND.map((execute, condition) =>
      operation(execute, "conditional", {}, (e) => e.condition(condition)),
    ),
    compareZero(branch.cbz, true),
    compareZero(branch.cbnz, false),
    dynamic(branch.bx, {}),
    operation(branch.blx, "dynamic", {}, branchLink, "link"),
    ...kinds(offset, register, pre, post, literal).map((form) => dynamic(memory.ldrPc, form)),
    ...[branch.tbb, branch.tbh].flatMap((execute) => [
      dynamic(execute, { equal: { n: 15 } }, "pc"),
      dynamic(execute, {}, "pc"),
    ]),
  ];
}

/** The conditions 0..13 of instructions in IT blocks. */
function guards(): Operation[] {
  return branch.B_COND.map((execute, condition) =>
    operation(execute, "guard", {}, (e) => e.condition(condition)),
  );
}

/** By number; 0 is none, a guard's number is one more than its condition. */
export const OPERATIONS: readonly (Operation | undefined)[] = [
  undefined,
  ...guards(),
  ...branches(),
  ...lists(),
  ...toStackPointer(),
  ...simple(),
];

const BY_EXECUTE = new Map<Execute, number[]>();
for (const [number, one] of OPERATIONS.entries()) {
  if (one === undefined || one.control === "guard") continue;
  const numbers = BY_EXECUTE.get(one.execute) ?? [];
  BY_EXECUTE.set(one.execute, numbers);
  numbers.push(number);
}

/** Number of the operation that executes the instruction, which does this; 0: none. */
export function operationOf(insn: Insn, execute: Execute): number {
  return BY_EXECUTE.get(execute)?.find((number) => OPERATIONS[number]?.matches(insn)) ?? 0;
}

/** The operations of the interpreter's loop: which instructions they execute, and who writes them. */

import { withSp } from "../decode/decode-helpers.js";
import { type Execute, Insn } from "../decode/insn.js";
import * as branch from "../execute/ops-branch.js";
import * as data from "../execute/ops-data.js";
import { type FloatOperation, operationOf as floatOperationOf, vmovImm, vsel } from "../execute/ops-float.js";
import { vldm, vmrs, vstm } from "../execute/ops-float-transfer.js";
import * as memory from "../execute/ops-memory.js";
import { nop } from "../execute/ops-system.js";
import type { Emitter } from "../translate/emit-common.js";
import type { FloatForm } from "../translate/emit-float.js";
import { LOAD_EMITTERS, STORE_EMITTERS } from "../translate/emit-memory.js";
import { formOfOperation } from "../translate/float-forms.js";
import { EMITTERS, emitterOf, exchange, indirect } from "../translate/instructions.js";
import { FloatLevel, Local } from "../translate/state.js";
import { Op } from "../translate/wasm.js";
import { moveImmediate, transferFloats } from "./float-lists.js";
import { type Fields, FORMS, type Form, kinds } from "./forms.js";
import { COUNTED, Field } from "./layout.js";
import { loadMultiple, storeMultiple } from "./lists.js";
import { DSP, FLOAT } from "./rare-forms.js";
import type { RecordEmit, State } from "./record-emit.js";

/** What becomes of control behind an operation: what it leaves on the stack is a condition where there are two ways. */
export type Control = "next" | "branch" | "conditional" | "dynamic" | "guard" | "rare";
/** What field `imm` of its records is. */
export type Immediate = "imm" | "shift" | "pc" | "link";

/** What tells an instruction's operation: what it does, or does once floating point is found to be accessible. */
type Key = Execute | FloatOperation;

export interface Operation {
  readonly key: Key;
  /** Does the operation execute this instruction, which does `key`? */
  readonly matches: (insn: Insn) => boolean;
  readonly control: Control;
  readonly write: (e: RecordEmit) => void;
  /** What alone keeps it from executing: a load or store of a device, unaligned, or one that faults; a word that is loaded, and no more. */
  readonly accesses: "word" | "load" | "store" | "none";
  /** Field `a` is a register. */
  readonly aIsRegister: boolean;
  readonly immediate: Immediate;
  /** Fields (`Field`) that are registers of double precision. */
  readonly doubles: readonly number[];
}

const LOADS: ReadonlySet<Key> = new Set(LOAD_EMITTERS.map(([execute]) => execute));
const WORD_LOADS: ReadonlySet<Key> = new Set([
  memory.LOAD.word,
  memory.ldrImm,
  memory.ldrReg,
  memory.ldrLiteral,
]);
const STORES: ReadonlySet<Key> = new Set(STORE_EMITTERS.map(([execute]) => execute));

function accessOf(key: Key, kind: number | undefined): Operation["accesses"] {
  if (STORES.has(key)) return "store";
  const writesBase = kind === memory.Address.pre || kind === memory.Address.post;
  if (WORD_LOADS.has(key) && !writesBase) return "word";
  return LOADS.has(key) ? "load" : "none";
}

/** Stands for the instructions that an operation executes. Numbers that the record holds are not 0. */
function template({ equal, fields, opcode = [0, 0] }: Form): Insn {
  const insn = new Insn(0, 0, nop);
  const registers = { d: Field.d, n: Field.n, m: Field.m, a: 1, imm: 1, opcode: opcode[1] };
  return Object.assign(insn, registers, fields, equal);
}

function operation(
  key: Key,
  control: Control,
  form: Form,
  write: (e: RecordEmit, insn: Insn) => void,
  immediate: Immediate = "imm",
): Operation {
  const { equal = {}, when = () => true, opcode: [mask, value] = [0, 0] } = form;
  const insn = template(form);
  const { kind, ...others } = equal;
  const wanted = Object.entries(others);
  return {
    key,
    control,
    matches: (one) =>
      (kind === undefined || one.kind === kind) &&
      (one.opcode & mask) === value &&
      wanted.every(([name, number]) => one[name as keyof Fields] === number) &&
      when(one),
    write: (e) => write(e, insn),
    accesses: control === "next" ? accessOf(key, kind) : "none",
    aIsRegister: insn.a === Field.a,
    immediate: insn.m >= Field.shifted ? "shift" : immediate,
    doubles: [],
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

/** Loads the state that an emitter has as locals, and stores what may have changed. */
function withState(state: readonly State[], write: (e: RecordEmit, insn: Insn) => void) {
  return (e: RecordEmit, insn: Insn): void => {
    e.load(...state);
    write(e, insn);
    e.store(...state.filter((name) => name === "q" || name === "ge" || name === "order"));
  };
}

function dsp(): Operation[] {
  return DSP.flatMap(({ key, forms, state }) =>
    forms.map((form) => operation(key, "rare", form, withState(state, EMITTERS.get(key) as Emitter))),
  );
}

function float(): Operation[] {
  return FLOAT.flatMap(({ key, forms, state }) =>
    forms.map((form) => {
      const { level, emit, doubles } = formOfOperation(key, template(form)) as FloatForm;
      const write = withState(state, (e, insn) => {
        e.needFloat(level);
        emit(e, insn, insn.kind === 1 ? 1 : 0);
      });
      return { ...operation(key, "rare", form, write), doubles: doubles(template(form)) };
    }),
  );
}

/** Those that translated code is written for one by one. */
function floatByRecord(): Operation[] {
  return [0, 1].flatMap((kind) => {
    const form = { equal: { kind } };
    const transfer = (key: FloatOperation, write: boolean): Operation =>
      operation(
        key,
        "rare",
        form,
        withState(["float", write ? "writes" : "reads"], (e) => transferFloats(e, kind === 1, write)),
      );
    const immediate = operation(vmovImm, "rare", form, withState(["float"], moveImmediate));
    return [
      transfer(vldm, false),
      transfer(vstm, true),
      { ...immediate, doubles: kind === 1 ? [Field.d] : [] },
    ];
  });
}

/** Those that need the flags. */
function floatInLoop(): Operation[] {
  const flags = operation(vmrs, "next", { equal: { n: 15 } }, (e) => {
    e.load("float", "order");
    e.needFloat(FloatLevel.ready);
    e.orderFlags();
  });
  const selections = [0, 1].flatMap((kind) =>
    [0, 6, 10, 12].map((a) => {
      const form = { equal: { kind, a } };
      const { level, emit, doubles } = formOfOperation(vsel, template(form)) as FloatForm;
      const one = operation(vsel, "next", form, (e, insn) => {
        e.load("float");
        e.needFloat(level);
        emit(e, insn, kind === 1 ? 1 : 0);
      });
      return { ...one, doubles: doubles(template(form)) };
    }),
  );
  return [flags, ...selections];
}

/** By number; 0 is none, a guard's number is one more than its condition. Those beside the loop are last. */
export const OPERATIONS: readonly (Operation | undefined)[] = [
  undefined,
  ...guards(),
  ...branches(),
  ...lists(),
  ...toStackPointer(),
  ...simple(),
  ...floatInLoop(),
  ...dsp(),
  ...float(),
  ...floatByRecord(),
];
/** Number of the first one beside the loop. */
export const FIRST_RARE = OPERATIONS.findIndex((one) => one?.control === "rare");

const BY_KEY = new Map<Key, number[]>();
const NONE: readonly number[] = [];
for (const [number, one] of OPERATIONS.entries()) {
  if (one === undefined || one.control === "guard") continue;
  const numbers = BY_KEY.get(one.key) ?? [];
  BY_KEY.set(one.key, numbers);
  numbers.push(number);
}

/** Number of the operation that executes the instruction, which does this; 0: none. */
export function operationOf(insn: Insn, execute: Execute): number {
  const key = floatOperationOf(execute) ?? execute;
  for (const number of BY_KEY.get(key) ?? NONE) if (OPERATIONS[number]?.matches(insn) === true) return number;
  return 0;
}

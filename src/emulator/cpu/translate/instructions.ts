/** Which instructions are translated, and what they do with control and flags. */

import { conditional } from "../decode/decode.js";
import { withPc, withSp } from "../decode/decode-helpers.js";
import type { Execute, Insn } from "../decode/insn.js";
import * as branch from "../execute/ops-branch.js";
import * as data from "../execute/ops-data.js";
import { ldm, ldrPc } from "../execute/ops-memory.js";
import { muls } from "../execute/ops-multiply.js";
import { nop } from "../execute/ops-system.js";
import type { Emit } from "./emit.js";
import { BIT_EMITTERS } from "./emit-bits.js";
import type { Emitter } from "./emit-common.js";
import { DATA_EMITTERS } from "./emit-data.js";
import { LOAD_EMITTERS, listAddress, loadAddress, loadList, STORE_EMITTERS } from "./emit-memory.js";
import { MULTIPLY_EMITTERS } from "./emit-multiply.js";
import { PARALLEL_EMITTERS } from "./emit-parallel.js";
import { SATURATION_EMITTERS } from "./emit-saturate.js";
import { floatEmitter } from "./float-forms.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

export const EMITTERS: ReadonlyMap<Execute, Emitter> = new Map([
  ...DATA_EMITTERS,
  ...MULTIPLY_EMITTERS,
  ...BIT_EMITTERS,
  ...LOAD_EMITTERS,
  ...STORE_EMITTERS,
  ...SATURATION_EMITTERS,
  ...PARALLEL_EMITTERS,
]);

/** The end of a block. */
export interface Ending {
  /** Where a direct branch goes. */
  readonly target: Insn | undefined;
  /** Execution may go on behind it, or comes back there. */
  readonly continues: boolean;
  readonly call: boolean;
  /** A branch table leads on. */
  readonly table: boolean;
  /** Leaves a value that is not 0 when the branch is taken; undefined when it always is. */
  readonly condition: ((e: Emit) => void) | undefined;
  /** Before a direct branch: the link register. Else sets `Local.pc`, or leaves to the interpreter. */
  readonly prepare: ((e: Emit) => void) | undefined;
}

/** What an instruction does, without the wrapper of a condition. */
interface Form {
  readonly emit: Emitter | undefined;
  readonly ending: Ending | undefined;
}

export interface Translatable extends Form {
  /** 0..13 when the instruction is guarded by an IT block, else undefined. */
  readonly guard: number | undefined;
}

const NOT_LOADED_LIST = 0x8000;

/** Undefined for an instruction that only the interpreter executes. */
export function translatable(insn: Insn, execute: Execute): Translatable | undefined {
  if (execute === conditional) {
    const form = formOf(insn, insn.guarded);
    return form && { ...form, guard: insn.it >>> 4 };
  }
  const form = formOf(insn, execute);
  return form && { ...form, guard: undefined };
}

function formOf(insn: Insn, execute: Execute): Form | undefined {
  const ending = endingOf(insn, execute);
  if (ending !== undefined) return { emit: undefined, ending };
  const emit = emitterOf(insn, execute);
  return emit && { emit, ending: undefined };
}

export function emitterOf(insn: Insn, execute: Execute): Emitter | undefined {
  if (execute === withPc) return pcReader(insn);
  if (execute === withSp) {
    const inner = emitterOf(insn, insn.inner);
    return (
      inner &&
      ((e, i) => {
        inner(e, i);
        alignSp(e);
      })
    );
  }
  return EMITTERS.get(execute) ?? floatEmitter(execute, insn);
}

function alignSp(e: Emit): void {
  e.get(13);
  e.body.const(~3);
  e.body.op(Op.and);
  e.set(13);
}

/** MOV Rd, PC and ADD Rd, PC. */
function pcReader(insn: Insn): Emitter | undefined {
  const adds = insn.inner === data.addReg;
  if (insn.m !== 15 || insn.d === 15 || (!adds && insn.inner !== data.movReg)) return undefined;
  return (e, i) => {
    e.pc(i);
    if (adds) {
      e.get(i.n);
      e.body.op(Op.add);
    }
    e.set(i.d);
  };
}

const linked = (i: Insn) => (e: Emit) => {
  e.link(i);
  e.set(14);
};

function endingOf(i: Insn, execute: Execute): Ending | undefined {
  const direct = { target: i.target, call: false, table: false, prepare: undefined };
  if (execute === branch.b) return { ...direct, continues: false, condition: undefined };
  if (execute === branch.bl)
    return { ...direct, continues: true, call: true, condition: undefined, prepare: linked(i) };
  if (execute === branch.cbz || execute === branch.cbnz)
    return { ...direct, continues: true, condition: (e) => compareZero(e, i, execute === branch.cbz) };
  const condition = branch.B_COND.indexOf(execute);
  if (condition >= 0) return { ...direct, continues: true, condition: (e) => e.condition(condition) };
  const prepare = indirect(i, execute);
  if (prepare === undefined) return undefined;
  const call = execute === branch.blx;
  const table = execute === branch.tbb || execute === branch.tbh;
  return { target: undefined, call, table, continues: call, condition: undefined, prepare };
}

function compareZero(e: Emit, i: Insn, zero: boolean): void {
  e.get(i.n);
  if (zero) e.body.op(Op.eqz);
}

/** Sets `Local.pc`, or leaves to the interpreter. */
export function indirect(i: Insn, execute: Execute): ((e: Emit) => void) | undefined {
  if (execute === branch.bx) return (e) => exchange(e, () => e.get(i.m));
  if (execute === branch.blx) return (e) => branchLink(e, i);
  if (execute === ldm && (i.imm & NOT_LOADED_LIST) !== 0) return (e) => popPc(e, i);
  if (execute === ldrPc)
    return (e) => {
      const writeBack = loadAddress(e, i);
      exchange(e, () => {
        e.place();
        e.access(Op.load);
      });
      writeBack();
    };
  if (execute === branch.tbb || execute === branch.tbh)
    return (e) => tableBranch(e, i, execute === branch.tbh);
  return undefined;
}

/** A target in `t0` that is no EXC_RETURN value and keeps the Thumb state goes to `Local.pc`. */
export function exchange(e: Emit, target: () => void): void {
  const { body } = e;
  target();
  body.set(Local.t0);
  e.slowIf(() => {
    // Bit 0 goes to the top, inverted; below it are bits 31:28, all ones in EXC_RETURN.
    body.get(Local.t0);
    body.const(1);
    body.op(Op.rotr);
    body.const(1 << 31);
    body.op(Op.xor);
    body.const(0x78000000);
    body.op(Op.geU);
  });
  body.get(Local.t0);
  body.const(~1);
  body.op(Op.and);
  body.set(Local.pc);
}

function branchLink(e: Emit, i: Insn): void {
  exchange(e, () => e.get(i.m));
  linked(i)(e);
}

function popPc(e: Emit, i: Insn): void {
  listAddress(e, i);
  e.checkWords(i.m, false);
  exchange(e, () => {
    e.place();
    e.access(Op.load, (i.m - 1) * 4);
  });
  loadList(e, i);
}

function tableBranch(e: Emit, i: Insn, halfwords: boolean): void {
  const { body } = e;
  if (i.n === 15) e.pc(i);
  else e.get(i.n);
  e.get(i.m);
  if (halfwords) {
    body.const(1);
    body.op(Op.shl);
  }
  body.op(Op.add);
  body.set(Local.address);
  e.check(halfwords ? 2 : 1, false);
  e.place();
  e.access(halfwords ? Op.load16U : Op.load8U);
  body.const(1);
  body.op(Op.shl);
  e.pc(i);
  body.op(Op.add);
  body.const(~1);
  body.op(Op.and);
  body.set(Local.pc);
}

/** Instructions that set all flags, or all that nobody can look at in between. */
const SETTERS: ReadonlySet<Execute> = new Set(
  [
    data.addsImm,
    data.addsReg,
    data.subsImm,
    data.subsReg,
    data.cmpImm,
    data.cmpReg,
    ...[8, 13, 14].flatMap((index) => (data.DATA_PROCESSING[index] ?? []).slice(1)),
  ].filter((execute) => execute !== undefined),
);

/** Instructions that neither read flags nor leave to the interpreter; they may set flags. */
const HARMLESS: ReadonlySet<Execute> = new Set([
  nop,
  muls,
  data.addImm,
  data.addReg,
  data.subImm,
  data.movImm,
  data.movsImm,
  data.movReg,
  data.movt,
  data.sxth,
  data.sxtb,
  data.uxth,
  data.uxtb,
  data.extend,
]);

/** From the end of a block to its beginning: which instructions set flags that nobody sees? */
export function deadFlags(insns: readonly Insn[], executes: readonly Execute[]): boolean[] {
  const dead: boolean[] = [];
  let overwritten = false;
  for (let n = insns.length - 1; n >= 0; n--) {
    const execute = executes[n] as Execute;
    dead[n] = overwritten;
    if (SETTERS.has(execute) && readsNoFlags(insns[n] as Insn)) overwritten = true;
    else if (!HARMLESS.has(execute)) overwritten = false;
  }
  return dead;
}

/** RRX shifts the carry in. */
const readsNoFlags = (insn: Insn): boolean => insn.kind !== 8;

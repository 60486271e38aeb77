/** Which floating-point instructions are translated. */

import type { Execute, Insn } from "../decode/insn.js";
import { type FloatOperation, operationOf } from "../execute/ops-float.js";
import { vcvtFromInteger } from "../execute/ops-float-convert.js";
import { vmrs } from "../execute/ops-float-transfer.js";
import type { Emitter } from "./emit-common.js";
import { ARITHMETIC, type FloatForm } from "./emit-float.js";
import { CONVERSIONS, exactFromInteger } from "./emit-float-convert.js";
import { TRANSFER, vmrsFlags } from "./emit-float-transfer.js";

export const FLOAT_FORMS: ReadonlyMap<FloatOperation, FloatForm> = new Map([
  ...ARITHMETIC,
  ...CONVERSIONS,
  ...TRANSFER,
]);

/** Undefined for what only the interpreter executes, and for all that is no floating-point instruction. */
export function floatEmitter(execute: Execute, insn: Insn): Emitter | undefined {
  const form = formOf(execute, insn);
  if (form === undefined) return undefined;
  return (e, i) => {
    e.needFloat(form.level);
    form.emit(e, i, i.kind === 1 ? 1 : 0);
  };
}

/** D registers with which an instruction computes in double precision. */
export const doublesOf = (execute: Execute, insn: Insn): readonly number[] =>
  formOf(execute, insn)?.doubles(insn) ?? [];

function formOf(execute: Execute, insn: Insn): FloatForm | undefined {
  const operation = operationOf(execute);
  return operation && formOfOperation(operation, insn);
}

export function formOfOperation(operation: FloatOperation, insn: Insn): FloatForm | undefined {
  if (operation === vmrs) return insn.n === 15 ? vmrsFlags : undefined;
  if (operation === vcvtFromInteger && insn.kind === 1) return exactFromInteger;
  return FLOAT_FORMS.get(operation);
}

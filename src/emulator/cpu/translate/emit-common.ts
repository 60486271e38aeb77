/** What emitters share. */

import type { Insn } from "../decode/insn.js";
import type { Emit } from "./emit.js";

/** Translates one instruction. */
export type Emitter = (e: Emit, i: Insn) => void;

/** Leaves a value on the stack. */
export type Leave = (e: Emit, i: Insn) => void;
export const rn: Leave = (e, i) => e.get(i.n);
export const rm: Leave = (e, i) => e.get(i.m);
export const imm: Leave = (e, i) => e.constant(i, "imm");

/** Rd = left op right. */
export function binary(left: Leave, right: Leave, operation: number): Emitter {
  return (e, i) => {
    left(e, i);
    right(e, i);
    e.body.op(operation);
    e.set(i.d);
  };
}
export function plain(value: Leave): Emitter {
  return (e, i) => {
    value(e, i);
    e.set(i.d);
  };
}

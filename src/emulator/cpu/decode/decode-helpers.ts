/** What both decoders need. */

import type { Execute, Insn } from "./insn.js";

/** Value of `Insn.kind` that makes `imm` the address of a direct branch. */
export const DIRECT_BRANCH = 99;

/** Gives r15 the value that the instruction reads. */
export function readsPc(i: Insn, execute: Execute): Execute {
  i.inner = execute;
  return withPc;
}
export const withPc: Execute = (cpu, i) => {
  cpu.r[15] = (i.pc + 4) | 0;
  return i.inner(cpu, i);
};

/** SP bits 1:0 are always 0 (B1.4.1). */
export function writesSp(i: Insn, execute: Execute): Execute {
  i.inner = execute;
  return withSp;
}
export const withSp: Execute = (cpu, i) => {
  const next = i.inner(cpu, i);
  cpu.r[13] = cpu.get(13) & ~3;
  return next;
};

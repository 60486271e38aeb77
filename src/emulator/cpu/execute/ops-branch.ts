/** Branches, table branches, compare-and-branch (DDI 0403E, A7.7). */

import type { CortexM7 } from "../core.js";
import type { Execute, Insn } from "../decode/insn.js";
import { exceptionReturn } from "../exceptions/exceptions.js";
import { CFSR, usageFault } from "../exceptions/faults.js";

/** BXWritePC, LoadWritePC: in Handler mode an EXC_RETURN value ends the exception. */
export function branchExchange(cpu: CortexM7, target: number): Insn {
  if (target >>> 28 === 0xf && cpu.ipsr !== 0) return exceptionReturn(cpu, target);
  return cpu.interwork(target);
}

export const b: Execute = (cpu, i) => {
  cpu.timeline.cycles++;
  return i.target;
};

function taken(cpu: CortexM7, i: Insn): Insn {
  cpu.timeline.cycles++;
  return i.target;
}

/** Conditional branches by condition 0..13. */
export const B_COND: readonly Execute[] = [
  (cpu, i) => (cpu.zr === 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.zr !== 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.c !== 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.c === 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.nr < 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.nr >= 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.v !== 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.v === 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.c !== 0 && cpu.zr !== 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.c === 0 || cpu.zr === 0 ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.nr < 0 === (cpu.v !== 0) ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.nr < 0 !== (cpu.v !== 0) ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.zr !== 0 && cpu.nr < 0 === (cpu.v !== 0) ? taken(cpu, i) : i.next),
  (cpu, i) => (cpu.zr === 0 || cpu.nr < 0 !== (cpu.v !== 0) ? taken(cpu, i) : i.next),
];

export const bl: Execute = (cpu, i) => {
  cpu.r[14] = i.next.pc | 1;
  cpu.timeline.cycles++;
  return i.target;
};
export const bx: Execute = (cpu, i) => branchExchange(cpu, cpu.get(i.m));
export const blx: Execute = (cpu, i) => {
  const target = cpu.get(i.m);
  cpu.r[14] = i.next.pc | 1;
  const called = cpu.interwork(target);
  if (called.leader === undefined && (target & 1) !== 0) cpu.translator?.lead(called, true);
  return called;
};
export const cbz: Execute = (cpu, i) => (cpu.get(i.n) === 0 ? taken(cpu, i) : i.next);
export const cbnz: Execute = (cpu, i) => (cpu.get(i.n) !== 0 ? taken(cpu, i) : i.next);

export const tbb: Execute = (cpu, i) => {
  const base = i.n === 15 ? (i.pc + 4) | 0 : cpu.get(i.n);
  const halves = cpu.mem.load8((base + cpu.get(i.m)) | 0);
  return cpu.branchTo((i.pc + 4 + halves * 2) | 0);
};
export const tbh: Execute = (cpu, i) => {
  const base = i.n === 15 ? (i.pc + 4) | 0 : cpu.get(i.n);
  const halves = cpu.mem.load16((base + cpu.get(i.m) * 2) | 0);
  return cpu.branchTo((i.pc + 4 + halves * 2) | 0);
};

export const undefinedInstruction: Execute = () => {
  throw usageFault(CFSR.UNDEFINSTR);
};

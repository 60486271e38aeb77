/** Hints, special registers, exceptions by instruction (DDI 0403E, B5). */

import type { CortexM7 } from "../core.js";
import type { Execute, Insn } from "../decode/insn.js";
import { synchronous, takePending } from "../exceptions/exceptions.js";
import { Exception, UnmodelledInstructionError } from "../exceptions/faults.js";

export const nop: Execute = (_, i) => i.next;

export const unmodelled: Execute = (_, i) => {
  throw new UnmodelledInstructionError("cannot execute", i.pc, i.opcode, i.size);
};

/** What executes after mode or permissions changed, which FAULTMASK changes, too (MPU_CTRL.HFNMIENA). */
function settle(cpu: CortexM7, next: Insn): Insn {
  cpu.refreshView();
  return takePending(cpu, cpu.relocate(next));
}

export const svc: Execute = (cpu, i) => synchronous(cpu, Exception.svCall, i.next, i);

export const bkpt: Execute = (cpu, i) => {
  const taken = cpu.options.onBreakpoint?.(i.imm) ?? false;
  if (taken === "continue") return i.next;
  if (taken) {
    cpu.halt();
    return i;
  }
  const fault = cpu.debug.breakpoint();
  if (fault !== undefined) throw fault;
  return i;
};

export const wfi: Execute = (cpu, i) => {
  if (!cpu.exceptions.wakes) cpu.sleep(false);
  return i.next;
};
export const wfe: Execute = (cpu, i) => {
  if (cpu.event) cpu.event = false;
  else cpu.sleep(true);
  return i.next;
};
export const sev: Execute = (cpu, i) => {
  cpu.event = true;
  return i.next;
};

/** CPSIE (`kind` 0) and CPSID (1) of PRIMASK (`imm` bit 1) and FAULTMASK (bit 0). No effect without privilege. */
export const cps: Execute = (cpu, i) => {
  if (!cpu.privileged) return i.next;
  const { exceptions } = cpu;
  if ((i.imm & 2) !== 0) exceptions.primask = i.kind;
  if ((i.imm & 1) === 0) return takePending(cpu, i.next);
  setFaultmask(cpu, i.kind);
  return settle(cpu, i.next);
};

function setFaultmask(cpu: CortexM7, value: number): void {
  if (value === 0 || cpu.exceptions.executionPriority > -1) cpu.exceptions.faultmask = value;
}

const SYSM = {
  MSP: 8,
  PSP: 9,
  PRIMASK: 16,
  BASEPRI: 17,
  BASEPRI_MAX: 18,
  FAULTMASK: 19,
  CONTROL: 20,
} as const;

/** Does the special register exist? */
export function isSpecialRegister(sysm: number): boolean {
  return (sysm <= 9 && sysm !== 4) || (sysm >= 16 && sysm <= 20);
}

/** Special register by SYSm. EPSR bits read as 0; what needs privilege reads as 0 without. */
export function readSpecial(cpu: CortexM7, sysm: number): number {
  if (sysm < 8) {
    const ipsr = (sysm & 1) !== 0 ? cpu.ipsr : 0;
    return (sysm & 4) === 0 ? cpu.apsr | ipsr : ipsr;
  }
  if (sysm === SYSM.CONTROL) return cpu.control;
  if (!cpu.privileged) return 0;
  const { exceptions } = cpu;
  switch (sysm) {
    case SYSM.MSP:
      return cpu.msp;
    case SYSM.PSP:
      return cpu.psp;
    case SYSM.PRIMASK:
      return exceptions.primask;
    case SYSM.FAULTMASK:
      return exceptions.faultmask;
    default:
      return exceptions.basepri;
  }
}

/** @param mask for APSR: bit 1 writes NZCVQ, bit 0 GE. */
export function writeSpecial(cpu: CortexM7, sysm: number, value: number, mask: number): void {
  if (sysm < 8) {
    if ((sysm & 4) !== 0) return;
    if ((mask & 2) !== 0) cpu.setFlags(value);
    if ((mask & 1) !== 0) cpu.ge = (value >>> 16) & 15;
    return;
  }
  if (!cpu.privileged) return;
  const { exceptions } = cpu;
  const basepri = value & 0xf0;
  if (sysm === SYSM.MSP) cpu.msp = value;
  else if (sysm === SYSM.PSP) cpu.psp = value;
  else if (sysm === SYSM.PRIMASK) exceptions.primask = value & 1;
  else if (sysm === SYSM.BASEPRI) exceptions.basepri = basepri;
  else if (sysm === SYSM.BASEPRI_MAX) {
    if (basepri !== 0 && (exceptions.basepri === 0 || basepri < exceptions.basepri))
      exceptions.basepri = basepri;
  } else if (sysm === SYSM.FAULTMASK) setFaultmask(cpu, value & 1);
  else {
    // SPSEL can be written in Thread mode only (B1.4.4).
    const writable = cpu.ipsr === 0 ? 7 : 5;
    cpu.setMode(cpu.ipsr, (cpu.control & ~writable) | (value & writable));
  }
}

export const mrs: Execute = (cpu, i) => {
  cpu.r[i.d] = readSpecial(cpu, i.imm);
  return i.next;
};
export const msr: Execute = (cpu, i) => {
  writeSpecial(cpu, i.imm, cpu.get(i.n), i.a);
  return i.imm >= SYSM.FAULTMASK ? settle(cpu, i.next) : takePending(cpu, i.next);
};

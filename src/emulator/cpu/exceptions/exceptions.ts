/** Exception entry, return, tail-chaining, fault escalation and lockup (DDI 0403E, B1.5.6 to B1.5.15). */

import { BusStall } from "../../bus.js";
import type { CortexM7 } from "../core.js";
import type { Insn } from "../decode/insn.js";
import { reportFault } from "./fault-report.js";
import { CFSR, CoreFault, Exception, HFSR, hex, usageFault, VECTOR_UNREADABLE } from "./faults.js";

const FRAME_BYTES = 32;
const FP_FRAME_BYTES = 104;
const XPSR_ALIGN = 1 << 9;
/** What a return takes from a stacked xPSR: APSR, EPSR, IPSR. */
const XPSR_FIELDS = 0xff0ffdff;
const ENTRY_CYCLES = 12;
const CCR_NONBASETHRDENA = 1 << 0;
const SCR_SLEEPONEXIT = 1 << 1;
const CONTROL_SPSEL = 2;
const CONTROL_FPCA = 4;
const HARD_FAULT_PRIORITY = -1;

/** Takes the exception that preempts, if there is one. Returns what executes next. */
export function takePending(cpu: CortexM7, next: Insn): Insn {
  const number = cpu.exceptions.preempting;
  if (number === 0) return next;
  cpu.at = next;
  try {
    return enter(cpu, number, next);
  } catch (wait) {
    if (!(wait instanceof BusStall)) throw wait;
    cpu.stall(wait);
    return next;
  }
}

/**
 * Enters `number`; `insn` is where its handler returns to.
 * @throws BusStall before anything happened, when the vector is in a memory that is busy.
 */
export function enter(cpu: CortexM7, number: number, insn: Insn): Insn {
  const began = uncountedCycles(cpu);
  awaitVector(cpu, number);
  cpu.timeline.cycles += ENTRY_CYCLES;
  return counted(cpu, began, stackAndEnter(cpu, number, insn.pc, cpu.xpsrBefore(insn)));
}

/** Cycles that are no entry or return so far: an entry within a return counts once. */
function uncountedCycles({ timeline, scs }: CortexM7): number {
  return timeline.cycles - scs.dwt.counters.exceptionCycles;
}

/** Tells the DWT how long the entry or return took that is over. @returns `next` */
function counted(cpu: CortexM7, began: number, next: Insn): Insn {
  cpu.scs.dwt.counters.exception(uncountedCycles(cpu) - began);
  return next;
}

/** @param xpsr of the context that is stacked: its IPSR may contradict the mode (see `mismatch`) */
function stackAndEnter(cpu: CortexM7, number: number, pc: number, xpsr: number): Insn {
  const excReturn = returnValue(cpu);
  let taken = number;
  cpu.mem.stacking = true;
  try {
    pushFrame(cpu, pc, xpsr);
  } catch (fault) {
    const derived = stackFault(fault, CFSR.STKERR, CFSR.MSTKERR);
    if (!(derived instanceof CoreFault)) throw derived;
    taken = stackingFault(cpu, derived, number);
  } finally {
    cpu.mem.stacking = false;
  }
  return vector(cpu, taken, excReturn);
}

/** The core reads the vector while it stacks; a fault of that read counts only once the frame is there. */
function awaitVector(cpu: CortexM7, number: number): void {
  try {
    readVector(cpu, number);
  } catch (fault) {
    if (!(fault instanceof CoreFault)) throw fault;
  }
}

function readVector(cpu: CortexM7, number: number): number {
  cpu.mem.stacking = true;
  try {
    return cpu.mem.loadVector((cpu.scs.scb.vtor + number * 4) | 0);
  } finally {
    cpu.mem.stacking = false;
  }
}

function returnValue(cpu: CortexM7): number {
  const base = cpu.ipsr !== 0 ? 0xfffffff1 : cpu.usesPsp ? 0xfffffffd : 0xfffffff9;
  return (cpu.control & CONTROL_FPCA) !== 0 ? base & ~0x10 : base | 0;
}

function pushFrame(cpu: CortexM7, pc: number, xpsr: number): void {
  const floating = (cpu.control & CONTROL_FPCA) !== 0;
  const sp = cpu.get(13);
  // CCR.STKALIGN is read-only 1 on Cortex-M7: frames are 8-byte aligned.
  const padded = sp & 4;
  const frame = (sp - (floating ? FP_FRAME_BYTES : FRAME_BYTES)) & ~7;
  cpu.r[13] = frame;
  // A fault abandons memory accesses, not what lazy stacking notes for later.
  const lazy = floating && cpu.fpu.lazy;
  if (lazy) cpu.fpu.stack(frame + FRAME_BYTES);
  const mem = cpu.mem;
  for (let i = 0; i < 4; i++) mem.store32(frame + i * 4, cpu.get(i));
  mem.store32(frame + 16, cpu.get(12));
  mem.store32(frame + 20, cpu.get(14));
  mem.store32(frame + 24, pc);
  mem.store32(frame + 28, xpsr | (padded === 0 ? 0 : XPSR_ALIGN));
  if (floating && !lazy) cpu.fpu.stack(frame + FRAME_BYTES);
}

/** Reads the vector and starts the handler. A vector that cannot be read is a HardFault, before which `number` waits. */
function vector(cpu: CortexM7, number: number, excReturn: number): Insn {
  const { exceptions, scs } = cpu;
  const { retries } = cpu.timeline;
  cpu.timeline.retries = false;
  let handler: number;
  try {
    handler = readVector(cpu, number);
  } catch (fault) {
    if (!(fault instanceof CoreFault)) throw fault;
    scs.scb.hardFaultStatus(HFSR.VECTTBL);
    cpu.faultStatus |= VECTOR_UNREADABLE;
    if (exceptions.priority(number) <= HARD_FAULT_PRIORITY) return lockup(cpu, cpu.at);
    exceptions.setPending(number, true);
    return vector(cpu, Exception.hardFault, excReturn);
  } finally {
    cpu.timeline.retries = retries;
  }
  exceptions.setPending(number, false);
  exceptions.setActive(number, true);
  cpu.r[14] = excReturn;
  cpu.setMode(number, cpu.control & ~(CONTROL_SPSEL | CONTROL_FPCA));
  cpu.mem.exclusive = false;
  cpu.event = true;
  cpu.at = cpu.interwork(handler);
  cpu.debug.vectorCatch(number, cpu.faultStatus);
  cpu.faultStatus = 0;
  return cpu.at;
}

/**
 * A fault while stacking for `number` (DerivedLateArrival()): a HardFault when it could not have been taken where the frame
 * comes from. Of the two the one with the higher priority is entered, the other one stays pending.
 */
function stackingFault(cpu: CortexM7, fault: CoreFault, number: number): number {
  const { exceptions, scs } = cpu;
  scs.scb.faultStatus(fault.status);
  cpu.faultStatus |= fault.status;
  let derived = fault.exception;
  if (!exceptions.isEnabled(derived) || exceptions.groupPriority(derived) >= exceptions.executionPriority) {
    derived = Exception.hardFault;
    scs.scb.hardFaultStatus(HFSR.FORCED);
    reportFault(cpu, derived, cpu.at, "while stacking");
  }
  const difference = exceptions.priority(derived) - exceptions.priority(number);
  const wins = difference < 0 || (difference === 0 && derived < number);
  exceptions.setPending(wins ? number : derived, true);
  return wins ? derived : number;
}

/** A fault of the instruction `insn`. Returns what executes next. */
export function handleFault(cpu: CortexM7, fault: CoreFault, insn: Insn): Insn {
  const number = escalate(cpu, fault, insn);
  return number === undefined ? lockup(cpu, insn) : enter(cpu, number, insn);
}

/** Records a fault and finds the exception that handles it; undefined when nothing can. */
function escalate(cpu: CortexM7, fault: CoreFault, insn: Insn): number | undefined {
  const { exceptions, scs } = cpu;
  const current = exceptions.executionPriority;
  cpu.faultStatus = fault.status;
  if (fault.exception === Exception.hardFault) scs.scb.hardFaultStatus(fault.status);
  else scs.scb.faultStatus(fault.status, fault.address);
  let number = fault.exception;
  const configurable = number > Exception.hardFault;
  if (configurable && (!exceptions.isEnabled(number) || exceptions.groupPriority(number) >= current)) {
    number = Exception.hardFault;
    scs.scb.hardFaultStatus(HFSR.FORCED);
  }
  // A monitor that has asked for its breakpoints is no fault to be told.
  if (number !== Exception.debugMonitor) reportFault(cpu, number, insn, "");
  return number === Exception.hardFault && current < 0 ? undefined : number;
}

/** SVC and the like: taken at once, or escalated when they cannot preempt. */
export function synchronous(cpu: CortexM7, number: number, next: Insn, insn: Insn): Insn {
  const { exceptions, scs } = cpu;
  const current = exceptions.executionPriority;
  if (exceptions.groupPriority(number) < current) return enter(cpu, number, next);
  scs.scb.hardFaultStatus(HFSR.FORCED);
  reportFault(cpu, Exception.hardFault, insn, `exception ${number} cannot preempt`);
  return current < 0 ? lockup(cpu, insn) : enter(cpu, Exception.hardFault, insn);
}

/** ExceptionReturn(): a branch to an EXC_RETURN value in Handler mode. */
export function exceptionReturn(cpu: CortexM7, value: number): Insn {
  return counted(cpu, uncountedCycles(cpu), returnFrom(cpu, value));
}

function returnFrom(cpu: CortexM7, value: number): Insn {
  const { exceptions, scs } = cpu;
  const returning = cpu.ipsr;
  const kind = value & 15;
  cpu.timeline.cycles += ENTRY_CYCLES;
  const nested = exceptions.activeCount;
  // A value that does not fit the state is an INVPC UsageFault, taken after this exception has ended.
  const nonBase = scs.scb.ccr & CCR_NONBASETHRDENA;
  const fits = kind === 1 || ((kind === 9 || kind === 13) && (nested === 1 || nonBase !== 0));
  const wellFormed = (value & 0x0fffffe0) === 0x0fffffe0 && exceptions.isActive(returning);
  deactivate(cpu, returning);
  scs.nvic.handlerReturned(returning);
  if (!fits || !wellFormed) return chainFault(cpu, usageFault(CFSR.INVPC), value | 0xf0000000);
  cpu.mem.exclusive = false;
  const floating = (value & 0x10) === 0;
  const spsel = kind === 13 ? CONTROL_SPSEL : 0;
  const control = (cpu.control & 1) | spsel | (floating ? CONTROL_FPCA : 0);
  const chained = tailChain(cpu, value);
  if (chained !== undefined) return chained;
  cpu.setMode(kind === 1 ? returning : 0, control);
  try {
    return popFrame(cpu, kind === 1, floating);
  } catch (fault) {
    if (!(fault instanceof CoreFault)) throw fault;
    return chainFault(cpu, fault, value);
  }
}

/**
 * DeActivate(). A return with HardFault active and NMI inactive always ends HardFault and clears FAULTMASK (B1.5.8): a
 * corrupted IPSR must not leave the core at a negative priority.
 */
function deactivate(cpu: CortexM7, returning: number): void {
  const { exceptions } = cpu;
  const endsHardFault = exceptions.isActive(Exception.hardFault) && !exceptions.isActive(Exception.nmi);
  exceptions.setActive(returning, false);
  if (endsHardFault) exceptions.setActive(Exception.hardFault, false);
  if (returning !== Exception.nmi) exceptions.faultmask = 0;
}

/** Another exception is waiting: its handler starts without unstacking and stacking again. */
function tailChain(cpu: CortexM7, excReturn: number): Insn | undefined {
  const number = cpu.exceptions.preempting;
  return number === 0 ? undefined : vector(cpu, number, excReturn);
}

/**
 * A fault of the exception return itself: its handler starts on the frame that is already there, unless something with a
 * higher priority waits, too.
 */
function chainFault(cpu: CortexM7, fault: CoreFault, excReturn: number): Insn {
  const number = escalate(cpu, fault, cpu.at);
  if (number === undefined) return lockup(cpu, cpu.at);
  cpu.exceptions.setPending(number, true);
  return vector(cpu, cpu.exceptions.preempting, excReturn);
}

/** As what an access to the stack is reported; FPU access that CPACR refuses stays what it is. */
function stackFault(fault: unknown, bus: number, memManage: number): unknown {
  if (!(fault instanceof CoreFault) || fault.exception === Exception.usageFault) return fault;
  return new CoreFault(fault.exception, fault.exception === Exception.busFault ? bus : memManage);
}

function popFrame(cpu: CortexM7, toHandler: boolean, floating: boolean): Insn {
  const { mem } = cpu;
  const frame = cpu.get(13);
  let xpsr: number;
  let pc: number;
  mem.stacking = true;
  try {
    const stacked = [0, 4, 8, 12, 16, 20].map((offset) => mem.load32(frame + offset));
    pc = mem.load32(frame + 24);
    xpsr = mem.load32(frame + 28);
    if (floating) cpu.fpu.unstack(frame + FRAME_BYTES);
    for (let i = 0; i < 4; i++) cpu.r[i] = stacked[i] as number;
    cpu.r[12] = stacked[4] as number;
    cpu.r[14] = stacked[5] as number;
  } catch (fault) {
    throw stackFault(fault, CFSR.UNSTKERR, CFSR.MUNSTKERR);
  } finally {
    mem.stacking = false;
  }
  const padding = (xpsr & XPSR_ALIGN) !== 0 ? 4 : 0;
  const end = frame + (floating ? FP_FRAME_BYTES : FRAME_BYTES);
  cpu.r[13] = end | padding;
  const number = xpsr & 0x1ff;
  if (toHandler !== (number !== 0)) return mismatch(cpu, pc, xpsr);
  if (toHandler) cpu.setMode(number, cpu.control);
  cpu.setApsr(xpsr);
  return resumeAt(cpu, pc, xpsr);
}

/** Thread mode with an IPSR, or Handler mode without: the frame is stacked again for an INVPC (ExceptionReturn()). */
function mismatch(cpu: CortexM7, pc: number, xpsr: number): Insn {
  cpu.setApsr(xpsr);
  const number = escalate(cpu, usageFault(CFSR.INVPC), cpu.at);
  if (number === undefined) return lockup(cpu, cpu.at);
  cpu.exceptions.setPending(number, true);
  return stackAndEnter(cpu, cpu.exceptions.preempting, pc & ~1, xpsr & XPSR_FIELDS);
}

function resumeAt(cpu: CortexM7, pc: number, xpsr: number): Insn {
  const thumb = (xpsr & (1 << 24)) !== 0;
  const it = ((xpsr >>> 25) & 3) | ((xpsr >>> 8) & 0xfc);
  const insn = thumb ? cpu.mem.view.lookupIt(pc & ~1, it) : cpu.interwork(pc & ~1);
  cpu.at = insn;
  cpu.event = true;
  if (cpu.exceptions.activeCount === 0 && (cpu.scs.scb.scr & SCR_SLEEPONEXIT) !== 0) cpu.sleep(false);
  if (cpu.debug.monitorSteps) cpu.timeline.stopSoon();
  return takePending(cpu, insn);
}

/** What the PC reads as in lockup, and what NMI stacks as the return address (B1.5.15). */
const LOCKUP_PC = 0xfffffffe | 0;

/** Nothing can handle the fault: the core stops executing (B1.5.15). */
function lockup(cpu: CortexM7, insn: Insn): Insn {
  cpu.lockedUp = true;
  cpu.timeline.stopSoon();
  cpu.log.note(
    `core lockup at pc ${hex(insn.pc)}: a fault while no fault could be handled; only a reset helps`,
  );
  cpu.options.onLockup?.();
  return insn;
}

/** Only NMI gets a core out of lockup, and not one that locked up in NMI. Its handler returns into the lockup. */
export function leavesLockup(cpu: CortexM7): boolean {
  if (cpu.exceptions.preempting !== Exception.nmi) return false;
  cpu.lockedUp = false;
  cpu.at = cpu.mem.view.lookup(LOCKUP_PC);
  return true;
}

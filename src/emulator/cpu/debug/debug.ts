/**
 * The core as a debugger has it: halting debug, DebugMonitor, vector catch, breakpoints and watchpoints
 * (DDI 0403E, C1). The registers lie in the system control space; a debug port reaches them, and memory, with
 * `read` and `write` here, which mark the access as a debugger's.
 */

import type { AccessSize, BusDevice, EmulatorLog } from "../../bus.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import type { CortexM7 } from "../core.js";
import { CFSR, CoreFault, Exception, HFSR, VECTOR_UNREADABLE } from "../exceptions/faults.js";
import { SoftwareLock } from "../system/software-lock.js";
import { readCoreRegister, writeCoreRegister } from "./debug-registers.js";
import { DwtComparators } from "./dwt-comparators.js";
import { Fpb } from "./fpb.js";

/** What a debug port model (an AHB-AP) needs. Addresses are signed or unsigned, multiples of `size`. */
export interface DebugAccess {
  /** @throws BusFault where the bus answers with an error. */
  read(address: number, size: AccessSize): number;
  /** @throws BusFault as `read`. */
  write(address: number, size: AccessSize, value: number): void;
}

export const DFSR = { HALTED: 1, BKPT: 2, DWTTRAP: 4, VCATCH: 8, EXTERNAL: 16 } as const;
const DHCSR = {
  C_DEBUGEN: 1 << 0,
  C_HALT: 1 << 1,
  C_STEP: 1 << 2,
  C_MASKINTS: 1 << 3,
  C_SNAPSTALL: 1 << 5,
  S_REGRDY: 1 << 16,
  S_HALT: 1 << 17,
  S_SLEEP: 1 << 18,
  S_LOCKUP: 1 << 19,
  S_RETIRE_ST: 1 << 24,
  S_RESET_ST: 1 << 25,
} as const;
const CONTROLS = 0x2f;
const DBGKEY = 0xa05f;
const DCRSR_WRITE = 1 << 16;
const DEMCR = {
  VC_CORERESET: 1 << 0,
  VC_MMERR: 1 << 4,
  VC_NOCPERR: 1 << 5,
  VC_CHKERR: 1 << 6,
  VC_STATERR: 1 << 7,
  VC_BUSERR: 1 << 8,
  VC_INTERR: 1 << 9,
  VC_HARDERR: 1 << 10,
  MON_EN: 1 << 16,
  MON_PEND: 1 << 17,
  MON_STEP: 1 << 18,
  MON_REQ: 1 << 19,
  TRCENA: 1 << 24,
} as const;
const VC_ALL = 0x7f1;
/** A fault of exception entry or return. */
const INTERR =
  CFSR.MUNSTKERR |
  CFSR.MSTKERR |
  CFSR.MLSPERR |
  CFSR.UNSTKERR |
  CFSR.STKERR |
  CFSR.LSPERR |
  VECTOR_UNREADABLE;

export class Debug implements DebugAccess {
  /** The core halted: on request, at the end of a step, breakpoint, watchpoint, vector catch. `reason` is a bit of DFSR. */
  onHalt: (reason: number) => void = () => {};
  /** The core entered Debug state, or left it: what DBGMCU freezes stands still meanwhile. */
  onFreeze: (frozen: boolean) => void = () => {};
  readonly fpb: Fpb;
  readonly comparators: DwtComparators;
  /** An access under way comes from a debugger. */
  byDebugger = false;
  readonly #cpu: CortexM7;
  readonly #log: EmulatorLog;
  readonly #regs: RegisterBlock<"DHCSR" | "DCRSR" | "DCRDR" | "DEMCR">;
  /** DEMCR */
  readonly #monitor: RegisterCell;
  #resetSeen = true;
  /** Halted since this was made false. */
  #stopped = false;

  constructor(cpu: CortexM7) {
    this.#cpu = cpu;
    this.#log = cpu.log;
    const byDebugger = (): boolean => this.byDebugger;
    this.fpb = new Fpb(cpu.log, new SoftwareLock("FPB", cpu.log, byDebugger));
    this.comparators = new DwtComparators(cpu.log, () => this.#demcr(DEMCR.TRCENA));
    this.comparators.onMatch = () => this.#watchpoint();
    this.#regs = new RegisterBlock(
      {
        DHCSR: {
          offset: 0xdf0,
          reset: 0,
          ro: 0x030f0000,
          wo: 0xfcf00000,
          rw: CONTROLS,
          onRead: (stored) => this.#readDhcsr(stored),
          onWrite: (written, before) => this.#writeDhcsr(written, before),
        },
        DCRSR: { offset: 0xdf4, reset: 0, wo: 0x0001007f, onWrite: (written) => this.#transfer(written) },
        DCRDR: { offset: 0xdf8, reset: 0, rw: 0xffffffff },
        DEMCR: {
          offset: 0xdfc,
          reset: 0,
          rw: DEMCR.TRCENA | DEMCR.MON_REQ | DEMCR.MON_STEP | DEMCR.MON_PEND | DEMCR.MON_EN | VC_ALL,
          onRead: (stored) => this.#readDemcr(stored),
          onWrite: (written, before, laneMask) => this.#writeDemcr(written, before, laneMask),
        },
      },
      { name: "CoreDebug", log: cpu.log },
    );
    this.#monitor = this.#regs.cell("DEMCR");
  }

  /** DEMCR.TRCENA */
  get traceEnabled(): boolean {
    return this.#demcr(DEMCR.TRCENA);
  }

  /** C_DEBUGEN: halting debug is on. */
  get enabled(): boolean {
    return this.#regs.has("DHCSR", DHCSR.C_DEBUGEN);
  }

  /** MON_EN: debug events become DebugMonitor exceptions. */
  get monitorEnabled(): boolean {
    return this.#demcr(DEMCR.MON_EN) && !this.enabled;
  }

  /** Monitor stepping: what executes now is below DebugMonitor, and goes one instruction far (C1.5.1). */
  get monitorSteps(): boolean {
    if (!this.#demcr(DEMCR.MON_STEP) || !this.monitorEnabled) return false;
    const { exceptions } = this.#cpu;
    return exceptions.groupPriority(Exception.debugMonitor) < exceptions.executionPriority;
  }

  /** The instruction was executed. If it was a breakpoint, DebugMonitor has begun already. */
  monitorStepped(): void {
    const { exceptions, scs } = this.#cpu;
    if (exceptions.isActive(Exception.debugMonitor)) return;
    scs.scb.debugStatus(DFSR.HALTED);
    exceptions.setPending(Exception.debugMonitor, true);
  }

  /** Power-on reset: everything. */
  powerOnReset(): void {
    this.#regs.reset();
    this.fpb.reset();
    this.comparators.reset();
    this.#cpu.scs.dwt.reset();
    this.#cpu.scs.itm.reset();
    this.#maskInterrupts();
  }

  /** As a probe does that listens to SWO. */
  enableTrace(): void {
    this.#regs.setBits("DEMCR", DEMCR.TRCENA, true);
    this.comparators.refresh();
    this.#cpu.scs.itm.enable();
  }

  /** System reset: breakpoints, vector catch and C_DEBUGEN stay. */
  systemReset(): void {
    this.#regs.setBits("DEMCR", DEMCR.MON_EN | DEMCR.MON_PEND | DEMCR.MON_STEP | DEMCR.MON_REQ, false);
    this.#regs.setBits("DHCSR", DHCSR.C_HALT | DHCSR.C_STEP | DHCSR.C_MASKINTS, false);
    this.#resetSeen = false;
    this.#maskInterrupts();
    this.#freeze(false);
  }

  /** The core is out of reset and has executed nothing. */
  afterReset(): void {
    if (this.enabled && this.#demcr(DEMCR.VC_CORERESET)) this.#halt(DFSR.VCATCH);
  }

  read(address: number, size: AccessSize): number {
    const { bus, level1 } = this.#cpu;
    return level1?.peek(address, size) ?? this.#asDebugger(() => bus.read(address, size));
  }

  write(address: number, size: AccessSize, value: number): void {
    const { bus, level1 } = this.#cpu;
    level1?.poke(address, size, value);
    this.#asDebugger(() => bus.write(address, size, value));
  }

  /** The registers as a device of the system control space, which calls with offsets from 0xE000E000. */
  readonly device: BusDevice = {
    read: (offset, size) => this.#regs.read(offset, size),
    write: (offset, size, value) => this.#regs.write(offset, size, value),
  };

  /** BKPT, or a comparator of the FPB: undefined when the core halted on it. */
  breakpoint(): CoreFault | undefined {
    const { scb } = this.#cpu.scs;
    if (this.enabled) {
      this.#halt(DFSR.BKPT);
      return undefined;
    }
    const { exceptions } = this.#cpu;
    if (this.monitorEnabled) {
      const monitor = exceptions.groupPriority(Exception.debugMonitor);
      scb.debugStatus(DFSR.BKPT);
      if (monitor < exceptions.executionPriority) return new CoreFault(Exception.debugMonitor, 0);
    }
    scb.debugStatus(DFSR.BKPT);
    return new CoreFault(Exception.hardFault, HFSR.DEBUGEVT);
  }

  /** A handler was entered: vector catch. `status` are the CFSR bits of the faults that led there. */
  vectorCatch(number: number, status: number): void {
    if (!this.enabled) return;
    const wanted = this.#regs.get("DEMCR") & VC_ALL;
    if (wanted !== 0 && (wanted & caught(number, status)) !== 0) this.#halt(DFSR.VCATCH);
  }

  /** Halting and stepping as DHCSR asks for, with the interrupt mask. */
  #writeDhcsr(written: number, before: number): void {
    if (written >>> 16 !== DBGKEY) {
      this.#regs.set("DHCSR", before);
      this.#log.once("dhcsr.key", "DHCSR: write without DBGKEY 0xA05F is ignored");
      return;
    }
    // Only a debugger switches halting debug on and off; the other bits work only while it is on.
    if (!this.byDebugger)
      this.#regs.set("DHCSR", (this.#regs.get("DHCSR") & ~DHCSR.C_DEBUGEN) | (before & DHCSR.C_DEBUGEN));
    if (!this.enabled) {
      this.#regs.set("DHCSR", 0);
      if ((before & DHCSR.C_DEBUGEN) !== 0) this.#leaveHalt();
    }
    this.#maskInterrupts();
    if (!this.enabled) return;
    if (this.#regs.has("DHCSR", DHCSR.C_HALT)) {
      if (!this.#cpu.halted) this.#halt(DFSR.HALTED);
    } else if (this.#cpu.halted) this.#leaveHalt();
  }

  #leaveHalt(): void {
    this.#freeze(false);
    if (!this.#regs.has("DHCSR", DHCSR.C_STEP)) {
      this.#cpu.resume();
      return;
    }
    this.#stopped = false;
    this.#cpu.step(true);
    // Unless the instruction met a breakpoint, a watchpoint or a vector catch.
    if (!this.#stopped) this.#halt(DFSR.HALTED);
  }

  #halt(reason: number): void {
    const cpu = this.#cpu;
    cpu.scs.scb.debugStatus(reason);
    this.#regs.setBits("DHCSR", DHCSR.C_HALT, true);
    if (cpu.sleeping) cpu.wake();
    cpu.halt();
    this.#stopped = true;
    this.#freeze(true);
    this.onHalt(reason);
  }

  #freeze(frozen: boolean): void {
    const { sysTick, dwt } = this.#cpu.scs;
    sysTick.freeze(frozen);
    if (frozen) dwt.pause();
    else dwt.resume();
    this.onFreeze(frozen);
  }

  #watchpoint(): void {
    const { scs, exceptions } = this.#cpu;
    if (this.enabled) this.#halt(DFSR.DWTTRAP);
    else if (this.monitorEnabled) {
      scs.scb.debugStatus(DFSR.DWTTRAP);
      exceptions.setPending(Exception.debugMonitor, true);
    }
  }

  #maskInterrupts(): void {
    this.#cpu.exceptions.debugMask = this.enabled && this.#regs.has("DHCSR", DHCSR.C_MASKINTS);
  }

  #readDhcsr(stored: number): number {
    const cpu = this.#cpu;
    const executed = cpu.scs.dwt.takeExecuted() && (cpu.halted || !cpu.lockedUp);
    let value = (stored & CONTROLS) | DHCSR.S_REGRDY;
    if (cpu.halted) value |= DHCSR.S_HALT;
    if (cpu.sleeping) value |= DHCSR.S_SLEEP;
    if (cpu.lockedUp && !cpu.halted) value |= DHCSR.S_LOCKUP;
    if (executed) value |= DHCSR.S_RETIRE_ST;
    if (!this.#resetSeen) value |= DHCSR.S_RESET_ST;
    this.#resetSeen = true;
    return value;
  }

  #demcr(bit: number): boolean {
    return (this.#monitor.value & bit) !== 0;
  }

  #readDemcr(stored: number): number {
    const pending = this.#cpu.exceptions.isPending(Exception.debugMonitor) ? DEMCR.MON_PEND : 0;
    return (stored & ~DEMCR.MON_PEND) | pending;
  }

  #writeDemcr(written: number, before: number, laneMask: number): void {
    const now = this.#regs.get("DEMCR");
    if ((laneMask & DEMCR.MON_PEND) !== 0)
      this.#cpu.exceptions.setPending(Exception.debugMonitor, (written & DEMCR.MON_PEND) !== 0);
    if (((now ^ before) & DEMCR.TRCENA) !== 0) this.comparators.refresh();
  }

  #transfer(written: number): void {
    const cpu = this.#cpu;
    const selector = written & 0x7f;
    if (!cpu.halted) {
      this.#log.once("dcrsr", `DCRSR: transfer of register ${selector} while the core runs is ignored`);
      return;
    }
    if ((written & DCRSR_WRITE) !== 0) writeCoreRegister(cpu, selector, this.#regs.get("DCRDR") | 0);
    else this.#regs.set("DCRDR", readCoreRegister(cpu, selector));
  }

  #asDebugger<T>(access: () => T): T {
    this.byDebugger = true;
    try {
      return access();
    } finally {
      this.byDebugger = false;
    }
  }
}

/** Vector catch bits that an exception with this fault status answers to (C1.6.5, DEMCR). */
function caught(number: number, status: number): number {
  const interrupted = (status & INTERR) !== 0 ? DEMCR.VC_INTERR : 0;
  switch (number) {
    case Exception.hardFault:
      return interrupted | DEMCR.VC_HARDERR;
    case Exception.memManage:
      return interrupted | DEMCR.VC_MMERR;
    case Exception.busFault:
      return interrupted | DEMCR.VC_BUSERR;
    case Exception.usageFault:
      if ((status & CFSR.NOCP) !== 0) return DEMCR.VC_NOCPERR;
      return (status & (CFSR.UNALIGNED | CFSR.DIVBYZERO)) !== 0 ? DEMCR.VC_CHKERR : DEMCR.VC_STATERR;
    default:
      return 0;
  }
}

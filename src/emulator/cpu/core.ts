/**
 * Arm Cortex-M7 core (ARMv7E-M, DDI 0403E; processor: DDI 0489).
 *
 * Timing is deliberately simple: one cycle for an instruction, one more for a taken branch, exception entry and
 * return 12 each. Caches and the write buffer are transparent, except that bus errors of stores are imprecise.
 */

import { type BusFault, BusStall, type EmulatorLog, type InterruptLine } from "../bus.js";
import type { Timeline } from "../timeline.js";
import type { Level1 } from "./caches/level1.js";
import { makeLevel1 } from "./caches/level1-wiring.js";
import type { CortexM7Options } from "./core-options.js";
import { CoreState } from "./core-state.js";
import { Debug } from "./debug/debug.js";
import { decode } from "./decode/decode.js";
import type { Execute, Insn } from "./decode/insn.js";
import { Insn as Instruction } from "./decode/insn.js";
import { ExceptionModel } from "./exceptions/exception-model.js";
import { handleFault, leavesLockup, takePending } from "./exceptions/exceptions.js";
import { CFSR, CoreFault, Exception, hex, usageFault } from "./exceptions/faults.js";
import { Fpu } from "./float/fpu.js";
import { Interpreter } from "./interpret/interpreter.js";
import { Records } from "./interpret/records.js";
import { MemoryPort } from "./memory/memory-port.js";
import { OutsideAccess } from "./memory/outside-access.js";
import type { SystemBus } from "./memory/system-bus.js";
import { SystemControlSpace } from "./system/system-control-space.js";
import { Pipeline } from "./time-model/pipeline.js";
import { STATE_BYTES, Word } from "./translate/state.js";
import { plainOf, Translator } from "./translate/translator.js";

export class CortexM7 extends CoreState {
  /** WFE event register. */
  event = false;
  sleeping = false;
  /** Stopped by a debugger, a lockup or an unmodelled instruction; `run()` then returns at once. */
  halted = false;
  lockedUp = false;
  /** Privilege or MPU set-up changed: the next instruction must be looked up again. */
  contextChanged = false;
  /** Counts resets: one that happens inside an instruction decides what executes next. */
  resets = 0;
  /** CFSR or HFSR bits of the fault whose handler is being entered (for vector catch). */
  faultStatus = 0;
  /** The instruction being executed, or the next one while not running. */
  at: Insn;

  readonly bus: SystemBus;
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly options: CortexM7Options;
  /** Caches; undefined while nothing asks for more than transparent ones. */
  readonly level1: Level1 | undefined;
  /** Instruction time; undefined: a cycle each. */
  readonly pipeline: Pipeline | undefined;
  readonly mem: MemoryPort;
  /** What the interpreter's loop executes; undefined where there is only JavaScript. */
  readonly records: Records | undefined;
  readonly interpreter: Interpreter | undefined;
  /** Undefined while everything is interpreted. */
  readonly translator: Translator | undefined;
  readonly exceptions: ExceptionModel;
  readonly scs: SystemControlSpace;
  readonly fpu: Fpu;
  /** What a debugger sees and does. */
  readonly debug: Debug;
  readonly #breakpoints = new Set<number>();
  #skipBreakpoint: number | undefined;
  #waitsForEvent = false;
  #watchedCode = false;

  constructor(options: CortexM7Options) {
    const bytes = options.bus.memory.allocate(STATE_BYTES);
    const state = new Int32Array(bytes.buffer, bytes.byteOffset, STATE_BYTES / 4);
    super(state);
    this.options = options;
    this.bus = options.bus;
    this.timeline = options.timeline;
    this.log = options.log;
    this.exceptions = new ExceptionModel(options.irqs ?? 150);
    this.exceptions.onAttention = () => this.timeline.stopSoon();
    this.exceptions.onNewlyPending = () => {
      if (this.scs.scb.sendsEventOnPending) this.event = true;
    };
    this.debug = new Debug(this);
    this.scs = new SystemControlSpace(this);
    this.fpu = new Fpu(this, state);
    this.pipeline =
      options.busTiming === undefined ? undefined : new Pipeline(this.timeline, options.busTiming);
    this.level1 = makeLevel1(this);
    if (options.engine !== "reference" && this.level1 === undefined)
      this.records = Records.make(this.bus.memory);
    this.mem = new MemoryPort(this.bus, this.scs.mpu, decode, this.level1, this.records);
    this.mem.onImpreciseFault = (address, error) => this.impreciseFault(address, error);
    this.mem.ignoresBusFault = (address) => this.#ignoresBusFault(address);
    this.mem.now = () => this.timeline.now;
    const outside = this.records && new OutsideAccess(this, this.records, state);
    this.interpreter = this.records && outside && Interpreter.make(this, this.records, outside);
    this.translator = outside && this.#makeTranslator(outside);
    if (this.records !== undefined) this.records.counts = this.translator !== undefined;
    this.mem.onUnalignedFaults = (may) => {
      state[Word.strict] = may ? 1 : 0;
    };
    this.scs.mpu.onChange = () => this.#protectionChanged();
    this.debug.fpb.onChange = (before, now) => {
      for (const address of [...before, ...now]) this.bus.codeChanged(address, 2);
    };
    const { comparators } = this.debug;
    comparators.onChange = () => this.#watchChanged();
    this.scs.map(this.bus);
    this.at = this.mem.view.lookup(0);
    this.halted = true;
  }

  /** Strict caches need each access to be seen: they are interpreted. */
  #makeTranslator(outside: OutsideAccess): Translator | undefined {
    const { engine = "translation" } = this.options;
    if (engine !== "translation" || this.level1 !== undefined) return undefined;
    const translator = Translator.make(this, outside);
    if (translator === undefined) return undefined;
    this.mem.onForget = (first, last) => translator.forget(first, last);
    this.mem.onForgetView = (view) => translator.forgetView(view);
    return translator;
  }

  /** Line into the NVIC for IRQ `irq`, 0-based. */
  irqLine(irq: number): InterruptLine {
    return this.scs.nvic.line(irq);
  }

  /** The NMI input. */
  get nmiLine(): InterruptLine {
    return this.scs.nvic.nmiLine;
  }

  /**
   * Reset of the core and its system control space: loads SP and PC from the vector table.
   * @param vectorTable initial VTOR; on STM32H7 the boot address from the option bytes.
   */
  reset(vectorTable = 0x08000000): void {
    this.resets++;
    this.exceptions.reset();
    this.scs.reset(vectorTable);
    this.debug.systemReset();
    this.fpu.reset();
    this.r.fill(0);
    this.setApsr(0);
    this.ipsr = 0;
    this.control = 0;
    this.event = false;
    this.sleeping = false;
    this.halted = false;
    this.lockedUp = false;
    this.mem.exclusive = false;
    this.mem.forgetStall();
    this.refreshView();
    this.bus.refreshLent();
    this.bankedSp = 0;
    this.r[14] = -1;
    this.at = this.mem.view.lookup(vectorTable & ~1);
    try {
      this.r[13] = this.mem.load32(vectorTable | 0) & ~3;
      this.at = this.interwork(this.mem.load32((vectorTable + 4) | 0));
    } catch (fault) {
      this.#recover(fault);
    }
    this.debug.afterReset();
    this.timeline.stopSoon();
  }

  /**
   * Executes until the timeline's limit, sleep or a halt. The caller then runs due events and calls again:
   * `while (...) { cpu.run(); if (cpu.sleeping) timeline.skipTo(next); timeline.runDue(); }`
   * @throws UnmodelledInstructionError after which the core is halted on that instruction.
   */
  run(): void {
    this.timeline.retries = true;
    try {
      if (!this.#ready()) return;
      if (this.debug.monitorSteps) this.#monitorStep();
      this.#execute();
    } finally {
      this.timeline.retries = false;
    }
  }

  #execute(): void {
    const timeline = this.timeline;
    const interpreter = this.interpreter;
    const records = this.records;
    const resets = this.resets;
    let insn = this.at;
    for (;;) {
      try {
        while (timeline.cycles < timeline.cycleLimit) {
          if (interpreter !== undefined && records?.has(insn) === true) {
            insn = interpreter.run(insn);
            if (timeline.cycles >= timeline.cycleLimit) break;
          }
          timeline.cycles++;
          this.at = insn;
          insn = insn.execute(this, insn);
        }
        if (this.resets === resets) this.at = insn;
        return;
      } catch (fault) {
        this.#recover(fault);
        insn = this.at;
      }
    }
  }

  /**
   * Executes one instruction, even on a breakpoint of `setBreakpoint`; before it, takes an exception that is due.
   * @param entryCounts taking an exception is a step of its own, as for DHCSR.C_STEP
   */
  step(entryCounts = false): void {
    const halted = this.halted;
    this.halted = false;
    this.#skipBreakpoint = this.at.pc;
    const handling = this.ipsr;
    if (this.#ready() && !(entryCounts && this.ipsr !== handling)) this.#one();
    this.#skipBreakpoint = undefined;
    this.halted = halted || this.lockedUp;
  }

  #one(): void {
    this.timeline.cycles++;
    const resets = this.resets;
    try {
      const next = plainOf(this.at)(this, this.at);
      if (this.resets === resets) this.at = next;
    } catch (fault) {
      this.#recover(fault);
    }
  }

  /** DEMCR.MON_STEP: one instruction, then DebugMonitor, if what executes is still below it. */
  #monitorStep(): void {
    this.#one();
    this.debug.monitorStepped();
    this.at = takePending(this, this.at);
  }

  /** Takes what is pending. False when nothing may execute now. */
  #ready(): boolean {
    if (this.halted) return false;
    if (this.lockedUp && !leavesLockup(this)) return false;
    this.bus.refreshUnsteady();
    if (this.contextChanged) this.refreshView();
    if (this.sleeping) {
      const { wakes, preempting } = this.exceptions;
      if (this.#waitsForEvent ? preempting === 0 && !this.event : !wakes) return false;
      this.wake();
    }
    if (!this.mem.repeating) this.at = takePending(this, this.at);
    return true;
  }

  /** Passes the time until the access that waits can be repeated, or until the next event; `run()` then returns. */
  stall(wait: BusStall): void {
    const { timeline } = this;
    const cycles = Math.ceil((wait.untilNs - timeline.now) / timeline.nsPerCycle);
    timeline.cycles += Math.max(0, Math.min(cycles, timeline.cycleLimit - timeline.cycles));
    timeline.stopSoon();
  }

  /** @param forEvent WFE rather than WFI */
  sleep(forEvent: boolean): void {
    this.sleeping = true;
    this.#waitsForEvent = forEvent;
    this.scs.dwt.sleep(this.options.clockedAsleep?.(this.scs.scb.sleepsDeeply) ?? false);
    this.timeline.stopSoon();
  }

  wake(): void {
    this.sleeping = false;
    if (this.#waitsForEvent) this.event = false;
    this.scs.dwt.resume();
  }

  halt(): void {
    this.halted = true;
    this.timeline.stopSoon();
  }

  resume(): void {
    if (this.halted) this.#skipBreakpoint = this.at.pc;
    this.halted = false;
  }

  /** Halts before the instruction at `address` executes (a flash patch breakpoint). */
  setBreakpoint(address: number): void {
    this.#breakpoints.add(address & ~1);
    this.bus.codeChanged(address, 2);
  }

  clearBreakpoint(address: number): void {
    this.#breakpoints.delete(address & ~1);
    this.bus.codeChanged(address, 2);
  }

  /** Stops before the instruction: by `setBreakpoint`, or by a comparator of the FPB. */
  hasBreakpoint(address: number): boolean {
    return this.#breakpoints.has(address | 0) || this.debug.fpb.addresses.has(address | 0);
  }

  /** Reached an instruction with a breakpoint: true when the core halts on it. */
  breaksAt(address: number): boolean {
    if (!this.#breakpoints.has(address)) return this.#comparatorBreaks();
    const skip = this.#skipBreakpoint === address;
    this.#skipBreakpoint = undefined;
    if (!skip) this.halt();
    return !skip;
  }

  #comparatorBreaks(): boolean {
    const fault = this.debug.breakpoint();
    if (fault !== undefined) throw fault;
    return true;
  }

  #watchChanged(): void {
    const { comparators } = this.debug;
    this.mem.watchData(comparators.watchesData ? comparators : undefined);
    if (comparators.watchesCode || this.#watchedCode) this.mem.forgetCode();
    this.#watchedCode = comparators.watchesCode;
    this.scs.dwt.expectMatch();
  }

  get pc(): number {
    return this.at.pc >>> 0;
  }

  set pc(address: number) {
    this.mem.forgetStall();
    this.at = this.mem.view.lookup(address & ~1);
  }

  get thumb(): boolean {
    return this.at.execute !== invalidState;
  }

  /** xPSR as it would be stacked before `insn`, without the stack alignment bit. */
  xpsrBefore(insn: Insn): number {
    const it = ((insn.it & 3) << 25) | ((insn.it >> 2) << 10);
    return this.apsr | it | (insn.execute === invalidState ? 0 : 1 << 24) | this.ipsr;
  }

  get xpsr(): number {
    return this.xpsrBefore(this.at) >>> 0;
  }

  /** Changes mode and CONTROL together, keeping both stack pointers in place, and selects the permissions. */
  setMode(ipsr: number, control: number): void {
    const before = this.usesPsp;
    this.ipsr = ipsr;
    this.control = control;
    this.fpu.ready = false;
    if (before !== this.usesPsp) {
      const sp = this.get(13);
      this.r[13] = this.bankedSp;
      this.bankedSp = sp;
    }
    this.refreshView();
  }

  /** Selects the permissions that hold now and finds `at` under them. */
  refreshView(): void {
    this.contextChanged = false;
    const { mpu } = this.scs;
    const on = mpu.enabled && (mpu.enabledAtNegativePriority || this.exceptions.executionPriority >= 0);
    if (this.mem.select(this.privileged, on)) this.at = this.mem.view.lookupIt(this.at.pc, this.at.it);
  }

  /** Looks an instruction up again after the context may have changed. */
  relocate(insn: Insn): Insn {
    if (insn.execute === invalidState) return insn;
    return this.mem.view.lookupIt(insn.pc, insn.it);
  }

  /** BXWritePC/LoadWritePC without exception return: bit 0 must be set. */
  interwork(target: number): Insn {
    this.timeline.cycles++;
    if ((target & 1) === 0) return new Instruction(target & ~1, 0, invalidState);
    return this.mem.view.lookup(target & ~1);
  }

  /** BranchWritePC. */
  branchTo(target: number): Insn {
    this.timeline.cycles++;
    return this.mem.view.lookup(target & ~1);
  }

  /** The clock of the core changes now; all that counts it keeps its count. */
  setClockHz(hz: number): void {
    this.scs.sysTick.beforeClockChange();
    this.scs.dwt.beforeClockChange();
    this.timeline.setCpuHz(hz);
    this.scs.sysTick.afterClockChange();
    this.scs.dwt.afterClockChange();
  }

  #protectionChanged(): void {
    this.mem.flushProtected();
    this.contextChanged = true;
    this.timeline.stopSoon();
  }

  /** A store, or the write-back of a line, was answered with a bus error. */
  impreciseFault(address: number, error: BusFault): void {
    this.log.note(`store to ${hex(address)} by code at pc ${hex(this.at.pc)}: ${error.message}`);
    this.scs.scb.faultStatus(CFSR.IMPRECISERR);
    this.scs.asynchronousFault(address >>> 0, this.bus.find(address) === undefined);
    if (this.exceptions.isEnabled(Exception.busFault)) this.exceptions.setPending(Exception.busFault, true);
    else this.scs.scb.escalateAsynchronously();
  }

  /** CCR.BFHFNMIGN: the fault is recorded, and the load or store that met it goes on (B3.2.8). */
  #ignoresBusFault(address: number): boolean {
    const { scb } = this.scs;
    if (!scb.ignoresBusFaults || this.exceptions.executionPriority >= 0) return false;
    scb.faultStatus(CFSR.PRECISERR, address);
    return true;
  }

  #recover(fault: unknown): void {
    if (fault instanceof BusStall) this.stall(fault);
    else if (fault instanceof CoreFault) this.#fault(fault);
    else {
      this.halted = true;
      throw fault;
    }
  }

  #fault(fault: CoreFault): void {
    this.mem.forgetStall();
    try {
      this.at = handleFault(this, fault, this.at);
    } catch (wait) {
      // Its vector is in a memory that is busy: the instruction is repeated, and faults again.
      if (!(wait instanceof BusStall)) throw wait;
      this.stall(wait);
    }
  }
}

/** EPSR.T is 0: nothing can execute (B1.5.14 INVSTATE). */
export const invalidState: Execute = () => {
  throw usageFault(CFSR.INVSTATE);
};

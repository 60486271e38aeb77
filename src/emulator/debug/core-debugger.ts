/**
 * What a debugger does with the debug registers of a Cortex-M core (DDI 0403E, C1) to stop, step, run and watch it. Knows
 * the core only through its memory-mapped registers, as a probe does.
 */

import type { DebugBus } from "./dap.js";
import { DebugError, type StopReason, type WatchAccess } from "./target.js";

const AIRCR = 0xe000_ed0c;
const DFSR = 0xe000_ed30;
const DHCSR = 0xe000_edf0;
const DCRSR = 0xe000_edf4;
const DCRDR = 0xe000_edf8;
const DEMCR = 0xe000_edfc;
const FP_CTRL = 0xe000_2000;
const FP_COMP0 = 0xe000_2008;
const DWT_CTRL = 0xe000_1000;
const DWT_COMP0 = 0xe000_1020;

const DBGKEY = 0xa05f_0000;
const C_DEBUGEN = 1 << 0;
const C_HALT = 1 << 1;
const C_STEP = 1 << 2;
const C_MASKINTS = 1 << 3;
const S_HALT = 1 << 17;
const DCRSR_WRITE = 1 << 16;
const VC_CORERESET = 1 << 0;
const TRCENA = 1 << 24;
const VECTKEY_SYSRESETREQ = 0x05fa_0004;
const FP_KEY = 1 << 1;
const FP_ENABLE = 1 << 0;
const REASON = { BKPT: 2, DWTTRAP: 4, VCATCH: 8 } as const;
const ALL_REASONS = 0x1f;
const FUNCTION = { read: 5, write: 6, access: 7 } as const;
const MATCHED = 1 << 24;
/** Largest mask: 2 GiB. */
const MAX_MASK = 31;
const PC = 15;

interface Watch {
  readonly access: WatchAccess;
  readonly address: number;
  readonly length: number;
  /** Of the whole range that was asked for, of which this may be a part. */
  readonly owner: string;
}

export class CoreDebugger {
  readonly #bus: DebugBus;
  /** Comparator -> address; `undefined` is free. */
  #breakpoints: (number | undefined)[] = [];
  #watches: (Watch | undefined)[] = [];
  #stepped = false;
  #reason: StopReason | undefined;

  constructor(bus: DebugBus) {
    this.#bus = bus;
  }

  halt(): void {
    this.#attach();
    this.#control(C_HALT);
    this.#stepped = false;
    this.#reason = undefined;
  }

  /** A breakpoint where the core stands does not hold it. @param run as for `step` */
  resume(run: () => void): void {
    if (this.#breakpoints.includes(this.readRegister(PC))) {
      this.step(run);
      // Stepping met something that stops again.
      if (this.stopReason.kind !== "step") return;
    }
    this.#leave(false);
    this.#control(0);
  }

  /**
   * One instruction, past a breakpoint on it. Interrupts that are due are handled before it, so that a program which
   * waits for one does not wait for ever; then they are held back, so that the step does not end in a handler.
   * @param run lets the chip's time go on until the core stops, or for a while
   */
  step(run: () => void): void {
    const pc = this.readRegister(PC);
    const past = this.#breakpoints.includes(pc);
    if (!this.#handleInterrupts(pc, past, run)) return;
    this.#leave(true);
    if (past) this.#write(FP_CTRL, FP_KEY);
    // The mask may change only while the core is halted and stays so (C1.6.2).
    this.#control(C_HALT | C_MASKINTS);
    this.#control(C_STEP | C_MASKINTS);
    this.#control(C_HALT);
    if (past) this.#write(FP_CTRL, FP_KEY | FP_ENABLE);
  }

  /**
   * Lets the core run to a breakpoint on the instruction where it stands: handlers come first.
   * @returns false when it stopped elsewhere, or not in time: at a breakpoint or watchpoint of a handler
   */
  #handleInterrupts(pc: number, past: boolean, run: () => void): boolean {
    const free = this.#breakpoints.indexOf(undefined);
    if (!past && free < 0) return true;
    if (!past) {
      this.#write(FP_COMP0 + 4 * free, (pc & ~1) | 1);
      this.#write(FP_CTRL, FP_KEY | FP_ENABLE);
    }
    this.#leave(false);
    this.#control(0);
    run();
    const back = (this.#read(DHCSR) & S_HALT) !== 0 && this.readRegister(PC) === pc;
    if (!back) this.#control(C_HALT);
    if (!past) this.#write(FP_COMP0 + 4 * free, 0);
    return back && (this.#read(DFSR) & REASON.DWTTRAP) === 0;
  }

  /** Asks for a system reset. Takes effect when the chip's time goes on. @param halt stop before the first instruction */
  requestReset(halt: boolean): void {
    this.#attach();
    const demcr = this.#read(DEMCR);
    this.#write(DEMCR, halt ? demcr | VC_CORERESET : demcr & ~VC_CORERESET);
    if (!halt) this.#control(0);
    this.#leave(false);
    this.#write(AIRCR, VECTKEY_SYSRESETREQ);
  }

  /** To be called when the reset is over. */
  afterReset(): void {
    this.#write(DEMCR, this.#read(DEMCR) & ~VC_CORERESET);
  }

  /** While the core stands still. */
  get stopReason(): StopReason {
    this.#reason ??= this.#findReason();
    return this.#reason;
  }

  /** @param selector DCRSR.REGSEL */
  readRegister(selector: number): number {
    this.#write(DCRSR, selector);
    return this.#read(DCRDR);
  }

  writeRegister(selector: number, value: number): void {
    this.#write(DCRDR, value >>> 0);
    this.#write(DCRSR, DCRSR_WRITE | selector);
  }

  /** @throws DebugError when all comparators are in use */
  insertBreakpoint(address: number): void {
    this.#attach();
    if (this.#breakpoints.includes(address)) return;
    const free = this.#breakpoints.indexOf(undefined);
    if (free < 0) {
      const all = this.#breakpoints.length;
      throw new DebugError(`all ${all} hardware breakpoints are in use: delete one first`);
    }
    this.#breakpoints[free] = address;
    // Version 2 of the unit: the address, and bit 0 to switch it on.
    this.#write(FP_COMP0 + 4 * free, (address & ~1) | 1);
    this.#write(FP_CTRL, FP_KEY | FP_ENABLE);
  }

  removeBreakpoint(address: number): void {
    const index = this.#breakpoints.indexOf(address);
    if (index < 0) return;
    this.#breakpoints[index] = undefined;
    this.#write(FP_COMP0 + 4 * index, 0);
  }

  hasBreakpoint(address: number): boolean {
    return this.#breakpoints.includes(address);
  }

  /** @throws DebugError when there are not enough comparators for the range */
  insertWatchpoint(access: WatchAccess, address: number, length: number): void {
    this.#attach();
    const owner = watchName(access, address, length);
    if (this.#watches.some((watch) => watch?.owner === owner)) return;
    const parts = alignedParts(address, length);
    const free = [...this.#watches.keys()].filter((index) => this.#watches[index] === undefined);
    if (parts.length > free.length) {
      throw new DebugError(
        `watching ${length} bytes at 0x${address.toString(16)} takes ${parts.length} of ` +
          `${this.#watches.length} hardware watchpoints, and ${free.length} are free`,
      );
    }
    this.#write(DEMCR, this.#read(DEMCR) | TRCENA);
    parts.forEach((part, n) => {
      const index = free[n] ?? 0;
      this.#watches[index] = { access, owner, ...part };
      const at = DWT_COMP0 + 16 * index;
      this.#write(at, part.address);
      this.#write(at + 4, Math.log2(part.length));
      this.#write(at + 8, FUNCTION[access]);
    });
  }

  removeWatchpoint(access: WatchAccess, address: number, length: number): void {
    const owner = watchName(access, address, length);
    this.#watches.forEach((watch, index) => {
      if (watch?.owner === owner) this.#freeWatch(index);
    });
  }

  /** Nothing stays behind; the core runs. */
  release(): void {
    for (const address of this.#breakpoints) if (address !== undefined) this.removeBreakpoint(address);
    this.#watches.forEach((watch, index) => {
      if (watch !== undefined) this.#freeWatch(index);
    });
    this.#leave(false);
    // While halting debug is on; switching it off lets the core run.
    this.#control(0);
    this.#write(DHCSR, DBGKEY);
    this.#breakpoints = [];
    this.#watches = [];
  }

  /** Switches halting debug on and asks how many comparators there are. */
  #attach(): void {
    const status = this.#read(DHCSR);
    if ((status & C_DEBUGEN) !== 0 && this.#breakpoints.length > 0) return;
    this.#write(DHCSR, DBGKEY | C_DEBUGEN | (status & C_HALT));
    const code = this.#read(FP_CTRL);
    this.#breakpoints = new Array(((code >>> 8) & 0x70) | ((code >>> 4) & 15)).fill(undefined);
    this.#write(DEMCR, this.#read(DEMCR) | TRCENA);
    this.#watches = new Array(this.#read(DWT_CTRL) >>> 28).fill(undefined);
  }

  #freeWatch(index: number): void {
    this.#watches[index] = undefined;
    this.#write(DWT_COMP0 + 16 * index + 8, 0);
  }

  #control(bits: number): void {
    this.#write(DHCSR, DBGKEY | C_DEBUGEN | bits);
  }

  #leave(stepping: boolean): void {
    this.#stepped = stepping;
    this.#reason = undefined;
    this.#write(DFSR, ALL_REASONS);
  }

  #findReason(): StopReason {
    const reasons = this.#read(DFSR);
    if ((reasons & REASON.DWTTRAP) !== 0) {
      const hit = this.#watches.find(
        (watch, index) => (this.#read(DWT_COMP0 + 16 * index + 8) & MATCHED) !== 0 && watch !== undefined,
      );
      if (hit !== undefined) return { kind: "watchpoint", access: hit.access, address: hit.address };
    }
    if ((reasons & (REASON.BKPT | REASON.DWTTRAP)) !== 0) return { kind: "breakpoint" };
    if ((reasons & REASON.VCATCH) !== 0) return { kind: "vector-catch" };
    return { kind: this.#stepped ? "step" : "request" };
  }

  #read(address: number): number {
    return this.#bus.read(address, 4) >>> 0;
  }

  #write(address: number, value: number): void {
    this.#bus.write(address, 4, value >>> 0);
  }
}

function watchName(access: WatchAccess, address: number, length: number): string {
  return `${access} ${address} ${length}`;
}

/** A range as pieces that a comparator with a mask can match: powers of two, aligned to their size. */
function alignedParts(address: number, length: number): { address: number; length: number }[] {
  const parts: { address: number; length: number }[] = [];
  let at = address;
  const end = address + length;
  while (at < end) {
    let bits = 0;
    while (bits < MAX_MASK && at % 2 ** (bits + 1) === 0 && at + 2 ** (bits + 1) <= end) bits++;
    parts.push({ address: at, length: 2 ** bits });
    at += 2 ** bits;
  }
  return parts;
}

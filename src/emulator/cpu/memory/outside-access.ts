/**
 * Loads and stores that WebAssembly has JavaScript do where it cannot reach itself: devices above all. They happen in the
 * instant and as the instruction that they are; afterwards WebAssembly knows how many cycles are left up to the next event.
 */

import type { Timeline } from "../../timeline.js";
import type { CortexM7 } from "../core.js";
import type { Insn } from "../decode/insn.js";
import type { Records } from "../interpret/records.js";
import { Counter, Word } from "../translate/state.js";

/** Instead of cycles: nothing was done. WebAssembly is left before the instruction. */
export const LEAVE = -0x80000000;

/** Unwinds WebAssembly when the core was reset inside an instruction: what WebAssembly has of registers is void. */
class CoreWasReset {}
const RESET = new CoreWasReset();

/** Registers that count the core's cycles, and the one that tells when SysTick's counter reaches 0. */
export const DWT_CYCCNT = 0xe0001004 | 0;
export const SYST_CSR = 0xe000e010 | 0;
export const SYST_CVR = 0xe000e018 | 0;

export const PPB_MEGABYTE = 0xe00;
const ITM = 0xe0000;
const SCS = 0xe000e;
const ICSR = 0xd04;
const STIR = 0xf00;

/**
 * May a store there change what runs, in other ways than by ending it soon: permissions, breakpoints, access to the
 * floating-point unit, a reset? True of the private peripheral bus but for SysTick, the NVIC, what makes exceptions pending,
 * and counting and tracing (DDI 0403E, B3.1).
 */
export function changesCore(address: number): boolean {
  if (address >>> 20 !== PPB_MEGABYTE || address === DWT_CYCCNT) return false;
  const page = address >>> 12;
  if (page !== SCS) return page !== ITM;
  const offset = address & 0xfff;
  return !((offset >= 0x010 && offset < 0x4f0) || offset === ICSR || offset === STIR);
}

export class OutsideAccess {
  readonly #cpu: CortexM7;
  readonly #timeline: Timeline;
  /** The timeline's, as WebAssembly counts to it. */
  limit = 0;
  readonly #records: Records;
  /** The core's, as translate/state.ts says. */
  readonly state: Int32Array;
  /** Translated code was dropped, which may be what executes: it is to be left behind the access. */
  mustLeave = false;
  #resets = 0;
  /** When the access happens. */
  #cycles = 0;
  /** What the access threw. */
  #thrown: { readonly error: unknown } | undefined;

  constructor(cpu: CortexM7, records: Records, state: Int32Array) {
    this.#cpu = cpu;
    this.#timeline = cpu.timeline;
    this.#records = records;
    this.state = state;
  }

  /** WebAssembly begins. */
  begin(): void {
    const { state } = this;
    this.#resets = this.#cpu.resets;
    this.limit = this.#timeline.cycleLimit;
    state[Word.rem] = this.limit - this.#timeline.cycles;
    state[Word.counters] = 0;
    this.mustLeave = false;
  }

  /** WebAssembly ended. */
  end(): void {
    const { state } = this;
    const reads = state[Word.cycleReads] as number;
    const ticks = state[Word.tickReads] as number;
    if ((reads | ticks) === 0) return;
    this.#cpu.scs.countReads(reads, ticks);
    state[Word.cycleReads] = 0;
    state[Word.tickReads] = 0;
  }

  /** Before an access. @param record of its instruction @param rem cycles up to the limit once that has executed */
  before(record: number, rem: number): Insn {
    const cpu = this.#cpu;
    const cycles = this.limit - rem;
    this.#timeline.cycles = cycles;
    this.#cycles = cycles;
    const insn = this.#records.insnAt(record);
    if (cpu.at !== insn) cpu.at = insn;
    return insn;
  }

  /** After a load: leaves in `Word.rem` the cycles up to the limit, which may have moved. Returns them. */
  after(): number {
    const timeline = this.#timeline;
    const { cycleLimit } = timeline;
    // A change of the clock counts cycles anew.
    if (cycleLimit !== this.limit || timeline.cycles !== this.#cycles) {
      this.limit = cycleLimit;
      this.state[Word.counters] = 0;
    }
    const rem = cycleLimit - timeline.cycles;
    // A reset stops what runs.
    if (rem <= 0 && this.#resets !== this.#cpu.resets) throw RESET;
    const { state } = this;
    state[Word.rem] = rem;
    state[Word.ahead] = this.mustLeave ? 0 : rem;
    return rem;
  }

  /** After a store, or what may be one: that may start, stop and set counters. */
  afterStore(): number {
    this.state[Word.counters] = 0;
    return this.after();
  }

  /** A word was loaded from the private peripheral bus: from now on `rem` tells counters. */
  learn(address: number, value: number, rem: number): void {
    const { state } = this;
    const { scs, mem } = this.#cpu;
    if (mem.isWatched) return;
    if (address === DWT_CYCCNT && scs.dwt.counts) {
      state[Word.cycleSum] = value + rem;
      (state[Word.counters] as number) |= Counter.cycles;
    } else if (address === SYST_CVR && scs.sysTick.countsCycles) {
      state[Word.tickDifference] = value - rem;
      (state[Word.counters] as number) |= Counter.ticks;
    } else if (address === SYST_CSR) {
      state[Word.status] = scs.sysTick.status;
      state[Word.statusUntil] = Math.max(0, rem - scs.sysTick.cyclesToFlag());
      (state[Word.counters] as number) |= Counter.status;
    }
  }

  /** The access failed, and changed nothing. */
  failed(error: unknown): void {
    this.#thrown = { error };
    this.state[Word.rem] = LEAVE;
  }

  /** WebAssembly was unwound. @throws what did it, unless the core was reset */
  unwound(by: unknown): void {
    if (by !== RESET) throw by;
  }

  /** Did the last access fail? Then `rethrow` is to be called once everything is as it was before the access. */
  get hasFailed(): boolean {
    return this.#thrown !== undefined;
  }

  rethrow(): void {
    const thrown = this.#thrown;
    if (thrown === undefined) return;
    this.#thrown = undefined;
    throw thrown.error;
  }
}

/**
 * FPv5-D16 registers and what surrounds the arithmetic (DDI 0403E, A2.5, B1.5.7 and B3.2.21..23): access, NaNs, flushing,
 * lazy stacking of exception frames.
 */

import type { CortexM7 } from "../core.js";
import { CFSR, CoreFault, Exception, HFSR, hex, usageFault } from "../exceptions/faults.js";
import { Word } from "../translate/state.js";
import { DOUBLE, FLAG, type FloatEnvironment, type Format, SINGLE } from "./soft-float.js";

export const FPSCR = {
  ...FLAG,
  RMODE: 3 << 22,
  FZ: 1 << 24,
  DN: 1 << 25,
  AHP: 1 << 26,
} as const;
const FPSCR_WRITABLE = 0xf7c0009f;
const FPDSCR_WRITABLE = 0x07c00000;
const FPCCR_WRITABLE = 0xc000017b;
const CONTROL_FPCA = 4;
const FPCCR = {
  LSPACT: 1 << 0,
  USER: 1 << 1,
  THREAD: 1 << 3,
  HFRDY: 1 << 4,
  MMRDY: 1 << 5,
  BFRDY: 1 << 6,
  MONRDY: 1 << 8,
  LSPEN: 1 << 30,
  ASPEN: 1 << 31,
} as const;
const QUIET = 1 << 22;
const QUIET_HIGH = 1 << 19;
const DEFAULT_NAN = 0x7fc00000;
const DEFAULT_NAN_HIGH = 0x7ff80000;
const MIN_SINGLE = 2 ** -126;
const MIN_DOUBLE = 2 ** -1022;

const REGISTERS: Readonly<Record<number, number>> = {
  // MVFR0..2: single and double precision, fused multiply-add, FPv5 (DDI 0489, 8.3).
  3904: 0x10110221,
  3908: 0x12000011,
  3912: 0x00000040,
};

/** Two registers past the architecture's: D numbers, for results that an instruction uses itself. */
export const SCRATCH = 16;
export const SCRATCH_2 = 17;
const WORDS = 36;

export class Fpu implements FloatEnvironment {
  /** S0..S31; D0..D15 and raw words share the storage. */
  readonly s: Float32Array;
  readonly d: Float64Array;
  readonly bits: Int32Array;
  readonly #state: Int32Array;
  /** The next instruction needs nothing of `prepare`. Whatever that depends on makes it false. */
  ready = false;
  readonly #cpu: CortexM7;
  #fpccr = 0;
  #fpcar = 0;
  #fpdscr = 0;

  /** @param state where registers and FPSCR lie (translate/state.ts) */
  constructor(cpu: CortexM7, state: Int32Array) {
    this.#cpu = cpu;
    this.#state = state;
    const at = state.byteOffset + Word.s0 * 4;
    this.s = new Float32Array(state.buffer, at, WORDS);
    this.d = new Float64Array(state.buffer, at, WORDS / 2);
    this.bits = new Int32Array(state.buffer, at, WORDS);
    this.reset();
  }

  get fpscr(): number {
    return this.#state[Word.fpscr] as number;
  }

  set fpscr(value: number) {
    this.#state[Word.fpscr] = value;
  }

  /** Does CPACR let the code that runs use CP10 and CP11? */
  get accessible(): boolean {
    const access = this.#cpu.scs.scb.coprocessorAccess;
    return access === 3 || (access === 1 && this.#cpu.privileged);
  }

  /**
   * ExecuteFPCheck(): saves the registers of the context that an exception interrupted, when that is still to be done; the
   * first instruction of a context makes CONTROL.FPCA 1 and sets FPSCR up.
   */
  prepare(): void {
    this.#checkAccess();
    const cpu = this.#cpu;
    if ((this.#fpccr & FPCCR.LSPACT) !== 0) this.#save();
    if ((cpu.control & CONTROL_FPCA) === 0 && (this.#fpccr & FPCCR.ASPEN) !== 0) {
      cpu.control |= CONTROL_FPCA;
      this.fpscr = this.#fpdscr;
    }
    this.ready = true;
  }

  /** CheckVFPEnabled() */
  #checkAccess(): void {
    if (!this.accessible) throw usageFault(CFSR.NOCP);
  }

  reset(): void {
    this.bits.fill(0);
    this.fpscr = 0;
    this.#fpccr = FPCCR.ASPEN | FPCCR.LSPEN;
    this.#fpcar = 0;
    this.#fpdscr = 0;
    this.ready = false;
  }

  /** FPCCR.LSPEN */
  get lazy(): boolean {
    return (this.#fpccr & FPCCR.LSPEN) !== 0;
  }

  /** Exception entry: saves S0..S15 and FPSCR at `address`, or notes that this is still to be done. */
  stack(address: number): void {
    if (!this.lazy) {
      this.#checkAccess();
      this.#store(address);
      return;
    }
    this.#fpcar = address & ~7;
    this.#fpccr = (this.#fpccr & (FPCCR.ASPEN | FPCCR.LSPEN)) | FPCCR.LSPACT | this.#readiness();
    this.ready = false;
  }

  /** Exception return: what was never saved is still in the registers. */
  unstack(address: number): void {
    this.ready = false;
    if ((this.#fpccr & FPCCR.LSPACT) !== 0) {
      this.#fpccr &= ~FPCCR.LSPACT;
      return;
    }
    this.#checkAccess();
    const words = Array.from({ length: 17 }, (_, n) => this.#cpu.mem.load32((address + n * 4) | 0));
    this.bits.set(words.slice(0, 16));
    this.fpscr = (words[16] as number) & FPSCR_WRITABLE;
  }

  setFpscr(value: number): void {
    this.fpscr = value & FPSCR_WRITABLE;
  }

  /** FPCCR, FPCAR, FPDSCR, MVFR: offsets in the SCS page. */
  readRegister(offset: number): number {
    if (offset === 0xf34) return this.#fpccr >>> 0;
    if (offset === 0xf38) return this.#fpcar >>> 0;
    if (offset === 0xf3c) return this.#fpdscr >>> 0;
    return REGISTERS[offset] ?? 0;
  }

  writeRegister(offset: number, value: number): void {
    this.ready = false;
    if (offset === 0xf34) this.#fpccr = value & FPCCR_WRITABLE;
    else if (offset === 0xf38) this.#fpcar = value & ~7;
    else if (offset === 0xf3c) this.#fpdscr = value & FPDSCR_WRITABLE;
    else
      this.#cpu.log.once(`fpu.${offset}`, `SCS+${hex(offset, 3)}: write to a read-only register is ignored`);
  }

  get rounding(): number {
    return (this.fpscr >>> 22) & 3;
  }

  get flushToZero(): boolean {
    return (this.fpscr & FPSCR.FZ) !== 0;
  }

  raise(flags: number): void {
    this.fpscr |= flags;
  }

  /** FPUnpack(): a register's value; denormals become zero when FPSCR.FZ says so. */
  operand(n: number, double: boolean): number {
    const value = (double ? this.d[n] : this.s[n]) as number;
    if (!this.flushToZero || value === 0) return value;
    if (!(Math.abs(value) < (double ? MIN_DOUBLE : MIN_SINGLE))) return value;
    this.raise(FPSCR.IDC);
    return value < 0 ? -0 : 0;
  }

  /** Stores a result; NaN means the default NaN. */
  put(d: number, double: boolean, value: number): void {
    if (!double) {
      if (Number.isNaN(value)) this.bits[d] = DEFAULT_NAN;
      else this.s[d] = value;
    } else if (Number.isNaN(value)) {
      this.bits[d * 2 + 1] = DEFAULT_NAN_HIGH;
      this.bits[d * 2] = 0;
    } else this.d[d] = value;
  }

  isNaN(n: number, double: boolean): boolean {
    return Number.isNaN(double ? this.d[n] : this.s[n]);
  }

  isSignalling(n: number, double: boolean): boolean {
    const high = this.bits[double ? n * 2 + 1 : n] as number;
    return this.isNaN(n, double) && (high & (double ? QUIET_HIGH : QUIET)) === 0;
  }

  /** FPProcessNaNs(): one of the operands is a NaN; which of them, made quiet, is the result. */
  passNaN(d: number, double: boolean, operands: readonly number[]): void {
    const signalling = operands.find((n) => this.isSignalling(n, double));
    if (signalling !== undefined) this.raise(FPSCR.IOC);
    // One of them is a NaN, as the caller saw.
    const source = signalling ?? (operands.find((n) => this.isNaN(n, double)) as number);
    if ((this.fpscr & FPSCR.DN) !== 0) this.put(d, double, Number.NaN);
    else if (double) {
      const low = this.bits[source * 2] as number;
      this.bits[d * 2 + 1] = (this.bits[source * 2 + 1] as number) | QUIET_HIGH;
      this.bits[d * 2] = low;
    } else this.bits[d] = (this.bits[source] as number) | QUIET;
  }

  /** Changes the sign bit without looking at the value (a NaN keeps its payload). */
  negate(n: number, double: boolean): void {
    const at = double ? n * 2 + 1 : n;
    this.bits[at] = (this.bits[at] as number) ^ (1 << 31);
  }

  copy(d: number, double: boolean, from: number): void {
    if (!double) {
      this.bits[d] = this.bits[from] as number;
      return;
    }
    this.bits[d * 2] = this.bits[from * 2] as number;
    this.bits[d * 2 + 1] = this.bits[from * 2 + 1] as number;
  }

  /** Which faults the interrupted code could have taken: they decide what a fault of the late save becomes. */
  #readiness(): number {
    const { exceptions, privileged, ipsr, debug } = this.#cpu;
    const current = exceptions.executionPriority;
    const ready = (number: number): boolean =>
      exceptions.isEnabled(number) && exceptions.groupPriority(number) < current;
    return (
      (privileged ? 0 : FPCCR.USER) |
      (ipsr === 0 ? FPCCR.THREAD : 0) |
      (current > -1 ? FPCCR.HFRDY : 0) |
      (ready(Exception.memManage) ? FPCCR.MMRDY : 0) |
      (ready(Exception.busFault) ? FPCCR.BFRDY : 0) |
      (debug.monitorEnabled && ready(Exception.debugMonitor) ? FPCCR.MONRDY : 0)
    );
  }

  #store(address: number): void {
    const { mem } = this.#cpu;
    for (let n = 0; n < 16; n++) mem.store32((address + n * 4) | 0, this.bits[n] as number);
    mem.store32((address + 64) | 0, this.fpscr);
  }

  /** PreserveFPState(): with the rights, and the MPU, of the code that was interrupted. */
  #save(): void {
    const { mem, scs } = this.#cpu;
    const { enabled, enabledAtNegativePriority } = scs.mpu;
    const mpuOn = enabled && (enabledAtNegativePriority || (this.#fpccr & FPCCR.HFRDY) !== 0);
    mem.stacking = true;
    try {
      mem.withRights((this.#fpccr & FPCCR.USER) === 0, mpuOn, () => this.#store(this.#fpcar));
    } catch (fault) {
      if (!(fault instanceof CoreFault)) throw fault;
      this.#lazyFault(fault);
    } finally {
      mem.stacking = false;
    }
    this.#fpccr &= ~FPCCR.LSPACT;
  }

  /**
   * What the interrupted code could have taken is taken now, before the instruction; or it stays pending, and the instruction
   * goes on, while what runs now has the same or a higher priority. What that code could not have taken is a HardFault.
   * @throws CoreFault of what is taken
   */
  #lazyFault(fault: CoreFault): void {
    const { exceptions, scs } = this.#cpu;
    const bus = fault.exception === Exception.busFault;
    const status = bus ? CFSR.LSPERR : CFSR.MLSPERR;
    const ready = (this.#fpccr & (bus ? FPCCR.BFRDY : FPCCR.MMRDY)) !== 0;
    const number = ready ? fault.exception : Exception.hardFault;
    const takes =
      exceptions.isEnabled(number) && exceptions.groupPriority(number) < exceptions.executionPriority;
    if (takes && ready) throw new CoreFault(number, status);
    scs.scb.faultStatus(status);
    if (takes || (this.#fpccr & FPCCR.HFRDY) === 0) throw new CoreFault(Exception.hardFault, HFSR.FORCED);
    if (!ready) scs.scb.hardFaultStatus(HFSR.FORCED);
    exceptions.setPending(number, true);
  }
}

export const formatOf = (double: boolean): Format => (double ? DOUBLE : SINGLE);

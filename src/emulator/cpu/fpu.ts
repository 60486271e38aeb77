/**
 * FPv5-D16 registers and rules (DDI 0403E, A2.5, A6 and B3.2.21..23): rounding to nearest, full denormals.
 *
 * Exception frames are stacked at once instead of lazily: the same values come back, only FPCCR.LSPACT is never
 * seen set. Of the cumulative flags, IOC, DZC and OFC are kept; UFC, IXC and IDC stay as software wrote them.
 */

import type { CortexM7 } from "./core.js";
import { hex } from "./faults.js";

export const FPSCR = { IOC: 1, DZC: 2, OFC: 4 } as const;
/** DN, FZ, RMode and AHP change results in ways that are not modelled. */
const FPSCR_MODES = 0x07c00000;
const FPSCR_WRITABLE = 0xf7c0009f;
const CONTROL_FPCA = 4;
const FPCCR_ASPEN = 1 << 31;
const QUIET = 1 << 22;
const QUIET_HIGH = 1 << 19;
const DEFAULT_NAN = 0x7fc00000;
const DEFAULT_NAN_HIGH = 0x7ff80000;

const REGISTERS: Readonly<Record<number, number>> = {
  // MVFR0..2: single and double precision, fused multiply-add, FPv5 (DDI 0489, 8.3).
  3904: 0x10110221,
  3908: 0x12000011,
  3912: 0x00000040,
};

export class Fpu {
  /** S0..S31; D0..D15 and raw words share the storage. */
  readonly s: Float32Array;
  readonly d: Float64Array;
  readonly bits: Int32Array;
  fpscr = 0;
  readonly #cpu: CortexM7;
  #fpccr = 0;
  #fpcar = 0;
  #fpdscr = 0;

  constructor(cpu: CortexM7) {
    this.#cpu = cpu;
    const storage = new ArrayBuffer(128);
    this.s = new Float32Array(storage);
    this.d = new Float64Array(storage);
    this.bits = new Int32Array(storage);
    this.reset();
  }

  /** Does CPACR let the code that runs use CP10 and CP11? */
  get accessible(): boolean {
    const access = this.#cpu.scs.scb.coprocessorAccess;
    return access === 3 || (access === 1 && this.#cpu.privileged);
  }

  /** ExecuteFPCheck(): the first instruction of a context makes CONTROL.FPCA 1 and sets FPSCR up. */
  activate(): void {
    const cpu = this.#cpu;
    if ((cpu.control & CONTROL_FPCA) !== 0 || (this.#fpccr & FPCCR_ASPEN) === 0) return;
    cpu.control |= CONTROL_FPCA;
    this.fpscr = this.#fpdscr;
  }

  reset(): void {
    this.bits.fill(0);
    this.fpscr = 0;
    this.#fpccr = 0xc0000000 | 0;
    this.#fpcar = 0;
    this.#fpdscr = 0;
  }

  stack(address: number): void {
    for (let n = 0; n < 16; n++) this.#cpu.mem.store32((address + n * 4) | 0, this.bits[n] as number);
    this.#cpu.mem.store32((address + 64) | 0, this.fpscr);
    this.#fpcar = address;
  }

  unstack(address: number): void {
    for (let n = 0; n < 16; n++) this.bits[n] = this.#cpu.mem.load32((address + n * 4) | 0);
    this.fpscr = this.#cpu.mem.load32((address + 64) | 0);
  }

  setFpscr(value: number): void {
    if ((value & FPSCR_MODES) !== 0)
      this.#cpu.log.once(
        `fpscr.${value & FPSCR_MODES}`,
        `FPSCR: ${hex(value)} asks for DN, FZ, AHP or another rounding mode, which have no effect here`,
      );
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
    if (offset === 0xf34) this.#fpccr = value & 0xc0000000;
    else if (offset === 0xf38) this.#fpcar = value & ~7;
    else if (offset === 0xf3c) this.#fpdscr = value & FPSCR_MODES;
    else
      this.#cpu.log.once(`fpu.${offset}`, `SCS+${hex(offset, 3)}: write to a read-only register is ignored`);
  }

  raise(flags: number): void {
    this.fpscr |= flags;
  }

  /** Stores a single result; a NaN becomes what FPProcessNaNs() makes of the operands. */
  setSingle(d: number, value: number, operands: readonly number[]): void {
    if (Number.isNaN(value)) {
      this.bits[d] = this.#singleNaN(operands);
      return;
    }
    const finite = operands.every((n) => Number.isFinite(this.s[n]));
    this.s[d] = value;
    if (finite && !Number.isFinite(this.s[d])) this.raise(FPSCR.OFC);
  }

  setDouble(d: number, value: number, operands: readonly number[]): void {
    if (!Number.isNaN(value)) {
      if (!Number.isFinite(value) && operands.every((n) => Number.isFinite(this.d[n]))) this.raise(FPSCR.OFC);
      this.d[d] = value;
      return;
    }
    const [high, low] = this.#doubleNaN(operands);
    this.bits[d * 2 + 1] = high;
    this.bits[d * 2] = low;
  }

  isSignalling(n: number, double: boolean): boolean {
    if (double) return Number.isNaN(this.d[n]) && ((this.bits[n * 2 + 1] as number) & QUIET_HIGH) === 0;
    return Number.isNaN(this.s[n]) && ((this.bits[n] as number) & QUIET) === 0;
  }

  /** Which of the operands (its index) gives a NaN result its payload; undefined when the operation was invalid. */
  nanSource(operands: readonly number[], double: boolean): number | undefined {
    const values = double ? this.d : this.s;
    const signalling = operands.findIndex((n) => this.isSignalling(n, double));
    const index = signalling >= 0 ? signalling : operands.findIndex((n) => Number.isNaN(values[n]));
    return index < 0 ? undefined : index;
  }

  #pickNaN(operands: readonly number[], double: boolean): number | undefined {
    const index = this.nanSource(operands, double);
    const picked = index === undefined ? undefined : operands[index];
    if (picked === undefined || this.isSignalling(picked, double)) this.raise(FPSCR.IOC);
    return picked;
  }

  #singleNaN(operands: readonly number[]): number {
    const picked = this.#pickNaN(operands, false);
    return picked === undefined ? DEFAULT_NAN : (this.bits[picked] as number) | QUIET;
  }

  #doubleNaN(operands: readonly number[]): readonly [number, number] {
    const picked = this.#pickNaN(operands, true);
    if (picked === undefined) return [DEFAULT_NAN_HIGH, 0];
    return [(this.bits[picked * 2 + 1] as number) | QUIET_HIGH, this.bits[picked * 2] as number];
  }
}

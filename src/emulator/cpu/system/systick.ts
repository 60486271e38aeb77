/** SysTick timer, 0xE000E010 (DDI 0403E, B3.3). Counts in virtual time; nothing runs per tick. */

import type { AccessSize, BusDevice, EmulatorLog } from "../../bus.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";

const CSR = { ENABLE: 1 << 0, TICKINT: 1 << 1, CLKSOURCE: 1 << 2, COUNTFLAG: 1 << 16 } as const;
/** CLKSOURCE = 0 counts HCLK / 8 on STM32H7 (RM0433, 20.1.5). */
const EXTERNAL_DIVIDER = 8;
const MAX = 0xffffff;

export class SysTick implements BusDevice {
  readonly #timeline: Timeline;
  readonly #onTick: () => void;
  readonly #regs: RegisterBlock<"CSR" | "RVR" | "CVR" | "CALIB">;
  readonly #control: RegisterCell;
  readonly #reload: RegisterCell;
  /** Counter at `#since`; ticks since then come off it. */
  #count = 0;
  #since = 0;
  #event: TimelineEvent | undefined;
  /** Nanoseconds of a tick that had passed when a debugger halted the core; undefined while it counts. */
  #frozen: number | undefined;

  /** @param onTick the counter reached 0 with TICKINT set: SysTick becomes pending. */
  constructor(timeline: Timeline, log: EmulatorLog, onTick: () => void) {
    this.#timeline = timeline;
    this.#onTick = onTick;
    this.#regs = new RegisterBlock(
      {
        CSR: { offset: 0, reset: 0, rw: 7, ro: CSR.COUNTFLAG, onRead: () => this.#readCsr() },
        RVR: { offset: 4, reset: 0, rw: MAX, quiet: true },
        CVR: { offset: 8, reset: 0, wo: MAX, onRead: () => this.#current() },
        CALIB: { offset: 12, reset: 0x400003e8, ro: 0xffffffff },
      },
      { name: "SysTick", log },
    );
    this.#control = this.#regs.cell("CSR");
    this.#reload = this.#regs.cell("RVR");
  }

  reset(): void {
    this.#regs.reset();
    this.#count = 0;
    this.#frozen = undefined;
    this.#timeline.cancel(this.#event);
  }

  /** The counter stands still while the core is in Debug state (B3.3.1). */
  freeze(on: boolean): void {
    if (on === (this.#frozen !== undefined)) return;
    if (on) {
      this.#synchronise();
      this.#frozen = this.#timeline.now - this.#since;
    } else {
      this.#since = this.#timeline.now - (this.#frozen ?? 0);
      this.#frozen = undefined;
    }
    this.#schedule();
  }

  /** Does the counter go on with each cycle of the core? */
  get countsCycles(): boolean {
    return this.#is(CSR.ENABLE) && this.#is(CSR.CLKSOURCE) && this.#frozen === undefined;
  }

  /** The control and status register, as it reads until COUNTFLAG is set. */
  get status(): number {
    return this.#control.value & ~CSR.COUNTFLAG;
  }

  /** Behind a read of the status: cycles that pass for certain before COUNTFLAG is set. */
  cyclesToFlag(): number {
    if (!this.#is(CSR.ENABLE) || this.#frozen !== undefined || this.#staysZero)
      return Number.MAX_SAFE_INTEGER;
    const due = this.#since + this.#ticksToZero() * this.#nsPerTick() - this.#timeline.now;
    return Math.max(0, Math.floor(due / this.#timeline.nsPerCycle) - 1);
  }

  read(offset: number, size: AccessSize): number {
    return this.#regs.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#synchronise();
    this.#regs.write(offset, size, value);
    if ((offset & ~3) === 8) {
      // Any write clears the counter and COUNTFLAG, without an interrupt.
      this.#count = 0;
      this.#regs.setBits("CSR", CSR.COUNTFLAG, false);
    }
    this.#schedule();
  }

  beforeClockChange(): void {
    this.#synchronise();
  }

  afterClockChange(): void {
    this.#schedule();
  }

  #is(bit: number): boolean {
    return (this.#control.value & bit) !== 0;
  }

  #nsPerTick(): number {
    return this.#timeline.nsPerCycle * (this.#is(CSR.CLKSOURCE) ? 1 : EXTERNAL_DIVIDER);
  }

  /** Whole ticks since `#since`; the small term keeps a count that is whole but for rounding from being cut. */
  #elapsed(): number {
    if (!this.#is(CSR.ENABLE) || this.#frozen !== undefined) return 0;
    return Math.floor((this.#timeline.now - this.#since) / this.#nsPerTick() + 1e-6);
  }

  /** With a reload value of 0 the counter stops once it is 0. */
  get #staysZero(): boolean {
    return this.#count === 0 && this.#reload.value === 0;
  }

  /** Ticks until the counter reaches 0; from 0 it first reloads. */
  #ticksToZero(): number {
    return this.#count > 0 ? this.#count : this.#reload.value + 1;
  }

  #current(): number {
    const elapsed = this.#elapsed();
    if (elapsed < this.#ticksToZero()) return this.#after(elapsed);
    const reload = this.#reload.value;
    const rest = (elapsed - this.#ticksToZero()) % (reload + 1);
    return rest === 0 ? 0 : reload + 1 - rest;
  }

  #after(elapsed: number): number {
    if (this.#count > 0) return this.#count - elapsed;
    return elapsed === 0 ? 0 : this.#reload.value + 1 - elapsed;
  }

  #readCsr(): number {
    this.#synchronise();
    const value = this.#control.value;
    this.#regs.setBits("CSR", CSR.COUNTFLAG, false);
    this.#schedule();
    return value;
  }

  /** Brings count, COUNTFLAG and the interrupt up to now. */
  #synchronise(): void {
    const elapsed = this.#elapsed();
    const wrapped = elapsed >= this.#ticksToZero() && !this.#staysZero;
    const count = this.#current();
    this.#since = this.#is(CSR.ENABLE) ? this.#since + elapsed * this.#nsPerTick() : this.#timeline.now;
    this.#count = count;
    if (!wrapped) return;
    this.#regs.setBits("CSR", CSR.COUNTFLAG, true);
    if (this.#is(CSR.TICKINT)) this.#onTick();
  }

  #schedule(): void {
    this.#timeline.cancel(this.#event);
    this.#event = undefined;
    const stopped = this.#frozen !== undefined || this.#staysZero;
    if (!this.#is(CSR.ENABLE) || stopped || !this.#is(CSR.TICKINT)) return;
    const due = this.#since + this.#ticksToZero() * this.#nsPerTick() - this.#timeline.now;
    this.#event = this.#timeline.after(due, () => {
      this.#synchronise();
      this.#schedule();
    });
  }
}

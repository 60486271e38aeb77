/** CRS: trims HSI48 to a synchronisation signal such as the USB host's SOF (RM0433, chapter CRS). */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import { Peripheral } from "../peripheral.js";

/** CFGR.SYNCSRC. */
export type SyncSource = "GPIO" | "LSE" | "USB1_SOF" | "USB2_SOF";

export interface CrsOptions {
  readonly log: EmulatorLog;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** Is HSI48 ready? */
  readonly hsi48Ready: () => boolean;
  /** How far this chip's untrimmed HSI48 is off, in parts per million. Default 0. */
  readonly errorPpm?: number;
}

type CrsRegister = "CR" | "CFGR" | "ISR" | "ICR";

const CEN = 1 << 5;
const AUTOTRIMEN = 1 << 6;
const SWSYNC = 1 << 7;
const TRIM = 0x3f00;
const TRIM_CENTRE = 0x20;
/** One step of TRIM moves HSI48 by about 0.14 % (RM0433, CRS_CR). */
const STEP_PPM = 1400;
const SYNCOKF = 1 << 0;
const SYNCWARNF = 1 << 1;
const ERRF = 1 << 2;
const SYNCERR = 1 << 8;
const TRIMOVF = 1 << 10;
const FEDIR = 1 << 15;
const SOURCES: readonly SyncSource[] = ["GPIO", "LSE", "USB1_SOF", "USB2_SOF"];

export class Crs extends Peripheral {
  readonly registers: RegisterBlock<CrsRegister>;

  readonly #options: CrsOptions;
  #pulses = 0;

  constructor(options: CrsOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      {
        CR: {
          offset: 0x00,
          reset: 0x2000,
          rw: 0x3f6f,
          wo: SWSYNC,
          onWrite: (written, before) => this.#writeCr(written, before),
        },
        CFGR: {
          offset: 0x04,
          reset: 0x2022_bb7f,
          rw: 0xb7ff_ffff,
          onWrite: (_written, before) => this.#writeCfgr(before),
        },
        ISR: { offset: 0x08, reset: 0, ro: 0xffff_870f },
        ICR: { offset: 0x0c, reset: 0, wo: 0xf, onWrite: (written) => this.#clear(written) },
      },
      { name: "CRS", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.registers.reset();
    this.#pulses = 0;
    this.#updateInterrupt();
  }

  /** Frequency error of HSI48 as trimmed now, in parts per million. */
  get hsi48ErrorPpm(): number {
    const trim = (this.registers.get("CR") & TRIM) >>> 8;
    return (this.#options.errorPpm ?? 0) + (trim - TRIM_CENTRE) * STEP_PPM;
  }

  /** A synchronisation pulse arrived from `source`; pulses from others than CFGR.SYNCSRC count for nothing. */
  sync(source: SyncSource): void {
    if (SOURCES[(this.registers.get("CFGR") >>> 28) & 3] !== source) return;
    const divider = 1 << ((this.registers.get("CFGR") >>> 24) & 7);
    this.#pulses = (this.#pulses + 1) % divider;
    if (this.#pulses === 0) this.#measure();
  }

  /** RM0433, chapter CRS: the error at the pulse decides flags and trimming. */
  #measure(): void {
    if (!this.registers.has("CR", CEN) || !this.#options.hsi48Ready()) return;
    const cfgr = this.registers.get("CFGR");
    const limit = (cfgr >>> 16) & 0xff;
    const counts = (((cfgr & 0xffff) + 1) * this.hsi48ErrorPpm) / 1e6;
    const error = Math.min(0xffff, Math.round(Math.abs(counts)));
    const band = error < limit ? 0 : error < 3 * limit ? 1 : error < 128 * limit ? 2 : 3;
    const direction = counts < 0 ? FEDIR : 0;
    const kept = this.registers.get("ISR") & 0x70f;
    this.registers.set("ISR", (error << 16) | direction | kept);
    const flags = [SYNCOKF, SYNCOKF, SYNCWARNF, SYNCERR | ERRF][band] ?? 0;
    this.registers.setBits("ISR", flags, true);
    const steps = band === 3 ? 0 : band;
    if (steps > 0 && this.registers.has("CR", AUTOTRIMEN)) this.#trim(counts > 0 ? -steps : steps);
    this.#updateInterrupt();
  }

  #trim(steps: number): void {
    const cr = this.registers.get("CR");
    const wanted = ((cr & TRIM) >>> 8) + steps;
    const trim = Math.max(0, Math.min(0x3f, wanted));
    if (trim !== wanted) this.registers.setBits("ISR", TRIMOVF | ERRF, true);
    this.registers.set("CR", (cr & ~TRIM) | (trim << 8));
  }

  /** TRIM belongs to the hardware while AUTOTRIMEN is set. */
  #writeCr(written: number, before: number): void {
    if (this.registers.has("CR", AUTOTRIMEN)) {
      this.registers.set("CR", (this.registers.get("CR") & ~TRIM) | (before & TRIM));
    }
    if ((written & SWSYNC) !== 0) this.#measure();
    this.#updateInterrupt();
  }

  #writeCfgr(before: number): void {
    if (!this.registers.has("CR", CEN) || this.registers.get("CFGR") === before) return;
    this.registers.set("CFGR", before);
    this.#options.log.once("CRS.CFGR", "guest mistake: CRS_CFGR is write-protected while CEN = 1");
  }

  #clear(written: number): void {
    const errors = (written & ERRF) !== 0 ? 0x700 : 0;
    this.registers.setBits("ISR", (written & 0xf) | errors, false);
    this.#updateInterrupt();
  }

  /** Flags and enables share bit positions 0..3. */
  #updateInterrupt(): void {
    this.#options.interrupt.set((this.registers.get("ISR") & this.registers.get("CR") & 0xf) !== 0);
  }
}

/** SYSCFG: overdrive, compensation cell, EXTI multiplexers, option byte mirrors (RM0433, chapter SYSCFG). */

import type { ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import type { OptionBytes } from "./internal-flash/flash-options.js";
import { Peripheral } from "./peripheral.js";
import { type SyscfgUserRegister, userRegisters } from "./syscfg-user.js";

export interface SyscfgOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly clocked: ClockGate;
  /** Option bytes as FLASH holds them. */
  readonly optionBytes: () => OptionBytes;
  /** CSI runs: the compensation cell counts with it. Default: it does. */
  readonly cellClocked?: () => boolean;
  /** An analog switch was opened or closed. */
  readonly onSwitches?: () => void;
  /** PWRCR.ODEN changed: PWR moves to another scale. */
  readonly onOverdriveChange: () => void;
  /** CFGR was written. */
  readonly onBreakLocks?: () => void;
  /** EXTICRx changed. */
  readonly onExtiPorts?: () => void;
  /** SYSCFG_PKGR.PKG. Default 0. */
  readonly packageCode?: number;
}

const ODEN = 1 << 0;
const CELL_ENABLE = 1 << 0;
const CELL_READY = 1 << 8;
/** What may break the timers' outputs: PVD, lock-up of the core, double ECC errors. */
const BREAK_LOCKS = 0xfecd;
/** The compensation cell needs CSI; the data sheet gives no time, some microseconds are usual. */
const CELL_NS = 10e3;

const CELL_FROM_SOFTWARE = 1 << 1;
const HSLV = 1 << 16;
/** The option byte IO_HSLV, which tells that the board's VDD is below 2.7 V. */
const IO_HSLV = 1 << 29;
/** The codes of the transistors at a usual process and temperature: half of the range. */
const CELL_CODE = 0x77;
/** PMCR: PA0SO, PA1SO, PC2SO, PC3SO, and the pads that they part from their pins. */
const SWITCHES: Readonly<Record<string, number>> = {
  PA0_C: 1 << 24,
  PA1_C: 1 << 25,
  PC2_C: 1 << 26,
  PC3_C: 1 << 27,
};

type SyscfgRegister =
  | SyscfgUserRegister
  | "PMCR"
  | "CFGR"
  | "CCCSR"
  | "CCVR"
  | "CCCR"
  | "PWRCR"
  | "EXTICR1"
  | "EXTICR2"
  | "EXTICR3"
  | "EXTICR4"
  | "PKGR";

export class Syscfg extends Peripheral {
  readonly registers: RegisterBlock<SyscfgRegister>;

  readonly #options: SyscfgOptions;
  #cell: TimelineEvent | undefined;

  constructor(options: SyscfgOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock<SyscfgRegister>(
      {
        ...userRegisters(options.optionBytes),
        // The drive of I2C's pins, the switches' charge pump and the lines to the transceiver have no level that could be seen here.
        PMCR: { offset: 0x04, reset: 0, rw: 0xfe0_03ff, onWrite: () => options.onSwitches?.() },
        CFGR: {
          offset: 0x18,
          reset: 0,
          rw: BREAK_LOCKS,
          // Only a reset takes a lock away.
          onWrite: (_written, before) => {
            this.registers.setBits("CFGR", before, true);
            options.onBreakLocks?.();
          },
        },
        CCCSR: {
          offset: 0x20,
          reset: 0,
          rw: CELL_ENABLE | CELL_FROM_SOFTWARE | HSLV,
          ro: CELL_READY,
          onWrite: () => this.#writeCell(),
        },
        CCVR: {
          offset: 0x24,
          reset: 0,
          ro: 0xff,
          onRead: () => (this.registers.has("CCCSR", CELL_READY) ? CELL_CODE : 0),
        },
        CCCR: { offset: 0x28, reset: 0, rw: 0xff },
        EXTICR1: { offset: 0x08, reset: 0, rw: 0xffff, onWrite: () => options.onExtiPorts?.() },
        EXTICR2: { offset: 0x0c, reset: 0, rw: 0xffff, onWrite: () => options.onExtiPorts?.() },
        EXTICR3: { offset: 0x10, reset: 0, rw: 0xffff, onWrite: () => options.onExtiPorts?.() },
        EXTICR4: { offset: 0x14, reset: 0, rw: 0xffff, onWrite: () => options.onExtiPorts?.() },
        PWRCR: { offset: 0x2c, reset: 0, rw: ODEN, onWrite: () => options.onOverdriveChange() },
        PKGR: { offset: 0x124, reset: 0, ro: 0xf, onRead: () => options.packageCode ?? 0 },
      },
      { name: "SYSCFG", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#options.timeline.cancel(this.#cell);
    this.#cell = undefined;
    this.registers.reset();
  }

  /** PWRCR.ODEN. */
  get overdrive(): boolean {
    return this.registers.has("PWRCR", ODEN);
  }

  /** Which port (0 = A .. 10 = K) EXTICRx routes to EXTI line 0..15. */
  extiPort(line: number): number {
    const names = ["EXTICR1", "EXTICR2", "EXTICR3", "EXTICR4"] as const;
    const name = names[line >>> 2] ?? "EXTICR1";
    return (this.registers.get(name) >>> ((line & 3) * 4)) & 0xf;
  }

  /** CSI started or stopped. */
  clockChanged(): void {
    if (this.registers.has("CCCSR", CELL_ENABLE)) this.#followCell();
  }

  /** PMCR: is the pad parted from its pin? @param pad "PA0_C" */
  switchOpen(pad: string): boolean {
    return this.registers.has("PMCR", SWITCHES[pad] ?? 0);
  }

  #writeCell(): void {
    const { log, optionBytes } = this.#options;
    if (this.registers.has("CCCSR", HSLV) && (optionBytes().OPTSR & IO_HSLV) === 0) {
      this.registers.setBits("CCCSR", HSLV, false);
      const message =
        "SYSCFG_CCCSR.HSLV without the option byte IO_HSLV has no effect; above 2.7 V it would harm the pins";
      log.once(message, `guest mistake: ${message}`);
    }
    this.#followCell();
  }

  /** The cell needs CSI. */
  #followCell(): void {
    const { timeline, cellClocked } = this.#options;
    const works = this.registers.has("CCCSR", CELL_ENABLE) && (cellClocked?.() ?? true);
    if (!works) {
      timeline.cancel(this.#cell);
      this.#cell = undefined;
      this.registers.setBits("CCCSR", CELL_READY, false);
    } else if (this.#cell === undefined) {
      this.#cell = timeline.after(CELL_NS, () => this.registers.setBits("CCCSR", CELL_READY, true));
    }
  }
}

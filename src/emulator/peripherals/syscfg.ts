/** SYSCFG: overdrive, compensation cell, EXTI multiplexers, option byte mirrors (RM0433, chapter SYSCFG). */

import type { ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock, type RegisterSpec } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { Peripheral } from "./peripheral.js";

export interface SyscfgOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly clocked: ClockGate;
  /** Option bytes as FLASH holds them: OPTSR, WPSN, BOOT. */
  readonly optionBytes: () => { readonly OPTSR: number; readonly WPSN: number; readonly BOOT: number };
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

const PLAIN = {
  PMCR: { offset: 0x04, reset: 0, tagged: 0xfe0_03ff },
  CCVR: { offset: 0x24, reset: 0, ro: 0xff },
  CCCR: { offset: 0x28, reset: 0, tagged: 0xff },
  UR4: { offset: 0x310, reset: 0, ro: 0x1_0000 },
  UR6: { offset: 0x318, reset: 0, ro: 0xfff_0fff },
  UR7: { offset: 0x31c, reset: 0, ro: 0xfff_0fff },
  UR8: { offset: 0x320, reset: 0, ro: 0x1_0001 },
  UR9: { offset: 0x324, reset: 0, ro: 0xfff_00ff },
  UR10: { offset: 0x328, reset: 0, ro: 0xfff_0fff },
  UR12: { offset: 0x330, reset: 0, ro: 0x1_0000 },
  UR13: { offset: 0x334, reset: 0, ro: 0x1_0003 },
  UR14: { offset: 0x338, reset: 0, tagged: 0x1 },
  UR15: { offset: 0x33c, reset: 0, ro: 0x1_0000 },
  UR16: { offset: 0x340, reset: 0, ro: 0x1_0001 },
  UR17: { offset: 0x344, reset: 0, ro: 0x1 },
} as const satisfies Readonly<Record<string, RegisterSpec>>;

type SyscfgRegister =
  | keyof typeof PLAIN
  | "CFGR"
  | "CCCSR"
  | "PWRCR"
  | "EXTICR1"
  | "EXTICR2"
  | "EXTICR3"
  | "EXTICR4"
  | "PKGR"
  | "UR0"
  | "UR2"
  | "UR3"
  | "UR5"
  | "UR11";

export class Syscfg extends Peripheral {
  readonly registers: RegisterBlock<SyscfgRegister>;

  readonly #options: SyscfgOptions;
  #cell: TimelineEvent | undefined;

  constructor(options: SyscfgOptions) {
    super();
    this.#options = options;
    const bytes = options.optionBytes;
    this.registers = new RegisterBlock<SyscfgRegister>(
      {
        ...PLAIN,
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
          rw: CELL_ENABLE,
          ro: CELL_READY,
          tagged: 0x1_0002,
          onWrite: () => this.#followCell(),
        },
        EXTICR1: { offset: 0x08, reset: 0, rw: 0xffff, onWrite: () => options.onExtiPorts?.() },
        EXTICR2: { offset: 0x0c, reset: 0, rw: 0xffff, onWrite: () => options.onExtiPorts?.() },
        EXTICR3: { offset: 0x10, reset: 0, rw: 0xffff, onWrite: () => options.onExtiPorts?.() },
        EXTICR4: { offset: 0x14, reset: 0, rw: 0xffff, onWrite: () => options.onExtiPorts?.() },
        PWRCR: { offset: 0x2c, reset: 0, rw: ODEN, onWrite: () => options.onOverdriveChange() },
        PKGR: { offset: 0x124, reset: 0, ro: 0xf, onRead: () => options.packageCode ?? 0 },
        UR0: { offset: 0x300, reset: 0, ro: 0xff_0001, onRead: () => (bytes().OPTSR & 0xff00) << 8 },
        UR2: {
          offset: 0x308,
          reset: 0,
          ro: 0x3,
          tagged: 0xffff_0000,
          onRead: () => (((bytes().BOOT & 0xffff) << 16) | ((bytes().OPTSR >>> 2) & 3)) >>> 0,
        },
        UR3: {
          offset: 0x30c,
          reset: 0,
          tagged: 0xffff_0000,
          onRead: () => (bytes().BOOT & 0xffff_0000) >>> 0,
        },
        UR5: { offset: 0x314, reset: 0, ro: 0xff_0001, onRead: () => bytes().WPSN << 16 },
        UR11: {
          offset: 0x32c,
          reset: 0,
          ro: 0x1_0fff,
          onRead: () => ((bytes().OPTSR & 0x10) === 0 ? 0 : 1 << 16),
        },
      },
      { name: "SYSCFG", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#options.timeline.cancel(this.#cell);
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

  #followCell(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#cell);
    if (!this.registers.has("CCCSR", CELL_ENABLE)) {
      this.registers.setBits("CCCSR", CELL_READY, false);
      return;
    }
    this.#cell = timeline.after(CELL_NS, () => this.registers.setBits("CCCSR", CELL_READY, true));
  }
}

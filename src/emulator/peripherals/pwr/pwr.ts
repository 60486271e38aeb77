/** PWR: supply, voltage scaling, USB supply, backup domain protection (RM0433, chapter PWR). */

import type { EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import type { VoltageScale } from "../rcc/operating-point.js";
import { isLow } from "./pwr-detectors.js";
import { WakeUpPins } from "./pwr-wakeup.js";

export interface PwrOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** SYSCFG_PWRCR.ODEN. */
  readonly overdrive: () => boolean;
  /** Is VDD33USB supplied on this board? Default true. */
  readonly usbSupplied?: boolean;
  /** How the board's core is supplied; a configuration for another one would switch the chip off. Default "LDO". */
  readonly supply?: "LDO" | "BYPASS";
  /** PVDO or AVDO, as EXTI line 16 sees it, and PVDO alone. */
  readonly onSupply?: (low: boolean, pvd: boolean) => void;
  /** The flag of wake-up pin `index` (0..5) was set or cleared. */
  readonly onWakeUp?: (index: number, pending: boolean) => void;
  /** CPUCR was written: the domains may do something else. */
  readonly onDomains?: () => void;
  /** The level of PVD_IN (PB7) while it is compared with the internal reference. */
  readonly pvdInput?: () => boolean;
  /** The delivered voltage scale changed. */
  readonly onVoltageChange: (scale: VoltageScale) => void;
}

type PwrRegister = "CR1" | "CSR1" | "CR2" | "CR3" | "CPUCR" | "D3CR" | "WKUPCR" | "WKUPFR" | "WKUPEPR";

const DBP = 1 << 8;
const PVDE = 1 << 4;
const AVDEN = 1 << 16;
const PVDO = 1 << 4;
const AVDO = 1 << 16;
/** PLS = 7: PVD_IN. */
const EXTERNAL = 7;
const USUAL_SUPPLY = 3300;
const BYPASS = 1 << 0;
const LDOEN = 1 << 1;
const SUPPLY = 7;
const ALL_WAKE_UPS = 0x3f;
const USB33DEN = 1 << 24;
const USB33RDY = 1 << 26;
const ACTVOSRDY = 1 << 13;
const VOSRDY = 1 << 13;
const VOS = 3 << 14;
/** CPUCR.PDDS_D1..3: a domain goes to Standby, not to Stop. */
const PDDS = { D1: 1, D2: 2, D3: 4 } as const;
const ALL_PDDS = 7;
const RUN_D3 = 1 << 11;
const STOPF = 1 << 5;
const SBF = 1 << 6;
/** SBF_D1, SBF_D2 */
const DOMAIN_SBF = { D1: 1 << 7, D2: 1 << 8 } as const;
const STOP_FLAGS = 0x1e0;
const LPDS = 1 << 0;
const FLPS = 1 << 9;
const CSSF = 1 << 9;
const BREN = 1 << 0;
/** There is nothing to tell: VBAT and the temperature are where they belong. */
const MONEN = 1 << 4;
const BRRDY = 1 << 16;
/** CR2.MONEN and the backup regulator belong to the backup domain. */
const CR2_PROTECTED = 0x11;

/** Time for the regulator to reach a higher scale; not in the data sheet, a usual measured value. */
const VOLTAGE_RISE_NS = 40e3;
/** Start of the regulator's supervision after the supply configuration was written. */
const SUPPLY_CONFIGURED_NS = 20e3;
const USB33_DETECT_NS = 10e3;
const BACKUP_REGULATOR_NS = 100e3;

/** From Stop with SVOS3, SVOS4, SVOS5: with the flash in its normal mode, and powered down. */
const WAKE_UP_NS = {
  HSI: [
    [4.4e3, 12e3],
    [15e3, 23e3],
    [39e3, 39e3],
  ],
  CSI: [
    [30e3, 36e3],
    [38e3, 47e3],
    [68e3, 68e3],
  ],
} as const;
/** With SVOS3, where HSIKERON or CSIKERON kept the clock. */
const KEPT_NS = { HSI: 2.6e3, CSI: 26e3 } as const;

/** VOS field to scale: 3 = VOS1, 2 = VOS2, 1 = VOS3, 0 is reserved and gives VOS3. */
const SCALES: readonly VoltageScale[] = [3, 3, 2, 1];

export class Pwr extends Peripheral {
  readonly registers: RegisterBlock<PwrRegister>;

  readonly wakeUpPins: WakeUpPins;

  readonly #options: PwrOptions;
  #supply = USUAL_SUPPLY;
  #supplyWritten = false;
  #delivered: VoltageScale = 3;
  #rising: TimelineEvent | undefined;
  #usb: TimelineEvent | undefined;
  #regulator: TimelineEvent | undefined;

  constructor(options: PwrOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      {
        CR1: { offset: 0x00, reset: 0xf000_c000, rw: 0x7_c3f1, onWrite: () => this.#monitor() },
        CSR1: { offset: 0x04, reset: 0x4000, ro: 0x1_e010 },
        CR2: {
          offset: 0x08,
          reset: 0,
          rw: BREN | MONEN,
          ro: 0xf1_0000,
          onWrite: (_written, before) => this.#writeCr2(before),
        },
        CR3: {
          offset: 0x0c,
          reset: 0x6,
          rw: 0x0300_0007,
          ro: USB33RDY,
          tagged: 0x300,
          onWrite: (_written, before, laneMask) => this.#writeCr3(before, laneMask),
        },
        CPUCR: {
          offset: 0x10,
          reset: 0,
          rw: ALL_PDDS | RUN_D3,
          ro: STOP_FLAGS,
          wo: CSSF,
          onWrite: (written) => {
            if ((written & CSSF) !== 0) this.registers.setBits("CPUCR", STOP_FLAGS, false);
            options.onDomains?.();
          },
        },
        D3CR: { offset: 0x18, reset: 0x4000, rw: VOS, ro: VOSRDY, onWrite: () => this.#scale() },
        WKUPCR: { offset: 0x20, reset: 0, wo: 0x3f, onWrite: (written) => this.wakeUpPins.clear(written) },
        WKUPFR: { offset: 0x24, reset: 0, ro: 0x3f },
        // WKUPPUPD: nothing here is weaker than a pull resistor.
        WKUPEPR: {
          offset: 0x28,
          reset: 0,
          rw: 0x0fff_3f3f,
          onWrite: (_written, before) => this.wakeUpPins.configured(before),
        },
      },
      { name: "PWR", log: options.log },
    );
    this.wakeUpPins = new WakeUpPins(this.registers as RegisterBlock<string>, (index, pending) =>
      options.onWakeUp?.(index, pending),
    );
  }

  /** CR1.DBP: may the backup domain (RTC, backup registers, RCC_BDCR, CR2) be written? */
  get backupWritable(): boolean {
    return this.registers.has("CR1", DBP);
  }

  /** The scale that the regulator delivers now. */
  get voltageScale(): VoltageScale {
    return this.#delivered;
  }

  /** CR3.USB33RDY: are the USB transceivers supplied? */
  get usbReady(): boolean {
    return this.registers.has("CR3", USB33RDY);
  }

  /** CPUCR: all three domains may go to Standby. */
  get standbyWanted(): boolean {
    return (this.registers.get("CPUCR") & ALL_PDDS) === ALL_PDDS;
  }

  /** WKUPFR: a wake-up pin's flag was not cleared since. */
  get wakeUpPending(): boolean {
    return this.registers.get("WKUPFR") !== 0;
  }

  /** CPUCR: this domain loses its supply when it is stopped. */
  domainStandby(domain: "D1" | "D2"): boolean {
    return this.registers.has("CPUCR", PDDS[domain]);
  }

  /** CPUCR.RUN_D3: D3 goes on when the core is stopped. */
  get d3Runs(): boolean {
    return this.registers.has("CPUCR", RUN_D3);
  }

  /** What the regulator, and the flash, need to be back from Stop (data sheet, "Low-power mode wakeup timings", typical). */
  wakeUpNs(wake: "HSI" | "CSI", kept: boolean): number {
    const cr1 = this.registers.get("CR1");
    // SVOS 3 is SVOS3, 2 SVOS4, 1 SVOS5.
    const level = Math.min(2, 3 - Math.max(1, (cr1 >>> 14) & 3));
    if (level === 0 && kept && (cr1 & (FLPS | LPDS)) === 0) return KEPT_NS[wake];
    return WAKE_UP_NS[wake][level]?.[(cr1 & FLPS) === 0 ? 0 : 1] ?? 0;
  }

  /** The Run mode's voltage begins with VOS3 again. */
  leftStop(): void {
    this.registers.setBits("CPUCR", STOPF, true);
    if (!this.#supplyWritten) return;
    this.registers.set("D3CR", (this.registers.get("D3CR") & ~VOS) | (1 << 14));
    this.#scale();
  }

  domainRestarted(domain: "D1" | "D2"): void {
    this.registers.setBits("CPUCR", DOMAIN_SBF[domain], true);
  }

  /** The chip comes back from Standby, after its reset. */
  leftStandby(): void {
    this.registers.setBits("CPUCR", SBF, true);
  }

  /** Power-on reset. `backupLost`: VBAT failed too, and with it the backup regulator's setting. */
  powerOn(backupLost = true): void {
    this.#supplyWritten = false;
    this.wakeUpPins.clear(ALL_WAKE_UPS);
    this.registers.reset(this.registers.names.filter((name) => backupLost || name !== "CR2"));
    if (backupLost) this.#options.timeline.cancel(this.#regulator);
    this.#restart();
  }

  /**
   * The supply configuration and the backup regulator stay (RM0433, PWR_CR3 and PWR_CR2).
   * @param fromStandby what woke the chip stays, too (PWR_WKUPFR, PWR_WKUPEPR).
   */
  systemReset(fromStandby = false): void {
    const supply = this.registers.get("CR3") & SUPPLY;
    if (!fromStandby) this.wakeUpPins.clear(ALL_WAKE_UPS);
    const kept: readonly string[] = fromStandby ? ["CR2", "WKUPFR", "WKUPEPR"] : ["CR2"];
    this.registers.reset(this.registers.names.filter((name) => !kept.includes(name)));
    this.registers.set("CR3", supply);
    this.#restart();
  }

  /** VDD and VDDA in millivolts: what the voltage detectors look at. */
  setSupply(millivolts: number): void {
    this.#supply = millivolts;
    this.#monitor();
  }

  /** PVD and AVD: their outputs are high while the supply is below its threshold. */
  #monitor(): void {
    const cr1 = this.registers.get("CR1");
    const level = (cr1 >>> 5) & 7;
    const low =
      level === EXTERNAL
        ? this.#options.pvdInput?.() !== true
        : isLow("PVD", level, this.#supply, this.registers.has("CSR1", PVDO));
    const pvd = (cr1 & PVDE) !== 0 && low;
    const avdo = this.registers.has("CSR1", AVDO);
    const avd = (cr1 & AVDEN) !== 0 && isLow("AVD", (cr1 >>> 17) & 3, this.#supply, avdo);
    this.registers.setBits("CSR1", PVDO, pvd);
    this.registers.setBits("CSR1", AVDO, avd);
    this.#options.onSupply?.(pvd || avd, pvd);
  }

  /** To be called when SYSCFG_PWRCR.ODEN changed. */
  overdriveChanged(): void {
    this.#scale();
  }

  #restart(): void {
    const { timeline } = this.#options;
    for (const event of [this.#rising, this.#usb]) timeline.cancel(event);
    this.#monitor();
    this.#deliver(3);
    if (this.#supplyWritten) this.#settled();
  }

  /** The low byte takes one write after power-on; it locks SCUEN, LDOEN and BYPASS. */
  #writeCr3(before: number, laneMask: number): void {
    if ((laneMask & 0xff) !== 0) {
      if (this.#supplyWritten) this.#refuseSupply(before);
      else this.#configureSupply();
    }
    this.#followUsb();
  }

  #refuseSupply(before: number): void {
    const now = this.registers.get("CR3");
    if (((now ^ before) & SUPPLY) === 0) return;
    this.registers.set("CR3", (now & ~SUPPLY) | (before & SUPPLY));
    this.#mistake("PWR_CR3: the supply configuration can be written once after power-on; write ignored");
  }

  #configureSupply(): void {
    const value = this.registers.get("CR3");
    const chosen = (value & LDOEN) !== 0 ? "LDO" : (value & BYPASS) !== 0 ? "BYPASS" : "none";
    const board = this.#options.supply ?? "LDO";
    if (chosen !== board || (value & (LDOEN | BYPASS)) === (LDOEN | BYPASS)) {
      this.#mistake(
        `PWR_CR3: supply ${chosen} (0x${(value & SUPPLY).toString(16)}) does not fit the board, whose core is ` +
          `supplied by ${board}: a real chip would lose its core supply until the next power-on`,
      );
    }
    this.#supplyWritten = true;
    this.registers.setBits("CR3", 4, false);
    this.#options.timeline.cancel(this.#rising);
    this.#rising = this.#options.timeline.after(SUPPLY_CONFIGURED_NS, () => {
      this.#settled();
      this.#scale();
    });
  }

  #followUsb(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#usb);
    if (!this.registers.has("CR3", USB33DEN)) {
      this.registers.setBits("CR3", USB33RDY, false);
      return;
    }
    if (this.#options.usbSupplied === false) return;
    this.#usb = timeline.after(USB33_DETECT_NS, () => this.registers.setBits("CR3", USB33RDY, true));
  }

  #writeCr2(before: number): void {
    if (!this.backupWritable) {
      const now = this.registers.get("CR2");
      if (((now ^ before) & CR2_PROTECTED) === 0) return;
      this.registers.set("CR2", before);
      this.#mistake("PWR_CR2: write ignored, the backup domain is protected: set PWR_CR1.DBP first");
      return;
    }
    this.#options.timeline.cancel(this.#regulator);
    if (!this.registers.has("CR2", BREN)) {
      this.registers.setBits("CR2", BRRDY, false);
      return;
    }
    this.#regulator = this.#options.timeline.after(BACKUP_REGULATOR_NS, () =>
      this.registers.setBits("CR2", BRRDY, true),
    );
  }

  /** Goes to the scale that VOS and ODEN ask for; a higher voltage takes time, a lower one does not. */
  #scale(): void {
    const { timeline } = this.#options;
    if (!this.#supplyWritten) {
      this.registers.setBits("D3CR", VOSRDY, false);
      this.#mistake("PWR_D3CR: the voltage scale is fixed until PWR_CR3's supply configuration is written");
      return;
    }
    timeline.cancel(this.#rising);
    const target = this.#target();
    if (target >= this.#delivered) {
      this.#deliver(target);
      this.#settled();
      return;
    }
    this.registers.setBits("D3CR", VOSRDY, false);
    this.registers.setBits("CSR1", ACTVOSRDY, false);
    this.#rising = timeline.after(VOLTAGE_RISE_NS, () => {
      this.#deliver(target);
      this.#settled();
    });
  }

  #target(): VoltageScale {
    const scale = SCALES[this.registers.get("D3CR") >>> 14] ?? 3;
    return scale === 1 && this.#options.overdrive() ? 0 : scale;
  }

  #settled(): void {
    this.registers.setBits("D3CR", VOSRDY, true);
    this.registers.setBits("CSR1", ACTVOSRDY, true);
  }

  #deliver(scale: VoltageScale): void {
    const field = scale === 0 ? 3 : 4 - scale;
    this.registers.set("CSR1", (this.registers.get("CSR1") & ~VOS) | (field << 14));
    if (scale === this.#delivered) return;
    this.#delivered = scale;
    this.#options.onVoltageChange(scale);
  }

  #mistake(message: string): void {
    this.#options.log.once(message, `guest mistake: ${message}`);
  }
}

/** The peripherals that decide over clocks, power, resets and wake-ups. They know each other in circles, so each is asked when it is needed. */

import type { InterruptLine } from "../bus.js";
import { Dbgmcu } from "../peripherals/dbgmcu.js";
import { Exti } from "../peripherals/exti.js";
import { Flash } from "../peripherals/internal-flash/flash.js";
import { Pwr } from "../peripherals/pwr/pwr.js";
import { WAKE_UP_PINS } from "../peripherals/pwr/pwr-wakeup.js";
import { Rcc } from "../peripherals/rcc/rcc.js";
import type { SystemResetCause } from "../peripherals/rcc/rcc-reset-cause.js";
import { Rtc } from "../peripherals/rtc/rtc.js";
import { Syscfg } from "../peripherals/syscfg.js";
import { Iwdg } from "../peripherals/watchdogs/iwdg.js";
import type { ChipFrame } from "./chip-frame.js";
import type { ChipOptions } from "./chip-options.js";
import type { ChipPins } from "./chip-pins.js";
import { EXTI_GROUPS, EXTI_LINE } from "./exti-lines.js";
import type { LowPower } from "./low-power.js";
import { ADDRESS, IRQ, SIZE } from "./memory-map.js";

export interface SystemPeripheralsOptions {
  readonly frame: ChipFrame;
  readonly chip: ChipOptions;
  readonly lowPower: () => LowPower;
  readonly pins: () => ChipPins;
  /** All of a reset is one instant on the chip: what lies between is no operating point. */
  readonly resetting: () => boolean;
  readonly onReset: (cause: SystemResetCause) => void;
  /** RCC_AHB3RSTR.CPURST. */
  readonly onCoreReset: () => void;
  readonly onClockChange: () => void;
  /** Gates of D1 and D2, or what PWR says of them, changed. */
  readonly onDomains: () => void;
  /** Read protection was taken back. */
  readonly onRegression: () => void;
  /** A tamper erases the backup SRAM. */
  readonly onTamper: () => void;
}

export class SystemPeripherals {
  readonly flash: Flash;
  readonly rcc: Rcc;
  readonly pwr: Pwr;
  readonly syscfg: Syscfg;
  readonly rtc: Rtc;
  readonly iwdg: Iwdg;
  readonly exti: Exti;
  readonly dbgmcu: Dbgmcu;
  /** RTC_OUT may be another than before. */
  onRtcOut: () => void = () => {};

  readonly #options: SystemPeripheralsOptions;
  readonly #frame: ChipFrame;
  readonly #wakeUpLines: readonly InterruptLine[];
  /** EXTI line 18: tampers and time stamps, or a failure of LSE. */
  readonly #backupEvents = { tamper: false, lse: false };

  constructor(options: SystemPeripheralsOptions) {
    this.#options = options;
    this.#frame = options.frame;
    this.#wakeUpLines = WAKE_UP_PINS.map(() => this.#frame.irqs.source(IRQ.WAKEUP_PIN));
    this.flash = this.#makeFlash();
    this.rcc = this.#makeRcc();
    this.pwr = this.#makePwr();
    this.syscfg = this.#makeSyscfg();
    this.rtc = this.#makeRtc();
    this.iwdg = this.#makeIwdg();
    this.exti = this.#makeExti();
    this.dbgmcu = this.#makeDbgmcu();
  }

  #makeFlash(): Flash {
    const { log, timeline, random, bus, map, irqs, systemBreak } = this.#frame;
    const flash = new Flash({
      log,
      timeline,
      random,
      geometry: this.#options.chip.flashGeometry,
      interrupt: irqs.source(IRQ.FLASH),
      memory: bus.memory,
      onTimingChange: () => this.rcc.checkOperatingPoint(),
      clockHz: () => this.rcc.clockTree.hclkHz,
      onRegression: this.#options.onRegression,
      onDoubleError: () => systemBreak.pulse("flash"),
      onSwap: () => bus.codeChanged(ADDRESS.FLASH_MEMORY, this.flash.size),
      onRights: () => bus.refreshLent(),
    });
    map.mapController("FLASH", ADDRESS.FLASH, SIZE.FLASH, flash);
    map.map("internal flash", ADDRESS.FLASH_MEMORY, flash.size, flash.memory);
    return flash;
  }

  #makeRcc(): Rcc {
    const { log, timeline, cpu, map, irqs, clocks, systemBreak } = this.#frame;
    const { hseHz, hseIsOscillator, lseHz } = this.#options.chip;
    const { onClockChange, onDomains } = this.#options;
    const rcc = new Rcc({
      log,
      timeline,
      interrupt: irqs.source(IRQ.RCC),
      hseHz,
      hseIsOscillator,
      lseHz,
      backupWritable: () => this.pwr.backupWritable,
      flashTiming: () => this.flash.timing,
      voltageScale: () => this.pwr.voltageScale,
      onClockChange,
      onGateChange: () => {
        clocks.clocksChanged();
        onDomains();
      },
      onSleepGates: () => clocks.sleepGatesChanged(),
      onBackupReset: () => this.rtc.backupReset(),
      onHseFailure: (failed) => {
        cpu.nmiLine.set(failed);
        systemBreak.set("clock", failed);
      },
      onLseFailure: (failed) => this.#backupEvent("lse", failed),
    });
    rcc.onReset("CPU", this.#options.onCoreReset);
    map.connectResetBits(rcc);
    map.mapController("RCC", ADDRESS.RCC, SIZE.PERIPHERAL, rcc);
    return rcc;
  }

  #makePwr(): Pwr {
    const { log, timeline, map, systemBreak } = this.#frame;
    const { lowPower, pins, onDomains, resetting } = this.#options;
    const pwr = new Pwr({
      log,
      timeline,
      overdrive: () => this.syscfg.overdrive,
      onSupply: (low, pvd) => {
        this.exti?.edge(EXTI_LINE.PVD_AVD, low);
        systemBreak.set("supply", pvd);
      },
      onWakeUp: (index, pending) => this.#wakeUpPin(index, pending),
      onDomains: () => {
        onDomains();
        lowPower().d3Changed();
      },
      pvdInput: () => pins().gpio.B.level(7),
      onVoltageChange: () => {
        if (!resetting()) this.rcc.checkOperatingPoint();
      },
    });
    map.map("PWR", ADDRESS.PWR, SIZE.PERIPHERAL, pwr);
    return pwr;
  }

  #makeSyscfg(): Syscfg {
    const { log, timeline, map, clocks, systemBreak } = this.#frame;
    const syscfg = new Syscfg({
      log,
      timeline,
      clocked: this.rcc.clockGate("SYSCFG"),
      optionBytes: () => this.flash.optionBytes,
      onOverdriveChange: () => this.pwr.overdriveChanged(),
      onExtiPorts: () => this.#options.pins().extiPortsChanged(),
      onBreakLocks: () => systemBreak.look(),
      cellClocked: () => this.rcc.clockTree.oscillatorHz("CSI") > 0,
    });
    clocks.add(() => syscfg.clockChanged());
    return map.add({ name: "SYSCFG", address: ADDRESS.SYSCFG, device: syscfg, resetBit: "SYSCFG" });
  }

  #makeRtc(): Rtc {
    const { log, timeline, map, signals, clocks } = this.#frame;
    const rtc = new Rtc({
      log,
      timeline,
      clocked: this.rcc.clockGate("RTCAPB"),
      backupWritable: () => this.pwr.backupWritable,
      secured: () => this.flash.rights.shut,
      clockHz: () => (clocks.frozen("RTC") ? 0 : this.rcc.rtcHz),
      onSignal: (signal, high) => {
        if (signal === "tamper") {
          this.#backupEvent("tamper", high);
          return;
        }
        this.exti.edge(signal === "alarm" ? EXTI_LINE.RTC_ALARM : EXTI_LINE.RTC_WKUP, high);
        if (signal === "wakeup") signals.raise("RTC_WKUP", high);
        if (high) this.#options.lowPower().wakeUpEvent();
      },
      onTrigger: (signal, high) => signals.raise(signal, high),
      onErase: () => this.#options.onTamper(),
      onOutput: () => this.onRtcOut(),
    });
    clocks.add(() => rtc.clockChanged());
    map.map("RTC", ADDRESS.RTC, SIZE.PERIPHERAL, rtc);
    return rtc;
  }

  #makeIwdg(): Iwdg {
    const { log, timeline, map } = this.#frame;
    const iwdg = new Iwdg({
      log,
      timeline,
      onStart: () => this.rcc.forceLsi(true),
      onTimeout: () => this.#options.onReset("iwdg1"),
    });
    map.map("IWDG1", ADDRESS.IWDG1, SIZE.PERIPHERAL, iwdg);
    return iwdg;
  }

  #makeExti(): Exti {
    const { log, map, irqs, signals } = this.#frame;
    const { pins, lowPower } = this.#options;
    const groups = EXTI_GROUPS.map(({ first, last, irq }) => ({ first, last, line: irqs.source(irq) }));
    const exti = new Exti({
      log,
      groups,
      onEdges: () => pins().awaitedChanged(),
      onEvent: () => this.#event(),
      onD3Pending: () => lowPower().d3Changed(),
      onTrigger: (line) => signals.raise(`EXTI${line}`),
    });
    return map.add({ name: "EXTI", address: ADDRESS.EXTI, device: exti });
  }

  #makeDbgmcu(): Dbgmcu {
    const { log, map } = this.#frame;
    const dbgmcu = new Dbgmcu({ log });
    map.map("DBGMCU", ADDRESS.DBGMCU, SIZE.PERIPHERAL, dbgmcu);
    map.map("DBGMCU (debug APB)", ADDRESS.DBGMCU_DEBUG_APB, SIZE.DEBUG, dbgmcu);
    return dbgmcu;
  }

  #wakeUpPin(index: number, pending: boolean): void {
    this.#wakeUpLines[index]?.set(pending);
    if (!pending) return;
    this.exti.direct(EXTI_LINE.WAKE_UP_PIN1 + index);
    this.#options.lowPower().wakeUpEvent();
  }

  #backupEvent(which: "tamper" | "lse", on: boolean): void {
    this.#backupEvents[which] = on;
    this.exti?.edge(EXTI_LINE.TAMP_STAMP_CSS, this.#backupEvents.tamper || this.#backupEvents.lse);
    if (on) this.#options.lowPower().wakeUpEvent();
  }

  /** An event for the core: it ends a WFE, or lets the next one pass. */
  #event(): void {
    const { cpu } = this.#frame;
    cpu.event = true;
    cpu.timeline.stopSoon();
  }
}

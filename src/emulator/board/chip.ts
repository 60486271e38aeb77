/** The STM32H750 or H743: core, memories and peripherals, wired. What is outside its pins is the board's business. */

import { CortexM7 } from "../cpu/core.js";
import { SystemBus } from "../cpu/memory/system-bus.js";
import type { Dbgmcu } from "../peripherals/dbgmcu.js";
import type { Dcmi } from "../peripherals/dcmi/dcmi.js";
import type { Exti } from "../peripherals/exti.js";
import type { Gpio, PortLetter } from "../peripherals/gpio.js";
import type { Picture } from "../peripherals/graphics/ltdc-picture.js";
import type { Flash } from "../peripherals/internal-flash/flash.js";
import type { OtgFs } from "../peripherals/otg/otg-fs.js";
import type { Pwr } from "../peripherals/pwr/pwr.js";
import type { QuadSpi } from "../peripherals/quadspi/quadspi.js";
import type { Crs } from "../peripherals/rcc/crs.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { SystemResetCause } from "../peripherals/rcc/rcc-reset-cause.js";
import type { Rtc } from "../peripherals/rtc/rtc.js";
import type { Syscfg } from "../peripherals/syscfg.js";
import type { Usart } from "../peripherals/usart/usart.js";
import type { Iwdg } from "../peripherals/watchdogs/iwdg.js";
import { boot } from "./boot.js";
import { ChipBusTiming } from "./bus-timing.js";
import type { ChipFrame } from "./chip-frame.js";
import { ChipMap } from "./chip-map.js";
import { type MappedMemories, mapExternalMemory, mapMemories } from "./chip-memories.js";
import type { ChipOptions } from "./chip-options.js";
import { type ChipParts, makeParts } from "./chip-parts.js";
import { ChipPins } from "./chip-pins.js";
import type { SystemWiring } from "./chip-wiring.js";
import { ClockFollowers } from "./clock-followers.js";
import { connectClockOutputs } from "./clock-pins.js";
import { CoreClock } from "./core-clock.js";
import { connectLptimOutputs, coreLine } from "./d3-signals.js";
import { dmaBus } from "./dma-bus.js";
import { ChipRequests } from "./dma-requests.js";
import { DomainStandby, type LossyDomain } from "./domain-standby.js";
import { InternalSignals } from "./internal-signals.js";
import { LowPower } from "./low-power.js";
import { pinFrequency } from "./pin-frequency.js";
import { mapReservedSpace } from "./reserved-space.js";
import { SharedLines } from "./shared-lines.js";
import { SystemBreak } from "./system-break.js";
import { SystemPeripherals } from "./system-peripherals.js";
import { connectSystemPins } from "./system-pins.js";
import { WatchdogHold } from "./watchdog-hold.js";

/** RAMs, each rounded up to a page. */
export const CHIP_BYTES = 2 << 20;

/** NRST_STOP_D1 and NRST_STBY_D1 of the option bytes, active low. */
const RESET_INSTEAD = { stop: 1 << 6, standby: 1 << 7 } as const;

export class Chip {
  readonly bus: SystemBus;
  readonly cpu: CortexM7;
  readonly rcc: Rcc;
  readonly pwr: Pwr;
  readonly flash: Flash;
  readonly syscfg: Syscfg;
  readonly rtc: Rtc;
  readonly crs: Crs;
  readonly iwdg: Iwdg;
  readonly quadspi: QuadSpi;
  readonly otg: OtgFs;
  readonly otgHs: OtgFs;
  readonly exti: Exti;
  readonly dbgmcu: Dbgmcu;
  /** The camera's interface. */
  readonly dcmi: Dcmi;
  readonly lowPower: LowPower;
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly serial: ReadonlyMap<string, Usart>;

  readonly #options: ChipOptions;
  readonly #pins: ChipPins;
  readonly #parts: ChipParts;
  readonly #rams: MappedMemories;
  readonly #frame: ChipFrame;
  readonly #coreClock: CoreClock;
  readonly #domains: DomainStandby;
  readonly #watchdogHold: WatchdogHold;
  #coreResetWanted = false;
  #resetting = false;
  #pendingReset: SystemResetCause | undefined;

  constructor(options: ChipOptions) {
    this.#options = options;
    this.bus = new SystemBus(options.memory);
    const busTiming = options.timeModel === true ? this.#makeBusTiming() : undefined;
    this.cpu = this.#makeCore(busTiming);
    this.#coreClock = this.#makeCoreClock(busTiming);
    this.#frame = this.#makeFrame();
    const system = this.#makeSystem();
    this.flash = system.flash;
    this.rcc = system.rcc;
    this.pwr = system.pwr;
    this.syscfg = system.syscfg;
    this.rtc = system.rtc;
    this.iwdg = system.iwdg;
    this.exti = system.exti;
    this.dbgmcu = system.dbgmcu;
    this.#watchdogHold = new WatchdogHold(this.iwdg, () => this.flash.optionBytes.OPTSR);
    this.#domains = new DomainStandby({
      pwr: this.pwr,
      rcc: this.rcc,
      onLoss: (domain) => this.#loseDomain(domain),
    });
    this.lowPower = this.#makeLowPower();
    this.cpu.debug.onFreeze = (frozen) => {
      this.#watchdogHold.debugger(frozen && this.dbgmcu.freezes("IWDG1"));
      this.#frame.clocks.freeze(frozen);
    };
    this.#pins = new ChipPins(this.#frame, this);
    this.gpio = this.#pins.gpio;
    this.#rams = this.#mapMemories();
    this.#parts = makeParts(this.#wiring(), this.#frame);
    this.quadspi = this.#parts.quadspi;
    this.otg = this.#parts.otg;
    this.otgHs = this.#parts.otgHs;
    this.crs = this.#parts.crs;
    this.dcmi = this.#parts.dcmi;
    this.serial = this.#parts.serial;
    this.#connectSignals(system);
    mapReservedSpace(this.bus, options.log);
  }

  /** What LTDC puts onto a panel now; undefined while it is off. */
  picture(): Picture | undefined {
    return this.#parts.picture();
  }

  /** The system clock runs: else the core stands still. */
  get coreClocked(): boolean {
    return this.#coreClock.running;
  }

  /** Is the pin in this alternate function now? */
  hasAlternateFunction(port: PortLetter, pin: number, af: number): boolean {
    return this.#pins.hasAlternateFunction(port, pin, af);
  }

  /** The frequency of the clock that the chip gives at a pin, "PA8"; 0: none. */
  pinHz(name: string): number {
    const { timer } = this.#parts;
    return pinFrequency({ gpio: this.gpio, mcoHz: (n) => this.rcc.clockTree.mcoHz(n), timer }, name);
  }

  /** Asks for a system reset; it happens before the next instruction. */
  requestReset(cause: SystemResetCause): void {
    this.#pendingReset ??= cause;
    this.cpu.timeline.stopSoon();
  }

  /** Carries out a reset that was asked for. */
  applyReset(): void {
    if (this.#coreResetWanted) this.#resetCore();
    const cause = this.#pendingReset;
    if (cause === undefined) return;
    this.#pendingReset = undefined;
    this.#reset(() => {
      this.pwr.systemReset(cause === "standby");
      this.rcc.systemReset(cause);
      this.rtc.systemReset();
    });
    if (cause === "standby") this.pwr.leftStandby();
  }

  /** RCC_AHB3RSTR.CPURST: the core alone starts anew; the bit goes by itself. */
  #resetCore(): void {
    this.#coreResetWanted = false;
    this.rcc.coreWasReset();
    this.cpu.reset(boot(this.flash));
  }

  /** Power comes back: RAM holds noise. @param backupLost VBAT was gone too. */
  powerOn(backupLost: boolean): void {
    this.#pendingReset = undefined;
    this.#coreResetWanted = false;
    for (const { bytes } of this.#rams.noisy) this.#noise(bytes);
    this.flash.rights.powerOn();
    this.#reset(() => {
      this.pwr.powerOn(backupLost);
      this.rcc.powerOn(backupLost);
      if (backupLost) this.rtc.backupReset();
      else this.rtc.systemReset();
      this.dbgmcu.powerOn();
      this.cpu.debug.powerOnReset();
      this.cpu.level1?.powerOn();
    });
  }

  /** SYSCFG and FLASH first: RCC checks the operating point against them. */
  #reset(powerAndClocks: () => void): void {
    // All of this is one instant on the chip: what lies between is no operating point.
    this.#resetting = true;
    this.lowPower.reset();
    this.#domains.reset();
    this.#watchdogHold.reset();
    this.syscfg.reset();
    this.flash.reset();
    powerAndClocks();
    this.#resetting = false;
    this.#frame.map.reset();
    this.iwdg.reset(this.flash.hardwareWatchdog);
    this.#frame.systemBreak.set("lockup", false);
    this.cpu.reset(boot(this.flash));
  }

  /** A domain was without supply. */
  #loseDomain(domain: LossyDomain): void {
    for (const ram of this.#rams.noisy) if (ram.domain === domain) this.#noise(ram.bytes);
    this.bus.refreshLent();
    this.#frame.map.reset(domain);
    if (domain === "D1") this.flash.reset();
  }

  #noise(ram: Uint8Array): void {
    const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length >>> 2);
    const seed = Math.floor(this.#options.random() * 0xffffffff);
    for (let index = 0; index < words.length; index++) words[index] = Math.imul(index ^ seed, 0x9e3779b1);
  }

  #makeBusTiming(): ChipBusTiming {
    return new ChipBusTiming(
      () => this.rcc.clockTree,
      () => this.flash.timing.waitStates,
    );
  }

  #makeCore(busTiming: ChipBusTiming | undefined): CortexM7 {
    const { log, timeline, engine, strictCaches } = this.#options;
    return new CortexM7({
      bus: this.bus,
      timeline,
      log,
      onSystemReset: () => this.requestReset("software"),
      clockedAsleep: (deep) => (deep ? this.dbgmcu.keepsCoreClock : this.dbgmcu.keepsSleepingCoreClock),
      onLockup: () => {
        log.note("the core is locked up: only a reset gets it out");
        this.#frame.systemBreak.set("lockup", true);
      },
      ...(engine === undefined ? {} : { engine }),
      strictCaches: strictCaches === true,
      busTiming,
    });
  }

  #makeCoreClock(busTiming: ChipBusTiming | undefined): CoreClock {
    return new CoreClock({
      cpu: this.cpu,
      log: this.#options.log,
      busTiming,
      systemHz: () => this.rcc.clockTree.cpuHz,
      mode: () => this.lowPower.mode,
      keptInStop: () => this.dbgmcu.keepsCoreClock,
    });
  }

  #makeFrame(): ChipFrame {
    const { log, timeline, random } = this.#options;
    const signals = new InternalSignals();
    return {
      log,
      timeline,
      random,
      cpu: this.cpu,
      bus: this.bus,
      map: new ChipMap(this.bus),
      irqs: new SharedLines((irq) => coreLine(irq, this.cpu.irqLine(irq), { exti: this.exti, signals })),
      signals,
      clocks: new ClockFollowers({
        rcc: () => this.rcc,
        dbgmcu: () => this.dbgmcu,
        asleep: () => this.lowPower.asleep,
        coreStopped: () => this.lowPower.coreStopped,
      }),
      systemBreak: new SystemBreak(
        () => this.syscfg.registers.get("CFGR"),
        (active) => this.#parts.setSystemBreak(active),
      ),
    };
  }

  #makeSystem(): SystemPeripherals {
    const { clocks } = this.#frame;
    return new SystemPeripherals({
      frame: this.#frame,
      chip: this.#options,
      lowPower: () => this.lowPower,
      pins: () => this.#pins,
      resetting: () => this.#resetting,
      onReset: (cause) => this.requestReset(cause),
      onCoreReset: () => {
        this.#coreResetWanted = true;
        this.cpu.timeline.stopSoon();
      },
      onClockChange: () => {
        this.#coreClock.changed();
        clocks.clocksChanged();
      },
      onDomains: () => this.#domains.look(),
      onTamper: () => this.#rams.backup.fill(0),
      // The other secured regions are erased as well (RM0433, "RDP protection transitions").
      onRegression: () => {
        this.rtc.eraseBackup();
        this.#rams.backup.fill(0);
      },
    });
  }

  #makeLowPower(): LowPower {
    const { log, timeline } = this.#options;
    return new LowPower({
      cpu: this.cpu,
      rcc: this.rcc,
      pwr: this.pwr,
      timeline,
      log,
      domains: this.#domains,
      keepsCoreClock: () => this.dbgmcu.keepsCoreClock,
      d3Pending: () => this.exti.d3Pending,
      onStop: (mode) => {
        this.#watchdogHold.mode(mode);
        this.rtc.setStopped(mode === "stop" || mode === "standby");
      },
      onCoreRestart: () => this.cpu.reset(boot(this.flash)),
      onSleep: () => this.#frame.clocks.sleepChanged(),
      onStandbyExit: () => this.requestReset("standby"),
      resetsInstead: (mode) => (this.flash.optionBytes.OPTSR & RESET_INSTEAD[mode]) === 0,
      onReset: () => this.requestReset("lowPower"),
    });
  }

  #mapMemories(): MappedMemories {
    const { size, rights } = this.flash;
    const { bus, rcc } = this;
    const memories = { ...this.#options, bus, rcc, flashKib: size >>> 10, flashRights: rights };
    const rams = mapMemories(memories);
    const fmc = mapExternalMemory(memories);
    this.#frame.map.onReset("D1", () => fmc.reset());
    return rams;
  }

  #wiring(): SystemWiring {
    const { bus, cpu, rcc, pwr, exti, syscfg } = this;
    const { log, timeline, random, irqs, signals, clocks } = this.#frame;
    const { gpio, inputs } = this.#pins;
    return {
      log,
      timeline,
      random,
      attached: this.#options,
      rcc,
      pwr,
      exti,
      syscfg,
      pins: this.#pins,
      gpio,
      inputs,
      signals,
      requests: new ChipRequests(),
      irqLine: (irq) => irqs.source(irq),
      dma: (name) => dmaBus(bus, cpu.level1, name),
      frozen: (name) => clocks.frozen(name),
      runs: (name) => clocks.runs(name),
      onClockChange: (changed) => clocks.add(changed),
      listenersChanged: () => clocks.listenersChanged(),
      cached: (hz) => clocks.cached(hz),
      sleeping: () => cpu.sleeping,
      onMappingChange: () => bus.refreshLent(),
      messages: this.#rams.messages,
      onReset: (cause) => this.requestReset(cause),
    };
  }

  #connectSignals(system: SystemPeripherals): void {
    const { timeline, signals, clocks } = this.#frame;
    connectSystemPins({ gpio: this.gpio, inputs: this.#pins.inputs, rtc: this.rtc, pwr: this.pwr });
    connectLptimOutputs(this.exti, signals);
    const outputs = connectClockOutputs(timeline, this.#pins, this.rcc, this.rtc.output);
    clocks.add(outputs.clocksChanged);
    system.onRtcOut = outputs.rtcOutChanged;
  }
}

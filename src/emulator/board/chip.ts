/** The STM32H750 or H743: core, memories and peripherals, wired. What is outside its pins is the board's business. */

import type { BusDevice, InterruptLine } from "../bus.js";
import { CortexM7 } from "../cpu/core.js";
import { SystemBus } from "../cpu/memory/system-bus.js";
import { Dbgmcu, type FrozenName } from "../peripherals/dbgmcu.js";
import { type D3ClearSource, Exti } from "../peripherals/exti.js";
import { Gpio, type PortLetter } from "../peripherals/gpio.js";
import type { Picture } from "../peripherals/graphics/ltdc-picture.js";
import { Flash } from "../peripherals/internal-flash/flash.js";
import type { OtgFs } from "../peripherals/otg/otg-fs.js";
import { Pwr } from "../peripherals/pwr/pwr.js";
import { WAKE_UP_PINS } from "../peripherals/pwr/pwr-wakeup.js";
import { QuadSpi } from "../peripherals/quadspi/quadspi.js";
import { Crs } from "../peripherals/rcc/crs.js";
import { Rcc } from "../peripherals/rcc/rcc.js";
import type { ResetName } from "../peripherals/rcc/rcc-registers.js";
import type { SystemResetCause } from "../peripherals/rcc/rcc-reset-cause.js";
import { Rtc } from "../peripherals/rtc/rtc.js";
import { Syscfg } from "../peripherals/syscfg.js";
import type { Tim } from "../peripherals/timers/tim.js";
import type { Usart } from "../peripherals/usart/usart.js";
import { Iwdg } from "../peripherals/watchdogs/iwdg.js";
import { boot } from "./boot.js";
import { ChipBusTiming } from "./bus-timing.js";
import { type MappedMemories, mapExternalMemory, mapMemories } from "./chip-memories.js";
import type { ChipOptions } from "./chip-options.js";
import type { ChipPart } from "./chip-part.js";
import { ClockFollowers } from "./clock-followers.js";
import { type ClockPins, type ClockPinsOptions, clockOutputs, rtcOutputs } from "./clock-pins.js";
import { connectedPeripherals } from "./connected-peripherals.js";
import { connectLptimOutputs, coreLine, lpuartSides } from "./d3-signals.js";
import { dmaBus } from "./dma-bus.js";
import { ChipRequests } from "./dma-requests.js";
import { dmaControllers } from "./dma-wiring.js";
import { DomainStandby, type LossyDomain } from "./domain-standby.js";
import { EXTI_GROUPS, EXTI_LINE } from "./exti-lines.js";
import { InternalSignals } from "./internal-signals.js";
import { LowPower } from "./low-power.js";
import { ADDRESS, domainOf, IRQ, SIZE } from "./memory-map.js";
import { PinInputs } from "./pin-inputs.js";
import { mapReservedSpace } from "./reserved-space.js";
import { serialPorts, type TimerName, timers } from "./serial-and-timers.js";
import { SharedLines } from "./shared-lines.js";
import { simplePeripherals } from "./simple-peripherals.js";
import { storedPeripherals } from "./stored-peripherals.js";
import { SystemBreak } from "./system-break.js";
import { connectSystemPins } from "./system-pins.js";
import { TimerWiring } from "./timer-wiring.js";
import { usbCore } from "./usb-cores.js";
import { WatchdogHold } from "./watchdog-hold.js";

/** RAMs, each rounded up to a page. */
export const CHIP_BYTES = 2 << 20;

export const PORTS: readonly PortLetter[] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K"];

/** What the core has in Stop for a debugger. */
const HSI_HZ = 64e6;
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
  readonly lowPower: LowPower;
  readonly #domains: DomainStandby;
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly serial = new Map<string, Usart>();

  readonly #options: ChipOptions;
  readonly #signals = new InternalSignals();
  readonly #irqs = new SharedLines((irq) =>
    coreLine(irq, this.cpu.irqLine(irq), { exti: this.exti, signals: this.#signals }),
  );
  readonly #rams: MappedMemories;
  /** What a system reset puts into its reset state, besides RCC and the core, and a loss of its domain's supply as well. */
  readonly #resettable: { readonly domain: "D1" | "D2" | "D3"; readonly reset: () => void }[] = [];
  readonly #clocks = new ClockFollowers({
    rcc: () => this.rcc,
    dbgmcu: () => this.dbgmcu,
    asleep: () => this.lowPower.asleep,
    coreStopped: () => this.lowPower.coreStopped,
  });
  readonly #busTiming: ChipBusTiming | undefined;
  #wakeUpLines: readonly InterruptLine[] | undefined;
  readonly #requests = new ChipRequests();
  readonly #pinInputs: PinInputs | undefined;
  readonly #break = new SystemBreak(
    () => this.syscfg.registers.get("CFGR"),
    (name) => this.#timer(name),
  );
  /** EXTI line 18: tampers and time stamps, or a failure of LSE. */
  readonly #backupEvents = { tamper: false, lse: false };
  #timer: (name: string) => Tim | undefined = () => undefined;
  #timerWiring: TimerWiring | undefined;
  #clockPins: readonly ClockPins[] = [];
  #rtcOutChanged: () => void = () => {};
  #picture: () => Picture | undefined = () => undefined;
  #cpuHz = 0;
  #coreClocked = true;
  #coreResetWanted = false;
  readonly #watchdogHold: WatchdogHold;
  #resetting = false;
  #pendingReset: SystemResetCause | undefined;

  constructor(options: ChipOptions) {
    this.#options = options;
    const { log, timeline } = options;
    this.bus = new SystemBus(options.memory);
    if (options.timeModel === true)
      this.#busTiming = new ChipBusTiming(
        () => this.rcc.clockTree,
        () => this.flash.timing.waitStates,
      );
    this.cpu = new CortexM7({
      bus: this.bus,
      timeline,
      log,
      onSystemReset: () => this.requestReset("software"),
      onLockup: () => {
        log.note("the core is locked up: only a reset gets it out");
        this.#break.set("lockup", true);
      },
      ...(options.engine === undefined ? {} : { engine: options.engine }),
      strictCaches: options.strictCaches === true,
      busTiming: this.#busTiming,
    });
    this.flash = this.#makeFlash();
    this.rcc = this.#makeRcc();
    this.pwr = this.#makePwr();
    this.syscfg = this.#makeSyscfg();
    this.rtc = this.#makeRtc();
    this.crs = this.#makeCrs();
    this.iwdg = this.#makeIwdg();
    this.#watchdogHold = new WatchdogHold(this.iwdg, () => this.flash.optionBytes.OPTSR);
    this.#domains = new DomainStandby({
      pwr: this.pwr,
      rcc: this.rcc,
      onLoss: (domain) => this.#loseDomain(domain),
    });
    this.lowPower = new LowPower({
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
      onSleep: () => this.#clocks.sleepChanged(),
      onStandbyExit: () => this.requestReset("standby"),
      resetsInstead: (mode) => (this.flash.optionBytes.OPTSR & RESET_INSTEAD[mode]) === 0,
      onReset: () => this.requestReset("lowPower"),
    });
    this.exti = this.#makeExti();
    this.dbgmcu = this.#makeDbgmcu();
    this.cpu.debug.onFreeze = (frozen) => {
      this.#watchdogHold.debugger(frozen && this.dbgmcu.freezes("IWDG1"));
      this.#clocks.freeze(frozen);
    };
    this.gpio = this.#makeGpio();
    this.#pinInputs = new PinInputs(this.gpio);
    connectSystemPins({ gpio: this.gpio, inputs: this.#pinInputs, rtc: this.rtc, pwr: this.pwr });
    this.quadspi = this.#makeQuadSpi();
    this.otg = this.#makeUsb("USB2_OTG_FS");
    this.otgHs = this.#makeUsb("USB1_OTG_HS");
    const { size, rights } = this.flash;
    const memories = { ...options, bus: this.bus, rcc: this.rcc, flashKib: size >>> 10, flashRights: rights };
    this.#rams = mapMemories(memories);
    this.#makeSerialAndTimers();
    const fmc = mapExternalMemory(memories);
    this.#resettable.push({ domain: "D1", reset: () => fmc.reset() });
    connectLptimOutputs(this.exti, this.#signals);
    this.#makeStored();
    mapReservedSpace(this.bus, options.log);
  }

  /** What LTDC puts onto a panel now; undefined while it is off. */
  picture(): Picture | undefined {
    return this.#picture();
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
    for (const { reset } of this.#resettable) reset();
    this.iwdg.reset(this.flash.hardwareWatchdog);
    this.#break.set("lockup", false);
    this.cpu.reset(boot(this.flash));
  }

  /** A domain was without supply. */
  #loseDomain(domain: LossyDomain): void {
    for (const ram of this.#rams.noisy) if (ram.domain === domain) this.#noise(ram.bytes);
    this.bus.refreshLent();
    for (const each of this.#resettable) if (each.domain === domain) each.reset();
    if (domain === "D1") this.flash.reset();
  }

  #noise(ram: Uint8Array): void {
    const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length >>> 2);
    const seed = Math.floor(this.#options.random() * 0xffffffff);
    for (let index = 0; index < words.length; index++) words[index] = Math.imul(index ^ seed, 0x9e3779b1);
  }

  #map(name: string, address: number, size: number, device: BusDevice): void {
    this.bus.map(address, size, device, name);
  }

  /** Maps what decides whether memories can be reached: clock gates, the flash's own controller. */
  #mapController(name: string, address: number, size: number, device: BusDevice): void {
    this.bus.map(address, size, device, name, true);
  }

  /** Maps a peripheral and has it reset with the system and by its RCC reset bit, where it has one. */
  #add<T extends BusDevice & { reset(): void }>(
    name: string,
    address: number,
    device: T,
    options: { readonly size?: number; readonly resetBit?: ResetName } = {},
  ): T {
    this.#map(name, address, options.size ?? SIZE.PERIPHERAL, device);
    this.#resettable.push({ domain: domainOf(address), reset: () => device.reset() });
    if (options.resetBit !== undefined) this.rcc.onReset(options.resetBit, () => device.reset());
    return device;
  }

  #makeFlash(): Flash {
    const { log, timeline, random, flashGeometry } = this.#options;
    const flash = new Flash({
      log,
      timeline,
      random,
      geometry: flashGeometry,
      interrupt: this.#irqs.source(IRQ.FLASH),
      memory: this.bus.memory,
      onTimingChange: () => this.rcc.checkOperatingPoint(),
      clockHz: () => this.rcc.clockTree.hclkHz,
      onRegression: () => this.#eraseBackup(),
      onDoubleError: () => this.#break.pulse("flash"),
      onSwap: () => this.bus.codeChanged(ADDRESS.FLASH_MEMORY, this.flash.size),
      onRights: () => this.bus.refreshLent(),
    });
    this.#mapController("FLASH", ADDRESS.FLASH, SIZE.FLASH, flash);
    this.#map("internal flash", ADDRESS.FLASH_MEMORY, flash.size, flash.memory);
    return flash;
  }

  /** Read protection was taken back: the other secured regions are erased as well (RM0433, "RDP protection transitions"). */
  #eraseBackup(): void {
    this.rtc.eraseBackup();
    this.#rams.backup.fill(0);
  }

  #makeRcc(): Rcc {
    const { log, timeline, hseHz, hseIsOscillator, lseHz } = this.#options;
    const rcc = new Rcc({
      log,
      timeline,
      interrupt: this.#irqs.source(IRQ.RCC),
      hseHz,
      hseIsOscillator,
      lseHz,
      backupWritable: () => this.pwr.backupWritable,
      flashTiming: () => this.flash.timing,
      voltageScale: () => this.pwr.voltageScale,
      onClockChange: () => this.#clocksChanged(),
      onGateChange: () => {
        this.#clocks.clocksChanged();
        this.#domains?.look();
      },
      onSleepGates: () => this.#clocks.sleepGatesChanged(),
      onBackupReset: () => this.rtc.backupReset(),
      onHseFailure: (failed) => {
        this.cpu.nmiLine.set(failed);
        this.#break.set("clock", failed);
      },
      onLseFailure: (failed) => this.#backupEvent("lse", failed),
    });
    rcc.onReset("CPU", () => {
      this.#coreResetWanted = true;
      this.cpu.timeline.stopSoon();
    });
    this.#mapController("RCC", ADDRESS.RCC, SIZE.PERIPHERAL, rcc);
    return rcc;
  }

  #clocksChanged(): void {
    const systemHz = this.rcc.clockTree.cpuHz;
    if (systemHz === 0 && this.coreClocked && this.lowPower.mode === "run") {
      this.#options.log.note("the system clock has stopped: nothing executes until it is back, or a reset");
    }
    this.#coreClocked = systemHz > 0;
    // In Stop the core has no clock, and nothing to count with it, unless a debugger keeps it.
    const kept = this.lowPower?.mode === "stop" && this.dbgmcu.keepsCoreClock;
    const cpuHz = kept ? HSI_HZ : systemHz;
    if (cpuHz > 0) {
      this.#busTiming?.clockChanged();
      if (cpuHz !== this.#cpuHz) this.cpu.setClockHz(cpuHz);
      this.#cpuHz = cpuHz;
    }
    this.#clocks.clocksChanged();
  }

  /** The system clock runs: else the core stands still. */
  get coreClocked(): boolean {
    return this.#coreClocked;
  }

  #backupEvent(which: "tamper" | "lse", on: boolean): void {
    this.#backupEvents[which] = on;
    this.exti?.edge(EXTI_LINE.TAMP_STAMP_CSS, this.#backupEvents.tamper || this.#backupEvents.lse);
    if (on) this.lowPower.wakeUpEvent();
  }

  #makePwr(): Pwr {
    const { log, timeline } = this.#options;
    const pwr = new Pwr({
      log,
      timeline,
      overdrive: () => this.syscfg.overdrive,
      onSupply: (low, pvd) => {
        this.exti?.edge(EXTI_LINE.PVD_AVD, low);
        this.#break.set("supply", pvd);
      },
      onWakeUp: (index, pending) => this.#wakeUpPin(index, pending),
      onDomains: () => {
        this.#domains.look();
        this.lowPower.d3Changed();
      },
      pvdInput: () => this.gpio.B.level(7),
      onVoltageChange: () => {
        if (!this.#resetting) this.rcc.checkOperatingPoint();
      },
    });
    this.#map("PWR", ADDRESS.PWR, SIZE.PERIPHERAL, pwr);
    return pwr;
  }

  #makeSyscfg(): Syscfg {
    const { log, timeline } = this.#options;
    const syscfg = new Syscfg({
      log,
      timeline,
      clocked: this.rcc.clockGate("SYSCFG"),
      optionBytes: () => this.flash.optionBytes,
      onOverdriveChange: () => this.pwr.overdriveChanged(),
      onExtiPorts: () => this.#extiPortsChanged(),
      onBreakLocks: () => this.#break.look(),
      cellClocked: () => this.rcc.clockTree.oscillatorHz("CSI") > 0,
    });
    this.#clocks.add(() => syscfg.clockChanged());
    return this.#add("SYSCFG", ADDRESS.SYSCFG, syscfg, { resetBit: "SYSCFG" });
  }

  #makeRtc(): Rtc {
    const { log, timeline } = this.#options;
    const rtc = new Rtc({
      log,
      timeline,
      clocked: this.rcc.clockGate("RTCAPB"),
      backupWritable: () => this.pwr.backupWritable,
      secured: () => this.flash.rights.shut,
      clockHz: () => (this.#clocks.frozen("RTC") ? 0 : this.rcc.rtcHz),
      onSignal: (signal, high) => {
        if (signal === "tamper") {
          this.#backupEvent("tamper", high);
          return;
        }
        this.exti.edge(signal === "alarm" ? EXTI_LINE.RTC_ALARM : EXTI_LINE.RTC_WKUP, high);
        if (signal === "wakeup") this.#signals.raise("RTC_WKUP", high);
        if (high) this.lowPower.wakeUpEvent();
      },
      onTrigger: (signal, high) => this.#signals.raise(signal, high),
      onOutput: () => this.#rtcOutChanged(),
    });
    this.#clocks.add(() => rtc.clockChanged());
    this.#map("RTC", ADDRESS.RTC, SIZE.PERIPHERAL, rtc);
    return rtc;
  }

  #makeCrs(): Crs {
    const crs = new Crs({
      log: this.#options.log,
      interrupt: this.#irqs.source(IRQ.CRS),
      clocked: this.rcc.clockGate("CRS"),
      hsi48Ready: () => this.rcc.clockTree.oscillatorHz("HSI48") > 0,
    });
    return this.#add("CRS", ADDRESS.CRS, crs, { resetBit: "CRS" });
  }

  #makeIwdg(): Iwdg {
    const { log, timeline } = this.#options;
    const iwdg = new Iwdg({
      log,
      timeline,
      onStart: () => this.rcc.forceLsi(true),
      onTimeout: () => this.requestReset("iwdg1"),
    });
    this.#map("IWDG1", ADDRESS.IWDG1, SIZE.PERIPHERAL, iwdg);
    return iwdg;
  }

  #makeExti(): Exti {
    const groups = EXTI_GROUPS.map(({ first, last, irq }) => ({ first, last, line: this.#irqs.source(irq) }));
    const exti = new Exti({
      log: this.#options.log,
      groups,
      onEdges: () => this.#awaitedChanged(),
      onEvent: () => this.#event(),
      onD3Pending: () => this.lowPower.d3Changed(),
      onTrigger: (line) => this.#signals.raise(`EXTI${line}`),
    });
    return this.#add("EXTI", ADDRESS.EXTI, exti);
  }

  #wakeUpPin(index: number, pending: boolean): void {
    this.#wakeUpLines ??= WAKE_UP_PINS.map(() => this.#irqs.source(IRQ.WAKEUP_PIN));
    this.#wakeUpLines[index]?.set(pending);
    if (!pending) return;
    this.exti.direct(EXTI_LINE.WAKE_UP_PIN1 + index);
    this.lowPower.wakeUpEvent();
  }

  /** An event for the core: it ends a WFE, or lets the next one pass. */
  #event(): void {
    this.cpu.event = true;
    this.cpu.timeline.stopSoon();
  }

  #makeDbgmcu(): Dbgmcu {
    const dbgmcu = new Dbgmcu({ log: this.#options.log });
    this.#map("DBGMCU", ADDRESS.DBGMCU, SIZE.PERIPHERAL, dbgmcu);
    this.#map("DBGMCU (debug APB)", ADDRESS.DBGMCU_DEBUG_APB, SIZE.DEBUG, dbgmcu);
    return dbgmcu;
  }

  #makeGpio(): Readonly<Record<PortLetter, Gpio>> {
    const { log, timeline } = this.#options;
    const ports = PORTS.map((port, index) => {
      const gate = `GPIO${port}` as const;
      const gpio = new Gpio({
        port,
        log,
        timeline,
        clocked: this.rcc.clockGate(gate),
        onLevel: (pin, high) => this.#pinChanged(port, index, pin, high),
        onFunction: (pin) => this.#pinInputs?.changed(port, pin),
      });
      return [port, this.#add(gate, ADDRESS.GPIOA + index * 0x400, gpio, { resetBit: gate })] as const;
    });
    return Object.fromEntries(ports) as Record<PortLetter, Gpio>;
  }

  #pinChanged(port: PortLetter, index: number, pin: number, high: boolean): void {
    if (this.syscfg.extiPort(pin) === index) this.exti.edge(pin, high);
    this.#pinInputs?.level(port, pin, high);
  }

  #makeQuadSpi(): QuadSpi {
    const { log, timeline, flashChip, flashLines, lendFlashPair, timeModel } = this.#options;
    const quadspi = new QuadSpi({
      log,
      timeline,
      interrupt: this.#irqs.source(IRQ.QUADSPI),
      clocked: this.rcc.clockGate("QUADSPI"),
      kernelHz: this.#clocks.cached(() => this.rcc.clockTree.kernelHz("QUADSPI")),
      chip: flashChip,
      lines: flashLines,
      lendPair: lendFlashPair,
      onMappingChange: () => this.bus.refreshLent(),
      windowTakesTime: timeModel === true,
    });
    this.#map("QUADSPI window", ADDRESS.QUADSPI_WINDOW, SIZE.QUADSPI_WINDOW, quadspi.window);
    return this.#add("QUADSPI", ADDRESS.QUADSPI, quadspi, { size: SIZE.QUADSPI, resetBit: "QUADSPI" });
  }

  #makeUsb(name: "USB2_OTG_FS" | "USB1_OTG_HS"): OtgFs {
    const { log, timeline } = this.#options;
    const { address, device, size, resetBit } = usbCore(name, {
      cached: (hz) => this.#clocks.cached(hz),
      log,
      timeline,
      rcc: this.rcc,
      irqLine: (irq) => this.#irqs.source(irq),
      extiRequest: (line) => this.exti.direct(line),
      busOf: (master) => dmaBus(this.bus, this.cpu.level1, master),
      vdd33Ready: () => this.pwr.usbReady,
      hasAlternateFunction: (port, pin, af) => this.hasAlternateFunction(port, pin, af),
      sleeping: () => this.cpu.sleeping,
    });
    return this.#add(name, address, device, { size, resetBit });
  }

  /** Is the pin in this alternate function now? */
  hasAlternateFunction(port: PortLetter, pin: number, af: number): boolean {
    const { mode, alternateFunction } = this.gpio[port].pinFunction(pin);
    return mode === "alternate" && alternateFunction === af;
  }

  #makeSerialAndTimers(): void {
    const { log, timeline, onSerial, random, sdCard, spiDevice, i2cDevice } = this.#options;
    const requests = this.#requests;
    const irqLine = (irq: number): InterruptLine => this.#irqs.source(irq);
    const { level1 } = this.cpu;
    const inputs = this.#pinInputs as PinInputs;
    const wiring = {
      gpio: this.gpio,
      inputs,
      signals: this.#signals,
      edge: (line: number, high: boolean) => this.exti.edge(line, high),
      onClockChange: (changed: () => void) => this.#clocks.add(changed),
      cached: (hz: () => number) => this.#clocks.cached(hz),
      log,
      timeline,
      rcc: this.rcc,
      irqLine,
      requests,
      frozen: (name: FrozenName) => this.#clocks.frozen(name),
      onLpuart: lpuartSides(() => this.exti, this.#signals),
      endD3Events: (source: D3ClearSource) => this.exti.clearD3(source),
      bus: this.bus,
      level1,
      dma: (name: string) => dmaBus(this.bus, level1, name),
      messages: this.#rams.messages,
      onDisplay: (picture: () => Picture | undefined) => {
        this.#picture = picture;
      },
      random,
      switchOpen: (pad: string) => this.syscfg.switchOpen(pad),
      quadspi: this.quadspi,
      sdCard,
      spiDevice,
      i2cDevice: i2cDevice ?? (() => undefined),
      onWatchdog: () => this.requestReset("wwdg1"),
    };
    this.#addParts(simplePeripherals(wiring));
    for (const { name, address, device } of serialPorts(wiring, onSerial)) {
      this.#add(name, address, device, { resetBit: name });
      this.serial.set(name, device);
    }
    const runs = (name: TimerName) => this.#clocks.runs(name);
    const all = timers({ ...wiring, runs }, (name) => this.#timerWiring?.outputs(name));
    for (const { name, address, device } of all) {
      this.#clocks.addTimer(name, device);
      this.#add(name, address, device, { resetBit: name });
    }
    const byName = new Map<string, Tim>(all.map(({ name, device }) => [name, device]));
    const timer = (name: string): Tim | undefined => byName.get(name);
    this.#timer = timer;
    const awaited = (port: PortLetter, pin: number): boolean =>
      this.exti.awaits(pin) && PORTS[this.syscfg.extiPort(pin)] === port;
    this.#timerWiring = new TimerWiring({ gpio: this.gpio, inputs, timer, awaited });
    this.#connectSignals({ timeline, gpio: this.gpio, inputs, awaited });
    this.#addParts([...connectedPeripherals({ ...wiring, timer }), ...dmaControllers({ ...wiring, timer })]);
  }

  /** What changes by itself at pins: the clock outputs and RTC_OUT. */
  #connectSignals(options: ClockPinsOptions): void {
    const clocks = clockOutputs({ ...options, mcoHz: (n) => this.rcc.clockTree.mcoHz(n) });
    const rtc = rtcOutputs(options, this.rtc.output);
    this.#clocks.add(() => {
      for (const each of clocks) each.changed();
    });
    this.#rtcOutChanged = rtc.changed;
    this.#clockPins = [...clocks, ...rtc.pins];
  }

  /** Others wait for edges at pins than before. */
  /** EXTI looks at other pins now: it sees their levels. */
  #extiPortsChanged(): void {
    for (let pin = 0; pin < 16; pin++) {
      const port = PORTS[this.syscfg.extiPort(pin)];
      if (port !== undefined) this.exti.edge(pin, this.gpio[port].level(pin));
    }
    this.#awaitedChanged();
  }

  #awaitedChanged(): void {
    this.#timerWiring?.awaitedChanged();
    for (const each of this.#clockPins) each.schedule();
  }

  #addParts(parts: readonly ChipPart[]): void {
    for (const { name, address, device, size = SIZE.PERIPHERAL, resetBit } of parts) {
      this.#add(name, address, device, { size, ...(resetBit === undefined ? {} : { resetBit }) });
    }
  }

  #makeStored(): void {
    this.#addParts(storedPeripherals({ log: this.#options.log, rcc: this.rcc }));
  }
}

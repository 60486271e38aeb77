/** The STM32H750 or H743: core, memories and peripherals, wired. What is outside its pins is the board's business. */

import type { BusDevice, EmulatorLog, InterruptLine } from "../bus.js";
import { CortexM7, type Engine } from "../cpu/core.js";
import { Ram } from "../cpu/memory.js";
import { SystemBus } from "../cpu/system-bus.js";
import type { GuestMemory } from "../guest-memory.js";
import { Crc } from "../peripherals/crc.js";
import { Crs } from "../peripherals/crs.js";
import { Dbgmcu } from "../peripherals/dbgmcu.js";
import { DeviceSignature, SIGNATURE_BYTES } from "../peripherals/device-signature.js";
import { Exti } from "../peripherals/exti.js";
import { Flash } from "../peripherals/flash.js";
import type { FlashGeometry } from "../peripherals/flash-geometry.js";
import { EmptyBank, Fmc, Sdram } from "../peripherals/fmc.js";
import { Gpio, type PortLetter } from "../peripherals/gpio.js";
import { Hash } from "../peripherals/hash.js";
import { Iwdg } from "../peripherals/iwdg.js";
import { OtgFs } from "../peripherals/otg-fs.js";
import { Pwr } from "../peripherals/pwr.js";
import { WAKE_UP_PINS } from "../peripherals/pwr-wakeup.js";
import { QuadSpi, type QuadSpiOptions } from "../peripherals/quadspi.js";
import { Rcc, type SystemResetCause } from "../peripherals/rcc.js";
import type { ResetName } from "../peripherals/rcc-registers.js";
import { Rng } from "../peripherals/rng.js";
import { Rtc, type RtcSignal } from "../peripherals/rtc.js";
import { TAMPER_PINS } from "../peripherals/rtc-tamper.js";
import { Syscfg } from "../peripherals/syscfg.js";
import type { Tim } from "../peripherals/tim.js";
import type { Usart } from "../peripherals/usart.js";
import { Wwdg } from "../peripherals/wwdg.js";
import type { SdCardPort } from "../sd-port.js";
import type { Timeline } from "../timeline.js";
import { ChipBusTiming } from "./bus-timing.js";
import { type ChipPart, connectedPeripherals } from "./connected-peripherals.js";
import { dmaBus } from "./dma-bus.js";
import { ChipRequests } from "./dma-requests.js";
import { dmaControllers } from "./dma-wiring.js";
import { GatedRam } from "./gated-ram.js";
import { InternalSignals } from "./internal-signals.js";
import { LowPower } from "./low-power.js";
import { ADDRESS, IRQ, SIZE } from "./memory-map.js";
import { PinInputs } from "./pin-inputs.js";
import { mapReservedSpace } from "./reserved-space.js";
import { type SerialPortName, serialPorts, type TimerName, timers } from "./serial-and-timers.js";
import { SharedLines } from "./shared-lines.js";
import { storedPeripherals } from "./stored-peripherals.js";
import { SystemMemory } from "./system-memory.js";
import { TimerWiring } from "./timer-wiring.js";

export interface ChipOptions {
  readonly timeline: Timeline;
  /** Of the internal flash. */
  readonly flashGeometry: FlashGeometry;
  /** Where the memories lie; the internal flash and `CHIP_BYTES` of it are the chip's own. */
  readonly memory: GuestMemory;
  readonly log: EmulatorLog;
  /** Numbers in [0, 1): RAM content at power-on, noise, what a power cut leaves. */
  readonly random: () => number;
  /** 12 bytes as at 0x1FF1_E800. */
  readonly uniqueId: Uint8Array;
  /** Crystals and oscillators of the board, Hz; undefined: none. */
  readonly hseHz: number | undefined;
  readonly hseIsOscillator: boolean;
  readonly lseHz: number | undefined;
  /** The flash chip at the QUADSPI pins as they are muxed now. */
  readonly flashChip: QuadSpiOptions["chip"];
  /** The card in SDMMC1's slot. */
  readonly sdCard: () => SdCardPort | undefined;
  readonly flashLines: NonNullable<QuadSpiOptions["lines"]>;
  /** A byte left a serial port: "USART1". */
  readonly onSerial: (port: SerialPortName, byte: number) => void;
  /** A missing clean or invalidate of a cache shows. */
  readonly engine?: Engine | undefined;
  readonly strictCaches?: boolean | undefined;
  /** Instructions and the QUADSPI window take the time of a model of the chip. */
  readonly timeModel?: boolean | undefined;
}

/** RAMs, each rounded up to a page. */
export const CHIP_BYTES = 2 << 20;

export const PORTS: readonly PortLetter[] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K"];

const EXTI_GROUPS = [
  { first: 0, last: 0, irq: IRQ.EXTI0 },
  { first: 1, last: 1, irq: IRQ.EXTI1 },
  { first: 2, last: 2, irq: IRQ.EXTI2 },
  { first: 3, last: 3, irq: IRQ.EXTI3 },
  { first: 4, last: 4, irq: IRQ.EXTI4 },
  { first: 5, last: 9, irq: IRQ.EXTI9_5 },
  { first: 10, last: 15, irq: IRQ.EXTI15_10 },
  { first: 16, last: 16, irq: IRQ.PVD_AVD },
  { first: 17, last: 17, irq: IRQ.RTC_ALARM },
  { first: 18, last: 18, irq: IRQ.TAMP_STAMP },
  { first: 19, last: 19, irq: IRQ.RTC_WKUP },
  { first: 20, last: 21, irq: IRQ.COMP },
];
/** Lines whose edges come from inside the chip (RM0433, table "EXTI Event input mapping"). */
const EXTI_LINE = { PVD_AVD: 16, WAKE_UP_PIN1: 55 } as const;
const RTC_LINES: Readonly<Record<RtcSignal, number>> = { alarm: 17, tamper: 18, wakeup: 19 };

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
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly serial = new Map<string, Usart>();

  readonly #options: ChipOptions;
  readonly #irqs = new SharedLines((irq) => this.cpu.irqLine(irq));
  readonly #rams: Uint8Array[] = [];
  /** What a system reset puts into its reset state, besides RCC and the core. */
  readonly #resettable: (() => void)[] = [];
  /** What counts with a clock of its own and must hear of changes. */
  readonly #clocked: (() => void)[] = [];
  readonly #busTiming: ChipBusTiming | undefined;
  #timers: readonly { readonly name: TimerName; readonly device: Tim }[] = [];
  /** What has no clock while the core sleeps. */
  #stopsInSleep: readonly (() => void)[] = [];
  #frozen = false;
  #wakeUpLines: readonly InterruptLine[] | undefined;
  readonly #signals = new InternalSignals();
  readonly #requests = new ChipRequests();
  readonly #pinInputs: PinInputs | undefined;
  #timerWiring: TimerWiring | undefined;
  #cpuHz = 0;
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
      onLockup: () => log.note("the core is locked up: only a reset gets it out"),
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
    this.lowPower = new LowPower({
      cpu: this.cpu,
      rcc: this.rcc,
      pwr: this.pwr,
      log,
      onSleep: () => {
        for (const changed of this.#stopsInSleep) changed();
      },
      onStandbyExit: () => this.requestReset("standby"),
    });
    this.exti = this.#makeExti();
    this.dbgmcu = this.#makeDbgmcu();
    this.cpu.debug.onFreeze = (frozen) => this.#freeze(frozen);
    this.gpio = this.#makeGpio();
    this.#pinInputs = new PinInputs(this.gpio);
    TAMPER_PINS.forEach((pin, index) => {
      const feed = (level: boolean | undefined): void => this.rtc.tamper.level(index, level ?? false);
      this.#pinInputs?.add(pin, { af: undefined, feed });
    });
    WAKE_UP_PINS.forEach((pin, index) => {
      const feed = (level: boolean | undefined): void => this.pwr.wakeUpPins.level(index, level ?? false);
      this.#pinInputs?.add(pin, { af: undefined, feed });
    });
    this.quadspi = this.#makeQuadSpi();
    this.otg = this.#makeOtg();
    this.otgHs = this.#makeOtgHs();
    this.#mapMemories();
    this.#makeSimple();
    this.#makeSerialAndTimers();
    this.#makeExternalMemory();
    this.#makeStored();
    mapReservedSpace(this.bus, options.log);
  }

  /** Asks for a system reset; it happens before the next instruction. */
  requestReset(cause: SystemResetCause): void {
    this.#pendingReset ??= cause;
    this.cpu.timeline.stopSoon();
  }

  /** Carries out a reset that was asked for. */
  applyReset(): void {
    const cause = this.#pendingReset;
    if (cause === undefined) return;
    this.#pendingReset = undefined;
    this.#reset(() => {
      this.pwr.systemReset();
      this.rcc.systemReset(cause);
      this.rtc.systemReset();
    });
    if (cause === "standby") this.pwr.leftStandby();
  }

  /** Power comes back: RAM holds noise. @param backupLost VBAT was gone too. */
  powerOn(backupLost: boolean): void {
    this.#pendingReset = undefined;
    for (const ram of this.#rams) this.#noise(ram);
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
    this.syscfg.reset();
    this.flash.reset();
    powerAndClocks();
    this.#resetting = false;
    for (const reset of this.#resettable) reset();
    this.iwdg.reset(this.flash.hardwareWatchdog);
    this.cpu.reset(this.flash.bootAddress(false));
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
    this.#resettable.push(() => device.reset());
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
    });
    this.#mapController("FLASH", ADDRESS.FLASH, SIZE.FLASH, flash);
    this.#map("internal flash", ADDRESS.FLASH_MEMORY, flash.size, flash.memory);
    return flash;
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
        for (const changed of this.#clocked) changed();
      },
      onSleepGates: () => this.#sortOutSleepers(),
      onBackupReset: () => this.rtc.backupReset(),
    });
    this.#mapController("RCC", ADDRESS.RCC, SIZE.PERIPHERAL, rcc);
    return rcc;
  }

  #clocksChanged(): void {
    const { cpuHz } = this.rcc.clockTree;
    if (cpuHz === 0) {
      for (const changed of this.#clocked) changed();
      return;
    }
    this.#busTiming?.clockChanged();
    if (cpuHz !== this.#cpuHz) this.cpu.setClockHz(cpuHz);
    this.#cpuHz = cpuHz;
    for (const changed of this.#clocked) changed();
  }

  #makePwr(): Pwr {
    const { log, timeline } = this.#options;
    const pwr = new Pwr({
      log,
      timeline,
      overdrive: () => this.syscfg.overdrive,
      onSupply: (low) => this.exti?.edge(EXTI_LINE.PVD_AVD, low),
      onWakeUp: (index, pending) => this.#wakeUpPin(index, pending),
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
      onExtiPorts: () => this.#timerWiring?.awaitedChanged(),
    });
    return this.#add("SYSCFG", ADDRESS.SYSCFG, syscfg, { resetBit: "SYSCFG" });
  }

  #makeRtc(): Rtc {
    const { log, timeline } = this.#options;
    const rtc = new Rtc({
      log,
      timeline,
      clocked: this.rcc.clockGate("RTCAPB"),
      backupWritable: () => this.pwr.backupWritable,
      clockHz: () => (this.rcc.rtcEnabled ? this.rcc.clockTree.kernelHz("RTC") : 0),
      onSignal: (signal, high) => {
        this.exti.edge(RTC_LINES[signal], high);
        if (signal === "wakeup") this.#signals.raise("RTC_WKUP", high);
        if (high) this.lowPower.wakeUpEvent();
      },
    });
    this.#clocked.push(() => rtc.clockChanged());
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
      onEdges: () => this.#timerWiring?.awaitedChanged(),
      onEvent: () => this.#event(),
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

  #freeze(frozen: boolean): void {
    this.#frozen = frozen;
    this.iwdg.freeze(frozen && this.dbgmcu.freezes("IWDG1"));
    for (const changed of this.#clocked) changed();
  }

  /** Whether a timer's clock runs. */
  #runs(name: TimerName): () => boolean {
    const gate = this.rcc.clockGate(name);
    const whileAsleep = this.rcc.sleepClockGate(name);
    return () =>
      gate() && (!this.lowPower.asleep || whileAsleep()) && !(this.#frozen && this.dbgmcu.freezes(name));
  }

  /** Most programs leave all clocks on while the core sleeps; then nobody has to hear of its sleep. */
  #sortOutSleepers(): void {
    this.#stopsInSleep = this.#timers
      .filter(({ name }) => !this.rcc.sleepClockGate(name)())
      .map(
        ({ device }) =>
          () =>
            device.clockChanged(),
      );
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
    const { log, timeline, flashChip, flashLines, timeModel } = this.#options;
    const quadspi = new QuadSpi({
      log,
      timeline,
      interrupt: this.#irqs.source(IRQ.QUADSPI),
      clocked: this.rcc.clockGate("QUADSPI"),
      kernelHz: () => this.rcc.clockTree.kernelHz("QUADSPI"),
      chip: flashChip,
      lines: flashLines,
      onMappingChange: () => this.bus.refreshLent(),
      windowTakesTime: timeModel === true,
    });
    this.#map("QUADSPI window", ADDRESS.QUADSPI_WINDOW, SIZE.QUADSPI_WINDOW, quadspi.window);
    return this.#add("QUADSPI", ADDRESS.QUADSPI, quadspi, { size: SIZE.QUADSPI, resetBit: "QUADSPI" });
  }

  #makeOtg(): OtgFs {
    const { log, timeline } = this.#options;
    const tree = this.rcc.clockTree;
    const coreWhileAsleep = this.rcc.sleepClockGate("USB2OTG");
    const ulpiWhileAsleep = this.rcc.sleepClockGate("USB2OTGULPI");
    const otg = new OtgFs({
      bus: dmaBus(this.bus, this.cpu.level1, "USB2_OTG_FS"),
      log,
      timeline,
      irq: this.#irqs.source(IRQ.OTG_FS),
      clocked: this.rcc.clockGate("USB2OTG"),
      usbClockHz: () => tree.kernelHz("USB"),
      vdd33Ready: () => this.pwr.usbReady,
      pinsReady: () => [11, 12].every((pin) => this.hasAlternateFunction("A", pin, 10)),
      pins: "PA11 and PA12 are not in alternate function 10",
      hclkHz: () => tree.hclkHz,
      // Boards that sense VBUS have it on PA9; where PA9 is a console's output instead, nobody asks for it.
      vbusWired: true,
      stalledBySleep: () => this.cpu.sleeping && (!coreWhileAsleep() || ulpiWhileAsleep()),
    });
    return this.#add("USB2_OTG_FS", ADDRESS.USB2_OTG_FS, otg, { size: SIZE.USB, resetBit: "USB2OTG" });
  }

  /** USB1_OTG_HS: the same core, used as full-speed device on PB14 and PB15; ULPI is absent. */
  #makeOtgHs(): OtgFs {
    const { log, timeline } = this.#options;
    const tree = this.rcc.clockTree;
    const coreWhileAsleep = this.rcc.sleepClockGate("USB1OTG");
    const ulpiWhileAsleep = this.rcc.sleepClockGate("USB1OTGULPI");
    const otg = new OtgFs({
      name: "USB1_OTG_HS",
      bus: dmaBus(this.bus, this.cpu.level1, "USB1_OTG_HS"),
      log,
      timeline,
      irq: this.#irqs.source(IRQ.OTG_HS),
      clocked: this.rcc.clockGate("USB1OTG"),
      usbClockHz: () => tree.kernelHz("USB"),
      vdd33Ready: () => this.pwr.usbReady,
      pinsReady: () => [14, 15].every((pin) => this.hasAlternateFunction("B", pin, 12)),
      pins: "PB14 and PB15 are not in alternate function 12",
      hclkHz: () => tree.hclkHz,
      stalledBySleep: () => this.cpu.sleeping && (!coreWhileAsleep() || ulpiWhileAsleep()),
    });
    return this.#add("USB1_OTG_HS", ADDRESS.USB1_OTG_HS, otg, { size: SIZE.USB, resetBit: "USB1OTG" });
  }

  /** Is the pin in this alternate function now? */
  hasAlternateFunction(port: PortLetter, pin: number, af: number): boolean {
    const { mode, alternateFunction } = this.gpio[port].pinFunction(pin);
    return mode === "alternate" && alternateFunction === af;
  }

  #mapMemories(): void {
    const { log, uniqueId, memory } = this.#options;
    const gated = (name: "SRAM1" | "SRAM2" | "SRAM3" | "BKPRAM", size: number) =>
      new GatedRam(name, new Ram(size, memory), this.rcc.clockGate(name), log);
    const signature = new DeviceSignature({ log, uniqueId, flashKib: this.flash.size >>> 10 });
    this.#map("device signature", ADDRESS.DEVICE_SIGNATURE, SIGNATURE_BYTES, signature);
    for (const name of ["ITCM", "DTCM", "AXI_SRAM", "SRAM4"] as const) {
      const ram = new Ram(SIZE[name], memory);
      this.#rams.push(ram.readable);
      this.#map(name, ADDRESS[name], SIZE[name], ram);
    }
    for (const name of ["SRAM1", "SRAM2", "SRAM3"] as const) {
      const ram = gated(name, SIZE[name]);
      this.#rams.push(ram.bytes);
      this.#map(name, ADDRESS[name], SIZE[name], ram);
      this.#map(`${name} (AXI)`, ADDRESS[`${name}_AXI`], SIZE[name], ram);
    }
    this.#map("system memory", ADDRESS.SYSTEM_MEMORY, SIZE.SYSTEM_MEMORY, new SystemMemory(log));
    const messages = new Ram(SIZE.FDCAN_MESSAGE_RAM);
    this.#map(
      "FDCAN message RAM",
      ADDRESS.FDCAN_MESSAGE_RAM,
      SIZE.FDCAN_MESSAGE_RAM,
      new GatedRam("FDCAN message RAM", messages, this.rcc.clockGate("FDCAN"), log),
    );
    this.#map("backup SRAM", ADDRESS.BACKUP_SRAM, SIZE.BACKUP_SRAM, gated("BKPRAM", SIZE.BACKUP_SRAM));
  }

  #makeSimple(): void {
    const { log, timeline, random } = this.#options;
    const tree = this.rcc.clockTree;
    const gate = this.rcc.clockGate.bind(this.rcc);
    const hclkHz = (): number => tree.hclkHz;
    this.#add("CRC", ADDRESS.CRC, new Crc({ log, clocked: gate("CRC") }), { resetBit: "CRC" });
    const wwdg = new Wwdg({
      log,
      timeline,
      interrupt: this.#irqs.source(IRQ.WWDG1),
      clocked: gate("WWDG1"),
      pclkHz: () => tree.pclkHz(3),
      resetsSystem: () => this.rcc.windowWatchdogResets,
      onTimeout: () => this.requestReset("wwdg1"),
    });
    this.#add("WWDG1", ADDRESS.WWDG1, wwdg);
    const hash = new Hash({
      log,
      timeline,
      interrupt: this.#irqs.source(IRQ.HASH_RNG),
      clocked: gate("HASH"),
      hclkHz,
      request: this.#requests.signal("HASH_IN"),
    });
    this.#requests.onEnd("HASH_IN", () => hash.transferred());
    this.#add("HASH", ADDRESS.HASH, hash, { resetBit: "HASH" });
    const rng = new Rng({
      log,
      timeline,
      interrupt: this.#irqs.source(IRQ.HASH_RNG),
      clocked: gate("RNG"),
      kernelHz: () => tree.kernelHz("RNG"),
      hclkHz,
      random32: () => Math.floor(random() * 2 ** 32),
    });
    this.#clocked.push(() => rng.clockChanged());
    this.#add("RNG", ADDRESS.RNG, rng, { resetBit: "RNG" });
  }

  #makeSerialAndTimers(): void {
    const { log, timeline, onSerial, random, sdCard } = this.#options;
    const requests = this.#requests;
    const irqLine = (irq: number): InterruptLine => this.#irqs.source(irq);
    const { level1 } = this.cpu;
    const inputs = this.#pinInputs as PinInputs;
    const wiring = {
      gpio: this.gpio,
      inputs,
      signals: this.#signals,
      edge: (line: number, high: boolean) => this.exti.edge(line, high),
      onClockChange: (changed: () => void) => this.#clocked.push(changed),
      log,
      timeline,
      rcc: this.rcc,
      irqLine,
      requests,
      bus: this.bus,
      level1,
      random,
      quadspi: this.quadspi,
      sdCard,
    };
    for (const { name, address, device } of serialPorts(wiring, onSerial)) {
      this.#add(name, address, device, { resetBit: name });
      this.serial.set(name, device);
    }
    const runs = (name: TimerName) => this.#runs(name);
    const all = timers({ ...wiring, runs }, (name) => this.#timerWiring?.outputs(name));
    for (const { name, address, device } of all) {
      this.#clocked.push(() => device.clockChanged());
      this.#add(name, address, device, { resetBit: name });
    }
    this.#timers = all;
    const byName = new Map<string, Tim>(all.map(({ name, device }) => [name, device]));
    const timer = (name: string): Tim | undefined => byName.get(name);
    this.#timerWiring = new TimerWiring({
      gpio: this.gpio,
      inputs,
      timer,
      awaited: (port, pin) => this.exti.awaits(pin) && PORTS[this.syscfg.extiPort(pin)] === port,
    });
    this.#addParts([...connectedPeripherals({ ...wiring, timer }), ...dmaControllers({ ...wiring, timer })]);
  }

  #addParts(parts: readonly ChipPart[]): void {
    for (const { name, address, device, size = SIZE.PERIPHERAL, resetBit } of parts) {
      this.#add(name, address, device, { size, ...(resetBit === undefined ? {} : { resetBit }) });
    }
  }

  #makeExternalMemory(): void {
    const { log, memory } = this.#options;
    const fmc = new Fmc({
      log,
      clocked: this.rcc.clockGate("FMC"),
      onMappingChange: () => this.bus.refreshLent(),
    });
    this.#mapController("FMC", ADDRESS.FMC, SIZE.FMC, fmc);
    this.#resettable.push(() => fmc.reset());
    this.rcc.onReset("FMC", () => fmc.reset());
    this.#map("FMC NOR/PSRAM", ADDRESS.FMC_NOR, SIZE.FMC_BANK, new EmptyBank(fmc, "FMC NOR/PSRAM", log));
    this.#map("FMC NAND", ADDRESS.FMC_NAND, SIZE.FMC_BANK, new EmptyBank(fmc, "FMC NAND", log));
    this.#map("SDRAM bank 1", ADDRESS.SDRAM1, SIZE.FMC_BANK, new Sdram(fmc, 1, log, memory));
    this.#map("SDRAM bank 2", ADDRESS.SDRAM2, SIZE.FMC_BANK, new Sdram(fmc, 2, log, memory));
  }

  #makeStored(): void {
    this.#addParts(storedPeripherals({ log: this.#options.log, rcc: this.rcc }));
  }
}

/** RCC: reset and clock control of the STM32H750 (RM0433, chapter RCC). */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { ClockTree, type Oscillator, type PllNumber } from "./clock-tree.js";
import { operatingPointFaults, type VoltageScale } from "./operating-point.js";
import { PLLS, Plls } from "./rcc-plls.js";
import {
  ENABLE_BITS,
  type Gate,
  type GateRegister,
  keys,
  type RccRegister,
  type RccWriteHooks,
  RESET_BITS,
  type ResetName,
  type ResetRegister,
  rccRegisters,
  SLEEP_BITS,
  type SleepGate,
  type SleepRegister,
} from "./rcc-registers.js";
import { SOURCE_NAMES, SOURCES, type SourceName } from "./rcc-sources.js";

/** LSERDY waits for 4096 cycles of a steady oscillation. */
const LSE_COUNT_NS = 125e6;

export interface RccOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  /** Frequency at OSC_IN in Hz; undefined: nothing is connected and HSE never gets ready. */
  readonly hseHz?: number | undefined;
  /** True: OSC_IN is driven by an oscillator; false: a crystal, which needs HSEBYP = 0 (default). */
  readonly hseIsOscillator?: boolean;
  /** Frequency of the LSE crystal in Hz; undefined: none. */
  readonly lseHz?: number | undefined;
  /** PWR_CR1.DBP: may the backup domain be written? */
  readonly backupWritable: () => boolean;
  /** FLASH_ACR. */
  readonly flashTiming: () => { readonly waitStates: number; readonly programmingDelay: number };
  /** The voltage scale that the regulator delivers now. */
  readonly voltageScale: () => VoltageScale;
  /** Called after anything changed that may change a frequency. */
  readonly onClockChange: (tree: ClockTree) => void;
  /** A peripheral's clock gate (RCC_xxxENR) opened or closed. */
  readonly onGateChange?: () => void;
  /** RCC_xxxLPENR was written. */
  readonly onSleepGates?: () => void;
  /** BDCR.BDRST: the whole backup domain goes to its reset state. */
  readonly onBackupReset: () => void;
}

/** What caused a system reset (RM0433, table "Reset source identification (RCC_RSR)"). */
export type SystemResetCause = "standby" | "pin" | "software" | "iwdg1" | "wwdg1" | "lowPower" | "brownOut";

const CPURST_PINRST = 0x0042_0000;
const CAUSE_FLAGS: Readonly<Record<SystemResetCause, number>> = {
  pin: CPURST_PINRST,
  standby: 0x001a_0000,
  software: CPURST_PINRST | (1 << 24),
  iwdg1: CPURST_PINRST | (1 << 26),
  wwdg1: CPURST_PINRST | (1 << 28),
  lowPower: CPURST_PINRST | (1 << 30),
  brownOut: CPURST_PINRST | (1 << 21),
};

const HSI_HZ = 64e6;
const FIXED_HZ = { HSI: HSI_HZ, CSI: 4e6, HSI48: 48e6, LSI: 32e3 } as const;
const SW_SOURCES: readonly (SourceName | undefined)[] = ["HSI", "CSI", "HSE", "PLL1"];
const DIVIDERS_AND_SELECTIONS = [
  "D1CFGR",
  "D2CFGR",
  "D3CFGR",
  "D1CCIPR",
  "D2CCIP1R",
  "D2CCIP2R",
  "D3CCIPR",
] as const;
const HSEBYP = 1 << 18;
const HSIDIV = 3 << 3;
const RMVF = 1 << 16;
const BDRST = 1 << 16;
const RTCSEL = 3 << 8;
const RTCEN = 1 << 15;
const STOPWUCK = 1 << 6;
const WWDG1EN = 1 << 6;
/** CR: HSI and CSI go on in Stop for the peripherals that they clock. */
const KERNEL_ON = { HSI: 1 << 1, CSI: 1 << 9 } as const;
/** The RCC_C1_xxx registers at 0x130.. are RCC_xxx at 0xD0.. seen a second time. */
const ALIAS_FIRST = 0x130;
const ALIAS_LAST = 0x17c;
const ALIAS_DISTANCE = 0x60;

export class Rcc implements BusDevice {
  readonly registers: RegisterBlock<RccRegister>;
  readonly clockTree: ClockTree;

  readonly #options: RccOptions;
  readonly #starting = new Map<SourceName, TimelineEvent>();
  readonly #plls: Plls;
  readonly #gates = new Map<Gate, { register: GateRegister; mask: number }>();
  readonly #sleepGates = new Map<SleepGate, { register: SleepRegister; mask: number }>();
  readonly #resetListeners = new Map<string, (() => void)[]>();
  #lsiForced = false;
  #lseStoppedAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: RccOptions) {
    this.#options = options;
    this.registers = new RegisterBlock(rccRegisters(this.#hooks()), { name: "RCC", log: options.log });
    this.clockTree = new ClockTree({
      register: (name) => this.registers.get(name),
      oscillatorHz: (name) => this.#oscillatorHz(name),
      pllReady: (pll) => this.#ready(`PLL${pll}`),
      pllFraction: (pll) => this.#plls.fraction(pll),
      stopped: () => this.#stopped,
    });
    this.#plls = new Plls({
      registers: this.registers,
      tree: this.clockTree,
      sourceReady: (source) => this.#ready(source),
      keep: (register, before, mask, why) => this.#keep(register, before, mask, why),
      mistake: (message) => this.#mistake(message),
    });
    this.#indexGates();
  }

  read(offset: number, size: AccessSize): number {
    return this.registers.read(unalias(offset), size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.registers.write(unalias(offset), size, value);
  }

  /** Power-on reset. `backupLost`: VBAT failed too, so BDCR starts from its reset value. */
  powerOn(backupLost = true): void {
    this.#reset(backupLost);
    this.registers.reset(["RSR"]);
  }

  /** System reset: everything but the backup domain and the reset flags, to which the cause is added. */
  systemReset(cause: SystemResetCause): void {
    this.#reset(false);
    this.registers.setBits("RSR", CAUSE_FLAGS[cause], true);
  }

  /** RCC_GCR.WW1RSC: WWDG1 may reset the system. */
  get windowWatchdogResets(): boolean {
    return this.registers.has("GCR", 1);
  }

  /** Is the peripheral's bus clock enabled while the CPU runs? */
  clockGate(name: Gate): ClockGate {
    const { register, mask } = found(this.#gates, name);
    const cell = this.registers.cell(register);
    return () => (cell.value & mask) !== 0;
  }

  /** RCC_BDCR.RTCEN */
  get rtcEnabled(): boolean {
    return this.registers.has("BDCR", RTCEN);
  }

  /** Does the clock stay on while the CPU sleeps (RCC_xxxLPENR)? */
  sleepClockGate(name: SleepGate): ClockGate {
    const { register, mask } = found(this.#sleepGates, name);
    const cell = this.registers.cell(register);
    return () => (cell.value & mask) !== 0;
  }

  /** `callback` runs when software asserts the peripheral's bit in RCC_xxxRSTR, and again when it releases it. */
  onReset(name: ResetName, callback: () => void): void {
    const listeners = this.#resetListeners.get(name);
    if (listeners === undefined) this.#resetListeners.set(name, [callback]);
    else listeners.push(callback);
  }

  /** The independent watchdog keeps LSI running whatever LSION says (RM0433, chapter RCC). */
  forceLsi(on: boolean): void {
    this.#lsiForced = on;
    this.#refresh("LSI");
  }

  /** Stop mode: everything but LSE and LSI stands still (RM0433, "Stop mode"). */
  enterStop(): void {
    this.#stopped = true;
    this.#changed();
  }

  /** The chip wakes on HSI, or on CSI with CFGR.STOPWUCK; what else ran has to be started again. */
  leaveStop(): void {
    this.#stopped = false;
    const wake = this.registers.has("CFGR", STOPWUCK) ? "CSI" : "HSI";
    for (const name of ["HSE", "HSI48", "PLL1", "PLL2", "PLL3", "HSI", "CSI"] as const) {
      const { register, on, ready } = SOURCES[name];
      this.#options.timeline.cancel(this.#starting.get(name));
      this.#starting.delete(name);
      const kept = (name === "HSI" || name === "CSI") && this.registers.has("CR", KERNEL_ON[name]);
      this.registers.setBits(register, on | ready, name === wake || (kept && this.#ready(name)));
    }
    const selection = wake === "CSI" ? 1 : 0;
    this.registers.set("CFGR", (this.registers.get("CFGR") & ~0x3f) | selection | (selection << 3));
    this.#changed();
  }

  /** To be called when the voltage scale or FLASH_ACR changed: reports what silicon would not survive. */
  checkOperatingPoint(): void {
    const { log, voltageScale, flashTiming } = this.#options;
    const tree = this.clockTree;
    const faults = operatingPointFaults({
      cpuHz: tree.cpuHz,
      hclkHz: tree.hclkHz,
      pclkHz: Math.max(...([1, 2, 3, 4] as const).map((n) => tree.pclkHz(n))),
      voltageScale: voltageScale(),
      ...flashTiming(),
    });
    for (const fault of faults) log.once(`RCC.operating.${fault}`, `guest mistake: ${fault}`);
  }

  /** What survives with VBAT. */
  save(): { readonly bdcr: number } {
    return { bdcr: this.registers.get("BDCR") };
  }

  load(state: { readonly bdcr: number }): void {
    this.registers.set("BDCR", state.bdcr);
    this.#refresh("LSE");
  }

  #reset(backupLost: boolean): void {
    const kept = new Set<RccRegister>(backupLost ? ["RSR"] : ["RSR", "BDCR"]);
    for (const [name, event] of this.#starting) {
      if (name === "LSE" && !backupLost) continue;
      this.#options.timeline.cancel(event);
      this.#starting.delete(name);
    }
    this.registers.reset(this.registers.names.filter((name) => !kept.has(name)));
    this.#plls.reset();
    this.#lsiForced = false;
    this.#stopped = false;
    this.#updateInterrupt();
    this.#changed();
  }

  #hooks(): RccWriteHooks {
    const hooks: Partial<Record<RccRegister, (written: number, before: number, laneMask: number) => void>> = {
      CR: (_written, before) => this.#writeCr(before),
      CSR: () => this.#refresh("LSI"),
      BDCR: (_written, before) => this.#writeBdcr(before),
      CFGR: () => this.#changed(),
      PLLCKSELR: (_written, before) => {
        this.#plls.wroteSelection(before);
        this.#changed();
      },
      PLLCFGR: (_written, before) => {
        this.#plls.wroteConfiguration(before);
        this.#changed();
      },
      CIER: () => this.#updateInterrupt(),
      CICR: (written) => {
        this.registers.setBits("CIFR", written, false);
        this.#updateInterrupt();
      },
      RSR: (written) => {
        if ((written & RMVF) !== 0) this.registers.set("RSR", 0);
      },
    };
    for (const register of DIVIDERS_AND_SELECTIONS) hooks[register] = () => this.#changed();
    for (const pll of PLLS) {
      const register = `PLL${pll}DIVR` as const;
      hooks[register] = (_written, before) => {
        this.#plls.guard(pll, register, before, 0xffff_ffff);
        this.#changed();
      };
    }
    for (const register of keys(ENABLE_BITS)) {
      hooks[register] = (_written, before) => {
        // Once WWDG1 has its clock, only a reset takes it away.
        if (register === "APB3ENR") this.registers.setBits(register, before & WWDG1EN, true);
        if (this.registers.get(register) !== before) this.#options.onGateChange?.();
      };
    }
    for (const register of keys(SLEEP_BITS)) hooks[register] = () => this.#options.onSleepGates?.();
    for (const register of keys(RESET_BITS)) {
      hooks[register] = (_written, before) => this.#writeReset(register, before);
    }
    return hooks;
  }

  /** RM0433, RCC_CR: what drives the system clock cannot be switched off; HSIDIV is fixed while it feeds a PLL. */
  #writeCr(before: number): void {
    for (const name of this.#systemSources()) {
      const { register, on } = SOURCES[name];
      if (register !== "CR" || this.registers.has("CR", on)) continue;
      this.registers.setBits("CR", on, true);
      this.#mistake(`RCC_CR: ${name} drives the system clock and stays on`);
    }
    if (this.#plls.anyOn(before) && this.clockTree.pllSource === "HSI") {
      this.#keep("CR", before, HSIDIV, "HSIDIV is fixed while HSI feeds a PLL that is on");
    }
    if ((before & SOURCES.HSE.on) !== 0) this.#keep("CR", before, HSEBYP, "HSEBYP is fixed while HSE is on");
    this.#plls.latchAtStart(before);
    for (const name of SOURCE_NAMES) this.#refresh(name);
    this.#changed();
  }

  /** RM0433, RCC_BDCR: written only while DBP is set; RTCSEL only once; BDRST resets the domain. */
  #writeBdcr(before: number): void {
    if (!this.#options.backupWritable()) {
      this.registers.set("BDCR", before);
      this.#mistake("RCC_BDCR: write ignored, the backup domain is protected: set PWR_CR1.DBP first");
      return;
    }
    if (this.registers.has("BDCR", BDRST)) {
      if ((before & SOURCES.LSE.ready) !== 0) this.#lseStoppedAt = this.#options.timeline.now;
      this.registers.set("BDCR", BDRST);
      this.#refresh("LSE");
      this.#options.onBackupReset();
      return;
    }
    if ((before & RTCSEL) !== 0) {
      this.#keep("BDCR", before, RTCSEL, "RTCSEL is fixed until the backup domain is reset (BDRST)");
    }
    this.#refresh("LSE");
    this.#changed();
  }

  #keep(register: RccRegister, before: number, mask: number, why: string): void {
    const now = this.registers.get(register);
    if (((now ^ before) & mask) === 0) return;
    this.registers.set(register, (now & ~mask) | (before & mask));
    this.#mistake(`RCC_${register}: ${why}`);
  }

  #writeReset(register: ResetRegister, before: number): void {
    const changed = this.registers.get(register) ^ before;
    const bits: Readonly<Record<string, number>> = RESET_BITS[register];
    for (const [name, bit] of Object.entries(bits)) {
      if ((changed & (1 << bit)) === 0) continue;
      for (const listener of this.#resetListeners.get(name) ?? []) listener();
    }
  }

  /** Starts or stops a source so that it follows its enable bit. */
  #refresh(name: SourceName): void {
    const { register, ready } = SOURCES[name];
    if (!this.#wanted(name)) {
      this.#options.timeline.cancel(this.#starting.get(name));
      this.#starting.delete(name);
      if (this.registers.has(register, ready)) {
        this.registers.setBits(register, ready, false);
        if (name === "LSE") this.#lseStoppedAt = this.#options.timeline.now;
        this.#changed();
      }
      return;
    }
    if (this.registers.has(register, ready) || this.#starting.has(name) || !this.#canStart(name)) return;
    const event = this.#options.timeline.after(this.#startNs(name), () => this.#started(name));
    this.#starting.set(name, event);
  }

  /** A tuning fork swings on for about a second: ST's library stops LSE for a moment to select the RTC's clock. */
  #startNs(name: SourceName): number {
    const cold = SOURCES[name].startNs;
    if (name !== "LSE") return cold;
    return Math.min(cold, LSE_COUNT_NS + this.#options.timeline.now - this.#lseStoppedAt);
  }

  #started(name: SourceName): void {
    const { register, ready, interrupt } = SOURCES[name];
    this.#starting.delete(name);
    this.registers.setBits(register, ready, true);
    if (this.registers.has("CIER", interrupt)) this.registers.setBits("CIFR", interrupt, true);
    this.#updateInterrupt();
    this.#changed();
  }

  #wanted(name: SourceName): boolean {
    const { register, on } = SOURCES[name];
    if (name === "LSI" && this.#lsiForced) return true;
    return this.registers.has(register, on);
  }

  #canStart(name: SourceName): boolean {
    if (name === "PLL1" || name === "PLL2" || name === "PLL3") {
      return this.#plls.canLock(Number(name[3]) as PllNumber);
    }
    if (this.#nominalHz(name) === undefined) {
      const message = `RCC: ${name} was switched on, but the board has none: it never gets ready`;
      this.#options.log.once(message, message);
      return false;
    }
    // An oscillator drives the pin, whether or not the chip's amplifier works against it: ST's examples for Nucleo boards do both.
    if (name === "HSE" && this.registers.has("CR", HSEBYP) && this.#options.hseIsOscillator !== true) {
      this.#mistake("RCC_CR.HSEBYP does not fit the board, which has a crystal: HSE never gets ready");
      return false;
    }
    return true;
  }

  /** After any change: switch to the clock that SW asks for once it is ready, then tell who depends on it. */
  #changed(): void {
    const wanted = this.registers.get("CFGR") & 7;
    const current = (this.registers.get("CFGR") >>> 3) & 7;
    const source = SW_SOURCES[wanted];
    if (wanted !== current && source !== undefined && this.#drives(source)) {
      this.registers.set("CFGR", (this.registers.get("CFGR") & ~0x38) | (wanted << 3));
    }
    for (const pll of PLLS) this.#refreshPll(pll);
    this.checkOperatingPoint();
    this.#options.onClockChange(this.clockTree);
  }

  /** A PLL whose source stopped loses its lock; one that waited for its source begins to lock. */
  #refreshPll(pll: PllNumber): void {
    const name = `PLL${pll}` as const;
    if (!this.#wanted(name)) return;
    const source = this.clockTree.pllSource;
    if (source !== undefined && this.#ready(source)) {
      this.#refresh(name);
    } else {
      this.#options.timeline.cancel(this.#starting.get(name));
      this.#starting.delete(name);
      this.registers.setBits("CR", SOURCES[name].ready, false);
    }
  }

  /** Ready, and for PLL1 with its P output enabled. */
  #drives(source: SourceName): boolean {
    return source === "PLL1" ? this.clockTree.pllHz(1, "P") > 0 : this.#ready(source);
  }

  #systemSources(): SourceName[] {
    const source = SW_SOURCES[(this.registers.get("CFGR") >>> 3) & 7];
    if (source === undefined) return [];
    const behind = source === "PLL1" ? this.clockTree.pllSource : undefined;
    return behind === undefined ? [source] : [source, behind];
  }

  #oscillatorHz(name: Oscillator): number {
    if (this.#stopped && name !== "LSE" && name !== "LSI") {
      if (name !== "HSI" && name !== "CSI") return 0;
      if (!this.registers.has("CR", KERNEL_ON[name])) return 0;
    }
    return this.#ready(name) ? (this.#nominalHz(name) ?? 0) : 0;
  }

  #ready(name: SourceName): boolean {
    const { register, ready } = SOURCES[name];
    return this.registers.has(register, ready);
  }

  #nominalHz(name: Oscillator): number | undefined {
    if (name === "HSE") return this.#options.hseHz;
    return name === "LSE" ? this.#options.lseHz : FIXED_HZ[name];
  }

  #updateInterrupt(): void {
    this.#options.interrupt.set(this.registers.get("CIFR") !== 0);
  }

  #mistake(message: string): void {
    this.#options.log.once(message, `guest mistake: ${message}`);
  }

  #indexGates(): void {
    for (const register of keys(ENABLE_BITS)) {
      const bits = Object.entries(ENABLE_BITS[register]) as [Gate, number][];
      for (const [name, bit] of bits) this.#gates.set(name, { register, mask: 1 << bit });
    }
    for (const register of keys(SLEEP_BITS)) {
      const bits = Object.entries(SLEEP_BITS[register]) as [SleepGate, number][];
      for (const [name, bit] of bits) this.#sleepGates.set(name, { register, mask: 1 << bit });
    }
  }
}

function unalias(offset: number): number {
  return offset >= ALIAS_FIRST && offset < ALIAS_LAST + 4 ? offset - ALIAS_DISTANCE : offset;
}

function found<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new RangeError(`RCC: there is no clock gate ${String(key)}`);
  return value;
}

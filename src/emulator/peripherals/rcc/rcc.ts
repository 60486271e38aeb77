/** RCC: reset and clock control of the STM32H750 (RM0433, chapter RCC). */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { ClockSecurity, type Crystal, SECURITY_FLAGS } from "./clock-security.js";
import { ClockTree, type PllNumber } from "./clock-tree.js";
import { operatingPointFaults, type VoltageScale } from "./operating-point.js";
import { RccGates } from "./rcc-gates.js";
import { RccOscillators, type SystemClocks } from "./rcc-oscillators.js";
import { PLLS, Plls } from "./rcc-plls.js";
import {
  AUTONOMOUS_BITS,
  ENABLE_BITS,
  type Gate,
  keys,
  type RccRegister,
  type RccWriteHooks,
  RESET_BITS,
  type ResetName,
  rccRegisters,
  SLEEP_BITS,
  type SleepGate,
} from "./rcc-registers.js";
import { CAUSE_FLAGS, DOMAIN_FLAGS, type SystemResetCause } from "./rcc-reset-cause.js";
import { SOURCE_NAMES, SOURCES, type SourceName } from "./rcc-sources.js";

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
  /** HSECSSF was set or cleared: NMI and the timers' breaks. */
  readonly onHseFailure?: (failed: boolean) => void;
  /** LSECSSF was set or cleared. */
  readonly onLseFailure?: (failed: boolean) => void;
  /** BDCR.BDRST: the whole backup domain goes to its reset state. */
  readonly onBackupReset: () => void;
}

const DIVIDERS_AND_SELECTIONS = [
  "D3AMR",
  "HSICFGR",
  "CSICFGR",
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
const DIVP1EN = 1 << 16;
const CPURSTF = 1 << 17;
const BDRST = 1 << 16;
const RTCSEL = 3 << 8;
const RTCEN = 1 << 15;
const WWDG1EN = 1 << 6;
/** The RCC_C1_xxx registers at 0x130.. are RCC_xxx at 0xD0.. seen a second time. */
const ALIAS_FIRST = 0x130;
const ALIAS_LAST = 0x17c;
const ALIAS_DISTANCE = 0x60;
const D2_ENABLES = ["AHB1ENR", "AHB2ENR", "APB1LENR", "APB1HENR", "APB2ENR"] as const;

export class Rcc implements BusDevice {
  readonly registers: RegisterBlock<RccRegister>;
  readonly clockTree: ClockTree;

  readonly #options: RccOptions;
  readonly #sources: RccOscillators;
  readonly #plls: Plls;
  readonly #security: ClockSecurity;
  readonly #gates: RccGates;

  constructor(options: RccOptions) {
    this.#options = options;
    this.registers = new RegisterBlock(rccRegisters(this.#hooks()), { name: "RCC", log: options.log });
    this.#gates = new RccGates(this.registers);
    this.#sources = new RccOscillators({
      registers: this.registers,
      timeline: options.timeline,
      log: options.log,
      hseHz: options.hseHz,
      hseIsOscillator: options.hseIsOscillator === true,
      lseHz: options.lseHz,
      pllCanLock: (pll) => this.#plls.canLock(pll),
      onChange: () => this.#changed(),
      onInterrupt: () => this.#updateInterrupt(),
      mistake: (message) => this.#mistake(message),
    });
    this.clockTree = new ClockTree({
      register: (name) => this.registers.get(name),
      oscillatorHz: (name, stopped) => this.#sources.hz(name, stopped),
      pllReady: (pll) => this.#sources.ready(`PLL${pll}`),
      pllFraction: (pll) => this.#plls.fraction(pll),
      stopped: () => this.#sources.clocks === "stop",
      domainStopped: (user) => this.#sources.clocks === "d3" && !this.autonomous(user),
    });
    this.#plls = new Plls({
      registers: this.registers,
      tree: this.clockTree,
      sourceReady: (source) => this.#sources.ready(source),
      keep: (register, before, mask, why) => this.#keep(register, before, mask, why),
      mistake: (message) => this.#mistake(message),
    });
    this.#security = new ClockSecurity({
      registers: this.registers,
      sources: this.#sources,
      tree: this.clockTree,
      onHse: options.onHseFailure,
      onLse: options.onLseFailure,
      note: (message) => options.log.note(message),
      onChange: () => this.#changed(),
    });
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

  /** Whether anything of domain D2 is enabled for the core: then its bus matrix has a clock. */
  get d2Clocked(): boolean {
    return D2_ENABLES.some((register) => this.registers.get(register) !== 0);
  }

  /** Is the peripheral's bus clock enabled while the CPU runs? */
  clockGate(name: Gate): ClockGate {
    return this.#gates.run(name);
  }

  /** The RTC's clock, Hz: 0 with RTCEN = 0, and after LSE failed under its security system. */
  get rtcHz(): number {
    return this.registers.has("BDCR", RTCEN) && !this.#security.rtcCut ? this.clockTree.kernelHz("RTC") : 0;
  }

  /** Stops a crystal of the board, or lets it swing again. */
  setCrystalFailed(name: Crystal, failed: boolean): void {
    this.#security.setFailed(name, failed);
  }

  /** Does the clock stay on while the CPU sleeps (RCC_xxxLPENR)? */
  sleepClockGate(name: SleepGate): ClockGate {
    return this.#gates.sleep(name);
  }

  /** `callback` runs when software asserts the peripheral's bit in RCC_xxxRSTR, and again when it releases it. */
  onReset(name: ResetName, callback: () => void): void {
    this.#gates.onReset(name, callback);
  }

  /** The independent watchdog keeps LSI running whatever LSION says (RM0433, chapter RCC). */
  forceLsi(on: boolean): void {
    this.#sources.forceLsi(on);
  }

  /**
   * In Stop everything but LSE and LSI stands still (RM0433, "Stop mode"). It ends on HSI, or on CSI with CFGR.STOPWUCK; what else
   * ran has to be started again.
   */
  setSystemClocks(clocks: SystemClocks): void {
    if (clocks === this.#sources.clocks) return;
    this.#sources.setClocks(clocks);
    this.#changed();
  }

  /** What Stop ends on, and whether the peripherals' clock requests kept it (HSIKERON, CSIKERON). */
  get wakeUpSource(): "HSI" | "CSI" {
    return this.#sources.wakeUpSource;
  }

  get wakeUpSourceKept(): boolean {
    return this.#sources.hz(this.wakeUpSource, true) > 0;
  }

  /** The core is in CStop: D3 at most has a clock. */
  get coreStopped(): boolean {
    return this.#sources.clocks !== "run";
  }

  /** Does the clock of a peripheral's bus run? @param name "BDMA", "DMA1" */
  busRuns(name: string): boolean {
    const { clocks } = this.#sources;
    return clocks === "run" || (clocks === "d3" && this.autonomous(name));
  }

  /** RCC_D3AMR: a peripheral of D3 goes on while the core is stopped and D3 is not. */
  autonomous(name: string): boolean {
    const bit = AUTONOMOUS_BITS[name];
    return bit !== undefined && this.registers.has("D3AMR", 1 << bit);
  }

  coreWasReset(): void {
    this.registers.setBits("AHB3RSTR", 1 << RESET_BITS.AHB3RSTR.CPU, false);
    this.registers.setBits("RSR", CPURSTF, true);
  }

  /** A domain comes back from DStandby, with nothing of what it held. */
  domainRestarted(domain: "D1" | "D2"): void {
    this.registers.setBits("RSR", DOMAIN_FLAGS[domain], true);
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
    this.#sources.refresh("LSE");
  }

  #reset(backupLost: boolean): void {
    const kept = new Set<RccRegister>(backupLost ? ["RSR"] : ["RSR", "BDCR"]);
    this.#sources.reset(backupLost);
    this.registers.reset(this.registers.names.filter((name) => !kept.has(name)));
    this.#plls.reset();
    this.#updateInterrupt();
    this.#changed();
  }

  #hooks(): RccWriteHooks {
    const hooks: Partial<Record<RccRegister, (written: number, before: number, laneMask: number) => void>> = {
      CR: (_written, before) => this.#writeCr(before),
      CSR: () => this.#sources.refresh("LSI"),
      BDCR: (_written, before) => this.#writeBdcr(before),
      CFGR: () => this.#changed(),
      PLLCKSELR: (_written, before) => {
        this.#plls.wroteSelection(before);
        this.#changed();
      },
      PLLCFGR: (_written, before) => {
        if (this.#sources.systemSource === "PLL1") {
          this.#keep("PLLCFGR", before, DIVP1EN, "DIVP1EN is fixed while PLL1 drives the system clock");
        }
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
      hooks[register] = (_written, before) => this.#gates.wroteReset(register, before);
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
    this.#security.keepOn("CR", before);
    if ((before & SOURCES.HSE.on) !== 0) this.#keep("CR", before, HSEBYP, "HSEBYP is fixed while HSE is on");
    this.#plls.latchAtStart(before);
    for (const name of SOURCE_NAMES) this.#sources.refresh(name);
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
      if ((before & SOURCES.LSE.ready) !== 0) this.#sources.lseStopped();
      this.registers.set("BDCR", BDRST);
      this.#sources.refresh("LSE");
      this.#options.onBackupReset();
      return;
    }
    this.#security.keepOn("BDCR", before);
    if ((before & RTCSEL) !== 0) {
      this.#keep("BDCR", before, RTCSEL, "RTCSEL is fixed until the backup domain is reset (BDRST)");
    }
    this.#sources.refresh("LSE");
    this.#changed();
  }

  #keep(register: RccRegister, before: number, mask: number, why: string): void {
    const now = this.registers.get(register);
    if (((now ^ before) & mask) === 0) return;
    this.registers.set(register, (now & ~mask) | (before & mask));
    this.#mistake(`RCC_${register}: ${why}`);
  }

  /** After any change: switch to the clock that SW asks for once it is ready, then tell who depends on it. */
  #changed(): void {
    this.#security.look();
    const wanted = this.registers.get("CFGR") & 7;
    const source = this.#sources.wantedSystemSource;
    if (source !== this.#sources.systemSource && source !== undefined && this.#drives(source)) {
      this.registers.set("CFGR", (this.registers.get("CFGR") & ~0x38) | (wanted << 3));
    }
    for (const pll of PLLS) this.#refreshPll(pll);
    this.checkOperatingPoint();
    this.#options.onClockChange(this.clockTree);
  }

  /** A PLL whose source stopped loses its lock; one that waited for its source begins to lock. */
  #refreshPll(pll: PllNumber): void {
    const name = `PLL${pll}` as const;
    if (!this.#sources.wanted(name)) return;
    const source = this.clockTree.pllSource;
    if (source !== undefined && this.#sources.ready(source)) {
      this.#sources.refresh(name);
    } else {
      this.#sources.abort(name);
      this.registers.setBits("CR", SOURCES[name].ready, false);
    }
  }

  /** Ready, and for PLL1 with its P output enabled. */
  #drives(source: SourceName): boolean {
    return source === "PLL1" ? this.clockTree.pllHz(1, "P") > 0 : this.#sources.ready(source);
  }

  #systemSources(): SourceName[] {
    const source = this.#sources.systemSource;
    if (source === undefined) return [];
    const behind = source === "PLL1" ? this.clockTree.pllSource : undefined;
    return behind === undefined ? [source] : [source, behind];
  }

  #updateInterrupt(): void {
    this.#options.interrupt.set((this.registers.get("CIFR") & ~SECURITY_FLAGS) !== 0);
    this.#security.tell();
  }

  #mistake(message: string): void {
    this.#options.log.once(message, `guest mistake: ${message}`);
  }
}

function unalias(offset: number): number {
  return offset >= ALIAS_FIRST && offset < ALIAS_LAST + 4 ? offset - ALIAS_DISTANCE : offset;
}

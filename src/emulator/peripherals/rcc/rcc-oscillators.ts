/** Clock sources of the RCC as they start, run and stop: enable bits, ready flags and interrupts follow (RM0433, RCC_CR, RCC_CSR, RCC_BDCR). */

import type { EmulatorLog } from "../../bus.js";
import type { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { Crystal } from "./clock-security.js";
import type { Oscillator, PllNumber } from "./clock-tree.js";
import type { RccRegister } from "./rcc-registers.js";
import { SOURCES, type SourceName, TRIMS, type TrimmedSource } from "./rcc-sources.js";

export interface OscillatorsHost {
  readonly registers: RegisterBlock<RccRegister>;
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  /** Frequency at OSC_IN in Hz; undefined: nothing is connected. */
  readonly hseHz: number | undefined;
  readonly hseIsOscillator: boolean;
  readonly lseHz: number | undefined;
  readonly pllCanLock: (pll: PllNumber) => boolean;
  /** A ready flag came or went. */
  readonly onChange: () => void;
  readonly onInterrupt: () => void;
  readonly mistake: (message: string) => void;
}

/** LSERDY waits for 4096 cycles of a steady oscillation. */
const LSE_COUNT_NS = 125e6;
const FIXED_HZ = { HSI: 64e6, CSI: 4e6, HSI48: 48e6, LSI: 32e3 } as const;
const HSEBYP = 1 << 18;
/** A clock from outside is there already: nothing has to swing up, HSERDY takes some cycles of it. */
const BYPASS_NS = 2e3;
/** CR: HSI and CSI go on in Stop for the peripherals that they clock. */
const KERNEL_ON = { HSI: 1 << 1, CSI: 1 << 9 } as const;
/** Who has a clock: all; D3 alone, while the core and with it D1 and D2 are stopped; nobody (Stop). */
export type SystemClocks = "run" | "d3" | "stop";

/** Everything that Stop takes the clock from. */
const STOPPED_SOURCES = ["HSE", "HSI48", "PLL1", "PLL2", "PLL3", "HSI", "CSI"] as const;

/** CFGR.STOPWUCK: after Stop and after a failure of HSE the system goes on with CSI instead of HSI. */
const STOPWUCK = 1 << 6;
/** CFGR.STOPKERWUCK: what the peripherals get behind Stop, beside it. */
const STOPKERWUCK = 1 << 7;
const SW_SOURCES: readonly (SourceName | undefined)[] = ["HSI", "CSI", "HSE", "PLL1"];

export class RccOscillators {
  readonly #host: OscillatorsHost;
  readonly #starting = new Map<SourceName, TimelineEvent>();
  readonly #failed = new Set<Crystal>();
  #lsiForced = false;
  #lseStoppedAt = Number.NEGATIVE_INFINITY;
  #clocks: SystemClocks = "run";

  constructor(host: OscillatorsHost) {
    this.#host = host;
  }

  get clocks(): SystemClocks {
    return this.#clocks;
  }

  /** What leaves Stop finds the clocks of a chip that woke. */
  setClocks(clocks: SystemClocks): void {
    const woke = this.#clocks === "stop" && clocks !== "stop";
    this.#clocks = clocks;
    if (woke) this.#leaveStop();
  }

  /** What was starting begins anew, but for LSE while the backup domain lives. */
  reset(backupLost: boolean): void {
    for (const name of this.#starting.keys()) if (name !== "LSE" || backupLost) this.abort(name);
    this.#lsiForced = false;
    this.#clocks = "run";
  }

  /** The independent watchdog keeps LSI running whatever LSION says. */
  forceLsi(on: boolean): void {
    this.#lsiForced = on;
    this.refresh("LSI");
  }

  /** LSE was switched off by a reset of the backup domain. */
  lseStopped(): void {
    this.#lseStoppedAt = this.#host.timeline.now;
  }

  /** What drives the system clock (SWS). */
  get systemSource(): SourceName | undefined {
    return SW_SOURCES[(this.#host.registers.get("CFGR") >>> 3) & 7];
  }

  /** What the system clock switches to (SW). */
  get wantedSystemSource(): SourceName | undefined {
    return SW_SOURCES[this.#host.registers.get("CFGR") & 7];
  }

  get wakeUpSource(): "HSI" | "CSI" {
    return this.#host.registers.has("CFGR", STOPWUCK) ? "CSI" : "HSI";
  }

  /** The system clock goes on with what it always finds: HSI, or CSI with STOPWUCK. */
  fallBack(): void {
    const { registers } = this.#host;
    const selection = this.wakeUpSource === "CSI" ? 1 : 0;
    const { on, ready } = SOURCES[this.wakeUpSource];
    registers.setBits("CR", on | ready, true);
    registers.set("CFGR", (registers.get("CFGR") & ~0x3f) | selection | (selection << 3));
  }

  /** A crystal does not swing any more, or does again. */
  setFailed(name: Crystal, failed: boolean): void {
    if (failed) {
      this.#failed.add(name);
      this.abort(name);
      return;
    }
    this.#failed.delete(name);
    this.refresh(name);
  }

  hasFailed(name: SourceName): boolean {
    return (name === "HSE" || name === "LSE") && this.#failed.has(name);
  }

  /** All that Stop switches off has to be started again, but for what the chip wakes on. */
  #leaveStop(): void {
    const wake = this.wakeUpSource;
    const kernel = this.#host.registers.has("CFGR", STOPKERWUCK) ? "CSI" : "HSI";
    for (const name of STOPPED_SOURCES) {
      const { register, on, ready } = SOURCES[name];
      this.abort(name);
      const runs = name === wake || name === kernel || (this.#keptInStop(name) && this.ready(name));
      this.#host.registers.setBits(register, on | ready, runs);
    }
    this.fallBack();
  }

  /** Starts or stops a source so that it follows its enable bit. */
  refresh(name: SourceName): void {
    const { registers, timeline, onChange } = this.#host;
    const { register, ready } = SOURCES[name];
    if (!this.wanted(name)) {
      this.abort(name);
      if (registers.has(register, ready)) {
        registers.setBits(register, ready, false);
        if (name === "LSE") this.lseStopped();
        onChange();
      }
      return;
    }
    if (registers.has(register, ready) || this.#starting.has(name) || !this.#canStart(name)) return;
    this.#starting.set(
      name,
      timeline.after(this.#startNs(name), () => this.#started(name)),
    );
  }

  /** It does not get ready any more. */
  abort(name: SourceName): void {
    this.#host.timeline.cancel(this.#starting.get(name));
    this.#starting.delete(name);
  }

  ready(name: SourceName): boolean {
    const { register, ready } = SOURCES[name];
    return this.#host.registers.has(register, ready);
  }

  wanted(name: SourceName): boolean {
    const { register, on } = SOURCES[name];
    if (name === "LSI" && this.#lsiForced) return true;
    return this.#host.registers.has(register, on);
  }

  /** Its frequency, before any divider. @param stopped as in Stop */
  hz(name: Oscillator, stopped: boolean): number {
    if (stopped && name !== "LSE" && name !== "LSI" && !this.#keptInStop(name)) return 0;
    return this.ready(name) && !this.hasFailed(name) ? (this.#nominalHz(name) ?? 0) : 0;
  }

  #keptInStop(name: SourceName): boolean {
    return (name === "HSI" || name === "CSI") && this.#host.registers.has("CR", KERNEL_ON[name]);
  }

  /** A tuning fork swings on for about a second: ST's library stops LSE for a moment to select the RTC's clock. */
  #startNs(name: SourceName): number {
    const cold = SOURCES[name].startNs;
    if (name === "HSE" && this.#host.registers.has("CR", HSEBYP)) return BYPASS_NS;
    if (name !== "LSE") return cold;
    return Math.min(cold, LSE_COUNT_NS + this.#host.timeline.now - this.#lseStoppedAt);
  }

  #started(name: SourceName): void {
    const { registers, onInterrupt, onChange } = this.#host;
    const { register, ready, interrupt } = SOURCES[name];
    this.#starting.delete(name);
    registers.setBits(register, ready, true);
    if (registers.has("CIER", interrupt)) registers.setBits("CIFR", interrupt, true);
    onInterrupt();
    onChange();
  }

  #canStart(name: SourceName): boolean {
    if (name === "PLL1" || name === "PLL2" || name === "PLL3") {
      return this.#host.pllCanLock(Number(name[3]) as PllNumber);
    }
    if (this.hasFailed(name)) return false;
    if (this.#nominalHz(name) === undefined) {
      const message = `RCC: ${name} was switched on, but the board has none: it never gets ready`;
      this.#host.log.once(message, message);
      return false;
    }
    // An oscillator drives the pin, whether or not the chip's amplifier works against it: ST's examples for Nucleo boards do both.
    if (name === "HSE" && this.#host.registers.has("CR", HSEBYP) && !this.#host.hseIsOscillator) {
      this.#host.mistake("RCC_CR.HSEBYP does not fit the board, which has a crystal: HSE never gets ready");
      return false;
    }
    return true;
  }

  #nominalHz(name: Oscillator): number | undefined {
    if (name === "HSE") return this.#host.hseHz;
    if (name === "LSE") return this.#host.lseHz;
    return name === "HSI" || name === "CSI" ? FIXED_HZ[name] * this.#trim(name) : FIXED_HZ[name];
  }

  #trim(name: TrimmedSource): number {
    const { reset, step } = TRIMS[name];
    return 1 + ((this.#host.registers.get(`${name}CFGR`) >>> 24) - reset) * step;
  }
}

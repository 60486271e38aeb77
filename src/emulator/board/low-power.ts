/**
 * CStop of the core, Stop and Standby (RM0433, chapter PWR, "Low-power modes"): WFI or WFE with SCR.SLEEPDEEP. D3 goes on without the
 * core while CPUCR.RUN_D3 or a pending event of EXTI wants it; else the system is in Stop, where the clocks stand still and RAM
 * and registers stay; it wakes on HSI (or CSI). Standby, with all PDDS bits set, loses everything but the backup domain.
 */

import type { EmulatorLog } from "../bus.js";
import type { CortexM7 } from "../cpu/core.js";
import type { Pwr } from "../peripherals/pwr/pwr.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import type { DomainStandby } from "./domain-standby.js";

const SLEEPDEEP = 1 << 2;
/** Data sheet, "Low-power mode wakeup timings". */
const STANDBY_WAKE_UP_NS = 390e3;

export interface LowPowerOptions {
  readonly cpu: CortexM7;
  readonly rcc: Rcc;
  readonly pwr: Pwr;
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly domains: DomainStandby;
  /** DBGMCU_CR.DBGSTOP_D1: the core's clock goes on for a debugger, and with it SysTick. */
  readonly keepsCoreClock: () => boolean;
  /** EXTI has a pending event of D3. */
  readonly d3Pending: () => boolean;
  /** The core went to sleep, or woke: clocks with RCC_xxxLPENR = 0 stop meanwhile. */
  readonly onSleep: () => void;
  /** The system stopped, or goes on. */
  readonly onStop: (mode: LowPowerMode) => void;
  /** D1 was in DStandby: the core starts anew. */
  readonly onCoreRestart: () => void;
  /** The chip leaves Standby through a reset. */
  readonly onStandbyExit: () => void;
  /** The option bytes want a reset in place of this mode. */
  readonly resetsInstead: (mode: "stop" | "standby") => boolean;
  readonly onReset: () => void;
}

/** "d3": the core and with it D1 and D2 are stopped, D3 is not. */
export type LowPowerMode = "run" | "d3" | "stop" | "standby";

export class LowPower {
  readonly #options: LowPowerOptions;
  #mode: LowPowerMode = "run";
  #eventBefore = false;
  #asleep = false;
  /** The system was in Stop since the core is. */
  #stopped = false;
  #waking: TimelineEvent | undefined;

  constructor(options: LowPowerOptions) {
    this.#options = options;
  }

  get mode(): LowPowerMode {
    return this.#mode;
  }

  /** The core sleeps (WFI, WFE), or more. */
  get asleep(): boolean {
    return this.#asleep;
  }

  /** The core is in CStop: D1 and D2 have no clock. */
  get coreStopped(): boolean {
    return this.#mode === "d3" || this.#mode === "stop";
  }

  reset(): void {
    const { timeline, cpu } = this.#options;
    timeline.cancel(this.#waking);
    this.#waking = undefined;
    if (this.coreStopped) cpu.scs.sysTick.freeze(false);
    this.#stopped = false;
    this.#mode = "run";
    this.#setAsleep(false);
  }

  /** Before the core runs: whatever woke it finds the clocks of a woken chip. */
  beforeRun(): void {
    const { cpu } = this.#options;
    if (!this.#asleep || this.#mode === "standby" || this.#waking !== undefined) return;
    // An event that was there before cannot have ended a WFE: the core waits for an interrupt.
    const event = cpu.event && !this.#eventBefore;
    if (cpu.sleeping && !cpu.exceptions.wakes && !event) return;
    if (this.#mode === "stop") {
      this.#afterWakeUp(() => this.#wake());
      return;
    }
    this.#wake();
  }

  /** After the core ran: it may have gone to deep sleep. */
  afterRun(): void {
    const { cpu, pwr, log, resetsInstead, onReset, domains } = this.#options;
    if (this.#mode !== "run" || cpu.sleeping === this.#asleep) return;
    this.#eventBefore = cpu.event;
    this.#setAsleep(cpu.sleeping);
    if (!cpu.sleeping || (cpu.scs.scb.scr & SLEEPDEEP) === 0) return;
    const standby = pwr.standbyWanted && !this.#d3Wanted;
    if (pwr.voltageScale === 0)
      log.once("VOS0", "guest mistake: Stop or Standby with VOS0, which software must leave before (RM0433)");
    if (resetsInstead(standby ? "standby" : "stop")) {
      log.note(
        "the option bytes turn the way into Stop or Standby into a reset (NRST_STOP_D1, NRST_STBY_D1)",
      );
      onReset();
      return;
    }
    if (standby) {
      this.#enterStandby();
      return;
    }
    if (!this.#options.keepsCoreClock()) cpu.scs.sysTick.freeze(true);
    domains.stopped();
    this.#enter(this.#d3Wanted ? "d3" : "stop");
  }

  /** A pending event of D3 came or went. */
  d3Changed(): void {
    if (this.#mode === "d3" && !this.#d3Wanted) this.#enter("stop");
    else if (this.#mode === "stop" && this.#d3Wanted) this.#afterWakeUp(() => this.#enter("d3"));
  }

  /** An alarm or the wake-up timer of the RTC, or a wake-up pin. */
  wakeUpEvent(): void {
    if (this.#mode !== "standby" || this.#waking !== undefined) return;
    this.#waking = this.#options.timeline.after(STANDBY_WAKE_UP_NS, () => {
      this.#waking = undefined;
      this.#mode = "run";
      this.#options.onStandbyExit();
    });
  }

  #enterStandby(): void {
    const { cpu, pwr, log, onStop } = this.#options;
    this.#mode = "standby";
    log.note("the chip is in Standby: RAM is lost; a wake-up pin, the RTC or a reset ends it");
    onStop("standby");
    cpu.halt();
    if (!pwr.wakeUpPending) return;
    log.once("WKUPFR", "guest mistake: Standby with a flag in PWR_WKUPFR: the chip wakes at once");
    this.wakeUpEvent();
  }

  get #d3Wanted(): boolean {
    return this.#options.pwr.d3Runs || this.#options.d3Pending();
  }

  #enter(mode: "d3" | "stop"): void {
    this.#mode = mode;
    this.#stopped ||= mode === "stop";
    this.#options.rcc.setSystemClocks(mode);
    if (mode === "d3" && this.#stopped) this.#options.pwr.leftStop();
    this.#options.onStop(mode);
  }

  /** The regulator and the clock need a moment. */
  #afterWakeUp(run: () => void): void {
    if (this.#waking !== undefined) return;
    const { rcc, pwr, timeline } = this.#options;
    this.#waking = timeline.after(pwr.wakeUpNs(rcc.wakeUpSource, rcc.wakeUpSourceKept), () => {
      this.#waking = undefined;
      run();
    });
  }

  #wake(): void {
    const { cpu, rcc, pwr, domains, onCoreRestart } = this.#options;
    const wasStopped = this.coreStopped;
    const wasInStop = this.#mode === "stop";
    this.#mode = "run";
    this.#stopped = false;
    this.#setAsleep(false);
    if (!wasStopped) return;
    rcc.setSystemClocks("run");
    if (wasInStop) pwr.leftStop();
    this.#options.onStop("run");
    cpu.scs.sysTick.freeze(false);
    if (domains.woken()) onCoreRestart();
  }

  #setAsleep(asleep: boolean): void {
    if (asleep === this.#asleep) return;
    this.#asleep = asleep;
    this.#options.onSleep();
  }
}

/**
 * Stop and Standby (RM0433, chapter PWR, "Low-power modes"): WFI or WFE with SCR.SLEEPDEEP. In Stop the clocks stand still
 * and RAM and registers stay; it wakes on HSI (or CSI). Standby, with all PDDS bits set, loses everything but the backup domain.
 */

import type { EmulatorLog } from "../bus.js";
import type { CortexM7 } from "../cpu/core.js";
import type { Pwr } from "../peripherals/pwr/pwr.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";

const SLEEPDEEP = 1 << 2;

export interface LowPowerOptions {
  readonly cpu: CortexM7;
  readonly rcc: Rcc;
  readonly pwr: Pwr;
  readonly log: EmulatorLog;
  /** The core went to sleep, or woke: clocks with RCC_xxxLPENR = 0 stop meanwhile. */
  readonly onSleep: () => void;
  /** The chip leaves Standby through a reset. */
  readonly onStandbyExit: () => void;
  /** The option bytes want a reset in place of this mode. */
  readonly resetsInstead: (mode: "stop" | "standby") => boolean;
  readonly onReset: () => void;
}

export class LowPower {
  readonly #options: LowPowerOptions;
  #mode: "run" | "stop" | "standby" = "run";
  #eventBefore = false;
  #asleep = false;

  constructor(options: LowPowerOptions) {
    this.#options = options;
  }

  get mode(): "run" | "stop" | "standby" {
    return this.#mode;
  }

  /** The core sleeps (WFI, WFE), or more. */
  get asleep(): boolean {
    return this.#asleep;
  }

  reset(): void {
    this.#setAsleep(false);
    if (this.#mode === "stop") this.#freeze(false);
    this.#mode = "run";
  }

  /** Before the core runs: whatever woke it finds the clocks of a woken chip. */
  beforeRun(): void {
    const { cpu, rcc, pwr } = this.#options;
    if (!this.#asleep) return;
    // An event that was there before cannot have ended a WFE: the core waits for an interrupt.
    const event = cpu.event && !this.#eventBefore;
    if (cpu.sleeping && !cpu.exceptions.wakes && !event) return;
    this.#setAsleep(false);
    if (this.#mode !== "stop") return;
    this.#mode = "run";
    rcc.leaveStop();
    pwr.leftStop();
    this.#freeze(false);
  }

  /** After the core ran: it may have gone to deep sleep. */
  afterRun(): void {
    const { cpu, rcc, pwr, log } = this.#options;
    if (this.#mode !== "run" || cpu.sleeping === this.#asleep) return;
    this.#eventBefore = cpu.event;
    this.#setAsleep(cpu.sleeping);
    if (!cpu.sleeping || (cpu.scs.scb.scr & SLEEPDEEP) === 0) return;
    const { resetsInstead, onReset } = this.#options;
    if (resetsInstead(pwr.standbyWanted ? "standby" : "stop")) {
      log.note(
        "the option bytes turn the way into Stop or Standby into a reset (NRST_STOP_D1, NRST_STBY_D1)",
      );
      onReset();
      return;
    }
    if (pwr.standbyWanted) {
      this.#mode = "standby";
      log.note("the chip is in Standby: RAM is lost; a wake-up pin, the RTC or a reset ends it");
      cpu.halt();
      return;
    }
    this.#mode = "stop";
    this.#freeze(true);
    rcc.enterStop();
  }

  /** An alarm or the wake-up timer of the RTC, or a wake-up pin. */
  wakeUpEvent(): void {
    if (this.#mode !== "standby") return;
    this.#mode = "run";
    this.#options.onStandbyExit();
  }

  #setAsleep(asleep: boolean): void {
    if (asleep === this.#asleep) return;
    this.#asleep = asleep;
    this.#options.onSleep();
  }

  #freeze(on: boolean): void {
    this.#options.cpu.scs.sysTick.freeze(on);
  }
}

/** What lets IWDG1 stand still: a debugger, and the option bytes IWDG_FZ_STOP and IWDG_FZ_SDBY (active low) in Stop and Standby. */

import type { Iwdg } from "../peripherals/watchdogs/iwdg.js";
import type { LowPowerMode } from "./low-power.js";

const RUNS_IN: Readonly<Partial<Record<LowPowerMode, number>>> = { stop: 1 << 17, standby: 1 << 18 };

export class WatchdogHold {
  readonly #iwdg: Iwdg;
  readonly #optsr: () => number;
  #debugger = false;
  #stopped = false;

  constructor(iwdg: Iwdg, optsr: () => number) {
    this.#iwdg = iwdg;
    this.#optsr = optsr;
  }

  reset(): void {
    this.#stopped = false;
  }

  debugger(holds: boolean): void {
    this.#debugger = holds;
    this.#apply();
  }

  mode(mode: LowPowerMode): void {
    const bit = RUNS_IN[mode];
    this.#stopped = bit !== undefined && (this.#optsr() & bit) === 0;
    this.#apply();
  }

  #apply(): void {
    this.#iwdg.freeze(this.#debugger || this.#stopped);
  }
}

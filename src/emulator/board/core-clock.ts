/** The core's clock: what it is told of its rate, and whether it runs at all. */

import type { EmulatorLog } from "../bus.js";
import type { CortexM7 } from "../cpu/core.js";
import type { ChipBusTiming } from "./bus-timing.js";
import type { LowPowerMode } from "./low-power.js";

/** What the core has in Stop for a debugger. */
const HSI_HZ = 64e6;

export interface CoreClockOptions {
  readonly cpu: CortexM7;
  readonly log: EmulatorLog;
  readonly busTiming: ChipBusTiming | undefined;
  readonly systemHz: () => number;
  readonly mode: () => LowPowerMode;
  /** DBGMCU_CR.DBGSTOP_D1. */
  readonly keptInStop: () => boolean;
}

export class CoreClock {
  readonly #options: CoreClockOptions;
  #hz = 0;
  #running = true;

  constructor(options: CoreClockOptions) {
    this.#options = options;
  }

  /** The system clock runs: else the core stands still. */
  get running(): boolean {
    return this.#running;
  }

  changed(): void {
    const { cpu, log, busTiming, systemHz, mode, keptInStop } = this.#options;
    const system = systemHz();
    if (system === 0 && this.#running && mode() === "run") {
      log.note("the system clock has stopped: nothing executes until it is back, or a reset");
    }
    this.#running = system > 0;
    // In Stop the core has no clock, and nothing to count with it, unless a debugger keeps it.
    const hz = mode() === "stop" && keptInStop() ? HSI_HZ : system;
    if (hz === 0) return;
    busTiming?.clockChanged();
    if (hz !== this.#hz) cpu.setClockHz(hz);
    this.#hz = hz;
  }
}

/** What a board gives its core. */

import type { EmulatorLog } from "../bus.js";
import type { Timeline } from "../timeline.js";
import type { SystemBus } from "./memory/system-bus.js";
import type { BusTiming } from "./time-model/pipeline.js";

export type Engine = "reference" | "interpreter" | "translation";

export interface CortexM7Options {
  readonly bus: SystemBus;
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  /** Interrupt lines of the chip (STM32H750: 150). */
  readonly irqs?: number;
  /** AIRCR.SYSRESETREQ was written. The board may reset the chip at once or after `run()` returned. */
  onSystemReset: () => void;
  /** Does the core's clock go on while it sleeps (`deep`: SCR.SLEEPDEEP)? CYCCNT and SLEEPCNT count it. Default: no. */
  readonly clockedAsleep?: (deep: boolean) => boolean;
  /** The core locked up: it executes nothing until a reset or NMI. */
  readonly onLockup?: () => void;
  /**
   * BKPT with a debugger attached: true when it takes the breakpoint (the core then halts on it), false to let it
   * raise DebugMonitor or HardFault, "continue" to go on behind it (semihosting).
   */
  readonly onBreakpoint?: (immediate: number) => boolean | "continue";
  /**
   * What executes: each instruction by a call of JavaScript, which the others are held to; an interpreter in WebAssembly; or
   * that and translation of what executes often. The latter two need the bus's memories in its `GuestMemory` to win. All do
   * the same, to the cycle. Default: translation; reference where there is no WebAssembly.
   */
  readonly engine?: Engine;
  /** How often a block begins before it is translated, at least 1. Tests make it small. Default 10,000. */
  readonly translateAfter?: number;
  /** A missing clean or invalidate of a cache shows. Default: caches are transparent. */
  readonly strictCaches?: boolean;
  /** Instructions take the time of a model of the chip (pipeline.ts). Default: as told above. */
  readonly busTiming?: BusTiming | undefined;
}

/** What QUADSPI is given, and what it gives MDMA. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import type { Timeline } from "../../timeline.js";
import type { DataLines, QuadSpiBank, QuadSpiChip } from "./quadspi-wire.js";

/** Its two triggers of MDMA (RM0433, table "QUADSPI internal signals"). */
export interface QuadSpiTriggers {
  /** Does a channel wait for the FIFO's threshold? */
  readonly wanted: () => boolean;
  /** quadspi_ft_trg rises. */
  readonly threshold: () => void;
  /** quadspi_tc_trg. */
  readonly complete: () => void;
}

export interface QuadSpiOptions {
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** quadspi_ker_ck in Hz, 0 when it stands still. */
  readonly kernelHz: () => number;
  /** The chip at a bank's pins, undefined while they are not muxed right. */
  readonly chip: (bank: QuadSpiBank) => QuadSpiChip | undefined;
  readonly lines?: ((bank: QuadSpiBank) => DataLines) | undefined;
  /** What two chips hold together, at most that many bytes of it. */
  readonly lendPair?: ((limit: number) => Uint8Array) | undefined;
  /** The bus stalls until board time `untilNs`. Default: the CPU's cycle counter jumps there. */
  readonly stall?: (untilNs: number) => void;
  /** `window.readable` begins or ceases to be lent. */
  readonly onMappingChange?: () => void;
  /** Each read of the window takes its time at the pins; nothing is lent then. Default false. */
  readonly windowTakesTime?: boolean;
}

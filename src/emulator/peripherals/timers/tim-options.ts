/** What a timer is given. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import type { Timeline } from "../../timeline.js";
import type { TimKind } from "./tim-registers.js";

/** What a timer asks of DMA: its update event, its channels 1..4, its trigger, its commutation. */
export type TimRequest = "UP" | "CH1" | "CH2" | "CH3" | "CH4" | "TRIG" | "COM";

export interface TimOptions {
  /** "TIM2". */
  readonly name: string;
  readonly kind: TimKind;
  /** Counter width: 32 for TIM2 and TIM5, else 16. */
  readonly bits: 16 | 32;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** Update, and everything else that has no line of its own. */
  readonly interrupt: InterruptLine;
  readonly compareInterrupt?: InterruptLine;
  readonly triggerInterrupt?: InterruptLine;
  readonly breakInterrupt?: InterruptLine;
  readonly clocked: ClockGate;
  /** The timers' kernel clock in Hz (ClockTree.timerHz); 0 while it stands still. */
  readonly clockHz: () => number;
  readonly request?: (request: TimRequest) => void;
  /** A request stays up, or not, through a burst of DMAR. */
  readonly holdRequest?: (request: TimRequest, on: boolean) => void;
  /** The level of internal trigger ITRx, where its master gives one. */
  readonly internalLevel?: (index: number) => boolean;
  /** Frequency of the clock that TISEL can select in place of pin TIx (index 0..3); undefined: that is no clock. */
  readonly periodic?: (index: number, selection: number) => (() => number) | undefined;
  /** It may follow another trigger now. */
  readonly onSlave?: () => void;
  /** Outputs that `watch` named may have changed. */
  readonly onOutputs?: () => void;
}

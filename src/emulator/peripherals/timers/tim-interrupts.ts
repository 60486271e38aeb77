/** Which flags of a timer reach which of its interrupts (RM0433, TIMx_DIER). */

import type { InterruptLine } from "../../bus.js";
import type { RegisterBlock } from "../../registers.js";
import type { TimOptions } from "./tim-options.js";
import { B2IF, BIF, COMIF, SBIF, TIF, UIF } from "./tim-registers.js";

const COMPARES = 0x1e;

export function updateTimInterrupts(
  registers: RegisterBlock<string>,
  { interrupt, compareInterrupt, triggerInterrupt, breakInterrupt }: TimOptions,
): void {
  const pending = registers.get("SR") & registers.get("DIER");
  // BIE enables the flags of both break inputs.
  const stopped = registers.has("DIER", BIF) && registers.has("SR", BIF | B2IF | SBIF) ? BIF : 0;
  const rest =
    (pending & UIF) |
    set(compareInterrupt, pending & COMPARES) |
    set(triggerInterrupt, pending & (TIF | COMIF)) |
    set(breakInterrupt, stopped);
  interrupt.set(rest !== 0);
}

/** @returns the flags that have no line of their own. */
function set(line: InterruptLine | undefined, flags: number): number {
  line?.set(flags !== 0);
  return line === undefined ? flags : 0;
}

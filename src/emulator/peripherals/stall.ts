/** A bus that makes the CPU wait. */

import { BusStall } from "../bus.js";
import type { Timeline } from "../timeline.js";

/**
 * Waits until board time `untilNs`. To be called before the access has any effect.
 *
 * An instruction is repeated when the time has come. Any other access (exception entry, a debugger) lets the CPU's cycle
 * counter run; events that fall due meanwhile run after it.
 * @throws BusStall to the CPU
 */
export function stallUntil(timeline: Timeline, untilNs: number): void {
  if (timeline.now >= untilNs) return;
  if (timeline.retries) throw new BusStall(untilNs);
  timeline.cycles += Math.ceil((untilNs - timeline.now) / timeline.nsPerCycle);
}

/** A bus that makes the CPU wait. */

import type { Timeline } from "../timeline.js";

/**
 * Lets the CPU's cycle counter run to board time `untilNs`, as a CPU's does that waits for its access. Events
 * that fall due meanwhile run when the CPU looks again, after the access.
 */
export function stallUntil(timeline: Timeline, untilNs: number): void {
  timeline.cycles += Math.max(0, Math.ceil((untilNs - timeline.now) / timeline.nsPerCycle));
}

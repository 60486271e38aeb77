/** What the peripherals' tests share: a line that shows its level, a way to pass time. */

import type { InterruptLine } from "../bus.js";
import type { Timeline } from "../timeline.js";

export class TestLine implements InterruptLine {
  asserted = false;
  set(asserted: boolean): void {
    this.asserted = asserted;
  }
}

/** Passes `ns` nanoseconds of board time and runs what falls due on the way. */
export function pass(timeline: Timeline, ns: number): void {
  const end = timeline.now + ns;
  for (;;) {
    timeline.runDue();
    if (timeline.now >= end) return;
    timeline.skipTo(Math.min(end, timeline.nextEventAt ?? end));
  }
}

/** What the peripherals' tests share: a log that remembers, a line that shows its level, a way to pass time. */

import type { EmulatorLog, InterruptLine } from "../bus.js";
import type { Timeline } from "../timeline.js";

export class MemoryLog implements EmulatorLog {
  readonly messages: string[] = [];
  readonly #keys = new Set<string>();

  once(key: string, message: string): void {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.messages.push(message);
  }

  note(message: string): void {
    this.messages.push(message);
  }

  /** Was anything like this reported? */
  has(pattern: RegExp): boolean {
    return this.messages.some((message) => pattern.test(message));
  }
}

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

/** What keeps the chip busy: one operation at a time, and at most one suspended erase or program. */

import type { Timeline, TimelineEvent } from "../timeline.js";
import type { OperationKind } from "./part.js";

export interface Operation {
  readonly kind: OperationKind;
  readonly address: number;
  readonly length: number;
  /** Nanoseconds; Infinity never ends. */
  readonly durationNs: number;
  /** Makes the change, at the end. */
  readonly apply: () => void;
  /** Makes part of the change: it was cut off. */
  readonly tear: () => void;
}

interface Running {
  readonly operation: Operation;
  endsAt: number;
  event: TimelineEvent | undefined;
}

interface Suspended {
  readonly operation: Operation;
  readonly remainingNs: number;
}

export interface OperationEvents {
  /** An operation ended by itself. */
  readonly onDone: () => void;
  /** An operation was suspended or resumed; the range is undefined after a resume. */
  readonly onSuspend: (range: readonly [start: number, end: number] | undefined) => void;
}

export class Operations {
  readonly #timeline: Timeline;
  readonly #events: OperationEvents;
  #running: Running | undefined;
  #suspended: Suspended | undefined;
  #suspending: TimelineEvent | undefined;

  constructor(timeline: Timeline, events: OperationEvents) {
    this.#timeline = timeline;
    this.#events = events;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  get running(): Operation | undefined {
    return this.#running?.operation;
  }

  get suspended(): Operation | undefined {
    return this.#suspended?.operation;
  }

  /** Board time in ns at which BUSY falls by itself; Infinity for never, undefined when idle. */
  get readyAt(): number | undefined {
    if (this.#running === undefined) return undefined;
    return Math.min(this.#running.endsAt, this.#suspending?.at ?? Number.POSITIVE_INFINITY);
  }

  begin(operation: Operation): void {
    this.#run(operation, operation.durationNs);
  }

  /** Suspends the running operation `latencyNs` from now, unless it ends before. */
  suspend(latencyNs: number): void {
    if (this.#suspending !== undefined) return;
    this.#suspending = this.#timeline.after(latencyNs, () => {
      this.#suspending = undefined;
      const running = this.#running;
      if (running === undefined) return;
      this.#timeline.cancel(running.event);
      this.#running = undefined;
      const remainingNs = Math.max(0, running.endsAt - this.#timeline.now);
      this.#suspended = { operation: running.operation, remainingNs };
      const { address, length } = running.operation;
      this.#events.onSuspend([address, address + length]);
    });
  }

  resume(): void {
    const suspended = this.#suspended;
    if (suspended === undefined) return;
    this.#suspended = undefined;
    this.#events.onSuspend(undefined);
    this.#run(suspended.operation, suspended.remainingNs);
  }

  /** Power or reset: whatever is under way is left half done. */
  cut(): void {
    this.#timeline.cancel(this.#running?.event);
    this.#timeline.cancel(this.#suspending);
    const torn = [this.#running?.operation, this.#suspended?.operation];
    if (this.#suspended !== undefined) this.#events.onSuspend(undefined);
    this.#running = undefined;
    this.#suspended = undefined;
    this.#suspending = undefined;
    for (const operation of torn) operation?.tear();
  }

  #run(operation: Operation, durationNs: number): void {
    const running: Running = { operation, endsAt: this.#timeline.now + durationNs, event: undefined };
    this.#running = running;
    if (durationNs === Number.POSITIVE_INFINITY) return;
    running.event = this.#timeline.after(durationNs, () => {
      this.#running = undefined;
      this.#timeline.cancel(this.#suspending);
      this.#suspending = undefined;
      operation.apply();
      this.#events.onDone();
    });
  }
}

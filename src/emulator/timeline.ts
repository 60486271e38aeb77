/**
 * Virtual time of one emulated board.
 *
 * The CPU counts its own clock cycles in `cycles`; everything else schedules events in nanoseconds of board
 * time. The CPU runs while `cycles < cycleLimit`; the limit always lies at the next event, and moves closer
 * when code that is being executed schedules an earlier one. Between two events time is a pure function of
 * the cycle count, so a run is reproducible to the nanosecond.
 */

export interface TimelineEvent {
  /** Due time in nanoseconds of board time. */
  readonly at: number;
  /** True once it ran or was cancelled. */
  readonly done: boolean;
}

interface PendingEvent {
  at: number;
  done: boolean;
  order: number;
  run: () => void;
}

/** Cycles that the CPU may run before it has to look again when no event is due. */
const IDLE_HORIZON_CYCLES = 1e6;

export class Timeline {
  /** CPU clock cycles since the last `rebase`. Incremented by the CPU. */
  cycles = 0;
  /** The CPU must return to its caller once `cycles` reaches this. */
  cycleLimit = 0;
  /** The CPU executes and can repeat an access that has to wait (`BusStall`). Set by the CPU. */
  retries = false;

  #baseNs = 0;
  #nsPerCycle: number;
  #order = 0;
  #stopRequested = false;
  readonly #events: PendingEvent[] = [];

  /** @param cpuHz CPU clock in Hz after power-on (HSI, 64 MHz). */
  constructor(cpuHz = 64e6) {
    this.#nsPerCycle = 1e9 / cpuHz;
    this.#updateLimit();
  }

  /** Board time in nanoseconds since power-on of the emulator (never runs backwards, survives resets). */
  get now(): number {
    return this.#baseNs + this.cycles * this.#nsPerCycle;
  }

  get nsPerCycle(): number {
    return this.#nsPerCycle;
  }

  /** Changes the CPU clock from now on. */
  setCpuHz(hz: number): void {
    this.#rebase();
    this.#nsPerCycle = 1e9 / hz;
    this.#updateLimit();
  }

  /** Runs `run` once, `delayNs` (>= 0) nanoseconds from now. Events due at the same time run in order of scheduling. */
  after(delayNs: number, run: () => void): TimelineEvent {
    const event: PendingEvent = {
      at: this.now + Math.max(0, delayNs),
      done: false,
      order: this.#order++,
      run,
    };
    this.#insert(event);
    this.#updateLimit();
    return event;
  }

  /** Makes an event never run. Cancelling twice, or after it ran, does nothing. */
  cancel(event: TimelineEvent | undefined): void {
    if (event === undefined || event.done) return;
    const pending = event as PendingEvent;
    pending.done = true;
    const index = this.#events.indexOf(pending);
    if (index >= 0) this.#events.splice(index, 1);
    this.#updateLimit();
  }

  /** Due time of the next event in nanoseconds, or undefined when nothing is scheduled. */
  get nextEventAt(): number | undefined {
    return this.#events[0]?.at;
  }

  /** Runs every event that is due by now, in order. */
  runDue(): void {
    for (let event = this.#events[0]; event !== undefined && event.at <= this.now; event = this.#events[0]) {
      this.#events.shift();
      event.done = true;
      event.run();
    }
    this.#rebase();
    this.#stopRequested = false;
    this.#updateLimit();
  }

  /** Sleeping core: moves time to `atNs` without executing. Never moves past the next event, never back. */
  skipTo(atNs: number): void {
    const target = Math.min(atNs, this.nextEventAt ?? atNs);
    if (target <= this.now) return;
    this.#baseNs = target;
    this.cycles = 0;
    this.#updateLimit();
  }

  /**
   * Makes the CPU return to its caller after the current instruction (for example because an interrupt became
   * pending). Holds until `runDue`, whatever is scheduled or cancelled in between.
   */
  stopSoon(): void {
    this.#stopRequested = true;
    this.#updateLimit();
  }

  #rebase(): void {
    this.#baseNs = this.now;
    this.cycles = 0;
  }

  #insert(event: PendingEvent): void {
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1]?.at ?? 0) > event.at) index--;
    this.#events.splice(index, 0, event);
  }

  #updateLimit(): void {
    if (this.#stopRequested) {
      this.cycleLimit = Math.min(this.cycleLimit, this.cycles);
      return;
    }
    const next = this.nextEventAt;
    const horizon = this.cycles + IDLE_HORIZON_CYCLES;
    if (next === undefined) {
      this.cycleLimit = horizon;
      return;
    }
    const due = Math.ceil((next - this.#baseNs) / this.#nsPerCycle);
    this.cycleLimit = Math.min(horizon, Math.max(due, this.cycles));
  }
}

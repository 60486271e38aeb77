/** Who counts with a clock: told when it changes, when the core sleeps without it, and when a debugger holds it. */

import type { Dbgmcu, FrozenName } from "../peripherals/dbgmcu.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { TimerName } from "./timers.js";

/** Who has a gate for the time while the core sleeps, and can be held by a debugger. */
export type TimerClock = TimerName | "HRTIM";

export interface ClockFollowersOptions {
  readonly rcc: () => Rcc;
  readonly dbgmcu: () => Dbgmcu;
  readonly asleep: () => boolean;
  /** The core is in CStop: no timer has a clock. */
  readonly coreStopped: () => boolean;
}

export class ClockFollowers {
  readonly #options: ClockFollowersOptions;
  readonly #all: (() => void)[] = [];
  readonly #timers: { readonly name: TimerClock; readonly changed: () => void }[] = [];
  /** What has no clock while the core sleeps. */
  #stopsInSleep: readonly (() => void)[] = [];
  #frozen = false;
  /** Counts what may have changed a frequency. */
  #changes = 0;

  constructor(options: ClockFollowersOptions) {
    this.#options = options;
  }

  /** `changed` runs after anything that may change a frequency. */
  add(changed: () => void): void {
    this.#all.push(changed);
  }

  addTimer(name: TimerClock, device: { clockChanged(): void }): void {
    const changed = (): void => device.clockChanged();
    this.add(changed);
    this.#timers.push({ name, changed });
  }

  /** A frequency in Hz, which is worked out anew only after something that may have changed it. */
  cached(hz: () => number): () => number {
    let at = -1;
    let known = 0;
    return () => {
      if (at !== this.#changes) {
        known = hz();
        at = this.#changes;
      }
      return known;
    };
  }

  clocksChanged(): void {
    this.#changes++;
    for (const changed of this.#all) changed();
  }

  /** Others listen to the timers' triggers than before. */
  listenersChanged(): void {
    for (const changed of this.#all) changed();
  }

  /** The core went to sleep, or woke. */
  sleepChanged(): void {
    for (const changed of this.#stopsInSleep) changed();
  }

  /** Most programs leave all clocks on while the core sleeps; then nobody has to hear of its sleep. */
  sleepGatesChanged(): void {
    const rcc = this.#options.rcc();
    this.#stopsInSleep = this.#timers
      .filter(({ name }) => !rcc.sleepClockGate(name)())
      .map(({ changed }) => changed);
  }

  /** A debugger halted the core, or let it go. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen;
    this.clocksChanged();
  }

  /** A debugger holds the core, and with it this one, as DBGMCU says. */
  frozen(name: FrozenName): boolean {
    return this.#frozen && this.#options.dbgmcu().freezes(name);
  }

  /** Whether a timer's clock runs. */
  runs(name: TimerClock): () => boolean {
    const { rcc, asleep, coreStopped } = this.#options;
    const gate = rcc().clockGate(name);
    const whileAsleep = rcc().sleepClockGate(name);
    return () => gate() && (!asleep() || (whileAsleep() && !coreStopped())) && !this.frozen(name);
  }
}

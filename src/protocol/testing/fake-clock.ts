/** A stand-in for unit tests: time that moves only when nothing else is left to do. */

import type { Timers } from "../transport.js";

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

export class FakeClock implements Timers {
  #now = 0;
  #alarms: Alarm[] = [];
  readonly #drain: () => Promise<void>;

  /** @param drain resolves when all that is ready to run has run: setImmediate, where there is Node. */
  constructor(drain: () => Promise<void>) {
    this.#drain = drain;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): () => void {
    const alarm = { at: this.#now + milliseconds, run };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** Lets time pass until `promise` is settled. @throws Error when nothing is left that could settle it. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    for (await this.#drain(); !settled; await this.#drain()) {
      const next = this.#alarms.reduce<Alarm | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined);
      if (next === undefined) throw new Error("the promise waits for something that never comes");
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    return promise;
  }
}

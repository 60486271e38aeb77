/** SMBus timeouts (RM0433, I2C_TIMEOUTR): SCL low for too long, the bus idle for long enough, a clock stretched for too long. */

import type { Timeline, TimelineEvent } from "../../../timeline.js";
import type { I2cLines } from "./i2c-lines.js";

export interface TimeoutHost {
  readonly timeline: Timeline;
  readonly register: (name: "TIMEOUTR") => number;
  readonly lines: I2cLines;
  readonly kernelHz: () => number;
  /** @param low SCL was low, and whoever holds it lets go */
  readonly expired: (low: boolean) => void;
}

const TIDLE = 1 << 12;
const TIMOUTEN = 1 << 15;
const TEXTEN = 1 << 31;
/** Periods of the kernel clock that a step of TIMEOUTA or TIMEOUTB takes, and one of TIMEOUTA with TIDLE. */
const LOW_STEP = 2048;
const IDLE_STEP = 4;

export class I2cTimeout {
  readonly #host: TimeoutHost;
  #event: TimelineEvent | undefined;
  #lowSince: number | undefined;
  /** SCL low since the start condition, cumulated. */
  #stretched = 0;

  constructor(host: TimeoutHost) {
    this.#host = host;
    host.lines.listen({
      start: () => {
        this.#stretched = 0;
        this.watch();
      },
      stop: () => this.watch(),
      rise: () => {
        if (this.#lowSince !== undefined) this.#stretched += this.#host.timeline.now - this.#lowSince;
        this.#lowSince = undefined;
        this.watch();
      },
      fall: () => {
        this.#lowSince = this.#host.timeline.now;
        this.watch();
      },
    });
  }

  stop(): void {
    this.#host.timeline.cancel(this.#event);
    this.#event = undefined;
  }

  /** Lines or settings changed: what expires next. */
  watch(): void {
    this.stop();
    const { timeline, register, lines, kernelHz, expired } = this.#host;
    const timeoutr = register("TIMEOUTR");
    if ((timeoutr & (TIMOUTEN | TEXTEN)) === 0 || kernelHz() === 0) return;
    const periodNs = 1e9 / kernelHz();
    const step = (shift: number, periods: number): number =>
      (((timeoutr >>> shift) & 0xfff) + 1) * periods * periodNs;
    const due: number[] = [];
    const low = !lines.scl;
    if ((timeoutr & TIMOUTEN) !== 0) {
      if ((timeoutr & TIDLE) !== 0) {
        if (lines.scl && lines.sda) due.push(step(0, IDLE_STEP));
      } else if (low) due.push(step(0, LOW_STEP));
    }
    if ((timeoutr & TEXTEN) !== 0 && low) due.push(Math.max(0, step(16, LOW_STEP) - this.#stretched));
    if (due.length > 0) this.#event = timeline.after(Math.min(...due), () => expired(low));
  }
}

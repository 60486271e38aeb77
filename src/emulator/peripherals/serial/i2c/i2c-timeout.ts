/** SMBus timeouts (RM0433, I2C_TIMEOUTR): SCL low for too long, the bus idle for long enough, the clock stretched for too long. */

import type { Timeline, TimelineEvent } from "../../../timeline.js";
import { TIMEOUTR } from "./i2c-bits.js";
import type { I2cLines } from "./i2c-lines.js";

export interface TimeoutHost {
  readonly timeline: Timeline;
  readonly register: (name: "TIMEOUTR") => number;
  readonly lines: I2cLines;
  readonly kernelHz: () => number;
  /** @param low SCL was low, and whoever holds it lets go */
  readonly expired: (low: boolean) => void;
}

/** Periods of the kernel clock that a step of TIMEOUTA or TIMEOUTB takes, and one of TIMEOUTA with TIDLE. */
const LOW_STEP = 2048;
const IDLE_STEP = 4;

export class I2cTimeout {
  readonly #host: TimeoutHost;
  #event: TimelineEvent | undefined;
  #lowSince = 0;
  /** This peripheral stretches the clock since then; undefined: it does not. */
  #stretchingSince: number | undefined;
  /** So long it has stretched it before, since the start condition; as master, in this byte. */
  #stretched = 0;

  constructor(host: TimeoutHost) {
    this.#host = host;
    host.lines.listen({
      start: () => {
        this.#stretched = 0;
        this.watch();
      },
      stop: () => this.watch(),
      rise: () => this.watch(),
      fall: () => {
        this.#lowSince = host.timeline.now;
        this.watch();
      },
    });
  }

  stop(): void {
    this.#host.timeline.cancel(this.#event);
    this.#event = undefined;
  }

  /** TIMEOUTR was written, or PE set. */
  restart(): void {
    this.#lowSince = this.#host.timeline.now;
    this.watch();
  }

  /** A master's byte is through. */
  nextByte(): void {
    this.#stretched = 0;
  }

  stretching(on: boolean): void {
    if (on === (this.#stretchingSince !== undefined)) return;
    const { now } = this.#host.timeline;
    if (this.#stretchingSince !== undefined) this.#stretched += now - this.#stretchingSince;
    this.#stretchingSince = on ? now : undefined;
    this.watch();
  }

  /** Lines or settings changed: what expires next. */
  watch(): void {
    this.stop();
    const { timeline, register, lines, kernelHz, expired } = this.#host;
    const timeoutr = register("TIMEOUTR");
    if ((timeoutr & (TIMEOUTR.TIMOUTEN | TIMEOUTR.TEXTEN)) === 0 || kernelHz() === 0) return;
    const { now } = timeline;
    const step = (shift: number, periods: number): number =>
      ((((timeoutr >>> shift) & 0xfff) + 1) * periods * 1e9) / kernelHz();
    const due: number[] = [];
    const low = !lines.scl;
    const since = this.#stretchingSince;
    if ((timeoutr & TIMEOUTR.TIMOUTEN) !== 0) {
      const idle = (timeoutr & TIMEOUTR.TIDLE) !== 0;
      if (idle && lines.scl && lines.sda) due.push(now + step(0, IDLE_STEP));
      if (!idle && low) due.push(this.#lowSince + step(0, LOW_STEP));
    }
    if ((timeoutr & TIMEOUTR.TEXTEN) !== 0 && since !== undefined)
      due.push(since + step(16, LOW_STEP) - this.#stretched);
    if (due.length > 0) this.#event = timeline.after(Math.max(0, Math.min(...due) - now), () => expired(low));
  }
}

/** A timer's outputs: what stands at OCx and OCxN, and who looks at them (RM0433, "Complementary outputs and dead-time insertion"). */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import type { TimChannels } from "./tim-channels.js";
import { TimDeadTime } from "./tim-dead-time.js";
import { outputLevel } from "./tim-outputs.js";
import { MOE } from "./tim-registers.js";
import type { TimSampling } from "./tim-sampling.js";

/** Periods shorter than this look like a steady light. */
const FLICKER_NS = 10e6;
const DTG = 0xff;

export interface TimPinsPort {
  readonly registers: RegisterBlock<string>;
  readonly timeline: Timeline;
  readonly channels: TimChannels;
  readonly sampling: TimSampling;
  readonly has: (name: string) => boolean;
  /** The period of the counter, nanoseconds. */
  readonly lapNs: () => number;
}

export class TimPins {
  readonly #port: TimPinsPort;
  readonly #dead = new TimDeadTime();
  readonly #reference: (index: number) => boolean;
  #awaited = 0;
  #seen = 0;
  #driving = false;
  /** Until then, outputs that a break took away are inactive; then they take their idle levels. */
  #idleAt = 0;

  constructor(port: TimPinsPort) {
    this.#port = port;
    this.#reference = (index) => port.channels.reference(index);
  }

  reset(): void {
    this.#dead.reset();
    this.#driving = false;
    this.#idleAt = 0;
  }

  /** @returns did anything change? As `Tim.watch`. */
  watch(channels: number, seen: number): boolean {
    if (channels === this.#awaited && seen === this.#seen) return false;
    this.#awaited = channels;
    this.#seen = seen;
    return true;
  }

  /** Outputs whose edges are told, bit 0 for channel 1. */
  get watched(): number {
    if (this.#seen === 0) return this.#awaited;
    return this.#port.lapNs() >= FLICKER_NS ? this.#awaited | this.#seen : this.#awaited;
  }

  /** Channels (as bits) with dead time: each edge of their references must be noticed. */
  get noticed(): number {
    return this.#dead.channels;
  }

  /** Registers may have changed. */
  configure(): void {
    const { registers, channels, sampling, timeline, has } = this.#port;
    if (!has("BDTR")) return;
    const bdtr = registers.get("BDTR");
    const dtg = bdtr & DTG;
    const ns = dtg === 0 ? 0 : sampling.deadTimeNs(dtg);
    this.#dead.configure(ns, channels.enables);
    const driving = (bdtr & MOE) !== 0;
    if (this.#driving && !driving) this.#idleAt = timeline.now + ns;
    this.#driving = driving;
    this.note(timeline.now);
  }

  /** The counter stands where it stood at board time `at`. */
  note(at: number): void {
    if (this.#dead.on) this.#dead.note(at, this.#reference);
  }

  /** When an output changes without the counter. */
  get nextAt(): number {
    const { now } = this.#port.timeline;
    if (this.watched === 0) return Number.POSITIVE_INFINITY;
    const end = this.#dead.nextEnd(now);
    return now < this.#idleAt ? Math.min(end, this.#idleAt) : end;
  }

  /** The level of output OCx, or of its complement; undefined while the timer does not drive it. @param index 0..5 */
  output(index: number, complement: boolean): boolean | undefined {
    const { registers, channels, timeline, has } = this.#port;
    if (channels.all[index]?.isOutput !== true) return undefined;
    const value = (name: string): number => (has(name) ? registers.get(name) : 0);
    const { now } = timeline;
    const state = {
      ccer: channels.enables,
      bdtr: has("BDTR") ? registers.get("BDTR") : undefined,
      cr2: value("CR2"),
      waits: this.#driving ? this.#dead.waits(index, now) : now < this.#idleAt,
    };
    return outputLevel(state, index, complement, channels.reference(index));
  }
}

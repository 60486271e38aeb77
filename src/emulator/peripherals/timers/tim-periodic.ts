/**
 * Clocks at a timer's inputs (TISEL: LSI, LSE, HSE, ...), without an event for each of their edges: captures are worked out
 * when somebody looks, and scheduled only where an interrupt or DMA waits for them.
 */

import type { RegisterBlock } from "../../registers.js";
import { type TimInputs, TRIGGER } from "./tim-inputs.js";
import { CC1E, CC1IF, UDE } from "./tim-registers.js";

export interface PeriodicCapture {
  readonly index: number;
  /** Captures since the last look; the last one counts. */
  readonly captures: number;
  /** Board time of the last one, nanoseconds. */
  readonly at: number;
}

type Periodic = (index: number, selection: number) => (() => number) | undefined;

export class PeriodicInputs {
  readonly #registers: RegisterBlock<string>;
  readonly #inputs: TimInputs;
  readonly #sources: Periodic | undefined;
  #lookedAt = 0;

  constructor(registers: RegisterBlock<string>, inputs: TimInputs, sources: Periodic | undefined) {
    this.#registers = registers;
    this.#inputs = inputs;
    this.#sources = sources;
  }

  /** The frequency that clocks the counter in external clock mode 1 by trigger `trigger`; 0: no clock. */
  clockHz(trigger: number): number {
    if (trigger === TRIGGER.EDGE_DETECTOR) return 2 * this.#hz(0);
    return trigger === TRIGGER.TI1 || trigger === TRIGGER.TI2 ? this.#hz(trigger - TRIGGER.TI1) : 0;
  }

  /** Does a channel capture by such a clock? */
  get captures(): boolean {
    if (this.#sources === undefined) return false;
    for (let index = 0; index < 4; index++) if (this.#rate(index) !== 0) return true;
    return false;
  }

  /** What was captured up to `now`. */
  pass(now: number): readonly PeriodicCapture[] {
    const from = this.#lookedAt;
    this.#lookedAt = now;
    if (this.#sources === undefined) return [];
    const found: PeriodicCapture[] = [];
    for (let index = 0; index < 4; index++) {
      const rate = this.#rate(index);
      if (rate === 0) continue;
      const edges = count(now, rate) - count(from, rate);
      if (edges === 0) continue;
      const { captures, ago } = this.#inputs.prescale(index, edges);
      if (captures > 0) found.push({ index, captures, at: ((count(now, rate) - ago) * 1e9) / rate });
    }
    return found;
  }

  /** When the next capture is due that somebody waits for. */
  get nextAt(): number {
    let at = Number.POSITIVE_INFINITY;
    if (this.#sources === undefined) return at;
    for (let index = 0; index < 4; index++) {
      const rate = this.#rate(index);
      if (rate === 0 || !this.#awaited(index)) continue;
      const edge = count(this.#lookedAt, rate) + this.#inputs.missing(index);
      at = Math.min(at, (edge * 1e9) / rate);
    }
    return at;
  }

  #awaited(index: number): boolean {
    const flag = CC1IF << index;
    if (this.#registers.has("DIER", UDE << (index + 1))) return true;
    return this.#registers.has("DIER", flag) && !this.#registers.has("SR", flag);
  }

  /** Edges a second that channel `index` takes. */
  #rate(index: number): number {
    const input = this.#inputs.inputOf(index);
    if (input === undefined || !this.#registers.has("CCER", CC1E << (index * 4))) return 0;
    const both = this.#inputs.takes(index, true) && this.#inputs.takes(index, false);
    return this.#hz(input) * (both ? 2 : 1);
  }

  #hz(input: number): number {
    const selection = this.#inputs.source(input);
    return selection === 0 ? 0 : (this.#sources?.(input, selection)?.() ?? 0);
  }
}

/** Edges of a clock of `rate` up to board time `ns`. An edge at exactly that time counts. */
function count(ns: number, rate: number): number {
  return Math.floor((ns * rate) / 1e9 + 1e-6);
}

/** LPTIM's inputs and its trigger behind their filters (RM0433, "Glitch filter", "LPTIM input and trigger mapping"). */

import type { Timeline, TimelineEvent } from "../../timeline.js";
import { InputFilter } from "./input-filter.js";
import { CKFLT_SHIFT, TRGFLT_SHIFT } from "./lptim-bits.js";

export type LptimInput = "IN1" | "IN2";
/** CFGR2 */
const SELECTION_SHIFT = { IN1: 0, IN2: 4 } as const;

export interface LptimInputsHost {
  readonly timeline: Timeline;
  readonly kernelHz: () => number;
  readonly register: (name: "CFGR" | "CFGR2") => number;
  readonly edge: (input: LptimInput, level: boolean) => void;
  /** Does it wait for the trigger of this number? */
  readonly wants: (selection: number) => boolean;
  readonly triggered: (high: boolean | undefined) => void;
}

export class LptimInputs {
  readonly #host: LptimInputsHost;
  readonly #filters: Readonly<Record<LptimInput, InputFilter>>;
  /** By the number of the selection; 0 is the pin. */
  readonly #levels: Readonly<Record<LptimInput, boolean[]>> = { IN1: [], IN2: [] };
  /** The trigger behind its filter; undefined: not seen yet. */
  #triggerLevel: boolean | undefined;
  #triggering: TimelineEvent | undefined;

  constructor(host: LptimInputsHost) {
    this.#host = host;
    const filter = (input: LptimInput): InputFilter =>
      new InputFilter({
        timeline: host.timeline,
        delayNs: () => this.#filterNs(CKFLT_SHIFT),
        onLevel: (level) => host.edge(input, level),
      });
    this.#filters = { IN1: filter("IN1"), IN2: filter("IN2") };
  }

  level(input: LptimInput): boolean {
    return this.#filters[input].level;
  }

  selection(input: LptimInput): number {
    return (this.#host.register("CFGR2") >>> SELECTION_SHIFT[input]) & 3;
  }

  set(input: LptimInput, level: boolean, source: number): void {
    this.#levels[input][source] = level;
    this.look(input);
  }

  /** What CFGR2 leads to an input is its level. */
  look(input: LptimInput): void {
    this.#filters[input].set(this.#levels[input][this.selection(input)] === true);
  }

  /** @param high undefined: a pulse */
  trigger(selection: number, high: boolean | undefined): void {
    const { timeline, wants, triggered } = this.#host;
    if (!wants(selection)) return;
    const ns = high === undefined ? 0 : this.#filterNs(TRGFLT_SHIFT);
    if (ns === 0) {
      triggered(high);
      return;
    }
    timeline.cancel(this.#triggering);
    if (high === this.#triggerLevel || ns === Number.POSITIVE_INFINITY) return;
    this.#triggering = timeline.after(ns, () => {
      this.#triggerLevel = high;
      if (wants(selection)) triggered(high);
    });
  }

  /** RM0433, CFGR.CKFLT and TRGFLT: 2, 4 or 8 clocks of the kernel. */
  #filterNs(shift: number): number {
    const field = (this.#host.register("CFGR") >>> shift) & 3;
    return field === 0 ? 0 : (2 ** field * 1e9) / this.#host.kernelHz();
  }
}

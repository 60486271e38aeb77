/** Break inputs and the main output enable (RM0433, "Using the break function", TIMx_BDTR, TIMx_AF1, TIMx_AF2). */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { InputFilter } from "./input-filter.js";
import { AOE, B2IF, BIF, BK2E, BK2P, BKE, BKP, MOE, SBIF } from "./tim-registers.js";
import type { TimSampling } from "./tim-sampling.js";

const UNITS = [
  { enable: BKE, polarity: BKP, flag: BIF, sources: "AF1", filterShift: 16 },
  { enable: BK2E, polarity: BK2P, flag: B2IF, sources: "AF2", filterShift: 20 },
] as const;
/** AFx: the polarity of source n (0: pin, 1 and 2: comparators) stands nine places above its enable bit. */
const POLARITY_SHIFT = 9;
const SOURCES = 3;
/** DFSDM's break output, which has no polarity. */
const FILTERS = { source: 3, enable: 1 << 8 } as const;

export interface TimBreakPort {
  readonly registers: RegisterBlock<string>;
  readonly has: (name: string) => boolean;
  readonly timeline: Timeline;
  readonly sampling: TimSampling;
  /** An input passed its filter, later than it came. */
  readonly onFiltered: () => void;
}

export class TimBreak {
  readonly #registers: RegisterBlock<string>;
  readonly #has: (name: string) => boolean;
  /** By input and source; undefined: not connected. */
  readonly #levels: (boolean | undefined)[][] = [[], []];
  readonly #filters: readonly InputFilter[];
  #system = false;

  constructor({ registers, has, timeline, sampling, onFiltered }: TimBreakPort) {
    this.#registers = registers;
    this.#has = has;
    this.#filters = UNITS.map(
      ({ filterShift }) =>
        new InputFilter({
          timeline,
          delayNs: () => sampling.filterNs((registers.get("BDTR") >>> filterShift) & 0xf),
          onLevel: (_active, late) => {
            if (late) onFiltered();
          },
        }),
    );
  }

  set(which: 1 | 2, source: number, level: boolean | undefined): void {
    (this.#levels[which - 1] as (boolean | undefined)[])[source] = level;
    this.look();
  }

  /** What the system breaks by itself: past polarity and AF1, but not past BKE. */
  setSystem(active: boolean): void {
    this.#system = active;
    this.look();
  }

  /** An active input clears MOE at once, and keeps it and its flag. */
  look(): void {
    if (!this.#has("BDTR")) return;
    if (this.#systemActive) {
      this.#registers.setBits("SR", this.#has("AF2") ? SBIF : BIF, true);
      this.#registers.setBits("BDTR", MOE, false);
    }
    UNITS.forEach(({ flag }, unit) => {
      this.#filters[unit]?.set(this.#input(unit));
      if (!this.#active(unit)) return;
      this.#registers.setBits("SR", flag, true);
      this.#registers.setBits("BDTR", MOE, false);
    });
  }

  /** BG and B2G of EGR. */
  generate(written: number): void {
    if (!this.#has("BDTR") || (written & (BIF | B2IF)) === 0) return;
    this.#registers.setBits("SR", written & (this.#has("AF2") ? BIF | B2IF : BIF), true);
    this.#registers.setBits("BDTR", MOE, false);
  }

  /** AOE: the next update event sets MOE again, when no break is active. */
  update(): void {
    if (this.waitsForUpdate) this.#registers.setBits("BDTR", MOE, true);
  }

  get waitsForUpdate(): boolean {
    if (!this.#has("BDTR")) return false;
    const bdtr = this.#registers.get("BDTR");
    const broken = this.#systemActive || this.#active(0) || this.#active(1);
    return (bdtr & (AOE | MOE)) === AOE && !broken;
  }

  get #systemActive(): boolean {
    return this.#system && this.#registers.has("BDTR", BKE);
  }

  /** Behind the filter. */
  #active(unit: number): boolean {
    return this.#filters[unit]?.level === true;
  }

  #input(unit: number): boolean {
    const { enable, polarity, sources } = UNITS[unit] as (typeof UNITS)[number];
    if (!this.#registers.has("BDTR", enable) || !this.#has(sources)) return false;
    const af = this.#registers.get(sources);
    for (let source = 0; source < SOURCES; source++) {
      const level = this.#levels[unit]?.[source];
      if (level === undefined || (af & (1 << source)) === 0) continue;
      const inverted = (af & (1 << (source + POLARITY_SHIFT))) !== 0;
      if ((level !== inverted) === this.#registers.has("BDTR", polarity)) return true;
    }
    const filters = this.#levels[unit]?.[FILTERS.source] === true;
    return (af & FILTERS.enable) !== 0 && filters === this.#registers.has("BDTR", polarity);
  }
}

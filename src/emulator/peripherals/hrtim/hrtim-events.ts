/** HRTIM's ten external events: source, polarity, sensitivity, digital filter (RM0433, "External events global conditioning"). */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { InputFilter } from "../timers/input-filter.js";
import { filterNs } from "../timers/tim-sampling.js";

export const EVENT_COUNT = 10;
/** The first with a digital filter, and without a fast mode. */
const FILTERED = 5;
/** EExSNS */
const SENSITIVITY = { LEVEL: 0, RISING: 1, FALLING: 2, BOTH: 3 } as const;

export interface HrtimEventsPort {
  readonly registers: RegisterBlock<string>;
  readonly timeline: Timeline;
  readonly clockHz: () => number;
  /** Brings the timers to the present, before a level changes that they look at. */
  readonly sync: () => void;
  /** Events came (bit 0: event 1), or the level of one that acts by its level went. */
  readonly onEvents: (edges: number) => void;
}

export class HrtimEvents {
  readonly #port: HrtimEventsPort;
  /** By event and source 1..4. */
  readonly #inputs: boolean[][] = Array.from({ length: EVENT_COUNT }, () => [false, false, false, false]);
  readonly #filters: readonly InputFilter[];
  /** Behind the filters, bit 0 for event 1. */
  #signals = 0;

  constructor(port: HrtimEventsPort) {
    this.#port = port;
    this.#filters = this.#inputs.map((_, event) => {
      return new InputFilter({
        timeline: port.timeline,
        delayNs: () => this.#delayNs(event),
        onLevel: (level) => this.#changed(event, level),
      });
    });
  }

  /** @param event 1..10 @param source 1..4 */
  set(event: number, source: number, level: boolean): void {
    const inputs = this.#inputs[event - 1] as boolean[];
    inputs[source - 1] = level;
    this.look();
  }

  /** Does it take this source now? */
  takes(event: number, source: number): boolean {
    return (this.#field(event - 1) & 3) === source - 1;
  }

  /** Levels or selections changed. */
  look(): void {
    for (const [event, filter] of this.#filters.entries()) {
      filter.set(this.#inputs[event]?.[this.#field(event) & 3] === true);
    }
  }

  /** Events that act by their level and are active now, bit 0 for event 1. */
  get levels(): number {
    let levels = 0;
    for (let event = 0; event < EVENT_COUNT; event++) {
      const field = this.#field(event);
      if (sensitivity(field) !== SENSITIVITY.LEVEL) continue;
      if (((this.#signals >>> event) & 1) === (inverted(field) ? 0 : 1)) levels |= 1 << event;
    }
    return levels;
  }

  /** EExFAST */
  fast(event: number): boolean {
    return event < FILTERED && (this.#field(event) & (1 << 5)) !== 0;
  }

  /** EExSRC, EExPOL, EExSNS, EExFAST of event 0..9. */
  #field(event: number): number {
    const eecr = this.#port.registers.get(event < FILTERED ? "EECR1" : "EECR2");
    return (eecr >>> ((event % FILTERED) * 6)) & 0x3f;
  }

  #delayNs(event: number): number {
    if (event < FILTERED) return 0;
    const eecr3 = this.#port.registers.get("EECR3");
    const clockNs = 1e9 / this.#port.clockHz();
    return filterNs((eecr3 >>> ((event - FILTERED) * 6)) & 0xf, clockNs, clockNs * 2 ** (eecr3 >>> 30));
  }

  /** Whatever acts by its level triggers by the edge to its active one. */
  #changed(event: number, level: boolean): void {
    this.#port.sync();
    this.#signals ^= 1 << event;
    const field = this.#field(event);
    const mode = sensitivity(field);
    const rising = mode === SENSITIVITY.LEVEL ? !inverted(field) : mode === SENSITIVITY.RISING;
    const comes = mode === SENSITIVITY.BOTH || level === rising;
    if (comes || mode === SENSITIVITY.LEVEL) this.#port.onEvents(comes ? 1 << event : 0);
  }
}

const sensitivity = (field: number): number => (field >>> 3) & 3;
const inverted = (field: number): boolean => (field & 4) !== 0;

/** A timing unit's filters of external events: blanking and windowing (RM0433, "External event filtering in timing units"). */

import { EVENT } from "./hrtim-bits.js";
import { EVENT_COUNT } from "./hrtim-events.js";
import type { HrtimOutputs } from "./hrtim-outputs.js";
import type { HrtimTimer } from "./hrtim-timer.js";

/** EExFLTR: from 5 to 12 others blank, from 13 on it is a window. */
const BY_OTHERS = 5;
const WINDOW = 13;
const WINDOW_BY_OTHER = 15;

/** "B4": until timer B's compare 4; "BO": while its output 2 is inactive. */
type Source = readonly [timer: number, compare: number | "output"];

const parse = (text: string): Source => [
  "ABCDE".indexOf(text.charAt(0)),
  text.endsWith("O") ? "output" : Number(text.charAt(1)) - 1,
];

/** TIMFLTR1..8 of timers A..E (RM0433, table "Filtering signals mapping per timer"). */
const FILTERS: readonly (readonly Source[])[] = [
  "B1 B4 BO C1 C4 CO D1 E2",
  "A1 A4 AO C1 C2 CO D2 E1",
  "A2 B1 B4 BO D1 D4 DO E4",
  "A1 B2 C1 C2 CO E1 E4 EO",
  "A2 B1 C1 C4 CO D1 D4 DO",
].map((row) => row.split(" ").map(parse));
/** TIMWIN (RM0433, table "Windowing signals mapping per timer"). */
const WINDOWS: readonly Source[] = ["B2", "A2", "D2", "C2", "D2"].map(parse);

export interface EventFilterPort {
  readonly timers: readonly HrtimTimer[];
  readonly outputs: readonly HrtimOutputs[];
  readonly fast: (event: number) => boolean;
}

export class HrtimEventFilter {
  readonly #timer: HrtimTimer;
  readonly #port: EventFilterPort;
  /** Events that wait for the end of their blanking or window. */
  #latched = 0;
  /** Events that came in their window. */
  #seen = 0;

  constructor(timer: HrtimTimer, port: EventFilterPort) {
    this.#timer = timer;
    this.#port = port;
  }

  reset(): void {
    this.#latched = 0;
    this.#seen = 0;
  }

  /** Is any filter on? */
  get on(): boolean {
    return ((this.#timer.register("EEF1") | this.#timer.register("EEF2")) & ~0x0104_1041) !== 0;
  }

  /** Does another timer's counter or output decide? */
  get byOthers(): boolean {
    for (let event = 0; event < EVENT_COUNT; event++) {
      const mode = this.#mode(event);
      if ((mode >= BY_OTHERS && mode < WINDOW) || mode === WINDOW_BY_OTHER) return true;
    }
    return false;
  }

  /** @returns of `events`, those that come through now */
  pass(events: number, cycle: number): number {
    if (!this.on) return events;
    let passed = 0;
    for (let event = 0; event < EVENT_COUNT; event++) {
      const bit = 1 << event;
      if ((events & bit) === 0) continue;
      const mode = this.#mode(event);
      const before = this.#before(event, cycle);
      const latches = this.#latches(event);
      if (mode >= WINDOW && before) this.#seen |= bit;
      const open = mode < WINDOW ? !before : before && !latches;
      if (open) passed |= bit;
      else if (before && latches) this.#latched |= bit;
    }
    return passed;
  }

  /** @returns of the events that act by their level, those that may now */
  levels(levels: number, cycle: number): number {
    if (levels === 0 || !this.on) return levels;
    let passed = 0;
    for (let event = 0; event < EVENT_COUNT; event++) {
      if ((levels & (1 << event)) === 0) continue;
      if (this.#before(event, cycle) === this.#mode(event) >= WINDOW) passed |= 1 << event;
    }
    return passed;
  }

  /** @param fired what happened to each timer @returns events that an end of blanking or window lets go, or makes (timeout) */
  release(fired: readonly number[]): number {
    if (!this.on) return 0;
    let released = 0;
    for (let event = 0; event < EVENT_COUNT; event++) {
      const source = this.#source(event);
      if (source === undefined) continue;
      const [timer, compare] = source;
      const end = compare === "output" ? EVENT.SET2 : EVENT.CMP1 << compare;
      if (((fired[timer] ?? 0) & end) === 0) continue;
      const bit = 1 << event;
      const timeout = this.#mode(event) >= WINDOW && !this.#latches(event) && !this.#port.fast(event);
      if ((this.#latched & bit) !== 0 || (timeout && (this.#seen & bit) === 0)) released |= bit;
      this.#latched &= ~bit;
      this.#seen &= ~bit;
    }
    return released;
  }

  /** Is it still before the end of the blanking or of the window? */
  #before(event: number, cycle: number): boolean {
    const source = this.#source(event);
    if (source === undefined) return false;
    const [index, compare] = source;
    if (compare === "output") return this.#port.outputs[index]?.crossbar(1) !== true;
    const counter = this.#port.timers[index]?.counter;
    return counter !== undefined && counter.count(cycle) < (counter.compares[compare] ?? 0);
  }

  #source(event: number): Source | undefined {
    const mode = this.#mode(event);
    const { index } = this.#timer;
    if (mode === 0) return undefined;
    if (mode < BY_OTHERS) return [index, mode - 1];
    if (mode < WINDOW) return FILTERS[index]?.[mode - BY_OTHERS];
    return mode === WINDOW_BY_OTHER ? WINDOWS[index] : [index, mode - WINDOW + 1];
  }

  #field(event: number): number {
    return this.#timer.register(event < 5 ? "EEF1" : "EEF2") >>> ((event % 5) * 6);
  }

  #mode(event: number): number {
    return (this.#field(event) >>> 1) & 0xf;
  }

  #latches(event: number): boolean {
    return (this.#field(event) & 1) !== 0;
  }
}

/**
 * A timer's inputs: TI1..TI4 and ETR with their selections, polarities, prescalers (RM0433, "Input capture mode", "Encoder
 * interface mode", "External trigger input").
 */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { InputFilter } from "./input-filter.js";
import type { Channel } from "./tim-channel.js";
import { CC1E } from "./tim-registers.js";
import type { TimSampling } from "./tim-sampling.js";

export type TimInput = "TI1" | "TI2" | "TI3" | "TI4" | "ETR";

export interface InputEvents {
  /** Channel `index` (0..3) takes the counter. */
  readonly capture: (index: number) => void;
  /** An active edge of the trigger input. */
  readonly trigger: () => void;
  /** The trigger input's level may have changed (gated mode). */
  readonly gate: () => void;
  /** A step of the encoder. */
  readonly step: (up: boolean) => void;
  /** A step of external clock mode 2. */
  readonly external: () => void;
  /** ETRF went high: it clears the references that want it. */
  readonly clear: () => void;
  /** An edge passed its filter, later than it came: what it does happens around `edge`. */
  readonly late: (edge: () => void) => void;
}

export interface TimInputsPort {
  readonly registers: RegisterBlock<string>;
  readonly channels: readonly Channel[];
  readonly has: (name: string) => boolean;
  readonly timeline: Timeline;
  readonly sampling: TimSampling;
  readonly events: InputEvents;
}

const INPUTS: readonly TimInput[] = ["TI1", "TI2", "TI3", "TI4", "ETR"];
/** SMCR.TS */
export const TRIGGER = { EDGE_DETECTOR: 4, TI1: 5, TI2: 6, ETR: 7 } as const;
/** CCxS */
const FROM_TRIGGER = 3;
const TI1S = 1 << 7;
const ECE = 1 << 14;
const ETP = 1 << 15;
const ETR = 4;

export class TimInputs {
  readonly #registers: RegisterBlock<string>;
  readonly #has: (name: string) => boolean;
  readonly #channels: readonly Channel[];
  readonly #events: InputEvents;
  /** By input and source: source 0 is the pin. */
  readonly #levels: boolean[][] = INPUTS.map(() => []);
  readonly #filters: readonly InputFilter[];
  /** Edges since the last capture, for ICxPSC. */
  readonly #edges = [0, 0, 0, 0];
  #etrEdges = 0;

  constructor({ registers, channels, has, timeline, sampling, events }: TimInputsPort) {
    this.#registers = registers;
    this.#channels = channels;
    this.#has = has;
    this.#events = events;
    this.#filters = INPUTS.map((_, index) => {
      const edge = (level: boolean): void => {
        if (index === ETR) this.#etr(level);
        else this.#edge(index, level);
      };
      return new InputFilter({
        timeline,
        delayNs: () => sampling.filterNs(this.#filterField(index)),
        onLevel: (level, late) => {
          if (late) events.late(() => edge(level));
          else edge(level);
        },
      });
    });
  }

  /** What software chose starts anew; the signals from outside stay as they are. */
  reset(): void {
    this.#edges.fill(0);
    this.#etrEdges = 0;
    this.look();
  }

  /** @param source 0: the pin; else the number that TISEL or AF1.ETRSEL knows the signal by. */
  set(input: TimInput, level: boolean, source: number): void {
    const levels = this.#levels[INPUTS.indexOf(input)] as boolean[];
    levels[source] = level;
    this.look();
  }

  /** Levels or selections changed: edges are what differs from before. */
  look(): void {
    for (const [index, filter] of this.#filters.entries()) filter.set(this.#level(index));
  }

  /** ICxF of the channel beside the input, while that captures; ETF. */
  #filterField(index: number): number {
    if (index === ETR) return this.#has("SMCR") ? (this.#registers.get("SMCR") >>> 8) & 0xf : 0;
    if (this.#channels[index]?.isOutput !== false) return 0;
    return (this.#registers.get(`CCMR${(index >> 1) + 1}_Output`) >>> ((index & 1) * 8 + 4)) & 0xf;
  }

  #filtered(index: number): boolean {
    return this.#filters[index]?.level === true;
  }

  /** SMCR.TS with its upper bits. */
  get trigger(): number {
    const smcr = this.#has("SMCR") ? this.#registers.get("SMCR") : 0;
    return ((smcr >>> 4) & 7) | ((smcr >>> 17) & 0x18);
  }

  /** TRGI as a level, where it comes from a pin. */
  get triggerLevel(): boolean {
    const { trigger } = this;
    if (trigger === TRIGGER.ETR) return this.etrLevel;
    const index = trigger - TRIGGER.TI1;
    return index === 0 || index === 1 ? this.#filtered(index) !== this.#inverted(index) : false;
  }

  /** ETRF as a level. */
  get etrLevel(): boolean {
    return this.#filtered(ETR) !== this.#etrInverted;
  }

  /** Which signal TIx (index 0..3) takes: 0 is the pin. */
  source(index: number): number {
    if (index === ETR) return this.#has("AF1") ? (this.#registers.get("AF1") >>> 14) & 0xf : 0;
    return this.#has("TISEL") ? (this.#registers.get("TISEL") >>> (index * 8)) & 0xf : 0;
  }

  /** Is this the signal that TISEL or AF1.ETRSEL leads to the input? */
  selects(input: TimInput, source: number): boolean {
    return this.source(INPUTS.indexOf(input)) === source;
  }

  /** The input that channel `index` captures from, undefined when it is an output or follows the trigger. */
  inputOf(index: number): number | undefined {
    const selection = this.#channels[index]?.selection;
    return selection === 1 ? index : selection === 2 ? index ^ 1 : undefined;
  }

  /** `times` edges reached channel `index`: how many of them capture (ICxPSC), and how many edges ago the last one did. */
  prescale(index: number, times: number): { readonly captures: number; readonly ago: number } {
    const every = this.prescaler(index);
    const total = (this.#edges[index] ?? 0) + times;
    this.#edges[index] = total % every;
    return { captures: Math.floor(total / every), ago: total % every };
  }

  prescaler(index: number): number {
    const field = this.#registers.get(`CCMR${(index >> 1) + 1}_Output`) >>> ((index & 1) * 8);
    return 1 << ((field >>> 2) & 3);
  }

  /** Edges that are missing until channel `index` captures. */
  missing(index: number): number {
    return this.prescaler(index) - (this.#edges[index] ?? 0);
  }

  /** Channels that capture on TRC. */
  captureOnTrigger(): void {
    for (let index = 0; index < 4; index++) {
      const fromTrigger = this.#channels[index]?.selection === FROM_TRIGGER;
      if (fromTrigger && this.#enabled(index)) this.#capture(index);
    }
  }

  /** Does channel `index` take an edge of this direction? CCxNP:CCxP 00 rising, 01 falling, 11 both. */
  takes(index: number, rising: boolean): boolean {
    const polarity = (this.#registers.get("CCER") >>> (index * 4)) & 0xa;
    return polarity === 0xa || (polarity === 0) === rising;
  }

  #enabled(index: number): boolean {
    return this.#registers.has("CCER", CC1E << (index * 4));
  }

  #level(index: number): boolean {
    const level = this.#levels[index]?.[this.source(index)] ?? false;
    if (index !== 0 || !this.#has("CR2") || !this.#registers.has("CR2", TI1S)) return level;
    return [0, 1, 2].filter((at) => this.#levels[at]?.[this.source(at)] === true).length % 2 === 1;
  }

  #inverted(index: number): boolean {
    return this.#registers.has("CCER", 2 << (index * 4));
  }

  get #etrInverted(): boolean {
    return this.#has("SMCR") && this.#registers.has("SMCR", ETP);
  }

  #edge(index: number, high: boolean): void {
    for (const channel of [index, index ^ 1]) {
      if (this.inputOf(channel) !== index || !this.#enabled(channel)) continue;
      if (this.takes(channel, high)) this.#capture(channel);
    }
    if (!this.#has("SMCR") || index > 1) return;
    this.#encode(index, high);
    const { trigger } = this;
    if (index === 0 && trigger === TRIGGER.EDGE_DETECTOR) this.#events.trigger();
    if (trigger !== TRIGGER.TI1 + index) return;
    if (this.takes(index, high)) this.#events.trigger();
    this.#events.gate();
  }

  #capture(index: number): void {
    const { captures } = this.prescale(index, 1);
    if (captures > 0) this.#events.capture(index);
  }

  /** RM0433, table "Counting direction versus encoder signals". */
  #encode(index: number, high: boolean): void {
    const mode = this.#registers.get("SMCR") & 0x1_0007;
    if (mode === 0 || mode > 3 || (mode & (1 << index)) === 0) return;
    const level = high !== this.#inverted(index);
    const other = this.#filtered(1 - index) !== this.#inverted(1 - index);
    this.#events.step(index === 0 ? level !== other : level === other);
  }

  #etr(level: boolean): void {
    if (!this.#has("SMCR")) return;
    if (this.trigger === TRIGGER.ETR) this.#events.gate();
    if (level === this.#etrInverted) return;
    this.#events.clear();
    const smcr = this.#registers.get("SMCR");
    this.#etrEdges++;
    if (this.#etrEdges < 1 << ((smcr >>> 12) & 3)) return;
    this.#etrEdges = 0;
    if ((smcr & ECE) !== 0) this.#events.external();
    if (this.trigger === TRIGGER.ETR) this.#events.trigger();
  }
}

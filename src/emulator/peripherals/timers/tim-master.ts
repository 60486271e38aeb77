/** The master side of a timer: what TRGO and, in TIM1 and TIM8, TRGO2 send out (RM0433, TIMx_CR2.MMS, MMS2). */

import type { RegisterBlock } from "../../registers.js";
import type { TimChannels } from "./tim-channels.js";
import { CEN } from "./tim-registers.js";
import { TriggerOutput } from "./tim-trigger.js";

/** MMS; from REFERENCE on OCxREF. */
const MODE = { RESET: 0, ENABLE: 1, UPDATE: 2, COMPARE: 3, REFERENCE: 4 } as const;

export type MasterEvent = "RESET" | "UPDATE" | "COMPARE";

export class TimMaster {
  readonly trgo = new TriggerOutput();
  readonly trgo2 = new TriggerOutput();
  readonly #registers: RegisterBlock<string>;
  readonly #channels: TimChannels;
  readonly #hasFirst: boolean;
  readonly #hasSecond: boolean;

  constructor(
    registers: RegisterBlock<string>,
    channels: TimChannels,
    has: { readonly first: boolean; readonly second: boolean },
  ) {
    this.#registers = registers;
    this.#channels = channels;
    this.#hasFirst = has.first;
    this.#hasSecond = has.second;
  }

  reset(): void {
    this.trgo.reset();
    this.trgo2.reset();
  }

  lookAhead(counting: boolean): void {
    this.trgo.lookAhead(counting);
    if (this.#hasSecond) this.trgo2.lookAhead(counting);
  }

  /** TRGO as a level, for gated slaves. */
  get level(): boolean {
    return this.#level(this.#mode);
  }

  /** Something happened that a mode sends out as a pulse. */
  pulse(event: MasterEvent): void {
    if (this.#mode === MODE[event]) this.trgo.pulse();
    if (this.#hasSecond && this.#mode2 === MODE[event]) this.trgo2.pulse();
  }

  /** Modes with a level follow the counter. */
  follow(): void {
    const mode = this.#mode;
    if (hasLevel(mode)) this.trgo.follow(this.#level(mode));
    if (!this.#hasSecond) return;
    const second = this.#mode2;
    if (hasLevel(second)) this.trgo2.follow(this.#level(second));
  }

  /** Does somebody wait for this event? */
  awaits(event: MasterEvent): boolean {
    return (
      (this.#mode === MODE[event] && this.trgo.listening) ||
      (this.#mode2 === MODE[event] && this.trgo2.listening)
    );
  }

  /** Channels (as bits) whose OCxREF somebody waits for. */
  get references(): number {
    const first = this.trgo.listening ? referenceOf(this.#mode) : 0;
    return this.#hasSecond && this.trgo2.listening ? first | referenceOf(this.#mode2) : first;
  }

  get #mode(): number {
    return this.#hasFirst ? (this.#registers.get("CR2") >>> 4) & 7 : 0;
  }

  get #mode2(): number {
    return this.#hasSecond ? (this.#registers.get("CR2") >>> 20) & 0xf : 0;
  }

  #level(mode: number): boolean {
    if (mode === MODE.ENABLE) return this.#registers.has("CR1", CEN);
    return mode >= MODE.REFERENCE && this.#channels.reference(mode - MODE.REFERENCE);
  }
}

const hasLevel = (mode: number): boolean => mode === MODE.ENABLE || mode >= MODE.REFERENCE;

/** The channel whose OCxREF a mode sends out, as a bit. */
function referenceOf(mode: number): number {
  return mode >= MODE.REFERENCE ? 1 << (mode - MODE.REFERENCE) : 0;
}

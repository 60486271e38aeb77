/**
 * RTC_SSR, RTC_TR and RTC_DR as software reads them (RM0433, "Reading the calendar"): copies that belong together. Reading RTC_SSR or
 * RTC_TR locks the rest until RTC_DR is read. In Stop nobody copies, and behind it the old values are there until it is done again.
 */

import type { CalendarRegisters } from "./calendar.js";

/** RTC_DR: Monday, the first of January, 2000. */
const RESET_DATE = 0x2101;

export interface RtcShadowHost {
  /** CR.BYPSHAD: the counters themselves are read. */
  readonly bypassed: () => boolean;
  readonly present: () => CalendarRegisters;
  readonly subSecond: () => number;
}

export class RtcShadow {
  readonly #host: RtcShadowHost;
  #locked: { tr?: number; dr: number } | undefined;
  #stale: { readonly tr: number; readonly dr: number; readonly subSecond: number } | undefined;

  constructor(host: RtcShadowHost) {
    this.#host = host;
  }

  /** The calendar was set, or moved: what was locked is none of it. */
  forget(): void {
    this.#locked = undefined;
    this.#stale = undefined;
  }

  /** A system reset: the copies have their reset values until they are made again. */
  reset(): void {
    this.#locked = undefined;
    this.#stale = { tr: 0, dr: RESET_DATE, subSecond: 0 };
  }

  /** The chip goes to Stop. */
  stop(): void {
    this.#stale ??= { ...this.#host.present(), subSecond: this.#host.subSecond() };
  }

  /** Copied again. */
  synchronised(): void {
    this.#stale = undefined;
  }

  readSubSecond(): number {
    const source = this.#source;
    if (!this.#host.bypassed()) this.#locked ??= { tr: source.tr, dr: source.dr };
    return source.subSecond();
  }

  readTime(): number {
    if (this.#locked?.tr !== undefined) return this.#locked.tr;
    const { tr, dr } = this.#source;
    if (!this.#host.bypassed()) this.#locked ??= { dr };
    return tr;
  }

  readDate(): number {
    const dr = this.#locked?.dr ?? this.#source.dr;
    this.#locked = undefined;
    return dr;
  }

  get #source(): CalendarRegisters & { readonly subSecond: () => number } {
    const stale = this.#host.bypassed() ? undefined : this.#stale;
    if (stale !== undefined) return { tr: stale.tr, dr: stale.dr, subSecond: () => stale.subSecond };
    return { ...this.#host.present(), subSecond: () => this.#host.subSecond() };
  }
}

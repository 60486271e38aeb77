/** The RTC's calendar as it runs (RM0433, chapter RTC): prescalers, smooth calibration, shifts. Time is counted when looked at. */

import type { Timeline } from "../../timeline.js";
import {
  type CalendarRegisters,
  type CalendarTime,
  formatCalendar,
  parseCalendar,
  secondOfDay,
} from "./calendar.js";

export interface RtcClockHost {
  readonly timeline: Timeline;
  readonly clockHz: () => number;
  readonly register: (name: "RTC_PRER" | "RTC_CALR" | "RTC_CR") => number;
  /** INITF: the calendar stands still. */
  readonly stopped: () => boolean;
}

const SECONDS_A_DAY = 86400;
/** 2000 to 2099. */
const CENTURY = 36525 * SECONDS_A_DAY;
const FMT = 1 << 6;
const CALP = 1 << 15;
/** Smooth calibration spreads its pulses over 2^20 clocks. */
const CALIBRATION_CYCLES = 2 ** 20;

export class RtcClock {
  readonly #host: RtcClockHost;
  #calendar: CalendarTime = parseCalendar({ tr: 0, dr: 0x2101 }, false);
  /** Seconds, with fraction, that the calendar counted since `#calendar`, up to board time `#countedAt`. */
  #counted = 0;
  #countedAt = 0;
  /** A shift left the calendar in this second: the prescaler has more than a second to count down. */
  #ahead = 0;
  /** The clock since `#countedAt`, in Hz, as calibrated. */
  #hz = 0;

  constructor(host: RtcClockHost) {
    this.#host = host;
  }

  /** The clock that was counted with last, Hz. */
  get countedHz(): number {
    return this.#hz;
  }

  /** Seconds of the calendar in a second. */
  get rate(): number {
    return this.#hzNow() / this.#divider;
  }

  /** RTC_TR and RTC_DR. */
  get time(): CalendarRegisters {
    this.count();
    const twelve = (this.#host.register("RTC_CR") & FMT) !== 0;
    return formatCalendar(this.#calendar, this.#second, twelve);
  }

  get #second(): number {
    return Math.max(Math.floor(this.#counted), this.#ahead);
  }

  /** 0 to 23. */
  get hour(): number {
    this.count();
    return Math.floor(secondOfDay(this.#calendar.seconds + this.#second) / 3600);
  }

  /** The part of the second that is over, 0 to 1. */
  get fraction(): number {
    this.count();
    return this.#counted - Math.floor(this.#counted);
  }

  /** Seconds, with fraction, that it counted since it was set. */
  get seconds(): number {
    this.count();
    return this.#counted;
  }

  /** Periods of ck_apre in a second. */
  get span(): number {
    return (this.#host.register("RTC_PRER") & 0x7fff) + 1;
  }

  /** It has a clock, and is not being set. */
  get runs(): boolean {
    return this.#hzNow() > 0 && !this.#host.stopped();
  }

  /** RTC_SSR: the synchronous prescaler counts down. */
  get subSecond(): number {
    const { span } = this;
    const late = this.#second - Math.floor(this.#counted);
    return span - 1 - Math.floor(this.fraction * span) + late * span;
  }

  /** RTC_SHIFTR: the calendar goes seconds ahead, and the prescaler gets periods of ck_apre more to count down. */
  shift(seconds: number, periods: number): void {
    this.count();
    this.#ahead = this.#second + seconds;
    this.#counted += seconds - periods / this.span;
  }

  set(registers: CalendarRegisters): void {
    this.#calendar = parseCalendar(registers, (this.#host.register("RTC_CR") & FMT) !== 0);
    this.#counted = 0;
    this.#ahead = 0;
    this.#countedAt = this.#host.timeline.now;
    this.#hz = this.#hzNow();
  }

  /** Puts the calendar forward, or back. */
  move(seconds: number): void {
    this.count();
    this.#ahead = this.#second > Math.floor(this.#counted) ? this.#ahead + seconds : 0;
    this.#counted += seconds;
    if (this.#counted >= 0) return;
    // A day back, at most: nobody moves it further.
    const { seconds: start, weekday } = this.#calendar;
    this.#calendar = {
      seconds: start >= SECONDS_A_DAY ? start - SECONDS_A_DAY : start + CENTURY - SECONDS_A_DAY,
      weekday: ((weekday + 5) % 7) + 1,
    };
    this.#counted += SECONDS_A_DAY;
    this.#ahead += SECONDS_A_DAY * (this.#ahead === 0 ? 0 : 1);
  }

  /** Counts up to now at the old rate, and from now on at the present one. */
  count(): void {
    const { timeline, stopped } = this.#host;
    const { now } = timeline;
    if (!stopped()) this.#counted += ((now - this.#countedAt) / 1e9) * (this.#hz / this.#divider);
    this.#countedAt = now;
    this.#hz = this.#hzNow();
  }

  get #divider(): number {
    const prer = this.#host.register("RTC_PRER");
    return ((prer & 0x7fff) + 1) * (((prer >>> 16) & 0x7f) + 1);
  }

  /** RM0433, "RTC smooth digital calibration". */
  #hzNow(): number {
    const calr = this.#host.register("RTC_CALR");
    // CALP does nothing with an asynchronous prescaler below 3.
    const adds = (calr & CALP) !== 0 && ((this.#host.register("RTC_PRER") >>> 16) & 0x7f) >= 3;
    const pulses = (adds ? 512 : 0) - (calr & 0x1ff);
    const hz = this.#host.clockHz();
    return pulses === 0 ? hz : hz * (1 + pulses / (CALIBRATION_CYCLES - pulses));
  }
}

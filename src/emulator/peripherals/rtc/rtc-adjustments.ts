/** What puts the RTC's calendar forward or back: shifts, smooth calibration, daylight saving time (RM0433, chapter RTC). */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import type { RtcClock } from "./rtc-clock.js";
import type { RtcRegister } from "./rtc-registers.js";

const SHPF = 1 << 3;
const RSF = 1 << 5;
const RECALPF = 1 << 16;
/** CR */
const REFCKON = 1 << 4;
const ADD1H = 1 << 16;
const SUB1H = 1 << 17;
/** CALR */
const CALW16 = 1 << 13;
const CALW8 = 1 << 14;
const CALP = 1 << 15;
const ADD1S = 0x8000_0000;
const HOUR = 3600;
/** RTCCLK until a shift is done; ck_apre until a calibration is. */
const SHIFT_CLOCKS = 2;
const CALIBRATION_CLOCKS = 3;
/** CALP needs an asynchronous prescaler of at least so much. */
const CALP_PREDIV_A = 3;

export interface RtcAdjustmentsHost {
  readonly registers: RegisterBlock<string>;
  readonly clock: RtcClock;
  readonly timeline: Timeline;
  readonly clockHz: () => number;
  readonly mistake: (name: RtcRegister, what: string) => void;
  /** The calendar's time, or its rate, is another one than before. */
  readonly moved: () => void;
  readonly synchronise: () => void;
}

export class RtcAdjustments {
  readonly #host: RtcAdjustmentsHost;

  constructor(host: RtcAdjustmentsHost) {
    this.#host = host;
  }

  get #prediv(): number {
    return (this.#host.registers.get("RTC_PRER") >>> 16) & 0x7f;
  }

  #after(clocks: number, run: () => void): void {
    const { timeline, clockHz } = this.#host;
    if (clockHz() > 0) timeline.after((clocks * 1e9) / clockHz(), run);
  }

  /** RTC_CR: an hour forward, or back, from the next second on; no hour back in the first one of a day. */
  hour(written: number): void {
    const { clock, timeline, moved } = this.#host;
    if ((written & (ADD1H | SUB1H)) === 0 || !clock.runs) return;
    timeline.after(((1 - clock.fraction) * 1e9) / clock.rate, () => {
      if ((written & ADD1H) !== 0) clock.move(HOUR);
      if ((written & SUB1H) !== 0 && clock.hour > 0) clock.move(-HOUR);
      moved();
    });
  }

  /** RTC_SHIFTR: a fraction of a second back, with ADD1S a second forward. */
  shift(written: number): void {
    const { registers, clock, mistake, moved, synchronise } = this.#host;
    if (registers.has("RTC_ISR", SHPF)) {
      mistake("RTC_SHIFTR", "a shift is pending (SHPF): write ignored");
      return;
    }
    if (registers.has("RTC_CR", REFCKON)) mistake("RTC_SHIFTR", "shifts do not go with REFCKON");
    if (clock.subSecond >= 0x8000) mistake("RTC_SHIFTR", "SS[15] is set: the counter overflows");
    clock.shift((written & ADD1S) === 0 ? 0 : 1, written & 0x7fff);
    registers.setBits("RTC_ISR", SHPF, true);
    registers.setBits("RTC_ISR", RSF, false);
    this.#after(SHIFT_CLOCKS, () => registers.setBits("RTC_ISR", SHPF, false));
    synchronise();
    moved();
  }

  /** RTC_CALR was written. */
  calibrate(before: number): void {
    const { registers, clock, mistake, moved } = this.#host;
    const calr = registers.get("RTC_CALR");
    // What was counted so far was counted at the old rate.
    registers.set("RTC_CALR", before);
    if (registers.has("RTC_ISR", RECALPF)) {
      mistake("RTC_CALR", "a calibration is pending (RECALPF): write ignored");
      return;
    }
    clock.count();
    const stuck = (calr & CALW8) !== 0 ? 3 : (calr & CALW16) !== 0 ? 1 : 0;
    const unfit = this.#prediv < CALP_PREDIV_A ? CALP : 0;
    registers.set("RTC_CALR", calr & ~(stuck | unfit));
    clock.count();
    registers.setBits("RTC_ISR", RECALPF, true);
    this.#after(CALIBRATION_CLOCKS * (this.#prediv + 1), () => registers.setBits("RTC_ISR", RECALPF, false));
    moved();
  }
}

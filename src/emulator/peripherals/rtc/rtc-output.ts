/** RTC_OUT (RM0433, "Calibration clock output", "Alarm output", RTC_OR): which of its two signals is at which of its two pins. */

import type { RegisterBlock } from "../../registers.js";
import type { RtcClock } from "./rtc-clock.js";

export type RtcOutPin = "PC13" | "PB2";

const COSEL = 1 << 19;
const POL = 1 << 20;
const COE = 1 << 23;
/** RTC_OR */
const PUSH_PULL = 1 << 0;
const OUT_RMP = 1 << 1;
/** CR.OSEL: ALRAF, ALRBF, WUTF of RTC_ISR. */
const FLAGS = [0, 1 << 8, 1 << 9, 1 << 10] as const;
/** The stage of the prescalers whose output is RTC_CALIB: the 6th of the asynchronous one, or with COSEL the 8th of the other. */
const ASYNCHRONOUS_STAGE = 5;
const SYNCHRONOUS_STAGE = 7;

interface Prescaler {
  /** What it counts down from. */
  readonly top: number;
  /** Steps, with fraction, that it has counted down. */
  readonly steps: number;
  readonly stepsPerSecond: number;
  readonly stage: number;
}

export class RtcOutput {
  readonly #registers: RegisterBlock<string>;
  readonly #clock: RtcClock;

  constructor(registers: RegisterBlock<string>, clock: RtcClock) {
    this.#registers = registers;
    this.#clock = clock;
  }

  /** Which signal has the pin now. */
  signal(pin: RtcOutPin): "alarm" | "calibration" | undefined {
    const cr = this.#registers.get("RTC_CR");
    const alarm = this.#flag !== 0;
    const calibration = (cr & COE) !== 0;
    const remapped = this.#registers.has("RTC_OR", OUT_RMP);
    if (alarm && calibration && remapped) return pin === "PC13" ? "alarm" : "calibration";
    if ((pin === "PB2") !== remapped) return undefined;
    return alarm ? "alarm" : calibration ? "calibration" : undefined;
  }

  /** undefined: the pin is not driven. */
  level(pin: RtcOutPin): boolean | undefined {
    const signal = this.signal(pin);
    if (signal === undefined) return undefined;
    if (signal === "calibration") {
      const { top, steps, stage } = this.#prescaler;
      return (((top - Math.floor(steps)) >>> stage) & 1) === 1;
    }
    const high = this.#registers.has("RTC_ISR", this.#flag) !== this.#registers.has("RTC_CR", POL);
    const openDrain = pin === "PC13" && !this.#registers.has("RTC_OR", PUSH_PULL);
    return openDrain && high ? undefined : high;
  }

  /** Nanoseconds until the calibration clock's next edge at the pin; infinity: there is none. */
  untilEdge(pin: RtcOutPin): number {
    const { top, steps, stepsPerSecond, stage } = this.#prescaler;
    if (this.signal(pin) !== "calibration" || stepsPerSecond === 0) return Number.POSITIVE_INFINITY;
    const whole = Math.floor(steps);
    const left = ((top - whole) & ((1 << stage) - 1)) + 1 - (steps - whole);
    return (left * 1e9) / stepsPerSecond + 1;
  }

  get slow(): boolean {
    return this.#registers.has("RTC_CR", COSEL);
  }

  get #flag(): number {
    return FLAGS[(this.#registers.get("RTC_CR") >>> 21) & 3] as number;
  }

  get #prescaler(): Prescaler {
    const prer = this.#registers.get("RTC_PRER");
    const { span } = this.#clock;
    const inner = ((prer >>> 16) & 0x7f) + 1;
    const steps = this.#clock.fraction * span;
    const rate = this.#clock.runs ? this.#clock.rate * span : 0;
    if (this.slow) return { top: span - 1, steps, stepsPerSecond: rate, stage: SYNCHRONOUS_STAGE };
    return {
      top: inner - 1,
      steps: (steps - Math.floor(steps)) * inner,
      stepsPerSecond: rate * inner,
      stage: ASYNCHRONOUS_STAGE,
    };
  }
}

/** Time stamps and tampers (RM0433, "Timestamp function", "Tamper detection"). */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { RtcClock } from "./rtc-clock.js";

/** Where they are: RTC_TAMP1 (also RTC_TS), RTC_TAMP2, RTC_TAMP3 (data sheet DS12556). */
export const TAMPER_PINS = ["PC13", "PI8", "PC1"] as const;

const TSF = 1 << 11;
const TSOVF = 1 << 12;
const TAMP1F = 1 << 13;
const TSEDGE = 1 << 3;
const TSE = 1 << 11;
const TSIE = 1 << 15;
/** TAMPCR */
const TAMPIE = 1 << 2;
const TAMPTS = 1 << 7;
const TAMPFLT = 3 << 11;
const TAMPPUDIS = 1 << 15;
/** The slowest sampling (TAMPFREQ = 0) takes so many clocks of the RTC; each further step halves it. */
const SLOWEST_SAMPLES = 32768;
/** Enable and trigger of tampers 1 to 3. */
const ENABLE_SHIFTS = [0, 3, 5] as const;
/** IE, NOERASE and MF of tampers 1 to 3. */
const OPTION_SHIFTS = [16, 19, 22] as const;
const NOERASE = 2;
const MF = 4;

export interface RtcTamperHost {
  readonly timeline: Timeline;
  readonly clockHz: () => number;
  /** PC13 carries RTC_OUT: neither RTC_TAMP1 nor RTC_TS looks at it. */
  readonly firstPinTaken: () => boolean;
  readonly eraseBackup: () => void;
  /** A tamper without a flag (TAMPxMF), which starts LPTIM all the same. */
  readonly onMasked: (index: number) => void;
  readonly onFlag: () => void;
}

export class RtcTamper {
  readonly #registers: RegisterBlock<string>;
  readonly #clock: RtcClock;
  readonly #host: RtcTamperHost;
  /** undefined: nothing drives the pin. */
  readonly #levels: (boolean | undefined)[] = TAMPER_PINS.map(() => undefined);
  /** Samples at the active level in a row, and when the next one is taken. */
  readonly #samples = TAMPER_PINS.map(() => 0);
  readonly #sampling: (TimelineEvent | undefined)[] = TAMPER_PINS.map(() => undefined);

  constructor(registers: RegisterBlock<string>, clock: RtcClock, host: RtcTamperHost) {
    this.#registers = registers;
    this.#clock = clock;
    this.#host = host;
  }

  /** The level of RTC_TAMP1..3 (index 0..2); undefined: nothing drives the pin, and the precharge pulls it up. */
  level(index: number, high: boolean | undefined): void {
    if (this.#levels[index] === high) return;
    const rose = high === true;
    const edge = (this.#levels[index] ?? false) !== rose;
    this.#levels[index] = high;
    if (index === 0 && this.#host.firstPinTaken()) return;
    if (index === 0 && edge) this.#stampPin(rose);
    if (this.#registers.has("RTC_TAMPCR", TAMPFLT)) this.#sample(index);
    else if (edge && this.#enabled(index) && this.#active(index)) this.#detected(index);
  }

  /** TAMPCR was written: an input for rising edges that is high when it is enabled counts (RM0433, "Edge detection on tamper inputs"). */
  configured(before: number): void {
    const filtered = this.#registers.has("RTC_TAMPCR", TAMPFLT);
    ENABLE_SHIFTS.forEach((shift, index) => {
      this.#stop(index);
      if (filtered) this.#sample(index);
      else if (
        ((before >>> shift) & 1) === 0 &&
        this.#enabled(index) &&
        this.#levels[index] === true &&
        this.#active(index)
      )
        this.#detected(index);
    });
    this.#host.onFlag();
  }

  /** Flags were cleared: the stamp goes with TSF, and a level that is still there counts again. */
  cleared(): void {
    if (!this.#registers.has("RTC_ISR", TSF)) {
      for (const name of ["RTC_TSTR", "RTC_TSDR", "RTC_TSSSR"]) this.#registers.set(name, 0);
    }
    if (!this.#registers.has("RTC_TAMPCR", TAMPFLT)) return;
    for (let index = 0; index < TAMPER_PINS.length; index++) this.#sample(index);
  }

  reset(): void {
    for (let index = 0; index < TAMPER_PINS.length; index++) this.#stop(index);
  }

  /** A tamper's flag holds the backup registers in reset. */
  get erasing(): boolean {
    const isr = this.#registers.get("RTC_ISR");
    const tampcr = this.#registers.get("RTC_TAMPCR");
    return OPTION_SHIFTS.some(
      (shift, index) => (isr & (TAMP1F << index)) !== 0 && ((tampcr >>> shift) & NOERASE) === 0,
    );
  }

  /** Flags that ask for an interrupt now. */
  get pending(): boolean {
    const isr = this.#registers.get("RTC_ISR");
    const tampcr = this.#registers.get("RTC_TAMPCR");
    const tampers = OPTION_SHIFTS.some(
      (shift, index) => (isr & (TAMP1F << index)) !== 0 && (tampcr & ((1 << shift) | TAMPIE)) !== 0,
    );
    return tampers || ((isr & TSF) !== 0 && this.#registers.has("RTC_CR", TSIE));
  }

  #stampPin(high: boolean): void {
    const cr = this.#registers.get("RTC_CR");
    if ((cr & TSE) !== 0 && high === ((cr & TSEDGE) === 0)) this.#stamp();
  }

  #stamp(): void {
    if (this.#registers.has("RTC_ISR", TSF)) {
      this.#registers.setBits("RTC_ISR", TSOVF, true);
    } else {
      const { tr, dr } = this.#clock.time;
      this.#registers.set("RTC_TSTR", tr);
      // The stamp has no year.
      this.#registers.set("RTC_TSDR", dr & 0xffff);
      this.#registers.set("RTC_TSSSR", this.#clock.subSecond);
      this.#registers.setBits("RTC_ISR", TSF, true);
    }
    this.#host.onFlag();
  }

  #enabled(index: number): boolean {
    if (index === 0 && this.#host.firstPinTaken()) return false;
    return ((this.#registers.get("RTC_TAMPCR") >>> (ENABLE_SHIFTS[index] ?? 0)) & 1) !== 0;
  }

  /** TAMPxTRG: by edges 0 is rising and 1 falling; with a filter 0 is low and 1 high. */
  #active(index: number): boolean {
    const tampcr = this.#registers.get("RTC_TAMPCR");
    const trigger = ((tampcr >>> (ENABLE_SHIFTS[index] ?? 0)) & 2) !== 0;
    const filtered = (tampcr & TAMPFLT) !== 0;
    const level = this.#levels[index] ?? (filtered && (tampcr & TAMPPUDIS) === 0);
    return filtered ? level === trigger : level !== trigger;
  }

  /** Takes samples of an input from the time it is active until it is not, or was long enough: nothing else can come of them. */
  #sample(index: number): void {
    if (this.#sampling[index] !== undefined || this.#registers.has("RTC_ISR", TAMP1F << index)) return;
    const hz = this.#host.clockHz();
    if (!this.#enabled(index) || !this.#active(index) || hz === 0) return;
    const tampcr = this.#registers.get("RTC_TAMPCR");
    const { timeline } = this.#host;
    const periodNs = ((SLOWEST_SAMPLES >>> ((tampcr >>> 8) & 7)) * 1e9) / hz;
    this.#sampling[index] = timeline.after(periodNs - (timeline.now % periodNs), () => {
      this.#sampling[index] = undefined;
      this.#took(index);
    });
  }

  #took(index: number): void {
    const needed = 1 << ((this.#registers.get("RTC_TAMPCR") >>> 11) & 3);
    const count = this.#active(index) ? (this.#samples[index] ?? 0) + 1 : 0;
    this.#samples[index] = count < needed ? count : 0;
    if (count >= needed) this.#detected(index);
    else if (count > 0) this.#sample(index);
  }

  #stop(index: number): void {
    this.#host.timeline.cancel(this.#sampling[index]);
    this.#sampling[index] = undefined;
    this.#samples[index] = 0;
  }

  #detected(index: number): void {
    // As long as its flag is set, nothing is detected at this input.
    if (this.#registers.has("RTC_ISR", TAMP1F << index)) return;
    const tampcr = this.#registers.get("RTC_TAMPCR");
    const options = tampcr >>> (OPTION_SHIFTS[index] ?? 0);
    if ((options & MF) !== 0) this.#host.onMasked(index);
    else {
      this.#registers.setBits("RTC_ISR", TAMP1F << index, true);
      if ((options & NOERASE) === 0) this.#host.eraseBackup();
    }
    if ((tampcr & TAMPTS) !== 0) this.#stamp();
    this.#host.onFlag();
  }
}

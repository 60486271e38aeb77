/** Time stamps and tampers (RM0433, "Timestamp function", "Tamper detection"). Filters and their precharge take no time here. */

import type { RegisterBlock } from "../../registers.js";
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
/** Enable and trigger of tampers 1 to 3. */
const ENABLE_SHIFTS = [0, 3, 5] as const;
/** IE, NOERASE and MF of tampers 1 to 3. */
const OPTION_SHIFTS = [16, 19, 22] as const;
const NOERASE = 2;
const MF = 4;

export class RtcTamper {
  readonly #registers: RegisterBlock<string>;
  readonly #clock: RtcClock;
  readonly #host: { readonly eraseBackup: () => void; readonly onFlag: () => void };
  readonly #levels = TAMPER_PINS.map(() => false);

  constructor(
    registers: RegisterBlock<string>,
    clock: RtcClock,
    host: { readonly eraseBackup: () => void; readonly onFlag: () => void },
  ) {
    this.#registers = registers;
    this.#clock = clock;
    this.#host = host;
  }

  /** The level of RTC_TAMP1..3 (index 0..2). */
  level(index: number, high: boolean): void {
    if (this.#levels[index] === high) return;
    this.#levels[index] = high;
    if (index === 0) this.#stampPin(high);
    this.#look(index, true);
  }

  /** TAMPCR was written: with a filter a level is enough. */
  configured(): void {
    for (let index = 0; index < TAMPER_PINS.length; index++) this.#look(index, false);
    this.#host.onFlag();
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

  #look(index: number, isEdge: boolean): void {
    const tampcr = this.#registers.get("RTC_TAMPCR");
    const bits = tampcr >>> (ENABLE_SHIFTS[index] ?? 0);
    if ((bits & 1) === 0) return;
    const trigger = (bits & 2) !== 0;
    const level = this.#levels[index] ?? false;
    const detected = (tampcr & TAMPFLT) === 0 ? isEdge && level !== trigger : level === trigger;
    if (!detected) return;
    const options = tampcr >>> (OPTION_SHIFTS[index] ?? 0);
    if ((options & MF) === 0) {
      this.#registers.setBits("RTC_ISR", TAMP1F << index, true);
      if ((options & NOERASE) === 0) this.#host.eraseBackup();
    }
    if ((tampcr & TAMPTS) !== 0) this.#stamp();
    this.#host.onFlag();
  }
}

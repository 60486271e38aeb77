/** Both alarms and the wake-up timer of the RTC (RM0433, "Programmable alarms", "Periodic auto-wakeup"). */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { RtcClock } from "./rtc-clock.js";

export const ALARMS = [
  { enable: 1 << 8, interrupt: 1 << 12, flag: 1 << 8, time: "RTC_ALRMAR", fraction: "RTC_ALRMASSR" },
  { enable: 1 << 9, interrupt: 1 << 13, flag: 1 << 9, time: "RTC_ALRMBR", fraction: "RTC_ALRMBSSR" },
] as const;
export const WUTE = 1 << 10;
export const WUTIE = 1 << 14;
export const WUTF = 1 << 10;
const ENABLES = ALARMS[0].enable | ALARMS[1].enable;

export class RtcAlarms {
  readonly #registers: RegisterBlock<string>;
  readonly #timeline: Timeline;
  readonly #clock: RtcClock;
  readonly #clockHz: () => number;
  readonly #onFlag: () => void;
  #second: TimelineEvent | undefined;
  #wakeup: TimelineEvent | undefined;

  constructor(
    registers: RegisterBlock<string>,
    clock: RtcClock,
    host: { readonly timeline: Timeline; readonly clockHz: () => number; readonly onFlag: () => void },
  ) {
    this.#registers = registers;
    this.#clock = clock;
    this.#timeline = host.timeline;
    this.#clockHz = host.clockHz;
    this.#onFlag = host.onFlag;
  }

  cancel(): void {
    this.#timeline.cancel(this.#second);
    this.#timeline.cancel(this.#wakeup);
  }

  /** Looks at the alarms at the start of each second, or at the fraction that an alarm's sub-seconds name. */
  schedule(): void {
    this.#timeline.cancel(this.#second);
    const { rate } = this.#clock;
    if ((this.#registers.get("RTC_CR") & ENABLES) === 0 || rate === 0) return;
    const left = (1 - this.#clock.fraction) / rate;
    this.#second = this.#timeline.after(left * 1e9 + 1, () => {
      for (const alarm of ALARMS) if (this.#registers.has("RTC_CR", alarm.enable)) this.#compare(alarm);
      this.schedule();
    });
  }

  startWakeup(): void {
    this.#timeline.cancel(this.#wakeup);
    const cr = this.#registers.get("RTC_CR");
    if ((cr & WUTE) === 0 || this.#clockHz() === 0) return;
    const selection = cr & 7;
    const hz = selection < 4 ? this.#clockHz() / (16 >> selection) : this.#clock.rate;
    const ticks = this.#registers.get("RTC_WUTR") + 1 + (selection >= 6 ? 0x1_0000 : 0);
    this.#wakeup = this.#timeline.after((ticks * 1e9) / hz, () => {
      this.#flag(WUTF);
      this.startWakeup();
    });
  }

  #compare({ time, fraction, flag }: (typeof ALARMS)[number]): void {
    const alarm = this.#registers.get(time);
    const { tr, dr } = this.#clock.time;
    const day = (alarm & (1 << 30)) !== 0 ? (dr >>> 13) & 7 : dr & 0x3f;
    const wanted = (alarm & (1 << 30)) !== 0 ? (alarm >>> 24) & 0xf : (alarm >>> 24) & 0x3f;
    const differs =
      ((alarm & (1 << 7)) === 0 && ((alarm ^ tr) & 0x7f) !== 0) ||
      ((alarm & (1 << 15)) === 0 && ((alarm ^ tr) & 0x7f00) !== 0) ||
      ((alarm & (1 << 23)) === 0 && ((alarm ^ tr) & 0x7f_0000) !== 0) ||
      ((alarm & 0x8000_0000) === 0 && day !== wanted);
    if (differs) return;
    const span = (this.#registers.get("RTC_PRER") & 0x7fff) + 1;
    const masked = (this.#registers.get(fraction) >>> 24) & 0xf;
    const compared = span - 1 - (this.#registers.get(fraction) & 0x7fff);
    const into = masked === 0 ? 0 : Math.max(0, compared) % 2 ** masked;
    this.#timeline.after((into / span / this.#clock.rate) * 1e9, () => this.#flag(flag));
  }

  #flag(flag: number): void {
    this.#registers.setBits("RTC_ISR", flag, true);
    this.#onFlag();
  }
}

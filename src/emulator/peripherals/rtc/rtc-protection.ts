/** What keeps software from writing the RTC's registers (RM0433, "RTC register write protection"): DBP, WPR, modes and flags. */

import type { RegisterBlock } from "../../registers.js";
import { ALARMS } from "./rtc-alarms.js";
import type { RtcRegister } from "./rtc-registers.js";

export interface RtcProtectionHost {
  readonly registers: RegisterBlock<RtcRegister>;
  /** PWR_CR1.DBP. */
  readonly backupWritable: () => boolean;
  /** Read protection shuts the backup registers. */
  readonly secured: () => boolean;
  /** A tamper's flag holds the backup registers in reset. */
  readonly erasing: () => boolean;
  /** WUTWF. */
  readonly wakeupWritable: () => boolean;
}

/** RM0433, chapter RTC: these stay writable while WPR protects the others. */
const UNPROTECTED: readonly string[] = ["RTC_WPR", "RTC_TAMPCR", "RTC_OR"];
const KEYS = [0xca, 0x53] as const;
export const LOCKED = "RTC_WPR protects it: write 0xCA, 0x53 first";
const INITF = 1 << 6;

export class RtcProtection {
  readonly #host: RtcProtectionHost;
  #keysSeen = 0;

  constructor(host: RtcProtectionHost) {
    this.#host = host;
  }

  lock(): void {
    this.#keysSeen = 0;
  }

  get locked(): boolean {
    return this.#keysSeen < KEYS.length;
  }

  /** A wrong key locks. The first one is never wrong: whoever writes both finds the registers open, locked before or not. */
  writeKey(key: number): void {
    if (!this.#host.backupWritable()) return;
    const fits = key === KEYS[this.#keysSeen] ? this.#keysSeen + 1 : 0;
    this.#keysSeen = key === KEYS[0] ? 1 : fits;
  }

  /** Why a register cannot be written now; undefined: it can. */
  of(name: RtcRegister): string | undefined {
    const { registers, backupWritable, secured, erasing, wakeupWritable } = this.#host;
    if (!backupWritable()) return "the backup domain is protected: set PWR_CR1.DBP first";
    if (name.startsWith("RTC_BKP")) {
      if (secured()) return "read protection level 1 has shut the backup registers";
      return erasing() ? "a tamper was detected: clear its flag first" : undefined;
    }
    if (UNPROTECTED.includes(name)) return undefined;
    if (this.locked) return LOCKED;
    const initialising = registers.has("RTC_ISR", INITF);
    const needsInit = name === "RTC_TR" || name === "RTC_DR" || name === "RTC_PRER";
    if (needsInit && !initialising) return "initialisation mode (INITF) is off";
    const alarm = ALARMS.find(({ time, fraction }) => name === time || name === fraction);
    if (alarm !== undefined && registers.has("RTC_CR", alarm.enable) && !initialising)
      return "the alarm is on (ALRxWF = 0)";
    return name === "RTC_WUTR" && !wakeupWritable() ? "the wake-up timer is on (WUTWF = 0)" : undefined;
  }
}

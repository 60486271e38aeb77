/** The RTC's registers by name (RM0433, chapter RTC). */

import type { RegisterSpec } from "../../registers.js";

/** What survives with VBAT: register values by name. */
export type RtcState = Readonly<Record<string, number>>;

export type BackupRegister = `RTC_BKP${number}R`;
type ControlRegister = (typeof CONTROL)[number];
export type RegisterBits = Pick<RegisterSpec, "rw" | "ro" | "wo" | "tagged">;
export type RtcRegister = ControlRegister | BackupRegister;

const CONTROL = [
  "RTC_TR",
  "RTC_DR",
  "RTC_CR",
  "RTC_ISR",
  "RTC_PRER",
  "RTC_WUTR",
  "RTC_ALRMAR",
  "RTC_ALRMBR",
  "RTC_WPR",
  "RTC_SSR",
  "RTC_SHIFTR",
  "RTC_TSTR",
  "RTC_TSDR",
  "RTC_TSSSR",
  "RTC_CALR",
  "RTC_TAMPCR",
  "RTC_ALRMASSR",
  "RTC_ALRMBSSR",
  "RTC_OR",
] as const;

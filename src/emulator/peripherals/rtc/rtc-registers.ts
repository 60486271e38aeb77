/** The RTC's registers by name (RM0433, chapter RTC). */

import type { RegisterSpec } from "../../registers.js";

/** What survives with VBAT: register values by name. */
export type RtcState = Readonly<Record<string, number>>;

export type BackupRegister = `RTC_BKP${number}R`;
type ControlRegister = keyof typeof CONTROL;
export type RtcRegister = ControlRegister | BackupRegister;

export const BACKUP_COUNT = 32;
const BACKUP_OFFSET = 0x50;

/** CR.ITSE is stored: nothing switches to VBAT while software runs. ADD1H and SUB1H read as 0. */
const CONTROL = {
  RTC_TR: { offset: 0x00, reset: 0, rw: 0x7f_7f7f },
  RTC_DR: { offset: 0x04, reset: 0x2101, rw: 0xff_ff3f },
  RTC_CR: { offset: 0x08, reset: 0, rw: 0x1fc_ff7f, wo: 0x3_0000 },
  RTC_ISR: { offset: 0x0c, reset: 0x7, quiet: true, rw: 0x2_ffa0, ro: 0x1_005f },
  RTC_PRER: { offset: 0x10, reset: 0x007f_00ff, rw: 0x7f_7fff },
  RTC_WUTR: { offset: 0x14, reset: 0xffff, rw: 0xffff },
  RTC_ALRMAR: { offset: 0x1c, reset: 0, rw: 0xffff_ffff },
  RTC_ALRMBR: { offset: 0x20, reset: 0, rw: 0xffff_ffff },
  RTC_WPR: { offset: 0x24, reset: 0, wo: 0xff },
  RTC_SSR: { offset: 0x28, reset: 0, ro: 0xffff },
  RTC_SHIFTR: { offset: 0x2c, reset: 0, wo: 0x8000_7fff },
  RTC_TSTR: { offset: 0x30, reset: 0, ro: 0x7f_7f7f },
  RTC_TSDR: { offset: 0x34, reset: 0, ro: 0xff3f },
  RTC_TSSSR: { offset: 0x38, reset: 0, ro: 0xffff },
  RTC_CALR: { offset: 0x3c, reset: 0, rw: 0xe1ff },
  RTC_TAMPCR: { offset: 0x40, reset: 0, rw: 0x1ff_ffff },
  RTC_ALRMASSR: { offset: 0x44, reset: 0, rw: 0xf00_7fff },
  RTC_ALRMBSSR: { offset: 0x48, reset: 0, rw: 0xf00_7fff },
  RTC_OR: { offset: 0x4c, reset: 0, rw: 0x3 },
} as const satisfies Readonly<Record<string, RegisterSpec>>;

type Hook = Pick<RegisterSpec, "onRead" | "onWrite">;
export type RtcHooks = Readonly<Partial<Record<ControlRegister, Hook>>>;

export interface RtcDefaults {
  /** What a write does to a register without a hook of its own. */
  readonly write: (name: RtcRegister) => NonNullable<RegisterSpec["onWrite"]>;
  readonly readBackup: NonNullable<RegisterSpec["onRead"]>;
}

export function rtcRegisters(hooks: RtcHooks, defaults: RtcDefaults): Record<RtcRegister, RegisterSpec> {
  const specs: Partial<Record<RtcRegister, RegisterSpec>> = {};
  for (const [name, bits] of Object.entries(CONTROL) as [ControlRegister, RegisterSpec][]) {
    const written = bits.rw === undefined && bits.wo === undefined ? {} : { onWrite: defaults.write(name) };
    specs[name] = { ...bits, ...written, ...hooks[name] };
  }
  for (let index = 0; index < BACKUP_COUNT; index++) {
    const name: BackupRegister = `RTC_BKP${index}R`;
    const onWrite = defaults.write(name);
    specs[name] = {
      offset: BACKUP_OFFSET + index * 4,
      reset: 0,
      rw: 0xffff_ffff,
      onWrite,
      onRead: defaults.readBackup,
    };
  }
  return specs as Record<RtcRegister, RegisterSpec>;
}

/** What starts an LPTIM. */
export type RtcTrigger = "RTC_ALRA" | "RTC_ALRB" | "RTC_TAMP1" | "RTC_TAMP2" | "RTC_TAMP3";

/** Their flags in RTC_ISR. */
export const TRIGGERS: Readonly<Record<RtcTrigger, number>> = {
  RTC_ALRA: 1 << 8,
  RTC_ALRB: 1 << 9,
  RTC_TAMP1: 1 << 13,
  RTC_TAMP2: 1 << 14,
  RTC_TAMP3: 1 << 15,
};

export const TAMPER_TRIGGERS: readonly RtcTrigger[] = ["RTC_TAMP1", "RTC_TAMP2", "RTC_TAMP3"];

/** Reset flags of the RCC (RM0433, table "Reset source identification (RCC_RSR)"). */

/** What caused a system reset. */
export type SystemResetCause = "standby" | "pin" | "software" | "iwdg1" | "wwdg1" | "lowPower" | "brownOut";

const CPURST_PINRST = 0x0042_0000;
/** A domain came back from DStandby; with D1 the core starts anew. */
export const DOMAIN_FLAGS = { D1: (1 << 19) | (1 << 17), D2: 1 << 20 } as const;
export const CAUSE_FLAGS: Readonly<Record<SystemResetCause, number>> = {
  pin: CPURST_PINRST,
  standby: 0x001a_0000,
  software: CPURST_PINRST | (1 << 24),
  iwdg1: CPURST_PINRST | (1 << 26),
  wwdg1: CPURST_PINRST | (1 << 28),
  lowPower: CPURST_PINRST | (1 << 30),
  brownOut: CPURST_PINRST | (1 << 21),
};

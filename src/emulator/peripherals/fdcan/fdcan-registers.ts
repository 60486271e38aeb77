/** Bits of FDCAN's registers (RM0433, "FDCAN registers"). */

export const CCCR = {
  INIT: 1 << 0,
  CCE: 1 << 1,
  ASM: 1 << 2,
  CSA: 1 << 3,
  CSR: 1 << 4,
  MON: 1 << 5,
  DAR: 1 << 6,
  TEST: 1 << 7,
  FDOE: 1 << 8,
  BRSE: 1 << 9,
} as const;

export const TEST = { LBCK: 1 << 4, RX: 1 << 7 } as const;

export const IR = {
  RF0N: 1 << 0,
  RF0W: 1 << 1,
  RF0F: 1 << 2,
  RF0L: 1 << 3,
  /** Those of FIFO 1 lie four bits higher. */
  FIFO_SHIFT: 4,
  HPM: 1 << 8,
  TC: 1 << 9,
  TCF: 1 << 10,
  TFE: 1 << 11,
  TEFN: 1 << 12,
  TEFW: 1 << 13,
  TEFF: 1 << 14,
  TEFL: 1 << 15,
  TSW: 1 << 16,
  DRX: 1 << 19,
  EP: 1 << 23,
  EW: 1 << 24,
  PEA: 1 << 27,
} as const;

export const PSR = { NOT_CHANGED: 0x707, EP: 1 << 5, EW: 1 << 6 } as const;
/** PSR.LEC. */
export const LEC = { NONE: 0, ACKNOWLEDGE: 3 } as const;
export const ACTIVITY = { synchronizing: 0, idle: 1, transmitter: 3 } as const;

/** Configuration: written only while CCCR.INIT and CCCR.CCE are set. */
export const CONFIGURATION = [
  "DBTP",
  "NBTP",
  "TSCC",
  "TOCC",
  "TDCR",
  "GFC",
  "SIDFC",
  "XIDFC",
  "XIDAM",
  "RXF0C",
  "RXBC",
  "RXF1C",
  "RXESC",
  "TXBC",
  "TXESC",
  "TXEFC",
  "RWD",
] as const;

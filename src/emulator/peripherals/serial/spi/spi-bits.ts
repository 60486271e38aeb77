/** Bits of SPI's registers (RM0433, chapter SPI/I2S). */

export const CR1 = {
  SPE: 1 << 0,
  MASRX: 1 << 8,
  CSTART: 1 << 9,
  CSUSP: 1 << 10,
  HDDIR: 1 << 11,
  SSI: 1 << 12,
  CRC33_17: 1 << 13,
  RCRCINI: 1 << 14,
  TCRCINI: 1 << 15,
  IOLOCK: 1 << 16,
} as const;

export const CFG1 = { RXDMAEN: 1 << 14, TXDMAEN: 1 << 15, CRCEN: 1 << 22 } as const;

export const CFG2 = {
  IOSWP: 1 << 15,
  MASTER: 1 << 22,
  LSBFRST: 1 << 23,
  CPHA: 1 << 24,
  CPOL: 1 << 25,
  SSM: 1 << 26,
  SSIOP: 1 << 28,
  SSOE: 1 << 29,
  SSOM: 1 << 30,
  AFCNTR: 1 << 31,
} as const;
/** CFG2.COMM */
export const COMM = { FULL: 0, TRANSMIT: 1, RECEIVE: 2, HALF: 3 } as const;

/** Flags of SR; IER enables them at the same places, but for SUSP and TXC, which have EOT's enable. */
export const SR = {
  RXP: 1 << 0,
  TXP: 1 << 1,
  DXP: 1 << 2,
  EOT: 1 << 3,
  TXTF: 1 << 4,
  UDR: 1 << 5,
  OVR: 1 << 6,
  CRCE: 1 << 7,
  TIFRE: 1 << 8,
  MODF: 1 << 9,
  TSERF: 1 << 10,
  SUSP: 1 << 11,
  TXC: 1 << 12,
  RXWNE: 1 << 15,
} as const;

/** CFG1.UDRDET: when a slave without data tells it; CFG1.UDRCFG: what it sends then. */
export const UDRDET = { FRAME_BEGIN: 0, FRAME_END: 1, SELECTED: 2 } as const;
export const UDRCFG = { PATTERN: 0, RECEIVED: 1, TRANSMITTED: 2 } as const;

export const CGFR = {
  I2SMOD: 1 << 0,
  PCMSYNC: 1 << 7,
  CHLEN: 1 << 10,
  CKPOL: 1 << 11,
  FIXCH: 1 << 12,
  WSINV: 1 << 13,
  DATFMT: 1 << 14,
  MCKOE: 1 << 25,
} as const;

export type SpiRegister = "CR1" | "CR2" | "CFG1" | "CFG2" | "CRCPOLY" | "UDRDR" | "CGFR";

/** CFG2.SP says TI. */
export const isTi = (cfg2: number): boolean => ((cfg2 >>> 19) & 7) === 1;

/** All `bits` bits set. */
export const onesOf = (bits: number): number => (bits >= 32 ? 0xffff_ffff : 2 ** bits - 1);

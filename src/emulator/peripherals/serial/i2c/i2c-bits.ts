/** Bits of I2C's registers (RM0433, chapter I2C). */

export const CR1 = {
  PE: 1 << 0,
  ERRIE: 1 << 7,
  ANFOFF: 1 << 12,
  TXDMAEN: 1 << 14,
  RXDMAEN: 1 << 15,
  SBC: 1 << 16,
  NOSTRETCH: 1 << 17,
  WUPEN: 1 << 18,
  GCEN: 1 << 19,
  SMBHEN: 1 << 20,
  SMBDEN: 1 << 21,
  ALERTEN: 1 << 22,
  PECEN: 1 << 23,
} as const;

export const CR2 = {
  RD_WRN: 1 << 10,
  ADD10: 1 << 11,
  HEAD10R: 1 << 12,
  START: 1 << 13,
  STOP: 1 << 14,
  NACK: 1 << 15,
  RELOAD: 1 << 24,
  AUTOEND: 1 << 25,
  PECBYTE: 1 << 26,
} as const;

export const ISR = {
  TXE: 1 << 0,
  TXIS: 1 << 1,
  RXNE: 1 << 2,
  ADDR: 1 << 3,
  NACKF: 1 << 4,
  STOPF: 1 << 5,
  TC: 1 << 6,
  TCR: 1 << 7,
  BERR: 1 << 8,
  ARLO: 1 << 9,
  OVR: 1 << 10,
  PECERR: 1 << 11,
  TIMEOUT: 1 << 12,
  ALERT: 1 << 13,
  BUSY: 1 << 15,
  DIR: 1 << 16,
} as const;

/** OA1EN and OA2EN: while they are set, the rest of their registers is fixed. */
export const OAEN = 1 << 15;
export const TIMEOUTR = {
  TIMEOUTA: 0xfff,
  TIDLE: 1 << 12,
  TIMOUTEN: 1 << 15,
  TIMEOUTB: 0xfff_0000,
  TEXTEN: 1 << 31,
} as const;

/** What ERRIE covers. */
export const ERRORS = ISR.BERR | ISR.ARLO | ISR.OVR | ISR.PECERR | ISR.TIMEOUT | ISR.ALERT;

export type I2cRegister = "CR1" | "CR2" | "OAR1" | "OAR2" | "TIMINGR" | "TIMEOUTR" | "ISR";

/** What master and slave have of the peripheral. */
export interface I2cHost {
  readonly register: (name: I2cRegister) => number;
  readonly has: (flags: number) => boolean;
  readonly setFlags: (flags: number, on?: boolean) => void;
  readonly clearCommand: (bits: number) => void;
  /** Empties TXDR into the shift register; undefined: nothing was written. */
  readonly take: () => number | undefined;
  /** Fills RXDR; false: it is still full. */
  readonly give: (byte: number) => boolean;
  readonly update: () => void;
}

/** Bits of SDMMC's registers (RM0433, "SDMMC registers"). */

export const CMD = {
  CMDTRANS: 1 << 6,
  CMDSTOP: 1 << 7,
  WAITRESP: 3 << 8,
  CPSMEN: 1 << 12,
} as const;

export const DCTRL = { DTEN: 1 << 0, FROM_CARD: 1 << 1, DTMODE: 3 << 2, FIFORST: 1 << 13 } as const;

export const STA = {
  CCRCFAIL: 1 << 0,
  DCRCFAIL: 1 << 1,
  CTIMEOUT: 1 << 2,
  DTIMEOUT: 1 << 3,
  TXUNDERR: 1 << 4,
  RXOVERR: 1 << 5,
  CMDREND: 1 << 6,
  CMDSENT: 1 << 7,
  DATAEND: 1 << 8,
  DBCKEND: 1 << 10,
  DABORT: 1 << 11,
  DPSMACT: 1 << 12,
  CPSMACT: 1 << 13,
  TXFIFOHE: 1 << 14,
  RXFIFOHF: 1 << 15,
  TXFIFOF: 1 << 16,
  RXFIFOF: 1 << 17,
  TXFIFOE: 1 << 18,
  RXFIFOE: 1 << 19,
  BUSYD0: 1 << 20,
  BUSYD0END: 1 << 21,
  IDMATE: 1 << 27,
  IDMABTC: 1 << 28,
} as const;

/** Flags of the FIFO that can interrupt. */
export const FIFO_FLAGS = STA.TXFIFOHE | STA.RXFIFOHF | STA.RXFIFOF | STA.TXFIFOE;

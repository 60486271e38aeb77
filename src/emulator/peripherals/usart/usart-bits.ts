/** Bits of USART's, UART's and LPUART's registers (RM0433, chapters USART and LPUART). */

export const CR1 = {
  UE: 1 << 0,
  UESM: 1 << 1,
  RE: 1 << 2,
  TE: 1 << 3,
  IDLEIE: 1 << 4,
  RXNEIE: 1 << 5,
  TCIE: 1 << 6,
  TXEIE: 1 << 7,
  PEIE: 1 << 8,
  PS: 1 << 9,
  PCE: 1 << 10,
  WAKE: 1 << 11,
  M0: 1 << 12,
  MME: 1 << 13,
  CMIE: 1 << 14,
  OVER8: 1 << 15,
  RTOIE: 1 << 26,
  EOBIE: 1 << 27,
  M1: 1 << 28,
  FIFOEN: 1 << 29,
  TXFEIE: 1 << 30,
  RXFFIE: 1 << 31,
} as const;

export const CR2 = {
  SLVEN: 1 << 0,
  DIS_NSS: 1 << 3,
  ADDM7: 1 << 4,
  LBDL: 1 << 5,
  LBDIE: 1 << 6,
  LBCL: 1 << 8,
  CPHA: 1 << 9,
  CPOL: 1 << 10,
  CLKEN: 1 << 11,
  LINEN: 1 << 14,
  SWAP: 1 << 15,
  RXINV: 1 << 16,
  TXINV: 1 << 17,
  ABREN: 1 << 20,
  RTOEN: 1 << 23,
} as const;
/** CR2.ABRMOD and CR2.ADD. */
export const ABRMOD = 3 << 21;
export const ADD = 0xff00_0000;

export const CR3 = {
  EIE: 1 << 0,
  IREN: 1 << 1,
  IRLP: 1 << 2,
  HDSEL: 1 << 3,
  NACK: 1 << 4,
  SCEN: 1 << 5,
  DMAR: 1 << 6,
  DMAT: 1 << 7,
  RTSE: 1 << 8,
  CTSE: 1 << 9,
  CTSIE: 1 << 10,
  ONEBIT: 1 << 11,
  OVRDIS: 1 << 12,
  DDRE: 1 << 13,
  DEM: 1 << 14,
  DEP: 1 << 15,
  SCARCNT: 7 << 17,
  WUFIE: 1 << 22,
  TXFTIE: 1 << 23,
  TCBGTIE: 1 << 24,
  RXFTIE: 1 << 28,
} as const;

export const ISR = {
  PE: 1 << 0,
  FE: 1 << 1,
  NE: 1 << 2,
  ORE: 1 << 3,
  IDLE: 1 << 4,
  RXNE: 1 << 5,
  TC: 1 << 6,
  TXE: 1 << 7,
  LBDF: 1 << 8,
  CTSIF: 1 << 9,
  CTS: 1 << 10,
  RTOF: 1 << 11,
  EOBF: 1 << 12,
  UDR: 1 << 13,
  ABRE: 1 << 14,
  ABRF: 1 << 15,
  BUSY: 1 << 16,
  CMF: 1 << 17,
  SBKF: 1 << 18,
  RWU: 1 << 19,
  WUF: 1 << 20,
  TEACK: 1 << 21,
  REACK: 1 << 22,
  TXFE: 1 << 23,
  RXFF: 1 << 24,
  TCBGT: 1 << 25,
  RXFT: 1 << 26,
  TXFT: 1 << 27,
} as const;

export const RQR = {
  ABRRQ: 1 << 0,
  SBKRQ: 1 << 1,
  MMRQ: 1 << 2,
  RXFRQ: 1 << 3,
  TXFRQ: 1 << 4,
} as const;

/** FIFO threshold (TXFTCFG, RXFTCFG 0..5) in frames of the 16: 1/8, 1/4, 1/2, 3/4, 7/8, all. */
export const THRESHOLDS = [2, 4, 8, 12, 14, 16] as const;
export const FIFO_DEPTH = 16;

/** Bits of DFSDM1 (RM0399, chapter DFSDM). */

/** CHyCFGR1 */
export const CHANNEL = {
  DFSDMEN: 0x8000_0000,
  CKOUTSRC: 1 << 30,
  CKOUTDIV: 0xff << 16,
  CHINSEL: 1 << 8,
  CHEN: 1 << 7,
  CKABEN: 1 << 6,
  SCDEN: 1 << 5,
} as const;
/** What CHyCFGR1 keeps while the channel is on, and channel 0 while DFSDM is on. */
export const CHANNEL_LOCKED = 0xf10f;
export const CLOCK_LOCKED = CHANNEL.CKOUTSRC | CHANNEL.CKOUTDIV;
export const SHIFT_LOCKED = 0xf8;
export const WATCH_LOCKED = 0xdf_0000;

/** DATMPX, DATPACK, SPICKSEL, SITP */
export const inputOf = (cfgr1: number): number => (cfgr1 >>> 12) & 3;
export const INPUT = { SERIAL: 0, ADC: 1, MEMORY: 2 } as const;
export const packingOf = (cfgr1: number): number => (cfgr1 >>> 14) & 3;
export const PACKING = { STANDARD: 0, INTERLEAVED: 1, DUAL: 2 } as const;
export const clockOf = (cfgr1: number): number => (cfgr1 >>> 2) & 3;
export const formatOf = (cfgr1: number): number => cfgr1 & 3;

/** FLTxCR1 */
export const FILTER = {
  DFEN: 1 << 0,
  JSWSTART: 1 << 1,
  JSYNC: 1 << 3,
  JSCAN: 1 << 4,
  JDMAEN: 1 << 5,
  RSWSTART: 1 << 17,
  RCONT: 1 << 18,
  RSYNC: 1 << 19,
  RDMAEN: 1 << 21,
  FAST: 1 << 29,
  AWFSEL: 1 << 30,
} as const;
/** What FLTxCR1 keeps while the filter is on. */
export const FILTER_LOCKED =
  FILTER.JSYNC | FILTER.JSCAN | FILTER.JDMAEN | FILTER.RSYNC | FILTER.RDMAEN | FILTER.FAST | 0x7f00;
export const edgesOf = (cr1: number): number => (cr1 >>> 13) & 3;
export const triggerOf = (cr1: number): number => (cr1 >>> 8) & 0x1f;
export const regularChannelOf = (cr1: number): number => (cr1 >>> 24) & 7;

/** FLTxISR; their interrupts in FLTxCR2 stand at the same places for the first five. */
export const STATUS = {
  JEOCF: 1 << 0,
  REOCF: 1 << 1,
  JOVRF: 1 << 2,
  ROVRF: 1 << 3,
  AWDF: 1 << 4,
  JCIP: 1 << 13,
  RCIP: 1 << 14,
} as const;
export const EVENTS = 0x1f;
export const ABSENT_SHIFT = 16;
export const SHORT_SHIFT = 24;
/** FLT0CR2 */
export const SCDIE = 1 << 5;
export const CKABIE = 1 << 6;

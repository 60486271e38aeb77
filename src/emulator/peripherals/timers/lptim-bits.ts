/** Bits of LPTIM's registers (RM0433, chapter LPTIM). */

/** CFGR */
export const CKSEL = 1 << 0;
export const CKFLT_SHIFT = 3;
export const TRGFLT_SHIFT = 6;
export const TIMOUT = 1 << 19;
export const WAVE = 1 << 20;
export const WAVPOL = 1 << 21;
export const PRELOAD = 1 << 22;
export const COUNTMODE = 1 << 23;
export const ENC = 1 << 24;
/** CR */
export const ENABLE = 1 << 0;
export const SNGSTRT = 1 << 1;
export const CNTSTRT = 1 << 2;
export const COUNTRST = 1 << 3;
export const RSTARE = 1 << 4;
/** ISR */
export const CMPM = 1 << 0;
export const ARRM = 1 << 1;
export const EXTTRIG = 1 << 2;
export const CMPOK = 1 << 3;
export const ARROK = 1 << 4;
export const UP = 1 << 5;
export const DOWN = 1 << 6;

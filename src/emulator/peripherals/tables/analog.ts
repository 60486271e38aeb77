/** Registers of ADC, DAC, VREFBUF, COMP and OPAMP (RM0433, chapters of the same names; DAC and the small ones from CMSIS). */

export const ADC = `
  ISR 0 0 7ffr, IER 4 0 7ff, CR 8 0 ffc1013f, CFGR c 0 ffff7fff, CFGR2 10 0 f3ff7fe3, SMPR1 14 0 3fffffff,
  SMPR2 18 0 3fffffff, PCSEL 1c 0 fffff, LTR1 20 0 3ffffff, LHTR1 24 3ffffff 3ffffff,
  SQR1 30 0 1f7df7cf, SQR2 34 0 1f7df7df, SQR3 38 0 1f7df7df, SQR4 3c 0 7df, DR 40 0 ffff,
  JSQR 4c 0 fbefbfff, OFR1 60 0 ffffffff, OFR2 64 0 ffffffff, OFR3 68 0 ffffffff, OFR4 6c 0 ffffffff,
  JDR1 80 0 ffffffff, JDR2 84 0 ffffffff, JDR3 88 0 ffffffff, JDR4 8c 0 ffffffff, AWD2CR a0 0 fffff,
  AWD3CR a4 0 fffff, LTR2 b0 0 3ffffff, HTR2 b4 3ffffff 3ffffff, LTR3 b8 0 3ffffff, HTR3 bc 3ffffff 3ffffff,
  DIFSEL c0 0 fffff, CALFACT c4 0 7ff07ff, CALFACT2 c8 0 3fffffff`;

export const ADC_COMMON = `
  CSR 0 0 7ff07ffr, CCR 8 0 1ffcf1f, CDR c 0 ffffffff, CDR2 10 0 ffffffff`;

export const DAC = `
  CR 0 0 7fff7fff, SWTRIGR 4 0 3, DHR12R1 8 0 fff, DHR12L1 c 0 fff0, DHR8R1 10 0 ff, DHR12R2 14 0 fff,
  DHR12L2 18 0 fff0, DHR8R2 1c 0 ff, DHR12RD 20 0 fff0fff, DHR12LD 24 0 fff0fff0, DHR8RD 28 0 ffff,
  DOR1 2c 0 fff, DOR2 30 0 fff, SR 34 0 e000e000r, CCR 38 100010 1f001f, MCR 3c 0 70007, SHSR1 40 0 3ff,
  SHSR2 44 0 3ff, SHHR 48 10001 3ff03ff, SHRR 4c 10001 ff00ff`;

export const VREFBUF = `
  CSR 0 2 7b, CCR 4 0 3f`;

export const COMP = `
  SR 0 0 30003r, ICFR 4 0 30000, OR 8 0 7ff, CFGR1 c 0 8f17336f, CFGR2 10 0 8f17337f`;

export const OPAMP = `
  CSR1 0 0 6007f96f, OTR1 4 0 1f1f, HSOTR1 8 0 1f1f, CSR2 10 0 6007f96f, OTR2 14 0 1f1f, HSOTR2 18 0 1f1f`;

/** Registers of peripherals that are only stored (names and bits as in CMSIS; CRYP: RM0433, chapter CRYP). */

export const CRYP = `
  CR 0 0 fbc3fc, SR 4 3 1fr, DIN 8 0 ffffffff, DOUT c 0 ffffffff, DMACR 10 0 3, IMSCR 14 0 3, RISR 18 1 3r,
  MISR 1c 0 3r, K0LR 20 0 ffffffff, K0RR 24 0 ffffffff, K1LR 28 0 ffffffff, K1RR 2c 0 ffffffff,
  K2LR 30 0 ffffffff, K2RR 34 0 ffffffff, K3LR 38 0 ffffffff, K3RR 3c 0 ffffffff, IV0LR 40 0 ffffffff,
  IV0RR 44 0 ffffffff, IV1LR 48 0 ffffffff, IV1RR 4c 0 ffffffff, CSGCMCCM0R 50 0 ffffffff,
  CSGCMCCM1R 54 0 ffffffff, CSGCMCCM2R 58 0 ffffffff, CSGCMCCM3R 5c 0 ffffffff, CSGCMCCM4R 60 0 ffffffff,
  CSGCMCCM5R 64 0 ffffffff, CSGCMCCM6R 68 0 ffffffff, CSGCMCCM7R 6c 0 ffffffff, CSGCM0R 70 0 ffffffff,
  CSGCM1R 74 0 ffffffff, CSGCM2R 78 0 ffffffff, CSGCM3R 7c 0 ffffffff, CSGCM4R 80 0 ffffffff,
  CSGCM5R 84 0 ffffffff, CSGCM6R 88 0 ffffffff, CSGCM7R 8c 0 ffffffff`;

export const FDCAN = `
  CREL 0 32141218 ffffffff, ENDN 4 87654321 ffffffff, DBTP c a33 9f1fff, TEST 10 0 f0, RWD 14 0 ffff,
  CCCR 18 1 f3ff, NBTP 1c 6000a03 ffffff7f, TSCC 20 0 f0003, TSCV 24 0 ffff, TOCC 28 ffff0000 ffff0007,
  TOCV 2c 0 ffff, ECR 40 0 ffffff, PSR 44 707 7f7fff, TDCR 48 0 7f7f, IR 50 0 3fcfffff, IE 54 0 3fffffff,
  ILS 58 0 3fffffff, ILE 5c 0 3, GFC 80 0 3f, SIDFC 84 0 fffffc, XIDFC 88 0 7ffffc,
  XIDAM 90 1fffffff 1fffffff, HPMS 94 0 ffff, NDAT1 98 0 ffffffff, NDAT2 9c 0 ffffffff, RXF0C a0 0 ff7ffffc,
  RXF0S a4 0 33f3f7f, RXF0A a8 0 3f, RXBC ac 0 fffc, RXF1C b0 0 ff7ffffc, RXF1S b4 0 33f3f7f, RXF1A b8 0 3f,
  RXESC bc 0 777, TXBC c0 0 7f3ffffc, TXFQS c4 0 3f1f3f, TXESC c8 0 7, TXBRP cc 0 ffffffff,
  TXBAR d0 0 ffffffff, TXBCR d4 0 ffffffff, TXBTO d8 0 ffffffff, TXBCF dc 0 ffffffff, TXBTIE e0 0 ffffffff,
  TXBCIE e4 0 ffffffff, TXEFC f0 0 3f3ffffc, TXEFS f4 0 31f1f3f, TXEFA f8 0 1f`;

/** Time-triggered operation, in FDCAN1 only (masks from CMSIS, TTCAN_TypeDef). */
export const FDCAN_TT = `
  TTTMC 100 0 7ffffc, TTRMC 104 0 dfffffff, TTOCF 108 10000 7fffffb, TTMLM 10c 0 fff0fff,
  TURCF 110 10000000 bfffffff, TTOCN 114 0 bfff, TTGTP 118 0 ffffffff, TTTMK 11c 0 807fffff, TTIR 120 0 7ffff,
  TTIE 124 0 7ffff, TTILS 128 0 7ffff, TTOST 12c 0 ffc0ffff, TURNA 130 0 3ffff, TTLGT 134 0 ffffffff,
  TTCTC 138 0 3fffff, TTCPT 13c 0 ffff003f, TTCSM 140 0 ffff, TTTS 300 0 33`;

export const FDCAN_CCU = `
  CREL 0 0 ffffffff, CCFG 4 0 800fffdf, CSTAT 8 0 dfffffff, CWD c 0 ffffffff, IR 10 0 3, IE 14 0 3`;

export const JPEG = `
  CONFR0 0 0 1, CONFR1 4 0 ffff01fb, CONFR2 8 0 3ffffff, CONFR3 c 0 ffff0000, CONFR4 10 0 ffff,
  CONFR5 14 0 ffff, CONFR6 18 0 ffff, CONFR7 1c 0 ffff, CR 30 0 607f, SR 34 6 fer, CFR 38 0 60w,
  DIR 40 0 ffffffff, DOR 44 0 ffffffff`;

export const SWPMI = `
  CR 0 0 c3f, BRR 4 1 ff, ISR c 2c2 fffr, ICR 10 0 99fw, IER 14 0 9ff, RFL 18 0 1f, TDR 1c 0 ffffffff,
  RDR 20 0 ffffffff, OR 24 0 3`;

export const CEC = `
  CR 0 0 7, CFGR 4 0 ffff01ff, TXDR 8 0 ff, RXDR c 0 ff, ISR 10 0 1fffr, IER 14 0 1fff`;

export const SPDIFRX = `
  CR 0 0 377fff, IMR 4 0 7f, SR 8 0 7fff01ffr, IFCR c 0 3cw, DR 10 0 ffffffff, CSR 14 0 1ffffffr,
  DIR 18 0 1fff1fff`;

export const MDIOS = `
  CR 0 0 1f8f, WRFR 4 0 ffffffff, CWRFR 8 0 ffffffff, RDFR c 0 ffffffff, CRDFR 10 0 ffffffff, SR 14 0 7r,
  CLRFR 18 0 ffffffffw`;

export const DFSDM = `
  CH0CFGR1 0 0 c0fff1ef, CH0CFGR2 4 0 fffffff8, CH0AWSCDR 8 0 dff0ff, CH0WDATAR c 0 ffffffff,
  CH0DATINR 10 0 ffffffff, CH1CFGR1 20 0 c0fff1ef, CH1CFGR2 24 0 fffffff8, CH1AWSCDR 28 0 dff0ff,
  CH1WDATAR 2c 0 ffffffff, CH1DATINR 30 0 ffffffff, CH2CFGR1 40 0 c0fff1ef, CH2CFGR2 44 0 fffffff8,
  CH2AWSCDR 48 0 dff0ff, CH2WDATAR 4c 0 ffffffff, CH2DATINR 50 0 ffffffff, CH3CFGR1 60 0 c0fff1ef,
  CH3CFGR2 64 0 fffffff8, CH3AWSCDR 68 0 dff0ff, CH3WDATAR 6c 0 ffffffff, CH3DATINR 70 0 ffffffff,
  CH4CFGR1 80 0 c0fff1ef, CH4CFGR2 84 0 fffffff8, CH4AWSCDR 88 0 dff0ff, CH4WDATAR 8c 0 ffffffff,
  CH4DATINR 90 0 ffffffff, CH5CFGR1 a0 0 c0fff1ef, CH5CFGR2 a4 0 fffffff8, CH5AWSCDR a8 0 dff0ff,
  CH5WDATAR ac 0 ffffffff, CH5DATINR b0 0 ffffffff, CH6CFGR1 c0 0 c0fff1ef, CH6CFGR2 c4 0 fffffff8,
  CH6AWSCDR c8 0 dff0ff, CH6WDATAR cc 0 ffffffff, CH6DATINR d0 0 ffffffff, CH7CFGR1 e0 0 c0fff1ef,
  CH7CFGR2 e4 0 fffffff8, CH7AWSCDR e8 0 dff0ff, CH7WDATAR ec 0 ffffffff, CH7DATINR f0 0 ffffffff,
  FLT0CR1 100 0 672e7f3b, FLT0CR2 104 0 ffff7f, FLT0ISR 108 0 ffff601fr, FLT0ICR 10c 0 ffff000cw,
  FLT0JCHGR 110 0 ff, FLT0FCR 114 0 e3ff00ffw, FLT0JDATAR 118 0 ffffff07, FLT0RDATAR 11c 0 ffffff17,
  FLT0AWHTR 120 0 ffffff0f, FLT0AWLTR 124 0 ffffff0f, FLT0AWSR 128 0 ffff, FLT0AWCFR 12c 0 ffff,
  FLT0EXMAX 130 80000000 ffffff07, FLT0EXMIN 134 7fffff00 ffffff07, FLT0CNVTIMR 138 0 fffffff0,
  FLT1CR1 180 0 672e7f3b, FLT1CR2 184 0 ffff7f, FLT1ISR 188 0 ffff601fr, FLT1ICR 18c 0 ffff000cw,
  FLT1JCHGR 190 0 ff, FLT1FCR 194 0 e3ff00ffw, FLT1JDATAR 198 0 ffffff07, FLT1RDATAR 19c 0 ffffff17,
  FLT1AWHTR 1a0 0 ffffff0f, FLT1AWLTR 1a4 0 ffffff0f, FLT1AWSR 1a8 0 ffff, FLT1AWCFR 1ac 0 ffff,
  FLT1EXMAX 1b0 80000000 ffffff07, FLT1EXMIN 1b4 7fffff00 ffffff07, FLT1CNVTIMR 1b8 0 fffffff0,
  FLT2CR1 200 0 672e7f3b, FLT2CR2 204 0 ffff7f, FLT2ISR 208 0 ffff601fr, FLT2ICR 20c 0 ffff000cw,
  FLT2JCHGR 210 0 ff, FLT2FCR 214 0 e3ff00ffw, FLT2JDATAR 218 0 ffffff07, FLT2RDATAR 21c 0 ffffff17,
  FLT2AWHTR 220 0 ffffff0f, FLT2AWLTR 224 0 ffffff0f, FLT2AWSR 228 0 ffff, FLT2AWCFR 22c 0 ffff,
  FLT2EXMAX 230 80000000 ffffff07, FLT2EXMIN 234 7fffff00 ffffff07, FLT2CNVTIMR 238 0 fffffff0,
  FLT3CR1 280 0 672e7f3b, FLT3CR2 284 0 ffff7f, FLT3ISR 288 0 ffff601fr, FLT3ICR 28c 0 ffff000cw,
  FLT3JCHGR 290 0 ff, FLT3FCR 294 0 e3ff00ffw, FLT3JDATAR 298 0 ffffff07, FLT3RDATAR 29c 0 ffffff17,
  FLT3AWHTR 2a0 0 ffffff0f, FLT3AWLTR 2a4 0 ffffff0f, FLT3AWSR 2a8 0 ffff, FLT3AWCFR 2ac 0 ffff,
  FLT3EXMAX 2b0 80000000 ffffff07, FLT3EXMIN 2b4 7fffff00 ffffff07, FLT3CNVTIMR 2b8 0 fffffff0`;

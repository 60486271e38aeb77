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

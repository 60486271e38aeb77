/** Registers of SPI, I2C and SAI (RM0433, chapters of the same names). */

export const SPI = `
  CR1 0 0 1ff01, CR2 4 0 ffffffff, CFG1 8 70007 705fdfff, CFG2 c 0 f7fe80ff, IER 10 0 7ff,
  SR 14 1002 ffffffffr, IFCR 18 0 ff8w, TXDR 20 0 ffffffff, RXDR 30 0 ffffffff, CRCPOLY 40 107 ffffffff,
  TXCRC 44 0 ffffffff, RXCRC 48 0 ffffffff, UDRDR 4c 0 ffffffff, CGFR 50 0 3ff7fbf`;

/** SPI4..6: frames of up to 16 bits, no I2S. */
export const SPI_SHORT = `
  CR1 0 0 1ff01, CR2 4 0 ffffffff, CFG1 8 70007 704fdfef, CFG2 c 0 f7fe80ff, IER 10 0 7ff,
  SR 14 1002 ffffffffr, IFCR 18 0 ff8w, TXDR 20 0 ffffffff, RXDR 30 0 ffffffff, CRCPOLY 40 107 ffff,
  TXCRC 44 0 ffff, RXCRC 48 0 ffff, UDRDR 4c 0 ffff, CGFR 50 0 0`;

export const I2C = `
  CR1 0 0 ffdfff, CR2 4 0 7ffffff, OAR1 8 0 87ff, OAR2 c 0 87fe, TIMINGR 10 0 f0ffffff,
  TIMEOUTR 14 0 8fff9fff, ISR 18 1 ffbfffr, ICR 1c 0 3f38w, PECR 20 0 ff, RXDR 24 0 ff, TXDR 28 0 ff`;

export const SAI = `
  SAI_GCR 0 0 33, SAI_ACR1 4 40 ffb3fef, SAI_ACR2 8 0 ffff, SAI_AFRCR c 7 77fff, SAI_ASLOTR 10 0 ffff0fdf,
  SAI_AIM 14 0 7f, SAI_ASR 18 8 7007fr, SAI_ACLRFR 1c 0 77w, SAI_ADR 20 0 ffffffff, SAI_BCR1 24 40 ffb3fef,
  SAI_BCR2 28 0 ffff, SAI_BFRCR 2c 7 77fff, SAI_BSLOTR 30 0 ffff0fdf, SAI_BIM 34 0 7f, SAI_BSR 38 8 7007fr,
  SAI_BCLRFR 3c 0 77w, SAI_BDR 40 0 ffffffff`;

/** In SAI1 and SAI4. */
export const SAI_PDM = "SAI_PDMCR 44 0 f31, SAI_PDMDLY 48 0 77777777";

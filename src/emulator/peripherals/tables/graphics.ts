/** Registers of LTDC and DMA2D (RM0433, chapters of the same names). */

export const LTDC = `
  SSCR 8 0 3ff07ff, BPCR c 0 fff07ff, AWCR 10 0 fff07ff, TWCR 14 0 fff07ff, GCR 18 2220 f0017771,
  SRCR 24 0 3, BCCR 2c 0 ffffff, IER 34 0 f, ISR 38 0 fr, ICR 3c 0 fw, LIPCR 40 0 7ff, CPSR 44 0 ffffffff,
  CDSR 48 f f, L1CR 84 0 13, L1WHPCR 88 0 fff0fff, L1WVPCR 8c 0 7ff07ff, L1CKCR 90 0 ffffff, L1PFCR 94 0 7w,
  L1CACR 98 0 ff, L1DCCR 9c 0 ffffffff, L1BFCR a0 607 707w, L1CFBAR ac 0 ffffffff, L1CFBLR b0 0 1fff1fff,
  L1CFBLNR b4 0 7ff, L1CLUTWR c4 0 ffffffff, L2CR 104 0 13, L2WHPCR 108 0 fff0fff, L2WVPCR 10c 0 7ff07ff,
  L2CKCR 110 0 ffffff, L2PFCR 114 0 7w, L2CACR 118 0 ff, L2DCCR 11c 0 ffffffff, L2BFCR 120 607 707w,
  L2CFBAR 12c 0 ffffffff, L2CFBLR 130 0 1fff1fff, L2CFBLNR 134 0 7ff, L2CLUTWR 144 0 ffffffff`;

export const DMA2D = `
  CR 0 0 73f47, ISR 4 0 3fr, IFCR 8 0 3fw, FGMAR c 0 ffffffff, FGOR 10 0 ffff, BGMAR 14 0 ffffffff,
  BGOR 18 0 ffff, FGPFCCR 1c 0 ff3fff3f, FGCOLR 20 0 ffffff, BGPFCCR 24 0 ff33ff3f, BGCOLR 28 0 ffffff,
  FGCMAR 2c 0 ffffffff, BGCMAR 30 0 ffffffff, OPFCCR 34 0 300107, OCOLR 38 0 ffffffff, OMAR 3c 0 ffffffff,
  OOR 40 0 ffff, NLR 44 0 3fffffff, LWR 48 0 ffff, AMTCR 4c 0 ff01`;

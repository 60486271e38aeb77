/** Registers of LPTIM (RM0433, chapter LPTIM). */

export const LPTIM = `
  ISR 0 0 7fr, ICR 4 0 7fw, IER 8 0 7f, CFGR c 0 1feeedf, CR 10 0 1f, CMP 14 0 ffff, ARR 18 1 ffff,
  CNT 1c 0 ffff, CFGR2 24 0 33`;

/** Without an encoder: LPTIM3. */
export const LPTIM_WITH_INPUT = `
  ISR 0 0 1fr, ICR 4 0 1fw, IER 8 0 1f, CFGR c 0 0feeedf, CR 10 0 1f, CMP 14 0 ffff, ARR 18 1 ffff,
  CNT 1c 0 ffff, CFGR2 24 0 3`;

/** Without inputs, too: LPTIM4 and 5. */
export const LPTIM_PLAIN = `
  ISR 0 0 1fr, ICR 4 0 1fw, IER 8 0 1f, CFGR c 0 0feeedf, CR 10 0 1f, CMP 14 0 ffff, ARR 18 1 ffff,
  CNT 1c 0 ffff, CFGR2 24 0 0`;

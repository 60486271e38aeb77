/** DCMI's registers and their bits (RM0433, chapter DCMI; names as in CMSIS). */

/** What the library calls RISR and MISR is DCMI_RIS and DCMI_MIS in the manual. */
export const DCMI = `
  CR 0 0 1f4fff, SR 4 0 7r, RISR 8 0 1fr, IER c 0 1f, MISR 10 0 1fr, ICR 14 0 1fw, ESCR 18 0 ffffffff,
  ESUR 1c 0 ffffffff, CWSTRTR 20 0 1fff3fff, CWSIZER 24 0 3fff3fff, DR 28 0 ffffffffr`;

/** CR */
export const CAPTURE = 1 << 0;
export const SNAPSHOT = 1 << 1;
export const CROP = 1 << 2;
export const JPEG = 1 << 3;
/** Embedded synchronisation. */
export const ESS = 1 << 4;
export const HSPOL = 1 << 6;
export const VSPOL = 1 << 7;
export const FCRC_SHIFT = 8;
export const EDM_SHIFT = 10;
export const ENABLE = 1 << 14;
export const BSM_SHIFT = 16;
export const OEBS = 1 << 18;
export const LSM = 1 << 19;
export const OELS = 1 << 20;

/** SR */
export const HSYNC = 1 << 0;
export const VSYNC = 1 << 1;
export const FNE = 1 << 2;

/** RISR, IER, MISR and ICR */
export const FRAME = 1 << 0;
export const OVR = 1 << 1;
export const ERR = 1 << 2;
export const VSYNC_EVENT = 1 << 3;
export const LINE = 1 << 4;

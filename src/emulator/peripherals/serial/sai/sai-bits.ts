/** Bits of an audio block's registers (RM0433, chapter SAI). */

export const CR1 = {
  RECEIVER: 1 << 0,
  SLAVE: 1 << 1,
  LSBFIRST: 1 << 8,
  CKSTR: 1 << 9,
  MONO: 1 << 12,
  OUTDRIV: 1 << 13,
  SAIEN: 1 << 16,
  DMAEN: 1 << 17,
  NODIV: 1 << 19,
  OSR: 1 << 26,
  MCKEN: 1 << 27,
} as const;

export const CR2 = {
  FFLUSH: 1 << 3,
  TRIS: 1 << 4,
  MUTE: 1 << 5,
  MUTEVAL: 1 << 6,
  CPL: 1 << 13,
  ALAW: 1 << 14,
  COMPANDING: 1 << 15,
} as const;

export const FRCR = { FSDEF: 1 << 16, FSPOL: 1 << 17, FSOFF: 1 << 18 } as const;

export const SR = {
  OVRUDR: 1 << 0,
  MUTEDET: 1 << 1,
  WCKCFG: 1 << 2,
  FREQ: 1 << 3,
  CNRDY: 1 << 4,
  AFSDET: 1 << 5,
  LFSDET: 1 << 6,
} as const;

export type BlockName = "A" | "B";
export const BLOCKS: readonly BlockName[] = ["A", "B"];
export type SaiPinName = "SD" | "SCK" | "FS" | "MCLK";

/** One block's registers, as they are stored. */
export interface SaiRegisters {
  readonly CR1: { readonly value: number };
  readonly CR2: { readonly value: number };
  readonly FRCR: { readonly value: number };
  readonly SLOTR: { readonly value: number };
  readonly IM: { readonly value: number };
}

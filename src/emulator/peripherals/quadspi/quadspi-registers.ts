/** QUADSPI's registers (RM0433, "QUADSPI registers"): every bit. */

import type { RegisterMap, RegisterSpec } from "../../registers.js";

export type QuadSpiRegister =
  | "CR"
  | "DCR"
  | "SR"
  | "FCR"
  | "DLR"
  | "CCR"
  | "AR"
  | "ABR"
  | "DR"
  | "PSMKR"
  | "PSMAR"
  | "PIR"
  | "LPTR";

export const CR = {
  EN: 1 << 0,
  ABORT: 1 << 1,
  DMAEN: 1 << 2,
  TCEN: 1 << 3,
  SSHIFT: 1 << 4,
  DFM: 1 << 6,
  FSEL: 1 << 7,
  FTHRES: 0x1f00,
  TEIE: 1 << 16,
  TCIE: 1 << 17,
  FTIE: 1 << 18,
  SMIE: 1 << 19,
  TOIE: 1 << 20,
  APMS: 1 << 22,
  PMM: 1 << 23,
  PRESCALER: 0xff000000,
} as const;

/** CR bits that can be written only while BUSY = 0. */
export const CR_STATIC = CR.TCEN | CR.SSHIFT | CR.DFM | CR.FSEL | CR.APMS | CR.PMM | CR.PRESCALER;

/** The interrupt enables of CR are the flags of SR, 16 bits up. */
export const SR = { TEF: 1, TCF: 2, FTF: 4, SMF: 8, TOF: 16, BUSY: 32 } as const;
export const FLAGS = SR.TEF | SR.TCF | SR.FTF | SR.SMF | SR.TOF;

export const CCR = { FRCM: 1 << 29, PHASES: 0x0300_cf00, DMODE: 0x0300_0000, DCYC: 0x007c_0000 } as const;

export const MODE = { WRITE: 0, READ: 1, POLL: 2, MAPPED: 3 } as const;

export const FIFO_BYTES = 32;

export interface QuadSpiHooks {
  writeCr(before: number): void;
  readSr(): number;
  clearFlags(mask: number): void;
  /** A register that only takes writes while BUSY = 0; false restores it. */
  mayWrite(name: QuadSpiRegister): boolean;
  restore(name: QuadSpiRegister, value: number): void;
  /** CR.DFM: two chips. */
  dual(): boolean;
  writeCcr(): void;
  writeAr(): void;
  readDr(bytes: number): number;
  writeDr(value: number, bytes: number): void;
}

const ALL = 0xffffffff;

/** Bytes that a lane mask covers. */
const bytesIn = (laneMask: number): number => (laneMask >>> 0 === ALL ? 4 : laneMask === 0xffff ? 2 : 1);

export function quadSpiRegisters(hooks: QuadSpiHooks): RegisterMap<QuadSpiRegister> {
  const whenIdle = (name: QuadSpiRegister, offset: number, rw: number, then?: () => void): RegisterSpec => ({
    offset,
    reset: 0,
    rw,
    onWrite: (_written, before) => {
      if (hooks.mayWrite(name)) then?.();
      else hooks.restore(name, before);
    },
  });
  return {
    CR: {
      offset: 0x00,
      reset: 0,
      rw: (0xffffffff & ~(CR.DMAEN | 0xe020 | (1 << 21))) >>> 0,
      tagged: CR.DMAEN,
      onWrite: (_written, before) => hooks.writeCr(before),
    },
    DCR: whenIdle("DCR", 0x04, 0x001f0701),
    SR: { offset: 0x08, reset: 0, ro: 0x3f3f, onRead: () => hooks.readSr() },
    FCR: { offset: 0x0c, reset: 0, wo: 0x1b, onWrite: (written) => hooks.clearFlags(written & 0x1b) },
    DLR: { ...whenIdle("DLR", 0x10, ALL), onRead: (stored) => (hooks.dual() ? stored | 1 : stored) >>> 0 },
    CCR: whenIdle("CCR", 0x14, 0xff7fffff, () => hooks.writeCcr()),
    AR: {
      ...whenIdle("AR", 0x18, ALL, () => hooks.writeAr()),
      onRead: (stored) => (hooks.dual() ? stored & ~1 : stored) >>> 0,
    },
    ABR: whenIdle("ABR", 0x1c, ALL),
    DR: {
      offset: 0x20,
      reset: 0,
      rw: ALL,
      onRead: (_stored, size) => hooks.readDr(size),
      onWrite: (written, _before, laneMask) => hooks.writeDr(written, bytesIn(laneMask)),
    },
    PSMKR: whenIdle("PSMKR", 0x24, ALL),
    PSMAR: whenIdle("PSMAR", 0x28, ALL),
    PIR: whenIdle("PIR", 0x2c, 0xffff),
    LPTR: whenIdle("LPTR", 0x30, 0xffff),
  };
}

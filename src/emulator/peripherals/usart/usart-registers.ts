/** Registers of USART, UART and LPUART as data (RM0433, chapters USART and LPUART). */

import type { RegisterSpec } from "../../registers.js";

export type UsartKind = "USART" | "UART" | "LPUART";
export type UsartRegister =
  | "CR1"
  | "CR2"
  | "CR3"
  | "BRR"
  | "GTPR"
  | "RTOR"
  | "RQR"
  | "ISR"
  | "ICR"
  | "RDR"
  | "TDR"
  | "PRESC";

export interface UsartHooks {
  readonly writeCr1: (before: number) => void;
  readonly writeCr2: (before: number) => void;
  readonly writeBrr: (before: number) => void;
  readonly writeWhileDisabled: (name: UsartRegister, before: number, mask: number) => void;
  /** Bits of CR2 that are fixed while they are at work: ADD with RE, ABRMOD with ABREN. */
  readonly lockedByUse: (cr2: number) => number;
  readonly writeCr3: (before: number) => void;
  readonly writeRtor: () => void;
  readonly request: (written: number) => void;
  readonly status: () => number;
  readonly clear: (written: number) => void;
  readonly take: () => number;
  readonly transmit: (value: number) => void;
}

/** LBDL and ADDM7; LBCL, CPHA, CPOL, CLKEN, STOP, LINEN, SWAP, RXINV, TXINV, DATAINV, MSBFIRST. */
const CR2_LOCKED = 0x000f_ff30;
/** IREN, IRLP, HDSEL, NACK, SCEN; RTSE, CTSE; ONEBIT, OVRDIS, DDRE, DEM, DEP; WUS. */
const CR3_LOCKED = 0x30_fb3e;
/** LPUART has no GTPR, no RTOR and nothing that measures a rate. UART4, 5, 7 and 8 have no synchronous mode and no smartcard mode (RM0433, "USART implementation"). */
const DECLARED = {
  USART: {
    CR1: 0xffff_ffff,
    CR2: 0xffff_ff79,
    CR3: 0xfffe_ffff,
    BRR: 0xffff,
    GTPR: 0xffff,
    RTOR: 0xffff_ffff,
    RQR: 0x1f,
    ISR: 0x0fff_ffff,
    ICR: 0x12_3bff,
  },
  UART: {
    CR1: 0xf7ff_ffff,
    CR2: 0xffff_f070,
    CR3: 0xfef0_ffcf,
    BRR: 0xffff,
    GTPR: 0xff,
    RTOR: 0xffff_ffff,
    RQR: 0x1f,
    ISR: 0x0dff_cfff,
    ICR: 0x12_0b7f,
  },
  LPUART: {
    CR1: 0xf3ff_7fff,
    CR2: 0xff0f_b010,
    CR3: 0xfef0_f7c9,
    BRR: 0xf_ffff,
    GTPR: 0,
    RTOR: 0,
    RQR: 0x1e,
    ISR: 0x0dff_06ff,
    ICR: 0x12_025f,
  },
} as const;

export function usartRegisters(kind: UsartKind, hooks: UsartHooks): Record<UsartRegister, RegisterSpec> {
  const bits = DECLARED[kind];
  return {
    CR1: {
      offset: 0x00,
      reset: 0,
      rw: bits.CR1,
      onWrite: (_written, before) => hooks.writeCr1(before),
    },
    CR2: {
      offset: 0x04,
      reset: 0,
      rw: bits.CR2,
      onWrite: (_written, before) => {
        hooks.writeWhileDisabled("CR2", before, CR2_LOCKED | hooks.lockedByUse(before));
        hooks.writeCr2(before);
      },
    },
    CR3: {
      offset: 0x08,
      reset: 0,
      rw: bits.CR3,
      onWrite: (_written, before) => {
        hooks.writeWhileDisabled("CR3", before, CR3_LOCKED);
        hooks.writeCr3(before);
      },
    },
    BRR: {
      offset: 0x0c,
      reset: 0,
      rw: bits.BRR,
      onWrite: (_written, before) => hooks.writeBrr(before),
    },
    GTPR: {
      offset: 0x10,
      reset: 0,
      rw: bits.GTPR,
      onWrite: (_written, before) => hooks.writeWhileDisabled("GTPR", before, bits.GTPR),
    },
    RTOR: { offset: 0x14, reset: 0, rw: bits.RTOR, onWrite: () => hooks.writeRtor() },
    RQR: { offset: 0x18, reset: 0, wo: bits.RQR, onWrite: (written) => hooks.request(written & bits.RQR) },
    ISR: { offset: 0x1c, reset: 0xc0, ro: bits.ISR, onRead: () => hooks.status() },
    ICR: { offset: 0x20, reset: 0, wo: bits.ICR, quiet: true, onWrite: (written) => hooks.clear(written) },
    RDR: { offset: 0x24, reset: 0, ro: 0x1ff, onRead: () => hooks.take() },
    TDR: { offset: 0x28, reset: 0, rw: 0x1ff, onWrite: (written) => hooks.transmit(written & 0x1ff) },
    PRESC: {
      offset: 0x2c,
      reset: 0,
      rw: 0xf,
      onWrite: (_written, before) => hooks.writeWhileDisabled("PRESC", before, 0xf),
    },
  };
}

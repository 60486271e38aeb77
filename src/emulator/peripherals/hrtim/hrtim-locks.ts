/** What can be written no more: a running timer's prescaler, locked dead times and fault enables (RM0433, HRTIM_TIMxCR, DTxR, FLTxR). */

import type { RegisterBlock } from "../../registers.js";
import type { RegisterKind } from "./hrtim-bits.js";

const CKPSC = 7;
/** DTxR: the lock bits of each half, what they lock, and DTPRSC, which any of them does. */
const DT_LOCKS = [
  { lock: 1 << 15, bits: 0x3ff },
  { lock: 1 << 14, bits: 1 << 9 },
  { lock: 0x8000_0000, bits: 0x3ff << 16 },
  { lock: 1 << 30, bits: 1 << 25 },
] as const;
const DTPRSC = 7 << 10;
const FLTLCK = 0x8000_0000;

/**
 * Undoes what a write changed against a lock.
 * @returns why, where it did
 */
export function keepLocked(
  registers: RegisterBlock<string>,
  name: string,
  write: { readonly kind: RegisterKind; readonly before: number; readonly enabled: boolean },
): string | undefined {
  const { mask, why } = lockedBits(write);
  const now = registers.get(name);
  if (((now ^ write.before) & mask) === 0) return undefined;
  registers.set(name, (now & ~mask) | (write.before & mask));
  return why;
}

function lockedBits({ kind, before, enabled }: { kind: RegisterKind; before: number; enabled: boolean }): {
  readonly mask: number;
  readonly why: string;
} {
  if (kind === "CR" && enabled)
    return { mask: CKPSC, why: "CKPSC cannot be changed while the timer is enabled" };
  if (kind === "FLT" && (before & FLTLCK) !== 0) {
    return { mask: 0xffff_ffff, why: "FLTLCK keeps it until a reset" };
  }
  let mask = 0;
  if (kind === "DT") {
    for (const { lock, bits } of DT_LOCKS) if ((before & lock) !== 0) mask |= lock | bits | DTPRSC;
  }
  return { mask, why: "a lock keeps this dead time until a reset" };
}

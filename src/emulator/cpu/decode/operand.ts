/** The second operand of data-processing instructions and its shifter carry (DDI 0403E, A7.4 and A5.3.2). */

import type { CortexM7 } from "../core.js";
import type { Insn } from "./insn.js";

export const Operand = {
  /** Immediate that leaves the carry, clears it, or sets it. */
  imm: 0,
  immCarry0: 1,
  immCarry1: 2,
  register: 3,
  /** Register shifted by `a`: LSL 1..31, LSR 1..32, ASR 1..32, ROR 1..31. */
  lsl: 4,
  lsr: 5,
  asr: 6,
  ror: 7,
  rrx: 8,
} as const;

/** Value of the operand. */
export function operand(cpu: CortexM7, i: Insn): number {
  switch (i.kind) {
    case Operand.register:
      return cpu.get(i.m);
    case Operand.lsl:
      return cpu.get(i.m) << i.a;
    case Operand.lsr:
      return i.a === 32 ? 0 : (cpu.get(i.m) >>> i.a) | 0;
    case Operand.asr:
      return cpu.get(i.m) >> (i.a === 32 ? 31 : i.a);
    case Operand.ror:
      return (cpu.get(i.m) >>> i.a) | (cpu.get(i.m) << (32 - i.a));
    case Operand.rrx:
      return (cpu.get(i.m) >>> 1) | (cpu.c << 31);
    default:
      return i.imm;
  }
}

/** Carry out of the shifter, 0 or 1. To be asked before the destination register is written. */
export function operandCarry(cpu: CortexM7, i: Insn): number {
  switch (i.kind) {
    case Operand.immCarry0:
      return 0;
    case Operand.immCarry1:
      return 1;
    case Operand.lsl:
      return (cpu.get(i.m) >>> (32 - i.a)) & 1;
    case Operand.lsr:
    case Operand.asr:
    case Operand.ror:
      return (cpu.get(i.m) >>> (i.a - 1)) & 1;
    case Operand.rrx:
      return cpu.get(i.m) & 1;
    default:
      return cpu.c;
  }
}

/** DecodeImmShift(): sets kind and amount from the type and immediate fields of an encoding. */
export function decodeShift(i: Insn, type: number, amount: number): void {
  i.a = amount;
  if (type === 0) i.kind = amount === 0 ? Operand.register : Operand.lsl;
  else if (type === 3) i.kind = amount === 0 ? Operand.rrx : Operand.ror;
  else {
    i.kind = type === 1 ? Operand.lsr : Operand.asr;
    if (amount === 0) i.a = 32;
  }
}

/** ThumbExpandImm_C(): sets value and carry effect from i:imm3:imm8. */
export function decodeModifiedImmediate(i: Insn, imm12: number): void {
  const imm8 = imm12 & 0xff;
  i.kind = Operand.imm;
  if (imm12 >>> 10 === 0) {
    const spread = [imm8, imm8 | (imm8 << 16), (imm8 << 8) | (imm8 << 24), imm8 * 0x01010101];
    i.imm = (spread[(imm12 >>> 8) & 3] as number) | 0;
    return;
  }
  const rotation = imm12 >>> 7;
  const value = 0x80 | (imm12 & 0x7f);
  i.imm = (value >>> rotation) | (value << (32 - rotation));
  i.kind = i.imm < 0 ? Operand.immCarry1 : Operand.immCarry0;
}

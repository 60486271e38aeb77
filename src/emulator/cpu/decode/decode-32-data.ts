/** 32-bit data processing, multiply and DSP encodings (DDI 0403E, A5.3.1 to A5.3.3 and A5.3.11 to A5.3.17). */

import * as bits from "../execute/ops-bits.js";
import { undefinedInstruction } from "../execute/ops-branch.js";
import * as data from "../execute/ops-data.js";
import * as multiply from "../execute/ops-multiply.js";
import { unmodelled } from "../execute/ops-system.js";
import { writesSp } from "./decode-helpers.js";
import type { Execute, Insn } from "./insn.js";
import { decodeModifiedImmediate, decodeShift, Operand } from "./operand.js";

type Decoder = (i: Insn, w: number) => Execute;
type Row = readonly [mask: number, value: number, decode: Decoder];

const imm3imm2 = (w: number): number => ((w >>> 10) & 0x1c) | ((w >>> 6) & 3);
/** i:imm3:imm8 */
const imm12 = (w: number): number => ((w >>> 15) & 0x800) | ((w >>> 4) & 0x700) | (w & 0xff);

function registers(i: Insn, w: number): void {
  i.n = (w >>> 16) & 15;
  i.d = (w >>> 8) & 15;
  i.m = w & 15;
}

/** Forms that need no operand switch, by operation and whether flags are set. */
const FAST_IMM: Readonly<Record<number, readonly [Execute, Execute]>> = {
  2: [data.movImm, data.movsImm],
  8: [data.addImm, data.addsImm],
  13: [data.subImm, data.subsImm],
};

/** The opcode table of modified immediates and shifted registers. */
function operation(i: Insn, w: number): Execute {
  const op = (w >>> 21) & 15;
  const setsFlags = (w & (1 << 20)) !== 0;
  const forms = data.DATA_PROCESSING[op];
  if (forms === undefined) return undefinedInstruction;
  if (i.d === 15) {
    if (!setsFlags || forms[2] === undefined) return unmodelled;
    return op === 13 && i.kind <= Operand.immCarry1 ? data.cmpImm : forms[2];
  }
  if (i.n === 15 && (op === 2 || op === 3)) {
    if (op === 3) return setsFlags ? data.mvns : data.mvn;
    if (i.kind === Operand.imm) return setsFlags ? data.movsImm : data.movImm;
    if (i.kind === Operand.register && !setsFlags) return i.d === 13 ? writesSp(i, data.movReg) : data.movReg;
    return setsFlags ? data.movs : data.mov;
  }
  if (i.n === 15) return unmodelled;
  const immediate = i.kind <= Operand.immCarry1;
  const fast = immediate && op !== 2 ? FAST_IMM[op] : undefined;
  const execute = (fast ?? forms)[setsFlags ? 1 : 0] as Execute;
  if (i.d !== 13) return execute;
  return (op === 8 || op === 13) && i.n === 13 ? writesSp(i, execute) : unmodelled;
}

const modifiedImmediate: Decoder = (i, w) => {
  registers(i, w);
  decodeModifiedImmediate(i, imm12(w));
  // PKH has no immediate form.
  return ((w >>> 21) & 15) === 6 ? undefinedInstruction : operation(i, w);
};

const shiftedRegister: Decoder = (i, w) => {
  registers(i, w);
  if (i.m === 13 && i.n !== 15) return unmodelled;
  if (i.m === 15) return unmodelled;
  decodeShift(i, (w >>> 4) & 3, imm3imm2(w));
  if (((w >>> 21) & 15) !== 6) return operation(i, w);
  const valid = (w & (1 << 20)) === 0 && (w & 0x10) === 0;
  return valid ? (data.DATA_PROCESSING[6] as readonly [Execute, Execute, unknown])[0] : undefinedInstruction;
};

/** ADDW, SUBW, and ADR when Rn is 15. */
function wideArithmetic(execute: Execute, sign: number): Decoder {
  return (i, w) => {
    registers(i, w);
    i.imm = imm12(w);
    if (i.n === 15) {
      i.imm = (((i.pc + 4) & ~3) + sign * i.imm) | 0;
      return data.movImm;
    }
    return i.d === 13 ? writesSp(i, execute) : execute;
  };
}

function wideMove(execute: Execute, shift: number): Decoder {
  return (i, w) => {
    registers(i, w);
    i.imm = (imm12(w) | ((w >>> 4) & 0xf000)) << shift;
    return i.d === 13 || i.d === 15 ? unmodelled : execute;
  };
}

/** SSAT, USAT and their 16-bit pairs; `minus` is what the width field is short of. */
function saturation(single: Execute, pair: Execute, minus: number): Decoder {
  return (i, w) => {
    i.d = (w >>> 8) & 15;
    i.m = (w >>> 16) & 15;
    i.imm = (w & 31) + minus;
    const arithmetic = (w & (1 << 21)) !== 0;
    const amount = imm3imm2(w);
    if (arithmetic && amount === 0) {
      i.imm = (w & 15) + minus;
      return pair;
    }
    decodeShift(i, arithmetic ? 2 : 0, amount);
    return single;
  };
}

function fieldExtract(execute: Execute): Decoder {
  return (i, w) => {
    registers(i, w);
    const width = (w & 31) + 1;
    i.a = imm3imm2(w);
    i.m = 32 - width;
    i.imm = width === 32 ? -1 : (1 << width) - 1;
    return i.a + width > 32 ? unmodelled : execute;
  };
}

const fieldInsert: Decoder = (i, w) => {
  registers(i, w);
  i.a = imm3imm2(w);
  const width = (w & 31) - i.a + 1;
  i.imm = width === 32 ? -1 : (1 << width) - 1;
  return width < 1 ? unmodelled : bits.bfi;
};

const shiftRegister: Decoder = (i, w) => {
  registers(i, w);
  i.kind = (w >>> 21) & 3;
  return (w & (1 << 20)) !== 0 ? data.shiftsReg : data.shiftReg;
};

const extend: Decoder = (i, w) => {
  registers(i, w);
  i.kind = (w >>> 20) & 7;
  i.a = ((w >>> 4) & 3) * 8;
  return i.kind > 5 ? undefinedInstruction : data.extend;
};

const parallel: Decoder = (i, w) => {
  registers(i, w);
  if (((w >>> 4) & 3) === 3) return undefinedInstruction;
  return bits.PARALLEL[(w >>> 20) & 7] ?? undefinedInstruction;
};

const REVERSALS: readonly Execute[] = [bits.rev, bits.rev16, bits.rbit, bits.revsh];

function simple(execute: Execute): Decoder {
  return (i, w) => {
    registers(i, w);
    return execute;
  };
}

const reversal: Decoder = (i, w) => {
  registers(i, w);
  return REVERSALS[(w >>> 4) & 3] as Execute;
};

/** Multiplies: Ra in bits 15:12. `noRa` when Ra is 15; undefined when that makes no difference to the function. */
function multiplyForm(execute: Execute, noRa?: Execute): Decoder {
  return (i, w) => {
    registers(i, w);
    i.a = (w >>> 12) & 15;
    return i.a === 15 && noRa !== undefined ? noRa : execute;
  };
}

/** Long multiplies: RdLo in bits 15:12, RdHi in 11:8. */
function longForm(execute: Execute): Decoder {
  return (i, w) => {
    registers(i, w);
    i.a = (w >>> 12) & 15;
    return i.a === i.d || i.a === 15 || i.d === 15 ? unmodelled : execute;
  };
}

const ROWS: readonly Row[] = [
  [0xfe000000, 0xea000000, shiftedRegister],
  [0xfa008000, 0xf0000000, modifiedImmediate],
  [0xfbf08000, 0xf2000000, wideArithmetic(data.addImm, 1)],
  [0xfbf08000, 0xf2400000, wideMove(data.movw, 0)],
  [0xfbf08000, 0xf2a00000, wideArithmetic(data.subImm, -1)],
  [0xfbf08000, 0xf2c00000, wideMove(data.movt, 16)],
  [0xffd08020, 0xf3000000, saturation(bits.ssat, bits.ssat16, 1)],
  [0xfff08020, 0xf3400000, fieldExtract(bits.sbfx)],
  [0xfff08020, 0xf3600000, fieldInsert],
  [0xffd08020, 0xf3800000, saturation(bits.usat, bits.usat16, 0)],
  [0xfff08020, 0xf3c00000, fieldExtract(bits.ubfx)],
  [0xff80f0f0, 0xfa00f000, shiftRegister],
  [0xff80f0c0, 0xfa00f080, extend],
  [0xff80f080, 0xfa80f000, parallel],
  [0xfff0f0c0, 0xfa80f080, simple(bits.qarith)],
  [0xfff0f0c0, 0xfa90f080, reversal],
  [0xfff0f0f0, 0xfaa0f080, simple(bits.sel)],
  [0xfff0f0f0, 0xfab0f080, simple(bits.clz)],
  [0xfff000f0, 0xfb000000, multiplyForm(multiply.mla, multiply.mul)],
  [0xfff000f0, 0xfb000010, multiplyForm(multiply.mls)],
  [0xfff000c0, 0xfb100000, multiplyForm(multiply.smlaxy)],
  [0xfff000e0, 0xfb200000, multiplyForm(multiply.smlad)],
  [0xfff000e0, 0xfb300000, multiplyForm(multiply.smlaw)],
  [0xfff000e0, 0xfb400000, multiplyForm(multiply.smlsd)],
  [0xfff000e0, 0xfb500000, multiplyForm(multiply.smmla)],
  [0xfff000e0, 0xfb600000, multiplyForm(multiply.smmls)],
  [0xfff000f0, 0xfb700000, multiplyForm(multiply.usada8)],
  [0xfff000f0, 0xfb800000, longForm(multiply.smull)],
  [0xfff0f0f0, 0xfb90f0f0, simple(multiply.sdiv)],
  [0xfff000f0, 0xfba00000, longForm(multiply.umull)],
  [0xfff0f0f0, 0xfbb0f0f0, simple(multiply.udiv)],
  [0xfff000f0, 0xfbc00000, longForm(multiply.smlal)],
  [0xfff000c0, 0xfbc00080, longForm(multiply.smlalxy)],
  [0xfff000e0, 0xfbc000c0, longForm(multiply.smlald)],
  [0xfff000e0, 0xfbd000c0, longForm(multiply.smlsld)],
  [0xfff000f0, 0xfbe00000, longForm(multiply.umlal)],
  [0xfff000f0, 0xfbe00060, longForm(multiply.umaal)],
];

export const decodeData: Decoder = (i, w) => {
  const row = ROWS.find(([mask, value]) => (w & mask) === (value | 0));
  return row === undefined ? undefinedInstruction : row[2](i, w);
};

/** Coprocessor space and floating-point encodings (DDI 0403E, A5.3.18 and A6.4 to A6.7). */

import { CFSR, usageFault } from "../exceptions/faults.js";
import * as float from "../execute/ops-float.js";
import * as convert from "../execute/ops-float-convert.js";
import * as transfer from "../execute/ops-float-transfer.js";
import { unmodelled } from "../execute/ops-system.js";
import type { Execute, Insn } from "./insn.js";

type Decoder = (i: Insn, w: number) => Execute;
type Row = readonly [mask: number, value: number, decode: Decoder];

const P = 1 << 24;
const U = 1 << 23;
const W = 1 << 21;
const DOUBLE = 1 << 8;

/** No instruction of FPv5-D16: NOCP while the unit is off. */
const notThere: Execute = (cpu) => {
  throw usageFault(cpu.fpu.accessible ? CFSR.UNDEFINSTR : CFSR.NOCP);
};

/** S number (field, extra bit) or D number; undefined for D16..D31, which FPv5-D16 lacks. */
function register(w: number, field: number, extra: number, double: boolean): number | undefined {
  const number = (w >>> field) & 15;
  const bit = (w >>> extra) & 1;
  if (double) return bit === 0 ? number : undefined;
  return (number << 1) | bit;
}

/** Sets d, n, m and `kind`; false when a register does not exist. `kinds` may override each operand's precision. */
function registers(i: Insn, w: number, dDouble?: boolean, mDouble?: boolean): boolean {
  const double = (w & DOUBLE) !== 0;
  i.kind = double ? 1 : 0;
  const d = register(w, 12, 22, dDouble ?? double);
  const m = register(w, 0, 5, mDouble ?? double);
  const n = register(w, 16, 7, double);
  i.d = d ?? 0;
  i.m = m ?? 0;
  i.n = n ?? 0;
  return d !== undefined && m !== undefined;
}

function arithmetic(operation: float.FloatOperation): Decoder {
  const execute = float.guarded(operation);
  return (i, w) => {
    const exists = registers(i, w) && register(w, 16, 7, (w & DOUBLE) !== 0) !== undefined;
    return exists ? execute : notThere;
  };
}

function unary(operation: float.FloatOperation): Decoder {
  const execute = float.guarded(operation);
  return (i, w) => (registers(i, w) ? execute : notThere);
}

const vmovImm = float.guarded(float.vmovImm);
/** VFPExpandImm() */
const immediate: Decoder = (i, w) => {
  const exists = registers(i, w, undefined, false);
  const imm8 = ((w >>> 12) & 0xf0) | (w & 15);
  const sign = (imm8 >>> 7) << 31;
  const top = (imm8 & 0x40) !== 0;
  i.imm =
    i.kind === 1
      ? sign | (top ? 0x3fc00000 : 0x40000000) | ((imm8 & 0x3f) << 16)
      : sign | (top ? 0x3e000000 : 0x40000000) | ((imm8 & 0x3f) << 19);
  return exists ? vmovImm : notThere;
};

const vcmp = float.guarded(float.vcmp);
const compare: Decoder = (i, w) => {
  i.a = ((w >>> 16) & 1) | ((w >>> 6) & 2);
  return registers(i, w) ? vcmp : notThere;
};

const vcvtPrecision = float.guarded(convert.vcvtPrecision);
const precision: Decoder = (i, w) => {
  const fromDouble = (w & DOUBLE) !== 0;
  return registers(i, w, !fromDouble, fromDouble) ? vcvtPrecision : notThere;
};

const vcvtFromInteger = float.guarded(convert.vcvtFromInteger);
const fromInteger: Decoder = (i, w) => {
  i.a = (w >>> 7) & 1;
  return registers(i, w, undefined, false) ? vcvtFromInteger : notThere;
};

const vcvtz = float.guarded(convert.vcvtz);
const vcvtr = float.guarded(convert.vcvtr);
const toInteger: Decoder = (i, w) => {
  i.a = (w >>> 16) & 1;
  if (!registers(i, w, false)) return notThere;
  return (w & 0x80) !== 0 ? vcvtz : vcvtr;
};

const ROUND = convert.VRINT.map(float.guarded);
const CONVERT = convert.VCVT.map(float.guarded);
const roundMode: Decoder = (i, w) => (registers(i, w) ? (ROUND[(w >>> 16) & 3] as Execute) : notThere);
const convertMode: Decoder = (i, w) => {
  i.a = (w >>> 7) & 1;
  return registers(i, w, false) ? (CONVERT[(w >>> 16) & 3] as Execute) : notThere;
};

const vcvtToHalf = float.guarded(convert.vcvtToHalf);
const vcvtFromHalf = float.guarded(convert.vcvtFromHalf);
const halfPrecision: Decoder = (i, w) => {
  i.a = (w >>> 7) & 1;
  const toHalf = (w & (1 << 16)) !== 0;
  const double = (w & DOUBLE) !== 0;
  const exists = toHalf ? registers(i, w, false, double) : registers(i, w, double, false);
  if (!exists) return notThere;
  return toHalf ? vcvtToHalf : vcvtFromHalf;
};

const vcvtToFixed = float.guarded(convert.vcvtToFixed);
const vcvtFromFixed = float.guarded(convert.vcvtFromFixed);
const fixed: Decoder = (i, w) => {
  i.a = ((w >>> 16) & 1) | ((w >>> 6) & 2);
  i.imm = ((i.a & 2) !== 0 ? 32 : 16) - (((w & 15) << 1) | ((w >>> 5) & 1));
  if (!registers(i, w, undefined, false)) return notThere;
  if (i.imm < 0) return unmodelled;
  return (w & (1 << 18)) !== 0 ? vcvtToFixed : vcvtFromFixed;
};

const vsel = float.guarded(float.vsel);
const SELECT_CONDITIONS = [0, 6, 10, 12] as const;
const select: Decoder = (i, w) => {
  i.a = SELECT_CONDITIONS[((w >>> 20) & 3) as 0 | 1 | 2 | 3];
  return registers(i, w) ? vsel : notThere;
};

const single: Record<"load" | "store", Execute> = {
  load: float.guarded(transfer.vldr),
  store: float.guarded(transfer.vstr),
};
const multiple: Record<"load" | "store", Execute> = {
  load: float.guarded(transfer.vldm),
  store: float.guarded(transfer.vstm),
};

const memory: Decoder = (i, w) => {
  const double = (w & DOUBLE) !== 0;
  const first = register(w, 12, 22, double);
  if (first === undefined) return notThere;
  i.d = double ? first * 2 : first;
  i.n = (w >>> 16) & 15;
  const verb = (w & (1 << 20)) !== 0 ? "load" : "store";
  const offset = (w & 0xff) * 4;
  if ((w & P) !== 0 && (w & W) === 0) {
    i.a = double ? 2 : 1;
    i.imm = (w & U) !== 0 ? offset : -offset;
    if (i.n !== 15) return single[verb];
    i.imm = (((i.pc + 4) & ~3) + i.imm) | 0;
    return verb === "load" ? single.load : unmodelled;
  }
  const down = (w & P) !== 0;
  if (down === ((w & U) !== 0)) return notThere;
  i.kind = down ? 1 : 0;
  i.m = (w & W) !== 0 ? 1 : 0;
  // An odd count is FLDMX and FSTMX, whose last word is not a register.
  i.a = double ? w & 0xfe : w & 0xff;
  i.imm = offset;
  return i.a === 0 || i.d + i.a > 32 || i.n === 15 ? unmodelled : multiple[verb];
};

/** Moves of one word: `field` decodes the S register. */
function move(field: (w: number) => number | undefined): Decoder {
  const toCore = float.guarded(transfer.vmovToCore);
  const toFloat = float.guarded(transfer.vmovToFloat);
  return (i, w) => {
    const s = field(w);
    i.d = s ?? 0;
    i.n = (w >>> 12) & 15;
    if (s === undefined) return notThere;
    if (i.n === 13 || i.n === 15) return unmodelled;
    return (w & (1 << 20)) !== 0 ? toCore : toFloat;
  };
}

const pairToCore = float.guarded(transfer.vmovPairToCore);
const pairToFloat = float.guarded(transfer.vmovPairToFloat);
const movePair: Decoder = (i, w) => {
  const double = (w & DOUBLE) !== 0;
  const first = register(w, 0, 5, double);
  if (first === undefined) return notThere;
  i.d = double ? first * 2 : first;
  i.n = (w >>> 12) & 15;
  i.m = (w >>> 16) & 15;
  if (i.d === 31 || i.n === 15 || i.m === 15) return unmodelled;
  return (w & (1 << 20)) !== 0 ? pairToCore : pairToFloat;
};

const vmsr = float.guarded(transfer.vmsr);
const vmrs = float.guarded(transfer.vmrs);
const status: Decoder = (i, w) => {
  i.n = (w >>> 12) & 15;
  return (w & (1 << 20)) !== 0 ? vmrs : i.n === 15 ? unmodelled : vmsr;
};

const ROWS: readonly Row[] = [
  [0xffe00ed0, 0xec400a10, movePair],
  [0xfe000e00, 0xec000a00, memory],
  [0xffe00f7f, 0xee000a10, move((w) => register(w, 16, 7, false))],
  [0xffc00f7f, 0xee000b10, move((w) => ((w >>> 15) & 0x1e) | ((w >>> 21) & 1))],
  [0xffef0fff, 0xeee10a10, status],
  [0xffb00e50, 0xee000a00, arithmetic(float.vmla)],
  [0xffb00e50, 0xee000a40, arithmetic(float.vmls)],
  [0xffb00e50, 0xee100a00, arithmetic(float.vnmls)],
  [0xffb00e50, 0xee100a40, arithmetic(float.vnmla)],
  [0xffb00e50, 0xee200a00, arithmetic(float.vmul)],
  [0xffb00e50, 0xee200a40, arithmetic(float.vnmul)],
  [0xffb00e50, 0xee300a00, arithmetic(float.vadd)],
  [0xffb00e50, 0xee300a40, arithmetic(float.vsub)],
  [0xffb00e50, 0xee800a00, arithmetic(float.vdiv)],
  [0xffb00e50, 0xee900a00, arithmetic(float.vfnms)],
  [0xffb00e50, 0xee900a40, arithmetic(float.vfnma)],
  [0xffb00e50, 0xeea00a00, arithmetic(float.vfma)],
  [0xffb00e50, 0xeea00a40, arithmetic(float.vfms)],
  [0xffb00ef0, 0xeeb00a00, immediate],
  [0xffbf0ed0, 0xeeb00a40, unary(float.vmov)],
  [0xffbf0ed0, 0xeeb00ac0, unary(float.vabs)],
  [0xffbf0ed0, 0xeeb10a40, unary(float.vneg)],
  [0xffbf0ed0, 0xeeb10ac0, unary(float.vsqrt)],
  [0xffbe0e50, 0xeeb20a40, halfPrecision],
  [0xffbe0e50, 0xeeb40a40, compare],
  [0xffbf0ed0, 0xeeb60a40, unary(convert.vrintr)],
  [0xffbf0ed0, 0xeeb60ac0, unary(convert.vrintz)],
  [0xffbf0ed0, 0xeeb70a40, unary(convert.vrintx)],
  [0xffbf0ed0, 0xeeb70ac0, precision],
  [0xffbf0e50, 0xeeb80a40, fromInteger],
  [0xffba0e50, 0xeeba0a40, fixed],
  [0xffbe0e50, 0xeebc0a40, toInteger],
  [0xff800e50, 0xfe000a00, select],
  [0xffb00e50, 0xfe800a00, arithmetic(float.vmaxnm)],
  [0xffb00e50, 0xfe800a40, arithmetic(float.vminnm)],
  [0xffbc0ed0, 0xfeb80a40, roundMode],
  [0xffbc0e50, 0xfebc0a40, convertMode],
];

const noCoprocessor: Execute = () => {
  throw usageFault(CFSR.NOCP);
};
export function decodeFloat(i: Insn, w: number): Execute {
  if (((w >>> 8) & 14) !== 10) return noCoprocessor;
  const row = ROWS.find(([mask, value]) => (w & mask) === (value | 0));
  return row === undefined ? notThere : row[2](i, w);
}

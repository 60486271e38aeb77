/** Multiply, divide and the multiply part of the DSP extension (DDI 0403E, A5.3.13, A5.3.14). */

import type { CortexM7 } from "../core.js";
import type { Execute, Insn } from "../decode/insn.js";
import { CFSR, usageFault } from "../exceptions/faults.js";

/** Bits 63:32 of an unsigned 32 x 32 product. */
export function highUnsigned(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const low = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + (middle >>> 16) + (low >>> 16)) | 0;
}

/** Bits 63:32 of a signed product. */
export function highSigned(a: number, b: number): number {
  return (highUnsigned(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}

/** RdHi:RdLo (`d`:`a`) = high:low. */
function set64(cpu: CortexM7, i: Insn, high: number, low: number): Insn {
  cpu.r[i.a] = low;
  cpu.r[i.d] = high;
  return i.next;
}

/** RdHi:RdLo += high:low. */
function add64(cpu: CortexM7, i: Insn, high: number, low: number): Insn {
  const sum = (cpu.get(i.a) >>> 0) + (low >>> 0);
  return set64(cpu, i, (cpu.get(i.d) + high + (sum > 0xffffffff ? 1 : 0)) | 0, sum | 0);
}

/** Value as the sign-extended high word of a sum of products, which needs up to 33 bits. */
function highOf(value: number): number {
  return Math.floor(value / 0x100000000) | 0;
}

export const mul: Execute = (cpu, i) => {
  cpu.r[i.d] = Math.imul(cpu.get(i.n), cpu.get(i.m));
  return i.next;
};
export const muls: Execute = (cpu, i) => {
  const result = Math.imul(cpu.get(i.n), cpu.get(i.m));
  cpu.setNZ(result);
  cpu.r[i.d] = result;
  return i.next;
};
export const mla: Execute = (cpu, i) => {
  cpu.r[i.d] = (Math.imul(cpu.get(i.n), cpu.get(i.m)) + cpu.get(i.a)) | 0;
  return i.next;
};
export const mls: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.a) - Math.imul(cpu.get(i.n), cpu.get(i.m))) | 0;
  return i.next;
};

export const umull: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  return set64(cpu, i, highUnsigned(n, m), Math.imul(n, m));
};
export const smull: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  return set64(cpu, i, highSigned(n, m), Math.imul(n, m));
};
export const umlal: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  return add64(cpu, i, highUnsigned(n, m), Math.imul(n, m));
};
export const smlal: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  return add64(cpu, i, highSigned(n, m), Math.imul(n, m));
};
/** RdHi:RdLo = Rn * Rm + RdHi + RdLo; cannot overflow 64 bits. */
export const umaal: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  const sum = (Math.imul(n, m) >>> 0) + (cpu.get(i.a) >>> 0) + (cpu.get(i.d) >>> 0);
  return set64(cpu, i, (highUnsigned(n, m) + Math.floor(sum / 0x100000000)) | 0, sum | 0);
};

export const sdiv: Execute = (cpu, i) => {
  const divisor = cpu.get(i.m);
  cpu.r[i.d] = divisor === 0 ? divideByZero(cpu) : (cpu.get(i.n) / divisor) | 0;
  return i.next;
};
export const udiv: Execute = (cpu, i) => {
  const divisor = cpu.get(i.m) >>> 0;
  cpu.r[i.d] = divisor === 0 ? divideByZero(cpu) : ((cpu.get(i.n) >>> 0) / divisor) | 0;
  return i.next;
};

/** 0, unless CCR.DIV_0_TRP makes it a UsageFault. */
function divideByZero(cpu: CortexM7): number {
  if (cpu.scs.scb.divideByZeroTraps) throw usageFault(CFSR.DIVBYZERO);
  return 0;
}

/** Bottom (0) or top (1) halfword, signed. */
function half(value: number, top: number): number {
  return top === 0 ? (value << 16) >> 16 : value >> 16;
}

/** Adds Ra unless it is 15; Q when the sum does not fit. `value` is exact. */
function accumulate(cpu: CortexM7, i: Insn, value: number): Insn {
  const sum = i.a === 15 ? value : value + cpu.get(i.a);
  const result = sum | 0;
  if (result !== sum) cpu.q = 1;
  cpu.r[i.d] = result;
  return i.next;
}

/** SMLAxy, SMULxy */
export const smlaxy: Execute = (cpu, i) => {
  const product = half(cpu.get(i.n), (i.opcode >>> 5) & 1) * half(cpu.get(i.m), (i.opcode >>> 4) & 1);
  return accumulate(cpu, i, product);
};
/** SMLAWy, SMULWy: bits 47:16 of a 32 x 16 product. */
export const smlaw: Execute = (cpu, i) => {
  const product = cpu.get(i.n) * half(cpu.get(i.m), (i.opcode >>> 4) & 1);
  return accumulate(cpu, i, Math.floor(product / 65536));
};

/** Sum or difference of the two halfword products; opcode bit 4 exchanges the halves of Rm. */
function dual(cpu: CortexM7, i: Insn, sign: number): number {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  const exchange = (i.opcode >>> 4) & 1;
  return half(n, 0) * half(m, exchange) + sign * (half(n, 1) * half(m, 1 - exchange));
}

/** SMLAD, SMUAD */
export const smlad: Execute = (cpu, i) => accumulate(cpu, i, dual(cpu, i, 1));
/** SMLSD, SMUSD */
export const smlsd: Execute = (cpu, i) => accumulate(cpu, i, dual(cpu, i, -1));
export const smlald: Execute = (cpu, i) => {
  const value = dual(cpu, i, 1);
  return add64(cpu, i, highOf(value), value | 0);
};
export const smlsld: Execute = (cpu, i) => {
  const value = dual(cpu, i, -1);
  return add64(cpu, i, highOf(value), value | 0);
};
export const smlalxy: Execute = (cpu, i) => {
  const value = half(cpu.get(i.n), (i.opcode >>> 5) & 1) * half(cpu.get(i.m), (i.opcode >>> 4) & 1);
  return add64(cpu, i, highOf(value), value | 0);
};

/** Bits 63:32 of (Ra << 32) + high:low, rounded when opcode bit 4 is set. */
function mostSignificant(i: Insn, high: number, low: number): number {
  const round = (i.opcode & 0x10) !== 0 && low < 0 ? 1 : 0;
  return (high + round) | 0;
}

/** SMMLA, SMMUL */
export const smmla: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  const ra = i.a === 15 ? 0 : cpu.get(i.a);
  cpu.r[i.d] = mostSignificant(i, ra + highSigned(n, m), Math.imul(n, m));
  return i.next;
};
export const smmls: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  const low = Math.imul(n, m);
  const borrow = low === 0 ? 0 : 1;
  cpu.r[i.d] = mostSignificant(i, cpu.get(i.a) - highSigned(n, m) - borrow, -low | 0);
  return i.next;
};

/** USADA8, USAD8 */
export const usada8: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  let sum = i.a === 15 ? 0 : cpu.get(i.a);
  for (let at = 0; at < 32; at += 8) sum += Math.abs(((n >>> at) & 0xff) - ((m >>> at) & 0xff));
  cpu.r[i.d] = sum | 0;
  return i.next;
};

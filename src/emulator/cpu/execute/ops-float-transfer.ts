/** Moves between memory, core and floating-point registers (DDI 0403E, A7.7 V...). */

import type { FloatOperation } from "./ops-float.js";

/** VLDR, VSTR: `d` is the first S register, `a` the words; Rn = 15 is in `imm` already. */
export const vldr: FloatOperation = (fpu, i, cpu) => {
  const address = i.n === 15 ? i.imm : (cpu.get(i.n) + i.imm) | 0;
  cpu.mem.requireAligned(address, 3);
  const first = cpu.mem.load32(address);
  if (i.a === 2) fpu.bits[i.d + 1] = cpu.mem.load32((address + 4) | 0);
  fpu.bits[i.d] = first;
};
export const vstr: FloatOperation = (fpu, i, cpu) => {
  const address = (cpu.get(i.n) + i.imm) | 0;
  cpu.mem.requireAligned(address, 3);
  for (let k = 0; k < i.a; k++) cpu.mem.store32((address + k * 4) | 0, fpu.bits[i.d + k] as number);
};

/** VLDM, VPOP: `a` words from the first S register `d`; `kind` 1 counts down, `m` 1 writes back. */
export const vldm: FloatOperation = (fpu, i, cpu) => {
  const base = cpu.get(i.n);
  const start = i.kind === 1 ? (base - i.imm) | 0 : base;
  cpu.mem.requireAligned(start, 3);
  for (let k = 0; k < i.a; k++) fpu.bits[i.d + k] = cpu.mem.load32((start + k * 4) | 0);
  if (i.m === 1) cpu.r[i.n] = i.kind === 1 ? start : (base + i.imm) | 0;
};
export const vstm: FloatOperation = (fpu, i, cpu) => {
  const base = cpu.get(i.n);
  const start = i.kind === 1 ? (base - i.imm) | 0 : base;
  cpu.mem.requireAligned(start, 3);
  for (let k = 0; k < i.a; k++) cpu.mem.store32((start + k * 4) | 0, fpu.bits[i.d + k] as number);
  if (i.m === 1) cpu.r[i.n] = i.kind === 1 ? start : (base + i.imm) | 0;
};

/** One word: S register `d`, core register `n`. */
export const vmovToFloat: FloatOperation = (fpu, i, cpu) => {
  fpu.bits[i.d] = cpu.get(i.n);
};
export const vmovToCore: FloatOperation = (fpu, i, cpu) => {
  cpu.r[i.n] = fpu.bits[i.d] as number;
};
/** Two words: S registers `d`, `d` + 1; core registers `n`, `m`. */
export const vmovPairToFloat: FloatOperation = (fpu, i, cpu) => {
  fpu.bits[i.d] = cpu.get(i.n);
  fpu.bits[i.d + 1] = cpu.get(i.m);
};
export const vmovPairToCore: FloatOperation = (fpu, i, cpu) => {
  cpu.r[i.n] = fpu.bits[i.d] as number;
  cpu.r[i.m] = fpu.bits[i.d + 1] as number;
};
export const vmsr: FloatOperation = (fpu, i, cpu) => fpu.setFpscr(cpu.get(i.n));
/** Rt = 15 copies the flags to APSR. */
export const vmrs: FloatOperation = (fpu, i, cpu) => {
  if (i.n === 15) cpu.setFlags((fpu.fpscr & 0xf0000000) | (cpu.q << 27));
  else cpu.r[i.n] = fpu.fpscr;
};

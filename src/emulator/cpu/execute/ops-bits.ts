/** Bit fields, saturation, reversal and the parallel arithmetic of the DSP extension (DDI 0403E, A7.7). */

import type { CortexM7 } from "../core.js";
import type { Execute } from "../decode/insn.js";
import { operand } from "../decode/operand.js";

/** Lowest bit in `a`; `imm` is the field's mask at bit 0 (UBFX, BFI) . */
export const ubfx: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.n) >>> i.a) & i.imm;
  return i.next;
};
/** `m` is 32 minus the width. */
export const sbfx: Execute = (cpu, i) => {
  cpu.r[i.d] = ((cpu.get(i.n) >>> i.a) << i.m) >> i.m;
  return i.next;
};
/** BFC is BFI of 0: Rn = 15. */
export const bfi: Execute = (cpu, i) => {
  const field = i.n === 15 ? 0 : cpu.get(i.n) & i.imm;
  cpu.r[i.d] = (cpu.get(i.d) & ~(i.imm << i.a)) | (field << i.a);
  return i.next;
};

export const clz: Execute = (cpu, i) => {
  cpu.r[i.d] = Math.clz32(cpu.get(i.m));
  return i.next;
};
export const rev: Execute = (cpu, i) => {
  cpu.r[i.d] = reverseBytes(cpu.get(i.m));
  return i.next;
};
export const rev16: Execute = (cpu, i) => {
  const m = cpu.get(i.m);
  cpu.r[i.d] = ((m & 0x00ff00ff) << 8) | ((m >>> 8) & 0x00ff00ff);
  return i.next;
};
export const revsh: Execute = (cpu, i) => {
  const m = cpu.get(i.m);
  cpu.r[i.d] = ((m << 24) >> 16) | ((m >>> 8) & 0xff);
  return i.next;
};
export const rbit: Execute = (cpu, i) => {
  let m = cpu.get(i.m);
  m = ((m >>> 1) & 0x55555555) | ((m & 0x55555555) << 1);
  m = ((m >>> 2) & 0x33333333) | ((m & 0x33333333) << 2);
  m = ((m >>> 4) & 0x0f0f0f0f) | ((m & 0x0f0f0f0f) << 4);
  cpu.r[i.d] = reverseBytes(m);
  return i.next;
};

function reverseBytes(m: number): number {
  return (m << 24) | ((m & 0xff00) << 8) | ((m >>> 8) & 0xff00) | (m >>> 24);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

/** Clamps and sets Q when that changed the value. */
function saturate(cpu: CortexM7, value: number, low: number, high: number): number {
  const result = clamp(value, low, high);
  if (result !== value) cpu.q = 1;
  return result;
}

/** `imm` is the width of the result; the shifted operand is the Rm of operand.ts. */
export const ssat: Execute = (cpu, i) => {
  const limit = 2 ** (i.imm - 1);
  cpu.r[i.d] = saturate(cpu, operand(cpu, i), -limit, limit - 1);
  return i.next;
};
export const usat: Execute = (cpu, i) => {
  cpu.r[i.d] = saturate(cpu, operand(cpu, i), 0, 2 ** i.imm - 1);
  return i.next;
};
export const ssat16: Execute = (cpu, i) => {
  const m = cpu.get(i.m);
  const limit = 2 ** (i.imm - 1);
  const low = saturate(cpu, (m << 16) >> 16, -limit, limit - 1);
  cpu.r[i.d] = (saturate(cpu, m >> 16, -limit, limit - 1) << 16) | (low & 0xffff);
  return i.next;
};
export const usat16: Execute = (cpu, i) => {
  const m = cpu.get(i.m);
  const limit = 2 ** i.imm - 1;
  const low = saturate(cpu, (m << 16) >> 16, 0, limit);
  cpu.r[i.d] = (saturate(cpu, m >> 16, 0, limit) << 16) | low;
  return i.next;
};

const INT_MIN = -0x80000000;
const INT_MAX = 0x7fffffff;

/** QADD, QDADD, QSUB, QDSUB by opcode bits 5:4. */
export const qarith: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const scaled = (i.opcode & 0x10) === 0 ? n : saturate(cpu, n * 2, INT_MIN, INT_MAX);
  const m = cpu.get(i.m);
  cpu.r[i.d] = saturate(cpu, (i.opcode & 0x20) === 0 ? m + scaled : m - scaled, INT_MIN, INT_MAX);
  return i.next;
};

export const sel: Execute = (cpu, i) => {
  let mask = 0;
  for (let lane = 0; lane < 4; lane++) if (((cpu.ge >>> lane) & 1) === 1) mask |= 0xff << (lane * 8);
  cpu.r[i.d] = (cpu.get(i.n) & mask) | (cpu.get(i.m) & ~mask);
  return i.next;
};

/** What becomes of a lane's exact result, and of GE: plain, saturating or halving; opcode bits 6:4 (A5.3.15). */
function lane(
  cpu: CortexM7,
  kind: number,
  value: number,
  bits: number,
  geBits: number,
  subtracts: boolean,
): number {
  const size = 2 ** bits;
  switch (kind) {
    case 1:
      return clamp(value, -size / 2, size / 2 - 1);
    case 5:
      return clamp(value, 0, size - 1);
    case 2:
    case 6:
      return value >> 1;
    default: {
      const ge = kind === 4 && !subtracts ? value >= size : value >= 0;
      cpu.ge = ge ? cpu.ge | geBits : cpu.ge & ~geBits;
      return value;
    }
  }
}

/** ADD8, SUB8 in all six kinds. */
const lanes8: Execute = (cpu, i) => {
  const n = cpu.get(i.n);
  const m = cpu.get(i.m);
  const kind = (i.opcode >>> 4) & 7;
  const subtracts = ((i.opcode >>> 20) & 7) === 4;
  let result = 0;
  for (let at = 0; at < 4; at++) {
    const a = byteLane(n, at, kind);
    const b = byteLane(m, at, kind);
    const value = lane(cpu, kind, subtracts ? a - b : a + b, 8, 1 << at, subtracts);
    result |= (value & 0xff) << (at * 8);
  }
  cpu.r[i.d] = result;
  return i.next;
};

function byteLane(value: number, at: number, kind: number): number {
  const raw = (value >>> (at * 8)) & 0xff;
  return kind < 4 ? (raw << 24) >> 24 : raw;
}

function halfLane(value: number, top: boolean, kind: number): number {
  const raw = top ? value >>> 16 : value & 0xffff;
  return kind < 4 ? (raw << 16) >> 16 : raw;
}

/** ADD16, ASX, SUB16, SAX: which halves subtract, and whether Rm's halves are exchanged. */
function lanes16(lowSubtracts: boolean, highSubtracts: boolean, exchange: boolean): Execute {
  return (cpu, i) => {
    const n = cpu.get(i.n);
    const m = cpu.get(i.m);
    const kind = (i.opcode >>> 4) & 7;
    const a0 = halfLane(n, false, kind);
    const b0 = halfLane(m, exchange, kind);
    const a1 = halfLane(n, true, kind);
    const b1 = halfLane(m, !exchange, kind);
    const low = lane(cpu, kind, lowSubtracts ? a0 - b0 : a0 + b0, 16, 3, lowSubtracts);
    const high = lane(cpu, kind, highSubtracts ? a1 - b1 : a1 + b1, 16, 12, highSubtracts);
    cpu.r[i.d] = (low & 0xffff) | (high << 16);
    return i.next;
  };
}

/** Parallel addition and subtraction by opcode bits 22:20. */
export const PARALLEL: readonly (Execute | undefined)[] = [
  lanes8,
  lanes16(false, false, false),
  lanes16(true, false, true),
  undefined,
  lanes8,
  lanes16(true, true, false),
  lanes16(false, true, true),
  undefined,
];

/** Data processing (DDI 0403E, A7.7): arithmetic, logic, moves, shifts by register. */

import type { CortexM7 } from "../core.js";
import type { Execute, Insn } from "../decode/insn.js";
import { operand, operandCarry } from "../decode/operand.js";

function addFlags(cpu: CortexM7, a: number, b: number): number {
  const result = (a + b) | 0;
  cpu.nr = result;
  cpu.zr = result;
  cpu.c = result >>> 0 < a >>> 0 ? 1 : 0;
  cpu.v = ((a ^ result) & (b ^ result)) >>> 31;
  return result;
}

function subFlags(cpu: CortexM7, a: number, b: number): number {
  const result = (a - b) | 0;
  cpu.nr = result;
  cpu.zr = result;
  cpu.c = a >>> 0 >= b >>> 0 ? 1 : 0;
  cpu.v = ((a ^ b) & (a ^ result)) >>> 31;
  return result;
}

/** AddWithCarry() with flags. */
function adcFlags(cpu: CortexM7, a: number, b: number): number {
  const wide = (a >>> 0) + (b >>> 0) + cpu.c;
  const result = wide | 0;
  cpu.nr = result;
  cpu.zr = result;
  cpu.c = wide > 0xffffffff ? 1 : 0;
  cpu.v = ((a ^ result) & (b ^ result)) >>> 31;
  return result;
}

export const addImm: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.n) + i.imm) | 0;
  return i.next;
};
export const addsImm: Execute = (cpu, i) => {
  cpu.r[i.d] = addFlags(cpu, cpu.get(i.n), i.imm);
  return i.next;
};
export const addReg: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.n) + cpu.get(i.m)) | 0;
  return i.next;
};
export const addsReg: Execute = (cpu, i) => {
  cpu.r[i.d] = addFlags(cpu, cpu.get(i.n), cpu.get(i.m));
  return i.next;
};
export const subImm: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.n) - i.imm) | 0;
  return i.next;
};
export const subsImm: Execute = (cpu, i) => {
  cpu.r[i.d] = subFlags(cpu, cpu.get(i.n), i.imm);
  return i.next;
};
export const subsReg: Execute = (cpu, i) => {
  cpu.r[i.d] = subFlags(cpu, cpu.get(i.n), cpu.get(i.m));
  return i.next;
};
export const cmpImm: Execute = (cpu, i) => {
  subFlags(cpu, cpu.get(i.n), i.imm);
  return i.next;
};
export const cmpReg: Execute = (cpu, i) => {
  subFlags(cpu, cpu.get(i.n), cpu.get(i.m));
  return i.next;
};
export const movImm: Execute = (cpu, i) => {
  cpu.r[i.d] = i.imm;
  return i.next;
};
export const movsImm: Execute = (cpu, i) => {
  cpu.r[i.d] = i.imm;
  cpu.nr = i.imm;
  cpu.zr = i.imm;
  return i.next;
};
export const movReg: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.get(i.m);
  return i.next;
};
/** MOV PC: a branch without interworking. */
export const movPc: Execute = (cpu, i) => cpu.branchTo(cpu.get(i.m));
export const addPc: Execute = (cpu, i) => cpu.branchTo((cpu.get(i.n) + cpu.get(i.m)) | 0);

const add: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.n) + operand(cpu, i)) | 0;
  return i.next;
};
const adds: Execute = (cpu, i) => {
  cpu.r[i.d] = addFlags(cpu, cpu.get(i.n), operand(cpu, i));
  return i.next;
};
const cmn: Execute = (cpu, i) => {
  addFlags(cpu, cpu.get(i.n), operand(cpu, i));
  return i.next;
};
const sub: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.n) - operand(cpu, i)) | 0;
  return i.next;
};
const subs: Execute = (cpu, i) => {
  cpu.r[i.d] = subFlags(cpu, cpu.get(i.n), operand(cpu, i));
  return i.next;
};
const cmp: Execute = (cpu, i) => {
  subFlags(cpu, cpu.get(i.n), operand(cpu, i));
  return i.next;
};
const rsb: Execute = (cpu, i) => {
  cpu.r[i.d] = (operand(cpu, i) - cpu.get(i.n)) | 0;
  return i.next;
};
const rsbs: Execute = (cpu, i) => {
  cpu.r[i.d] = subFlags(cpu, operand(cpu, i), cpu.get(i.n));
  return i.next;
};
const adc: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.n) + operand(cpu, i) + cpu.c) | 0;
  return i.next;
};
const adcs: Execute = (cpu, i) => {
  cpu.r[i.d] = adcFlags(cpu, cpu.get(i.n), operand(cpu, i));
  return i.next;
};
const sbc: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.n) + ~operand(cpu, i) + cpu.c) | 0;
  return i.next;
};
const sbcs: Execute = (cpu, i) => {
  cpu.r[i.d] = adcFlags(cpu, cpu.get(i.n), ~operand(cpu, i));
  return i.next;
};

type Logic = (cpu: CortexM7, i: Insn) => number;

/** Result into Rd, flags untouched. */
function plain(logic: Logic): Execute {
  return (cpu, i) => {
    cpu.r[i.d] = logic(cpu, i);
    return i.next;
  };
}

/** Result into Rd; N, Z from it, C from the shifter. */
function flagged(logic: Logic): Execute {
  return (cpu, i) => {
    const result = logic(cpu, i);
    cpu.c = operandCarry(cpu, i);
    cpu.setNZ(result);
    cpu.r[i.d] = result;
    return i.next;
  };
}

/** Flags only (TST, TEQ). */
function tested(logic: Logic): Execute {
  return (cpu, i) => {
    const result = logic(cpu, i);
    cpu.c = operandCarry(cpu, i);
    cpu.setNZ(result);
    return i.next;
  };
}

const AND: Logic = (cpu, i) => cpu.get(i.n) & operand(cpu, i);
const BIC: Logic = (cpu, i) => cpu.get(i.n) & ~operand(cpu, i);
const ORR: Logic = (cpu, i) => cpu.get(i.n) | operand(cpu, i);
const ORN: Logic = (cpu, i) => cpu.get(i.n) | ~operand(cpu, i);
const EOR: Logic = (cpu, i) => cpu.get(i.n) ^ operand(cpu, i);
const MVN: Logic = (cpu, i) => ~operand(cpu, i);

export const mov: Execute = plain(operand);
export const movs: Execute = flagged(operand);
export const mvn: Execute = plain(MVN);
export const mvns: Execute = flagged(MVN);

/** PKHBT and PKHTB: opcode bit 5 says which. */
const pkh: Execute = (cpu, i) => {
  const other = operand(cpu, i);
  const n = cpu.get(i.n);
  cpu.r[i.d] = (i.opcode & 0x20) === 0 ? (n & 0xffff) | (other & ~0xffff) : (n & ~0xffff) | (other & 0xffff);
  return i.next;
};

/**
 * Operation by the 4-bit opcode of the 32-bit data-processing encodings (A5.3.1, A5.3.11): without flags,
 * with flags, and with flags when Rd is 15.
 */
export const DATA_PROCESSING: readonly (readonly [Execute, Execute, Execute | undefined] | undefined)[] = [
  [plain(AND), flagged(AND), tested(AND)],
  [plain(BIC), flagged(BIC), undefined],
  [plain(ORR), flagged(ORR), undefined],
  [plain(ORN), flagged(ORN), undefined],
  [plain(EOR), flagged(EOR), tested(EOR)],
  undefined,
  [pkh, pkh, undefined],
  undefined,
  [add, adds, cmn],
  undefined,
  [adc, adcs, undefined],
  [sbc, sbcs, undefined],
  undefined,
  [sub, subs, cmp],
  [rsb, rsbs, undefined],
  undefined,
];

/** Shifts by register: `kind` is the shift type 0..3. */
export const shiftReg: Execute = (cpu, i) => {
  cpu.r[i.d] = shift(cpu.get(i.n), i.kind, cpu.get(i.m) & 0xff);
  return i.next;
};
export const shiftsReg: Execute = (cpu, i) => {
  const value = cpu.get(i.n);
  const amount = cpu.get(i.m) & 0xff;
  if (amount !== 0) cpu.c = shiftCarry(value, i.kind, amount);
  const result = shift(value, i.kind, amount);
  cpu.setNZ(result);
  cpu.r[i.d] = result;
  return i.next;
};

function shift(value: number, type: number, amount: number): number {
  switch (type) {
    case 0:
      return amount > 31 ? 0 : value << amount;
    case 1:
      return amount > 31 ? 0 : (value >>> amount) | 0;
    case 2:
      return value >> Math.min(amount, 31);
    default:
      return (value >>> (amount & 31)) | (value << (-amount & 31));
  }
}

/** Carry out of a shift by 1..255. */
function shiftCarry(value: number, type: number, amount: number): number {
  switch (type) {
    case 0:
      return amount > 32 ? 0 : (value >>> (32 - amount)) & 1;
    case 1:
      return amount > 32 ? 0 : (value >>> (amount - 1)) & 1;
    case 2:
      return (value >>> (Math.min(amount, 32) - 1)) & 1;
    default:
      return (value >>> ((amount - 1) & 31)) & 1;
  }
}

export const movw: Execute = movImm;
export const movt: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.d) & 0xffff) | i.imm;
  return i.next;
};

/** Extends, with optional addition (Rn = 15: none); `kind` is op1 of A5.3.12, `a` the rotation in bits. */
export const extend: Execute = (cpu, i) => {
  const m = cpu.get(i.m);
  const value = i.a === 0 ? m : (m >>> i.a) | (m << (32 - i.a));
  const extended = EXTEND[i.kind]?.(value) ?? 0;
  if (i.n === 15) cpu.r[i.d] = extended;
  else if ((i.kind & 6) !== 2) cpu.r[i.d] = (cpu.get(i.n) + extended) | 0;
  else {
    const n = cpu.get(i.n);
    const low = (n + extended) & 0xffff;
    cpu.r[i.d] = low | ((((n >>> 16) + (extended >>> 16)) & 0xffff) << 16);
  }
  return i.next;
};

const EXTEND: readonly ((value: number) => number)[] = [
  (value) => (value << 16) >> 16,
  (value) => value & 0xffff,
  (value) => (((value << 24) >> 24) & 0xffff) | (((value << 8) >> 24) << 16),
  (value) => value & 0x00ff00ff,
  (value) => (value << 24) >> 24,
  (value) => value & 0xff,
];
export const sxth: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.m) << 16) >> 16;
  return i.next;
};
export const sxtb: Execute = (cpu, i) => {
  cpu.r[i.d] = (cpu.get(i.m) << 24) >> 24;
  return i.next;
};
export const uxth: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.get(i.m) & 0xffff;
  return i.next;
};
export const uxtb: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.get(i.m) & 0xff;
  return i.next;
};

/** Loads and stores of single registers (DDI 0403E, A5.3.5 to A5.3.10). */

import type { CortexM7 } from "../core.js";
import type { Execute, Insn } from "../decode/insn.js";
import { branchExchange } from "./ops-branch.js";

/** Addressing mode, in `Insn.kind`. Negative offsets are already negative in `imm`. */
export const Address = { offset: 0, register: 1, pre: 2, post: 3, literal: 4 } as const;

export const ldrImm: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.mem.load32((cpu.get(i.n) + i.imm) | 0);
  return i.next;
};
export const ldrhImm: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.mem.load16((cpu.get(i.n) + i.imm) | 0);
  return i.next;
};
export const ldrbImm: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.mem.load8((cpu.get(i.n) + i.imm) | 0);
  return i.next;
};
export const strImm: Execute = (cpu, i) => {
  cpu.mem.store32((cpu.get(i.n) + i.imm) | 0, cpu.get(i.d));
  return i.next;
};
export const strhImm: Execute = (cpu, i) => {
  cpu.mem.store16((cpu.get(i.n) + i.imm) | 0, cpu.get(i.d));
  return i.next;
};
export const strbImm: Execute = (cpu, i) => {
  cpu.mem.store8((cpu.get(i.n) + i.imm) | 0, cpu.get(i.d));
  return i.next;
};

export const ldrReg: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.mem.load32((cpu.get(i.n) + (cpu.get(i.m) << i.a)) | 0);
  return i.next;
};
export const ldrbReg: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.mem.load8((cpu.get(i.n) + (cpu.get(i.m) << i.a)) | 0);
  return i.next;
};
export const strReg: Execute = (cpu, i) => {
  cpu.mem.store32((cpu.get(i.n) + (cpu.get(i.m) << i.a)) | 0, cpu.get(i.d));
  return i.next;
};
export const strbReg: Execute = (cpu, i) => {
  cpu.mem.store8((cpu.get(i.n) + (cpu.get(i.m) << i.a)) | 0, cpu.get(i.d));
  return i.next;
};
export const ldrLiteral: Execute = (cpu, i) => {
  cpu.r[i.d] = cpu.mem.load32(i.imm);
  return i.next;
};

function effective(cpu: CortexM7, i: Insn): number {
  switch (i.kind) {
    case Address.register:
      return (cpu.get(i.n) + (cpu.get(i.m) << i.a)) | 0;
    case Address.post:
      return cpu.get(i.n);
    case Address.literal:
      return i.imm;
    default:
      return (cpu.get(i.n) + i.imm) | 0;
  }
}

/** Base register after the access; happens only when the access did not fault. */
function writeBack(cpu: CortexM7, i: Insn): void {
  if (i.kind === Address.pre || i.kind === Address.post) cpu.r[i.n] = (cpu.get(i.n) + i.imm) | 0;
}

type Load = (cpu: CortexM7, address: number) => number;
type Store = (cpu: CortexM7, address: number, value: number) => void;

const word: Load = (cpu, address) => cpu.mem.load32(address);
const half: Load = (cpu, address) => cpu.mem.load16(address);
const byte: Load = (cpu, address) => cpu.mem.load8(address);
const signedHalf: Load = (cpu, address) => (cpu.mem.load16(address) << 16) >> 16;
const signedByte: Load = (cpu, address) => (cpu.mem.load8(address) << 24) >> 24;

function load(access: Load): Execute {
  return (cpu, i) => {
    const value = access(cpu, effective(cpu, i));
    writeBack(cpu, i);
    cpu.r[i.d] = value;
    return i.next;
  };
}

function store(access: Store): Execute {
  return (cpu, i) => {
    access(cpu, effective(cpu, i), cpu.get(i.d));
    writeBack(cpu, i);
    return i.next;
  };
}

export const LOAD = {
  word: load(word),
  half: load(half),
  byte: load(byte),
  signedHalf: load(signedHalf),
  signedByte: load(signedByte),
} as const;

export const STORE = {
  word: store((cpu, address, value) => cpu.mem.store32(address, value)),
  half: store((cpu, address, value) => cpu.mem.store16(address, value)),
  byte: store((cpu, address, value) => cpu.mem.store8(address, value)),
} as const;

/** Faster forms for the modes that compilers use most. */
export const FAST_OFFSET: ReadonlyMap<Execute, Execute> = new Map([
  [LOAD.word, ldrImm],
  [LOAD.half, ldrhImm],
  [LOAD.byte, ldrbImm],
  [STORE.word, strImm],
  [STORE.half, strhImm],
  [STORE.byte, strbImm],
]);
export const FAST_REGISTER: ReadonlyMap<Execute, Execute> = new Map([
  [LOAD.word, ldrReg],
  [LOAD.byte, ldrbReg],
  [STORE.word, strReg],
  [STORE.byte, strbReg],
]);

/** LDRT, STRT and their kind: the access has the rights of unprivileged code. */
export function unprivileged(execute: Execute): Execute {
  return (cpu, i) => cpu.mem.unprivileged(() => execute(cpu, i));
}

/** LDR PC: a branch, possibly an exception return. */
export const ldrPc: Execute = (cpu, i) => {
  const target = cpu.mem.load32(effective(cpu, i));
  writeBack(cpu, i);
  return branchExchange(cpu, target);
};

/** LDRD, STRD: Rt in `d`, Rt2 in `a`. */
export const ldrd: Execute = (cpu, i) => {
  const address = effective(cpu, i);
  cpu.mem.requireAligned(address, 3);
  const first = cpu.mem.load32(address);
  const second = cpu.mem.load32((address + 4) | 0);
  writeBack(cpu, i);
  cpu.r[i.d] = first;
  cpu.r[i.a] = second;
  return i.next;
};
export const strd: Execute = (cpu, i) => {
  const address = effective(cpu, i);
  cpu.mem.requireAligned(address, 3);
  cpu.mem.store32(address, cpu.get(i.d));
  cpu.mem.store32((address + 4) | 0, cpu.get(i.a));
  writeBack(cpu, i);
  return i.next;
};

function loadExclusive(access: Load, mask: number): Execute {
  return (cpu, i) => {
    const address = (cpu.get(i.n) + i.imm) | 0;
    cpu.mem.requireAligned(address, mask);
    cpu.r[i.d] = access(cpu, address);
    cpu.mem.exclusive = true;
    return i.next;
  };
}

/** Rd (0 when it was stored) in `a`. */
function storeExclusive(access: Store, mask: number): Execute {
  return (cpu, i) => {
    const address = (cpu.get(i.n) + i.imm) | 0;
    cpu.mem.requireAligned(address, mask);
    const exclusive = cpu.mem.exclusive;
    if (exclusive) access(cpu, address, cpu.get(i.d));
    cpu.mem.exclusive = false;
    cpu.r[i.a] = exclusive ? 0 : 1;
    return i.next;
  };
}

export const ldrex: Execute = loadExclusive(word, 3);
export const ldrexh: Execute = loadExclusive(half, 1);
export const ldrexb: Execute = loadExclusive(byte, 0);
export const strex: Execute = storeExclusive((cpu, address, value) => cpu.mem.store32(address, value), 3);
export const strexh: Execute = storeExclusive((cpu, address, value) => cpu.mem.store16(address, value), 1);
export const strexb: Execute = storeExclusive((cpu, address, value) => cpu.mem.store8(address, value), 0);
export const clrex: Execute = (cpu, i) => {
  cpu.mem.exclusive = false;
  return i.next;
};

/**
 * LDM, LDMDB, POP: list in `imm`, its length in `m`, writeback in `a`; `kind` 1 counts down.
 * The base is written last, so that a fault leaves it as it was.
 */
export const ldm: Execute = (cpu, i) => {
  const base = cpu.get(i.n);
  const bytes = i.m * 4;
  let address = i.kind === 1 ? (base - bytes) | 0 : base;
  cpu.mem.requireAligned(address, 3);
  let target = 0;
  let newBase = i.kind === 1 ? address : (base + bytes) | 0;
  for (let n = 0, list = i.imm; list !== 0; n++, list >>>= 1) {
    if ((list & 1) === 0) continue;
    const value = cpu.mem.load32(address);
    if (n === 15) target = value;
    else if (n === i.n) newBase = value;
    else cpu.r[n] = value;
    address = (address + 4) | 0;
  }
  if (i.a !== 0 || ((i.imm >>> i.n) & 1) === 1) cpu.r[i.n] = newBase;
  return (i.imm & 0x8000) === 0 ? i.next : branchExchange(cpu, target);
};

/** STM, STMDB, PUSH; fields as for `ldm`. */
export const stm: Execute = (cpu, i) => {
  const base = cpu.get(i.n);
  const bytes = i.m * 4;
  const start = i.kind === 1 ? (base - bytes) | 0 : base;
  let address = start;
  cpu.mem.requireAligned(address, 3);
  for (let n = 0, list = i.imm; list !== 0; n++, list >>>= 1) {
    if ((list & 1) === 0) continue;
    cpu.mem.store32(address, cpu.get(n));
    address = (address + 4) | 0;
  }
  if (i.a !== 0) cpu.r[i.n] = i.kind === 1 ? start : address;
  return i.next;
};

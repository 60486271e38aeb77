/** 32-bit Thumb encodings (DDI 0403E, A5.3): branches, system, coprocessor; the rest is in its own tables. */

import { B_COND, b, bl, undefinedInstruction } from "../execute/ops-branch.js";
import { clrex } from "../execute/ops-memory.js";
import * as system from "../execute/ops-system.js";
import { decodeData } from "./decode-32-data.js";
import { decodeMemory } from "./decode-32-memory.js";
import { decodeFloat } from "./decode-float.js";
import { DIRECT_BRANCH } from "./decode-helpers.js";
import type { Execute, Insn } from "./insn.js";

type Decoder = (i: Insn, w: number) => Execute;
type Row = readonly [mask: number, value: number, decode: Decoder];

/** imm11:imm6 or imm10, S, J1, J2 of branches with a 25-bit range (encodings T4 and BL). */
function longOffset(w: number): number {
  const s = (w >>> 26) & 1;
  const i1 = ((w >>> 13) & 1) ^ s ^ 1;
  const i2 = ((w >>> 11) & 1) ^ s ^ 1;
  const offset = (s << 24) | (i1 << 23) | (i2 << 22) | (((w >>> 16) & 0x3ff) << 12) | ((w & 0x7ff) << 1);
  return (offset << 7) >> 7;
}

function direct(i: Insn, offset: number): void {
  i.imm = (i.pc + 4 + offset) | 0;
  i.kind = DIRECT_BRANCH;
}

const branch: Decoder = (i, w) => {
  direct(i, longOffset(w));
  return b;
};
const branchLink: Decoder = (i, w) => {
  direct(i, longOffset(w));
  return bl;
};

const conditionalBranch: Decoder = (i, w) => {
  const s = (w >>> 26) & 1;
  const j1 = (w >>> 13) & 1;
  const j2 = (w >>> 11) & 1;
  const offset = (s << 20) | (j2 << 19) | (j1 << 18) | (((w >>> 16) & 0x3f) << 12) | ((w & 0x7ff) << 1);
  direct(i, (offset << 11) >> 11);
  return i.it === 0 ? (B_COND[(w >>> 22) & 15] as Execute) : system.unmodelled;
};

const msr: Decoder = (i, w) => {
  i.n = (w >>> 16) & 15;
  i.imm = w & 0xff;
  i.a = (w >>> 10) & 3;
  const valid = system.isSpecialRegister(i.imm) && i.n !== 13 && i.n !== 15 && i.a !== 0;
  return valid ? system.msr : system.unmodelled;
};
const mrs: Decoder = (i, w) => {
  i.d = (w >>> 8) & 15;
  i.imm = w & 0xff;
  const valid = system.isSpecialRegister(i.imm) && i.d !== 13 && i.d !== 15;
  return valid ? system.mrs : system.unmodelled;
};

const HINTS: readonly Execute[] = [system.nop, system.nop, system.wfe, system.wfi, system.sev];
/** Unallocated hints and DBG execute as NOP. */
const hint: Decoder = (_, w) => HINTS[w & 0xff] ?? system.nop;

/** CLREX, DSB, DMB, ISB. Memory is strongly ordered here, so barriers have nothing to wait for. */
const barrier: Decoder = (_, w) => {
  const op = (w >>> 4) & 15;
  if (op === 2) return clrex;
  return op >= 4 && op <= 6 ? system.nop : undefinedInstruction;
};

const ROWS: readonly Row[] = [
  [0xfff0d000, 0xf3808000, msr],
  [0xfff0d000, 0xf3a08000, hint],
  [0xfff0d000, 0xf3b08000, barrier],
  [0xfff0d000, 0xf3e08000, mrs],
  [0xfff0f000, 0xf7f0a000, () => undefinedInstruction],
  [0xfb80d000, 0xf3808000, () => undefinedInstruction],
  [0xf800d000, 0xf0008000, conditionalBranch],
  [0xf800d000, 0xf0009000, branch],
  [0xf800d000, 0xf000d000, branchLink],
  [0xfe000000, 0xea000000, decodeData],
  [0xf8008000, 0xf0000000, decodeData],
  [0xff000000, 0xfa000000, decodeData],
  [0xff000000, 0xfb000000, decodeData],
  [0xfe000000, 0xe8000000, decodeMemory],
  [0xfe000000, 0xf8000000, decodeMemory],
  [0xec000000, 0xec000000, decodeFloat],
];

export function decode32(i: Insn, w: number): Execute {
  const row = ROWS.find(([mask, value]) => (w & mask) === (value | 0));
  return row === undefined ? undefinedInstruction : row[2](i, w);
}

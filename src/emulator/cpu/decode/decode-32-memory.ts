/** 32-bit loads and stores (DDI 0403E, A5.3.5 to A5.3.10). */

import { tbb, tbh, undefinedInstruction } from "../execute/ops-branch.js";
import * as memory from "../execute/ops-memory.js";
import { nop, unmodelled } from "../execute/ops-system.js";
import { writesSp } from "./decode-helpers.js";
import type { Execute, Insn } from "./insn.js";

type Decoder = (i: Insn, w: number) => Execute;
type Row = readonly [mask: number, value: number, decode: Decoder];

const P = 1 << 24;
const U = 1 << 23;
const W = 1 << 21;

function multiple(execute: Execute, down: boolean): Decoder {
  return (i, w) => {
    i.n = (w >>> 16) & 15;
    i.imm = w & 0xffff;
    i.kind = down ? 1 : 0;
    i.a = (w & W) !== 0 ? 1 : 0;
    i.m = 0;
    for (let rest = i.imm; rest !== 0; rest &= rest - 1) i.m++;
    const both = (i.imm & 0xc000) === 0xc000;
    const baseInList = ((i.imm >>> i.n) & 1) === 1 && i.a === 1;
    const store = execute === memory.stm;
    const bad = (i.imm & 0x2000) !== 0 || (store ? (i.imm & 0x8000) !== 0 : both) || baseInList;
    return i.n === 15 || i.m < 2 || bad ? unmodelled : execute;
  };
}

/** Sets `kind` and `imm` from P, U, W and an offset; false when the combination is UNPREDICTABLE. */
function indexing(i: Insn, w: number, offset: number): void {
  i.imm = (w & U) !== 0 ? offset : -offset;
  if ((w & P) === 0) i.kind = memory.Address.post;
  else i.kind = (w & W) !== 0 ? memory.Address.pre : memory.Address.offset;
}

function dual(execute: Execute): Decoder {
  return (i, w) => {
    i.n = (w >>> 16) & 15;
    i.d = (w >>> 12) & 15;
    i.a = (w >>> 8) & 15;
    if ((w & (P | W)) === 0) return undefinedInstruction;
    indexing(i, w, (w & 0xff) * 4);
    if (i.n === 15) {
      if (execute !== memory.ldrd || (w & W) !== 0) return unmodelled;
      i.kind = memory.Address.literal;
      i.imm = (((i.pc + 4) & ~3) + i.imm) | 0;
    }
    const clash = (w & W) !== 0 && (i.n === i.d || i.n === i.a);
    const high = i.d === 13 || i.d === 15 || i.a === 13 || i.a === 15;
    return clash || high || (execute === memory.ldrd && i.d === i.a) ? unmodelled : execute;
  };
}

/** Rt in bits 15:12; the status register of a store at `status`. */
function exclusive(execute: Execute, status: number, scaled: boolean): Decoder {
  return (i, w) => {
    i.n = (w >>> 16) & 15;
    i.d = (w >>> 12) & 15;
    i.a = (w >>> status) & 15;
    i.imm = scaled ? (w & 0xff) * 4 : 0;
    return i.n === 15 ? unmodelled : execute;
  };
}

function tableBranch(execute: Execute): Decoder {
  return (i, w) => {
    i.n = (w >>> 16) & 15;
    i.m = w & 15;
    return i.m === 13 || i.m === 15 ? unmodelled : execute;
  };
}

/** Loads by (bit 24 signed, bits 22:21 size). */
const LOADS: readonly (Execute | undefined)[] = [
  memory.LOAD.byte,
  memory.LOAD.half,
  memory.LOAD.word,
  undefined,
  memory.LOAD.signedByte,
  memory.LOAD.signedHalf,
  undefined,
  undefined,
];
const STORES: readonly (Execute | undefined)[] = [
  memory.STORE.byte,
  memory.STORE.half,
  memory.STORE.word,
  undefined,
];

const load: Decoder = (i, w) => {
  i.d = (w >>> 12) & 15;
  const signed = (w >>> 22) & 4;
  const execute = LOADS[signed | ((w >>> 21) & 3)];
  if (execute === undefined) return undefinedInstruction;
  const addressed = single(i, w, execute);
  if (addressed === undefined) return undefinedInstruction;
  if (i.d === 15) {
    if (execute === memory.LOAD.word) return memory.ldrPc;
    // PLD, PLI and the memory hints that act as NOP.
    return i.kind === memory.Address.pre || i.kind === memory.Address.post ? unmodelled : nop;
  }
  return i.d === 13 ? writesSp(i, addressed) : addressed;
};

const store: Decoder = (i, w) => {
  i.d = (w >>> 12) & 15;
  const execute = STORES[(w >>> 21) & 3];
  if (execute === undefined || ((w >>> 16) & 15) === 15) return undefinedInstruction;
  if (i.d === 15) return unmodelled;
  return single(i, w, execute) ?? undefinedInstruction;
};

/** Addressing of single loads and stores. Undefined for encodings that are UNDEFINED. */
function single(i: Insn, w: number, execute: Execute): Execute | undefined {
  i.n = (w >>> 16) & 15;
  if (i.n === 15) {
    const offset = w & 0xfff;
    i.kind = memory.Address.literal;
    i.imm = (((i.pc + 4) & ~3) + ((w & U) !== 0 ? offset : -offset)) | 0;
    return execute === memory.LOAD.word ? memory.ldrLiteral : execute;
  }
  if ((w & U) !== 0) {
    i.kind = memory.Address.offset;
    i.imm = w & 0xfff;
    return memory.FAST_OFFSET.get(execute) ?? execute;
  }
  if ((w & 0xfc0) === 0) {
    i.kind = memory.Address.register;
    i.m = w & 15;
    i.a = (w >>> 4) & 3;
    if (i.m === 13 || i.m === 15) return unmodelled;
    return memory.FAST_REGISTER.get(execute) ?? execute;
  }
  return (w & 0x800) === 0 ? undefined : indexed(i, w, execute);
}

/** Encodings with P, U, W in bits 10:8; P = U = 1, W = 0 is the unprivileged form. */
function indexed(i: Insn, w: number, execute: Execute): Execute | undefined {
  const mode = (w >>> 8) & 7;
  const offset = w & 0xff;
  if ((mode & 5) === 0) return undefined;
  i.imm = (mode & 2) !== 0 ? offset : -offset;
  if (mode === 6) {
    i.kind = memory.Address.offset;
    return memory.unprivileged(execute);
  }
  if ((mode & 4) === 0) i.kind = memory.Address.post;
  else i.kind = (mode & 1) !== 0 ? memory.Address.pre : memory.Address.offset;
  const writesBack = i.kind !== memory.Address.offset;
  if (writesBack && i.n === i.d) return unmodelled;
  const form = writesBack ? execute : (memory.FAST_OFFSET.get(execute) ?? execute);
  return writesBack && i.n === 13 ? writesSp(i, form) : form;
}

const ROWS: readonly Row[] = [
  [0xffd00000, 0xe8800000, multiple(memory.stm, false)],
  [0xffd00000, 0xe8900000, multiple(memory.ldm, false)],
  [0xffd00000, 0xe9000000, multiple(memory.stm, true)],
  [0xffd00000, 0xe9100000, multiple(memory.ldm, true)],
  [0xfff00000, 0xe8400000, exclusive(memory.strex, 8, true)],
  [0xfff00f00, 0xe8500f00, exclusive(memory.ldrex, 8, true)],
  [0xfff00ff0, 0xe8c00f40, exclusive(memory.strexb, 0, false)],
  [0xfff00ff0, 0xe8c00f50, exclusive(memory.strexh, 0, false)],
  [0xfff0fff0, 0xe8d0f000, tableBranch(tbb)],
  [0xfff0fff0, 0xe8d0f010, tableBranch(tbh)],
  [0xfff00fff, 0xe8d00f4f, exclusive(memory.ldrexb, 8, false)],
  [0xfff00fff, 0xe8d00f5f, exclusive(memory.ldrexh, 8, false)],
  [0xfe500000, 0xe8400000, dual(memory.strd)],
  [0xfe500000, 0xe8500000, dual(memory.ldrd)],
  [0xff100000, 0xf8000000, store],
  [0xfe100000, 0xf8100000, load],
];

export const decodeMemory: Decoder = (i, w) => {
  const row = ROWS.find(([mask, value]) => (w & mask) === (value | 0));
  return row === undefined ? undefinedInstruction : row[2](i, w);
};

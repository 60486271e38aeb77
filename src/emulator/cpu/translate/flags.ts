import type { CortexM7 } from "../core.js";
import { FPSCR, type Fpu } from "../float/fpu.js";
import { FloatLevel, Kind, Order, Word } from "./state.js";

/** What N, Z, C and V are. False: N and Z together cannot be told by one value; only a write to the APSR makes both 1. */
export function giveFlags(cpu: CortexM7, state: Int32Array): boolean {
  if (cpu.nr !== cpu.zr && !cpu.unifyNZ()) return false;
  state[Word.nz] = cpu.nr;
  state[Word.fc] = cpu.c;
  state[Word.fb] = cpu.v;
  state[Word.ck] = Kind.stored;
  state[Word.vk] = Kind.stored;
  return true;
}

/** Works out N, Z, C and V from what translated code left of them (state.ts). */
export function takeFlags(cpu: CortexM7, state: Int32Array): void {
  const nz = state[Word.nz] as number;
  cpu.nr = nz;
  cpu.zr = nz;
  const a = state[Word.fa] as number;
  const b = state[Word.fb] as number;
  const sum = (a + b) | 0;
  const difference = (a - b) | 0;
  const ck = state[Word.ck] as number;
  const vk = state[Word.vk] as number;
  if (ck === Kind.stored) cpu.c = state[Word.fc] as number;
  else if (ck === Kind.subtraction) cpu.c = a >>> 0 >= b >>> 0 ? 1 : 0;
  else cpu.c = sum >>> 0 < a >>> 0 ? 1 : 0;
  if (vk === Kind.stored) cpu.v = b;
  else if (vk === Kind.subtraction) cpu.v = ((a ^ b) & (a ^ difference)) >>> 31;
  else cpu.v = ((a ^ sum) & (b ^ sum)) >>> 31;
}

const FLAGS = 28;
const LESS = 8;
const EQUAL = 6;
const GREATER = 2;
const UNORDERED = 3;

/** N, Z, C and V of FPSCR to what a comparison found. */
const ORDERS = new Map<number, number>([
  [LESS, Order.less],
  [EQUAL, Order.equal],
  [GREATER, Order.greater],
  [UNORDERED, Order.unordered],
]);

/** What translated code has to know of the floating-point unit. */
export function giveFloat(fpu: Fpu, state: Int32Array): void {
  const { fpscr } = fpu;
  const nearest = (fpscr & FPSCR.RMODE) === 0;
  const plain = (fpscr & FPSCR.IXC) !== 0 ? FloatLevel.inexact : FloatLevel.plain;
  const level = !fpu.ready ? FloatLevel.none : nearest ? plain : FloatLevel.ready;
  const flushes = (fpscr & FPSCR.FZ) !== 0;
  state[Word.float] = level;
  state[Word.flushes] = flushes ? 1 : 0;
  state[Word.unflushed] = flushes ? Math.min(level, FloatLevel.ready) : level;
  state[Word.order] = ORDERS.get(fpscr >>> FLAGS) ?? Order.unknown;
}

/** FPSCR's flags, after comparisons in translated code. */
export function takeFloat(fpu: Fpu, state: Int32Array): void {
  const order = state[Word.order];
  if (order === Order.unknown || state[Word.float] === FloatLevel.none) return;
  const flags =
    order === Order.less
      ? LESS
      : order === Order.equal
        ? EQUAL
        : order === Order.greater
          ? GREATER
          : UNORDERED;
  fpu.fpscr = (fpu.fpscr & ((1 << FLAGS) - 1)) | (flags << FLAGS);
}

/** Issue information of floating-point instructions (DDI 0403E, A6.4 to A6.7). */

import { FPSCR, type IssueInfo, Kind, LATENCY, S0, type Unit } from "./issue-kinds.js";

/** Cycles that the unit is taken, and latency, by operation and size; double precision is not pipelined. */
const TIMES = {
  add: { single: [1, LATENCY.float], double: [2, 4] },
  multiply: { single: [1, LATENCY.float], double: [3, 6] },
  accumulate: { single: [1, 5], double: [5, 9] },
  divide: { single: [14, 16], double: [28, 30] },
  root: { single: [12, 14], double: [26, 28] },
  move: { single: [1, 1], double: [1, 1] },
} as const satisfies Record<string, Record<"single" | "double", readonly [number, number]>>;

const isDouble = (w: number): boolean => ((w >>> 8) & 1) === 1;

/** Scoreboard indexes of a register field: four bits at `at`, and the fifth at `extra`. */
function register(w: number, at: number, extra: number): number[] {
  const four = (w >>> at) & 15;
  const bit = (w >>> extra) & 1;
  if (!isDouble(w)) return [S0 + four * 2 + bit];
  return [S0 + four * 2, S0 + four * 2 + 1];
}
const vd = (w: number): number[] => register(w, 12, 22);
const vn = (w: number): number[] => register(w, 16, 7);
const vm = (w: number): number[] => register(w, 0, 5);
const real = (core: number): number[] => (core === 15 ? [] : [core]);

function info(kind: Unit, reads: readonly number[], writes: readonly number[]): IssueInfo {
  return { kind, reads, shifted: [], address: [], writes, latency: LATENCY.alu, cycles: 1 };
}

function timed(
  operation: keyof typeof TIMES,
  w: number,
  reads: readonly number[],
  writes: readonly number[],
): IssueInfo {
  const [cycles, latency] = TIMES[operation][isDouble(w) ? "double" : "single"];
  return { ...info(cycles > 1 ? Kind.alone : Kind.float, reads, writes), cycles, latency };
}

/** By bits 23, 21, 20: multiply-accumulates, multiply, add, divide, fused; 7 is the rest. */
const OPERATIONS = [
  "accumulate",
  "accumulate",
  "multiply",
  "add",
  "divide",
  "accumulate",
  "accumulate",
] as const;

function dataProcessing(w: number): IssueInfo {
  const number = ((w >>> 21) & 4) | ((w >>> 20) & 3);
  const operation = OPERATIONS[number];
  if (operation !== undefined) {
    const accumulator = operation === "accumulate" ? vd(w) : [];
    return timed(operation, w, [...vn(w), ...vm(w), ...accumulator], vd(w));
  }
  const op2 = (w >>> 16) & 15;
  const high = (w >>> 6) & 3;
  if (op2 === 1 && high === 3) return timed("root", w, vm(w), vd(w));
  if (op2 === 4 || op2 === 5) return timed("add", w, [...vd(w), ...vm(w)], [FPSCR]);
  if (op2 >= 7) return timed("add", w, vm(w), vd(w));
  return timed("move", w, (w & 0x40) === 0 ? [] : vm(w), vd(w));
}

/** VLDR, VSTR, VLDM, VSTM: two words a cycle. */
function loadOrStore(w: number): IssueInfo {
  const loads = ((w >>> 20) & 1) === 1;
  const base = real((w >>> 16) & 15);
  const single = (w & 0x0120_0000) === 0x0100_0000;
  const words = single ? (isDouble(w) ? 2 : 1) : w & 0xff;
  const first = vd(w)[0] ?? S0;
  const registers = Array.from({ length: words }, (_, n) => first + n).filter((index) => index < FPSCR);
  const updates = single || (w & (1 << 21)) === 0 ? [] : base;
  return {
    ...info(single ? (loads ? Kind.load : Kind.store) : Kind.alone, loads ? [] : registers, []),
    address: base,
    writes: loads ? [...registers, ...updates] : updates,
    latency: loads ? LATENCY.load : LATENCY.alu,
    cycles: Math.max(1, Math.ceil(words / 2)),
  };
}

/** VMOV between core and FPU, VMRS, VMSR. */
function transfer(w: number): IssueInfo {
  const toCore = ((w >>> 20) & 1) === 1;
  const core = real((w >>> 12) & 15);
  if ((w & 0x0fe0_0fff) === 0x0ee0_0a10) {
    return info(Kind.float, toCore ? [FPSCR] : core, toCore ? core : [FPSCR]);
  }
  return { ...info(Kind.float, toCore ? vn(w) : core, toCore ? core : vn(w)), latency: 1 };
}

function transferPair(w: number): IssueInfo {
  const core = [...real((w >>> 12) & 15), ...real((w >>> 16) & 15)];
  const first = vm(w)[0] ?? S0;
  const pair = [first, first + 1];
  const toCore = ((w >>> 20) & 1) === 1;
  return info(Kind.float, toCore ? pair : core, toCore ? core : pair);
}

/** Undefined: not a floating-point instruction. */
export function floatInfo(w: number): IssueInfo | undefined {
  if (((w >>> 16) & 0xec00) !== 0xec00) return undefined;
  if (w >>> 24 === 0xfe) return timed("move", w, [...vn(w), ...vm(w)], vd(w));
  if ((w & 0xffe0_0000) >>> 0 === 0xec40_0000) return transferPair(w);
  if (w >>> 25 === 0xec >>> 1) return loadOrStore(w);
  return (w & 0x10) !== 0 ? transfer(w) : dataProcessing(w);
}

/** How the core's state lies in `GuestMemory` while translated code runs, and in the locals of a translated function. */

import { F32, F64, I32, I64, type Locals } from "./wasm.js";

/** Index of words; r0..r15 come first. */
export const Word = {
  nz: 16,
  fa: 17,
  fb: 18,
  fc: 19,
  ck: 20,
  vk: 21,
  rem: 22,
  pc: 23,
  exit: 24,
  fn: 25,
  /** Unaligned accesses are not to be made here: they may fault. */
  strict: 26,
  /** Of the last access that was checked. */
  address: 27,
  fpscr: 28,
  /** What floating-point instructions may be executed here (`FloatLevel`) by code that looks after FPSCR.FZ. */
  float: 29,
  /** What the last comparison found (`Order`). */
  order: 30,
  q: 31,
  ge: 32,
  /** S0..S31 and scratch registers (fpu.ts), at a multiple of 8 bytes. */
  s0: 34,
  /** For the interpreter's loop: tables of the permissions that hold. */
  reads: 72,
  writes: 73,
  directory: 74,
  /** Which counters of the core can be told from `rem` (`Counter`). */
  counters: 75,
  /** CYCCNT plus `rem`, and how often it was read so. */
  cycleSum: 76,
  cycleReads: 77,
  /** SysTick's counter less `rem`, up to its next reload. */
  tickDifference: 78,
  tickReads: 79,
  /** After an access by JavaScript: cycles that may pass before translated code must look at the limit. */
  ahead: 80,
  /** SysTick's control and status as it reads while `rem` is above `statusUntil`: COUNTFLAG is clear, and reading clears nothing. */
  status: 81,
  statusUntil: 82,
  /** FPSCR.FZ, and the level of code that was written without a thought of it. */
  flushes: 83,
  unflushed: 84,
} as const;
/** Bits of `Word.counters`. */
export const Counter = { cycles: 1, ticks: 2, status: 4 } as const;
export const STATE_BYTES = 512;

/**
 * Locals. N and Z are those of `nz`. C is `fc` when `ck` is 0, that of the subtraction `fa` - `fb` when it is 1, that of the
 * addition `fa` + `fb` when it is 2. V is `fb` when `vk` is 0, else as for C. So most flags are never worked out.
 * `rem` are the cycles up to the limit.
 */
export const Local = {
  /** Parameter: number of the block to begin with. */
  next: 0,
  r0: 1,
  nz: 16,
  fa: 17,
  fb: 18,
  fc: 19,
  ck: 20,
  vk: 21,
  rem: 22,
  pc: 23,
  /** Number of the exit that a check leads to. */
  exit: 24,
  result: 25,
  t0: 26,
  t1: 27,
  t2: 28,
  t3: 29,
  address: 30,
  distance: 31,
  float: 32,
  order: 33,
  q: 34,
  ge: 35,
  /** 64 bits. */
  long: 36,
} as const;
/** Those of 32 bits behind the parameter; one of 64 bits follows. */
const INTEGERS = 35;
const LOCALS: readonly Locals[] = [
  { count: INTEGERS, type: I32 },
  { count: 1, type: I64 },
];

/** Locals of functions with floating-point instructions: registers, and two more of each precision. */
export const FloatLocal = { s0: 37, single: 69, d0: 71, double: 87 } as const;
const FLOAT_LOCALS: readonly Locals[] = [...LOCALS, { count: 34, type: F32 }, { count: 18, type: F64 }];
export const localsOf = (floats: boolean): readonly Locals[] => (floats ? FLOAT_LOCALS : LOCALS);

/**
 * ready: the unit may be used and has nothing to save before. plain: to nearest, and denormal numbers are as the code expects
 * them (which NaN is the default one is no matter: NaNs are left to JavaScript). inexact: IXC is set already, so that nobody
 * needs to know whether a result is exact.
 */
export const FloatLevel = { none: 0, ready: 1, plain: 2, inexact: 3 } as const;

/** FPSCR's N, Z, C and V after a comparison are those of CMP `order`, #1. */
export const Order = { less: 0, equal: 1, greater: 2, unordered: -0x80000000, unknown: -1 } as const;

export const Kind = { stored: 0, subtraction: 1, addition: 2 } as const;
/** In `ck` and `vk` of a translated function: C, or V, is still as the core's state has it. */
export const UNCHANGED = 3;

/** Entries of the table from addresses to translated code: address with bit 0 set, key. 0: empty. */
export const HASH_ENTRIES = 32768;
export const HASH_BYTES = HASH_ENTRIES * 8;
export const HASH_EMPTY = 0;
export const HASH_PRESENT = 1;
/** Mixes higher bits of an address in: code is longer than the table. */
export const HASH_SHIFT = 13;
/** Byte offset of an address's entry. */
export const hashOffset = (pc: number): number =>
  ((pc ^ (pc >>> HASH_SHIFT)) & ((HASH_ENTRIES - 1) << 1)) << 2;

/** A key is the number of a function, and of a block in it. */
export const BLOCK_BITS = 12;
export const MAX_FUNCTIONS = 4096;

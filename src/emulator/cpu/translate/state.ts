/** How the core's state lies in `GuestMemory` while translated code runs, and in the locals of a translated function. */

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
  /** S0..S31 and scratch registers (fpu.ts), at a multiple of 8 bytes. */
  s0: 32,
} as const;
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
  /** 64 bits. */
  long: 32,
} as const;
/** Those of 32 bits behind the parameter; one of 64 bits follows. */
export const LOCALS = 31;

export const Kind = { stored: 0, subtraction: 1, addition: 2 } as const;

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

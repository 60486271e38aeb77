/** How instructions lie in `GuestMemory` for the interpreter's loop. */

/** Bytes of a record. */
export const RECORD_BYTES = 16;
/** Offsets in a record. */
export const At = {
  /** Number of the operation; 0 leaves to JavaScript. 16 bits. */
  operation: 0,
  /** How often the instruction may begin a block before it is translated, less 1. 16 bits. */
  heat: 2,
  /** Registers, as byte offsets into the core's state. */
  d: 4,
  n: 5,
  m: 6,
  /** A register like those, or a number. */
  a: 7,
  /** A number, or the record of a branch's target. */
  imm: 8,
  /** Record of what executes next. */
  next: 12,
} as const;
/** In `operation`: the instruction is counted. */
export const COUNTED = 0x8000;
/** In `heat`: the instruction is not to be counted. */
export const UNCOUNTED = 0xffff;

/**
 * Registers of a template instruction: which field of the record holds their offset. Small numbers added to them are registers
 * that follow.
 */
export const Field = { d: 64, n: 128, m: 192, a: 256, shifted: 320, shiftedCarry: 384 } as const;
const FIELD_SHIFT = 6;
/** Offset in the record. */
export const fieldAt = (register: number): number => At.d + (register >>> FIELD_SHIFT) - 1;
/** How many registers behind the one in the field. */
export const registersOn = (register: number): number => register & ((1 << FIELD_SHIFT) - 1);

/** A page of code, 4 KiB, has a record for each halfword. */
export const CODE_PAGE_SHIFT = 12;
export const PAGE_RECORDS = 2048;
export const RECORD_PAGE_BYTES = PAGE_RECORDS * RECORD_BYTES;
/** From the offset of an even address in its page to that of its record. */
export const PC_SHIFT = 3;

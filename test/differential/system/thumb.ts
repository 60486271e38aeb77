/** Encodings of the instructions that system-level cases are made of (DDI 0403E, A7.7). Low registers unless said. */

/** MOVW and MOVT: any register but SP and PC. */
export function mov32(register: number, value: number): number[] {
  return [...wide16(0xf240, register, value & 0xffff), ...wide16(0xf2c0, register, value >>> 16)];
}

function wide16(opcode: number, register: number, value: number): number[] {
  const first = opcode | (value >>> 12) | (((value >>> 11) & 1) << 10);
  return [first, (((value >>> 8) & 7) << 12) | (register << 8) | (value & 0xff)];
}

export const ldr = (t: number, n: number, words = 0): number => 0x6800 | (words << 6) | (n << 3) | t;
export const str = (t: number, n: number, words = 0): number => 0x6000 | (words << 6) | (n << 3) | t;
export const ldrh = (t: number, n: number): number => 0x8800 | (n << 3) | t;
export const strh = (t: number, n: number): number => 0x8000 | (n << 3) | t;
export const ldrb = (t: number, n: number): number => 0x7800 | (n << 3) | t;
export const strb = (t: number, n: number): number => 0x7000 | (n << 3) | t;
export const ldrt = (t: number, n: number): number[] => [0xf850 | n, (t << 12) | 0xe00];
export const strt = (t: number, n: number): number[] => [0xf840 | n, (t << 12) | 0xe00];
/** LDRD, STRD without offset. */
export const ldrd = (t: number, t2: number, n: number): number[] => [0xe9d0 | n, (t << 12) | (t2 << 8)];
export const strd = (t: number, t2: number, n: number): number[] => [0xe9c0 | n, (t << 12) | (t2 << 8)];
/** LDREX, STREX without offset. */
export const ldrex = (t: number, n: number): number[] => [0xe850 | n, (t << 12) | 0xf00];
export const strex = (d: number, t: number, n: number): number[] => [0xe840 | n, (t << 12) | (d << 8)];
/** LDMIA, STMIA of any registers, `writeBack` 0 or 1. */
export const ldm = (n: number, list: number, writeBack = 0): number[] => [
  0xe890 | (writeBack << 5) | n,
  list,
];
export const stm = (n: number, list: number, writeBack = 0): number[] => [
  0xe880 | (writeBack << 5) | n,
  list,
];
/** LDMDB, STMDB. */
export const ldmdb = (n: number, list: number, writeBack = 0): number[] => [
  0xe910 | (writeBack << 5) | n,
  list,
];
export const stmdb = (n: number, list: number, writeBack = 0): number[] => [
  0xe900 | (writeBack << 5) | n,
  list,
];
export const push = (list: number): number => 0xb400 | list;
export const pop = (list: number): number => 0xbc00 | list;
/** MOV between low registers, without flags. */
export const mov = (d: number, m: number): number => 0x4600 | (m << 3) | d;
export const bx = (m: number): number => 0x4700 | (m << 3);
export const svc = (number: number): number => 0xdf00 | number;
export const movImm8 = (d: number, value: number): number => 0x2000 | (d << 8) | value;
/** `imm` bit 1 PRIMASK, bit 0 FAULTMASK. */
export const cpsie = (imm: number): number => 0xb660 | imm;
export const cpsid = (imm: number): number => 0xb670 | imm;
export const sdiv = (d: number, n: number, m: number): number[] => [0xfb90 | n, 0xf0f0 | (d << 8) | m];
export const udiv = (d: number, n: number, m: number): number[] => [0xfbb0 | n, 0xf0f0 | (d << 8) | m];
/** IT with its condition and mask. */
export const it = (condition: number, mask: number): number => 0xbf00 | (condition << 4) | mask;
export const NOP = 0xbf00;
export const UDF = 0xde00;
export const UDF_W = [0xf7f0, 0xa000] as const;
export const DSB = [0xf3bf, 0x8f4f] as const;
export const ISB = [0xf3bf, 0x8f6f] as const;
/** Special registers by SYSm (B5.1.1). */
export const SPECIAL = {
  APSR: 0,
  IAPSR: 1,
  EAPSR: 2,
  XPSR: 3,
  IPSR: 5,
  EPSR: 6,
  IEPSR: 7,
  MSP: 8,
  PSP: 9,
  PRIMASK: 16,
  BASEPRI: 17,
  BASEPRI_MAX: 18,
  FAULTMASK: 19,
  CONTROL: 20,
} as const;
/** Clears `count` bits of `d` from `least` on. */
export const bfc = (d: number, least: number, count: number): number[] => [
  0xf36f,
  ((least & 0x1c) << 10) | (d << 8) | ((least & 3) << 6) | (least + count - 1),
];
export const ands = (d: number, m: number): number => 0x4000 | (m << 3) | d;
export const bics = (d: number, m: number): number => 0x4380 | (m << 3) | d;
export const orrs = (d: number, m: number): number => 0x4300 | (m << 3) | d;
/** @param mask of APSR: 2 NZCVQ, 1 GE, 3 both */
export const msr = (special: number, n: number, mask = 2): number[] => [
  0xf380 | n,
  0x8000 | (mask << 10) | special,
];
export const mrs = (d: number, special: number): number[] => [0xf3ef, 0x8000 | (d << 8) | special];

/** VMOV between S register `s` and any core register. */
export const vmovToS = (s: number, t: number): number[] => [
  0xee00 | (s >> 1),
  (t << 12) | 0xa10 | ((s & 1) << 7),
];
export const vmovFromS = (t: number, s: number): number[] => [
  0xee10 | (s >> 1),
  (t << 12) | 0xa10 | ((s & 1) << 7),
];
export const vmsr = (t: number): number[] => [0xeee1, (t << 12) | 0xa10];
export const vmrs = (t: number): number[] => [0xeef1, (t << 12) | 0xa10];
/** VADD.F32 */
export const vadd = (d: number, n: number, m: number): number[] => [
  0xee30 | ((d & 1) << 6) | (n >> 1),
  ((d >> 1) << 12) | 0xa00 | ((n & 1) << 7) | ((m & 1) << 5) | (m >> 1),
];
/** VSTMIA, VLDMIA of S registers without write-back. */
export const vstm = (n: number, first: number, count: number): number[] => [
  0xec80 | ((first & 1) << 6) | n,
  ((first >> 1) << 12) | 0xa00 | count,
];
export const vldm = (n: number, first: number, count: number): number[] => [
  0xec90 | ((first & 1) << 6) | n,
  ((first >> 1) << 12) | 0xa00 | count,
];

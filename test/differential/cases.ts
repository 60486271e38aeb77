/** Random cases: a short instruction stream and a few machine states each. */
import { type Encoding, GROUPS } from "./encodings.js";
import type { Random } from "./random.js";

export const SCRATCH = 0x20010000;
const BASE_REGISTER = 6;
const INDEX_REGISTER = 7;
const MAY_CHANGE = [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 14];
const MAY_READ = [...MAY_CHANGE, BASE_REGISTER, INDEX_REGISTER];
const MAY_CHANGE_LOW = MAY_CHANGE.filter((n) => n < 8);
const MAY_READ_LOW = MAY_READ.filter((n) => n < 8);

export interface Case {
  /** What it runs with, one after the other (`state`). */
  readonly states: readonly Int32Array[];
  /** What may be taken away as one: an instruction, an IT block, a branch with what it may skip. */
  readonly items: readonly Item[];
}

export interface Item {
  readonly halfwords: readonly number[];
  /** Instructions that surely execute. */
  readonly executed: number;
}

const WORDS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
  0x80000001, 0xfffffffe, 0xffffffff, 0x7fff7fff, 0x80008000, 0x7fff8000, 0x80007fff, 0xffff0000, 0x00ff00ff,
  0x80808080, 0x7f7f7f7f, 0xaaaaaaaa, 0x55555555,
];
const SINGLES = [
  0, 0x80000000, 1, 0x80000001, 0x7fffff, 0x807fffff, 0x800000, 0x80800000, 0x800001, 0x3f800000, 0xbf800000,
  0x3f800001, 0x3f7fffff, 0x3f000000, 0x3fc00000, 0x40200000, 0x4b000001, 0x4effffff, 0x4f000000, 0xcf000000,
  0x4f800000, 0x4f7fffff, 0x7f7fffff, 0xff7fffff, 0x7f000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345,
  0x7f812345, 0xffabcdef, 0x33800000, 0x34000000, 0x00c00000, 0x477fe000, 0x477ff000, 0x38800000, 0x33000001,
];
const DOUBLE_HIGHS = [
  0, 0x80000000, 0x000fffff, 0x00100000, 0x80100000, 0x3ff00000, 0xbff00000, 0x3fefffff, 0x3fe00000,
  0x3ff80000, 0x41dfffff, 0x41e00000, 0xc1e00000, 0x43300000, 0x47efffff, 0x47f00000, 0x36900000, 0x380fffff,
  0x38100000, 0x7fefffff, 0xffefffff, 0x7ff00000, 0xfff00000, 0x7ff80000, 0xfff81234, 0x7ff00001, 0x3ca00000,
  0x3cb00000, 0x40efffc0, 0x3f0fffff,
];
const DOUBLE_LOWS = [0, 0, 1, 0xffffffff, 0x80000000, 0xe0000000, 0x10000000, 0xffc00000, 0x20000000];

function word(random: Random): number {
  return random.chance(60) ? random.pick(WORDS) : random.bits32();
}

/** A float of ordinary size, so that sums and products are neither lost nor infinite. */
function ordinary(random: Random): number {
  return (random.bits32() & 0x807fffff) | ((120 + random.below(16)) << 23);
}

/** r0..r12, r14, APSR, FPSCR, S0..S31. */
export function state(random: Random): Int32Array {
  const words = new Int32Array(48);
  for (let n = 0; n < 14; n++) words[n] = word(random);
  words[BASE_REGISTER] = SCRATCH + 0x8000;
  words[INDEX_REGISTER] = random.below(256);
  words[14] = random.bits32() & 0xf80f0000;
  words[15] = random.chance(50) ? random.bits32() & 0xf000009f : random.bits32() & 0xf7c0009f;
  const kind = random.below(4);
  for (let n = 16; n < 48; n++) {
    const single = random.chance(30)
      ? ordinary(random)
      : random.chance(80)
        ? random.pick(SINGLES)
        : random.bits32();
    const half = n % 2 === 0 ? random.pick(DOUBLE_LOWS) : random.pick(DOUBLE_HIGHS);
    words[n] = kind === 0 ? single : kind === 1 ? half : kind === 2 ? ordinary(random) : word(random);
    if (kind === 1 && random.chance(20)) words[n] = random.bits32();
  }
  return words;
}

function register(random: Random, letter: string, bits: number): number {
  if (letter === "b") return BASE_REGISTER;
  if (letter === "i") return INDEX_REGISTER;
  const changes = letter === "d" || letter === "e";
  if (bits === 3) return random.pick(changes ? MAY_CHANGE_LOW : MAY_READ_LOW);
  return random.pick(changes ? MAY_CHANGE : MAY_READ);
}

/** An instruction of this encoding, as a number of its 16 or 32 bits. */
export function draw(random: Random, encoding: Encoding): number {
  const { pattern } = encoding;
  for (;;) {
    let value = 0;
    for (let at = 0; at < pattern.length; ) {
      const letter = pattern[at] as string;
      let end = at + 1;
      if (!"01x".includes(letter)) while (pattern[end] === letter) end++;
      const bits = end - at;
      const drawn =
        letter === "x"
          ? random.below(2)
          : letter === "0" || letter === "1"
            ? Number(letter)
            : register(random, letter, bits);
      value = value * 2 ** bits + drawn;
      at = end;
    }
    if (encoding.allowed(value | 0)) return value;
  }
}

export function halfwords(value: number, encoding: Encoding): number[] {
  return encoding.pattern.length === 16 ? [value] : [Math.floor(value / 0x10000), value % 0x10000];
}

type Group = keyof typeof GROUPS;
const MIXES: readonly (readonly Group[])[] = [
  ["narrow", "data", "multiply", "memory"],
  ["float", "float", "float", "moves"],
  ["narrow", "data", "multiply", "memory", "float", "moves"],
  ["data", "multiply"],
];

function instruction(random: Random, mix: readonly Group[]): { encoding: Encoding; code: number[] } {
  const encoding = random.pick(GROUPS[random.pick(mix)]);
  return { encoding, code: halfwords(draw(random, encoding), encoding) };
}

function ifThen(random: Random, mix: readonly Group[]): Item {
  const count = 1 + random.below(4);
  const condition = random.below(14);
  let mask = 1 << (4 - count);
  for (let n = 1; n < count; n++) mask |= ((condition & 1) ^ random.below(2)) << (4 - n);
  const code = [0xbf00 | (condition << 4) | mask];
  for (let n = 0; n < count; n++) {
    let drawn = instruction(random, mix);
    while (drawn.encoding.outsideIt) drawn = instruction(random, mix);
    code.push(...drawn.code);
  }
  return { halfwords: code, executed: count + 1 };
}

/** A branch over one instruction: B<cond> in two widths, CBZ, CBNZ. */
function branch(random: Random, mix: readonly Group[]): Item {
  const { code } = instruction(random, mix);
  const condition = random.below(14);
  const skip = code.length - 1;
  const forms = [
    [0xd000 | (condition << 8) | skip],
    [0xb100 | (random.below(2) << 11) | (skip << 3) | random.pick(MAY_READ_LOW)],
    [0xf000 | (condition << 6), 0x8000 | code.length],
  ];
  return { halfwords: [...random.pick(forms), ...code], executed: 1 };
}

/** LDREX and STREX of one size at one address. */
function exclusive(random: Random): Item {
  const target = random.pick([0, 1, 2]);
  const source = random.pick([3, 4, 5]);
  const result = random.pick([8, 9, 10]);
  const offset = random.below(256);
  const size = random.pick([4, 5]);
  const forms = [
    [0xe856, (target << 12) | 0xf00 | offset, 0xe846, (source << 12) | (result << 8) | offset],
    [0xe8d6, (target << 12) | 0xf0f | (size << 4), 0xe8c6, (source << 12) | 0xf00 | (size << 4) | result],
  ];
  return { halfwords: random.pick(forms), executed: 2 };
}

/** What ends a case with an exception: all but SVC escalate to HardFault, whose status is compared. */
const FAULTS = [
  [0xde00], // UDF
  [0xf7f0, 0xa000], // UDF.W
  [0xdf03], // SVC
  [0xfaa0, 0xf0c0], // no instruction
  [0xee00, 0x0000], // no such coprocessor
  [0xee30, 0x0b20], // VADD.F64 d0,d0,d16
  [0xeeb9, 0x0a40], // no floating-point instruction
  [0xfef0, 0x0ac0], // no floating-point instruction
  [0xe9d6, 0x01ff, 0xf106, 0x0802, 0xe9d8, 0x0100], // LDRD, then one that is not aligned
  [0xf04f, 0x4890, 0xf8d8, 0x0000], // LDR from where nothing is
  [0xf04f, 0x5800, 0x4740], // BX to an even address
  [0xf04f, 0x48e0, 0xf048, 0x0801, 0x4740], // BX to where nothing is
  [0xf04f, 0x4860, 0xf048, 0x0801, 0x4740], // BX to where nothing may execute
] as const;

/** What is not a matter of one encoding, or needs its operands set up. */
const SEQUENCES = [
  [0xf000, 0xf800], // BL to the next instruction
  [0xb40f, 0xbc3c], // PUSH {r0-r3}, POP {r2-r5}
  [0xb507, 0xf85d, 0xcb04, 0xbc07], // PUSH {r0-r2,lr}, LDR.W r12,[sp],#4, POP {r0-r2}
  [0xf005, 0x0501, 0xe8df, 0xf005, 0x0201, 0x1c40, 0x1c49], // AND r5,#1, TBB [pc,r5] into or over ADDS
  [0xf004, 0x0401, 0xe8df, 0xf014, 0x0002, 0x0003, 0x1c40, 0x1c49], // the same with TBH
  [0x467a, 0x3205, 0x4710, 0x1c40], // MOV r2,pc, ADDS r2,#5, BX r2 over ADDS
  [0x467a, 0x3205, 0x4790, 0x1c40], // the same with BLX
  [0xf000, 0x00f0, 0xf380, 0x8811, 0xf3ef, 0x8111], // AND r0,#0xF0, MSR BASEPRI,r0, MRS r1,BASEPRI
  [0xf000, 0x00f0, 0xf380, 0x8812, 0xf3ef, 0x8112], // the same with BASEPRI_MAX
  [0xb672, 0xf3ef, 0x8010, 0xb662], // CPSID i, MRS r0,PRIMASK, CPSIE i
  [0xf383, 0x8810, 0xf3ef, 0x8210, 0xb662], // MSR PRIMASK,r3, MRS r2,PRIMASK, CPSIE i
  [0x467a, 0x3205, 0xb404, 0xbd00], // MOV r2,pc, ADDS r2,#5, PUSH {r2}, POP {pc}
  [0x467a, 0x3204, 0x4697, 0x1c40], // MOV r2,pc, ADDS r2,#4, MOV pc,r2 over ADDS
  [0x2200, 0x4497, 0x1c40], // MOVS r2,#0, ADD pc,r2 over ADDS
  [0xb084, 0xb004, 0xeb0d, 0x0581, 0xf1ad, 0x0464], // SUB sp, ADD sp, ADD r5,sp,r1,LSL #2, SUB r4,sp,#100
  [0x46ec, 0x46e5, 0xf10d, 0x0d20, 0xf1ad, 0x0d20], // MOV r12,sp, MOV sp,r12, ADD.W sp, SUB.W sp
  [0xb671, 0xf3ef, 0x8013, 0xb661], // CPSID f, MRS r0,FAULTMASK, CPSIE f
  [0xf3ef, 0x8308, 0xf383, 0x8808], // MRS r3,MSP, MSR MSP,r3
  [0xf3ef, 0x8203], // MRS r2,xPSR
  [0xf3ef, 0x8308, 0xf3ef, 0x8414], // MRS r3,MSP, MRS r4,CONTROL
  [0xf380, 0x8809, 0xf3ef, 0x8109], // MSR PSP,r0, MRS r1,PSP
  [0xf3af, 0x8000, 0xf896, 0xf010, 0xf3af, 0x8004], // NOP.W, PLD, SEV.W
  [0xf8df, 0x2004], // LDR r2 from the code
  [0xe000, 0xffff, 0xf000, 0xb800], // B over what is no instruction, B.W to the next
] as const;

const ITEMS = 16;
const STATES = 6;

export function makeCase(random: Random): Case {
  const mix = random.pick(MIXES);
  // Few cases, because the rest of such a case does not execute.
  const faults = random.chance(10);
  const items = Array.from({ length: ITEMS }, (): Item => {
    const kind = random.below(100);
    if (kind < 6) return ifThen(random, mix);
    if (kind < 10) return branch(random, mix);
    if (kind < 11) return exclusive(random);
    if (kind < 14) return { halfwords: random.pick(SEQUENCES), executed: 2 };
    if (kind < 15 && faults) return { halfwords: random.pick(FAULTS), executed: 1 };
    return { halfwords: instruction(random, mix).code, executed: 1 };
  });
  return { states: Array.from({ length: STATES }, () => state(random)), items };
}

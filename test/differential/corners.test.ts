/** Floating-point arithmetic of each corner value with each other, in JavaScript and in the modes that are translated. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Loops, loopOf, RUNS } from "./loops.js";
import { Random } from "./random.js";

const SEED = 20_261_130;
/** IXC; with FZ and DN, as C libraries that do not want denormal numbers set FPSCR up. */
const MODES = { "IEEE 754": 0x10, "FZ, DN": 0x03000010 } as const;

/** VOP d2, d4, d6 or s4, s8, s12 without the precision bit. */
const OPERATIONS: Readonly<Record<string, number>> = {
  VMLA: 0xee042a06,
  VMLS: 0xee042a46,
  VNMLS: 0xee142a06,
  VNMLA: 0xee142a46,
  VMUL: 0xee242a06,
  VNMUL: 0xee242a46,
  VADD: 0xee342a06,
  VSUB: 0xee342a46,
  VDIV: 0xee842a06,
  VFNMS: 0xee942a06,
  VFNMA: 0xee942a46,
  VFMA: 0xeea42a06,
  VFMS: 0xeea42a46,
  VMAXNM: 0xfe842a06,
  VMINNM: 0xfe842a46,
  "VCMP d2,d6": 0xeeb42a46,
  "VSQRT d2,d6": 0xeeb12ac6,
  "VRINTA d2,d6": 0xfeb82a46,
  "VRINTX d2,d6": 0xeeb72a46,
  "VCVT.S32 s4,d6": 0xeebd2ac6,
  "VCVT.U32 s4,d6": 0xeebc2ac6,
  "VCVTA.S32 s4,d6": 0xfebc2ac6,
  "between the precisions": 0xeeb72ac6,
};

const SINGLES = [
  0, 0x80000000, 1, 0x807fffff, 0x7fffff, 0x800000, 0x80800000, 0x800001, 0x00ffffff, 0x01000000, 0x3f800000,
  0xbf800000, 0x3f800001, 0x3f7fffff, 0x3f7ffffe, 0x3f000000, 0x3effffff, 0x3f000001, 0x33800001, 0x40000000,
  0x4b000001, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x4f800000, 0x4f7fffff, 0x7f7fffff, 0xff7fffff,
  0x7f000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f812345, 0x1f800000, 0x20000001,
];
const DOUBLES = [
  [0, 0],
  [0x80000000, 0],
  [0, 1],
  [0x000fffff, 0xffffffff],
  [0x00100000, 0],
  [0x80100000, 1],
  [0x00100001, 0],
  [0x3ff00000, 0],
  [0xbff00000, 0],
  [0x3ff00000, 1],
  [0x3fefffff, 0xffffffff],
  [0x3fe00000, 0],
  [0x3fdfffff, 0xffffffff],
  [0x3cb00000, 1],
  [0x3ca00000, 0],
  [0x41dfffff, 0xffc00000],
  [0x41e00000, 0],
  [0x41efffff, 0xffffffff],
  [0xc1e00000, 0x00200000],
  [0x43300000, 1],
  [0x47efffff, 0xe0000000],
  [0x47efffff, 0xf0000000],
  [0x38100000, 0],
  [0x380fffff, 0xffffffff],
  [0x36a00000, 0],
  [0x7fefffff, 0xffffffff],
  [0x7ff00000, 0],
  [0xfff00000, 0],
  [0x7ff80000, 0],
  [0x7ff00000, 1],
  [0x1ff00000, 0],
  [0x20000000, 1],
] as const;

/** A sum that a rounding to double precision makes a tie, which a rounding of the tie gets wrong. */
const DOUBLE_ROUNDING = [0x3f800001, 0x33800001, 0x3f7ffffe] as const;

type Words = readonly number[];

function tuples(values: readonly Words[], random: Random): (readonly [d: Words, n: Words, m: Words])[] {
  return values.flatMap((n) => values.map((m) => [random.pick(values), n, m] as const));
}

type Operands = readonly (readonly [d: Words, n: Words, m: Words])[];

function compare(code: number, operands: Operands, told: string, fpscr: number): void {
  const chunks = Math.ceil(operands.length / RUNS);
  const programs = Array<Uint8Array>(chunks).fill(loopOf([code >>> 16, code & 0xffff]));
  const reference = new Loops(programs, "reference");
  const interpreted = new Loops(programs, "interpreter");
  const translated = new Loops(programs, "translation");
  for (const [at, [d, n, m]] of operands.entries()) {
    const words = new Int32Array(48);
    words[15] = fpscr;
    words.set(d, 16 + 4);
    words.set(n, 16 + 8);
    words.set(m, 16 + 12);
    const program = Math.floor(at / RUNS);
    for (const loops of [reference, interpreted, translated]) loops.run(program, words);
    const wanted = reference.registers;
    assert.deepEqual(interpreted.registers, wanted, `interpreter: ${told}: d ${d}, n ${n}, m ${m}`);
    assert.deepEqual(translated.registers, wanted, `translation: ${told}: d ${d}, n ${n}, m ${m}`);
  }
  assert.ok(translated.translatedCycles > operands.length, `${told} is not translated`);
}

for (const [mode, fpscr] of Object.entries(MODES)) {
  test(`arithmetic of single precision: each pair of corner values, ${mode}`, () => {
    const random = new Random(SEED);
    for (const [name, code] of Object.entries(OPERATIONS)) {
      const operands = tuples(
        SINGLES.map((word) => [word]),
        random,
      );
      const [d, n, m] = DOUBLE_ROUNDING;
      operands.push([[d], [n], [m]]);
      compare(code, operands, `seed ${SEED}: ${name}, single`, fpscr);
    }
  });

  test(`arithmetic of double precision: each pair of corner values, ${mode}`, () => {
    const random = new Random(SEED);
    for (const [name, code] of Object.entries(OPERATIONS)) {
      const operands = tuples(
        DOUBLES.map(([high, low]) => [low, high]),
        random,
      );
      compare(code | 0x100, operands, `seed ${SEED}: ${name}, double`, fpscr);
    }
  });
}

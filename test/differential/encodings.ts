/**
 * Every encoding of ARMv7E-M with FPv5 that user code can execute, as bit patterns (DDI 0403E, A5 to A7).
 *
 * 0, 1: fixed; x: any bit; d, e: registers that may change; n, m, a: registers that are read; b: the base register of
 * memory accesses (r6, a multiple of 4, far inside its memory); i: its small index (r7); spaces are for the eye. An
 * upper-case D, N or M stands for x in single precision and 0 in double (z is the precision bit).
 */

export interface Encoding {
  readonly pattern: string;
  /** False: this combination is UNPREDICTABLE. */
  readonly allowed: (word: number) => boolean;
  /** May not stand in an IT block. */
  readonly outsideIt: boolean;
}

const always = (): boolean => true;
const field = (word: number, at: number, bits: number): number => (word >>> at) & ((1 << bits) - 1);

const NARROW = `
000 00 xxxxx mmm ddd|000 01 xxxxx mmm ddd|000 10 xxxxx mmm ddd|000110 x mmm nnn ddd|000111 x xxx nnn ddd
00100 ddd xxxxxxxx|00101 nnn xxxxxxxx|00110 ddd xxxxxxxx|00111 ddd xxxxxxxx|010000 xxxx mmm ddd
01000100 0 mmmm ddd|01000101 1 mmmm 0xx|01000110 0 mmmm ddd|01001 ddd 000000xx
0101 000 iii bbb mmm|0101 001 iii bbb mmm|0101 010 iii bbb mmm|0101 011 iii bbb ddd|0101 100 iii bbb ddd
0101 101 iii bbb ddd|0101 110 iii bbb ddd|0101 111 iii bbb ddd|0110 0 xxxxx bbb mmm|0110 1 xxxxx bbb ddd
0111 0 xxxxx bbb mmm|0111 1 xxxxx bbb ddd|1000 0 xxxxx bbb mmm|1000 1 xxxxx bbb ddd
1001 0 mmm xxxxxxxx|1001 1 ddd xxxxxxxx|1010 1 ddd xxxxxxxx|1010 0 ddd 0000 00xx
1011 0010 00 mmm ddd|1011 0010 01 mmm ddd|1011 0010 10 mmm ddd|1011 0010 11 mmm ddd
1011 1010 00 mmm ddd|1011 1010 01 mmm ddd|1011 1010 11 mmm ddd|11000 bbb 000 xxxx1|11001 bbb 000 xxxx1
1011 1111 0000 0000|1011 1111 0100 0000`;

const LOGIC = ["0000", "0001", "0010", "0011", "0100", "1000", "1010", "1011", "1101", "1110"];
const TESTS = ["0000", "0100", "1000", "1101"];

/** ThumbExpandImm: a repeated byte must not be zero. */
const modified = (w: number): boolean =>
  !((w & 0x04004000) === 0 && field(w, 12, 2) !== 0 && field(w, 0, 8) === 0);
const lsb = (w: number): number => (field(w, 12, 3) << 2) | field(w, 6, 2);
const extract = (w: number): boolean => lsb(w) + field(w, 0, 5) < 32;
const insert = (w: number): boolean => field(w, 0, 5) >= lsb(w);
const saturates = (w: number): boolean => (w & (1 << 21)) === 0 || lsb(w) !== 0;
const sameSource = (w: number): boolean => field(w, 16, 4) === field(w, 0, 4);
const different = (w: number): boolean => field(w, 12, 4) !== field(w, 8, 4);

type Row = readonly [pattern: string, allowed?: (word: number) => boolean];

const DATA: readonly Row[] = [
  ...LOGIC.flatMap((op): Row[] => [
    [`11110 x 0 ${op} x nnnn 0 xxx dddd xxxxxxxx`, modified],
    [`1110101 ${op} x nnnn 0 xxx dddd xx xx mmmm`],
  ]),
  ...TESTS.flatMap((op): Row[] => [
    [`11110 x 0 ${op} 1 nnnn 0 xxx 1111 xxxxxxxx`, modified],
    [`1110101 ${op} 1 nnnn 0 xxx 1111 xx xx mmmm`],
  ]),
  ["11110 x 0 0010 x 1111 0 xxx dddd xxxxxxxx", modified],
  ["11110 x 0 0011 x 1111 0 xxx dddd xxxxxxxx", modified],
  ["1110101 0010 x 1111 0 xxx dddd xx xx mmmm"],
  ["1110101 0011 x 1111 0 xxx dddd xx xx mmmm"],
  ["111010101100 nnnn 0 xxx dddd xx x 0 mmmm"],
  ["11110 x 100000 nnnn 0 xxx dddd xxxxxxxx"],
  ["11110 x 101010 nnnn 0 xxx dddd xxxxxxxx"],
  ["11110 x 100100 xxxx 0 xxx dddd xxxxxxxx"],
  ["11110 x 101100 xxxx 0 xxx dddd xxxxxxxx"],
  ["1111001100 x 0 nnnn 0 xxx dddd xx 0 xxxxx", saturates],
  ["1111001110 x 0 nnnn 0 xxx dddd xx 0 xxxxx", saturates],
  ["111100110010 nnnn 0000 dddd 0000 xxxx"],
  ["111100111010 nnnn 0000 dddd 0000 xxxx"],
  ["111100110100 nnnn 0 xxx dddd xx 0 xxxxx", extract],
  ["111100111100 nnnn 0 xxx dddd xx 0 xxxxx", extract],
  ["111100110110 nnnn 0 xxx dddd xx 0 xxxxx", insert],
  ["111100110110 1111 0 xxx dddd xx 0 xxxxx", insert],
  ["111110100 xx x nnnn 1111 dddd 0000 mmmm"],
  ...["000", "001", "010", "011", "100", "101"].flatMap((op): Row[] => [
    [`111110100 ${op} nnnn 1111 dddd 10 xx mmmm`],
    [`111110100 ${op} 1111 1111 dddd 10 xx mmmm`],
  ]),
  ...["000", "001", "010", "100", "101", "110"].flatMap((op) =>
    ["000", "001", "010", "100", "101", "110"].map(
      (prefix): Row => [`111110101 ${op} nnnn 1111 dddd 0 ${prefix} mmmm`],
    ),
  ),
  ["111110101000 nnnn 1111 dddd 10 xx mmmm"],
  ["111110101001 nnnn 1111 dddd 10 xx mmmm", sameSource],
  ["111110101010 nnnn 1111 dddd 1000 mmmm"],
  ["111110101011 nnnn 1111 dddd 1000 mmmm", sameSource],
  ["1111001111101111 1000 dddd 00000000"],
  ["111100111000 nnnn 1000 xx00 00000000", (w) => field(w, 10, 2) !== 0],
];

const MULTIPLY: readonly Row[] = [
  ["111110110000 nnnn aaaa dddd 0000 mmmm"],
  ["111110110000 nnnn aaaa dddd 0001 mmmm"],
  ["111110110000 nnnn 1111 dddd 0000 mmmm"],
  ...["001 x", "010 0", "011 0", "100 0", "101 0", "110 0"].flatMap((op): Row[] => {
    const second = op.startsWith("001") ? "00 xx" : "000 x";
    const code = op.slice(0, 3);
    const accumulate: Row = [`111110110 ${code} nnnn aaaa dddd ${second} mmmm`];
    return code === "110" ? [accumulate] : [accumulate, [`111110110 ${code} nnnn 1111 dddd ${second} mmmm`]];
  }),
  ["111110110111 nnnn aaaa dddd 0000 mmmm"],
  ["111110110111 nnnn 1111 dddd 0000 mmmm"],
  ["111110111001 nnnn 1111 dddd 1111 mmmm"],
  ["111110111011 nnnn 1111 dddd 1111 mmmm"],
  ["111110111000 nnnn eeee dddd 0000 mmmm", different],
  ["111110111010 nnnn eeee dddd 0000 mmmm", different],
  ["111110111100 nnnn eeee dddd 0000 mmmm", different],
  ["111110111100 nnnn eeee dddd 10 xx mmmm", different],
  ["111110111100 nnnn eeee dddd 110 x mmmm", different],
  ["111110111101 nnnn eeee dddd 110 x mmmm", different],
  ["111110111110 nnnn eeee dddd 0000 mmmm", different],
  ["111110111110 nnnn eeee dddd 0110 mmmm", different],
];

/** The x is 1 for a 12-bit offset, 0 for the other forms. */
const LOADS = ["1000 x001", "1000 x011", "1000 x101", "1001 x001", "1001 x011"];
const STORES = ["1000 x000", "1000 x010", "1000 x100"];
/** P U W with offsets: negative, pre-indexed, post-indexed. */
const INDEXED = ["1 0 0 xxxxxxxx", "1 x 1 xxxxxx00", "0 x 1 xxxxxx00"];

/** What is stored is not the base that is written back. */
const differentFromBase = (w: number): boolean => field(w, 16, 4) !== field(w, 12, 4);
/** What is stored, or the second word of it, is not the base that is written back. */
const otherThanBase = (w: number): boolean =>
  field(w, 16, 4) !== field(w, 12, 4) && field(w, 16, 4) !== field(w, 8, 4);

function single(op: string, register: string): Row[] {
  const short = op.replace("x", "0");
  return [
    [`1111 ${op.replace("x", "1")} bbbb ${register} xxxxxxxxxxxx`],
    [`1111 ${short} bbbb ${register} 000000 xx iiii`],
    [`1111 ${short} bbbb ${register} 1110 xxxxxxxx`],
    ...INDEXED.map((index): Row => [`1111 ${short} bbbb ${register} 1 ${index}`, differentFromBase]),
  ];
}
const DOUBLE_INDEX = ["1 x 1 0", "1 x 1 1", "0 x 1 1"];

const MEMORY: readonly Row[] = [
  ...LOADS.flatMap((op) => single(op, "dddd")),
  ...STORES.flatMap((op) => single(op, "mmmm")),
  ...DOUBLE_INDEX.flatMap((index): Row[] => [
    [`1110100 ${index} 1 bbbb eeee dddd xxxxxxxx`, different],
    [`1110100 ${index} 0 bbbb mmmm aaaa xxxxxxxx`, otherThanBase],
  ]),
  ["111010000101 bbbb dddd 1111 xxxxxxxx"],
  ["111010001101 bbbb dddd 1111 0100 1111"],
  ["111010001101 bbbb dddd 1111 0101 1111"],
  ["1110100010 x 1 bbbb 00 0 xxxx1 0001 xxxx"],
  ["1110100010 x 0 bbbb 00 0 xxxx1 0001 xxxx"],
  ["1110100100 x 1 bbbb 00 0 xxxx1 0001 xxxx"],
  ["1110100100 x 0 bbbb 00 0 xxxx1 0001 xxxx"],
  // Literals: the code itself, and what lies before it.
  ...LOADS.map((op): Row => [`1111 ${op} 1111 dddd 000000xxxxxx`]),
  ["1110100 1 x 10 1 1111 eeee dddd 0000xxxx", different],
  ["11110 0 100000 1111 0 000 dddd 00xxxxxx"],
  ["11110 0 101010 1111 0 000 dddd 00xxxxxx"],
  ["1111001110111111 1000111100101111"],
  ["1111001110111111 10001111010x1111"],
  ["1111001110111111 1000111101101111"],
];

const FLOAT_ARITHMETIC = [
  "11101110 0D00 nnnn dddd 101z NxM0 mmmm",
  "11101110 0D01 nnnn dddd 101z NxM0 mmmm",
  "11101110 0D10 nnnn dddd 101z NxM0 mmmm",
  "11101110 0D11 nnnn dddd 101z NxM0 mmmm",
  "11101110 1D00 nnnn dddd 101z N0M0 mmmm",
  "11101110 1D01 nnnn dddd 101z NxM0 mmmm",
  "11101110 1D10 nnnn dddd 101z NxM0 mmmm",
  "11101110 1D11 xxxx dddd 101z 0000 xxxx",
  "11101110 1D11 0000 dddd 101z x1M0 mmmm",
  "11101110 1D11 0001 dddd 101z x1M0 mmmm",
  "11101110 1D11 0100 dddd 101z x1M0 mmmm",
  "11101110 1D11 0101 dddd 101z x100 0000",
  "11101110 1D11 0110 dddd 101z x1M0 mmmm",
  "11101110 1D11 0111 dddd 101z 01M0 mmmm",
  "11111110 0Dxx nnnn dddd 101z N0M0 mmmm",
  "11111110 1D00 nnnn dddd 101z NxM0 mmmm",
  "11111110 1D11 10xx dddd 101z 01M0 mmmm",
];
/** Fixed point with fraction bits that fit. */
const fixedPoint = (w: number): boolean =>
  ((w & 0x80) !== 0 ? 32 : 16) >= ((field(w, 0, 4) << 1) | field(w, 5, 1));

const FLOAT_OTHER: readonly Row[] = [
  ["11101110 1x11 0111 dddd 1011 11 00 mmmm"],
  ["11101110 1011 0111 dddd 1010 11 x0 mmmm"],
  ["11101110 1x11 001x dddd 1010 x1 x0 mmmm"],
  ["11101110 1011 0010 dddd 1011 x1 x0 mmmm"],
  ["11101110 1x11 0011 dddd 1011 x1 00 mmmm"],
  ["11101110 1x11 1000 dddd 1010 x1 x0 mmmm"],
  ["11101110 1011 1000 dddd 1011 x1 x0 mmmm"],
  ["11101110 1x11 110x dddd 1010 x1 x0 mmmm"],
  ["11101110 1x11 110x dddd 1011 x1 00 mmmm"],
  ["11101110 1x11 1x1x dddd 1010 x1 x0 mmmm", fixedPoint],
  ["11101110 1011 1x1x dddd 1011 x1 x0 mmmm", fixedPoint],
  ["11111110 1x11 11xx dddd 1010 x1 x0 mmmm"],
  ["11111110 1x11 11xx dddd 1011 x1 00 mmmm"],
];

const FLOAT_MOVES: readonly Row[] = [
  ["11101110 0001 xxxx dddd 1010 x001 0000"],
  ["11101110 0000 xxxx mmmm 1010 x001 0000"],
  ["11101110 00x1 xxxx dddd 1011 0001 0000"],
  ["11101110 00x0 xxxx mmmm 1011 0001 0000"],
  ["11101100 0101 eeee dddd 1011 0001 xxxx", (w) => field(w, 16, 4) !== field(w, 12, 4)],
  ["11101100 0100 nnnn mmmm 1011 0001 xxxx"],
  ["11101100 0101 eeee dddd 1010 0001 xxxx", (w) => field(w, 16, 4) !== field(w, 12, 4)],
  ["11101100 0100 nnnn mmmm 1010 0001 xxxx"],
  ["11101110 1111 0001 dddd 1010 0001 0000"],
  ["11101110 1111 0001 1111 1010 0001 0000"],
  ["11101101 xx01 bbbb xxxx 1010 xxxxxxxx"],
  ["11101101 xx00 bbbb xxxx 1010 xxxxxxxx"],
  ["11101101 x001 bbbb xxxx 1011 xxxxxxxx"],
  ["11101101 x000 bbbb xxxx 1011 xxxxxxxx"],
  ["11101100 1x0x bbbb 0xxx 1010 00000xx1"],
  ["11101100 1x1x bbbb 0xxx 1010 00000xx1"],
  ["11101101 0x1x bbbb 0xxx 1010 00000xx1"],
  ["11101101 xx01 1111 xxxx 1010 0000xxxx"],
  ["11101101 x001 1111 xxxx 1011 0000xxxx"],
  ["11101100 100x bbbb 0xxx 1011 0000xx10"],
  ["11101100 101x bbbb 0xxx 1011 0000xx10"],
  ["11101101 001x bbbb 0xxx 1011 0000xx10"],
  ["11101110 1110 0001 mmmm 1010 0001 0000"],
];

/** Floating-point register numbers are free, and not those of the core. */
const anyRegister = (pattern: string): string => pattern.replace(/[dnm]/g, "x");
const singlePrecision = (pattern: string): string =>
  anyRegister(pattern.replace(/[DNM]/g, "x").replace("z", "0"));
const doublePrecision = (pattern: string): string =>
  anyRegister(pattern.replace(/[DNM]/g, "0").replace("z", "1"));

function encodings(rows: readonly Row[]): Encoding[] {
  return rows.map(([pattern, allowed]) => {
    const bits = pattern.replaceAll(" ", "");
    if (bits.length !== 16 && bits.length !== 32) throw new Error(`${pattern}: ${bits.length} bits`);
    return { pattern: bits, allowed: allowed ?? always, outsideIt: false };
  });
}

export const GROUPS: Readonly<
  Record<"narrow" | "data" | "multiply" | "memory" | "float" | "moves", readonly Encoding[]>
> = {
  narrow: encodings(
    NARROW.trim()
      .split(/[|\n]/)
      .map((pattern): Row => [pattern]),
  ),
  data: encodings(DATA),
  multiply: encodings(MULTIPLY),
  memory: encodings(MEMORY),
  float: encodings([
    ...FLOAT_ARITHMETIC.flatMap((pattern): Row[] => [[singlePrecision(pattern)], [doublePrecision(pattern)]]),
    ...FLOAT_OTHER.map(
      ([pattern, allowed]): Row => (allowed ? [anyRegister(pattern), allowed] : [anyRegister(pattern)]),
    ),
  ]).map((encoding) => ({ ...encoding, outsideIt: encoding.pattern.startsWith("1111") })),
  moves: encodings(FLOAT_MOVES),
};

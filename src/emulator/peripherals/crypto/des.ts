/** DES and triple DES (NIST SP 800-67): blocks and keys of 64 bits. Tables count bits from 1, the most significant. */

const INITIAL =
  table(`58 50 42 34 26 18 10 2 60 52 44 36 28 20 12 4 62 54 46 38 30 22 14 6 64 56 48 40 32 24 16 8
  57 49 41 33 25 17 9 1 59 51 43 35 27 19 11 3 61 53 45 37 29 21 13 5 63 55 47 39 31 23 15 7`);
const EXPANSION =
  table(`32 1 2 3 4 5 4 5 6 7 8 9 8 9 10 11 12 13 12 13 14 15 16 17 16 17 18 19 20 21 20 21 22 23 24 25
  24 25 26 27 28 29 28 29 30 31 32 1`);
const PERMUTATION = table(
  "16 7 20 21 29 12 28 17 1 15 23 26 5 18 31 10 2 8 24 14 32 27 3 9 19 13 30 6 22 11 4 25",
);
const CHOICE_1 = table(`57 49 41 33 25 17 9 1 58 50 42 34 26 18 10 2 59 51 43 35 27 19 11 3 60 52 44 36
  63 55 47 39 31 23 15 7 62 54 46 38 30 22 14 6 61 53 45 37 29 21 13 5 28 20 12 4`);
const CHOICE_2 = table(`14 17 11 24 1 5 3 28 15 6 21 10 23 19 12 4 26 8 16 7 27 20 13 2
  41 52 31 37 47 55 30 40 51 45 33 48 44 49 39 56 34 53 46 42 50 36 29 32`);
/** Rows of sixteen nibbles, four for each box. */
const BOXES = [
  "e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d",
  "f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9",
  "a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c",
  "7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e",
  "2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453",
  "c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d",
  "4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c",
  "d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b",
].map((rows) => rows.replaceAll(" ", ""));
const SHIFTS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1] as const;

const FINAL = INITIAL.map((_, index) => INITIAL.indexOf(index + 1) + 1);

function table(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}

/** @param width bits of `value` */
function permute(value: bigint, positions: readonly number[], width: number): bigint {
  let result = 0n;
  for (const position of positions) result = (result << 1n) | ((value >> BigInt(width - position)) & 1n);
  return result;
}

export class Des {
  readonly #keys: readonly bigint[];

  /** @param key with its parity bits, which do not count */
  constructor(key: bigint) {
    const chosen = permute(key, CHOICE_1, 64);
    let [c, d] = [chosen >> 28n, chosen & 0xfff_ffffn];
    const rotated = (half: bigint, by: number): bigint =>
      ((half << BigInt(by)) | (half >> BigInt(28 - by))) & 0xfff_ffffn;
    this.#keys = SHIFTS.map((by) => {
      [c, d] = [rotated(c, by), rotated(d, by)];
      return permute((c << 28n) | d, CHOICE_2, 56);
    });
  }

  encrypt(block: bigint): bigint {
    return rounds(block, this.#keys);
  }

  decrypt(block: bigint): bigint {
    return rounds(block, [...this.#keys].reverse());
  }
}

function rounds(block: bigint, keys: readonly bigint[]): bigint {
  const start = permute(block, INITIAL, 64);
  let [left, right] = [start >> 32n, start & 0xffff_ffffn];
  for (const key of keys) [left, right] = [right, left ^ cipher(right, key)];
  return permute((right << 32n) | left, FINAL, 64);
}

function cipher(half: bigint, key: bigint): bigint {
  const mixed = permute(half, EXPANSION, 32) ^ key;
  let chosen = 0n;
  BOXES.forEach((box, index) => {
    const six = Number((mixed >> BigInt(42 - 6 * index)) & 63n);
    const row = ((six >>> 4) & 2) | (six & 1);
    chosen = (chosen << 4n) | BigInt(Number.parseInt(box[row * 16 + ((six >>> 1) & 15)] ?? "0", 16));
  });
  return permute(chosen, PERMUTATION, 32);
}

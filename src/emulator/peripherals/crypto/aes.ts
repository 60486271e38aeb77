/** AES (FIPS 197): blocks of 16 bytes as four words, the first byte uppermost. */

/** Four words of 32 bits, unsigned. */
export type Block = readonly [number, number, number, number];

/** Powers and logarithms of 3 in the field of FIPS 197, section 4.2. */
const POWERS = new Uint8Array(256);
const LOGARITHMS = new Uint8Array(256);
const SBOX = new Uint8Array(256);
const INVERSE = new Uint8Array(256);

for (let exponent = 0, value = 1; exponent < 255; exponent++) {
  POWERS[exponent] = value;
  LOGARITHMS[value] = exponent;
  value ^= doubled(value);
}
for (let value = 0; value < 256; value++) {
  const inverse = value === 0 ? 0 : at(POWERS, (255 - at(LOGARITHMS, value)) % 255);
  let bits = inverse;
  for (let turn = 1; turn < 5; turn++) bits ^= (inverse << turn) | (inverse >>> (8 - turn));
  SBOX[value] = bits ^ 0x63;
  INVERSE[at(SBOX, value)] = value;
}

function at(table: Uint8Array, index: number): number {
  return table[index] as number; // every index here is a byte
}

function doubled(value: number): number {
  return ((value << 1) ^ (value & 0x80 ? 0x11b : 0)) & 0xff;
}

function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : at(POWERS, (at(LOGARITHMS, a) + at(LOGARITHMS, b)) % 255);
}

function substituteWord(word: number): number {
  let result = 0;
  for (let shift = 0; shift < 32; shift += 8) result |= at(SBOX, (word >>> shift) & 0xff) << shift;
  return result;
}

export class Aes {
  readonly #schedule: number[];
  readonly #rounds: number;

  /** @param key 4, 6 or 8 words, the first byte uppermost */
  constructor(key: readonly number[]) {
    const length = key.length;
    this.#rounds = length + 6;
    const words = [...key];
    for (let round = 1, index = length; index < 4 * (this.#rounds + 1); index++) {
      let word = words[index - 1] ?? 0;
      if (index % length === 0) {
        word = substituteWord((word << 8) | (word >>> 24)) ^ (round << 24);
        round = doubled(round);
      } else if (length > 6 && index % length === 4) word = substituteWord(word);
      words.push((words[index - length] ?? 0) ^ word);
    }
    this.#schedule = words;
  }

  encrypt(block: Block): Block {
    const state = bytesOf(block);
    this.#addKey(state, 0);
    for (let round = 1; round <= this.#rounds; round++) {
      state.forEach((byte, index) => {
        state[index] = at(SBOX, byte);
      });
      shiftRows(state, 1);
      if (round < this.#rounds) mixColumns(state, [2, 3, 1, 1]);
      this.#addKey(state, round);
    }
    return wordsOf(state);
  }

  decrypt(block: Block): Block {
    const state = bytesOf(block);
    for (let round = this.#rounds; round > 0; round--) {
      this.#addKey(state, round);
      if (round < this.#rounds) mixColumns(state, [14, 11, 13, 9]);
      shiftRows(state, 3);
      state.forEach((byte, index) => {
        state[index] = at(INVERSE, byte);
      });
    }
    this.#addKey(state, 0);
    return wordsOf(state);
  }

  #addKey(state: Uint8Array, round: number): void {
    for (let index = 0; index < 16; index++) {
      const word = this.#schedule[4 * round + (index >>> 2)] ?? 0;
      state[index] = at(state, index) ^ ((word >>> (24 - 8 * (index & 3))) & 0xff);
    }
  }
}

/** Row r of the state (bytes r, r + 4, …) moves by r · `direction` columns to the left. */
function shiftRows(state: Uint8Array, direction: 1 | 3): void {
  const before = state.slice();
  for (let index = 0; index < 16; index++) {
    state[index] = at(before, (index + 4 * (index & 3) * direction) & 15);
  }
}

function mixColumns(state: Uint8Array, factors: readonly [number, number, number, number]): void {
  for (let column = 0; column < 16; column += 4) {
    const before = state.slice(column, column + 4);
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let term = 0; term < 4; term++) {
        sum ^= product(factors[term as 0 | 1 | 2 | 3], at(before, (row + term) & 3));
      }
      state[column + row] = sum;
    }
  }
}

function bytesOf(block: Block): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, index) => block[(index >>> 2) as 0] >>> (24 - 8 * (index & 3)));
}

function wordsOf(bytes: Uint8Array): Block {
  const view = new DataView(bytes.buffer);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}

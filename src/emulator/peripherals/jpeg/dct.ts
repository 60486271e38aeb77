/**
 * The discrete cosine transform of 8x8 samples (ITU-T T.81, A.3.3), in double precision. The chip's own rounding is not
 * documented; T.81 leaves it open, too.
 */

const SIZE = 8;
export const BLOCK = 64;

/** By frequency * 8 + place. */
const BASIS = Float64Array.from({ length: BLOCK }, (_, index) => {
  const [frequency, place] = [index >>> 3, index & 7];
  const scale = frequency === 0 ? Math.SQRT1_2 : 1;
  return (scale / 2) * Math.cos(((2 * place + 1) * frequency * Math.PI) / 16);
});
const TRANSPOSED = BASIS.map((_, index) => BASIS[(index & 7) * SIZE + (index >>> 3)] ?? 0);
const rows = new Float64Array(BLOCK);

/** `target` = `matrix` x `source` x `matrix` transposed. */
function transform(matrix: Float64Array, source: Float64Array, target: Float64Array): void {
  for (let y = 0; y < SIZE; y++) {
    for (let column = 0; column < SIZE; column++) {
      let sum = 0;
      for (let x = 0; x < SIZE; x++) {
        sum += (source[y * SIZE + x] as number) * (matrix[column * SIZE + x] as number);
      }
      rows[y * SIZE + column] = sum;
    }
  }
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      let sum = 0;
      for (let y = 0; y < SIZE; y++) {
        sum += (rows[y * SIZE + column] as number) * (matrix[row * SIZE + y] as number);
      }
      target[row * SIZE + column] = sum;
    }
  }
}

/** Samples -> coefficients, both in rows. */
export function forwardDct(samples: Float64Array, coefficients: Float64Array): void {
  transform(BASIS, samples, coefficients);
}

export function inverseDct(coefficients: Float64Array, samples: Float64Array): void {
  transform(TRANSPOSED, coefficients, samples);
}

/** Place in the block of each coefficient in zigzag order (T.81, figure A.6). */
export const ZIGZAG: Uint8Array = (() => {
  const order = new Uint8Array(BLOCK);
  let [x, y] = [0, 0];
  for (let n = 0; n < BLOCK; n++) {
    order[n] = y * SIZE + x;
    const up = (x + y) % 2 === 0;
    if (up && x === SIZE - 1) y++;
    else if (up && y === 0) x++;
    else if (!up && y === SIZE - 1) x++;
    else if (!up && x === 0) y++;
    else {
      x += up ? 1 : -1;
      y += up ? -1 : 1;
    }
  }
  return order;
})();

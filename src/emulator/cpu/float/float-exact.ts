/**
 * Error-free transformations (Dekker, Knuth; fused multiply-add after Boldo and Melquiond): they tell, in a few
 * floating-point operations, whether a result rounded to nearest is exact. Where they say `undefined`, they cannot tell.
 */

/** Splits a double into two halves of 26 bits (Veltkamp). */
const SPLITTER = 2 ** 27 + 1;
/** Between these magnitudes neither the split overflows nor the error of a product underflows. */
const LARGE = 2 ** 490;
const SMALL = 2 ** -900;

/** What a + b lost when it was rounded to `sum`. */
export function sumError(a: number, b: number, sum: number): number {
  const other = sum - a;
  return a - (sum - other) + (b - other);
}

function productError(a: number, b: number, product: number): number {
  const ta = a * SPLITTER;
  const aHigh = ta - (ta - a);
  const aLow = a - aHigh;
  const tb = b * SPLITTER;
  const bHigh = tb - (tb - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** Can `productError` be trusted? */
function inRange(a: number, b: number, product: number): boolean {
  return Math.abs(a) < LARGE && Math.abs(b) < LARGE && Math.abs(product) > SMALL;
}

/** Is a * b other than `product`, its rounded value? */
export function productInexact(a: number, b: number, product: number): boolean | undefined {
  return inRange(a, b, product) ? productError(a, b, product) !== 0 : undefined;
}

/** Is a / b other than `quotient`, its rounded value? */
export function quotientInexact(a: number, b: number, quotient: number): boolean | undefined {
  const product = quotient * b;
  if (!inRange(quotient, b, a)) return undefined;
  return product !== a || productError(quotient, b, product) !== 0;
}

const box = new Float64Array(1);
const words = new Uint32Array(box.buffer);

/** a + b rounded to odd: what was cut off shows in the last bit. */
function oddSum(a: number, b: number): number {
  const sum = a + b;
  const error = sumError(a, b, sum);
  if (error === 0) return sum;
  box[0] = sum;
  if (((words[0] as number) & 1) === 1) return sum;
  const towardsZero = error > 0 !== sum > 0;
  if (!towardsZero) words[0] = (words[0] as number) | 1;
  else if (words[0] === 0) {
    words[0] = 0xffffffff;
    words[1] = (words[1] as number) - 1;
  } else words[0] = (words[0] as number) - 1;
  return box[0] as number;
}

/** Set by `fusedDouble`: its result was rounded. */
export const fused = { inexact: false };

/** a * b + c in double precision with one rounding to nearest; undefined where this way does not work. */
export function fusedDouble(a: number, b: number, c: number): number | undefined {
  const product = a * b;
  if (!inRange(a, b, product) || Math.abs(c) > LARGE * LARGE) return undefined;
  const productLow = productError(a, b, product);
  const th = c + productLow;
  const tl = sumError(c, productLow, th);
  const vh = product + th;
  const vl = sumError(product, th, vh);
  const rest = oddSum(tl, vl);
  const result = vh + rest;
  fused.inexact = sumError(tl, vl, tl + vl) !== 0 || sumError(vh, rest, result) !== 0;
  return Math.abs(result) > SMALL ? result : undefined;
}

/** The same in single precision; the operands are singles. */
export function fusedSingle(a: number, b: number, c: number): number | undefined {
  const product = a * b;
  const sum = product + c;
  const result = Math.fround(sum);
  const error = sumError(product, c, sum);
  const rest = sum - result;
  fused.inexact = rest !== 0 || error !== 0;
  // A tie between two singles that the part lost before would have decided.
  const other = result + 2 * rest;
  return error !== 0 && rest !== 0 && Math.fround(other) === other ? undefined : result;
}

/** Rounding that JavaScript's doubles do not offer by themselves: fused multiply-add and the rounding modes. */

const pair = new Float64Array(1);
const words = new BigUint64Array(pair.buffer);

/** value = sign * mantissa * 2 ** exponent, exactly. */
function split(value: number): { negative: boolean; mantissa: bigint; exponent: number } {
  pair[0] = value;
  const raw = words[0] as bigint;
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  return {
    negative: raw >> 63n === 1n,
    mantissa: biased === 0 ? fraction : fraction | 0x10000000000000n,
    exponent: Math.max(biased, 1) - 1075,
  };
}

/** mantissa * 2 ** exponent rounded to nearest even with `precision` bits and a least exponent. */
function round(mantissa: bigint, exponent: number, precision: number, least: number): number {
  const negative = mantissa < 0n;
  let magnitude = negative ? -mantissa : mantissa;
  let scale = exponent;
  const excess = Math.max(magnitude.toString(2).length - precision, least - scale);
  if (excess > 0) {
    const shift = BigInt(excess);
    const rest = magnitude & ((1n << shift) - 1n);
    const half = 1n << (shift - 1n);
    magnitude >>= shift;
    scale += excess;
    if (rest > half || (rest === half && (magnitude & 1n) === 1n)) magnitude += 1n;
  }
  const value = scaleBy(Number(magnitude), scale);
  return negative ? -value : value;
}

/** value * 2 ** exponent where the result is exact or overflows; in two steps, because 2 ** -1074 * 2 ** 60 must not round. */
function scaleBy(value: number, exponent: number): number {
  const first = Math.trunc(exponent / 2);
  return value * 2 ** first * 2 ** (exponent - first);
}

/** a * b + c with one rounding, to single (24 bits) or double (53 bits) precision. */
export function fusedMultiplyAdd(a: number, b: number, c: number, double: boolean): number {
  if (Number.isFinite(a) && Number.isFinite(b) && !Number.isFinite(c)) return c;
  const product = a * b;
  if (!Number.isFinite(a) || !Number.isFinite(b) || a === 0 || b === 0)
    return double ? product + c : Math.fround(product + c);
  const x = split(a);
  const y = split(b);
  const z = split(c);
  let m = x.mantissa * y.mantissa;
  if (x.negative !== y.negative) m = -m;
  let n = z.negative ? -z.mantissa : z.mantissa;
  const exponent = Math.min(x.exponent + y.exponent, z.exponent);
  m <<= BigInt(x.exponent + y.exponent - exponent);
  n <<= BigInt(z.exponent - exponent);
  const sum = m + n;
  if (sum === 0n) return c === 0 && x.negative !== y.negative && z.negative ? -0 : 0;
  const value = double ? round(sum, exponent, 53, -1074) : round(sum, exponent, 24, -149);
  return double ? value : Math.fround(value);
}

/** To nearest, ties to even. */
export function nearestEven(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const floor = Math.floor(value);
  const rest = value - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const result = up ? floor + 1 : floor;
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}

/** To nearest, ties away from zero. */
export function nearestAway(value: number): number {
  const magnitude = Math.abs(value);
  const floor = Math.floor(magnitude);
  const result = magnitude - floor >= 0.5 ? floor + 1 : floor;
  return value < 0 || Object.is(value, -0) ? -result : result;
}

/** RM field of VRINTA/N/P/M and VCVTA/N/P/M. */
export const ROUND_MODES: readonly ((value: number) => number)[] = [
  nearestAway,
  nearestEven,
  Math.ceil,
  Math.floor,
];

/**
 * Floating-point arithmetic to the last bit, in every rounding mode, with every flag (DDI 0403E, A2.5: FPRound, FPAdd,
 * FPMul, FPDiv, FPSqrt, FPMulAdd). Slow and plain; ops-float.ts has short cuts for what programs do most.
 *
 * Values are JavaScript numbers: a single is one that `Math.fround` leaves alone. NaN operands never come here; a NaN that
 * leaves means "invalid operation" (IOC is raised).
 */

export const FLAG = { IOC: 1, DZC: 2, OFC: 4, UFC: 8, IXC: 16, IDC: 128 } as const;

/** FPSCR.RMode */
export const Rounding = { nearest: 0, up: 1, down: 2, zero: 3 } as const;

export interface FloatEnvironment {
  readonly rounding: number;
  readonly flushToZero: boolean;
  raise(flags: number): void;
}

export interface Format {
  /** Bits of the significand, the hidden one included. */
  readonly precision: number;
  /** Exponent of the smallest normal number. */
  readonly minExponent: number;
  readonly maxExponent: number;
  /** FPSCR.FZ does not concern half precision. */
  readonly flushes: boolean;
}

export const SINGLE: Format = { precision: 24, minExponent: -126, maxExponent: 127, flushes: true };
export const DOUBLE: Format = { precision: 53, minExponent: -1022, maxExponent: 1023, flushes: true };

/** sign * mantissa * 2 ** exponent, exactly. */
export interface Parts {
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

const box = new Float64Array(1);
const raw = new BigUint64Array(box.buffer);

export function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

/** Of a finite number. */
export function split(value: number): Parts {
  box[0] = value;
  const bits = raw[0] as bigint;
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return {
    negative: bits >> 63n === 1n,
    mantissa: biased === 0 ? fraction : fraction | 0x10000000000000n,
    exponent: Math.max(biased, 1) - 1075,
  };
}

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0] as string, 16)) + 28;
}

/** value * 2 ** exponent where that is exact; in two steps, because 2 ** exponent alone may not exist. */
function scaleBy(value: number, exponent: number): number {
  const first = Math.trunc(exponent / 2);
  return value * 2 ** first * 2 ** (exponent - first);
}

function roundsUp(
  env: FloatEnvironment,
  negative: boolean,
  odd: boolean,
  rest: bigint,
  half: bigint,
): boolean {
  switch (env.rounding) {
    case Rounding.nearest:
      return rest > half || (rest === half && odd);
    case Rounding.up:
      return !negative;
    case Rounding.down:
      return negative;
    default:
      return false;
  }
}

/** What is beyond the largest number becomes, by rounding mode, infinity or that number. */
function overflow(env: FloatEnvironment, negative: boolean, format: Format): number {
  env.raise(FLAG.OFC | FLAG.IXC);
  const away = roundsUp(env, negative, true, 1n, 1n);
  const largest = (2 - 2 ** (1 - format.precision)) * 2 ** format.maxExponent;
  const magnitude = away ? Number.POSITIVE_INFINITY : largest;
  return negative ? -magnitude : magnitude;
}

/** FPRound(): of a value that is not zero. Underflow is found before rounding, as Arm has it. */
export function round(env: FloatEnvironment, parts: Parts, format: Format): number {
  const { negative, mantissa, exponent } = parts;
  const length = bitLength(mantissa);
  const tiny = length - 1 + exponent < format.minExponent;
  if (tiny && format.flushes && env.flushToZero) {
    env.raise(FLAG.UFC);
    return negative ? -0 : 0;
  }
  const least = format.minExponent - format.precision + 1;
  const excess = Math.max(length - format.precision, least - exponent);
  let kept = mantissa;
  let scale = exponent;
  if (excess > 0) {
    const shift = BigInt(excess);
    const rest = mantissa & ((1n << shift) - 1n);
    kept = mantissa >> shift;
    scale += excess;
    if (rest !== 0n) {
      env.raise(tiny ? FLAG.UFC | FLAG.IXC : FLAG.IXC);
      if (roundsUp(env, negative, (kept & 1n) === 1n, rest, 1n << (shift - 1n))) kept += 1n;
    }
  }
  if (kept !== 0n && bitLength(kept) - 1 + scale > format.maxExponent) return overflow(env, negative, format);
  const magnitude = scaleBy(Number(kept), scale);
  return negative ? -magnitude : magnitude;
}

/** A number to a (narrower) format. */
export function roundNumber(env: FloatEnvironment, value: number, format: Format): number {
  return value === 0 || !Number.isFinite(value) ? value : round(env, split(value), format);
}

function invalid(env: FloatEnvironment): number {
  env.raise(FLAG.IOC);
  return Number.NaN;
}

/** An exact zero that is the sum of two different numbers. */
function zeroSum(env: FloatEnvironment): number {
  return env.rounding === Rounding.down ? -0 : 0;
}

function sum(env: FloatEnvironment, x: Parts, y: Parts, format: Format): number {
  const exponent = Math.min(x.exponent, y.exponent);
  const aligned = (part: Parts): bigint => {
    const magnitude = part.mantissa << BigInt(part.exponent - exponent);
    return part.negative ? -magnitude : magnitude;
  };
  const total = aligned(x) + aligned(y);
  if (total === 0n) return x.negative === y.negative ? (x.negative ? -0 : 0) : zeroSum(env);
  const negative = total < 0n;
  return round(env, { negative, mantissa: negative ? -total : total, exponent }, format);
}

export function add(env: FloatEnvironment, a: number, b: number, format: Format): number {
  if (Number.isFinite(a) && Number.isFinite(b)) return sum(env, split(a), split(b), format);
  return Number.isNaN(a + b) ? invalid(env) : a + b;
}

export function subtract(env: FloatEnvironment, a: number, b: number, format: Format): number {
  return add(env, a, -b, format);
}

function product(a: number, b: number): Parts {
  const x = split(a);
  const y = split(b);
  return {
    negative: x.negative !== y.negative,
    mantissa: x.mantissa * y.mantissa,
    exponent: x.exponent + y.exponent,
  };
}

export function multiply(env: FloatEnvironment, a: number, b: number, format: Format): number {
  const rough = a * b;
  if (Number.isNaN(rough)) return invalid(env);
  if (a === 0 || b === 0 || !Number.isFinite(a) || !Number.isFinite(b)) return rough;
  return round(env, product(a, b), format);
}

export function divide(env: FloatEnvironment, a: number, b: number, format: Format): number {
  const rough = a / b;
  if (Number.isNaN(rough)) return invalid(env);
  if (a === 0 || !Number.isFinite(a) || !Number.isFinite(b)) return rough;
  if (b === 0) {
    env.raise(FLAG.DZC);
    return rough;
  }
  const x = split(a);
  const y = split(b);
  // Enough bits for any rounding; one more that says whether anything is left.
  const shift = 2 * DOUBLE.precision + 4;
  const dividend = x.mantissa << BigInt(shift);
  const quotient = dividend / y.mantissa;
  const sticky = quotient * y.mantissa === dividend ? 0n : 1n;
  return round(
    env,
    {
      negative: x.negative !== y.negative,
      mantissa: (quotient << 1n) | sticky,
      exponent: x.exponent - y.exponent - shift - 1,
    },
    format,
  );
}

/** Largest integer whose square is not above `value`. */
function integerRoot(value: bigint): bigint {
  let guess = 1n << BigInt(Math.ceil(bitLength(value) / 2));
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

export function squareRoot(env: FloatEnvironment, value: number, format: Format): number {
  if (value === 0 || value === Number.POSITIVE_INFINITY) return value;
  if (value < 0) return invalid(env);
  const { mantissa, exponent } = split(value);
  const shift = 2 * DOUBLE.precision + 4 + (exponent & 1);
  const radicand = mantissa << BigInt(shift);
  const root = integerRoot(radicand);
  const sticky = root * root === radicand ? 0n : 1n;
  const half = (exponent - shift) / 2;
  return round(env, { negative: false, mantissa: (root << 1n) | sticky, exponent: half - 1 }, format);
}

/** a * b + c with one rounding. */
export function fusedMultiplyAdd(
  env: FloatEnvironment,
  [a, b, c]: readonly [number, number, number],
  format: Format,
): number {
  if (!Number.isFinite(a) || !Number.isFinite(b)) {
    const rough = a * b + c;
    return Number.isNaN(rough) ? invalid(env) : rough;
  }
  if (!Number.isFinite(c)) return c;
  return sum(env, product(a, b), split(c), format);
}

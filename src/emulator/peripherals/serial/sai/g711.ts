/** Companding of ITU-T G.711, which SAI does to words of 14 bits (µ-law) or 13 bits (A-law). */

export interface Companding {
  readonly law: "mu" | "a";
  /** Negative samples are in two's complement, else in one's complement. */
  readonly twos: boolean;
}

const BITS = { mu: 14, a: 13 } as const;
const BIAS = 33;
const MU_LARGEST = 8191 - BIAS;
/** Every other bit of A-law is inverted on the line. */
const A_INVERTED = 0x55;
const SIGN = 0x80;

export function compress(sample: number, { law, twos }: Companding): number {
  const mask = 2 ** BITS[law] - 1;
  const negative = (sample & (1 << (BITS[law] - 1))) !== 0;
  const magnitude = negative ? (twos ? -sample : ~sample) & mask : sample & mask;
  return law === "mu" ? compressMu(negative, magnitude) : compressA(negative, magnitude);
}

export function expand(code: number, { law, twos }: Companding): number {
  const negative = ((law === "mu" ? ~code : code) & SIGN) === (law === "mu" ? SIGN : 0);
  const magnitude = law === "mu" ? expandMu(~code) : expandA(code ^ A_INVERTED);
  const sample = negative ? (twos ? -magnitude : ~magnitude) : magnitude;
  return sample & (2 ** BITS[law] - 1);
}

const topBit = (value: number): number => 31 - Math.clz32(value);

function compressMu(negative: boolean, magnitude: number): number {
  const biased = Math.min(magnitude, MU_LARGEST) + BIAS;
  const segment = topBit(biased) - 5;
  const code = (segment << 4) | ((biased >>> (segment + 1)) & 15);
  return ~(code | (negative ? SIGN : 0)) & 0xff;
}

function expandMu(inverted: number): number {
  const segment = (inverted >>> 4) & 7;
  return ((2 * (inverted & 15) + BIAS) << segment) - BIAS;
}

function compressA(negative: boolean, magnitude: number): number {
  const largest = Math.min(magnitude, 4095);
  const segment = Math.max(0, topBit(largest | 1) - 4);
  const code = (segment << 4) | ((largest >>> Math.max(1, segment)) & 15);
  return (code | (negative ? 0 : SIGN)) ^ A_INVERTED;
}

function expandA(code: number): number {
  const segment = (code >>> 4) & 7;
  const mantissa = 2 * (code & 15) + 1;
  return segment === 0 ? mantissa : (mantissa + 32) << (segment - 1);
}

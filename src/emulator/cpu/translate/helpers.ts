/** Functions that translated code calls, WebAssembly as it is itself: they are compiled once. */

import { DWT_CYCCNT, SYST_CSR, SYST_CVR } from "../memory/outside-access.js";
import { Counter, Word } from "./state.js";
import { Body, F64, FloatOp, type FunctionSource, I32, I64, Op } from "./wasm.js";

/** Indices of the imported functions. */
export const UNALIGNED = 0;
export const FUSED = 1;

export const LOAD = { parameters: [I32, I32, I32], results: [I32] } as const;
export const STORE = { parameters: [I32, I32, I32, I32], results: [] } as const;

/**
 * Loads and stores of what translated code does not reach itself, in JavaScript: (address, cycles up to the limit,
 * record of the instruction) => value, and (address, value, cycles up to the limit, record). They leave in `Word.rem` how many cycles
 * there are up to the limit now, or `LEAVE` when nothing was done; and `Word.ahead`. By size; words are loaded by way of `loadWord`.
 */
export const OUTSIDE_LOAD = { 4: 2, 1: 3, 2: 4 } as const;
export const OUTSIDE_STORE = { 1: 5, 2: 6, 4: 7 } as const;

/** Leaves 1 when an unaligned access must not be made. @param entry local with that of the table: 0 means that nothing is there */
export function unalignedCheck(body: Body, state: number, address: number, entry: number): void {
  body.get(entry);
  body.op(Op.eqz);
  body.const(0);
  body.memory(Op.load, state + Word.strict * 4);
  body.op(Op.or);
  // Up to three bytes follow: they must lie in the same page.
  body.get(address);
  body.const(0xfff);
  body.op(Op.and);
  body.const(0xffc);
  body.op(Op.gtU, Op.or);
}

/** (address, entry of the table): 1 when the access must be left to the interpreter. */
export function unaligned(state: number): FunctionSource {
  const body = new Body();
  unalignedCheck(body, state, 0, 1);
  return { parameters: [I32, I32], results: [I32], locals: [], body };
}

/**
 * `LOAD` of a word: CYCCNT, SysTick's counter and its status, which programs read in loops, from `rem` where that tells them;
 * all else by the first function that its module imports.
 */
export function loadWord(state: number): FunctionSource {
  const [address, rem, record] = [0, 1, 2];
  const body = new Body();
  const load = (word: number): void => {
    body.const(0);
    body.memory(Op.load, state + word * 4);
  };
  const counter = (at: number, bit: number, reads: number, value: () => void): void => {
    body.get(address);
    body.const(at);
    body.op(Op.eq);
    load(Word.counters);
    body.const(bit);
    body.op(Op.and);
    body.const(0);
    body.op(Op.ne, Op.and);
    body.if();
    value();
    body.const(0);
    load(reads);
    body.const(1);
    body.op(Op.add);
    body.memory(Op.store, state + reads * 4);
    for (const word of [Word.rem, Word.ahead]) {
      body.const(0);
      body.get(rem);
      body.memory(Op.store, state + word * 4);
    }
  };
  const result = 3;
  counter(DWT_CYCCNT, Counter.cycles, Word.cycleReads, () => {
    load(Word.cycleSum);
    body.get(rem);
    body.op(Op.sub);
    body.set(result);
  });
  body.get(result);
  body.op(Op.return);
  body.end();
  const beyond = body.block();
  counter(SYST_CVR, Counter.ticks, Word.tickReads, () => {
    load(Word.tickDifference);
    body.get(rem);
    body.op(Op.add);
    body.tee(result);
    body.const(0);
    body.op(Op.ltS);
    body.brIf(beyond);
  });
  body.get(result);
  body.op(Op.return);
  body.end();
  body.end();
  const changed = body.block();
  counter(SYST_CSR, Counter.status, Word.tickReads, () => {
    body.get(rem);
    load(Word.statusUntil);
    body.op(Op.leS);
    body.brIf(changed);
  });
  load(Word.status);
  body.op(Op.return);
  body.end();
  body.end();
  body.get(address);
  body.get(rem);
  body.get(record);
  body.call(0);
  return { ...LOAD, locals: [{ count: 1, type: I32 }], body };
}

const add = FloatOp.add[1];
const sub = FloatOp.sub[1];
const mul = FloatOp.mul[1];

/** Factors and sums beyond these may overflow, or lose a product's error, on the way (float-exact.ts). */
const LARGE = 2 ** 490;
const LARGE_SUM = 2 ** 980;
const SMALL = 2 ** -900;
/** Splits a double into two halves of 26 bits (Veltkamp). */
const SPLITTER = 2 ** 27 + 1;

/** Locals of `fused`. */
const F = {
  a: 0,
  b: 1,
  c: 2,
  product: 3,
  low: 4,
  th: 5,
  tl: 6,
  vh: 7,
  vl: 8,
  x: 9,
  y: 10,
  z: 11,
  odd: 12,
} as const;

/** Writes double precision with values in locals. */
class Doubles {
  readonly body = new Body();

  /** to = left operation right */
  set(to: number, left: number, operation: number, right: number): void {
    this.body.get(left);
    this.body.get(right);
    this.body.op(operation);
    this.body.set(to);
  }

  /** to = what left + right lost when it was rounded to `sum` (Knuth); x and y are used. */
  sumError(to: number, left: number, right: number, sum: number): void {
    this.set(F.x, sum, sub, left);
    this.set(F.y, sum, sub, F.x);
    this.set(F.y, left, sub, F.y);
    this.set(F.x, right, sub, F.x);
    this.set(to, F.y, add, F.x);
  }

  /** The upper half of a value's digits to `high`, the lower one to `low`. */
  split(value: number, high: number, low: number): void {
    this.body.get(value);
    this.body.floatConst(1, SPLITTER);
    this.body.op(mul);
    this.body.set(low);
    this.set(high, low, sub, value);
    this.set(high, low, sub, high);
    this.set(low, value, sub, high);
  }

  /** to -= left * right */
  reduce(to: number, left: number, right: number): void {
    this.body.get(to);
    this.body.get(left);
    this.body.get(right);
    this.body.op(mul, sub);
    this.body.set(to);
  }

  /** Leaves whether a magnitude is below a limit, which a NaN is not. */
  isBelow(value: number, limit: number): void {
    this.body.get(value);
    this.body.op(FloatOp.abs[1]);
    this.body.floatConst(1, limit);
    this.body.op(FloatOp.lt[1]);
  }

  /** Ends with a NaN unless what `condition` leaves is true. */
  demand(condition: () => void): void {
    condition();
    this.body.op(Op.eqz);
    this.body.if();
    this.body.floatConst(1, Number.NaN);
    this.body.op(Op.return);
    this.body.end();
  }
}

/**
 * (a, b, c): a * b + c in double precision with one rounding to nearest, or a NaN where this way does not work (after Boldo
 * and Melquiond: the sum of the parts that were lost is rounded to odd).
 */
export function fused(): FunctionSource {
  const to = new Doubles();
  const { body } = to;
  to.set(F.product, F.a, mul, F.b);
  // A factor of zero: nothing is lost, and the sum of it is exact.
  for (const factor of [F.a, F.b]) {
    body.get(factor);
    body.floatConst(1, 0);
    body.op(FloatOp.eq[1]);
  }
  body.op(Op.or);
  body.if();
  body.get(F.product);
  body.get(F.c);
  body.op(add, Op.return);
  body.end();
  to.demand(() => {
    to.isBelow(F.a, LARGE);
    to.isBelow(F.b, LARGE);
    body.op(Op.and);
    to.isBelow(F.c, LARGE_SUM);
    body.op(Op.and);
    to.isBelow(F.product, SMALL);
    body.op(Op.eqz, Op.and);
  });
  productError(to);
  to.set(F.th, F.c, add, F.low);
  to.sumError(F.tl, F.c, F.low, F.th);
  to.set(F.vh, F.product, add, F.th);
  to.sumError(F.vl, F.product, F.th, F.vh);
  oddSum(to);
  to.set(F.z, F.vh, add, F.z);
  to.demand(() => {
    to.isBelow(F.z, SMALL);
    body.op(Op.eqz);
  });
  body.get(F.z);
  const locals = [
    { count: F.odd - F.product, type: F64 },
    { count: 1, type: I64 },
  ];
  return { parameters: [F64, F64, F64], results: [F64], locals, body };
}

/** low = a * b - product (Dekker). */
function productError(to: Doubles): void {
  const [aHigh, aLow, bHigh, bLow] = [F.th, F.tl, F.vh, F.vl];
  to.split(F.a, aHigh, aLow);
  to.split(F.b, bHigh, bLow);
  to.set(F.low, aLow, mul, bLow);
  to.body.get(F.product);
  to.body.set(F.x);
  to.reduce(F.x, aHigh, bHigh);
  to.reduce(F.x, aLow, bHigh);
  to.reduce(F.x, aHigh, bLow);
  to.set(F.low, F.low, sub, F.x);
}

/** z = tl + vl rounded to odd: what was cut off shows in the last bit. */
function oddSum(to: Doubles): void {
  const { body } = to;
  to.set(F.z, F.tl, add, F.vl);
  to.sumError(F.y, F.tl, F.vl, F.z);
  body.get(F.z);
  body.op(FloatOp.bits[1]);
  body.tee(F.odd);
  body.longConst(1);
  body.op(Op.longAnd, Op.wrap);
  body.get(F.y);
  body.floatConst(1, 0);
  body.op(FloatOp.eq[1], Op.or, Op.eqz);
  body.if();
  // One place further from zero, or back when the magnitude was rounded up.
  body.get(F.odd);
  body.longConst(1);
  body.longConst(-1);
  for (const value of [F.y, F.z]) {
    body.get(value);
    body.floatConst(1, 0);
    body.op(FloatOp.gt[1]);
  }
  body.op(Op.eq, Op.select, Op.longAdd);
  body.op(FloatOp.ofBits[1]);
  body.set(F.z);
  body.end();
}

/**
 * Floating-point registers in the locals of a translated function. Each D register of a region is either one local of 64 bits,
 * when double precision is computed with it, or two of 32 bits. Loads, stores and moves of locals keep the bits of a NaN.
 */

import { FloatLocal, Local, Word } from "./state.js";
import { type Body, FloatOp, Op } from "./wasm.js";

const WORD_BITS = 32;

export class FloatRegisters {
  readonly #body: Body;
  /** D registers that are one local. */
  readonly #doubles: ReadonlySet<number>;
  readonly #flushes: boolean;
  /** Locals in use that hold one word, by S number. */
  readonly #singlesUsed = new Set<number>();
  readonly #doublesUsed = new Set<number>();
  /** The function has floating-point instructions. */
  usesUnit = false;

  /** @param flushes the code looks after FPSCR.FZ */
  constructor(body: Body, doubles: ReadonlySet<number>, flushes: boolean) {
    this.#body = body;
    this.#doubles = doubles;
    this.#flushes = flushes;
  }

  /** Leaves the value of S or D register n. */
  get(double: 0 | 1, n: number): void {
    if (double === 1) this.#body.get(this.#double(n));
    else this.getSingle(n);
  }

  /** Takes it. */
  set(double: 0 | 1, n: number): void {
    if (double === 1) this.#body.set(this.#double(n));
    else this.setSingle(n);
  }

  getSingle(n: number): void {
    if (this.#isWord(n)) {
      this.#body.get(this.#single(n));
      return;
    }
    this.#half(n);
    this.#body.op(FloatOp.ofBits[0]);
  }

  setSingle(n: number): void {
    if (this.#isWord(n)) {
      this.#body.set(this.#single(n));
      return;
    }
    this.#body.op(FloatOp.bits[0]);
    this.#setHalf(n);
  }

  /** Leaves the bits of S register n as an integer. */
  getWord(n: number): void {
    if (!this.#isWord(n)) {
      this.#half(n);
      return;
    }
    this.#body.get(this.#single(n));
    this.#body.op(FloatOp.bits[0]);
  }

  setWord(n: number): void {
    if (!this.#isWord(n)) {
      this.#setHalf(n);
      return;
    }
    this.#body.op(FloatOp.ofBits[0]);
    this.#body.set(this.#single(n));
  }

  /** Do S registers n and n + 1 lie in one local, that of D register n / 2? */
  isPair(n: number): boolean {
    return (n & 1) === 0 && this.#doubles.has(n >>> 1);
  }

  /** From the core's state, at the beginning of a function. @param body of the beginning */
  load(body: Body, state: number): void {
    if (!this.usesUnit) return;
    for (const [local, word] of [
      [Local.float, this.#flushes ? Word.float : Word.unflushed],
      [Local.order, Word.order],
    ] as const) {
      body.const(0);
      body.memory(Op.load, state + word * 4);
      body.set(local);
    }
    for (const n of this.#singlesUsed) {
      body.const(0);
      body.memory(FloatOp.load[0], state + (Word.s0 + n) * 4);
      body.set(FloatLocal.s0 + n);
    }
    for (const n of this.#doublesUsed) {
      body.const(0);
      body.memory(FloatOp.load[1], state + (Word.s0 + n * 2) * 4);
      body.set(FloatLocal.d0 + n);
    }
  }

  /** Back into it. */
  store(body: Body, state: number): void {
    if (!this.usesUnit) return;
    body.const(0);
    body.get(Local.order);
    body.memory(Op.store, state + Word.order * 4);
    for (const n of this.#singlesUsed) {
      body.const(0);
      body.get(FloatLocal.s0 + n);
      body.memory(FloatOp.store[0], state + (Word.s0 + n) * 4);
    }
    for (const n of this.#doublesUsed) {
      body.const(0);
      body.get(FloatLocal.d0 + n);
      body.memory(FloatOp.store[1], state + (Word.s0 + n * 2) * 4);
    }
  }

  #isWord(n: number): boolean {
    return !this.#doubles.has(n >>> 1);
  }

  #single(n: number): number {
    this.#singlesUsed.add(n);
    return FloatLocal.s0 + n;
  }

  #double(n: number): number {
    this.#doublesUsed.add(n);
    return FloatLocal.d0 + n;
  }

  /** Leaves one word of a D register that is one local. */
  #half(n: number): void {
    const body = this.#body;
    body.get(this.#double(n >>> 1));
    body.op(FloatOp.bits[1]);
    if ((n & 1) === 1) {
      body.longConst(WORD_BITS);
      body.op(Op.longShrU);
    }
    body.op(Op.wrap);
  }

  #setHalf(n: number): void {
    const body = this.#body;
    const local = this.#double(n >>> 1);
    body.op(Op.longFromU);
    if ((n & 1) === 1) {
      body.longConst(WORD_BITS);
      body.op(Op.longShl);
      body.get(local);
      body.op(FloatOp.bits[1], Op.wrap, Op.longFromU);
    } else {
      body.get(local);
      body.op(FloatOp.bits[1]);
      body.longConst(WORD_BITS);
      body.op(Op.longShrU);
      body.longConst(WORD_BITS);
      body.op(Op.longShl);
    }
    body.op(Op.longOr, FloatOp.ofBits[1]);
    body.set(local);
  }
}

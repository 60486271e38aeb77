/** Floating-point registers of the interpreter's loop: in the core's state, where a field of the record says. */

import { FloatRegisters } from "../translate/float-registers.js";
import { FloatLocal, Word } from "../translate/state.js";
import { type Body, FloatOp, Op } from "../translate/wasm.js";
import { fieldAt, registersOn } from "./layout.js";
import { LoopLocal } from "./record-emit.js";

/** Locals for values on their way to a register. */
const VALUE = [FloatLocal.s0, FloatLocal.d0] as const;

export class RecordFloats extends FloatRegisters {
  readonly #body: Body;
  readonly #start: number;

  /** @param state where the core's state lies */
  constructor(body: Body, state: number) {
    super(body, new Set(), true);
    this.#body = body;
    this.#start = state + Word.s0 * 4;
  }

  override get(double: 0 | 1, n: number): void {
    this.#access(FloatOp.load[double], n);
  }

  override set(double: 0 | 1, n: number): void {
    this.#body.set(VALUE[double]);
    this.#access(FloatOp.store[double], n, () => this.#body.get(VALUE[double]));
  }

  override getSingle(n: number): void {
    this.get(0, n);
  }

  override setSingle(n: number): void {
    this.set(0, n);
  }

  override getWord(n: number): void {
    this.#access(Op.load, n);
  }

  override setWord(n: number): void {
    this.#body.set(LoopLocal.value);
    this.#access(Op.store, n, () => this.#body.get(LoopLocal.value));
  }

  override isPair(): boolean {
    return false;
  }

  #access(operation: number, n: number, value: () => void = () => {}): void {
    this.#body.get(LoopLocal.record);
    this.#body.memory(Op.load8U, fieldAt(n));
    value();
    this.#body.memory(operation, this.#start + registersOn(n) * 4);
  }
}

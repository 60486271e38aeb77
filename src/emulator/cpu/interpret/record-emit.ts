/** Writes the operations of the interpreter's loop with the emitters of the translator: operands come from the record. */

import { Emit } from "../translate/emit.js";
import { unalignedCheck } from "../translate/helpers.js";
import { Local, Word } from "../translate/state.js";
import { Op } from "../translate/wasm.js";
import { At, CODE_PAGE_SHIFT, Field, fieldAt, PC_SHIFT } from "./layout.js";

/** Locals of the loop, in the places of those that translated functions have for registers. */
export const LoopLocal = {
  /** Parameter: the record that executes. */
  record: Local.next,
  reads: Local.r0,
  writes: Local.r0 + 1,
  directory: Local.r0 + 2,
  operation: Local.r0 + 3,
  value: Local.r0 + 4,
  amount: Local.r0 + 5,
} as const;

/** Words of the core's state that are locals while they are used. */
const LOCALS = { ...Local, reads: LoopLocal.reads, writes: LoopLocal.writes, directory: LoopLocal.directory };
export type State = keyof typeof Word & keyof typeof LOCALS;

export class RecordEmit extends Emit {
  /** Makes locals what the core's state is. */
  load(...names: readonly State[]): void {
    for (const name of names) {
      this.body.const(0);
      this.body.memory(Op.load, this.places.state + Word[name] * 4);
      this.body.set(LOCALS[name]);
    }
  }

  /** The other way round. */
  store(...names: readonly State[]): void {
    for (const name of names) {
      this.body.const(0);
      this.body.get(LOCALS[name]);
      this.body.memory(Op.store, this.places.state + Word[name] * 4);
    }
  }

  override whenFlushing(write: () => void): void {
    const { body } = this;
    body.const(0);
    body.memory(Op.load, this.places.state + Word.flushes * 4);
    body.if();
    write();
    body.end();
  }

  override constant(_: unknown, field: "a" | "m" | "imm"): void {
    const { body } = this;
    this.#field(field === "imm" ? Op.load : Op.load8U, At[field]);
    if (field !== "m") return;
    body.const(2);
    body.op(Op.shrU);
  }

  override pc(): void {
    this.#field(Op.load, At.imm);
  }

  override link(): void {
    this.#field(Op.load, At.imm);
  }

  override get(n: number): void {
    if (n >= Field.shifted) this.#shifted(n === Field.shiftedCarry);
    else {
      this.register(n);
      this.body.memory(Op.load, this.places.state);
    }
  }

  override set(n: number): void {
    const { body } = this;
    body.set(LoopLocal.value);
    this.register(n);
    body.get(LoopLocal.value);
    body.memory(Op.store, this.places.state);
  }

  /** Leaves a register's byte offset. */
  register(n: number): void {
    if (n < Field.d) this.body.const(n * 4);
    else this.#field(Op.load8U, fieldAt(n));
  }

  /** Makes `t0` the record at `Local.pc`, and leaves 0 when its page has none. */
  lookUp(): void {
    const { body } = this;
    body.get(Local.pc);
    body.const(CODE_PAGE_SHIFT);
    body.op(Op.shrU);
    body.const(2);
    body.op(Op.shl);
    body.get(LoopLocal.directory);
    body.op(Op.add);
    body.memory(Op.load);
    body.tee(Local.t1);
    body.get(Local.pc);
    body.const((1 << CODE_PAGE_SHIFT) - 2);
    body.op(Op.and);
    body.const(PC_SHIFT);
    body.op(Op.shl, Op.add);
    body.set(Local.t0);
    body.get(Local.t1);
  }

  /** Goes on with the next instruction. @param field that holds its record */
  next(field: "next" | "imm" = "next"): void {
    this.#field(Op.load, At[field]);
    this.body.set(LoopLocal.record);
  }

  override mayLeave(): void {}

  /** The loop has all flags in its locals. */
  protected override unchangedFlag(): void {}

  protected override entry(write: boolean): void {
    const { body } = this;
    body.get(write ? LoopLocal.writes : LoopLocal.reads);
    body.op(Op.add);
    body.memory(Op.load);
  }

  protected override unaligned(): void {
    unalignedCheck(this.body, this.places.state, Local.address, Local.distance);
  }

  #field(operation: number, at: number): void {
    this.body.get(LoopLocal.record);
    this.body.memory(operation, at);
  }

  /** Leaves Rm shifted as the record says: LSL, LSR, ASR or ROR (operand.ts), whose number is in `imm`. */
  #shifted(carry: boolean): void {
    const { body } = this;
    this.get(Field.m);
    body.set(LoopLocal.value);
    this.#field(Op.load8U, At.a);
    body.set(LoopLocal.amount);
    if (carry) this.#shifterCarry();
    const shift = (operation: number): void => {
      body.get(LoopLocal.value);
      body.get(LoopLocal.amount);
      body.op(operation);
    };
    this.#choose(4, () => shift(Op.shl));
    this.#choose(5, () => {
      shift(Op.shrU);
      body.const(0);
      body.get(LoopLocal.amount);
      body.const(32);
      body.op(Op.ltU, Op.select);
    });
    this.#choose(6, () => {
      body.get(LoopLocal.value);
      body.get(LoopLocal.amount);
      body.const(31);
      body.get(LoopLocal.amount);
      body.const(32);
      body.op(Op.ltU, Op.select, Op.shrS);
    });
    shift(Op.rotr);
    for (let n = 0; n < 3; n++) body.end();
  }

  #choose(kind: number, value: () => void): void {
    const { body } = this;
    this.#field(Op.load, At.imm);
    body.const(kind);
    body.op(Op.eq);
    body.ifValue();
    value();
    body.else();
  }

  #shifterCarry(): void {
    const { body } = this;
    body.get(LoopLocal.value);
    body.const(32);
    body.get(LoopLocal.amount);
    body.op(Op.sub);
    body.get(LoopLocal.amount);
    body.const(1);
    body.op(Op.sub);
    this.#field(Op.load, At.imm);
    body.const(4);
    body.op(Op.eq, Op.select, Op.shrU);
    body.const(1);
    body.op(Op.and);
    this.setCarry();
  }
}

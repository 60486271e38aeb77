/**
 * A predecoded instruction.
 *
 * There is exactly one `Insn` for an address, IT state and access view, and it never moves: when code changes,
 * its `execute` is set back to the decoder. Links between instructions (`next`, `target`) therefore stay valid for
 * ever, and straight-line code and direct branches run without looking anything up.
 */

import type { CortexM7 } from "../core.js";
import type { Leader } from "../translate/translator.js";

/** Runs one instruction and returns the one to run after it. */
export type Execute = (cpu: CortexM7, insn: Insn) => Insn;

export class Insn {
  /** Address as a signed 32-bit integer. */
  readonly pc: number;
  /** ITSTATE in which it executes; 0 outside an IT block. */
  readonly it: number;
  execute: Execute;
  /** What an IT block's condition guards. */
  guarded: Execute;
  /** What runs once r15 holds the value that the instruction reads. */
  inner: Execute;
  /** The instruction that follows in memory. */
  next: Insn;
  /** Where a direct branch goes. */
  target: Insn;
  /** The same address under another ITSTATE. */
  variant: Insn | undefined;
  /** First halfword, or first << 16 | second. */
  opcode = 0;
  /** Bytes: 2 or 4. */
  size = 2;
  d = 0;
  n = 0;
  m = 0;
  a = 0;
  imm = 0;
  /** Operand kind, see `Operand` in operand.ts. */
  kind = 0;
  cond = 14;
  /** Set where blocks begin, when there is a translator: `execute` may then count, or enter translated code. */
  leader: Leader | undefined = undefined;
  /** Place of what the interpreter's loop knows of it (interpret/records.ts); 0: nothing. */
  record = 0;

  constructor(pc: number, it: number, decode: Execute) {
    this.pc = pc | 0;
    this.it = it;
    this.execute = decode;
    this.guarded = decode;
    this.inner = decode;
    this.next = this;
    this.target = this;
    this.variant = undefined;
  }
}

/** ITAdvance() of the ARMv7-M manual. */
export function itAdvance(it: number): number {
  return (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
}

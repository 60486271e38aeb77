/** What the translation of single instructions is made of: registers, flags, checked memory accesses. */

import type { Insn } from "../decode/insn.js";
import { LEAVE } from "../memory/outside-access.js";
import { commonFlags, FlagEmit, type KnownFlags, NO_FLAGS } from "./emit-flags.js";
import { FloatRegisters } from "./float-registers.js";
import { OUTSIDE_LOAD, OUTSIDE_STORE, UNALIGNED } from "./helpers.js";
import { FloatLevel, Local, Order, Word } from "./state.js";
import { type Body, type Label, Op } from "./wasm.js";

/** What becomes of control where translated code is left. */
export interface Exit {
  /** Executes next, in the interpreter. */
  readonly insn: Insn;
  /** Cycles that were counted for what did not execute. */
  readonly uncounted: number;
  /** The limit is reached; else the instruction is one that only the interpreter executes. */
  readonly limit: boolean;
  /** The instruction accesses memory, at `Word.address` when it was left for that. */
  access: boolean;
  /** How often. */
  taken: number;
}

/** Addresses in linear memory that code has in it. */
export interface Places {
  readonly state: number;
  readonly reads: number;
  readonly writes: number;
  readonly hash: number;
}

/** The tables hold one less than what must be added to an address. */
const PLACE_OFFSET = 1;

/** What is known of memory. */
export interface MemoryFacts {
  /** Was the instruction seen to access memory unaligned? */
  readonly mayBeUnaligned: (insn: Insn) => boolean;
  /** Was it seen to access what translated code does not reach itself? */
  readonly mayBeOutside: (insn: Insn) => boolean;
  /** What code has in memory for itself, when nobody can change it unnoticed. */
  readonly literal: (address: number, length: number) => DataView | undefined;
}

export interface Target extends MemoryFacts {
  readonly body: Body;
  readonly places: Places;
  /** Leaves before an access at `Local.address`. */
  readonly slow: Label;
  /** Leaves for anything else. */
  readonly away: Label;
  readonly dynamic: Label;
  readonly exits: Exit[];
  /** FPSCR.FZ is looked after: it may be set. */
  readonly flushes: boolean;
  /** D registers that double precision is computed with. */
  readonly doubles: ReadonlySet<number>;
  /** Where floating-point registers are, if not in locals. */
  readonly float?: FloatRegisters;
}

/** What holds whichever way code was reached. */
export interface Known {
  readonly flags: KnownFlags;
  /** `Local.float` is at least this. */
  readonly floatLevel: number;
  /** `Local.order` is known. */
  readonly ordered: boolean;
}
export const NOTHING_KNOWN: Known = { flags: NO_FLAGS, floatLevel: FloatLevel.none, ordered: false };

/** What holds on both ways. */
export function common(one: Known, other: Known): Known {
  return {
    flags: commonFlags(one.flags, other.flags),
    floatLevel: Math.min(one.floatLevel, other.floatLevel),
    ordered: one.ordered && other.ordered,
  };
}

export class Emit extends FlagEmit {
  readonly body: Body;
  readonly places: Places;
  protected readonly target: Target;
  /** Registers that the function writes. */
  readonly written = new Set<number>();
  /** Registers that it uses in any way. */
  readonly used = new Set<number>();
  readonly float: FloatRegisters;
  /** Those of Q and GE that the function uses. */
  readonly sticky = new Set<"q" | "ge">();
  #insn: Insn | undefined;
  #uncounted = 0;
  /** Cycles of the longest way from behind the instruction to the next look at the limit. */
  #ahead = 0;
  #exit: Exit | undefined;
  /** Nothing looks at the flags that the instruction sets. */
  flagsDead = false;
  #known: Known = NOTHING_KNOWN;

  constructor(target: Target) {
    super();
    this.target = target;
    this.body = target.body;
    this.places = target.places;
    this.float = target.float ?? new FloatRegisters(target.body, target.doubles, target.flushes);
  }

  /**
   * @param uncounted cycles of the block that are already counted for this instruction and those behind it
   * @param ahead cycles of the longest way from behind it to the next look at the limit
   */
  begin(insn: Insn, uncounted: number, ahead = 0): void {
    this.#insn = insn;
    this.#uncounted = uncounted;
    this.#ahead = ahead;
    this.#exit = undefined;
  }

  /** What is known here. Where ways meet, and where code that was conditional ends, less is. */
  get known(): Known {
    return { ...this.#known, flags: this.knownFlags };
  }

  set known(known: Known) {
    this.#known = known;
    this.knownFlags = known.flags;
  }

  // Operands

  /** Leaves a number that the instruction has in it. */
  constant(insn: Insn, field: "a" | "m" | "imm"): void {
    this.body.const(insn[field]);
  }

  /** Leaves what the instruction reads as the PC. */
  pc(insn: Insn): void {
    this.body.const((insn.pc + 4) | 0);
  }

  /** Leaves the address behind the instruction, as the link register holds it. */
  link(insn: Insn): void {
    this.body.const(insn.next.pc | 1);
  }

  get(n: number): void {
    this.used.add(n);
    this.body.get(Local.r0 + n);
  }

  set(n: number): void {
    this.used.add(n);
    this.written.add(n);
    this.body.set(Local.r0 + n);
  }

  // Exits

  /** To be called before code that leaves on one of its ways. */
  mayLeave(): void {
    if (this.#exit !== undefined) return;
    const insn = this.#insn as Insn;
    this.body.setConst(Local.exit, this.target.exits.length);
    this.#exit = { insn, uncounted: this.#uncounted, limit: false, access: false, taken: 0 };
    this.target.exits.push(this.#exit);
  }

  /** The same before code that accesses memory. */
  protected mayFail(): void {
    this.mayLeave();
    if (this.#exit !== undefined) this.#exit.access = true;
  }

  /** Leaves to the interpreter before this instruction when the condition that `condition` computes is not 0. */
  slowIf(condition: () => void): void {
    this.mayLeave();
    condition();
    this.body.brIf(this.#exit?.access === true ? this.target.slow : this.target.away);
  }

  slow(): void {
    this.mayLeave();
    this.body.br(this.target.away);
  }

  /** Leaves to the address in `Local.pc`. */
  dynamic(): void {
    this.body.br(this.target.dynamic);
  }

  // Floating point

  /** Leaves when the unit is not ready for this instruction. */
  needFloat(level: number): void {
    this.float.usesUnit = true;
    if (this.#known.floatLevel >= level) return;
    this.slowIf(() => {
      this.body.get(Local.float);
      this.body.const(level);
      this.body.op(Op.ltS);
    });
    this.#known = { ...this.#known, floatLevel: level };
  }

  /** `write` writes what is needed only while FPSCR.FZ is set. */
  whenFlushing(write: () => void): void {
    if (this.target.flushes) write();
  }

  /** What a comparison found, from the stack. */
  setOrder(): void {
    this.body.set(Local.order);
    this.#known = { ...this.#known, ordered: true };
  }

  /** FPSCR's flags become those of the APSR. */
  orderFlags(): void {
    const { body } = this;
    if (!this.#known.ordered) {
      this.slowIf(() => {
        body.get(Local.order);
        body.const(Order.unknown);
        body.op(Op.eq);
      });
    }
    body.get(Local.order);
    body.set(Local.fa);
    body.setConst(Local.fb, Order.equal);
    this.arithmeticFlags("subtraction");
  }

  // Q and GE

  /** Q becomes 1 when the value on the stack is not 0, but 1. */
  stickQ(): void {
    this.sticky.add("q");
    this.body.get(Local.q);
    this.body.op(Op.or);
    this.body.set(Local.q);
  }

  getGe(): void {
    this.sticky.add("ge");
    this.body.get(Local.ge);
  }

  setGe(): void {
    this.sticky.add("ge");
    this.body.set(Local.ge);
  }

  // Memory

  /** What a load from a constant address finds, if it always finds the same. The address is a multiple of `align`. */
  literal(address: number, length: number, align: number): DataView | undefined {
    return (address & (align - 1)) === 0 ? this.target.literal(address, length) : undefined;
  }

  /**
   * Makes ready for an access at `Local.address`: afterwards `Local.address` plus `Local.distance` is its place. Leaves to the
   * interpreter when the page cannot be reached directly, or when the access is unaligned and may fault.
   */
  check(size: 1 | 2 | 4, write: boolean): void {
    const { body } = this;
    this.mayFail();
    this.#lookUp(write);
    if (size === 1) {
      body.op(Op.eqz);
      body.brIf(this.target.slow);
      return;
    }
    this.#alignedIn(size - 1);
    if (!this.target.mayBeUnaligned(this.#insn as Insn)) {
      body.brIf(this.target.slow);
      return;
    }
    body.if();
    this.unaligned();
    body.brIf(this.target.slow);
    body.end();
  }

  /**
   * A load or store at `Local.address`. @param access does it where `check` says that it can be done here, and all else that
   * the instruction does @param outside all else, when JavaScript did it: what was loaded is in `Local.t0`
   */
  accessOr(size: 1 | 2 | 4, store: (() => void) | undefined, access: () => void, outside: () => void): void {
    if (!this.target.mayBeOutside(this.#insn as Insn)) {
      this.check(size, store !== undefined);
      access();
      return;
    }
    const { body } = this;
    this.mayFail();
    this.#lookUp(store !== undefined);
    if (size === 1) body.op(Op.eqz);
    else this.#alignedIn(size - 1);
    body.if();
    this.#callOutside(size, store);
    outside();
    this.#checkLimit();
    body.else();
    access();
    body.end();
  }

  #callOutside(size: 1 | 2 | 4, store: (() => void) | undefined): void {
    const { body } = this;
    const counted = this.#uncounted - 1;
    body.get(Local.address);
    store?.();
    body.get(Local.rem);
    body.const(counted);
    body.op(Op.add);
    body.const((this.#insn as Insn).record);
    body.call(store === undefined ? OUTSIDE_LOAD[size] : OUTSIDE_STORE[size]);
    if (store === undefined) body.set(Local.t0);
    body.const(0);
    body.memory(Op.load, this.places.state + Word.rem * 4);
    body.tee(Local.t1);
    body.const(LEAVE);
    body.op(Op.eq);
    body.brIf(this.target.slow);
    body.get(Local.t1);
    body.const(counted);
    body.op(Op.sub);
    body.set(Local.rem);
  }

  /** Behind an instruction after which the limit may have come nearer. */
  #checkLimit(): void {
    const { body } = this;
    const { next } = this.#insn as Insn;
    body.setConst(Local.exit, this.target.exits.length);
    this.target.exits.push({
      insn: next,
      uncounted: this.#uncounted - 1,
      limit: true,
      access: false,
      taken: 0,
    });
    body.const(0);
    body.memory(Op.load, this.places.state + Word.ahead * 4);
    body.const(Math.max(this.#ahead, 1));
    body.op(Op.ltS);
    body.brIf(this.target.away);
  }

  /** Leaves 1 when an unaligned access must be left to the interpreter. */
  protected unaligned(): void {
    const { body } = this;
    body.get(Local.address);
    body.get(Local.distance);
    body.call(UNALIGNED);
  }

  /** With the table's entry on the stack: leaves 0 when it is there (its lowest bits are 1 then) and the address is aligned. */
  #alignedIn(mask: number): void {
    const { body } = this;
    body.const(-1);
    body.op(Op.xor);
    body.get(Local.address);
    body.op(Op.or);
    body.const(mask);
    body.op(Op.and);
  }

  /** The same for `words` words, which must be aligned and lie in one page. */
  checkWords(words: number, write: boolean): void {
    this.checkBytes(words > 1 ? () => this.body.const(words * 4) : undefined, write);
  }

  /** The same; `bytes` leaves how many, unless that is one word. */
  checkBytes(bytes: (() => void) | undefined, write: boolean): void {
    const { body } = this;
    this.mayFail();
    this.#lookUp(write);
    this.#alignedIn(3);
    body.brIf(this.target.slow);
    if (bytes === undefined) return;
    body.get(Local.address);
    body.const(0xfff);
    body.op(Op.and);
    body.const(0x1000);
    bytes();
    body.op(Op.sub, Op.gtU);
    body.brIf(this.target.slow);
  }

  /** Leaves the table's entry, 0 where there is none. */
  #lookUp(write: boolean): void {
    const { body } = this;
    body.get(Local.address);
    body.const(10);
    body.op(Op.shrU);
    body.const(~3);
    body.op(Op.and);
    this.entry(write);
    body.tee(Local.distance);
  }

  /** Leaves the entry of a table at the offset on the stack. */
  protected entry(write: boolean): void {
    const { places } = this;
    this.body.memory(Op.load, write ? places.writes : places.reads);
  }

  /** Leaves the place of the access that was checked, less `PLACE_OFFSET`. */
  place(): void {
    this.body.get(Local.address);
    this.body.get(Local.distance);
    this.body.op(Op.add);
  }

  /** The access itself, a load or store, to what `place` left, `offset` bytes further. */
  access(operation: number, offset = 0): void {
    this.body.memory(operation, offset + PLACE_OFFSET);
  }
}

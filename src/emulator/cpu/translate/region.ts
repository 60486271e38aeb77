/**
 * Chooses what is translated together: what executed already and can be reached from one instruction by direct branches,
 * calls and the returns from them, cut into blocks.
 */

import type { Execute, Insn } from "../decode/insn.js";
import { tbb, tbh } from "../execute/ops-branch.js";
import { inOrder } from "./block-order.js";
import { type Ending, type Translatable, translatable } from "./instructions.js";

export interface Step {
  readonly insn: Insn;
  readonly execute: Execute;
  readonly form: Translatable;
}

export interface Block {
  /** Number in the region (block-order.ts). */
  readonly index: number;
  readonly start: Insn;
  /** Instructions without the ending. */
  readonly steps: readonly Step[];
  readonly ending: (Step & { readonly ends: Ending }) | undefined;
  /** What executes behind the block when no branch is taken. */
  readonly next: Insn;
  /** Why the block ends without an ending: only the interpreter executes `next`. */
  readonly interpreterNext: boolean;
  /** Where a table branch leads, by index, when its table is constant. */
  readonly table: readonly Insn[] | undefined;
  /** May be entered from outside of the region, or by an address that is computed. */
  entry: boolean;
}

/** What lies behind a table branch. */
export interface BranchTable {
  /** By index. Those of the last ones may be no code at all. */
  readonly targets: readonly Insn[];
  /** The region is dropped when it changes. */
  readonly constant: boolean;
}

export interface Region {
  readonly blocks: readonly Block[];
  readonly blockAt: ReadonlyMap<Insn, Block>;
}

export interface Surroundings {
  /** What an instruction does once it is not counted or translated; undefined when it was never decoded. */
  readonly executeOf: (insn: Insn) => Execute | undefined;
  /** Did it execute so seldom that translating it does not pay? */
  readonly isCold: (insn: Insn) => boolean;
  /** Is it known to be reached by computed addresses? */
  readonly isDynamic: (insn: Insn) => boolean;
  /** Undefined where none is found. */
  readonly branchTable: (insn: Insn, halfwords: boolean) => BranchTable | undefined;
}

/** Instructions in a region: more make the JavaScript engine's compiler slow. */
const MAX_INSTRUCTIONS = 400;

/** What control goes to behind a block, whether it is in the region or not. @param calls does a call lead to what it calls? */
export function successorsOf({ ending, next, table }: Block, calls: boolean): Insn[] {
  const found = new Set(table);
  const target = ending?.ends.target;
  if (target !== undefined && (calls || ending?.ends.call !== true)) found.add(target);
  if (ending === undefined || ending.ends.continues || ending.form.guard !== undefined) found.add(next);
  return [...found];
}

export class RegionBuilder {
  readonly #around: Surroundings;
  readonly #steps = new Map<Insn, Step>();
  readonly #leaders = new Set<Insn>();
  readonly #entries = new Set<Insn>();
  readonly #tables = new Map<Insn, readonly Insn[]>();
  readonly #near: Insn[] = [];
  /** Looked at when nothing near is left. */
  readonly #far: Insn[] = [];

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Undefined when the first instruction cannot be translated. */
  build(entry: Insn): Region | undefined {
    this.#entry(entry);
    this.#near.push(entry);
    for (let from = this.#pop(); from !== undefined; from = this.#pop()) this.#walk(from);
    if (!this.#steps.has(entry)) return undefined;
    const starts = [...this.#leaders].filter((insn) => this.#steps.has(insn));
    starts.sort((a, b) => (a.pc >>> 0) - (b.pc >>> 0));
    const blocks = this.#ordered(
      starts.map((start, index) => this.#block(start, index)),
      entry,
    );
    this.#markLoops(blocks);
    return { blocks, blockAt: new Map(blocks.map((block) => [block.start, block])) };
  }

  #ordered(blocks: readonly Block[], entry: Insn): Block[] {
    const numbers = new Map(blocks.map(({ start, index }) => [start, index]));
    const number = (insn: Insn): number | readonly [] => numbers.get(insn) ?? [];
    // A call is taken as if it came back at once.
    const successors = blocks.map((block) => successorsOf(block, false).flatMap(number));
    const called = blocks.flatMap(({ ending }) =>
      ending?.ends.call === true && ending.ends.target !== undefined ? ending.ends.target : [],
    );
    const roots = [entry, ...called].flatMap(number);
    return inOrder(successors, roots).map((old, index) => ({ ...(blocks[old] as Block), index }));
  }

  #pop(): Insn | undefined {
    if (this.#steps.size >= MAX_INSTRUCTIONS) return undefined;
    return this.#near.pop() ?? this.#far.shift();
  }

  #entry(insn: Insn): void {
    this.#leaders.add(insn);
    this.#entries.add(insn);
  }

  #walk(from: Insn): void {
    if (this.#around.isCold(from)) return;
    this.#leaders.add(from);
    let insn = from;
    while (!this.#steps.has(insn)) {
      const execute = this.#around.executeOf(insn);
      if (execute === undefined) return;
      const form = translatable(insn, execute);
      if (form === undefined) return;
      if (this.#around.isDynamic(insn)) this.#entry(insn);
      this.#steps.set(insn, { insn, execute, form });
      if (form.ending !== undefined) {
        this.#follow(insn, form.guard === undefined ? execute : insn.guarded, form);
        return;
      }
      insn = insn.next;
    }
    // It runs into what is known already.
    if (insn !== from && insn.it === 0) this.#leaders.add(insn);
  }

  #follow(insn: Insn, execute: Execute, { guard, ending }: Translatable): void {
    if (ending === undefined) return;
    const { target, call } = ending;
    if (target !== undefined) {
      if (call) this.#entry(target);
      (call ? this.#far : this.#near).push(target);
    }
    if (execute === tbb || execute === tbh) {
      this.#followTable(insn, this.#around.branchTable(insn, execute === tbh));
    }
    if (!ending.continues && guard === undefined) return;
    if (call) this.#entry(insn.next);
    this.#near.push(insn.next);
  }

  #followTable(insn: Insn, table: BranchTable | undefined): void {
    if (table?.constant === true) this.#tables.set(insn, table.targets);
    for (const target of table?.targets ?? []) {
      if (table?.constant !== true) this.#entry(target);
      this.#near.push(target);
    }
  }

  #block(start: Insn, index: number): Block {
    const steps: Step[] = [];
    let ending: Block["ending"];
    let insn = start;
    do {
      const step = this.#steps.get(insn);
      if (step === undefined) break;
      insn = insn.next;
      if (step.form.ending !== undefined) {
        ending = { ...step, ends: step.form.ending };
        break;
      }
      steps.push(step);
    } while (!this.#leaders.has(insn));
    const interpreterNext = ending === undefined && !this.#steps.has(insn) && this.#isForInterpreter(insn);
    const table = ending && this.#tables.get(ending.insn);
    return {
      index,
      start,
      steps,
      ending,
      next: insn,
      interpreterNext,
      table,
      entry: this.#entries.has(start),
    };
  }

  #isForInterpreter(insn: Insn): boolean {
    if (insn.it !== 0) return true;
    const execute = this.#around.executeOf(insn);
    return execute !== undefined && translatable(insn, execute) === undefined;
  }

  /** Loops are entered again after each stop: at their heads. */
  #markLoops(blocks: readonly Block[]): void {
    const numbers = new Map(blocks.map((block) => [block.start, block]));
    for (const block of blocks) {
      for (const target of successorsOf(block, false)) {
        const head = numbers.get(target);
        if (head !== undefined && head.index <= block.index) head.entry = true;
      }
    }
  }
}

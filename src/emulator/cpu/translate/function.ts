/**
 * Writes a region as one WebAssembly function. Blocks stand in the order of block-order.ts; each loop of the program is a
 * loop, so that what circles in it stays in registers. A block that cannot be branched to from where one is, is reached by its
 * number: the outermost loop, and each inner one that is entered elsewhere than at its head, begin with a table of blocks.
 */

import { conditional } from "../decode/decode.js";
import type { Insn } from "../decode/insn.js";
import { ControlFlow, type Loop } from "./control-flow.js";
import { common, Emit, type Exit, type Known, type MemoryFacts, NOTHING_KNOWN, type Places } from "./emit.js";
import { doublesOf } from "./float-forms.js";
import { deadFlags } from "./instructions.js";
import type { Block, Region, Step } from "./region.js";
import {
  BLOCK_BITS,
  HASH_ENTRIES,
  HASH_PRESENT,
  HASH_SHIFT,
  Local,
  localsOf,
  UNCHANGED,
  Word,
} from "./state.js";
import { Body, type FunctionSource, I32, type Label, Op } from "./wasm.js";

export interface Translation {
  readonly source: FunctionSource;
  /** By the number that is left in `Word.exit`. */
  readonly exits: readonly Exit[];
}

/** What is open around the code that is being written: a loop, or the whole. */
interface Frame {
  readonly first: number;
  readonly last: number;
  /** Branching here begins the loop anew. */
  readonly again: Label;
  readonly dispatches: boolean;
  /** First and last block of each item: a block, or an inner loop. */
  readonly items: readonly Loop[];
  readonly labels: Label[];
  current: number;
}

/** No exit, but an address for which there is no translation. */
export const NO_EXIT = -1;

export class RegionFunction {
  readonly #region: Region;
  readonly #places: Places;
  /** Number of this function. */
  readonly #number: number;
  readonly #memory: MemoryFacts;
  readonly #flushes: boolean;
  readonly #body = new Body();
  readonly #exits: Exit[] = [];
  readonly #flow: ControlFlow;
  readonly #frames: Frame[] = [];
  /** By block: what is known at its end. */
  readonly #known: (Known | undefined)[] = [];
  #emit: Emit | undefined;
  /** Where code goes that leaves to the interpreter. */
  #away: Label = 0;

  /** @param flushes it looks after FPSCR.FZ */
  constructor(region: Region, places: Places, number: number, flushes: boolean, memory: MemoryFacts) {
    this.#memory = memory;
    this.#flushes = flushes;
    this.#region = region;
    this.#places = places;
    this.#number = number;
    this.#flow = new ControlFlow(region);
  }

  write(): Translation {
    const inner = this.#body;
    const leave = inner.block();
    const top = this.#flow.returns ? inner.loop() : inner.block();
    const dynamic = inner.block();
    this.#away = inner.block();
    const slow = inner.block();
    const emit = new Emit({
      body: inner,
      places: this.#places,
      slow,
      away: this.#away,
      dynamic,
      exits: this.#exits,
      ...this.#memory,
      flushes: this.#flushes,
      doubles: doublesIn(this.#region),
    });
    this.#emit = emit;
    const all = { first: 0, last: this.#region.blocks.length - 1 };
    this.#range(all, top, this.#flow.returns || this.#flow.needsDispatch(all));
    inner.op(Op.unreachable);
    inner.end();
    this.#storeLocals(inner, "address");
    inner.end();
    this.#storeExit();
    inner.br(leave);
    inner.end();
    this.#lookUp(top, leave);
    inner.end();
    inner.end();
    const body = new Body();
    this.#load(body, emit);
    body.append(inner);
    this.#store(body, emit);
    const locals = localsOf(emit.float.usesUnit);
    return { source: { parameters: [I32], results: [I32], locals, body }, exits: this.#exits };
  }

  #load(body: Body, { used, sticky, float }: Emit): void {
    const load = (local: number, word: number): void => {
      body.const(0);
      body.memory(Op.load, this.#places.state + word * 4);
      body.set(local);
    };
    for (const n of used) load(Local.r0 + n, n);
    for (const name of [...STATE_NAMES, ...sticky]) load(Local[name], Word[name]);
    float.load(body, this.#places.state);
    for (const kind of [Local.ck, Local.vk]) body.setConst(kind, UNCHANGED);
    body.setConst(Local.result, -1);
  }

  #storeWord(body: Body, word: number, value: () => void): void {
    body.const(0);
    value();
    body.memory(Op.store, this.#places.state + word * 4);
  }

  #storeLocals(body: Body, ...names: readonly (keyof typeof Word & keyof typeof Local)[]): void {
    for (const name of names) this.#storeWord(body, Word[name], () => body.get(Local[name]));
  }

  #store(body: Body, { written, sticky, float, setsFlags }: Emit): void {
    for (const n of written) this.#storeWord(body, n, () => body.get(Local.r0 + n));
    this.#storeLocals(body, ...STATE_NAMES, ...sticky);
    if (setsFlags) {
      for (const names of [
        ["ck", "fc"],
        ["vk", "fa", "fb"],
      ] as const) {
        body.get(Local[names[0]]);
        body.const(UNCHANGED);
        body.op(Op.ne);
        body.if();
        this.#storeLocals(body, ...names);
        body.end();
      }
    }
    float.store(body, this.#places.state);
    body.get(Local.result);
  }

  /** Which exit it is. */
  #storeExit(): void {
    this.#storeLocals(this.#body, "exit");
    this.#storeWord(this.#body, Word.fn, () => this.#body.const(this.#number));
  }

  /** A computed address: of this function, of another, or of none. */
  #lookUp(top: Label, leave: Label): void {
    const body = this.#body;
    body.get(Local.pc);
    body.get(Local.pc);
    body.const(HASH_SHIFT);
    body.op(Op.shrU, Op.xor);
    body.const((HASH_ENTRIES - 1) << 1);
    body.op(Op.and);
    body.const(2);
    body.op(Op.shl);
    body.tee(Local.t0);
    body.memory(Op.load, this.#places.hash);
    body.get(Local.pc);
    body.const(HASH_PRESENT);
    body.op(Op.or, Op.ne);
    body.if();
    this.#storeLocals(body, "pc");
    this.#storeWord(body, Word.exit, () => body.const(NO_EXIT));
    body.br(leave);
    body.end();
    body.get(Local.t0);
    body.memory(Op.load, this.#places.hash + 4);
    if (!this.#flow.returns) {
      body.set(Local.result);
      return;
    }
    body.tee(Local.t0);
    body.const(BLOCK_BITS);
    body.op(Op.shrU);
    body.const(this.#number);
    body.op(Op.eq);
    body.if();
    body.get(Local.t0);
    body.const((1 << BLOCK_BITS) - 1);
    body.op(Op.and);
    body.set(Local.next);
    body.br(top);
    body.end();
    body.get(Local.t0);
    body.set(Local.result);
  }

  /** The blocks of a loop, or all. */
  #range(range: Loop, again: Label, dispatches: boolean): void {
    const body = this.#body;
    const items = this.#flow.items(range);
    const labels: Label[] = [];
    for (let n = items.length - 1; n >= 0; n--) labels[n] = body.block();
    const frame: Frame = { ...range, again, dispatches, items, labels, current: -1 };
    this.#frames.push(frame);
    if (dispatches) this.#dispatch(frame);
    for (const [n, item] of items.entries()) {
      body.end();
      frame.current = n;
      if (item.first === item.last && !this.#flow.isLoop(item)) this.#block(this.#at(item.first));
      else this.#loop(item);
    }
    this.#frames.pop();
  }

  #at(index: number): Block {
    return this.#region.blocks[index] as Block;
  }

  #loop(loop: Loop): void {
    const again = this.#body.loop();
    this.#range(loop, again, this.#flow.needsDispatch(loop));
    this.#body.end();
  }

  /** Goes to the block `next`, or on to the head, which is what mostly happens. */
  #dispatch(frame: Frame): void {
    const body = this.#body;
    const { first, items, labels } = frame;
    const head = labels[0] as Label;
    const table: Label[] = [];
    for (const [n, item] of items.entries())
      for (let at = item.first; at <= item.last; at++) table.push(labels[n] as Label);
    body.get(Local.next);
    body.const(first);
    body.op(Op.ne);
    body.if();
    body.get(Local.next);
    body.const(first);
    body.op(Op.sub);
    body.brTable(table, head);
    body.end();
  }

  #block(block: Block): void {
    const emit = this.#emit as Emit;
    const { ending, steps } = block;
    emit.known = this.#knownAt(block);
    const count = steps.length + (ending === undefined ? 0 : 1);
    const always =
      ending !== undefined && ending.ends.condition === undefined && ending.form.guard === undefined;
    // A taken branch is one cycle more.
    const cycles = count + (always ? 1 : 0);
    if (this.#flow.looks(block)) this.#checkLimit(block);
    emit.body.get(Local.rem);
    emit.body.const(cycles);
    emit.body.op(Op.sub);
    emit.body.set(Local.rem);
    const dead = deadFlags(
      steps.map(({ insn }) => insn),
      steps.map(({ execute }) => execute),
    );
    const longest = this.#flow.longest[block.index] as number;
    for (const [n, step] of steps.entries()) {
      emit.begin(step.insn, cycles - n, longest - n - 1);
      this.#step(step, dead[n] === true);
    }
    this.#known[block.index] = emit.known;
    if (ending !== undefined) this.#ending(block, always ? 2 : 1);
    else if (block.interpreterNext) {
      emit.begin(block.next, 0);
      emit.slow();
    } else this.#goTo(block.next);
  }

  /** Near the limit the interpreter goes on: it stops at the right instruction. */
  #checkLimit({ start, index }: Block): void {
    const body = this.#body;
    body.setConst(Local.exit, this.#exits.length);
    this.#exits.push({ insn: start, uncounted: 0, limit: true, access: false, taken: 0 });
    body.get(Local.rem);
    body.const(this.#flow.longest[index] as number);
    body.op(Op.ltS);
    body.brIf(this.#away);
  }

  #step({ insn, form }: Step, flagsDead: boolean): void {
    const emit = this.#emit as Emit;
    emit.flagsDead = flagsDead;
    if (form.guard === undefined) {
      form.emit?.(emit, insn);
      return;
    }
    emit.condition(form.guard);
    this.#body.if();
    const { known } = emit;
    form.emit?.(emit, insn);
    this.#body.end();
    emit.known = common(known, emit.known);
  }

  /** What is known at the beginning of a block: what holds at the end of each that leads there, when all are written. */
  #knownAt({ entry, index }: Block): Known {
    if (entry) return NOTHING_KNOWN;
    const from = this.#flow.predecessors[index] ?? [];
    const known = from.map((one) => this.#known[one] ?? NOTHING_KNOWN);
    return known.length === 0 ? NOTHING_KNOWN : known.reduce(common);
  }

  #ending(block: Block, uncounted: number): void {
    const emit = this.#emit as Emit;
    const body = this.#body;
    const { insn, form, ends } = block.ending as NonNullable<Block["ending"]>;
    emit.begin(insn, uncounted);
    const conditional = ends.condition !== undefined || form.guard !== undefined;
    if (conditional) {
      if (form.guard !== undefined) emit.condition(form.guard);
      else ends.condition?.(emit);
      body.if();
    }
    if (block.table === undefined) ends.prepare?.(emit);
    if (conditional) {
      body.get(Local.rem);
      body.const(1);
      body.op(Op.sub);
      body.set(Local.rem);
    }
    if (block.table !== undefined) this.#switch(insn, block.table);
    else if (ends.target === undefined) emit.dynamic();
    else this.#goTo(ends.target);
    if (!conditional) return;
    body.end();
    this.#goTo(block.next);
  }

  /** A branch by a constant table; the interpreter goes on when it is longer. */
  #switch({ m }: Insn, table: NonNullable<Block["table"]>): void {
    const emit = this.#emit as Emit;
    const body = this.#body;
    emit.mayLeave();
    const targets = [...new Set(table)];
    const labels = new Map<Insn, Label>();
    for (const target of [...targets].reverse()) labels.set(target, body.block());
    emit.get(m);
    body.brTable(
      table.map((target) => labels.get(target) as Label),
      this.#away,
    );
    for (const target of targets) {
      body.end();
      this.#goTo(target);
    }
  }

  /** Control goes to `insn`. */
  #goTo(insn: Insn): void {
    const target = this.#region.blockAt.get(insn);
    if (target === undefined) this.#toAddress(insn);
    else this.#branch(target.index);
  }

  #toAddress(insn: Insn): void {
    this.#body.setConst(Local.pc, insn.pc);
    (this.#emit as Emit).dynamic();
  }

  #branch(target: number): void {
    const body = this.#body;
    for (let n = this.#frames.length - 1; n >= 0; n--) {
      const frame = this.#frames[n] as Frame;
      if (target < frame.first || target > frame.last) continue;
      if (target === frame.first && n > 0) {
        if (frame.dispatches) body.setConst(Local.next, target);
        body.br(frame.again);
        return;
      }
      const item = frame.items.findIndex(({ first, last }) => target >= first && target <= last);
      if (item > frame.current) {
        const into = frame.items[item] as Loop;
        if (this.#flow.isLoop(into)) body.setConst(Local.next, target);
        body.br(frame.labels[item] as Label);
        return;
      }
    }
    if (this.#flow.returns) {
      body.setConst(Local.next, target);
      body.br((this.#frames[0] as Frame).again);
    } else this.#toAddress(this.#at(target).start);
  }
}

function doublesIn({ blocks }: Region): ReadonlySet<number> {
  const steps = blocks.flatMap((block) => block.steps);
  return new Set(
    steps.flatMap(({ insn, execute }) => doublesOf(execute === conditional ? insn.guarded : execute, insn)),
  );
}

const STATE_NAMES = ["nz", "rem"] as const;

/** Writes the interpreter's loop: one WebAssembly function that goes from record to record. */

import { LEAVE } from "../memory/outside-access.js";
import { fused, LOAD, loadWord, unaligned } from "../translate/helpers.js";
import { Local, localsOf, Word } from "../translate/state.js";
import { Body, type FunctionSource, I32, type Label, Op } from "../translate/wasm.js";
import { At, COUNTED, Field, RECORD_BYTES } from "./layout.js";
import { FIRST_RARE, OPERATIONS, type Operation } from "./operations.js";
import { LoopLocal, RecordEmit } from "./record-emit.js";
import { RecordFloats } from "./record-floats.js";

/** Index of the rare function in the table that the loop imports. */
export const RARE = 0;
/**
 * The functions that the loop imports. `word` is `LOAD` (helpers.ts) for loads that change nothing but a register, by way of
 * `loadWord`. The others: (record, address, cycles up to the limit) => cycles up to the limit, negative when wait
 * states passed it. They execute a load or store of what the loop does not reach itself, such as a device; or return `LEAVE`.
 */
const SIGNATURE = { parameters: [I32, I32, I32], results: [I32] } as const;
export const OUTSIDE = {
  word: { index: 0, ...LOAD },
  load: { index: 1, ...SIGNATURE },
  store: { index: 2, ...SIGNATURE },
} as const;
const LOAD_WORD_INDEX = 3;
const KEPT = ["nz", "fa", "fb", "fc", "ck", "vk", "rem"] as const;
const TABLES = ["reads", "writes", "directory"] as const;

/** Behind the functions that emitters call (helpers.ts). */
export function rareFunctions(state: number): FunctionSource[] {
  return [unaligned(state), fused(), rareFunction(state)];
}

/**
 * (record) => record. Executes from a record on, up to the limit or to an instruction that JavaScript executes, and returns
 * its record; 0 when `Word.pc` holds an address whose page has no records. @param state where the core's state lies
 */
function loopFunction(state: number): FunctionSource {
  return new Loop(state).write();
}

/** It, behind what it calls. */
export function loopFunctions(state: number): FunctionSource[] {
  return [loadWord(state), loopFunction(state)];
}

/** (record) => 1 when its operation, one of those beside the loop, was executed; 0 when JavaScript must. */
function rareFunction(state: number): FunctionSource {
  const body = new Body();
  body.setConst(Local.result, 1);
  const done = body.block();
  const slow = body.block();
  const rare = OPERATIONS.slice(FIRST_RARE) as readonly Operation[];
  const labels: Label[] = [];
  for (let n = rare.length - 1; n >= 0; n--) labels[n] = body.block();
  body.get(LoopLocal.record);
  body.memory(Op.load16U, At.operation);
  body.const(COUNTED - 1);
  body.op(Op.and);
  body.const(FIRST_RARE);
  body.op(Op.sub);
  body.brTable(labels, slow);
  for (const one of rare) {
    body.end();
    one.write(emitFor(body, state, slow, slow));
    body.br(done);
  }
  body.end();
  body.setConst(Local.result, 0);
  body.end();
  body.get(Local.result);
  return { parameters: [I32], results: [I32], locals: localsOf(true), body };
}

function emitFor(body: Body, state: number, slow: Label, dynamic: Label): RecordEmit {
  return new RecordEmit({
    body,
    places: { state, reads: 0, writes: 0, hash: 0 },
    slow,
    away: slow,
    dynamic,
    exits: [],
    mayBeUnaligned: () => true,
    mayBeOutside: () => false,
    literal: () => undefined,
    doubles: new Set(),
    flushes: true,
    float: new RecordFloats(body, state),
  });
}

class Loop {
  readonly #body = new Body();
  readonly #state: number;
  #top: Label = 0;
  #slow: Label = 0;
  #word: Label = 0;
  #load: Label = 0;
  #store: Label = 0;
  #dynamic: Label = 0;
  #leave: Label = 0;

  constructor(state: number) {
    this.#state = state;
  }

  write(): FunctionSource {
    const body = this.#body;
    for (const name of KEPT) this.#read(Local[name], Word[name]);
    for (const name of TABLES) this.#read(LoopLocal[name], Word[name]);
    this.#leave = body.block();
    this.#top = body.loop();
    this.#dynamic = body.block();
    this.#slow = body.block();
    this.#load = body.block();
    this.#store = body.block();
    this.#word = body.block();
    this.#executes();
    body.end();
    this.#loadsWord();
    for (const { index } of [OUTSIDE.store, OUTSIDE.load]) {
      body.end();
      this.#accesses(index);
    }
    body.end();
    this.#spend(-1);
    body.br(this.#leave);
    body.end();
    this.#goToAddress();
    body.end();
    body.end();
    for (const name of [...KEPT, "pc"] as const) this.#write(Local[name], Word[name]);
    body.get(LoopLocal.record);
    return { parameters: [I32], results: [I32], locals: localsOf(true), body };
  }

  #read(local: number, word: number): void {
    this.#body.const(0);
    this.#body.memory(Op.load, this.#state + word * 4);
    this.#body.set(local);
  }

  #write(local: number, word: number): void {
    this.#body.const(0);
    this.#body.get(local);
    this.#body.memory(Op.store, this.#state + word * 4);
  }

  #spend(cycles: number): void {
    const body = this.#body;
    body.get(Local.rem);
    body.const(cycles);
    body.op(Op.sub);
    body.set(Local.rem);
  }

  #executes(): void {
    const body = this.#body;
    body.get(Local.rem);
    body.const(0);
    body.op(Op.leS);
    body.brIf(this.#leave);
    this.#spend(1);
    const labels: Label[] = [this.#slow];
    for (let number = FIRST_RARE; number > 0; number--) labels[number] = body.block();
    for (let number = FIRST_RARE + 1; number < OPERATIONS.length; number++)
      labels[number] = labels[FIRST_RARE] as Label;
    const counted = body.block();
    body.get(LoopLocal.record);
    body.memory(Op.load16U, At.operation);
    body.tee(LoopLocal.operation);
    body.brTable(labels, counted);
    body.end();
    this.#counts(labels);
    for (const one of OPERATIONS.slice(1, FIRST_RARE) as readonly Operation[]) {
      body.end();
      this.#operation(one);
    }
    body.end();
    body.get(LoopLocal.record);
    body.const(RARE);
    body.callIndirect(0);
    body.op(Op.eqz);
    body.brIf(this.#slow);
    this.#emit(this.#slow).next();
    body.br(this.#top);
  }

  /** Has a word loaded elsewhere into a register. */
  #loadsWord(): void {
    const body = this.#body;
    const e = this.#emit(this.#slow);
    body.get(Local.address);
    body.get(Local.rem);
    body.get(LoopLocal.record);
    body.call(LOAD_WORD_INDEX);
    body.set(Local.t1);
    this.#read(Local.t0, Word.rem);
    body.get(Local.t0);
    body.const(LEAVE);
    body.op(Op.eq);
    body.brIf(this.#slow);
    body.get(Local.t0);
    body.set(Local.rem);
    body.get(Local.t1);
    e.set(Field.d);
    e.next();
    body.br(this.#top);
  }

  /** Has a load or store executed elsewhere. */
  #accesses(by: number): void {
    const body = this.#body;
    body.get(LoopLocal.record);
    body.get(Local.address);
    body.get(Local.rem);
    body.call(by);
    body.tee(Local.t0);
    body.const(LEAVE);
    body.op(Op.eq);
    body.brIf(this.#slow);
    body.get(Local.t0);
    body.set(Local.rem);
    this.#emit(this.#slow).next();
    body.br(this.#top);
  }

  /** An instruction that may begin a block so many times before it is translated. */
  #counts(labels: readonly Label[]): void {
    const body = this.#body;
    body.get(LoopLocal.record);
    body.memory(Op.load16U, At.heat);
    body.op(Op.eqz);
    body.brIf(this.#slow);
    body.get(LoopLocal.record);
    body.get(LoopLocal.record);
    body.memory(Op.load16U, At.heat);
    body.const(1);
    body.op(Op.sub);
    body.memory(Op.store16, At.heat);
    body.get(LoopLocal.operation);
    body.const(COUNTED - 1);
    body.op(Op.and);
    body.brTable(labels, this.#slow);
  }

  #emit(slow: Label): RecordEmit {
    return emitFor(this.#body, this.#state, slow, this.#dynamic);
  }

  #operation(one: Operation): void {
    const body = this.#body;
    const outside = { word: this.#word, load: this.#load, store: this.#store, none: this.#slow };
    const e = this.#emit(outside[one.accesses]);
    one.write(e);
    switch (one.control) {
      case "dynamic":
        body.br(this.#dynamic);
        return;
      case "conditional":
        body.if();
        this.#spend(1);
        e.next("imm");
        body.br(this.#top);
        body.end();
        break;
      case "guard":
        body.if();
        this.#spend(-1);
        body.get(LoopLocal.record);
        body.const(RECORD_BYTES);
        body.op(Op.add);
        body.set(LoopLocal.record);
        body.br(this.#top);
        body.end();
        break;
      case "branch":
        this.#spend(1);
        break;
      default:
    }
    e.next();
    body.br(this.#top);
  }

  /** A branch to the address in `Local.pc`. */
  #goToAddress(): void {
    const body = this.#body;
    this.#spend(1);
    this.#emit(this.#slow).lookUp();
    body.if();
    body.get(Local.t0);
    body.set(LoopLocal.record);
    body.br(this.#top);
    body.end();
    body.setConst(LoopLocal.record, 0);
  }
}

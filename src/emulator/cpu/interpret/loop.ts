/** Writes the interpreter's loop: one WebAssembly function that goes from record to record. */

import { Local, localsOf, Word } from "../translate/state.js";
import { Body, type FunctionSource, I32, type Label, Op } from "../translate/wasm.js";
import { At, COUNTED, RECORD_BYTES } from "./layout.js";
import { OPERATIONS, type Operation } from "./operations.js";
import { LoopLocal, RecordEmit } from "./record-emit.js";

const KEPT = ["nz", "fa", "fb", "fc", "ck", "vk", "rem"] as const;
const TABLES = ["reads", "writes", "directory"] as const;

/**
 * (record) => record. Executes from a record on, up to the limit or to an instruction that JavaScript executes, and returns
 * its record; 0 when `Word.pc` holds an address whose page has no records. @param state where the core's state lies
 */
export function loopFunction(state: number): FunctionSource {
  return new Loop(state).write();
}

class Loop {
  readonly #body = new Body();
  readonly #state: number;
  #top: Label = 0;
  #slow: Label = 0;
  #dynamic: Label = 0;
  #leave: Label = 0;

  constructor(state: number) {
    this.#state = state;
  }

  write(): FunctionSource {
    const body = this.#body;
    for (const name of KEPT) this.#load(Local[name], Word[name]);
    for (const name of TABLES) this.#load(LoopLocal[name], Word[name]);
    this.#leave = body.block();
    this.#top = body.loop();
    this.#dynamic = body.block();
    this.#slow = body.block();
    this.#executes();
    body.end();
    this.#spend(-1);
    body.br(this.#leave);
    body.end();
    this.#goToAddress();
    body.end();
    body.end();
    for (const name of [...KEPT, "pc"] as const) this.#store(Local[name], Word[name]);
    body.get(LoopLocal.record);
    return { parameters: [I32], results: [I32], locals: localsOf(false), body };
  }

  #load(local: number, word: number): void {
    this.#body.const(0);
    this.#body.memory(Op.load, this.#state + word * 4);
    this.#body.set(local);
  }

  #store(local: number, word: number): void {
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
    for (let number = OPERATIONS.length - 1; number > 0; number--) labels[number] = body.block();
    const counted = body.block();
    body.get(LoopLocal.record);
    body.memory(Op.load16U, At.operation);
    body.tee(LoopLocal.operation);
    body.brTable(labels, counted);
    body.end();
    this.#counts(labels);
    for (const one of OPERATIONS) {
      if (one === undefined) continue;
      body.end();
      this.#operation(one);
    }
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

  #emit(): RecordEmit {
    return new RecordEmit({
      body: this.#body,
      places: { state: this.#state, reads: 0, writes: 0, hash: 0 },
      slow: this.#slow,
      dynamic: this.#dynamic,
      exits: [],
      mayBeUnaligned: () => true,
      doubles: new Set(),
    });
  }

  #operation(one: Operation): void {
    const body = this.#body;
    const e = this.#emit();
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
    this.#emit().lookUp();
    body.if();
    body.get(Local.t0);
    body.set(LoopLocal.record);
    body.br(this.#top);
    body.end();
    body.setConst(LoopLocal.record, 0);
  }
}

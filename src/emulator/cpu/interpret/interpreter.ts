/** Runs the interpreter's loop (loop.ts): the core's state goes there and comes back. */

import {
  type FunctionTable,
  type LinearMemory,
  type WebAssemblyApi,
  webAssembly,
} from "../../web-assembly.js";
import type { CortexM7 } from "../core.js";
import type { Insn } from "../decode/insn.js";
import { type AccessView, PAGE_SHIFT } from "../memory/view.js";
import { giveFlags, giveFloat, takeFlags, takeFloat } from "../translate/flags.js";
import { FloatLevel, STATE_BYTES, Word } from "../translate/state.js";
import { plainOf } from "../translate/translator.js";
import { type FunctionSource, moduleOf, type Signature } from "../translate/wasm.js";
import { ACCESS, LEAVE, loopFunction, RARE, rareFunctions } from "./loop.js";
import type { Records } from "./records.js";

/** Pages that a memory of WebAssembly has at most. */
const MOST_PAGES = 65536;
/** Modules by where the core's state lies: the same for all boards of a kind. */
const loops = new Map<number, object>();
const rares = new Map<number, object>();

/**
 * Pages of the private peripheral bus, 0xE0000000 to 0xE00FFFFF. What is there may change what the loop has of the core (DDI
 * 0403E, B3.1), but for the cycle counter's page, which programs read in loops.
 */
const PRIVATE = { first: 0xe0000, last: 0xe00ff, harmless: 0xe0001 } as const;

type Run = (record: number) => number;

export class Interpreter {
  readonly #cpu: CortexM7;
  readonly #records: Records;
  readonly #state: Int32Array;
  readonly #api: WebAssemblyApi;
  readonly #imports: { readonly m: LinearMemory; readonly t: FunctionTable; readonly 0: unknown };
  /** Made when it is first needed. */
  #run: Run | undefined;
  #view: AccessView | undefined;
  /** The timeline's, as the loop has it. */
  #limit = 0;
  /** What an access of the loop threw. */
  #thrown: { readonly error: unknown } | undefined;
  /** Cycles that passed in the loop. */
  cycles = 0;

  /** Undefined where the core's own memory does not lie in `GuestMemory`. */
  static make(cpu: CortexM7, records: Records): Interpreter | undefined {
    const { linear } = cpu.bus.memory;
    const own = [cpu.r, ...cpu.mem.views.flatMap((one) => [one.reads, one.writes, one.directory])];
    if (webAssembly === undefined || linear === undefined) return undefined;
    if (!own.every((one) => one?.buffer === linear.buffer)) return undefined;
    return new Interpreter(cpu, records, webAssembly, linear);
  }

  private constructor(cpu: CortexM7, records: Records, api: WebAssemblyApi, memory: LinearMemory) {
    this.#cpu = cpu;
    this.#records = records;
    this.#state = new Int32Array(cpu.r.buffer, cpu.r.byteOffset, STATE_BYTES / 4);
    this.#api = api;
    this.#imports = {
      m: memory,
      t: new api.Table({ element: "anyfunc", initial: RARE + 1 }),
      0: (record: number, address: number, rem: number) => this.#access(record, address, rem),
    };
    records.onRare = () => this.#addRare();
  }

  #addRare(): void {
    this.#records.onRare = () => {};
    this.#imports.t.set(
      RARE,
      this.#instantiate(rares, [], (state) => rareFunctions(state)),
    );
  }

  #instantiate(
    modules: Map<number, object>,
    imported: readonly Signature[],
    functions: (state: number) => FunctionSource[],
  ): unknown {
    const state = this.#state.byteOffset;
    let module = modules.get(state);
    if (module === undefined) {
      const imports = { memory: [1, MOST_PAGES], table: true, functions: imported } as const;
      module = new this.#api.Module(moduleOf(functions(state), imports));
      modules.set(state, module);
    }
    // The last one is what the others are called by.
    return Object.values(new this.#api.Instance(module, { e: this.#imports }).exports).at(-1);
  }

  /** Executes up to the limit, or to an instruction that JavaScript executes. Returns what executes next. */
  run(insn: Insn): Insn {
    const cpu = this.#cpu;
    const { timeline } = cpu;
    const state = this.#state;
    if (!giveFlags(cpu, state)) return insn;
    const { view } = cpu.mem;
    if (view !== this.#view) this.#select(view);
    const began = timeline.cycles;
    this.#limit = timeline.cycleLimit;
    state[Word.rem] = this.#limit - began;
    const { fpu } = cpu;
    if (fpu.ready) giveFloat(fpu, state);
    else state[Word.float] = FloatLevel.none;
    this.#run ??= this.#instantiate(loops, [ACCESS], (at) => [loopFunction(at)]) as Run;
    const record = this.#run(insn.record);
    takeFlags(cpu, state);
    if (fpu.ready) takeFloat(fpu, state);
    const thrown = this.#thrown;
    if (thrown === undefined) timeline.cycles = this.#limit - (state[Word.rem] as number);
    this.cycles += timeline.cycles - began;
    if (thrown !== undefined) {
      this.#thrown = undefined;
      throw thrown.error;
    }
    return record === 0 ? view.lookup(state[Word.pc] as number) : this.#records.insnAt(record);
  }

  /** What the loop imports (loop.ts). */
  #access(record: number, address: number, rem: number): number {
    const page = address >>> PAGE_SHIFT;
    if (page >= PRIVATE.first && page <= PRIVATE.last && page !== PRIVATE.harmless) return LEAVE;
    const cpu = this.#cpu;
    const { timeline } = cpu;
    timeline.cycles = this.#limit - rem;
    const insn = this.#records.insnAt(record);
    cpu.at = insn;
    // The condition of an instruction in an IT block has passed already.
    const execute = record === insn.record ? plainOf(insn) : insn.guarded;
    try {
      execute(cpu, insn);
    } catch (error) {
      this.#thrown = { error };
      return LEAVE;
    }
    this.#limit = timeline.cycleLimit;
    return this.#limit - timeline.cycles;
  }

  #select(view: AccessView): void {
    const state = this.#state;
    this.#view = view;
    state[Word.reads] = view.reads.byteOffset;
    state[Word.writes] = view.writes.byteOffset;
    state[Word.directory] = view.directory?.byteOffset ?? 0;
  }
}

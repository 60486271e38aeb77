/** Runs the interpreter's loop (loop.ts): the core's state goes there and comes back. */

import {
  type FunctionTable,
  type LinearMemory,
  type WebAssemblyApi,
  webAssembly,
} from "../../web-assembly.js";
import type { CortexM7 } from "../core.js";
import type { Insn } from "../decode/insn.js";
import { changesCore, LEAVE, type OutsideAccess } from "../memory/outside-access.js";
import type { AccessView } from "../memory/view.js";
import { giveFlags, giveFloat, takeFlags, takeFloat } from "../translate/flags.js";
import { outsideFunctions } from "../translate/outside-functions.js";
import { Word } from "../translate/state.js";
import { plainOf } from "../translate/translator.js";
import { type FunctionSource, moduleOf, nameOf, type Signature } from "../translate/wasm.js";
import { loopFunctions, OUTSIDE, RARE, rareFunctions } from "./loop.js";
import type { Records } from "./records.js";

/** Pages that a memory of WebAssembly has at most. */
const MOST_PAGES = 65536;
/** Modules by where the core's state lies: the same for all boards of a kind. */
const loops = new Map<number, object>();
const rares = new Map<number, object>();

type Run = (record: number) => number;

export class Interpreter {
  readonly #cpu: CortexM7;
  readonly #records: Records;
  readonly #state: Int32Array;
  readonly #api: WebAssemblyApi;
  readonly #imports: Readonly<Record<string, unknown>> & { readonly t: FunctionTable };
  /** Made when it is first needed. */
  #run: Run | undefined;
  #view: AccessView | undefined;
  readonly #outside: OutsideAccess;
  /** Cycles that passed in the loop. */
  cycles = 0;

  /** Undefined where the core's own memory does not lie in `GuestMemory`. */
  static make(cpu: CortexM7, records: Records, outside: OutsideAccess): Interpreter | undefined {
    const { linear } = cpu.bus.memory;
    const own = [cpu.r, ...cpu.mem.views.flatMap((one) => [one.reads, one.writes, one.directory])];
    if (webAssembly === undefined || linear === undefined) return undefined;
    if (!own.every((one) => one?.buffer === linear.buffer)) return undefined;
    return new Interpreter(cpu, records, outside, { api: webAssembly, memory: linear });
  }

  private constructor(
    cpu: CortexM7,
    records: Records,
    outside: OutsideAccess,
    { api, memory }: { readonly api: WebAssemblyApi; readonly memory: LinearMemory },
  ) {
    this.#cpu = cpu;
    this.#records = records;
    this.#state = outside.state;
    this.#api = api;
    this.#outside = outside;
    const [word] = outsideFunctions(cpu, outside);
    this.#imports = {
      m: memory,
      t: new api.Table({ element: "anyfunc", initial: RARE + 1 }),
      [nameOf(OUTSIDE.word.index)]: word,
      [nameOf(OUTSIDE.load.index)]: (record: number, _: number, rem: number) => this.#access(record, rem),
      [nameOf(OUTSIDE.store.index)]: (record: number, address: number, rem: number) =>
        changesCore(address) ? LEAVE : this.#access(record, rem),
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
    const outside = this.#outside;
    const began = timeline.cycles;
    outside.begin();
    const { fpu } = cpu;
    giveFloat(fpu, state);
    this.#run ??= this.#instantiate(loops, Object.values(OUTSIDE), loopFunctions) as Run;
    let record: number;
    try {
      record = this.#run(insn.record);
    } catch (error) {
      outside.unwound(error);
      return cpu.at;
    }
    outside.end();
    takeFlags(cpu, state);
    takeFloat(fpu, state);
    if (!outside.hasFailed) timeline.cycles = outside.limit - (state[Word.rem] as number);
    this.cycles += timeline.cycles - began;
    outside.rethrow();
    return record === 0 ? view.lookup(state[Word.pc] as number) : this.#records.insnAt(record);
  }

  /** What the loop imports (loop.ts). */
  #access(record: number, rem: number): number {
    const cpu = this.#cpu;
    const outside = this.#outside;
    const insn = outside.before(record, rem);
    // The condition of an instruction in an IT block has passed already.
    const execute = record === insn.record ? plainOf(insn) : insn.guarded;
    try {
      execute(cpu, insn);
    } catch (error) {
      outside.failed(error);
      return LEAVE;
    }
    return outside.afterStore();
  }

  #select(view: AccessView): void {
    const state = this.#state;
    this.#view = view;
    state[Word.reads] = view.reads.byteOffset;
    state[Word.writes] = view.writes.byteOffset;
    state[Word.directory] = view.directory?.byteOffset ?? 0;
  }
}

/** Has the JavaScript engine compile translated functions, keeps them in a table, and runs them. */

import type { LinearMemory, WebAssemblyApi } from "../../web-assembly.js";
import { fused, unaligned } from "./helpers.js";
import { BLOCK_BITS, MAX_FUNCTIONS } from "./state.js";
import { Body, type FunctionSource, I32, moduleOf, nameOf, Op } from "./wasm.js";

const WASM_PAGE = 65536;

export class Compiler {
  /** Runs translated code from a key on, until it is left. */
  readonly run: (key: number) => void;
  readonly #api: WebAssemblyApi;
  readonly #memory: LinearMemory;
  readonly #table;
  /** What translated functions import, by index. */
  readonly #helpers: readonly FunctionSource[];
  readonly #imports: Readonly<Record<string, unknown>>;

  /** @param state where the core's state lies in `memory` */
  constructor(api: WebAssemblyApi, memory: LinearMemory, state: number) {
    this.#api = api;
    this.#memory = memory;
    this.#table = new api.Table({ element: "anyfunc", initial: MAX_FUNCTIONS });
    this.#imports = { m: memory, t: this.#table };
    this.run = this.#compile([dispatcher()], [], true)[nameOf(0)] as (key: number) => void;
    this.#helpers = [unaligned(state), fused()];
    this.#imports = { m: memory, ...this.#compile(this.#helpers, []) };
  }

  /** Makes functions those with the numbers from `first` on. Together they take less memory and time than one by one. */
  add(first: number, sources: readonly FunctionSource[]): void {
    const functions = this.#compile(sources, this.#helpers);
    for (const n of sources.keys()) this.#table.set(first + n, functions[nameOf(n)]);
  }

  /** Lets a function go: nothing may run it any more. */
  remove(number: number): void {
    this.#table.set(number, null);
  }

  /** @param table do they call through it? Each module that may takes memory for all of it. */
  #compile(
    sources: readonly FunctionSource[],
    helpers: readonly FunctionSource[],
    table = false,
  ): Readonly<Record<string, unknown>> {
    const pages = this.#memory.buffer.byteLength / WASM_PAGE;
    const imports = { memory: [pages, pages], table, functions: helpers } as const;
    const module = new this.#api.Module(moduleOf(sources, imports));
    return new this.#api.Instance(module, { e: this.#imports }).exports;
  }
}

/** Runs functions of the table, each of which tells the next, until there is none: (key). */
function dispatcher(): FunctionSource {
  const body = new Body();
  const again = body.loop();
  body.get(0);
  body.const((1 << BLOCK_BITS) - 1);
  body.op(Op.and);
  body.get(0);
  body.const(BLOCK_BITS);
  body.op(Op.shrU);
  body.callIndirect(0);
  body.tee(0);
  body.const(0);
  body.op(Op.geS);
  body.brIf(again);
  body.end();
  return { parameters: [I32], results: [], locals: [], body };
}

/** Has the JavaScript engine compile translated functions, keeps them in a table, and runs them. */

import type { LinearMemory, WebAssemblyApi } from "../../web-assembly.js";
import { fused, unaligned } from "./helpers.js";
import { BLOCK_BITS, MAX_FUNCTIONS } from "./state.js";
import { Body, type FunctionSource, I32, moduleOf, Op } from "./wasm.js";

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
    this.run = this.#compile(dispatcher(), []) as (key: number) => void;
    this.#helpers = [unaligned(state), fused()];
    const compiled = this.#helpers.map((source, n) => [n, this.#compile(source, [])]);
    this.#imports = { ...this.#imports, ...Object.fromEntries(compiled) };
  }

  /** Makes a function the one with this number. */
  add(number: number, source: FunctionSource): void {
    this.#table.set(number, this.#compile(source, this.#helpers));
  }

  /** Lets a function go: nothing may run it any more. */
  remove(number: number): void {
    this.#table.set(number, null);
  }

  #compile(source: FunctionSource, helpers: readonly FunctionSource[]): unknown {
    const pages = this.#memory.buffer.byteLength / WASM_PAGE;
    const imports = { memory: [pages, pages], table: true, functions: helpers } as const;
    const module = new this.#api.Module(moduleOf([source], imports));
    return new this.#api.Instance(module, { e: this.#imports }).exports["f"];
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

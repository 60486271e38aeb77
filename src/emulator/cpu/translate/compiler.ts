/** Has the JavaScript engine compile translated functions, keeps them in a table, and runs them. */

import type { LinearMemory, WebAssemblyApi } from "../../web-assembly.js";
import { fused, LOAD, loadWord, STORE, unaligned } from "./helpers.js";
import { BLOCK_BITS, MAX_FUNCTIONS } from "./state.js";
import { Body, type FunctionSource, I32, moduleOf, nameOf, Op, type Signature } from "./wasm.js";

const WASM_PAGE = 65536;
/**
 * So many modules are compiled anew as one: what goes from module to module is slow, two to three times so where all code is
 * warm and none is hot, because each module has tables, data and pages of machine code of its own.
 */
const TOGETHER = 8;
/** Functions that are compiled anew at once, which takes some tenths of a second. */
const MAX_TOGETHER = 512;

/** Those of a module, by number. */
type Functions = Map<number, FunctionSource>;

export class Compiler {
  /** Runs translated code from a key on, until it is left. */
  readonly run: (key: number) => void;
  readonly #api: WebAssemblyApi;
  readonly #memory: LinearMemory;
  readonly #table;
  /** What translated functions import, by index. */
  readonly #helpers: readonly Signature[];
  readonly #imports: Readonly<Record<string, unknown>>;
  /** Modules that are in use. */
  readonly #levels: (readonly Functions[])[] = [];

  /** @param state where the core's state lies in `memory` @param outside functions of outside-functions.ts */
  constructor(api: WebAssemblyApi, memory: LinearMemory, state: number, outside: readonly unknown[]) {
    this.#api = api;
    this.#memory = memory;
    this.#table = new api.Table({ element: "anyfunc", initial: MAX_FUNCTIONS });
    this.#imports = { m: memory, t: this.#table };
    this.run = this.#compile([dispatcher()], [], true)[nameOf(0)] as (key: number) => void;
    const helpers = [unaligned(state), fused(), loadWord(state)];
    this.#helpers = [...helpers, LOAD, LOAD, STORE, STORE, STORE];
    const [first, ...others] = outside;
    this.#imports = { m: memory, [nameOf(0)]: first };
    const compiled = this.#compile(helpers, [LOAD]);
    const named = others.map((one, n) => [nameOf(helpers.length + n), one]);
    this.#imports = { m: memory, ...compiled, ...Object.fromEntries(named) };
  }

  /** Makes functions those with the numbers from `first` on. */
  add(first: number, sources: readonly FunctionSource[]): void {
    this.#put(new Map(sources.map((source, n) => [first + n, source])), 0);
  }

  /** Lets a function go: nothing may run it any more. */
  remove(number: number): void {
    this.#table.set(number, null);
    for (const level of this.#levels) for (const functions of level) functions.delete(number);
  }

  /** @param level how often they were compiled together with others */
  #put(functions: Functions, level: number): void {
    const modules = [...(this.#levels[level] ?? []), functions];
    const all = new Map(modules.flatMap((one) => [...one]));
    if (modules.length >= TOGETHER && all.size <= MAX_TOGETHER) {
      this.#levels[level] = [];
      this.#put(all, level + 1);
      return;
    }
    this.#levels[level] = modules;
    const compiled = this.#compile([...functions.values()], this.#helpers);
    for (const [n, number] of [...functions.keys()].entries()) this.#table.set(number, compiled[nameOf(n)]);
  }

  /** @param table do they call through it? Each module that may takes memory for all of it. */
  #compile(
    sources: readonly FunctionSource[],
    helpers: readonly Signature[],
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

/**
 * What is used of the JavaScript engine's WebAssembly, which the library of types without DOM and Node does not declare.
 * Undefined where there is none, or where a content security policy forbids it.
 */

export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}

export interface FunctionTable {
  set(index: number, value: unknown): void;
}

export interface WebAssemblyApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => LinearMemory;
  readonly Table: new (descriptor: { element: "anyfunc"; initial: number }) => FunctionTable;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** An empty module: magic number and version. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

function find(): WebAssemblyApi | undefined {
  const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;
  if (api === undefined) return undefined;
  try {
    new api.Module(EMPTY);
    return api;
  } catch {
    return undefined;
  }
}

export const webAssembly: WebAssemblyApi | undefined = find();

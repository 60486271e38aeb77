/** Writes WebAssembly (core specification 1.0, chapter 5 "Binary Format"): function bodies with labels, and modules. */

export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  select: 0x1b,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  load: 0x28,
  load8S: 0x2c,
  load8U: 0x2d,
  load16S: 0x2e,
  load16U: 0x2f,
  store: 0x36,
  store8: 0x3a,
  store16: 0x3b,
  const: 0x41,
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  gtU: 0x4b,
  leS: 0x4c,
  leU: 0x4d,
  geS: 0x4e,
  geU: 0x4f,
  clz: 0x67,
  ctz: 0x68,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  divS: 0x6d,
  divU: 0x6e,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shrS: 0x75,
  shrU: 0x76,
  rotl: 0x77,
  rotr: 0x78,
  longConst: 0x42,
  longNe: 0x52,
  longAdd: 0x7c,
  longSub: 0x7d,
  longMul: 0x7e,
  longOr: 0x84,
  longShl: 0x86,
  longShrS: 0x87,
  longShrU: 0x88,
  wrap: 0xa7,
  longFromS: 0xac,
  longFromU: 0xad,
  extend8: 0xc0,
  extend16: 0xc1,
  longAnd: 0x83,
  promote: 0xbb,
  demote: 0xb6,
} as const;

/** Operations on single and on double precision. */
export const FloatOp = {
  load: [0x2a, 0x2b],
  store: [0x38, 0x39],
  eq: [0x5b, 0x61],
  lt: [0x5d, 0x63],
  gt: [0x5e, 0x64],
  ge: [0x60, 0x66],
  abs: [0x8b, 0x99],
  neg: [0x8c, 0x9a],
  ceil: [0x8d, 0x9b],
  floor: [0x8e, 0x9c],
  trunc: [0x8f, 0x9d],
  nearest: [0x90, 0x9e],
  sqrt: [0x91, 0x9f],
  add: [0x92, 0xa0],
  sub: [0x93, 0xa1],
  mul: [0x94, 0xa2],
  div: [0x95, 0xa3],
  min: [0x96, 0xa4],
  max: [0x97, 0xa5],
  copysign: [0x98, 0xa6],
  toSigned: [0xa8, 0xaa],
  toUnsigned: [0xa9, 0xab],
  fromSigned: [0xb2, 0xb7],
  fromUnsigned: [0xb3, 0xb8],
  /** Bits as an integer of the same width, and back. */
  bits: [0xbc, 0xbd],
  ofBits: [0xbe, 0xbf],
} as const;

/** Value types. */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
const NOTHING = 0x40;
const FLOAT_CONST = [0x43, 0x44] as const;

export interface Locals {
  readonly count: number;
  readonly type: number;
}

/** Bytes that grow. */
class Bytes {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written; valid until the next writing. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  push(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = byte;
  }

  append(bytes: Uint8Array | readonly number[]): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.push((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.push(rest);
  }

  signed(value: number): void {
    let rest = value | 0;
    while (rest < -0x40 || rest > 0x3f) {
      this.push((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.push(rest & 0x7f);
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + by));
    larger.set(this.written);
    this.#bytes = larger;
  }
}

/** A label: how many blocks enclose what is inside of it. */
export type Label = number;

/** The body of a function; all values are i32 unless an operation says otherwise. */
export class Body {
  readonly #bytes = new Bytes();
  #depth = 0;

  get written(): Uint8Array {
    return this.#bytes.written;
  }

  /** What another body holds, behind what this one does. */
  append(other: Body): void {
    this.#bytes.append(other.written);
  }

  /** Operations without immediates, in the order in which they execute. */
  op(first: number, second?: number, third?: number): void {
    this.#bytes.push(first);
    if (second !== undefined) this.#bytes.push(second);
    if (third !== undefined) this.#bytes.push(third);
  }

  get(local: number): void {
    this.#immediate(Op.get, local);
  }

  set(local: number): void {
    this.#immediate(Op.set, local);
  }

  tee(local: number): void {
    this.#immediate(Op.tee, local);
  }

  const(value: number): void {
    this.#bytes.push(Op.const);
    this.#bytes.signed(value);
  }

  setConst(local: number, value: number): void {
    this.const(value);
    this.set(local);
  }

  /** A load or store, at the address on the stack plus `offset`. */
  memory(operation: number, offset = 0): void {
    this.#bytes.push(operation);
    this.#immediate(0, offset);
  }

  /** @param double 0 or 1; the value must be one of that precision */
  floatConst(double: 0 | 1, value: number): void {
    this.#bytes.push(FLOAT_CONST[double]);
    const view = new DataView(new ArrayBuffer(double === 1 ? 8 : 4));
    if (double === 1) view.setFloat64(0, value, true);
    else view.setFloat32(0, value, true);
    this.#bytes.append(new Uint8Array(view.buffer));
  }

  longConst(value: number): void {
    this.#bytes.push(Op.longConst);
    this.#bytes.signed(value);
  }

  block(): Label {
    return this.#open(Op.block, NOTHING);
  }

  loop(): Label {
    return this.#open(Op.loop, NOTHING);
  }

  if(): Label {
    return this.#open(Op.if, NOTHING);
  }

  /** An `if` whose branches leave a value. */
  ifValue(): Label {
    return this.#open(Op.if, I32);
  }

  else(): void {
    this.#bytes.push(Op.else);
  }

  end(): void {
    this.#bytes.push(Op.end);
    this.#depth--;
  }

  br(label: Label): void {
    this.#immediate(Op.br, this.#depth - label);
  }

  brIf(label: Label): void {
    this.#immediate(Op.brIf, this.#depth - label);
  }

  brTable(labels: readonly Label[], otherwise: Label): void {
    this.#immediate(Op.brTable, labels.length);
    for (const label of labels) this.#bytes.unsigned(this.#depth - label);
    this.#bytes.unsigned(this.#depth - otherwise);
  }

  call(index: number): void {
    this.#immediate(Op.call, index);
  }

  /** Through the table, at the index on the stack. @param type index of the function's type */
  callIndirect(type: number): void {
    this.#immediate(Op.callIndirect, type);
    this.#bytes.push(0);
  }

  #immediate(operation: number, value: number): void {
    this.#bytes.push(operation);
    this.#bytes.unsigned(value);
  }

  #open(operation: number, type: number): Label {
    this.#bytes.push(operation);
    this.#bytes.push(type);
    return ++this.#depth;
  }
}

function text(value: string): number[] {
  return [value.length, ...Array.from(value, (character) => character.charCodeAt(0))];
}

export interface Signature {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

export interface FunctionSource extends Signature {
  /** Locals behind the parameters. */
  readonly locals: readonly Locals[];
  readonly body: Body;
}

/** Of the functions in the table. */
const IN_TABLE: Signature = { parameters: [I32], results: [I32] };

export interface Imports {
  /** Pages of memory "e" "m": at least, at most. */
  readonly memory: readonly [minimum: number, maximum: number];
  /** Is there a table "e" "t"? */
  readonly table: boolean;
  /** Functions "e" "0", "e" "1" and so on, whose indices these are. */
  readonly functions: readonly Signature[];
}

/** Of the function with this place among a module's functions, as it is exported; of those that are imported likewise. */
export const nameOf = (n: number): string => String(n);

/**
 * A module of functions, whose indices follow those of the imported ones. It exports all of them. Type 0 is that of the
 * functions in the table: i32 to i32.
 */
export function moduleOf(sources: readonly FunctionSource[], imports: Imports): Uint8Array {
  const { memory, table, functions } = imports;
  const types = [IN_TABLE, ...functions, ...sources];
  const module = new Bytes();
  module.append([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(module, 1, (to) => {
    to.unsigned(types.length);
    for (const { parameters, results } of types)
      to.append([0x60, parameters.length, ...parameters, results.length, ...results]);
  });
  section(module, 2, (to) => {
    to.unsigned(1 + (table ? 1 : 0) + functions.length);
    to.append([...text("e"), ...text("m"), 2, 1]);
    for (const pages of memory) to.unsigned(pages);
    if (table) to.append([...text("e"), ...text("t"), 1, 0x70, 0, 0]);
    for (const n of functions.keys()) {
      to.append([...text("e"), ...text(nameOf(n)), 0]);
      to.unsigned(1 + n);
    }
  });
  section(module, 3, (to) => {
    to.unsigned(sources.length);
    for (const n of sources.keys()) to.unsigned(1 + functions.length + n);
  });
  section(module, 7, (to) => {
    to.unsigned(sources.length);
    for (const n of sources.keys()) {
      to.append([...text(nameOf(n)), 0]);
      to.unsigned(functions.length + n);
    }
  });
  section(module, 10, (to) => {
    to.unsigned(sources.length);
    for (const source of sources) appendCode(to, source);
  });
  return module.written;
}

function appendCode(to: Bytes, { locals, body }: FunctionSource): void {
  const code = new Bytes();
  code.unsigned(locals.length);
  for (const { count, type } of locals) {
    code.unsigned(count);
    code.push(type);
  }
  code.append(body.written);
  code.push(Op.end);
  to.unsigned(code.length);
  to.append(code.written);
}

function section(module: Bytes, id: number, write: (to: Bytes) => void): void {
  const content = new Bytes();
  write(content);
  module.push(id);
  module.unsigned(content.length);
  module.append(content.written);
}

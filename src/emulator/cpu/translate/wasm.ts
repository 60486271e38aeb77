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
  longAdd: 0x7c,
  longMul: 0x7e,
  longOr: 0x84,
  longShl: 0x86,
  longShrU: 0x88,
  wrap: 0xa7,
  longFromS: 0xac,
  longFromU: 0xad,
  extend8: 0xc0,
  extend16: 0xc1,
} as const;

const I32 = 0x7f;
const I64 = 0x7e;
const NOTHING = 0x40;

export function unsigned(to: number[], value: number): void {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    to.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  to.push(rest);
}

function signed(to: number[], value: number): void {
  let rest = value | 0;
  while (rest < -0x40 || rest > 0x3f) {
    to.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  to.push(rest & 0x7f);
}

/** A label: how many blocks enclose what is inside of it. */
export type Label = number;

/** The body of a function; all values are i32 unless an operation says otherwise. */
export class Body {
  readonly bytes: number[] = [];
  #depth = 0;

  /** Operations without immediates, in the order in which they execute. */
  op(...operations: number[]): void {
    this.bytes.push(...operations);
  }

  get(local: number): void {
    this.bytes.push(Op.get);
    unsigned(this.bytes, local);
  }

  set(local: number): void {
    this.bytes.push(Op.set);
    unsigned(this.bytes, local);
  }

  tee(local: number): void {
    this.bytes.push(Op.tee);
    unsigned(this.bytes, local);
  }

  const(value: number): void {
    this.bytes.push(Op.const);
    signed(this.bytes, value);
  }

  setConst(local: number, value: number): void {
    this.const(value);
    this.set(local);
  }

  /** A load or store, at the address on the stack plus `offset`. */
  memory(operation: number, offset = 0): void {
    this.bytes.push(operation, 0);
    unsigned(this.bytes, offset);
  }

  longConst(value: number): void {
    this.bytes.push(Op.longConst);
    signed(this.bytes, value);
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
    this.bytes.push(Op.else);
  }

  end(): void {
    this.bytes.push(Op.end);
    this.#depth--;
  }

  br(label: Label): void {
    this.bytes.push(Op.br);
    unsigned(this.bytes, this.#depth - label);
  }

  brIf(label: Label): void {
    this.bytes.push(Op.brIf);
    unsigned(this.bytes, this.#depth - label);
  }

  brTable(labels: readonly Label[], otherwise: Label): void {
    this.bytes.push(Op.brTable);
    unsigned(this.bytes, labels.length);
    for (const label of labels) unsigned(this.bytes, this.#depth - label);
    unsigned(this.bytes, this.#depth - otherwise);
  }

  call(index: number): void {
    this.bytes.push(Op.call);
    unsigned(this.bytes, index);
  }

  /** Through the table, at the index on the stack. @param type index of the function's type */
  callIndirect(type: number): void {
    this.bytes.push(Op.callIndirect);
    unsigned(this.bytes, type);
    this.bytes.push(0);
  }

  #open(operation: number, type: number): Label {
    this.bytes.push(operation, type);
    return ++this.#depth;
  }
}

function section(id: number, content: readonly number[]): number[] {
  const bytes = [id];
  unsigned(bytes, content.length);
  return bytes.concat(content);
}

function text(value: string): number[] {
  return [value.length, ...Array.from(value, (character) => character.charCodeAt(0))];
}

export interface FunctionSource {
  /** Number of i32 parameters. */
  readonly parameters: number;
  /** Does it return an i32? */
  readonly returns: boolean;
  /** Number of i32 locals behind the parameters; one of 64 bits follows them. */
  readonly locals: number;
  readonly body: Body;
}

/**
 * A module that exports one function, "f". It imports memory "e" "m", table "e" "t", and, when asked, function "e" "f"
 * (index 0) from two i32 to one. Type 0 is that of the functions in the table: i32 to i32.
 */
export function moduleOf(source: FunctionSource, memoryPages: number, importsFunction: boolean): Uint8Array {
  const { parameters, returns, locals, body } = source;
  const own = [0x60, parameters, ...Array<number>(parameters).fill(I32), ...(returns ? [1, I32] : [0])];
  const types = [3, 0x60, 1, I32, 1, I32, 0x60, 2, I32, I32, 1, I32, ...own];
  const pages: number[] = [1];
  unsigned(pages, memoryPages);
  unsigned(pages, memoryPages);
  const imports = [
    importsFunction ? 3 : 2,
    ...text("e"),
    ...text("m"),
    2,
    ...pages,
    ...text("e"),
    ...text("t"),
    1,
    0x70,
    0,
    0,
    ...(importsFunction ? [...text("e"), ...text("f"), 0, 1] : []),
  ];
  const code: number[] = [];
  if (locals > 0) {
    code.push(2);
    unsigned(code, locals);
    code.push(I32, 1, I64);
  } else code.push(0);
  const size: number[] = [1];
  unsigned(size, code.length + body.bytes.length + 1);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, imports),
    ...section(3, [1, 2]),
    ...section(7, [1, ...text("f"), 0, importsFunction ? 1 : 0]),
    ...section(10, size.concat(code, body.bytes, Op.end)),
  ]);
}

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
  const module = new Bytes();
  module.append([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(module, 1, (to) => to.append([3, 0x60, 1, I32, 1, I32, 0x60, 2, I32, I32, 1, I32, ...own]));
  section(module, 2, (to) => {
    to.push(importsFunction ? 3 : 2);
    to.append([...text("e"), ...text("m"), 2, 1]);
    to.unsigned(memoryPages);
    to.unsigned(memoryPages);
    to.append([...text("e"), ...text("t"), 1, 0x70, 0, 0]);
    if (importsFunction) to.append([...text("e"), ...text("f"), 0, 1]);
  });
  section(module, 3, (to) => to.append([1, 2]));
  section(module, 7, (to) => to.append([1, ...text("f"), 0, importsFunction ? 1 : 0]));
  section(module, 10, (to) => {
    const code = new Bytes();
    code.push(locals > 0 ? 2 : 0);
    if (locals > 0) {
      code.unsigned(locals);
      code.append([I32, 1, I64]);
    }
    code.append(body.written);
    code.push(Op.end);
    to.push(1);
    to.unsigned(code.length);
    to.append(code.written);
  });
  return module.written;
}

function section(module: Bytes, id: number, write: (to: Bytes) => void): void {
  const content = new Bytes();
  write(content);
  module.push(id);
  module.unsigned(content.length);
  module.append(content.written);
}

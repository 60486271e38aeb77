/** Translation of loads and stores. */

import type { Execute, Insn } from "../decode/insn.js";
import * as memory from "../execute/ops-memory.js";
import type { Emit } from "./emit.js";
import { type Emitter, imm } from "./emit-common.js";
import { Local } from "./state.js";
import { Op } from "./wasm.js";

const { Address } = memory;

/** Sets `Local.address`. */
function address(e: Emit, i: Insn, kind = i.kind): void {
  const { body } = e;
  if (kind === Address.literal) imm(e, i);
  else {
    e.get(i.n);
    if (kind === Address.register) {
      e.get(i.m);
      if (i.a !== 0) {
        e.constant(i, "a");
        body.op(Op.shl);
      }
      body.op(Op.add);
    } else if (kind !== Address.post && i.imm !== 0) {
      imm(e, i);
      body.op(Op.add);
    }
  }
  body.set(Local.address);
}

function writeBack(e: Emit, i: Insn, kind = i.kind): void {
  if (kind !== Address.pre && kind !== Address.post) return;
  e.get(i.n);
  imm(e, i);
  e.body.op(Op.add);
  e.set(i.n);
}

/** For LDR PC: sets `Local.address` and checks it. Returns what writes the base. */
export function loadAddress(e: Emit, i: Insn): () => void {
  address(e, i);
  e.check(4, false);
  return () => writeBack(e, i);
}

type Size = 1 | 2 | 4;

/** @param kind the addressing mode, of forms that have only one and leave `Insn.kind` alone */
function load(operation: number, size: Size, kind?: number): Emitter {
  return (e, i) => {
    if ((kind ?? i.kind) === Address.literal) {
      const literal = e.literal(i.imm, size, size);
      if (literal !== undefined) {
        e.body.const(loadedFrom(literal, operation));
        e.set(i.d);
        return;
      }
    }
    address(e, i, kind);
    e.accessOr(
      size,
      undefined,
      () => {
        writeBack(e, i, kind);
        e.place();
        e.access(operation);
        e.set(i.d);
      },
      () => {
        writeBack(e, i, kind);
        e.body.get(Local.t0);
        if (operation === Op.load8S) e.body.op(Op.extend8);
        else if (operation === Op.load16S) e.body.op(Op.extend16);
        e.set(i.d);
      },
    );
  };
}

function loadedFrom(literal: DataView, operation: number): number {
  switch (operation) {
    case Op.load8U:
      return literal.getUint8(0);
    case Op.load8S:
      return literal.getInt8(0);
    case Op.load16U:
      return literal.getUint16(0, true);
    case Op.load16S:
      return literal.getInt16(0, true);
    default:
      return literal.getInt32(0, true);
  }
}

function store(operation: number, size: Size, kind?: number): Emitter {
  return (e, i) => {
    address(e, i, kind);
    e.accessOr(
      size,
      () => e.get(i.d),
      () => {
        e.place();
        e.get(i.d);
        e.access(operation);
        writeBack(e, i, kind);
      },
      () => writeBack(e, i, kind),
    );
  };
}

const ldrd: Emitter = (e, i) => {
  const literal = i.kind === Address.literal ? e.literal(i.imm, 8, 4) : undefined;
  if (literal !== undefined) {
    for (const [n, register] of [i.d, i.a].entries()) {
      e.body.const(literal.getInt32(n * 4, true));
      e.set(register);
    }
    return;
  }
  address(e, i);
  e.checkWords(2, false);
  writeBack(e, i);
  e.place();
  e.access(Op.load);
  e.set(i.d);
  e.place();
  e.access(Op.load, 4);
  e.set(i.a);
};
const strd: Emitter = (e, i) => {
  address(e, i);
  e.checkWords(2, true);
  for (const [n, source] of [i.d, i.a].entries()) {
    e.place();
    e.get(source);
    e.access(Op.store, n * 4);
  }
  writeBack(e, i);
};

/** Sets `Local.address` to the lowest one of a list. */
export function listAddress(e: Emit, i: Insn): void {
  e.get(i.n);
  if (i.kind === 1) {
    e.body.const(i.m * 4);
    e.body.op(Op.sub);
  }
  e.body.set(Local.address);
}

/** Loads r0..r14 of a list that was checked, and writes the base. */
export function loadList(e: Emit, i: Insn): void {
  let at = 0;
  for (let n = 0; n < 15; n++) {
    if (((i.imm >>> n) & 1) === 0) continue;
    e.place();
    e.access(Op.load, at);
    e.set(n);
    at += 4;
  }
  if (((i.imm >>> i.n) & 1) === 0) listWriteBack(e, i);
}

function listWriteBack(e: Emit, i: Insn): void {
  if (i.a === 0) return;
  e.body.get(Local.address);
  if (i.kind !== 1) {
    e.body.const(i.m * 4);
    e.body.op(Op.add);
  }
  e.set(i.n);
}

const ldm: Emitter = (e, i) => {
  listAddress(e, i);
  e.checkWords(i.m, false);
  loadList(e, i);
};
const stm: Emitter = (e, i) => {
  listAddress(e, i);
  e.checkWords(i.m, true);
  let at = 0;
  for (let n = 0; n < 15; n++) {
    if (((i.imm >>> n) & 1) === 0) continue;
    e.place();
    e.get(n);
    e.access(Op.store, at);
    at += 4;
  }
  listWriteBack(e, i);
};

const { offset, register, literal } = Address;

export const LOAD_EMITTERS: readonly (readonly [Execute, Emitter])[] = [
  [memory.LOAD.word, load(Op.load, 4)],
  [memory.LOAD.half, load(Op.load16U, 2)],
  [memory.LOAD.byte, load(Op.load8U, 1)],
  [memory.LOAD.signedHalf, load(Op.load16S, 2)],
  [memory.LOAD.signedByte, load(Op.load8S, 1)],
  [memory.ldrImm, load(Op.load, 4, offset)],
  [memory.ldrhImm, load(Op.load16U, 2, offset)],
  [memory.ldrbImm, load(Op.load8U, 1, offset)],
  [memory.ldrReg, load(Op.load, 4, register)],
  [memory.ldrbReg, load(Op.load8U, 1, register)],
  [memory.ldrLiteral, load(Op.load, 4, literal)],
  [memory.ldrd, ldrd],
  [memory.ldm, ldm],
];
export const STORE_EMITTERS: readonly (readonly [Execute, Emitter])[] = [
  [memory.STORE.word, store(Op.store, 4)],
  [memory.STORE.half, store(Op.store16, 2)],
  [memory.STORE.byte, store(Op.store8, 1)],
  [memory.strImm, store(Op.store, 4, offset)],
  [memory.strhImm, store(Op.store16, 2, offset)],
  [memory.strbImm, store(Op.store8, 1, offset)],
  [memory.strReg, store(Op.store, 4, register)],
  [memory.strbReg, store(Op.store8, 1, register)],
  [memory.strd, strd],
  [memory.stm, stm],
];

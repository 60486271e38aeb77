/** VLDM, VSTM and VMOV of an immediate, beside the interpreter's loop: what they move is told by the record. */

import type { Insn } from "../decode/insn.js";
import { FloatLevel, Local, Word } from "../translate/state.js";
import { Op } from "../translate/wasm.js";
import { At, Field } from "./layout.js";
import { LoopLocal, type RecordEmit } from "./record-emit.js";

/** Field `a` is the number of words, `m` whether the base is written, `imm` by how much it changes. @param down VLDMDB, VSTMDB */
export function transferFloats(e: RecordEmit, down: boolean, write: boolean): void {
  const { body } = e;
  e.needFloat(FloatLevel.ready);
  e.get(Field.n);
  if (down) {
    field(e, Op.load, At.imm);
    body.op(Op.sub);
  }
  body.set(Local.address);
  e.checkBytes(() => {
    field(e, Op.load8U, At.a);
    body.const(2);
    body.op(Op.shl);
  }, write);
  field(e, Op.load8U, At.a);
  body.set(Local.t0);
  e.place();
  body.set(Local.t1);
  field(e, Op.load8U, At.d);
  body.set(Local.t2);
  moveWords(e, write);
  writeBack(e, down);
}

/** t0 words between the place in t1 and the register at t2. */
function moveWords(e: RecordEmit, write: boolean): void {
  const { body } = e;
  const register = e.places.state + Word.s0 * 4;
  const again = body.loop();
  body.get(write ? Local.t1 : Local.t2);
  body.get(write ? Local.t2 : Local.t1);
  if (write) {
    body.memory(Op.load, register);
    e.access(Op.store);
  } else {
    e.access(Op.load);
    body.memory(Op.store, register);
  }
  for (const local of [Local.t1, Local.t2]) {
    body.get(local);
    body.const(4);
    body.op(Op.add);
    body.set(local);
  }
  body.get(Local.t0);
  body.const(1);
  body.op(Op.sub);
  body.tee(Local.t0);
  body.brIf(again);
  body.end();
}

function writeBack(e: RecordEmit, down: boolean): void {
  const { body } = e;
  field(e, Op.load8U, At.m);
  body.if();
  body.get(Local.address);
  if (!down) {
    field(e, Op.load, At.imm);
    body.op(Op.add);
  }
  e.set(Field.n);
  body.end();
}

export function moveImmediate(e: RecordEmit, insn: Insn): void {
  e.needFloat(FloatLevel.ready);
  if (insn.kind === 1) {
    e.body.const(0);
    e.float.setWord(Field.d);
  }
  e.constant(insn, "imm");
  e.float.setWord(Field.d + insn.kind);
}

function field(e: RecordEmit, operation: number, at: number): void {
  e.body.get(LoopLocal.record);
  e.body.memory(operation, at);
}

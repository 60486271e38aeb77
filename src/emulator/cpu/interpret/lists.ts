/** LDM, STM, PUSH and POP in the interpreter's loop: the list of registers is gone through while they execute. */

import { exchange } from "../translate/instructions.js";
import { Local } from "../translate/state.js";
import { Op } from "../translate/wasm.js";
import { At, Field } from "./layout.js";
import { LoopLocal, type RecordEmit } from "./record-emit.js";

const PC_BIT = 0x8000;

/** @param down LDMDB. @param pc the last register is the PC */
export function loadMultiple(e: RecordEmit, down: boolean, pc = false): void {
  const { body } = e;
  begin(e, down, false);
  if (pc) {
    // What the PC becomes lies behind the others.
    exchange(e, () => {
      e.place();
      bytes(e);
      body.op(Op.add);
      body.const(4);
      body.op(Op.sub);
      e.access(Op.load);
    });
  }
  each(e, () => {
    body.get(Local.t2);
    body.get(Local.t1);
    e.access(Op.load);
    body.memory(Op.store, e.places.state);
  });
  writeBack(e, down);
}

export function storeMultiple(e: RecordEmit, down: boolean): void {
  const { body } = e;
  begin(e, down, true);
  each(e, () => {
    body.get(Local.t1);
    body.get(Local.t2);
    body.memory(Op.load, e.places.state);
    e.access(Op.store);
  });
  writeBack(e, down);
}

/** Leaves the length of the list in bytes. */
function bytes(e: RecordEmit): void {
  e.body.get(LoopLocal.record);
  e.body.memory(Op.load8U, At.m);
}

function begin(e: RecordEmit, down: boolean, write: boolean): void {
  const { body } = e;
  e.get(Field.n);
  if (down) {
    bytes(e);
    body.op(Op.sub);
  }
  body.set(Local.address);
  e.checkBytes(() => bytes(e), write);
}

/** For each register but the PC: its offset in t2, its place in t1. */
function each(e: RecordEmit, access: () => void): void {
  const { body } = e;
  body.get(LoopLocal.record);
  body.memory(Op.load, At.imm);
  body.const(~PC_BIT);
  body.op(Op.and);
  body.set(Local.t0);
  e.place();
  body.set(Local.t1);
  const none = body.block();
  body.get(Local.t0);
  body.op(Op.eqz);
  body.brIf(none);
  const again = body.loop();
  body.get(Local.t0);
  body.op(Op.ctz);
  body.const(2);
  body.op(Op.shl);
  body.set(Local.t2);
  access();
  body.get(Local.t1);
  body.const(4);
  body.op(Op.add);
  body.set(Local.t1);
  body.get(Local.t0);
  body.get(Local.t0);
  body.const(1);
  body.op(Op.sub, Op.and);
  body.tee(Local.t0);
  body.brIf(again);
  body.end();
  body.end();
}

function writeBack(e: RecordEmit, down: boolean): void {
  const { body } = e;
  body.get(LoopLocal.record);
  body.memory(Op.load8U, At.a);
  body.if();
  body.get(Local.address);
  if (!down) {
    bytes(e);
    body.op(Op.add);
  }
  e.set(Field.n);
  body.end();
}

/** Translation of moves between memory, core and floating-point registers. */

import type { Insn } from "../decode/insn.js";
import type { FloatOperation } from "../execute/ops-float.js";
import * as transfer from "../execute/ops-float-transfer.js";
import type { Emit } from "./emit.js";
import { imm } from "./emit-common.js";
import type { FloatEmitter, FloatForm } from "./emit-float.js";
import { FloatLevel, Local } from "./state.js";
import { FloatOp, Op } from "./wasm.js";

/** For each access to `count` words from S register `first`: does what is asked with one or both words of it. */
function each(
  e: Emit,
  first: number,
  count: number,
  use: (n: number, offset: number, pair: boolean) => void,
): void {
  for (let at = 0; at < count; ) {
    const pair = at + 1 < count && e.float.isPair(first + at);
    use(first + at, at * 4, pair);
    at += pair ? 2 : 1;
  }
}

/** @param count of words at `Local.address`, which was checked */
function load(e: Emit, first: number, count: number): void {
  each(e, first, count, (n, offset, pair) => {
    e.place();
    e.access(FloatOp.load[pair ? 1 : 0], offset);
    if (pair) e.float.set(1, n >>> 1);
    else e.float.setSingle(n);
  });
}

function store(e: Emit, first: number, count: number): void {
  each(e, first, count, (n, offset, pair) => {
    e.place();
    if (pair) e.float.get(1, n >>> 1);
    else e.float.getSingle(n);
    e.access(FloatOp.store[pair ? 1 : 0], offset);
  });
}

/** Sets `Local.address`. */
function address(e: Emit, i: Insn): void {
  imm(e, i);
  if (i.n !== 15) {
    e.get(i.n);
    e.body.op(Op.add);
  }
  e.body.set(Local.address);
}

function setLiteral(e: Emit, i: Insn, literal: DataView): void {
  const double = i.a === 2 && e.float.isPair(i.d) ? literal.getFloat64(0, true) : Number.NaN;
  if (!Number.isNaN(double)) {
    e.body.floatConst(1, double);
    e.float.set(1, i.d >>> 1);
    return;
  }
  for (let n = 0; n < i.a; n++) {
    e.body.const(literal.getInt32(n * 4, true));
    e.float.setWord(i.d + n);
  }
}

const vldr: FloatEmitter = (e, i) => {
  const literal = i.n === 15 ? e.literal(i.imm, i.a * 4, 4) : undefined;
  if (literal !== undefined) {
    setLiteral(e, i, literal);
    return;
  }
  address(e, i);
  e.checkWords(i.a, false);
  load(e, i.d, i.a);
};
const vstr: FloatEmitter = (e, i) => {
  address(e, i);
  e.checkWords(i.a, true);
  store(e, i.d, i.a);
};

/** VLDM, VSTM. */
function multiple(access: typeof load, write: boolean): FloatEmitter {
  return (e, i) => {
    const down = i.kind === 1;
    e.get(i.n);
    if (down) {
      e.body.const(i.imm);
      e.body.op(Op.sub);
    }
    e.body.set(Local.address);
    e.checkWords(i.a, write);
    access(e, i.d, i.a);
    if (i.m !== 1) return;
    e.body.get(Local.address);
    if (!down) {
      e.body.const(i.imm);
      e.body.op(Op.add);
    }
    e.set(i.n);
  };
}

const toFloat: FloatEmitter = (e, i) => {
  e.get(i.n);
  e.float.setWord(i.d);
};
const toCore: FloatEmitter = (e, i) => {
  e.float.getWord(i.d);
  e.set(i.n);
};
const pairToFloat: FloatEmitter = (e, i) => {
  const { body } = e;
  if (!e.float.isPair(i.d)) {
    e.get(i.n);
    e.float.setWord(i.d);
    e.get(i.m);
    e.float.setWord(i.d + 1);
    return;
  }
  e.get(i.m);
  body.op(Op.longFromU);
  body.longConst(32);
  body.op(Op.longShl);
  e.get(i.n);
  body.op(Op.longFromU, Op.longOr, FloatOp.ofBits[1]);
  e.float.set(1, i.d >>> 1);
};
const pairToCore: FloatEmitter = (e, i) => {
  e.float.getWord(i.d);
  e.set(i.n);
  e.float.getWord(i.d + 1);
  e.set(i.m);
};

const ready = (operation: FloatOperation, emit: FloatEmitter): [FloatOperation, FloatForm] => [
  operation,
  { emit, level: FloatLevel.ready, doubles: () => [] },
];

export const TRANSFER: readonly [FloatOperation, FloatForm][] = [
  ready(transfer.vldr, vldr),
  ready(transfer.vstr, vstr),
  ready(transfer.vldm, multiple(load, false)),
  ready(transfer.vstm, multiple(store, true)),
  ready(transfer.vmovToFloat, toFloat),
  ready(transfer.vmovToCore, toCore),
  ready(transfer.vmovPairToFloat, pairToFloat),
  ready(transfer.vmovPairToCore, pairToCore),
];

/** VMRS APSR_nzcv: the flags of the last comparison. */
export const vmrsFlags: FloatForm = {
  emit: (e) => e.orderFlags(),
  level: FloatLevel.ready,
  doubles: () => [],
};

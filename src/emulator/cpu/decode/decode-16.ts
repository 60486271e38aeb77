/** 16-bit Thumb encodings (DDI 0403E, A5.2). Rows are tried in order. */

import * as bits from "../execute/ops-bits.js";
import { B_COND, b, blx, bx, cbnz, cbz, undefinedInstruction } from "../execute/ops-branch.js";
import * as data from "../execute/ops-data.js";
import * as memory from "../execute/ops-memory.js";
import { mul, muls } from "../execute/ops-multiply.js";
import * as system from "../execute/ops-system.js";
import { DIRECT_BRANCH, readsPc, writesSp } from "./decode-helpers.js";
import type { Execute, Insn } from "./insn.js";
import { decodeShift, Operand } from "./operand.js";

type Decoder = (i: Insn, w: number) => Execute;
type Row = readonly [mask: number, value: number, decode: Decoder];

/** Rd in bits 2:0, Rn (or Rm) in 5:3. */
function low(i: Insn, w: number): void {
  i.d = w & 7;
  i.n = (w >>> 3) & 7;
  i.m = (w >>> 6) & 7;
}

/** 16-bit arithmetic sets flags outside IT blocks only. */
function flags(i: Insn, without: Execute, setting: Execute): Execute {
  return i.it === 0 ? setting : without;
}

const shiftImm: Decoder = (i, w) => {
  i.d = w & 7;
  i.m = (w >>> 3) & 7;
  decodeShift(i, (w >>> 11) & 3, (w >>> 6) & 31);
  return flags(i, data.mov, data.movs);
};

function threeRegisters(without: Execute, setting: Execute): Decoder {
  return (i, w) => {
    low(i, w);
    i.kind = Operand.register;
    return flags(i, without, setting);
  };
}

function imm3(without: Execute, setting: Execute): Decoder {
  return (i, w) => {
    low(i, w);
    i.imm = i.m;
    return flags(i, without, setting);
  };
}

function imm8(without: Execute, setting: Execute): Decoder {
  return (i, w) => {
    i.d = (w >>> 8) & 7;
    i.n = i.d;
    i.imm = w & 0xff;
    return flags(i, without, setting);
  };
}

/** Rdn in bits 2:0, Rm in 5:3. `op` is the index into DATA_PROCESSING. */
function registerOp(op: number): Decoder {
  const [without, setting] = data.DATA_PROCESSING[op] as readonly [Execute, Execute, unknown];
  return (i, w) => {
    i.d = w & 7;
    i.n = i.d;
    i.m = (w >>> 3) & 7;
    i.kind = Operand.register;
    return flags(i, without, setting);
  };
}

function compareOp(op: number): Decoder {
  const compare = (data.DATA_PROCESSING[op] as readonly [Execute, Execute, Execute])[2];
  return (i, w) => {
    i.n = w & 7;
    i.m = (w >>> 3) & 7;
    i.kind = Operand.register;
    return compare;
  };
}

function shiftOp(type: number): Decoder {
  return (i, w) => {
    i.d = w & 7;
    i.n = i.d;
    i.m = (w >>> 3) & 7;
    i.kind = type;
    return flags(i, data.shiftReg, data.shiftsReg);
  };
}

/** Rdn with bit 7 on top, Rm in 6:3. */
function high(i: Insn, w: number): void {
  i.d = (w & 7) | ((w >>> 4) & 8);
  i.n = i.d;
  i.m = (w >>> 3) & 15;
}

function finish(i: Insn, execute: Execute, readsRd: boolean): Execute {
  if (i.d === 13) return i.m === 15 ? system.unmodelled : writesSp(i, execute);
  return i.m === 15 || (readsRd && i.d === 15) ? readsPc(i, execute) : execute;
}

const addHigh: Decoder = (i, w) => {
  high(i, w);
  return finish(i, i.d === 15 ? data.addPc : data.addReg, true);
};
const cmpHigh: Decoder = (i, w) => {
  high(i, w);
  return i.n === 15 || i.m === 15 ? system.unmodelled : data.cmpReg;
};
const movHigh: Decoder = (i, w) => {
  high(i, w);
  return finish(i, i.d === 15 ? data.movPc : data.movReg, false);
};

/** BX, BLX: bits 2:0 should be zero. */
function exchange(execute: Execute): Decoder {
  return (i, w) => {
    i.m = (w >>> 3) & 15;
    if ((w & 7) !== 0 || (i.m === 15 && execute === blx)) return system.unmodelled;
    return i.m === 15 ? readsPc(i, execute) : execute;
  };
}

const literal: Decoder = (i, w) => {
  i.d = (w >>> 8) & 7;
  i.imm = (((i.pc + 4) & ~3) + (w & 0xff) * 4) | 0;
  return memory.ldrLiteral;
};

function registerOffset(execute: Execute): Decoder {
  return (i, w) => {
    low(i, w);
    i.kind = memory.Address.register;
    return memory.FAST_REGISTER.get(execute) ?? execute;
  };
}

function immediateOffset(execute: Execute, scale: number): Decoder {
  return (i, w) => {
    low(i, w);
    i.imm = ((w >>> 6) & 31) * scale;
    return execute;
  };
}

function spOffset(execute: Execute): Decoder {
  return (i, w) => {
    i.d = (w >>> 8) & 7;
    i.n = 13;
    i.imm = (w & 0xff) * 4;
    return execute;
  };
}

const adr: Decoder = (i, w) => {
  i.d = (w >>> 8) & 7;
  i.imm = (((i.pc + 4) & ~3) + (w & 0xff) * 4) | 0;
  return data.movImm;
};

/** ADD/SUB SP, SP, #imm7 * 4 */
function moveSp(execute: Execute): Decoder {
  return (i, w) => {
    i.d = 13;
    i.n = 13;
    i.imm = (w & 0x7f) * 4;
    return execute;
  };
}

function compareBranch(execute: Execute): Decoder {
  return (i, w) => {
    i.n = w & 7;
    i.imm = (i.pc + 4 + ((w & 0xf8) >>> 2) + ((w & 0x200) >>> 3)) | 0;
    i.kind = DIRECT_BRANCH;
    return i.it === 0 ? execute : system.unmodelled;
  };
}

function extend(execute: Execute): Decoder {
  return (i, w) => {
    i.d = w & 7;
    i.m = (w >>> 3) & 7;
    return execute;
  };
}

function list(i: Insn, registers: number, n: number): boolean {
  i.n = n;
  i.imm = registers;
  i.a = 1;
  i.m = 0;
  for (let rest = registers; rest !== 0; rest &= rest - 1) i.m++;
  return registers !== 0;
}

const push: Decoder = (i, w) => {
  i.kind = 1;
  return list(i, (w & 0xff) | ((w & 0x100) << 6), 13) ? memory.stm : system.unmodelled;
};
const pop: Decoder = (i, w) =>
  list(i, (w & 0xff) | ((w & 0x100) << 7), 13) ? memory.ldm : system.unmodelled;
const stm: Decoder = (i, w) => (list(i, w & 0xff, (w >>> 8) & 7) ? memory.stm : system.unmodelled);
const ldm: Decoder = (i, w) => {
  if (!list(i, w & 0xff, (w >>> 8) & 7)) return system.unmodelled;
  if (((i.imm >>> i.n) & 1) === 1) i.a = 0;
  return memory.ldm;
};

const cps: Decoder = (i, w) => {
  i.kind = (w >>> 4) & 1;
  i.imm = w & 3;
  return i.it === 0 ? system.cps : system.unmodelled;
};

const bkpt: Decoder = (i, w) => {
  i.imm = w & 0xff;
  return system.bkpt;
};

const HINTS: readonly Execute[] = [system.nop, system.nop, system.wfe, system.wfi, system.sev];
/** Unallocated hints execute as NOP. */
const hint: Decoder = (_, w) => HINTS[(w >>> 4) & 15] ?? system.nop;

/** A condition of 15, AL with an else, and a nested IT are UNPREDICTABLE (A7.7.38). */
const it: Decoder = (i, w) => {
  const condition = (w >>> 4) & 15;
  const several = (w & 7) !== 0;
  const elseAl =
    condition === 14 && several && (w & 15) !== 8 && (w & 15) !== 4 && (w & 15) !== 2 && (w & 15) !== 1;
  return condition === 15 || elseAl || i.it !== 0 ? system.unmodelled : system.nop;
};

const conditionalBranch: Decoder = (i, w) => {
  i.imm = (i.pc + 4 + (((w & 0xff) << 24) >> 23)) | 0;
  i.kind = DIRECT_BRANCH;
  return i.it === 0 ? (B_COND[(w >>> 8) & 15] as Execute) : system.unmodelled;
};

const svc: Decoder = (i, w) => {
  i.imm = w & 0xff;
  return system.svc;
};

const branch: Decoder = (i, w) => {
  i.imm = (i.pc + 4 + (((w & 0x7ff) << 21) >> 20)) | 0;
  i.kind = DIRECT_BRANCH;
  return b;
};

const rsb: Decoder = (i, w) => {
  low(i, w);
  const [without, setting] = data.DATA_PROCESSING[14] as readonly [Execute, Execute, unknown];
  return flags(i, without, setting);
};
const multiply: Decoder = (i, w) => {
  i.d = w & 7;
  i.n = (w >>> 3) & 7;
  i.m = i.d;
  return flags(i, mul, muls);
};
const mvn: Decoder = (i, w) => {
  i.d = w & 7;
  i.m = (w >>> 3) & 7;
  i.kind = Operand.register;
  return flags(i, data.mvn, data.mvns);
};
const compareImm8: Decoder = (i, w) => {
  i.n = (w >>> 8) & 7;
  i.imm = w & 0xff;
  return data.cmpImm;
};

const ROWS: readonly Row[] = [
  [0xfe00, 0x1800, threeRegisters(data.addReg, data.addsReg)],
  [
    0xfe00,
    0x1a00,
    threeRegisters((data.DATA_PROCESSING[13] as readonly Execute[])[0] as Execute, data.subsReg),
  ],
  [0xfe00, 0x1c00, imm3(data.addImm, data.addsImm)],
  [0xfe00, 0x1e00, imm3(data.subImm, data.subsImm)],
  [0xe000, 0x0000, shiftImm],
  [0xf800, 0x2000, imm8(data.movImm, data.movsImm)],
  [0xf800, 0x2800, compareImm8],
  [0xf800, 0x3000, imm8(data.addImm, data.addsImm)],
  [0xf800, 0x3800, imm8(data.subImm, data.subsImm)],
  [0xffc0, 0x4000, registerOp(0)],
  [0xffc0, 0x4040, registerOp(4)],
  [0xffc0, 0x4080, shiftOp(0)],
  [0xffc0, 0x40c0, shiftOp(1)],
  [0xffc0, 0x4100, shiftOp(2)],
  [0xffc0, 0x4140, registerOp(10)],
  [0xffc0, 0x4180, registerOp(11)],
  [0xffc0, 0x41c0, shiftOp(3)],
  [0xffc0, 0x4200, compareOp(0)],
  [0xffc0, 0x4240, rsb],
  [0xffc0, 0x4280, compareOp(13)],
  [0xffc0, 0x42c0, compareOp(8)],
  [0xffc0, 0x4300, registerOp(2)],
  [0xffc0, 0x4340, multiply],
  [0xffc0, 0x4380, registerOp(1)],
  [0xffc0, 0x43c0, mvn],
  [0xff00, 0x4400, addHigh],
  [0xff00, 0x4500, cmpHigh],
  [0xff00, 0x4600, movHigh],
  [0xff80, 0x4700, exchange(bx)],
  [0xff80, 0x4780, exchange(blx)],
  [0xf800, 0x4800, literal],
  [0xfe00, 0x5000, registerOffset(memory.STORE.word)],
  [0xfe00, 0x5200, registerOffset(memory.STORE.half)],
  [0xfe00, 0x5400, registerOffset(memory.STORE.byte)],
  [0xfe00, 0x5600, registerOffset(memory.LOAD.signedByte)],
  [0xfe00, 0x5800, registerOffset(memory.LOAD.word)],
  [0xfe00, 0x5a00, registerOffset(memory.LOAD.half)],
  [0xfe00, 0x5c00, registerOffset(memory.LOAD.byte)],
  [0xfe00, 0x5e00, registerOffset(memory.LOAD.signedHalf)],
  [0xf800, 0x6000, immediateOffset(memory.strImm, 4)],
  [0xf800, 0x6800, immediateOffset(memory.ldrImm, 4)],
  [0xf800, 0x7000, immediateOffset(memory.strbImm, 1)],
  [0xf800, 0x7800, immediateOffset(memory.ldrbImm, 1)],
  [0xf800, 0x8000, immediateOffset(memory.strhImm, 2)],
  [0xf800, 0x8800, immediateOffset(memory.ldrhImm, 2)],
  [0xf800, 0x9000, spOffset(memory.strImm)],
  [0xf800, 0x9800, spOffset(memory.ldrImm)],
  [0xf800, 0xa000, adr],
  [0xf800, 0xa800, spOffset(data.addImm)],
  [0xff80, 0xb000, moveSp(data.addImm)],
  [0xff80, 0xb080, moveSp(data.subImm)],
  [0xfd00, 0xb100, compareBranch(cbz)],
  [0xfd00, 0xb900, compareBranch(cbnz)],
  [0xffc0, 0xb200, extend(data.sxth)],
  [0xffc0, 0xb240, extend(data.sxtb)],
  [0xffc0, 0xb280, extend(data.uxth)],
  [0xffc0, 0xb2c0, extend(data.uxtb)],
  [0xfe00, 0xb400, push],
  [0xffec, 0xb660, cps],
  [0xffc0, 0xba00, extend(bits.rev)],
  [0xffc0, 0xba40, extend(bits.rev16)],
  [0xffc0, 0xbac0, extend(bits.revsh)],
  [0xfe00, 0xbc00, pop],
  [0xff00, 0xbe00, bkpt],
  [0xff0f, 0xbf00, hint],
  [0xff00, 0xbf00, it],
  [0xf800, 0xc000, stm],
  [0xf800, 0xc800, ldm],
  [0xff00, 0xde00, () => undefinedInstruction],
  [0xff00, 0xdf00, svc],
  [0xf000, 0xd000, conditionalBranch],
  [0xf800, 0xe000, branch],
];

export function decode16(i: Insn, w: number): Execute {
  const row = ROWS.find(([mask, value]) => (w & mask) === value);
  return row === undefined ? undefinedInstruction : row[2](i, w);
}

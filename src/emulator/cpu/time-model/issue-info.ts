/**
 * What the issue model has to know of an instruction: the registers that it waits for and gives, how long its result
 * takes, and what it shares a cycle with. From the encodings of DDI 0403E, A5.2, A5.3 and A6.4. Times: pipeline.ts.
 */

import { floatInfo } from "./issue-info-float.js";
import { wideInfo } from "./issue-info-wide.js";
import { type IssueInfo, Kind, LATENCY, type Unit } from "./issue-kinds.js";

const SP = 13;
const LR = 14;

interface Row {
  readonly mask: number;
  readonly value: number;
  readonly info: (w: number) => IssueInfo;
}

const low = (w: number, shift: number): number => (w >>> shift) & 7;

const alu = (reads: readonly number[], writes: readonly number[], kind: Unit = Kind.alu): IssueInfo => ({
  kind,
  reads,
  shifted: kind === Kind.shifted ? reads : [],
  address: [],
  writes,
  latency: LATENCY.alu,
  cycles: 1,
});
const load = (address: readonly number[], writes: readonly number[]): IssueInfo => ({
  ...alu([], writes),
  kind: Kind.load,
  address,
  latency: LATENCY.load,
});
const store = (data: number, address: readonly number[]): IssueInfo => ({
  ...alu([data], []),
  kind: Kind.store,
  address,
});
const branch = (reads: readonly number[], writes: readonly number[] = []): IssueInfo => ({
  ...alu(reads, writes),
  kind: Kind.branch,
});
/** Two registers a cycle. */
const multiple = (list: number, base: number, loads: boolean): IssueInfo => {
  const registers = Array.from({ length: 15 }, (_, n) => n).filter((n) => ((list >>> n) & 1) === 1);
  const count = registers.length + ((list >>> 15) & 1);
  return {
    ...alu(loads ? [] : registers, loads ? [...registers, base] : [base]),
    kind: Kind.alone,
    address: [base],
    cycles: Math.max(1, Math.ceil(count / 2)),
    latency: loads ? LATENCY.load : LATENCY.alu,
  };
};

/** Bits 9:6 of the data-processing group. */
const DP = { shifts: [2, 3, 4, 7], compares: [8, 10, 11], multiply: 13 } as const;

function dataProcessing(w: number): IssueInfo {
  const op = (w >>> 6) & 15;
  const reads = [low(w, 0), low(w, 3)];
  const writes = (DP.compares as readonly number[]).includes(op) ? [] : [low(w, 0)];
  if (op === DP.multiply) return { ...alu(reads, writes, Kind.multiply), latency: LATENCY.multiply };
  return alu(reads, writes, (DP.shifts as readonly number[]).includes(op) ? Kind.shifted : Kind.alu);
}

function highRegisters(w: number): IssueInfo {
  const d = (w & 7) | ((w >>> 4) & 8);
  const m = (w >>> 3) & 15;
  const op = (w >>> 8) & 3;
  if (op === 3) return branch([m], (w & 0x80) !== 0 ? [LR] : []);
  if (d === 15) return branch([m]);
  return alu(op === 2 ? [m] : [d, m], op === 1 ? [] : [d]);
}

const NARROW: readonly Row[] = [
  { mask: 0xf800, value: 0x1800, info: (w) => alu([low(w, 3), low(w, 6)], [low(w, 0)]) },
  { mask: 0xfc00, value: 0x1c00, info: (w) => alu([low(w, 3)], [low(w, 0)]) },
  { mask: 0xe000, value: 0x0000, info: (w) => alu([low(w, 3)], [low(w, 0)], Kind.shifted) },
  { mask: 0xf800, value: 0x2000, info: (w) => alu([], [low(w, 8)]) },
  { mask: 0xf800, value: 0x2800, info: (w) => alu([low(w, 8)], []) },
  { mask: 0xf000, value: 0x3000, info: (w) => alu([low(w, 8)], [low(w, 8)]) },
  { mask: 0xfc00, value: 0x4000, info: dataProcessing },
  { mask: 0xfc00, value: 0x4400, info: highRegisters },
  { mask: 0xf800, value: 0x4800, info: (w) => load([], [low(w, 8)]) },
  { mask: 0xf000, value: 0x5000, info: registerOffset },
  { mask: 0xf800, value: 0x9000, info: (w) => store(low(w, 8), [SP]) },
  { mask: 0xf800, value: 0x9800, info: (w) => load([SP], [low(w, 8)]) },
  { mask: 0xe800, value: 0x6000, info: (w) => store(low(w, 0), [low(w, 3)]) },
  { mask: 0xe800, value: 0x6800, info: (w) => load([low(w, 3)], [low(w, 0)]) },
  { mask: 0xf800, value: 0x8000, info: (w) => store(low(w, 0), [low(w, 3)]) },
  { mask: 0xf800, value: 0x8800, info: (w) => load([low(w, 3)], [low(w, 0)]) },
  { mask: 0xf800, value: 0xa000, info: (w) => alu([], [low(w, 8)]) },
  { mask: 0xf800, value: 0xa800, info: (w) => alu([SP], [low(w, 8)]) },
  { mask: 0xff00, value: 0xb000, info: () => alu([SP], [SP]) },
  { mask: 0xff00, value: 0xb200, info: (w) => alu([low(w, 3)], [low(w, 0)], Kind.shifted) },
  { mask: 0xf500, value: 0xb100, info: (w) => branch([low(w, 0)]) },
  { mask: 0xfe00, value: 0xb400, info: (w) => multiple((w & 0xff) | ((w & 0x100) << 6), SP, false) },
  { mask: 0xfe00, value: 0xbc00, info: (w) => multiple((w & 0xff) | ((w & 0x100) << 7), SP, true) },
  { mask: 0xff00, value: 0xba00, info: (w) => alu([low(w, 3)], [low(w, 0)], Kind.dsp) },
  { mask: 0xff00, value: 0xbf00, info: () => alu([], []) },
  { mask: 0xf800, value: 0xc000, info: (w) => multiple(w & 0xff, low(w, 8), false) },
  { mask: 0xf800, value: 0xc800, info: (w) => multiple(w & 0xff, low(w, 8), true) },
  { mask: 0xff00, value: 0xdf00, info: () => ({ ...alu([], []), kind: Kind.alone }) },
  { mask: 0xf000, value: 0xd000, info: () => branch([]) },
  { mask: 0xf800, value: 0xe000, info: () => branch([]) },
];

/** Bits 11:9: STR, STRH, STRB, then the loads. */
function registerOffset(w: number): IssueInfo {
  const address = [low(w, 3), low(w, 6)];
  return low(w, 9) < 3 ? store(low(w, 0), address) : load(address, [low(w, 0)]);
}

const OTHER: IssueInfo = { ...alu([], []), kind: Kind.alone };

/** @param opcode as `Insn.opcode` @param wide it has 32 bits */
export function issueInfo(opcode: number, wide: boolean): IssueInfo {
  if (wide) return floatInfo(opcode) ?? wideInfo({ alu, load, store, branch, multiple }, opcode) ?? OTHER;
  return NARROW.find(({ mask, value }) => (opcode & mask) === value)?.info(opcode) ?? OTHER;
}

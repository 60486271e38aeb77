/** Words of the issue model. */

/** Which part of the core an instruction takes, as far as it decides what may issue in the same cycle. */
export const Kind = {
  alu: 0,
  /** An operand that goes through the shifter: shifts, bit fields, extensions, rotated immediates. */
  shifted: 1,
  multiply: 2,
  dsp: 3,
  load: 4,
  store: 5,
  branch: 6,
  float: 7,
  /** Shares its cycles with nothing. */
  alone: 8,
} as const;
export type Unit = (typeof Kind)[keyof typeof Kind];

/** Scoreboard index of S0; D registers are pairs of them. r0..r14 are 0..14. */
export const S0 = 16;
export const SCOREBOARD = S0 + 33;
/** Scoreboard index of the flags of FPSCR. */
export const FPSCR = S0 + 32;

export interface IssueInfo {
  readonly kind: Unit;
  /** Scoreboard indexes whose values it needs. */
  readonly reads: readonly number[];
  /** Those that it needs a cycle earlier, because they go through the shifter. */
  readonly shifted: readonly number[];
  /** Those that make its address. */
  readonly address: readonly number[];
  readonly writes: readonly number[];
  /** Cycles from its issue to the issue of what uses its result. */
  readonly latency: number;
  /** Cycles that it keeps the issue stage. */
  readonly cycles: number;
  /** SDIV, UDIV: takes as long as its operands say. */
  readonly divides?: boolean;
}

/** Cycles to the use of a result. Sources: see docs/emulator.md, "Instruction time". */
export const LATENCY = { alu: 1, load: 2, multiply: 2, float: 3 } as const;

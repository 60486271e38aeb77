/** Issue information of the 32-bit encodings but floating point (DDI 0403E, A5.3). */

import { type IssueInfo, Kind, LATENCY, type Unit } from "./issue-kinds.js";

/** The forms that both widths share. */
export interface Forms {
  alu(reads: readonly number[], writes: readonly number[], kind?: Unit): IssueInfo;
  load(address: readonly number[], writes: readonly number[]): IssueInfo;
  store(data: number, address: readonly number[]): IssueInfo;
  branch(reads: readonly number[], writes?: readonly number[]): IssueInfo;
  multiple(list: number, base: number, loads: boolean): IssueInfo;
}

interface Row {
  readonly mask: number;
  readonly value: number;
  readonly info: (forms: Forms, w: number) => IssueInfo;
}

const LR = 14;
/** DSB, ISB, MSR and the like drain the pipeline. */
const DRAIN_CYCLES = 6;

const n = (w: number): number => (w >>> 16) & 15;
const t = (w: number): number => (w >>> 12) & 15;
const d = (w: number): number => (w >>> 8) & 15;
const m = (w: number): number => w & 15;
/** 15 stands for "none" or for the PC, which nothing waits for. */
const real = (...registers: number[]): number[] => registers.filter((register) => register !== 15);

function dataRegister(forms: Forms, w: number): IssueInfo {
  const shifts = (w & 0x70f0) !== 0;
  return forms.alu(real(n(w), m(w)), real(d(w)), shifts ? Kind.shifted : Kind.alu);
}

/** A constant of more than its low byte goes through the shifter. */
function dataImmediate(forms: Forms, w: number): IssueInfo {
  const rotated = (w & 0x0400_7000) !== 0;
  return forms.alu(real(n(w)), real(d(w)), rotated ? Kind.shifted : Kind.alu);
}

/** ADDW, SUBW, MOVW; MOVT keeps half of Rd; from bit 24 on saturation and bit fields. */
function plainImmediate(forms: Forms, w: number): IssueInfo {
  const op = (w >>> 20) & 31;
  if (op === 4) return forms.alu([], real(d(w)));
  if (op === 12) return forms.alu(real(d(w)), real(d(w)));
  if (op < 16) return forms.alu(real(n(w)), real(d(w)));
  return forms.alu(real(n(w), d(w)), real(d(w)), Kind.shifted);
}

function branchOrControl(forms: Forms, w: number): IssueInfo {
  if ((w & 0x5000) === 0x5000) return forms.branch([], [LR]);
  if ((w & 0x5000) === 0x1000) return forms.branch([]);
  if ((w & 0x0380_0000) !== 0x0380_0000) return forms.branch([]);
  if ((w & 0xffff_fff0) >>> 0 === 0xf3af_8000) return forms.alu([], []);
  const reads = real(n(w));
  return { ...forms.alu(reads, real(d(w))), kind: Kind.alone, cycles: DRAIN_CYCLES };
}

/** Registers of the address: Rn, and Rm of the register form. */
function addressOf(w: number): number[] {
  const register = (w & (1 << 23)) === 0 && (w & 0xfc0) === 0 && n(w) !== 15;
  return real(n(w), register ? m(w) : 15);
}
const writesBack = (w: number): boolean => (w & (1 << 23)) === 0 && (w & 0x900) === 0x900 && n(w) !== 15;

function loadSingle(forms: Forms, w: number): IssueInfo {
  if (t(w) === 15) return { ...forms.branch([]), address: addressOf(w) };
  return forms.load(addressOf(w), [t(w), ...(writesBack(w) ? [n(w)] : [])]);
}
function storeSingle(forms: Forms, w: number): IssueInfo {
  const info = forms.store(t(w), addressOf(w));
  return writesBack(w) ? { ...info, writes: [n(w)] } : info;
}

function dualOrExclusive(forms: Forms, w: number): IssueInfo {
  if ((w & 0xfff0_ffe0) >>> 0 === 0xe8d0_f000) return forms.branch(real(n(w), m(w)));
  const base = (w & (1 << 21)) !== 0 ? [n(w)] : [];
  if ((w & (1 << 20)) !== 0) return forms.load(real(n(w)), real(t(w), d(w), ...base));
  const second = (w & 0x0180_0000) === 0 ? [] : [d(w)];
  const info = forms.store(t(w), real(n(w)));
  return { ...info, reads: real(t(w), ...second), writes: base };
}

/** Shifts by register and extensions below, parallel arithmetic and the rest above. */
function dataRegisters(forms: Forms, w: number): IssueInfo {
  const dsp = (w & 0x0080_0000) !== 0;
  return forms.alu(real(n(w), m(w)), real(d(w)), dsp ? Kind.dsp : Kind.shifted);
}

function multiply(forms: Forms, w: number): IssueInfo {
  const plain = (w & 0x00f0_00e0) === 0;
  const info = forms.alu(real(n(w), m(w), t(w)), real(d(w)), plain ? Kind.multiply : Kind.dsp);
  return { ...info, latency: LATENCY.multiply };
}

function longMultiply(forms: Forms, w: number): IssueInfo {
  const op = (w >>> 20) & 7;
  if (op === 1 || op === 3) {
    return { ...forms.alu(real(n(w), m(w)), real(d(w))), kind: Kind.alone, divides: true };
  }
  const accumulates = op >= 4;
  const info = forms.alu(
    real(n(w), m(w), ...(accumulates ? [t(w), d(w)] : [])),
    real(t(w), d(w)),
    Kind.multiply,
  );
  return { ...info, latency: LATENCY.multiply };
}

const ROWS: readonly Row[] = [
  { mask: 0xfe50_0000, value: 0xe800_0000, info: (f, w) => f.multiple(w & 0xffff, n(w), false) },
  { mask: 0xfe50_0000, value: 0xe810_0000, info: (f, w) => f.multiple(w & 0xffff, n(w), true) },
  { mask: 0xfe40_0000, value: 0xe840_0000, info: dualOrExclusive },
  { mask: 0xfe00_0000, value: 0xea00_0000, info: dataRegister },
  { mask: 0xfa00_8000, value: 0xf000_0000, info: dataImmediate },
  { mask: 0xfa00_8000, value: 0xf200_0000, info: plainImmediate },
  { mask: 0xf800_8000, value: 0xf000_8000, info: branchOrControl },
  { mask: 0xff10_0000, value: 0xf800_0000, info: storeSingle },
  { mask: 0xfe10_0000, value: 0xf810_0000, info: loadSingle },
  { mask: 0xff00_0000, value: 0xfa00_0000, info: dataRegisters },
  { mask: 0xff80_0000, value: 0xfb00_0000, info: multiply },
  { mask: 0xff80_0000, value: 0xfb80_0000, info: longMultiply },
];

/** @param w first halfword << 16 | second. Undefined: no such encoding. */
export function wideInfo(forms: Forms, w: number): IssueInfo | undefined {
  return ROWS.find(({ mask, value }) => (w & mask) >>> 0 === value)?.info(forms, w);
}

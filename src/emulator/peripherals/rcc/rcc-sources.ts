/**
 * Clock sources of the RCC: where their bits are and how long they take to start (data sheet DS12556,
 * "External/Internal clock source characteristics" and "PLL characteristics", typical values; HSE: see below).
 */

import type { Oscillator, PllNumber } from "./clock-tree.js";

export type SourceName = Oscillator | `PLL${PllNumber}`;

export interface SourceSpec {
  readonly register: "CR" | "CSR" | "BDCR";
  /** Enable bit. */
  readonly on: number;
  /** Ready flag. */
  readonly ready: number;
  /** Bit in CIER, CIFR and CICR. */
  readonly interrupt: number;
  readonly startNs: number;
}

const MICROSECOND = 1e3;
const MILLISECOND = 1e6;

/**
 * The data sheet says 2 ms for a crystal, and that it depends on the crystal. Those of boards with 25 MHz are ready before ST's library
 * counts its first millisecond: programs that cannot take the SysTick interrupt before they have set up their clocks run there.
 */
const HSE_NS = 500 * MICROSECOND;

export const SOURCES: Readonly<Record<SourceName, SourceSpec>> = {
  LSI: { register: "CSR", on: 1 << 0, ready: 1 << 1, interrupt: 1 << 0, startNs: 120 * MICROSECOND },
  LSE: { register: "BDCR", on: 1 << 0, ready: 1 << 1, interrupt: 1 << 1, startNs: 2000 * MILLISECOND },
  HSI: { register: "CR", on: 1 << 0, ready: 1 << 2, interrupt: 1 << 2, startNs: 2 * MICROSECOND },
  HSE: { register: "CR", on: 1 << 16, ready: 1 << 17, interrupt: 1 << 3, startNs: HSE_NS },
  CSI: { register: "CR", on: 1 << 7, ready: 1 << 8, interrupt: 1 << 4, startNs: 2 * MICROSECOND },
  HSI48: { register: "CR", on: 1 << 12, ready: 1 << 13, interrupt: 1 << 5, startNs: 2.1 * MICROSECOND },
  PLL1: { register: "CR", on: 1 << 24, ready: 1 << 25, interrupt: 1 << 6, startNs: 50 * MICROSECOND },
  PLL2: { register: "CR", on: 1 << 26, ready: 1 << 27, interrupt: 1 << 7, startNs: 50 * MICROSECOND },
  PLL3: { register: "CR", on: 1 << 28, ready: 1 << 29, interrupt: 1 << 8, startNs: 50 * MICROSECOND },
};

export type TrimmedSource = "HSI" | "CSI";

/**
 * HSITRIM and CSITRIM (RCC_HSICFGR, RCC_CSICFGR): the value that leaves a source as the factory calibrated it, and what a step is (data
 * sheet, typical; on silicon HSI's step to a multiple of 32 goes the other way, by 0.25 to 1.8 %). What the factory finds differs from chip to chip.
 */
export const TRIMS: Readonly<
  Record<TrimmedSource, { readonly reset: number; readonly step: number; readonly factory: number }>
> = {
  HSI: { reset: 0x40, step: 0.0024, factory: 0x400 },
  CSI: { reset: 0x20, step: 0.0035, factory: 0x80 },
};

export const SOURCE_NAMES = Object.keys(SOURCES) as SourceName[];

/** RM0433, chapter RCC: limits of a PLL's reference input (PLLxRGE) and VCO (PLLxVCOSEL), in Hz. */
export const PLL_INPUT_RANGES = [
  [1e6, 2e6],
  [2e6, 4e6],
  [4e6, 8e6],
  [8e6, 16e6],
] as const;
export const PLL_VCO_RANGES = [
  [192e6, 960e6],
  [150e6, 420e6],
] as const;

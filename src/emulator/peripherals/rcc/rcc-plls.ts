/** The three PLLs of the RCC: what of their configuration is fixed when, and when they lock (RM0433, chapter RCC). */

import type { RegisterBlock } from "../../registers.js";
import type { ClockTree, Oscillator, PllNumber } from "./clock-tree.js";
import type { RccRegister } from "./rcc-registers.js";
import { PLL_INPUT_RANGES, PLL_VCO_RANGES, SOURCES } from "./rcc-sources.js";

export interface PllsOptions {
  readonly registers: RegisterBlock<RccRegister>;
  readonly tree: ClockTree;
  readonly sourceReady: (source: Oscillator) => boolean;
  /** Puts `mask` of the register back to `before`, reporting `why` when that changed something. */
  readonly keep: (register: RccRegister, before: number, mask: number, why: string) => void;
  readonly mistake: (message: string) => void;
}

export const PLLS = [1, 2, 3] as const;

/**
 * How far past the data sheet's limits a PLL still locks: they hold for the worst chip, and no sheet says where others fail.
 * Arduino's bootloader for the GIGA asks for a VCO 8 kHz above 960 MHz, flash loaders divide 25 MHz by one. ST's USB examples ask for
 * 800 MHz with the medium range of PLLxVCOSEL, on five of its boards: what that range limits is not where the VCO ends. Every excess is told.
 */
const INPUT_MARGIN = 2;
const VCO_MARGIN = 1.2;

export class Plls {
  readonly #options: PllsOptions;
  /** The fractional parts that the modulators have latched. */
  readonly #fractions: Record<PllNumber, number> = { 1: 0, 2: 0, 3: 0 };

  constructor(options: PllsOptions) {
    this.#options = options;
  }

  reset(): void {
    for (const pll of PLLS) this.#fractions[pll] = 0;
  }

  /** The fractional part that counts now, 0..8191. */
  fraction(pll: PllNumber): number {
    return this.#fractions[pll];
  }

  /** Is any PLLxON set in this value of RCC_CR? */
  anyOn(cr: number): boolean {
    return PLLS.some((pll) => (cr & SOURCES[`PLL${pll}`].on) !== 0);
  }

  /** After a write of RCC_CR: a PLL that starts takes FRACN when FRACEN is set, and runs on integers otherwise. */
  latchAtStart(before: number): void {
    const { registers } = this.#options;
    for (const pll of PLLS) {
      const { on } = SOURCES[`PLL${pll}`];
      if ((before & on) !== 0 || !registers.has("CR", on)) continue;
      const enabled = registers.has("PLLCFGR", 1 << ((pll - 1) * 4));
      this.#fractions[pll] = enabled ? this.#fractionRegister(pll) : 0;
    }
  }

  /** After a write of RCC_PLLCKSELR. */
  wroteSelection(before: number): void {
    const { registers, keep } = this.#options;
    for (const pll of PLLS) this.guard(pll, "PLLCKSELR", before, 0x3f << (4 + (pll - 1) * 8));
    if (this.anyOn(registers.get("CR"))) keep("PLLCKSELR", before, 3, "PLLSRC is fixed while a PLL is on");
  }

  /** After a write of RCC_PLLCFGR: PLLxRGE and PLLxVCOSEL are fixed while on; a rising FRACEN latches FRACN. */
  wroteConfiguration(before: number): void {
    for (const pll of PLLS) {
      const shift = (pll - 1) * 4;
      this.guard(pll, "PLLCFGR", before, 0xe << shift);
      const rose = (this.#options.registers.get("PLLCFGR") & ~before & (1 << shift)) !== 0;
      if (rose) this.#fractions[pll] = this.#fractionRegister(pll);
    }
  }

  /** Keeps `mask` of the register as it was while the PLL is on. */
  guard(pll: PllNumber, register: RccRegister, before: number, mask: number): void {
    const { registers, keep } = this.#options;
    if (!registers.has("CR", SOURCES[`PLL${pll}`].on)) return;
    keep(register, before, mask, `fixed while PLL${pll} is on`);
  }

  /** A PLL waits for its source, and locks only near the limits of its input and its VCO. */
  canLock(pll: PllNumber): boolean {
    const { registers, tree, sourceReady, mistake } = this.#options;
    const source = tree.pllSource;
    if (source !== undefined && !sourceReady(source)) return false;
    const { refHz, vcoHz } = tree.pllPlan(pll);
    const config = registers.get("PLLCFGR") >>> ((pll - 1) * 4);
    const [lowest, highest] = PLL_VCO_RANGES[(config >>> 1) & 1] ?? PLL_VCO_RANGES[0];
    const [inLow, inHigh] = PLL_INPUT_RANGES[(config >>> 2) & 3] ?? PLL_INPUT_RANGES[0];
    const beyond = (inputMargin: number, slowest: number, fastest: number): boolean =>
      refHz < 1e6 / inputMargin || refHz > 16e6 * inputMargin || vcoHz < slowest || vcoHz > fastest;
    if (beyond(1, lowest, highest)) {
      const locks = !beyond(INPUT_MARGIN, lowest / VCO_MARGIN, PLL_VCO_RANGES[0][1] * VCO_MARGIN);
      mistake(
        `RCC: PLL${pll} ${locks ? "locks on most chips only" : "never locks"}: reference ${refHz} Hz (must be 1..16 MHz), ` +
          `VCO ${vcoHz} Hz (must be ${lowest}..${highest} Hz for its VCOSEL)`,
      );
      if (!locks) return false;
    }
    if (refHz < inLow || refHz > inHigh) {
      mistake(`RCC: PLL${pll}RGE is for ${inLow}..${inHigh} Hz, the reference is ${refHz} Hz`);
    }
    return true;
  }

  #fractionRegister(pll: PllNumber): number {
    return (this.#options.registers.get(`PLL${pll}FRACR`) >>> 3) & 0x1fff;
  }
}

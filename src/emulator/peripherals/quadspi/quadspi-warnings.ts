/** QUADSPI: what manual and errata sheet warn of, told to the user. */

import type { EmulatorLog } from "../../bus.js";
import { CCR, CR, MODE } from "./quadspi-registers.js";

export class QuadSpiWarnings {
  readonly #log: EmulatorLog;
  /** The workaround of ES0392 "QUADSPI internal timing criticality" was done. */
  timingFixed = false;

  constructor(log: EmulatorLog) {
    this.#log = log;
  }

  /** CCR was written while CR.EN = 1. */
  configuration(ccr: number, cr: number): void {
    this.#hangs(ccr);
    if (ccr >>> 31 === 0) return;
    if ((cr & CR.SSHIFT) !== 0) {
      this.#log.once(
        "QUADSPI.sshift",
        "QUADSPI: DDRM together with SSHIFT is forbidden (RM0433): sampling can fail on silicon",
      );
    }
    if (cr >>> 24 === 0) {
      this.#log.once(
        "QUADSPI.ddr",
        "QUADSPI: DDRM (and DHHC) need a clock divided by two or more (RM0433, PRESCALER): PRESCALER is 0",
      );
    }
  }

  /** Errata sheet of the STM32H750xB and H753xI, sections on QUADSPI, all revisions. */
  #hangs(ccr: number): void {
    if (ccr === 0) {
      this.#log.once(
        "QUADSPI.CCR.zero",
        "guest mistake: QUADSPI.CCR: 0 written while CR.EN = 1: BUSY stays set on silicon until EN is cleared (errata)",
      );
    }
    const onlyData = (ccr & (CCR.PHASES | CCR.DCYC)) === (ccr & CCR.DMODE) && (ccr & CCR.DMODE) !== 0;
    if (((ccr >>> 26) & 3) === MODE.READ && onlyData) {
      this.#log.once(
        "QUADSPI.CCR.data",
        "guest mistake: QUADSPI.CCR: a read with a data phase alone: BUSY stays set on silicon until an abort (errata)",
      );
    }
  }

  /** A command is used. ES0392, "QUADSPI internal timing criticality": its conditions are not known, the workaround is for every program. */
  timing(): void {
    if (this.timingFixed) return;
    this.#log.once(
      "QUADSPI.timing",
      "QUADSPI: used after reset or memory-mapped mode without the workaround of ES0392 'internal timing criticality': can fail on silicon",
    );
  }
}

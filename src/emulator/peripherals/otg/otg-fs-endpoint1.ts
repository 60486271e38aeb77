/** Interrupts that endpoint 1 has for itself, beside those by DAINT (RM0433, OTG_DEACHINT, OTG_DIEPEACHMSK1, OTG_DOEPEACHMSK1). */

import type { InterruptLine } from "../../bus.js";
import type { RegisterBlock, RegisterCell } from "../../registers.js";
import { DEACHINT } from "./otg-fs-registers.js";

/** OTG_xS_EP1_IN and OTG_xS_EP1_OUT. */
export interface Endpoint1Lines {
  readonly in: InterruptLine;
  readonly out: InterruptLine;
}

export class Endpoint1Interrupts {
  readonly #regs: RegisterBlock<string>;
  readonly #mask: RegisterCell;
  readonly #lines: Endpoint1Lines | undefined;

  constructor(regs: RegisterBlock<string>, lines: Endpoint1Lines | undefined) {
    this.#regs = regs;
    this.#mask = regs.cell("DEACHINTMSK");
    this.#lines = lines;
  }

  /** DEACHINT: what the endpoint asks for by its own masks. */
  get status(): number {
    const inCauses = this.#regs.get("DIEPINT1") & this.#regs.get("DIEPEACHMSK1");
    const outCauses = this.#regs.get("DOEPINT1") & this.#regs.get("DOEPEACHMSK1");
    return (inCauses === 0 ? 0 : DEACHINT.IEP1INT) | (outCauses === 0 ? 0 : DEACHINT.OEP1INT);
  }

  /** @param enabled GAHBCFG.GINT. */
  update(enabled: boolean): void {
    const mask = this.#mask.value;
    const causes = enabled && mask !== 0 ? this.status & mask : 0;
    this.#lines?.in.set((causes & DEACHINT.IEP1INT) !== 0);
    this.#lines?.out.set((causes & DEACHINT.OEP1INT) !== 0);
  }
}

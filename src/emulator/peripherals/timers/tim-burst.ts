import type { RegisterBlock } from "../../registers.js";

/** DMAR: the register DCR.DBA + n, n counting through a burst of DBL + 1 accesses (RM0433, TIMx_DCR). */
export class TimBurst {
  #index = 0;

  access(registers: RegisterBlock<string>, value: number | undefined): number {
    const dcr = registers.get("DCR");
    const length = ((dcr >>> 8) & 0x1f) + 1;
    const offset = ((dcr & 0x1f) + this.#index) * 4;
    this.#index = (this.#index + 1) % length;
    if (value === undefined) return registers.read(offset, 4);
    registers.write(offset, 4, value);
    return 0;
  }
}

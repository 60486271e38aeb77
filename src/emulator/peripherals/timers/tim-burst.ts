import type { RegisterBlock } from "../../registers.js";
import type { TimOptions, TimRequest } from "./tim-options.js";

/**
 * DMAR: the register DCR.DBA + n, n counting through a burst of DBL + 1 accesses (RM0433, TIMx_DCR). Once an access has begun
 * a burst, the request that led to it stays up until the burst is through.
 */
export class TimBurst {
  readonly #hold: TimOptions["holdRequest"];
  #index = 0;
  #source: TimRequest | undefined;

  constructor(hold: TimOptions["holdRequest"]) {
    this.#hold = hold;
  }

  reset(): void {
    this.#index = 0;
    this.#release();
  }

  /** DMA was asked for something. */
  asked(request: TimRequest): void {
    if (this.#index === 0) this.#source = request;
  }

  access(registers: RegisterBlock<string>, value: number | undefined): number {
    const dcr = registers.get("DCR");
    const length = ((dcr >>> 8) & 0x1f) + 1;
    const offset = ((dcr & 0x1f) + this.#index) * 4;
    this.#index = (this.#index + 1) % length;
    const source = this.#source;
    if (length > 1 && source !== undefined) this.#hold?.(source, this.#index !== 0);
    if (value === undefined) return registers.read(offset, 4);
    registers.write(offset, 4, value);
    return 0;
  }

  #release(): void {
    if (this.#source !== undefined) this.#hold?.(this.#source, false);
    this.#source = undefined;
  }
}

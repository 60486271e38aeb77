/** Wake-up pins WKUP1..WKUP6 (RM0433, PWR_WKUPEPR, PWR_WKUPFR, PWR_WKUPCR). */

import type { RegisterBlock } from "../../registers.js";

/** Where they are, WKUP1 first (data sheet DS12556). */
export const WAKE_UP_PINS = ["PA0", "PA2", "PI8", "PC13", "PI11", "PC1"] as const;
const POLARITY_SHIFT = 8;

export class WakeUpPins {
  readonly #registers: RegisterBlock<string>;
  readonly #onWakeUp: (index: number, pending: boolean) => void;
  readonly #levels: boolean[] = WAKE_UP_PINS.map(() => false);

  /** @param onWakeUp the flag of a pin (0..5) was set or cleared */
  constructor(registers: RegisterBlock<string>, onWakeUp: (index: number, pending: boolean) => void) {
    this.#registers = registers;
    this.#onWakeUp = onWakeUp;
  }

  level(index: number, high: boolean): void {
    if (this.#levels[index] === high) return;
    this.#levels[index] = high;
    this.#look(index);
  }

  /** Enabling a pin whose level is active already counts as an event. */
  configured(before: number): void {
    const enabled = this.#registers.get("WKUPEPR") & ~before;
    this.#levels.forEach((_level, index) => {
      if ((enabled & (1 << index)) !== 0) this.#look(index);
    });
  }

  clear(written: number): void {
    const cleared = this.#registers.get("WKUPFR") & written;
    this.#registers.setBits("WKUPFR", cleared, false);
    this.#levels.forEach((_level, index) => {
      if ((cleared & (1 << index)) !== 0) this.#onWakeUp(index, false);
    });
  }

  #look(index: number): void {
    const wkupepr = this.#registers.get("WKUPEPR");
    const low = (wkupepr & (1 << (index + POLARITY_SHIFT))) !== 0;
    if ((wkupepr & (1 << index)) === 0 || this.#levels[index] === low) return;
    this.#registers.setBits("WKUPFR", 1 << index, true);
    this.#onWakeUp(index, true);
  }
}

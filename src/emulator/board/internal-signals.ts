/** Signals between peripherals that are no interrupts and no DMA requests: EXTI lines, outputs of LPTIM and COMP, frame synchronisation of SAI, interrupts of D3, the RTC's wake-up, triggers of MDMA. */

import type { RtcTrigger } from "../peripherals/rtc/rtc-registers.js";
import type { SdmmcEvent } from "../peripherals/sdmmc/sdmmc.js";

export type InternalSignal =
  | `EXTI${number}`
  | `LPTIM${1 | 2 | 3 | 4 | 5}_OUT`
  | `LPTIM${2 | 3 | 4 | 5}_IT`
  | "I2C4_IT"
  | "SPI6_IT"
  | "SPI6_WKUP"
  | `LPUART1_${"RX" | "TX"}_${"IT" | "WKUP"}`
  | "ADC3_IT"
  | `BDMA_CH${0 | 1}_IT`
  | "COMP1_OUT"
  | "COMP2_OUT"
  | "RTC_WKUP"
  | RtcTrigger
  | `SAI${1 | 2 | 3 | 4}_FS_${"A" | "B"}`
  | `SDMMC1_${SdmmcEvent}`
  | "LTDC_LINE";

/** @param high undefined: a pulse */
export type SignalListener = (high: boolean | undefined) => void;

export class InternalSignals {
  readonly #listeners = new Map<InternalSignal, { listener: SignalListener; wants: () => boolean }[]>();

  /** @param wants does it look at the signal now? */
  listen(signal: InternalSignal, listener: SignalListener, wants: () => boolean = () => true): void {
    const known = this.#listeners.get(signal);
    if (known === undefined) this.#listeners.set(signal, [{ listener, wants }]);
    else known.push({ listener, wants });
  }

  /** Does anybody look at the signal now? */
  wanted(signal: InternalSignal): boolean {
    return this.#listeners.get(signal)?.some(({ wants }) => wants()) ?? false;
  }

  /** An edge, or without a level a pulse. */
  raise(signal: InternalSignal, high?: boolean): void {
    for (const { listener } of this.#listeners.get(signal) ?? []) listener(high);
  }
}

/** What triggers converters: timers, HRTIM, LPTIM, EXTI, by the names that their tables have. */

import type { ChipWiring } from "./chip-wiring.js";
import type { InternalSignal } from "./internal-signals.js";

export interface TriggerSink {
  readonly wants: () => boolean;
  /** @param high undefined: a pulse */
  readonly edge: (high: boolean | undefined) => void;
}

/** @param source "TIM1_TRGO2", "TIM1_CH1", "HRTIM_ADC1", "HRTIM_DAC1", "EXTI11" */
export function listen(
  { timer, hrtim, signals }: Pick<ChipWiring, "timer" | "hrtim" | "signals">,
  source: string,
  { wants, edge }: TriggerSink,
): void {
  const [, name = "", signal = ""] = /^((?:HR)?TIM\d*)_(\w+)$/.exec(source) ?? [];
  const tim = timer(name);
  const pulse = (): void => edge(undefined);
  if (name === "HRTIM") {
    const trigger = Number(signal.slice(3));
    if (signal.startsWith("ADC")) hrtim.onAdcTrigger(trigger, { wants, pulse });
    else hrtim.onDacTrigger(trigger, { wants, pulse });
  } else if (tim === undefined) {
    const onEdge = (high: boolean | undefined): void => {
      if (wants()) edge(high);
    };
    signals.listen(source as InternalSignal, onEdge, wants);
  } else if (signal === "TRGO") tim.onTrigger({ wants, pulse });
  else if (signal === "TRGO2") tim.onTrigger2({ wants, pulse });
  else tim.onChannel(Number(signal.slice(2)), { wants, pulse });
}

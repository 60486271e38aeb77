/** The frequency of a clock that the chip gives at a pin, for what is clocked by it: MCO1, MCO2, a timer's PWM. */

import { type Gpio, type PortLetter, parsePin } from "../peripherals/gpio.js";
import type { Tim } from "../peripherals/timers/tim.js";
import { TIMER_PINS } from "../peripherals/timers/timer-pins.js";

export interface PinFrequencyOptions {
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly mcoHz: (n: 1 | 2) => number;
  readonly timer: (name: string) => Tim | undefined;
}

/** @param name "PA8" @returns Hz; 0: no clock is there */
export function pinFrequency({ gpio, mcoHz, timer }: PinFrequencyOptions, name: string): number {
  const { port, pin } = parsePin(name);
  const { mode, alternateFunction } = gpio[port].pinFunction(pin);
  if (mode !== "alternate") return 0;
  for (const [signal, pins] of Object.entries(TIMER_PINS) as [string, Readonly<Record<string, number>>][]) {
    if (pins[name] !== alternateFunction) continue;
    const [unit = "", channel] = signal.split("_CH");
    if (signal === "MCO1" || signal === "MCO2") return mcoHz(signal === "MCO1" ? 1 : 2);
    const found = timer(unit);
    if (found?.output(Number(channel)) !== undefined) return found.lapHz;
  }
  return 0;
}

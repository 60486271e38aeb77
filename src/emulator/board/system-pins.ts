/** Pins that the system looks at by itself: tampers and RTC_REFIN of the RTC, the wake-up pins of PWR. */

import { type Gpio, type PortLetter, parsePin } from "../peripherals/gpio.js";
import type { Pwr } from "../peripherals/pwr/pwr.js";
import { WAKE_UP_PINS } from "../peripherals/pwr/pwr-wakeup.js";
import type { Rtc } from "../peripherals/rtc/rtc.js";
import { TAMPER_PINS } from "../peripherals/rtc/rtc-tamper.js";
import type { PinInputs } from "./pin-inputs.js";

export interface SystemPinsOptions {
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly inputs: PinInputs;
  readonly rtc: Rtc;
  readonly pwr: Pwr;
}

/** RTC_REFIN (data sheet DS12556). */
const REFERENCE_PIN = "PB15";
const REFERENCE_AF = 0;

export function connectSystemPins({ gpio, inputs, rtc, pwr }: SystemPinsOptions): void {
  TAMPER_PINS.forEach((name, index) => {
    const { port, pin } = parsePin(name);
    inputs.add(name, { af: undefined, feed: () => rtc.tamper.level(index, gpio[port].driven(pin)) });
  });
  inputs.add(REFERENCE_PIN, { af: REFERENCE_AF, feed: (level) => rtc.reference(level ?? false) });
  WAKE_UP_PINS.forEach((name, index) => {
    inputs.add(name, { af: undefined, feed: (level) => pwr.wakeUpPins.level(index, level ?? false) });
  });
}

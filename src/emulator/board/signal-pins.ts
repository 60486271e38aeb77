/** A peripheral's signal and the pins that can lead to it: which of them do now, what they carry, and who looks. */

import { type Gpio, type PortLetter, parsePin } from "../peripherals/gpio.js";
import type { AlternateOutput } from "../peripherals/gpio-functions.js";
import type { PinSignal } from "../pin-signal.js";
import type { PinInputs } from "./pin-inputs.js";

export interface SignalPinsOptions {
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly inputs: PinInputs;
  /** Pin -> alternate function number. */
  readonly pins: Readonly<Record<string, number>>;
  /** What the peripheral drives. */
  readonly output?: AlternateOutput;
  /** The level at the pin changed; undefined: no pin is connected. */
  readonly feed?: (level: boolean | undefined) => void;
  /** It is a line of a bus that a board pulls up. */
  readonly pulledUp?: boolean;
}

interface At {
  readonly gpio: Gpio;
  readonly port: PortLetter;
  readonly pin: number;
  readonly af: number;
}

export class SignalPins implements PinSignal {
  readonly #all: readonly At[];
  /** Those in the signal's alternate function now. */
  #muxed: readonly At[] = [];
  #watched = false;

  constructor({ gpio, inputs, pins, output, feed, pulledUp = false }: SignalPinsOptions) {
    this.#all = Object.entries(pins).map(([name, af]) => {
      const at = parsePin(name);
      return { ...at, gpio: gpio[at.port], af };
    });
    for (const { gpio: port, pin, af } of this.#all) {
      if (output !== undefined) port.connect(pin, af, output, pulledUp);
    }
    for (const [name, af] of Object.entries(pins)) {
      inputs.add(name, {
        af,
        // While its pin changes its function, what feeds it is told below.
        feed: (level) => {
          if (level !== undefined) feed?.(level);
        },
        onMux: () => {
          this.#muxed = this.#all.filter((at) => inputs.muxed(at.port, at.pin, at.af));
          this.#watched = this.#muxed.some((at) => at.gpio.observed(at.pin));
          if (this.#muxed.length === 0) feed?.(undefined);
        },
      });
    }
  }

  get level(): boolean | undefined {
    const at = this.#muxed[0];
    return at?.gpio.level(at.pin);
  }

  get driven(): boolean | undefined {
    const at = this.#muxed[0];
    return at?.gpio.driven(at.pin);
  }

  get watched(): boolean {
    return this.#watched;
  }

  refresh(): void {
    for (const { gpio, pin } of this.#muxed) gpio.refresh(pin);
  }
}

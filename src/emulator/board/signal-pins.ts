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
  /** Those in the signal's alternate function now. */
  #muxed: readonly At[] = [];
  #watched = false;

  constructor({ gpio, inputs, pins, output, feed, pulledUp = false }: SignalPinsOptions) {
    const all: At[] = [];
    // While its pin changes its function, what feeds it is told by the other one.
    const told = (level: boolean | undefined): void => {
      if (level !== undefined) feed?.(level);
    };
    const onMux = (): void => {
      this.#muxed = all.filter((at) => inputs.muxed(at.port, at.pin, at.af));
      this.#watched = this.#muxed.some((at) => at.gpio.observed(at.pin));
      if (this.#muxed.length === 0) feed?.(undefined);
    };
    for (const name in pins) {
      const af = pins[name] as number;
      const { port, pin } = parsePin(name);
      all.push({ gpio: gpio[port], port, pin, af });
      if (output !== undefined) gpio[port].connect(pin, af, output, pulledUp);
      inputs.add(name, { af, feed: told, onMux });
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

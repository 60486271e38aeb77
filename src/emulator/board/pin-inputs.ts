/** From the pins to the peripherals: each change of a pin's level reaches the inputs that its alternate function leads to. */

import { type Gpio, type PortLetter, parsePin } from "../peripherals/gpio.js";

export interface PinInput {
  /** The alternate function that connects it; undefined: it looks at the pin in every mode. */
  readonly af: number | undefined;
  /** @param level undefined while the pin is not connected */
  readonly feed: (level: boolean | undefined) => void;
  /** The pin's function changed, and `feed` was told. */
  readonly onMux?: () => void;
}

const PINS = 16;

export class PinInputs {
  readonly #gpio: Readonly<Record<PortLetter, Gpio>>;
  /** By port and pin. */
  readonly #inputs: (PinInput[] | undefined)[] = [];

  constructor(gpio: Readonly<Record<PortLetter, Gpio>>) {
    this.#gpio = gpio;
  }

  /** Nothing is connected until the pin's function or level changes. @param name "PA8" */
  add(name: string, input: PinInput): void {
    const { port, pin } = parsePin(name);
    const at = indexOf(port, pin);
    const known = this.#inputs[at];
    if (known === undefined) this.#inputs[at] = [input];
    else known.push(input);
  }

  /** The pin's level changed. */
  level(port: PortLetter, pin: number, high: boolean): void {
    const inputs = this.#inputs[indexOf(port, pin)];
    if (inputs === undefined) return;
    for (const input of inputs) if (this.muxed(port, pin, input.af)) input.feed(high);
  }

  /** The pin was open, and is driven to the level that it had: news for those who look at it in every mode. */
  driven(port: PortLetter, pin: number): void {
    for (const input of this.#inputs[indexOf(port, pin)] ?? []) {
      if (input.af === undefined) input.feed(this.#gpio[port].level(pin));
    }
  }

  /** The pin's mode or alternate function changed. */
  changed(port: PortLetter, pin: number): void {
    const inputs = this.#inputs[indexOf(port, pin)];
    if (inputs === undefined) return;
    for (const input of inputs) {
      input.feed(this.#level(port, pin, input));
      input.onMux?.();
    }
  }

  /** Is the pin in this alternate function now (undefined: in any mode)? */
  muxed(port: PortLetter, pin: number, af: number | undefined): boolean {
    if (af === undefined) return true;
    const { mode, alternateFunction } = this.#gpio[port].pinFunction(pin);
    return mode === "alternate" && alternateFunction === af;
  }

  #level(port: PortLetter, pin: number, { af }: PinInput): boolean | undefined {
    return this.muxed(port, pin, af) ? this.#gpio[port].level(pin) : undefined;
  }
}

const indexOf = (port: PortLetter, pin: number): number => (port.charCodeAt(0) - 65) * PINS + pin;

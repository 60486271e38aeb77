/** The chip's pins: GPIO's ports, the inputs they lead to, and the lines of EXTI that look at them. */

import type { Exti } from "../peripherals/exti.js";
import { Gpio, type PortLetter } from "../peripherals/gpio.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { Syscfg } from "../peripherals/syscfg.js";
import type { ChipFrame } from "./chip-frame.js";
import { ADDRESS } from "./memory-map.js";
import { PinInputs } from "./pin-inputs.js";

const PORTS: readonly PortLetter[] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K"];
const PORT_BYTES = 0x400;
/** EXTI's lines 0 to 15 each look at one port's pin of that number. */
const PIN_LINES = 16;

export interface ChipPinsOptions {
  readonly rcc: Rcc;
  readonly exti: Exti;
  readonly syscfg: Syscfg;
}

export class ChipPins {
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly inputs: PinInputs;
  readonly #options: ChipPinsOptions;
  readonly #onAwaited: (() => void)[] = [];

  constructor(frame: ChipFrame, options: ChipPinsOptions) {
    this.#options = options;
    this.gpio = this.#makePorts(frame);
    this.inputs = new PinInputs(this.gpio);
  }

  /** Is the pin in this alternate function now? */
  hasAlternateFunction(port: PortLetter, pin: number, af: number): boolean {
    const { mode, alternateFunction } = this.gpio[port].pinFunction(pin);
    return mode === "alternate" && alternateFunction === af;
  }

  /** Does EXTI wait for edges of this pin? */
  awaited(port: PortLetter, pin: number): boolean {
    const { exti, syscfg } = this.#options;
    return exti.awaits(pin) && PORTS[syscfg.extiPort(pin)] === port;
  }

  /** `changed` runs when EXTI waits for others than before. */
  onAwaited(changed: () => void): void {
    this.#onAwaited.push(changed);
  }

  awaitedChanged(): void {
    for (const changed of this.#onAwaited) changed();
  }

  /** EXTI looks at other pins now: it sees their levels. */
  extiPortsChanged(): void {
    const { exti, syscfg } = this.#options;
    for (let pin = 0; pin < PIN_LINES; pin++) {
      const port = PORTS[syscfg.extiPort(pin)];
      if (port !== undefined) exti.edge(pin, this.gpio[port].level(pin));
    }
    this.awaitedChanged();
  }

  #makePorts({ log, timeline, map }: ChipFrame): Readonly<Record<PortLetter, Gpio>> {
    const { rcc, exti, syscfg } = this.#options;
    const ports = PORTS.map((port, index) => {
      const name = `GPIO${port}` as const;
      const device = new Gpio({
        port,
        log,
        timeline,
        clocked: rcc.clockGate(name),
        onLevel: (pin, high) => {
          if (syscfg.extiPort(pin) === index) exti.edge(pin, high);
          this.inputs?.level(port, pin, high);
        },
        onFunction: (pin) => this.inputs?.changed(port, pin),
        onDriven: (pin) => this.inputs?.driven(port, pin),
      });
      map.add({ name, address: ADDRESS.GPIOA + index * PORT_BYTES, device, resetBit: name });
      return [port, device] as const;
    });
    return Object.fromEntries(ports) as Record<PortLetter, Gpio>;
  }
}

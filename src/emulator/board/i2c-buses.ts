/** The chips at a board's I2C buses. */

import type { I2cWiring, Pin } from "../../boards/board.js";
import type { I2cDevice } from "../i2c-device.js";
import type { PinAt } from "./flash-socket.js";
import { I2cLines } from "./i2c-lines.js";
import { I2C_PARTS, RegisterDevice } from "./i2c-parts.js";

/** A board's file names a chip that is not modelled. */
export class UnknownI2cPart extends Error {
  override readonly name = "UnknownI2cPart";
}

/** Chips and where they are. */
interface Bus {
  readonly wiring: Omit<I2cWiring, "parts">;
  readonly devices: readonly (I2cDevice & { powerOn(): void })[];
}

export class I2cBuses {
  readonly #buses: Bus[];
  readonly #muxed: (pin: Pin) => boolean;

  /**
   * @param muxed is a pin in that alternate function now?
   * @throws UnknownI2cPart naming the parts that exist
   */
  constructor(wirings: readonly I2cWiring[], muxed: (pin: Pin) => boolean) {
    this.#buses = wirings.map((wiring) => ({ wiring, devices: wiring.parts.map(device) }));
    this.#muxed = muxed;
  }

  /** One more chip. */
  add(wiring: Bus["wiring"], device: Bus["devices"][number]): void {
    this.#buses.push({ wiring, devices: [device] });
  }

  /** Who answers to an address of seven bits, when the bus has its pins. */
  device(bus: string, address: number): I2cDevice | undefined {
    return this.#buses
      .filter(({ wiring }) => wiring.bus === bus && this.#muxed(wiring.scl) && this.#muxed(wiring.sda))
      .flatMap(({ devices }) => devices)
      .find((one) => one.address === address);
  }

  /** For programs that move the lines themselves. @param pinAt where a pin is, "PB8" */
  connectLines(pinAt: (name: string) => PinAt): void {
    const pairs = new Map<string, Bus[]>();
    for (const bus of this.#buses) {
      const pair = `${bus.wiring.scl.pin} ${bus.wiring.sda.pin}`;
      pairs.set(pair, [...(pairs.get(pair) ?? []), bus]);
    }
    for (const buses of pairs.values()) {
      const { scl, sda } = (buses[0] as Bus).wiring;
      new I2cLines({
        scl: pinAt(scl.pin),
        sda: pinAt(sda.pin),
        taken: () => this.#muxed(scl) || this.#muxed(sda),
        device: (address) =>
          buses.flatMap(({ devices }) => devices).find((device) => device.address === address),
      });
    }
  }

  powerOn(): void {
    for (const { devices } of this.#buses) for (const one of devices) one.powerOn();
  }
}

function device(name: string): RegisterDevice {
  const part = I2C_PARTS[name];
  if (part !== undefined) return new RegisterDevice(part);
  const known = Object.keys(I2C_PARTS).join(", ");
  throw new UnknownI2cPart(`I2C part "${name}" is not modelled; use one of: ${known}`);
}

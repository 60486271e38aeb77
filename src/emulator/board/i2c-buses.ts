/** The chips at a board's I2C buses. */

import type { I2cWiring, Pin } from "../../boards/board.js";
import type { I2cDevice } from "../i2c-device.js";
import { I2C_PARTS, RegisterDevice } from "./i2c-parts.js";

/** A board's file names a chip that is not modelled. */
export class UnknownI2cPart extends Error {
  override readonly name = "UnknownI2cPart";
}

export class I2cBuses {
  readonly #buses: readonly { readonly wiring: I2cWiring; readonly devices: readonly RegisterDevice[] }[];
  readonly #muxed: (pin: Pin) => boolean;

  /**
   * @param muxed is a pin in that alternate function now?
   * @throws UnknownI2cPart naming the parts that exist
   */
  constructor(wirings: readonly I2cWiring[], muxed: (pin: Pin) => boolean) {
    this.#buses = wirings.map((wiring) => ({ wiring, devices: wiring.parts.map(device) }));
    this.#muxed = muxed;
  }

  /** Who answers to an address of seven bits, when the bus has its pins. */
  device(bus: string, address: number): I2cDevice | undefined {
    const found = this.#buses.find(({ wiring }) => wiring.bus === bus);
    if (found === undefined || !this.#muxed(found.wiring.scl) || !this.#muxed(found.wiring.sda))
      return undefined;
    return found.devices.find((one) => one.address === address);
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

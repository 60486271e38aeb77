/** The chips of an I2C bus for programs that move its lines themselves (UM10204, section 3.1): as soft I2C and SCCB drivers do. */

import type { I2cDevice } from "../i2c-device.js";
import type { PinAt } from "./flash-socket.js";

export interface I2cLinesOptions {
  readonly scl: PinAt;
  readonly sda: PinAt;
  /** A peripheral has one of the lines: the chips are its own. */
  readonly taken: () => boolean;
  /** Who answers to an address of seven bits. */
  readonly device: (address: number) => I2cDevice | undefined;
}

const ACKNOWLEDGE = 8;
type Phase = "idle" | "address" | "write" | "read";

export class I2cLines {
  readonly #options: I2cLinesOptions;
  #scl = true;
  #sda = true;
  #phase: Phase = "idle";
  #device: I2cDevice | undefined;
  /** Bits of the byte so far; the eighth is the acknowledge. */
  #bit = 0;
  #byte = 0;
  #low = false;
  /** The byte under way comes from the chip, and the master acknowledges it. */
  #sends = false;

  constructor(options: I2cLinesOptions) {
    this.#options = options;
    const { scl, sda } = options;
    // The board pulls both up; who does not drive a line leaves it high.
    for (const { gpio, pin } of [scl, sda]) gpio.drive(pin, true, "weak");
    sda.gpio.observe(sda.pin, (level) => this.#data(level !== false), true);
    scl.gpio.observe(scl.pin, (level) => this.#clock(level !== false), true);
  }

  #data(high: boolean): void {
    if (high === this.#sda) return;
    this.#sda = high;
    if (!this.#scl || this.#options.taken()) return;
    this.#device?.stop();
    this.#device = undefined;
    this.#pull(false);
    this.#phase = high ? "idle" : "address";
    this.#bit = -1;
    this.#sends = false;
  }

  #clock(high: boolean): void {
    if (high === this.#scl) return;
    this.#scl = high;
    if (this.#phase === "idle") return;
    if (this.#options.taken()) {
      this.#phase = "idle";
      this.#pull(false);
    } else if (high) this.#rise();
    else this.#fall();
  }

  /** Whoever listens takes the bit. */
  #rise(): void {
    if (this.#bit === ACKNOWLEDGE) {
      // The master has what it wants.
      if (this.#sends && this.#sda) this.#phase = "idle";
    } else if (!this.#sends && this.#bit >= 0) {
      this.#byte = (this.#byte << 1) | (this.#sda ? 1 : 0);
    }
  }

  /** The next bit begins: whoever sends it changes the line. */
  #fall(): void {
    this.#bit = this.#bit === ACKNOWLEDGE ? 0 : this.#bit + 1;
    if (this.#bit === 0) this.#begin();
    if (this.#bit === ACKNOWLEDGE) this.#pull(!this.#sends && this.#acknowledges());
    else this.#pull(this.#sends && (this.#byte & (0x80 >> this.#bit)) === 0);
  }

  #begin(): void {
    this.#sends = this.#phase === "read";
    this.#byte = this.#sends ? (this.#device?.read() ?? 0xff) : 0;
  }

  #acknowledges(): boolean {
    if (this.#phase === "write") return this.#device?.write(this.#byte) === true;
    const reading = (this.#byte & 1) !== 0;
    const device = this.#options.device(this.#byte >> 1);
    if (device?.start(reading) !== true) {
      this.#phase = "idle";
      return false;
    }
    this.#device = device;
    this.#phase = reading ? "read" : "write";
    return true;
  }

  #pull(low: boolean): void {
    if (low === this.#low) return;
    this.#low = low;
    const { gpio, pin } = this.#options.sda;
    if (low) gpio.drive(pin, false, "strong");
    else gpio.drive(pin, true, "weak");
  }
}

/** Chips at an I2C bus that programs look for before they go on: registers that keep what is written to them. */

import type { I2cDevice } from "../i2c-device.js";

interface I2cPart {
  /** Seven bits. */
  readonly address: number;
  /** Bytes of a register's number, and of a register; the most significant first. */
  readonly numberBytes: 1 | 2;
  readonly valueBytes: 1 | 2;
  /** Registers that are not 0 after power-on. */
  readonly values: Readonly<Record<number, number>>;
}

export const I2C_PARTS: Readonly<Record<string, I2cPart>> = {
  /** Touch controller (FocalTech): chip id in A8h; nobody touches, so that TD_STATUS (02h) is 0. */
  FT5336: { address: 0x38, numberBytes: 1, valueBytes: 1, values: { 168: 0x51 } },
  /** Audio codec (Cirrus Logic, rev. 4.6): R0 is its name. */
  WM8994: { address: 0x1a, numberBytes: 2, valueBytes: 2, values: { 0: 0x8994 } },
};

/** A part as a device; its registers go to the next one by themselves. */
export class RegisterDevice implements I2cDevice {
  readonly address: number;
  readonly #part: I2cPart;
  #values: Map<number, number>;
  #register = 0;
  /** Bytes of the transfer so far. */
  #count = 0;
  #value = 0;

  constructor(part: I2cPart) {
    this.#part = part;
    this.address = part.address;
    this.#values = this.#afterPowerOn();
  }

  powerOn(): void {
    this.#values = this.#afterPowerOn();
    this.#register = 0;
  }

  start(): boolean {
    this.#count = 0;
    return true;
  }

  write(byte: number): boolean {
    const { numberBytes, valueBytes } = this.#part;
    const place = this.#count++;
    if (place < numberBytes) {
      this.#register = ((place === 0 ? 0 : this.#register << 8) | byte) & 0xffff;
      return true;
    }
    this.#value = ((this.#value << 8) | byte) & 0xffff;
    if ((place - numberBytes) % valueBytes === valueBytes - 1) this.#store();
    return true;
  }

  read(): number {
    const { valueBytes } = this.#part;
    const place = this.#count++ % valueBytes;
    const value = this.#values.get(this.#register) ?? 0;
    if (place === valueBytes - 1) this.#register++;
    return (value >>> (8 * (valueBytes - 1 - place))) & 0xff;
  }

  stop(): void {}

  /** Identifying registers are read-only. */
  #store(): void {
    if (!(this.#register in this.#part.values)) this.#values.set(this.#register, this.#value);
    this.#register++;
    this.#value = 0;
  }

  #afterPowerOn(): Map<number, number> {
    return new Map(Object.entries(this.#part.values).map(([register, value]) => [Number(register), value]));
  }
}

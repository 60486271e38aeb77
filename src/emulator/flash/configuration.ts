/** Volatile configuration registers and the address mode of parts that have them; the flag status register's errors. */

import type { ConfigurationLayout } from "./part.js";

/** Flag status register (Micron MT25Q, "Flag Status Register"). */
export const FLAG = {
  ready: 0x80,
  eraseSuspended: 0x40,
  eraseFailed: 0x20,
  programFailed: 0x10,
  programSuspended: 0x04,
  protection: 0x02,
  fourByteAddresses: 0x01,
} as const;

const PART_WITHOUT: ConfigurationLayout = {
  writable: [],
  reset: () => [],
  fourByteAddresses: () => false,
  readParameters: -1,
  extendedAddress: -1,
  quadProtocol: [-1, 0],
  otherProtocols: [-1, 0],
  executeInPlace: [-1, 0],
};

export class Configuration {
  readonly #layout: ConfigurationLayout;
  readonly #registers: Uint8Array;
  /** Errors that stay until they are cleared (50h). */
  errors = 0;
  fourByteAddresses = false;

  constructor(layout: ConfigurationLayout = PART_WITHOUT) {
    this.#layout = layout;
    this.#registers = new Uint8Array(layout.writable.length);
  }

  /** Power-on or reset. @param status the status registers, among them the nonvolatile configuration */
  reset(status: Uint8Array): void {
    this.#registers.set(this.#layout.reset(status));
    this.fourByteAddresses = this.#layout.fourByteAddresses(status);
    this.errors = 0;
  }

  /** The read parameters; undefined on parts that keep them elsewhere. */
  get readParameters(): number | undefined {
    return this.#registers[this.#layout.readParameters];
  }

  /** Address bits 31..24 of a command with three bytes. */
  get extendedAddress(): number {
    return this.#registers[this.#layout.extendedAddress] ?? 0;
  }

  /** What the protocol register asks for; undefined on parts without one. */
  get quadProtocol(): boolean | undefined {
    const [register, bit] = this.#layout.quadProtocol;
    const value = this.#registers[register];
    return value === undefined ? undefined : (value & bit) === 0;
  }

  set quadProtocol(on: boolean) {
    const [register, bit] = this.#layout.quadProtocol;
    const value = this.#registers[register];
    if (value !== undefined) this.#registers[register] = on ? value & ~bit : value | bit;
  }

  /** A protocol is selected that is not modelled. */
  get otherProtocol(): boolean {
    const [register, bits] = this.#layout.otherProtocols;
    return ((this.#registers[register] ?? bits) & bits) !== bits;
  }

  /** IO0 low in the first dummy clock keeps the chip in the read command. */
  get executeInPlace(): boolean {
    const [register, bit] = this.#layout.executeInPlace;
    return ((this.#registers[register] ?? bit) & bit) === 0;
  }

  read(index: number): number {
    return this.#registers[index] ?? 0xff;
  }

  write(index: number, value: number): void {
    const mask = this.#layout.writable[index] ?? 0;
    this.#registers[index] = ((this.#registers[index] ?? 0) & ~mask) | (value & mask);
  }
}

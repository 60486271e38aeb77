/** NBYTES, RELOAD and the PEC's byte at the end, for master and slave byte control (RM0433, "I2C data transfer"). */

import { CR1, CR2, type I2cHost } from "./i2c-bits.js";
import type { Pec } from "./i2c-pec.js";

export class ByteCounter {
  readonly #host: I2cHost;
  readonly pec: Pec;
  #left = 0;

  constructor(host: I2cHost, pec: Pec) {
    this.#host = host;
    this.pec = pec;
  }

  get left(): number {
    return this.#left;
  }

  load(): void {
    this.#left = (this.#host.register("CR2") >>> 16) & 0xff;
  }

  /** Bytes were meant to follow, but do not. */
  abandon(): void {
    this.#left = 0;
  }

  count(): void {
    this.#left--;
  }

  get reloads(): boolean {
    return (this.#host.register("CR2") & CR2.RELOAD) !== 0;
  }

  /** The next byte is the PEC. */
  get pecNext(): boolean {
    const enabled = (this.#host.register("CR1") & CR1.PECEN) !== 0;
    const wanted = (this.#host.register("CR2") & (CR2.PECBYTE | CR2.RELOAD)) === CR2.PECBYTE;
    return this.#left === 1 && enabled && wanted;
  }

  /** Software has to write one more for what follows the byte that has just begun. */
  get wantsMore(): boolean {
    return this.#left > 1 && !(this.#left === 2 && this.#pecAtEnd);
  }

  get #pecAtEnd(): boolean {
    const enabled = (this.#host.register("CR1") & CR1.PECEN) !== 0;
    return enabled && (this.#host.register("CR2") & (CR2.PECBYTE | CR2.RELOAD)) === CR2.PECBYTE;
  }
}

/** CRC of the frames in one direction, bit by bit in the order of the line (RM0433, "CRC computation"). */

export interface CrcSettings {
  /** CRCSIZE in bits. */
  readonly size: number;
  /** CRCPOLY; its highest term is implied. */
  readonly polynomial: number;
  /** RCRCINI or TCRCINI: all ones. */
  readonly ones: boolean;
}

export class SpiCrc {
  #value = 0;
  #settings: CrcSettings = { size: 8, polynomial: 7, ones: false };

  get value(): number {
    return this.#value;
  }

  start(settings: CrcSettings): void {
    this.#settings = settings;
    this.#value = settings.ones ? this.#mask : 0;
  }

  get #mask(): number {
    const { size } = this.#settings;
    return size === 32 ? 0xffff_ffff : 2 ** size - 1;
  }

  /** @param frame as in the FIFO */
  add(frame: number, bits: number, lowestFirst: boolean): void {
    const { size, polynomial } = this.#settings;
    const mask = this.#mask;
    for (let at = 0; at < bits; at++) {
      const bit = (frame >>> (lowestFirst ? at : bits - 1 - at)) & 1;
      const carry = ((this.#value >>> (size - 1)) & 1) ^ bit;
      this.#value = (((this.#value << 1) & mask) ^ (carry === 0 ? 0 : polynomial & mask)) >>> 0;
    }
  }
}

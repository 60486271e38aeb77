/** CRC of the frames in one direction, bit by bit in the order of the line (RM0433, "CRC computation"). */

export interface CrcSettings {
  /** CRCSIZE in bits: so many of the highest bits are transmitted. */
  readonly size: number;
  /** The highest power of the polynomial: bits of the calculation. */
  readonly degree: number;
  readonly polynomial: number;
  /** RCRCINI or TCRCINI: all ones. */
  readonly ones: boolean;
}

export class SpiCrc {
  #value = 0;
  #settings: CrcSettings = { size: 8, degree: 8, polynomial: 7, ones: false };

  /** As software reads it, whatever CRCSIZE says. */
  get value(): number {
    return this.#value;
  }

  /** The CRC's frame: a shorter calculation has zeros behind it. */
  get frame(): number {
    const { size, degree } = this.#settings;
    return (size > degree ? this.#value << (size - degree) : this.#value >>> (degree - size)) >>> 0;
  }

  start(settings: CrcSettings): void {
    this.#settings = settings;
    this.#value = settings.ones ? this.#mask : 0;
  }

  get #mask(): number {
    const { degree } = this.#settings;
    return degree === 32 ? 0xffff_ffff : 2 ** degree - 1;
  }

  /** @param frame as in the FIFO */
  add(frame: number, bits: number, lowestFirst: boolean): void {
    const { degree, polynomial } = this.#settings;
    const mask = this.#mask;
    for (let at = 0; at < bits; at++) {
      const bit = (frame >>> (lowestFirst ? at : bits - 1 - at)) & 1;
      const carry = ((this.#value >>> (degree - 1)) & 1) ^ bit;
      this.#value = (((this.#value << 1) ^ (carry === 0 ? 0 : polynomial)) & mask) >>> 0;
    }
  }
}

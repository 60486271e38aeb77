/** Packet error code: CRC-8 of all bytes since the start condition, addresses too (SMBus 2.0, section 5.4). */

const POLYNOMIAL = 0x07;

export class Pec {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  clear(): void {
    this.#value = 0;
  }

  add(byte: number): void {
    this.#value ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      this.#value = ((this.#value << 1) ^ ((this.#value & 0x80) === 0 ? 0 : POLYNOMIAL)) & 0xff;
    }
  }
}

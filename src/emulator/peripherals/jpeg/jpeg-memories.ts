/** The codec's memories in its address space (RM0433, JPEG register map; places as in CMSIS): offsets and lengths in bytes. */

import type { AccessSize } from "../../bus.js";

export const QMEM = 0x50;
export const DHTMEM = 0x360;
export const HUFFENC_AC = [0x500, 0x660] as const;
export const HUFFENC_DC = [0x7c0, 0x7e0] as const;
const END = 0x800;
const TABLE_BYTES = 64;

/** DHTMEM: for each table 16 counts of code lengths, then its values (as ST's library writes it). */
export const DHT_TABLES = [
  { selector: 0x00, at: 0, values: 12 },
  { selector: 0x10, at: 28, values: 162 },
  { selector: 0x01, at: 206, values: 12 },
  { selector: 0x11, at: 234, values: 162 },
] as const;

export class JpegMemories {
  readonly #bytes = new Uint8Array(END);
  readonly #view = new DataView(this.#bytes.buffer);

  reset(): void {
    this.#bytes.fill(0);
  }

  holds(offset: number): boolean {
    return offset >= QMEM && offset < END;
  }

  read(offset: number, size: AccessSize): number {
    if (size === 4) return this.#view.getUint32(offset, true);
    return size === 2 ? this.#view.getUint16(offset, true) : this.#view.getUint8(offset);
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (size === 4) this.#view.setUint32(offset, value, true);
    else if (size === 2) this.#view.setUint16(offset, value, true);
    else this.#view.setUint8(offset, value);
  }

  /** Quantisation table 0..3, in zigzag order. */
  quantisation(table: number): Uint8Array {
    const at = QMEM + table * TABLE_BYTES;
    return this.#bytes.subarray(at, at + TABLE_BYTES);
  }

  /** Bytes of DHTMEM. */
  definitions(at: number, length: number): Uint8Array {
    return this.#bytes.subarray(DHTMEM + at, DHTMEM + at + length);
  }

  /** A code of the encoder: its length minus one in bits 11..8, its last eight bits; those before are ones. */
  code(table: number, index: number): { readonly bits: number; readonly length: number } {
    const entry = this.#view.getUint16(table + index * 2, true);
    const length = ((entry >>> 8) & 0xf) + 1;
    const ones = length > 8 ? ((1 << length) - 1) & ~0xff : 0;
    return { bits: ones | (entry & ((1 << Math.min(length, 8)) - 1)), length };
  }
}

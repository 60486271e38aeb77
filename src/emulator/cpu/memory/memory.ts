/** Plain RAM (and, for tests, flash) that lends its bytes to the bus. */

import type { AccessSize, MemoryDevice } from "../../bus.js";
import type { GuestMemory } from "../../guest-memory.js";

export class Ram implements MemoryDevice {
  readonly readable: Uint8Array;
  readonly writable: Uint8Array;
  readonly steady = true;
  readonly #view: DataView;

  /** @param size bytes, a multiple of 4. @param memory where they are taken from; else they are slower to reach. */
  constructor(size: number, memory?: GuestMemory) {
    this.readable = memory?.allocate(size) ?? new Uint8Array(size);
    this.writable = this.readable;
    this.#view = new DataView(this.readable.buffer, this.readable.byteOffset, size);
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
}

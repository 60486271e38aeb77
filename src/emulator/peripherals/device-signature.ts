/** Unique device id and flash size in the chip's read-only area (RM0433, chapter device electronic signature), at 0x1FF1_E800. */

import { type AccessSize, BusFault, type EmulatorLog, type MemoryDevice } from "../bus.js";

export interface DeviceSignatureOptions {
  readonly log: EmulatorLog;
  /** 12 bytes, as they lie in memory. */
  readonly uniqueId: Uint8Array;
  readonly flashKib: number;
}

export const SIGNATURE_BYTES = 0x100;
const UNIQUE_ID_BYTES = 12;
const FLASH_SIZE_OFFSET = 0x80;

export class DeviceSignature implements MemoryDevice {
  readonly readable: Uint8Array;
  readonly writable = undefined;
  readonly #log: EmulatorLog;

  constructor({ log, uniqueId, flashKib }: DeviceSignatureOptions) {
    if (uniqueId.length !== UNIQUE_ID_BYTES) {
      throw new RangeError(`unique id has ${uniqueId.length} bytes, expected ${UNIQUE_ID_BYTES}`);
    }
    this.#log = log;
    this.readable = new Uint8Array(SIGNATURE_BYTES).fill(0xff);
    this.readable.set(uniqueId);
    this.readable[FLASH_SIZE_OFFSET] = flashKib & 0xff;
    this.readable[FLASH_SIZE_OFFSET + 1] = flashKib >>> 8;
  }

  read(offset: number, size: AccessSize): number {
    if (offset < 0 || offset + size > SIGNATURE_BYTES)
      throw new BusFault("read beyond the device signature", offset);
    let value = 0;
    for (let lane = 0; lane < size; lane++) value |= (this.readable[offset + lane] ?? 0) << (lane * 8);
    return value >>> 0;
  }

  write(offset: number): void {
    this.#log.once("signature.write", "guest mistake: the device signature is read-only");
    throw new BusFault("write to the device signature, which is read-only", offset);
  }
}

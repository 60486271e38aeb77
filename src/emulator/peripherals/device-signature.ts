/**
 * Unique device id, flash size and calibration values in the chip's read-only area at 0x1FF1_E800 (RM0433, chapter device
 * electronic signature; DS12556, "Internal reference voltage" and "Temperature sensor calibration values").
 */

import { type AccessSize, BusFault, type EmulatorLog, type MemoryDevice } from "../bus.js";
import {
  REFERENCE_VOLTS,
  SENSOR_VOLTS,
  SENSOR_VOLTS_PER_DEGREE,
  SUPPLY_VOLTS,
} from "./analog/internal-voltages.js";

export interface DeviceSignatureOptions {
  readonly log: EmulatorLog;
  /** 12 bytes, as they lie in memory. */
  readonly uniqueId: Uint8Array;
  readonly flashKib: number;
}

export const SIGNATURE_BYTES = 0x100;
const UNIQUE_ID_BYTES = 12;
const FLASH_SIZE_OFFSET = 0x80;
/** By offset, what a converter of 16 bits gave in the factory: the temperature sensor at 30 and 110 degrees, the reference. */
const CALIBRATION: Readonly<Record<number, number>> = {
  32: SENSOR_VOLTS,
  64: SENSOR_VOLTS + 80 * SENSOR_VOLTS_PER_DEGREE,
  96: REFERENCE_VOLTS,
};

export class DeviceSignature implements MemoryDevice {
  readonly readable: Uint8Array;
  readonly writable = undefined;
  readonly steady = true;
  readonly #log: EmulatorLog;

  constructor({ log, uniqueId, flashKib }: DeviceSignatureOptions) {
    if (uniqueId.length !== UNIQUE_ID_BYTES) {
      throw new RangeError(`unique id has ${uniqueId.length} bytes, expected ${UNIQUE_ID_BYTES}`);
    }
    this.#log = log;
    this.readable = new Uint8Array(SIGNATURE_BYTES).fill(0xff);
    this.readable.set(uniqueId);
    const words = new DataView(this.readable.buffer);
    words.setUint16(FLASH_SIZE_OFFSET, flashKib, true);
    for (const [offset, volts] of Object.entries(CALIBRATION)) {
      words.setUint16(Number(offset), Math.round((volts / SUPPLY_VOLTS) * 0xffff), true);
    }
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

/** A debugger's reads and writes of memory: past the MPU, through caches that are strict, real for peripherals. */

import { type AccessSize, BusFault } from "../bus.js";
import type { CortexM7 } from "../cpu/core.js";

/**
 * As many of the bytes as can be read, in accesses as wide as address and length allow. Plain memory is looked at without
 * any effect; a peripheral sees each access.
 */
export function readMemory({ bus, debug, level1 }: CortexM7, address: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const at = address + done;
    const plain = level1?.strict === true ? undefined : bus.peek(at, length - done);
    if (plain !== undefined) {
      bytes.set(plain, done);
      return bytes;
    }
    const size = widest(at, length - done);
    const value = attempt(() => debug.read(at, size));
    if (value === undefined) return bytes.slice(0, done);
    for (let n = 0; n < size; n++) bytes[done + n] = (value >>> (8 * n)) & 0xff;
    done += size;
  }
  return bytes;
}

/** False when an access was answered with a bus error; those before it are done. */
export function writeMemory({ bus, debug, level1 }: CortexM7, address: number, bytes: Uint8Array): boolean {
  let done = 0;
  while (done < bytes.length) {
    const at = address + done;
    const rest = bytes.subarray(done);
    if (level1?.strict !== true && bus.poke(at, rest)) return true;
    const size = widest(at, rest.length);
    const value = rest.subarray(0, size).reduceRight((word, byte) => word * 256 + byte, 0);
    const written = attempt(() => {
      debug.write(at, size, value);
      return true;
    });
    if (written === undefined) return false;
    done += size;
  }
  return true;
}

function widest(address: number, length: number): AccessSize {
  if (address % 4 === 0 && length >= 4) return 4;
  return address % 2 === 0 && length >= 2 ? 2 : 1;
}

function attempt<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch (error) {
    if (error instanceof BusFault) return undefined;
    throw error;
  }
}

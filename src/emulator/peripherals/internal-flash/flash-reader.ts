/** Reads of one bank of the internal flash: rights and error correction (RM0433, "FLASH read operations", "FLASH error management"). */

import { type AccessSize, BusFault, type EmulatorLog } from "../../bus.js";
import type { FlashAreas, Refusal } from "./flash-areas.js";
import { FLASH_WORD_BYTES, type FlashCells } from "./flash-cells.js";

/** Of SR. */
export const RDPERR = 1 << 23;
export const RDSERR = 1 << 24;
export const SNECCERR = 1 << 25;
export const DBECCERR = 1 << 26;

export interface FlashReaderPort {
  readonly log: EmulatorLog;
  readonly cells: FlashCells;
  readonly areas: FlashAreas;
  /** Sets a flag in SR. */
  readonly raise: (flag: number) => void;
  /** A read of this flash word of the whole flash met an error of its ECC. */
  readonly eccError: (flag: number, word: number) => void;
  readonly waitForIdle: () => void;
}

export class FlashReader {
  readonly #port: FlashReaderPort;

  constructor(port: FlashReaderPort) {
    this.#port = port;
  }

  /** @param offset in the whole flash @param fetch of an instruction */
  read(offset: number, size: AccessSize, fetch: boolean): number {
    const { cells, areas, eccError, waitForIdle } = this.#port;
    const refusal = areas.refusal(offset, fetch);
    if (refusal !== undefined) return this.#refuse(refusal, offset, fetch);
    waitForIdle();
    const word = Math.floor(offset / FLASH_WORD_BYTES);
    if (cells.isBroken(word)) {
      eccError(DBECCERR, word);
      throw new BusFault(`double ECC error in flash word ${word} (offset 0x${offset.toString(16)})`, offset);
    }
    if (cells.isCorrected(word)) eccError(SNECCERR, word);
    let value = 0;
    for (let lane = 0; lane < size; lane++) value |= (cells.bytes[offset + lane] ?? 0xff) << (lane * 8);
    return value >>> 0;
  }

  /** @returns what the read gives all the same. @throws BusFault where the manual has one: all is shut, or a fetch */
  #refuse(refusal: Refusal, offset: number, fetch: boolean): number {
    this.#port.raise(refusal === "secure-only" ? RDSERR : RDPERR);
    const what = `${fetch ? "an instruction fetch" : "a read"} at offset 0x${offset.toString(16)} of the flash`;
    const why =
      refusal === "shut"
        ? "read protection level 1 has shut it: a debugger is or was connected, or the chip did not boot from it"
        : `it is ${refusal}`;
    if (refusal === "shut" || fetch) throw new BusFault(`${what}: ${why}`, offset);
    this.#port.log.once(`FLASH.${refusal}`, `guest mistake: FLASH: ${what}, and ${why}: it gives 0`);
    return 0;
  }
}

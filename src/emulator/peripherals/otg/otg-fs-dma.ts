/**
 * The USB OTG core's DMA master (RM0433, "OTG DMA mode"; GAHBCFG.DMAEN): packets go straight between endpoints and
 * memory, xEPDMA counts along, and software sees no FIFO. Threshold mode (DTHRCTL) makes no difference here.
 */

import type { AccessSize } from "../../bus.js";
import { BusFault } from "../../bus.js";
import { tightlyCoupled } from "../dma/dma.js";
import type { DmaBus } from "../dma/dma-channel.js";

export interface OtgDmaOptions {
  readonly bus: DmaBus;
  readonly mistake: (key: string, message: string) => void;
}

export class OtgDma {
  readonly #options: OtgDmaOptions;

  constructor(options: OtgDmaOptions) {
    this.#options = options;
  }

  /** @returns the bytes, or undefined when memory answered with an error (AHBERR). */
  fetch(address: number, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    const done = this.#transfer(address, length, (bus, from, at, size) => {
      const value = bus.read(from, size);
      for (let i = 0; i < size; i++) bytes[at + i] = value >>> (8 * i);
    });
    return done ? bytes : undefined;
  }

  /** @returns false when memory answered with an error (AHBERR). */
  store(address: number, bytes: Uint8Array): boolean {
    return this.#transfer(address, bytes.length, (bus, to, at, size) => {
      let value = 0;
      for (let i = 0; i < size; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
      bus.write(to, size, value >>> 0);
    });
  }

  /** Words, and single bytes where less than a word is left. */
  #transfer(
    address: number,
    length: number,
    move: (bus: DmaBus, address: number, at: number, size: AccessSize) => void,
  ): boolean {
    const { bus } = this.#options;
    if (length > 0 && !this.#reaches(address)) return false;
    const first = (address & ~3) >>> 0;
    try {
      for (let at = 0; at < length; ) {
        const size = length - at >= 4 ? 4 : 1;
        move(bus, first + at, at, size);
        at += size;
      }
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#options.mistake(`dma.${first}`, `DMA at 0x${first.toString(16)}: ${error.message}`);
      return false;
    }
    return true;
  }

  #reaches(address: number): boolean {
    const { mistake } = this.#options;
    const unreachable = tightlyCoupled(address);
    if (unreachable !== undefined) mistake("dma.tcm", `DMA: ${unreachable}`);
    if ((address & 3) !== 0) {
      mistake(
        "dma.aligned",
        `DMA at 0x${address.toString(16)}: not word aligned, the core drops the low bits`,
      );
    }
    return unreachable === undefined;
  }
}

/** Status registers: a nonvolatile copy, a volatile one that counts, and bits that the chip computes. */

import { type RandomSource, randomBits } from "./cells.js";
import type { Bit, StatusLayout } from "./part.js";

export const BUSY = 0x01;
export const WEL = 0x02;

export class StatusRegisters {
  readonly #layout: StatusLayout;
  readonly #nonvolatile: Uint8Array;
  readonly #current: Uint8Array;
  readonly #stuck: readonly number[];

  /** @param stuck bits of each register that stay 1: a defect. */
  constructor(layout: StatusLayout, stuck: readonly number[] = []) {
    this.#layout = layout;
    this.#stuck = stuck;
    this.#nonvolatile = Uint8Array.from(layout.factory);
    this.#current = Uint8Array.from(layout.factory);
    this.reload(true);
  }

  /** Values that count now, without BUSY, WEL and suspend bits. */
  get current(): Uint8Array {
    return this.#current;
  }

  get nonvolatile(): Uint8Array {
    return this.#nonvolatile;
  }

  has(bit: Bit): boolean {
    return ((this.#current[bit[0]] ?? 0) & bit[1]) !== 0;
  }

  /** Power-on or reset: the nonvolatile values count again; a power-lock stays set over a reset. */
  reload(powerOn: boolean): void {
    for (const [index, value] of this.#nonvolatile.entries()) {
      const kept = powerOn ? 0 : (this.#layout.untilPowerOff[index] ?? 0) & (this.#current[index] ?? 0);
      this.#current[index] = value | kept | (this.#stuck[index] ?? 0);
    }
  }

  writeVolatile(index: number, value: number): void {
    const mask = this.#layout.volatileWritable[index] ?? 0;
    const stuck = this.#stuck[index] ?? 0;
    this.#current[index] = ((this.#current[index] ?? 0) & ~mask) | (value & mask) | stuck;
  }

  writeNonvolatile(index: number, value: number): void {
    const mask = this.#layout.writable[index] ?? 0;
    const old = this.#current[index] ?? 0;
    const once = this.#layout.oneTime[index] ?? 0;
    const next = (old & ~mask) | (value & mask) | (old & once) | (this.#stuck[index] ?? 0);
    this.#current[index] = next;
    this.#nonvolatile[index] = next & ~(this.#layout.untilPowerOff[index] ?? 0);
  }

  /** The power went while the register was being written: each bit that was to change did or did not. */
  tear(index: number, value: number, random: RandomSource): void {
    const old = this.#current[index] ?? 0;
    const reached = randomBits(random) & 0xff;
    this.writeNonvolatile(index, (old & ~reached) | (value & reached));
  }

  /** @throws RangeError when the saved values are not this part's. */
  restore(values: readonly number[]): void {
    if (values.length !== this.#nonvolatile.length) {
      throw new RangeError(
        `saved flash status: expected ${this.#nonvolatile.length} registers, found ${values.length}`,
      );
    }
    this.#nonvolatile.set(values);
    this.reload(true);
  }
}

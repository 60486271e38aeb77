/**
 * Dual-flash mode (RM0433, "Dual-flash mode"): both chips get each command, at half the address; even bytes of data belong
 * to the one on bank 1, odd ones to the one on bank 2.
 */

import type { Lines, QuadSpiChip } from "./quadspi-wire.js";

type Chips = readonly [QuadSpiChip | undefined, QuadSpiChip | undefined];

const NOTHING = new Uint8Array(0);

export class FlashPair implements QuadSpiChip {
  readonly lend: (limit: number) => Uint8Array;
  readonly chips: Chips;
  readonly #present: readonly QuadSpiChip[];
  readonly #byte = new Uint8Array(1);
  #dataPhase = false;
  /** Whose byte is next. */
  #turn: 0 | 1 = 0;

  /** @param lend what both hold, in one piece; default: nothing can be lent */
  constructor(chips: Chips, lend: (limit: number) => Uint8Array = () => NOTHING) {
    this.chips = chips;
    this.lend = lend;
    this.#present = chips.filter((chip) => chip !== undefined);
  }

  get directlyReadable(): boolean {
    return this.#present.length === 2 && this.#present.every((chip) => chip.directlyReadable);
  }

  set clockHz(hz: number) {
    for (const chip of this.#present) chip.clockHz = hz;
  }

  set doubleRate(on: boolean) {
    for (const chip of this.#present) chip.doubleRate = on;
  }

  set idleLines(levels: number) {
    for (const chip of this.#present) chip.idleLines = levels;
  }

  get stableUntil(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#present.map((chip) => chip.stableUntil));
  }

  select(): void {
    this.#dataPhase = false;
    this.#turn = 0;
    for (const chip of this.#present) chip.select();
  }

  deselect(): void {
    for (const chip of this.#present) chip.deselect();
  }

  /** Until the dummy clocks, to both; data to one after the other. */
  write(byte: number, lines: Lines): void {
    if (!this.#dataPhase) {
      for (const chip of this.#present) chip.write(byte, lines);
      return;
    }
    this.chips[this.#turn]?.write(byte, lines);
    this.#next();
  }

  readInto(target: Uint8Array, offset: number, count: number, lines: Lines): void {
    for (let at = offset; at < offset + count; at++) {
      this.#byte[0] = 0xff;
      this.chips[this.#turn]?.readInto(this.#byte, 0, 1, lines);
      target[at] = this.#byte[0];
      this.#next();
    }
  }

  dummy(clocks: number): void {
    for (const chip of this.#present) chip.dummy(clocks);
    this.#dataPhase = true;
  }

  streaming(lines: Lines): number | undefined {
    const [even, odd] = this.chips.map((chip) => chip?.streaming(lines));
    return even !== undefined && even === odd && this.#turn === 0 ? even * 2 : undefined;
  }

  #next(): void {
    this.#turn = this.#turn === 0 ? 1 : 0;
  }
}

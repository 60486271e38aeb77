/** A subframe of SPDIF (IEC 60958) as levels of SD: preamble, 24 bits of data, V, U, C and parity, biphase-mark coded (RM0433, "SPDIF output"). */

import { SUBFRAME_HALVES } from "./sai-format.js";

const FRAMES_OF_BLOCK = 192;
/** Preambles behind a line that rests low, first half symbol on the left (RM0433, table "SOPD pattern"). */
const PREAMBLE = { B: 0b1110_1000, W: 0b1110_0100, M: 0b1110_0010 } as const;
const PREAMBLE_HALVES = 8;
/** Data, V, U and C. */
const WORD_BITS = 27;

export class SpdifSubframes {
  #frame = 0;
  /** The line's level at the end of the subframe before. */
  #level = false;

  restart(): void {
    this.#frame = 0;
    this.#level = false;
  }

  /** @param word SAI_xDR: C, U and V in bits 26 to 24, data below. */
  next(channel: number, word: number): boolean[] {
    const levels: boolean[] = [];
    const preamble = channel === 1 ? PREAMBLE.W : this.#frame === 0 ? PREAMBLE.B : PREAMBLE.M;
    for (let half = PREAMBLE_HALVES - 1; half >= 0; half--) {
      levels.push(((preamble >>> half) & 1) !== Number(this.#level));
    }
    let parity = 0;
    for (let at = 0; at < WORD_BITS; at++) {
      const bit = (word >>> at) & 1;
      parity ^= bit;
      mark(levels, bit);
    }
    mark(levels, parity);
    this.#level = levels[SUBFRAME_HALVES - 1] === true;
    if (channel === 1) this.#frame = (this.#frame + 1) % FRAMES_OF_BLOCK;
    return levels;
  }
}

/** The level changes with each bit, and in the middle of a one. */
function mark(levels: boolean[], bit: number): void {
  const first = levels.at(-1) !== true;
  levels.push(first, first !== (bit === 1));
}

/**
 * The PDM interface (RM0433, "PDM interface"): bits of up to three pairs of microphones, a byte of each in a frame of block A.
 * The left microphone of a pair is sampled when its clock rises, the right one when it falls.
 */

import type { PinSignal } from "../../../pin-signal.js";

/** SAI_PDMCR */
const PDMEN = 1 << 0;
const CKEN_SHIFT = 8;
export const MICROPHONE_LINES = 3;
export const MICROPHONE_CLOCKS = 2;
const BYTE = 8;
/** SAI_PDMDLY delays a microphone by up to so many of its clocks. */
const LONGEST_DELAY = 7;

export interface SaiMicrophonesHost {
  readonly control: () => number;
  readonly delays: () => number;
  /** SAI_D1 to SAI_D3. */
  readonly data: readonly PinSignal[];
  readonly clocks: readonly PinSignal[];
}

export class SaiMicrophones {
  readonly #host: SaiMicrophonesHost;
  /** By microphone, left before right: bits as they came, the newest lowest. */
  readonly #came: number[] = [];
  /** The bytes of the frame before, and those that the frame now carries: the first two frames have none. */
  readonly #latched: number[] = [];
  readonly #carried: number[] = [];
  #high = false;

  constructor(host: SaiMicrophonesHost) {
    this.#host = host;
  }

  get on(): boolean {
    return (this.#host.control() & PDMEN) !== 0;
  }

  get watched(): boolean {
    const { data, clocks } = this.#host;
    return this.on && [...data, ...clocks].some((pin) => pin.watched);
  }

  /** SAI_CKx (x = 1, 2); undefined: not driven. */
  clock(number: number): boolean | undefined {
    const enabled = (this.#host.control() & (1 << (CKEN_SHIFT + number - 1))) !== 0;
    return this.on && enabled ? this.#high : undefined;
  }

  stop(): void {
    this.#came.length = 0;
    this.#latched.length = 0;
    this.#carried.length = 0;
    this.#high = false;
  }

  /** SAI_PDMCR.MICNBR: pairs that have a place in a frame. */
  get #pairs(): number {
    return ((this.#host.control() >>> 4) & 3) + 1;
  }

  /** FS tells that bytes are complete. @param steady nobody looked at the pins: all bits of each line were alike */
  beginFrame(steady: boolean): void {
    const delays = this.#host.delays();
    for (let at = 0; at < 2 * this.#pairs; at++) {
      this.#carried[at] = this.#latched[at] ?? 0;
      if (steady) this.#came[at] = this.#input(at >> 1) ? 2 ** (BYTE + LONGEST_DELAY) - 1 : 0;
      this.#latched[at] = ((this.#came[at] ?? 0) >>> ((delays >>> (4 * at)) & LONGEST_DELAY)) & 0xff;
    }
  }

  /** What block A finds in bit `bit` of its frame instead of SD's level: the byte's oldest bit first. */
  bit(bit: number): boolean {
    return (((this.#carried[bit >> 3] ?? 0) >>> (BYTE - 1 - (bit & 7))) & 1) === 1;
  }

  /** Half a period of SCK is over; the clock of the microphones has one period for the bits of all of them. */
  half(half: number): void {
    if (!this.on || half < 0) return;
    const period = 2 * this.#pairs;
    const bit = half >> 1;
    if ((half & 1) === 1 || bit % (period / 2) !== 0) return;
    this.#high = bit % period === 0;
    for (let pair = 0; pair < this.#pairs; pair++) {
      const at = 2 * pair + (this.#high ? 0 : 1);
      this.#came[at] = (((this.#came[at] ?? 0) << 1) | Number(this.#input(pair))) & 0xffff;
    }
    for (const pin of this.#host.clocks) pin.refresh();
  }

  #input(pair: number): boolean {
    return this.#host.data[pair]?.driven ?? false;
  }
}

/** From the voltage at an input to the data register: resolution, oversampling, offsets, shifts, analog watchdogs (RM0433, chapter ADC). */

import type { RegisterBlock } from "../../registers.js";

/** SMPRx, in half clocks: 1.5, 2.5, 8.5, 16.5, 32.5, 64.5, 387.5, 810.5 clocks. */
const SAMPLING = [3, 5, 17, 33, 65, 129, 775, 1621] as const;
/** CFGR.RES of revision V: 16, 14, 12, 10, -, 14, 12, 8 bits. */
const RESOLUTIONS = [16, 14, 12, 10, 16, 14, 12, 8] as const;
/** CFGR2 */
const ROVSE = 1 << 0;
const JOVSE = 1 << 1;
const RSHIFT1 = 1 << 11;
/** OFRx */
const SSATE = 0x8000_0000;
const OFFSET = 0x3ff_ffff;
/** CFGR */
const AWD1SGL = 1 << 22;
const AWD1EN = 1 << 23;
const JAWD1EN = 1 << 24;
/** ISR: AWD1; AWD2 and AWD3 follow. */
const AWD1 = 1 << 7;
const FULL_BITS = 16;

export class AdcData {
  readonly #registers: RegisterBlock<string>;
  readonly #input: (channel: number) => number;

  constructor(registers: RegisterBlock<string>, input: (channel: number) => number) {
    this.#registers = registers;
    this.#input = input;
  }

  /** Clocks from the start of a conversion to its end, with all samples of an oversampled one. */
  clocks(channel: number, injected: boolean): number {
    const smpr = this.#registers.get(channel < 10 ? "SMPR1" : "SMPR2");
    const sampling = SAMPLING[(smpr >>> ((channel % 10) * 3)) & 7] ?? 3;
    return (sampling / 2 + this.#resolution / 2 + 0.5) * this.#samples(injected);
  }

  /** What the data register gets; sets the watchdogs' flags. */
  convert(channel: number, injected: boolean): number {
    const raw = this.#sample(channel, injected);
    this.#watch(channel, raw, injected);
    return this.#shift(channel, raw);
  }

  get #resolution(): number {
    return RESOLUTIONS[(this.#registers.get("CFGR") >>> 2) & 7] ?? FULL_BITS;
  }

  #samples(injected: boolean): number {
    const cfgr2 = this.#registers.get("CFGR2");
    return (cfgr2 & (injected ? JOVSE : ROVSE)) === 0 ? 1 : ((cfgr2 >>> 16) & 0x3ff) + 1;
  }

  #sample(channel: number, injected: boolean): number {
    const full = 2 ** this.#resolution - 1;
    const cfgr2 = this.#registers.get("CFGR2");
    let sum = 0;
    const samples = this.#samples(injected);
    for (let n = 0; n < samples; n++) {
      const value = Math.max(0, Math.min(full, Math.round(this.#input(channel) * full)));
      // RSHIFTx: the offset's channel x is shifted right by one.
      sum += this.#shiftsRight(channel, cfgr2) ? value >>> 1 : value;
    }
    return samples === 1 ? sum : Math.floor(sum / 2 ** ((cfgr2 >>> 5) & 0xf));
  }

  #shiftsRight(channel: number, cfgr2: number): boolean {
    for (let n = 0; n < 4; n++) {
      if ((cfgr2 & (RSHIFT1 << n)) !== 0 && this.#offsetChannel(n) === channel) return true;
    }
    return false;
  }

  #offsetChannel(n: number): number {
    return (this.#registers.get(`OFR${n + 1}`) >>> 26) & 0x1f;
  }

  #shift(channel: number, raw: number): number {
    let value = raw;
    for (let n = 0; n < 4; n++) {
      const offset = this.#registers.get(`OFR${n + 1}`);
      if ((offset & OFFSET) === 0 || this.#offsetChannel(n) !== channel) continue;
      value = raw - (offset & OFFSET);
      const half = 2 ** (this.#resolution - 1);
      if ((offset & SSATE) !== 0) value = Math.max(-half, Math.min(half - 1, value));
      break;
    }
    return (value << (this.#registers.get("CFGR2") >>> 28)) >>> 0;
  }

  /** Thresholds are compared with the data as 16 bits, left-aligned. */
  #watch(channel: number, raw: number, injected: boolean): void {
    const cfgr = this.#registers.get("CFGR");
    const value = raw * 2 ** (FULL_BITS - this.#resolution);
    const first =
      (cfgr & (injected ? JAWD1EN : AWD1EN)) !== 0 &&
      ((cfgr & AWD1SGL) === 0 || ((cfgr >>> 26) & 0x1f) === channel);
    const guards = [
      { on: first, low: "LTR1", high: "LHTR1" },
      { on: (this.#registers.get("AWD2CR") & (1 << channel)) !== 0, low: "LTR2", high: "HTR2" },
      { on: (this.#registers.get("AWD3CR") & (1 << channel)) !== 0, low: "LTR3", high: "HTR3" },
    ];
    guards.forEach(({ on, low, high }, index) => {
      if (!on) return;
      const outside = value < this.#registers.get(low) || value > this.#registers.get(high);
      if (outside) this.#registers.setBits("ISR", AWD1 << index, true);
    });
  }
}

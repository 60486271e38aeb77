/** What a DAC channel adds to its data with each trigger (RM0433, "Noise generation", "Triangle-wave generation"). */

/** CR.WAVEx, from 2 on a triangle. */
const NOISE = 1;
/** The noise generator's state after reset. */
const NOISE_SEED = 0xaaa;

export class DacWave {
  #noise = NOISE_SEED;
  /** Steps up to the amplitude and down again. */
  #step = 0;

  reset(): void {
    this.#noise = NOISE_SEED;
    this.#step = 0;
  }

  /** What is added now. Then comes the next step. */
  next(wave: number, amplitude: number): number {
    if (wave === 0) return 0;
    if (wave === NOISE) {
      const lfsr = this.#noise;
      // x^12 + x^6 + x^4 + x + 1, with anti-lockup.
      const bit = (lfsr ^ (lfsr >>> 1) ^ (lfsr >>> 4) ^ (lfsr >>> 6)) & 1;
      this.#noise = (lfsr >>> 1) | ((lfsr === 0 ? 1 : bit) << 11);
      return lfsr & amplitude;
    }
    const step = this.#step;
    this.#step = (step + 1) % (2 * amplitude);
    return step <= amplitude ? step : 2 * amplitude - step;
  }
}

/** GPIOx_LCKR: pins whose configuration stays until a reset (RM0433, "GPIO locking mechanism"). */

export const LCKK = 1 << 16;

export class GpioLock {
  /** Those that are locked, a bit each. */
  pins = 0;
  #step = 0;
  #wanted = 0;

  reset(): void {
    this.pins = 0;
    this.#step = 0;
  }

  /** The key: LCKK 1, 0, 1 with the same pins, then a read. @returns whether LCKR can still be written */
  write(written: number): boolean {
    if (this.pins !== 0) return false;
    const key = (written & LCKK) !== 0;
    const pins = written & 0xffff;
    const samePins = this.#step === 0 || pins === this.#wanted;
    this.#step = key === (this.#step !== 1) && samePins ? this.#step + 1 : key ? 1 : 0;
    this.#wanted = pins;
    if (this.#step < 3) return true;
    this.pins = pins;
    this.#step = 0;
    return true;
  }
}

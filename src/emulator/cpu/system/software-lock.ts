/**
 * CoreSight software lock of FPB, DWT and ITM (DDI 0489): software closes it, and opens it with a key; a debugger need not. After a
 * reset the DWT's is open on STM32H7, other than on STM32F7: Klipper opens it there and not here, and counts time with CYCCNT on both.
 * NuttX' DebugMonitor sets up FPB and DWT of any ARMv7-M without the key.
 */

import type { EmulatorLog } from "../../bus.js";

const LAR = 0xfb0;
const LSR = 0xfb4;
const KEY = 0xc5acce55;
const LSR_PRESENT = 1;
const LSR_LOCKED = 2;

export class SoftwareLock {
  readonly #name: string;
  readonly #log: EmulatorLog;
  readonly #byDebugger: () => boolean;
  #locked = false;

  constructor(name: string, log: EmulatorLog, byDebugger: () => boolean) {
    this.#name = name;
    this.#log = log;
    this.#byDebugger = byDebugger;
  }

  reset(): void {
    this.#locked = false;
  }

  /** LSR, or undefined when `offset` is not its. A debugger sees no lock. */
  read(offset: number): number | undefined {
    if (offset !== LSR) return undefined;
    if (this.#byDebugger()) return 0;
    return this.#locked ? LSR_PRESENT | LSR_LOCKED : LSR_PRESENT;
  }

  /** True when the write is not for the device: to LAR, or refused. */
  takesWrite(offset: number, value: number): boolean {
    if (this.#byDebugger()) return offset === LAR || offset === LSR;
    if (offset === LAR) {
      this.#locked = value !== KEY;
      return true;
    }
    if (this.#locked) {
      this.#log.once(
        `${this.#name}.lock`,
        `${this.#name}: write ignored, because LAR was not unlocked with 0xC5ACCE55 before`,
      );
    }
    return this.#locked;
  }
}

/** Floating-point extension: its registers in the system control space (DDI 0403E, B3.2.22). No arithmetic yet. */

import type { CortexM7 } from "./core.js";

export class Fpu {
  readonly #cpu: CortexM7;

  constructor(cpu: CortexM7) {
    this.#cpu = cpu;
  }

  /** Does CPACR let the code that runs use CP10 and CP11? */
  get accessible(): boolean {
    const access = this.#cpu.scs.scb.coprocessorAccess;
    return access === 3 || (access === 1 && this.#cpu.privileged);
  }

  reset(): void {}
  stack(_address: number): void {}
  unstack(_address: number): void {}
  readRegister(_offset: number): number {
    return 0;
  }
  writeRegister(_offset: number, _value: number): void {}
}

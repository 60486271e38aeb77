import type { AccessSize, ClockGate, EmulatorLog, MemoryDevice } from "../bus.js";
import type { Ram } from "../cpu/memory.js";

/** RAM behind a clock gate: SRAM1-3 and the backup SRAM. Without its clock it reads 0 and takes nothing. */
export class GatedRam implements MemoryDevice {
  readonly steady = true;
  readonly #ram: Ram;
  readonly #name: string;
  readonly #clocked: ClockGate;
  readonly #log: EmulatorLog;

  constructor(name: string, ram: Ram, clocked: ClockGate, log: EmulatorLog) {
    this.#ram = ram;
    this.#name = name;
    this.#clocked = clocked;
    this.#log = log;
  }

  get bytes(): Uint8Array {
    return this.#ram.readable;
  }

  get readable(): Uint8Array | undefined {
    return this.#clocked() ? this.#ram.readable : undefined;
  }

  get writable(): Uint8Array | undefined {
    return this.readable;
  }

  read(offset: number, size: AccessSize): number {
    return this.#mayAccess() ? this.#ram.read(offset, size) : 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (this.#mayAccess()) this.#ram.write(offset, size, value);
  }

  #mayAccess(): boolean {
    if (this.#clocked()) return true;
    this.#log.once(
      `${this.#name}.clock`,
      `${this.#name}: access while its clock is off (RCC): has no effect`,
    );
    return false;
  }
}

import { type AccessSize, BusFault, type ClockGate, type EmulatorLog, type MemoryDevice } from "../bus.js";
import type { Ram } from "../cpu/memory/memory.js";

/** RAM behind a clock gate: the backup SRAM and FDCAN's. Without its clock it reads 0 and takes nothing. */
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

/**
 * SRAM1 to SRAM3. They answer the core while anything of domain D2 is enabled for it, be it but a USART: SRAMxEN alone is not
 * needed, as NuttX shows, whose heap on a NUCLEO-H753ZI has them and never sets it. With nothing enabled, D2 has no clock and
 * an access is a bus error.
 */
export class DomainRam implements MemoryDevice {
  readonly steady = true;
  readonly #ram: Ram;
  readonly #name: string;
  readonly #clocked: ClockGate;

  constructor(name: string, ram: Ram, clocked: ClockGate) {
    this.#ram = ram;
    this.#name = name;
    this.#clocked = clocked;
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
    this.#demandClock(offset);
    return this.#ram.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#demandClock(offset);
    this.#ram.write(offset, size, value);
  }

  #demandClock(offset: number): void {
    if (!this.#clocked())
      throw new BusFault(
        `${this.#name} while nothing of domain D2 has a clock (RCC_AHB2ENR.${this.#name}EN)`,
        offset,
      );
  }
}

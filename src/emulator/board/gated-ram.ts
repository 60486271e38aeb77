import { type AccessSize, BusFault, type ClockGate, type EmulatorLog, type MemoryDevice } from "../bus.js";
import type { Ram } from "../cpu/memory/memory.js";

/** What an access at an offset meets while the RAM is not reached: it is told, and reads 0 and takes nothing; or it faults. */
export type Unreached = (offset: number) => void;

/** RAM behind a clock, or behind that and read protection. */
export class GatedRam implements MemoryDevice {
  readonly steady = true;
  readonly #ram: Ram;
  readonly #reached: ClockGate;
  readonly #unreached: Unreached;

  constructor(ram: Ram, reached: ClockGate, unreached: Unreached) {
    this.#ram = ram;
    this.#reached = reached;
    this.#unreached = unreached;
  }

  get bytes(): Uint8Array {
    return this.#ram.readable;
  }

  get readable(): Uint8Array | undefined {
    return this.#reached() ? this.#ram.readable : undefined;
  }

  get writable(): Uint8Array | undefined {
    return this.readable;
  }

  read(offset: number, size: AccessSize): number {
    return this.#mayAccess(offset) ? this.#ram.read(offset, size) : 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (this.#mayAccess(offset)) this.#ram.write(offset, size, value);
  }

  #mayAccess(offset: number): boolean {
    if (this.#reached()) return true;
    this.#unreached(offset);
    return false;
  }
}

/** The backup SRAM and FDCAN's, each behind a gate of its own. */
export function ignores(name: string, log: EmulatorLog): Unreached {
  return () => log.once(`${name}.clock`, `${name}: access while its clock is off (RCC): has no effect`);
}

/** The backup SRAM while read protection has shut it, as it has the flash. */
export function secured(name: string, log: EmulatorLog): Unreached {
  return () =>
    log.once(
      `${name}.secured`,
      `${name}: access while read protection level 1 has shut it: it reads 0, takes nothing`,
    );
}

/**
 * SRAM1 to SRAM3. They answer the core while anything of domain D2 is enabled for it, be it but a USART: SRAMxEN alone is not
 * needed, as NuttX shows, whose heap on a NUCLEO-H753ZI has them and never sets it. With nothing enabled, D2 has no clock and
 * an access is a bus error.
 */
export function faults(name: string): Unreached {
  return (offset) => {
    const message = `${name} while nothing of domain D2 has a clock (RCC_AHB2ENR.${name}EN)`;
    throw new BusFault(message, offset);
  };
}

/** ST's ROM bootloader (AN2606) at 0x1FF0_0000: not part of this board. Its vector table is there, its code says so. */

import type { AccessSize, BusDevice, EmulatorLog } from "../bus.js";

/** The vector table that application notes tell applications to jump through. */
const VECTORS = 0x9800;
const INITIAL_SP = 0x2400_0000 + 0x1000;
const ENTRY = 0x1ff0_9c01;
const ENTRY_OFFSET = 0x9c00;
/** B . */
const LOOP = 0xe7fe;

export class SystemMemory implements BusDevice {
  readonly #log: EmulatorLog;

  constructor(log: EmulatorLog) {
    this.#log = log;
  }

  read(offset: number, size: AccessSize): number {
    const word = this.#word(offset & ~3);
    if ((offset & ~3) === ENTRY_OFFSET) {
      this.#log.once(
        "system memory",
        "the code jumped into ST's ROM bootloader (system memory, DFU), which is not part of this board: it stays there until a reset",
      );
    }
    const value = word >>> ((offset & 3) * 8);
    return (size === 4 ? value : value & (size === 2 ? 0xffff : 0xff)) >>> 0;
  }

  write(): void {
    this.#log.once("system memory.w", "write to the system memory (ROM): ignored");
  }

  #word(offset: number): number {
    if (offset === VECTORS) return INITIAL_SP;
    return offset === VECTORS + 4 ? ENTRY : ((LOOP << 16) | LOOP) >>> 0;
  }
}

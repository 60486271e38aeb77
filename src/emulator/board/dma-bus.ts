/** The bus as DMA controllers reach it: past the core's caches. */

import type { AccessSize } from "../bus.js";
import type { Level1 } from "../cpu/caches/level1.js";
import type { DmaBus } from "../peripherals/dma/dma-channel.js";

/** @param level1 the core's caches: where they hold what is newer than memory, a read by `name` is reported. */
export function dmaBus(bus: DmaBus, level1: Level1 | undefined, name: string): DmaBus {
  if (level1?.strict !== true) return bus;
  return {
    read(address: number, size: AccessSize): number {
      level1.readByOther(address, size, name);
      return bus.read(address, size);
    },
    write: (address, size, value) => bus.write(address, size, value),
  };
}

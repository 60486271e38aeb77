/** Cache maintenance registers at 0xE000EF50 (DDI 0403E, B3.2.3 table B2-1; DDI 0489, 3.3). Write-only; offsets from there. */

import type { BusDevice } from "../../bus.js";
import type { CortexM7 } from "../core.js";
import type { Level1 } from "./level1.js";

type Operation = (level1: Level1, written: number) => void;

function byAddress(clean: boolean, invalidate: boolean): Operation {
  return (level1, address) => level1.maintainData(level1.data.find(address), clean, invalidate);
}

/** Way from bit 31 down, set from bit 5 up. */
function bySetWay(clean: boolean, invalidate: boolean): Operation {
  return (level1, written) => {
    const { data } = level1;
    const way = written >>> (32 - Math.log2(data.ways));
    level1.maintainData(data.at(written >>> 5, way), clean, invalidate);
  };
}

const OPERATIONS: Readonly<Record<number, Operation>> = {
  /* ICIALLU */ 0: (level1) => level1.invalidateInstructions(undefined),
  /* ICIMVAU */ 8: (level1, address) => level1.invalidateInstructions(address),
  /* DCIMVAC */ 12: byAddress(false, true),
  /* DCISW */ 16: bySetWay(false, true),
  /* DCCMVAU */ 20: byAddress(true, false),
  /* DCCMVAC */ 24: byAddress(true, false),
  /* DCCSW */ 28: bySetWay(true, false),
  /* DCCIMVAC */ 32: byAddress(true, true),
  /* DCCISW */ 36: bySetWay(true, true),
  /* BPIALL has nothing to forget: branch predictions never show. */
};

export function cacheMaintenance(cpu: CortexM7): BusDevice {
  return {
    read: () => 0,
    write(offset, size, value) {
      if (cpu.level1 !== undefined && size === 4) OPERATIONS[offset]?.(cpu.level1, value);
    },
  };
}

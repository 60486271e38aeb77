/** The caches of a core, put between it and its bus. */

import type { CortexM7 } from "../core.js";
import { Level1 } from "./level1.js";

/** Tightly coupled memories of the STM32H7 (RM0433, 2.3.2): first address, bytes. */
const TCM = [
  [0x0000_0000, 0x1_0000],
  [0x2000_0000, 0x2_0000],
] as const;

function isTcm(address: number): boolean {
  return TCM.some(([base, size]) => (address >>> 0) - base < size && address >>> 0 >= base);
}

/** Undefined when transparent caches are all that is wanted. */
export function makeLevel1(cpu: CortexM7): Level1 | undefined {
  const { bus, log, options } = cpu;
  const strict = options.strictCaches === true;
  if (!strict && cpu.pipeline === undefined) return undefined;
  return new Level1({
    bus,
    log,
    strict,
    traffic: cpu.pipeline,
    cacheability: (address) => cpu.scs.mpu.cacheability(address, cpu.mem.mpuOn, cpu.scs.sharedIsWriteThrough),
    isTcm,
    onImpreciseFault: (address, error) => cpu.impreciseFault(address, error),
    onLineGone: (address) => cpu.mem.lineGone(address),
    onCodeGone: () => cpu.mem.forgetCode(),
  });
}

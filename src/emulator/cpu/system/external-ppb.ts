/**
 * The external part of the private peripheral bus, 0xE0040000 to 0xE00DFFFF: an APB, and on it ETM and CTI (RM0433, chapter debug
 * infrastructure), which are not modelled. ST's libraries ask there which chip they are on: where an STM32F4 or F7 has DBGMCU, they
 * want 0 of an STM32H7, and no fault.
 */

import type { BusDevice, EmulatorLog } from "../../bus.js";

export const EXTERNAL_PPB = { first: 0xe0040000, end: 0xe00e0000 } as const;

const UNITS: Readonly<Record<number, string>> = { [0xe0041000]: "ETM", [0xe0043000]: "CTI" };
const PAGE = 0x1000;

export function externalPpb(log: EmulatorLog): BusDevice {
  const tell = (verb: string, offset: number, what: string): void => {
    const address = EXTERNAL_PPB.first + offset;
    const page = address - (address % PAGE);
    const unit = UNITS[page];
    const where = unit === undefined ? "no unit is" : `${unit} is, which is not modelled`;
    log.once(`ppb.${page}.${verb}`, `PPB: ${verb} at 0x${address.toString(16)}, where ${where}: ${what}`);
  };
  return {
    read(offset) {
      tell("read", offset, "reads 0");
      return 0;
    },
    write: (offset) => tell("write", offset, "no effect"),
  };
}

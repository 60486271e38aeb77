/** How software divides the FIFO RAM of the USB OTG core (RM0433, "FIFO RAM allocation"). */

import type { RegisterBlock } from "../../registers.js";
import { ENDPOINTS, EPCTL, FIFO_RAM_WORDS } from "./otg-fs-registers.js";

/** Names once and for all: they are needed for every packet. */
const TRANSMIT_SIZES = Array.from({ length: ENDPOINTS }, (_, n) => `DIEPTXF${n}`);

interface Region {
  readonly start: number;
  readonly words: number;
}

/** What is set aside for a transmit FIFO. */
export function transmitRegion(regs: RegisterBlock<string>, number: number): Region {
  const name = TRANSMIT_SIZES[number];
  const value = name === undefined ? 0 : regs.get(name);
  return { start: value & 0xffff, words: value >>> 16 };
}

/** Regions of the active IN endpoints must lie apart, behind the receive FIFO and inside the RAM. */
export function checkLayout(
  regs: RegisterBlock<string>,
  endpoints: readonly { readonly number: number; readonly fifoNumber: number }[],
  mistake: (key: string, message: string) => void,
): void {
  const regions = [{ name: "GRXFSIZ", start: 0, words: regs.get("GRXFSIZ") & 0xffff }];
  for (const { number, fifoNumber } of endpoints) {
    const region = transmitRegion(regs, fifoNumber);
    if (!regs.has(`DIEPCTL${number}`, EPCTL.USBAEP) || region.words === 0) continue;
    regions.push({ name: `DIEPTXF${fifoNumber}`, ...region });
  }
  regions.sort((a, b) => a.start - b.start);
  let end = { name: "", at: 0 };
  for (const { name, start, words } of regions) {
    if (start < end.at) mistake(`fifo.${name}`, `${name} overlaps ${end.name} in the FIFO RAM`);
    if (start + words > FIFO_RAM_WORDS) {
      mistake(`fifo.end.${name}`, `${name} reaches beyond the FIFO RAM of ${FIFO_RAM_WORDS} words`);
    }
    end = { name, at: start + words };
  }
}

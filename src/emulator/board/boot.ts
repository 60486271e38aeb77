/** Where the core starts after a reset (RM0433, "Boot configuration", "Readout protection (RDP)", "Secure access mode"). */

import type { Flash } from "../peripherals/internal-flash/flash.js";
import { ADDRESS } from "./memory-map.js";

/** To be called once in a reset: FLASH takes note of how the chip boots. */
export function boot(flash: Flash): number {
  const asked = flash.bootAddress(false);
  const offset = asked - ADDRESS.FLASH_MEMORY;
  const elsewhere = offset < 0 || offset >= flash.size;
  const secure = flash.secureStart(offset);
  flash.rights.booted(secure !== undefined, elsewhere);
  // ST's root secure services, which run first, are not part of this chip: it starts what they start.
  if (secure !== undefined) return ADDRESS.FLASH_MEMORY + secure;
  return elsewhere && flash.rights.level === 2 ? ADDRESS.FLASH_MEMORY : asked;
}

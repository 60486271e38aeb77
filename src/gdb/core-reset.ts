/** A reset by the core's own registers, for servers whose commands do not stop it there. ARMv7-M ARM, B3.2.6 and C1.6. */

import type { Probe } from "./probe.js";

const DEMCR = 0xe000_edfc;
/** Stop at the reset vector. */
const VC_CORERESET = 1 << 0;
const AIRCR = 0xe000_ed0c;
const VECTKEY_SYSRESETREQ = 0x05fa_0004;
const DHCSR = 0xe000_edf0;
const S_HALT = 1 << 17;
/** Milliseconds until the core answers again. */
const RESET_TIME = 200;

/** @returns false when the core does not stand still afterwards. @throws UpstreamLostError */
export async function resetByRegisters(probe: Probe): Promise<boolean> {
  try {
    const before = await probe.readWord(DEMCR);
    await probe.writeWord(DEMCR, (before | VC_CORERESET) >>> 0);
    // The answer may get lost in the reset itself.
    await probe.writeWord(AIRCR, VECTKEY_SYSRESETREQ).catch(() => {});
    await probe.pause(RESET_TIME);
    const halted = ((await probe.readWord(DHCSR)) & S_HALT) !== 0;
    await probe.writeWord(DEMCR, before);
    return halted;
  } catch {
    if (probe.upstream.lost !== undefined) throw probe.upstream.lost;
    return false;
  }
}

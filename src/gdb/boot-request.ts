/** Telling the bootloader through the probe what to do at the next reset: docs/protocol.md section 8. */

import { ProbeError } from "./errors.js";
import type { Probe } from "./probe.js";

/** RM0433: 8.7.45 (RCC_APB4ENR), 6.8.1 (PWR_CR1), 46.6.20 (RTC_BKPxR). */
const RCC_APB4ENR = 0x5802_44f4;
const RTCAPBEN = 1 << 16;
const PWR_CR1 = 0x5802_4800;
const DBP = 1 << 8;
const RTC_BKP0R = 0x5800_4050;
const RTC_BKP1R = 0x5800_4054;

const STAY = 0x4c46_4d53;
const RUN = 0x4c46_4d52;
const PROBE = 0x4c46_4d50;
/** In RTC_BKP1R beside PROBE. */
const WITHOUT_HOST = 0;
const ALWAYS = 1;

/** Stay in the bootloader. @throws ProbeError */
export async function requestBootloader(probe: Probe): Promise<void> {
  await openBackupDomain(probe);
  await write(probe, STAY);
}

/**
 * Stay in the bootloader and take requests through the probe: docs/protocol.md section 12.
 * @param always false: only when no USB host is there. @throws ProbeError
 */
export async function requestProbe(probe: Probe, always: boolean): Promise<void> {
  await openBackupDomain(probe);
  await probe.writeWord(RTC_BKP1R, always ? ALWAYS : WITHOUT_HOST);
  await write(probe, PROBE);
}

/** Run the program at `address` at once. @throws ProbeError */
export async function requestProgram(probe: Probe, address: number): Promise<void> {
  await openBackupDomain(probe);
  await probe.writeWord(RTC_BKP1R, address);
  await write(probe, RUN);
}

async function openBackupDomain(probe: Probe): Promise<void> {
  await probe.setBits(RCC_APB4ENR, RTCAPBEN);
  await probe.setBits(PWR_CR1, DBP);
}

/** Written last, and read back: without it the old program would run on under the new one's name. */
async function write(probe: Probe, request: number): Promise<void> {
  await probe.writeWord(RTC_BKP0R, request);
  if ((await probe.readWord(RTC_BKP0R)) !== request) {
    throw new ProbeError(
      "the probe cannot write the backup register RTC_BKP0R, which tells the bootloader to stay",
    );
  }
}

/** Telling the bootloader through the probe what to do at the next reset: docs/protocol.md section 8. */

import { ProbeError } from "./errors.js";
import type { Probe } from "./probe.js";

/** RM0433: 8.7.45 (RCC_APB4ENR), 6.8.1 (PWR_CR1), 46.6.20 (RTC_BKPxR). */
const RCC_APB4ENR = 0x5802_44f4;
const RTCAPBEN = 1 << 16;
const PWR_CR1 = 0x5802_4800;
const DBP = 1 << 8;
const RTC_BKP0R = 0x5800_4050;

const STAY = 0x4c46_4d53;
const RUN = 0x4c46_4d52;
const PROBE = 0x4c46_4d50;
/** In the second register beside PROBE. */
const WITHOUT_HOST = 0;
const ALWAYS = 1;

/** Stay in the bootloader. @param register number of the board's first register for requests. @throws ProbeError */
export async function requestBootloader(probe: Probe, register: number): Promise<void> {
  await openBackupDomain(probe);
  await write(probe, register, STAY);
}

/**
 * Stay in the bootloader and take requests through the probe: docs/protocol.md section 12.
 * @param always false: only when no USB host is there. @throws ProbeError
 */
export async function requestProbe(probe: Probe, register: number, always: boolean): Promise<void> {
  await openBackupDomain(probe);
  await probe.writeWord(addressOf(register + 1), always ? ALWAYS : WITHOUT_HOST);
  await write(probe, register, PROBE);
}

/** Run the program at `address` at once. @throws ProbeError */
export async function requestProgram(probe: Probe, register: number, address: number): Promise<void> {
  await openBackupDomain(probe);
  await probe.writeWord(addressOf(register + 1), address);
  await write(probe, register, RUN);
}

function addressOf(register: number): number {
  return RTC_BKP0R + 4 * register;
}

async function openBackupDomain(probe: Probe): Promise<void> {
  await probe.setBits(RCC_APB4ENR, RTCAPBEN);
  await probe.setBits(PWR_CR1, DBP);
}

/** Written last, and read back: without it the old program would run on under the new one's name. */
async function write(probe: Probe, register: number, request: number): Promise<void> {
  await probe.writeWord(addressOf(register), request);
  if ((await probe.readWord(addressOf(register))) !== request) {
    throw new ProbeError(
      `the probe cannot write the backup register RTC_BKP${register}R, which tells the bootloader to stay`,
    );
  }
}

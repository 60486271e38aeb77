/** Whether a serial NOR flash chip takes a command now, at this clock. */

import type { NorDevice } from "./device.js";
import type { CommandSpec } from "./part.js";

/**
 * Clock above the data sheet's limit, which holds for the worst chip at the worst temperature and voltage: no sheet says where chips
 * begin to fail. Published programs read at 180 MHz where the sheet says 133 MHz. Every excess is told.
 */
const MARGIN = 1.5;

export interface ClockVerdict {
  /** Beyond what any chip is taken to bear: data comes late. */
  readonly late: boolean;
  /** "180 MHz, the chip takes 133 MHz" */
  readonly speeds: string;
}

/** @returns undefined: the chip takes it */
export function judgeClock(
  device: NorDevice,
  { maxHz }: CommandSpec,
  clockHz: number,
): ClockVerdict | undefined {
  const limit = typeof maxHz === "number" ? maxHz : maxHz(device.readParameters);
  if (clockHz <= limit) return undefined;
  const speeds = `${Math.round(clockHz / 1e6)} MHz, the chip takes ${Math.round(limit / 1e6)} MHz`;
  return { late: clockHz > limit * MARGIN, speeds };
}

/** Why the chip does not take `command` now. */
export function refusal(device: NorDevice, command: CommandSpec): string | undefined {
  if (device.poweredDown && command.kind !== "device-id") return "powered down (B9h)";
  if (device.operations.busy && command.whileBusy !== true) return "busy";
  if (command.needsQuadEnable === true && !device.quadEnabled) return "QE is 0";
  return undefined;
}

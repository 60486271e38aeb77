/** Commands that answer with data: each gives a function that makes the next byte. */

import type { NorDevice } from "./device.js";
import type { CommandSpec, SourceKind } from "./part.js";
import { PAGE } from "./part.js";

export type ByteSource = () => number;
type Start = (device: NorDevice, address: number, command: CommandSpec) => ByteSource;

/** Repeats the same bytes for as long as the chip is clocked. */
function cycle(bytes: readonly number[], first = 0): ByteSource {
  let index = first;
  return () => bytes[index++ % bytes.length] ?? 0xff;
}

/** Index of the first byte of the security register at `address`, or undefined where there is none. */
export function securityOffset(device: NorDevice, address: number): number | undefined {
  const { count, firstAddress } = device.part.security;
  const index = (address - firstAddress) >> 12;
  const inside = address >= firstAddress && index < count && (address & 0xf00) === 0;
  return inside ? index * PAGE : undefined;
}

export const SOURCES: Readonly<Record<Exclude<SourceKind, "read">, Start>> = {
  jedec: (device) => cycle([...device.part.jedec, ...(device.part.extendedId ?? [])]),
  "device-id": (device) => cycle([device.part.deviceId]),
  "manufacturer-id": (device, address) => cycle([device.part.jedec[0], device.part.deviceId], address & 1),
  "unique-id": (device) => cycle(Array.from(device.uniqueId)),
  "status-read": (device, _address, { argument = 0, registers = 1 }) => {
    let index = 0;
    return () => device.statusValue(argument + (index++ % registers));
  },
  "flag-status-read": (device) => () => device.flagStatus,
  "register-read":
    (device, _address, { argument = 0 }) =>
    () =>
      device.configuration.read(argument),
  "sector-lock-read": (device, address) => cycle([device.sectorLock(address)]),
  "lock-read": (device, address) => cycle([device.locks[device.lockIndex(address)] ?? 0]),
  sfdp: (device, address) => {
    let at = address;
    return () => device.part.sfdp[at++] ?? 0xff;
  },
  "security-read": (device, address) => {
    const base = securityOffset(device, address);
    let at = address & (PAGE - 1);
    return () => {
      if (base === undefined) return 0xff;
      const value = device.security.read(base + at);
      at = (at + 1) % PAGE;
      return value;
    };
  },
};

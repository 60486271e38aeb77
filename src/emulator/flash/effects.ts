/** Commands that take effect at the rising edge of /CS. What the real chip ignores silently is told to the user. */

import type { PageData } from "./cells.js";
import { FLAG } from "./configuration.js";
import { isProgram, type NorDevice } from "./device.js";
import { type CommandSpec, type EffectKind, PAGE } from "./part.js";
import { securityOffset } from "./sources.js";

export interface EffectInput {
  readonly command: CommandSpec;
  readonly address: number;
  /** Data bytes at their place in the page (`address & 0xFF` first), later bytes over earlier ones. */
  readonly data: PageData;
  /** Data bytes clocked in. */
  readonly count: number;
}

type Effect = (device: NorDevice, input: EffectInput) => void;

const hex = (value: number): string => `0x${value.toString(16).padStart(6, "0")}`;

function mayWrite(device: NorDevice, { name }: CommandSpec): boolean {
  if (device.now < device.readOnlyUntil) {
    device.warn("tPUW", `${name} within tPUW (5 ms) of power-on: ignored`);
    return false;
  }
  if (device.writeEnabled) return true;
  device.warn(`wel.${name}`, `${name} without Write Enable (06h): ignored`);
  return false;
}

function notSuspended(device: NorDevice, { name }: CommandSpec): boolean {
  if (device.operations.suspended === undefined) return true;
  device.warn(`suspended.${name}`, `${name} while an erase or program is suspended: ignored`);
  return false;
}

function program(device: NorDevice, { command, address, data, count }: EffectInput): void {
  if (!mayWrite(device, command)) return;
  const page = address - (address % PAGE);
  const suspended = device.operations.suspended;
  if (suspended !== undefined) {
    const inside = page >= suspended.address && page < suspended.address + suspended.length;
    if (isProgram(suspended.kind) || inside) {
      notSuspended(device, command);
      return;
    }
  }
  if (!device.writable(page, PAGE)) {
    refuseProtected(device, command, page);
    return;
  }
  if (count > PAGE) {
    device.warn("page-wrap", `${command.name} at ${hex(address)} of ${count} bytes: wraps inside its page`);
  } else if ((address % PAGE) + count > PAGE) {
    device.warn(
      "page-wrap",
      `${command.name} at ${hex(address)} crosses a page boundary: wraps to ${hex(page)}`,
    );
  }
  device.begin("program", [page, PAGE], {
    apply: () => device.cells.program(page, data),
    tear: () => device.cells.tearProgram(page, data),
  });
}

/**
 * A protected address: the command is dropped and WEL falls, as after a command that was carried out. Parts with a flag
 * status register tell it there, and keep WEL (Micron MT25Q, "PROGRAM Operations", "ERASE Operations").
 */
function refuseProtected(device: NorDevice, command: CommandSpec, address: number): void {
  if (device.part.configuration === undefined) device.writeEnabled = false;
  const failed = command.kind === "program" ? FLAG.programFailed : FLAG.eraseFailed;
  device.configuration.errors |= FLAG.protection | failed;
  device.warn(`protected.${command.name}`, `${command.name} at ${hex(address)} is write-protected: ignored`);
}

function erase(device: NorDevice, { command, address }: EffectInput): void {
  const length = command.argument ?? device.part.size;
  if (!mayWrite(device, command) || !notSuspended(device, command)) return;
  const start = address - (address % length);
  if (!device.writable(start, length)) {
    refuseProtected(device, command, start);
    return;
  }
  device.begin(command.kind === "chip-erase" ? "chip-erase" : "erase", [start, length], {
    apply: () => device.cells.erase(start, length),
    tear: () => device.cells.tearErase(start, length),
  });
}

/** Offset of a security register that may be changed. */
function writableSecurity(device: NorDevice, { command, address }: EffectInput): number | undefined {
  if (!mayWrite(device, command) || !notSuspended(device, command)) return undefined;
  const offset = securityOffset(device, address);
  if (offset === undefined) {
    device.warn(
      `security.${address}`,
      `${command.name}: there is no security register at ${hex(address)}: ignored`,
    );
    return undefined;
  }
  const { securityLock } = device.part.status;
  if (
    securityLock !== undefined &&
    device.status.has([securityLock[0], securityLock[1] << (offset / PAGE)])
  ) {
    refuseProtected(device, command, address);
    return undefined;
  }
  return offset;
}

function statusProtected(device: NorDevice, { name }: CommandSpec): boolean {
  const { registerProtect, powerLock } = device.part.status;
  const locked = powerLock !== undefined && device.status.has(powerLock);
  const byPin = device.status.has(registerProtect) && !device.quadEnabled && !device.writeProtectPinHigh;
  if (!locked && !byPin) return false;
  device.warn(
    `srp.${name}`,
    `${name}: the status registers are locked by ${locked ? "SRL" : "/WP low"}: ignored`,
  );
  return true;
}

function statusWrite(device: NorDevice, { command, data, count }: EffectInput): void {
  const first = command.argument ?? 0;
  const asVolatile = device.volatileEnabled;
  device.volatileEnabled = false;
  if (!asVolatile && (!mayWrite(device, command) || !notSuspended(device, command))) return;
  if (statusProtected(device, command)) {
    device.writeEnabled = false;
    return;
  }
  const values = Array.from(data.bytes.subarray(0, count));
  if (asVolatile) {
    for (const [index, value] of values.entries()) device.status.writeVolatile(first + index, value);
    return;
  }
  const { random } = device.options;
  device.begin("status", [first, count], {
    apply: () => {
      for (const [index, value] of values.entries()) device.status.writeNonvolatile(first + index, value);
    },
    tear: () => {
      for (const [index, value] of values.entries()) device.status.tear(first + index, value, random);
    },
  });
}

function suspend(device: NorDevice): void {
  const running = device.operations.running;
  if (running === undefined) return;
  if (running.kind !== "erase" && running.kind !== "program") {
    device.warn(`suspend.${running.kind}`, `Suspend during ${running.kind}: ignored`);
    return;
  }
  if (device.operations.suspended !== undefined) {
    device.warn("suspend.twice", "Suspend while another operation is suspended: ignored");
    return;
  }
  if (device.now - device.resumedAt < device.part.times.suspendNs) {
    device.warn("suspend.early", "Suspend sooner than tSUS after Resume: ignored");
    return;
  }
  device.operations.suspend(device.part.times.suspendNs);
}

function resume(device: NorDevice): void {
  if (device.operations.suspended === undefined) {
    device.warn("resume", "Resume with nothing suspended: ignored");
    return;
  }
  device.resumedAt = device.now;
  device.operations.resume();
}

function registerWrite(device: NorDevice, { command, data }: EffectInput): void {
  if (!mayWrite(device, command)) return;
  device.configuration.write(command.argument ?? 0, data.bytes[0] ?? 0xff);
  device.followConfiguration();
  device.writeEnabled = false;
  if (device.configuration.otherProtocol)
    device.warn("protocol", `${command.name}: dual I/O and DTR protocols are not modelled: stays in its own`);
}

function setQuadProtocol(device: NorDevice, on: boolean): void {
  device.qpi = on;
  device.configuration.quadProtocol = on;
}

function setFourByteAddresses(device: NorDevice, on: boolean): void {
  device.configuration.fourByteAddresses = on;
  device.writeEnabled = false;
}

/** The sheets give one tRST for all cases; ART-Pi's loaders send 38h 2 us after a reset of an idle chip, and work. */
const IDLE_RESET_NS = 1e3;

function reset(device: NorDevice): void {
  if (!device.resetArmed) {
    device.warn("reset", "Reset (99h) not directly after Enable Reset (66h): ignored");
    return;
  }
  const cutsOff = device.operations.busy || device.operations.suspended !== undefined;
  if (cutsOff) device.warn("reset.busy", "Reset during an operation: what it works on is left half done");
  device.operations.cut();
  device.resetVolatile(false);
  const { resetNs, idleResetNs = IDLE_RESET_NS } = device.part.times;
  device.deafUntil = device.now + (cutsOff ? resetNs : idleResetNs);
}

function setLock(device: NorDevice, { command, address }: EffectInput, locked: boolean): void {
  if (!mayWrite(device, command)) return;
  device.locks[device.lockIndex(address)] = locked ? 1 : 0;
  device.writeEnabled = false;
}

/** Micron's volatile lock bits. */
function writeSectorLock(device: NorDevice, { command, address, data }: EffectInput): void {
  if (!mayWrite(device, command)) return;
  device.writeEnabled = false;
  if (device.setSectorLock(address, data.bytes[0] ?? 0)) return;
  device.warn("lock-down", `${command.name} at ${hex(address)}: locked down until power-off: ignored`);
}

function setAllLocks(device: NorDevice, command: CommandSpec, locked: boolean): void {
  if (!mayWrite(device, command)) return;
  device.locks.fill(locked ? 1 : 0);
  device.writeEnabled = false;
}

const WRAP_LENGTHS = [8, 16, 32, 64] as const;

export const EFFECTS: Readonly<Record<EffectKind, Effect>> = {
  nop: () => undefined,
  "write-enable": (device) => {
    device.writeEnabled = true;
  },
  "write-disable": (device) => {
    device.writeEnabled = false;
  },
  "volatile-enable": (device) => {
    device.volatileEnabled = true;
  },
  "status-write": statusWrite,
  program,
  erase,
  "chip-erase": erase,
  "security-program": (device, input) => {
    const offset = writableSecurity(device, input);
    if (offset === undefined) return;
    device.begin("security-program", [input.address - (input.address % PAGE), PAGE], {
      apply: () => device.security.program(offset, input.data),
      tear: () => device.security.tearProgram(offset, input.data),
    });
  },
  "security-erase": (device, input) => {
    const offset = writableSecurity(device, input);
    if (offset === undefined) return;
    device.begin("security-erase", [input.address - (input.address % PAGE), PAGE], {
      apply: () => device.security.erase(offset, PAGE),
      tear: () => device.security.tearErase(offset, PAGE),
    });
  },
  suspend,
  resume,
  "power-down": (device) => {
    device.poweredDown = true;
    device.deafUntil = device.now + device.part.times.powerDownNs;
  },
  "reset-enable": (device) => {
    device.resetArmed = true;
  },
  reset,
  "burst-wrap": (device, { data }) => {
    const bits = data.bytes[0] ?? 0x10;
    device.burstWrap = (bits & 0x10) !== 0 ? 0 : WRAP_LENGTHS[((bits >>> 5) & 3) as 0 | 1 | 2 | 3];
  },
  "qpi-enter": (device) => setQuadProtocol(device, true),
  "qpi-exit": (device) => setQuadProtocol(device, false),
  "register-write": registerWrite,
  "clear-flags": (device) => {
    device.configuration.errors = 0;
  },
  "address-4-byte": (device) => setFourByteAddresses(device, true),
  "address-3-byte": (device) => setFourByteAddresses(device, false),
  "read-parameters": (device, { data }) => {
    device.readParameters = data.bytes[0] ?? device.part.readParametersReset;
  },
  "sector-lock-write": writeSectorLock,
  lock: (device, input) => setLock(device, input, true),
  unlock: (device, input) => setLock(device, input, false),
  "lock-all": (device, { command }) => setAllLocks(device, command, true),
  "unlock-all": (device, { command }) => setAllLocks(device, command, false),
};

/** /CS rose behind a command. @param input undefined: not behind a whole one */
export function carryOut(
  device: NorDevice,
  command: CommandSpec,
  input: Omit<EffectInput, "command"> | undefined,
): void {
  if (command.kind === "device-id" && device.poweredDown) {
    device.poweredDown = false;
    device.deafUntil = device.now + device.part.times.wakeNs;
  }
  if (!(command.kind in EFFECTS)) return;
  if (input === undefined) {
    device.warn(`cut.${command.name}`, `${command.name}: deselected at a wrong place: ignored`);
    return;
  }
  EFFECTS[command.kind as EffectKind](device, { command, ...input });
}

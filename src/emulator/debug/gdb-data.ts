/** Packets about registers, memory and breakpoints (GDB manual, E.2). */

import { bytesToHex, hexToBytes, parseHex, parseRange, splitOnce, stringToBytes } from "../../rsp/text.js";
import { BUS_ERROR, errorReply, type GdbCommand, MALFORMED, OK, type Reply, UNKNOWN } from "./gdb-command.js";
import { readAll, readRegister, writeAll, writeRegister } from "./gdb-registers.js";
import type { DebugTarget, WatchAccess } from "./target.js";

/** Z2 to Z4. */
const WATCH: Readonly<Record<string, WatchAccess>> = { "2": "write", "3": "read", "4": "access" };

export function dataCommands(target: DebugTarget): readonly GdbCommand[] {
  return [
    { prefix: "g", run: () => readAll(target) },
    { prefix: "G", changes: true, run: (hex) => (writeAll(target, hex) ? OK : MALFORMED) },
    { prefix: "p", run: (number) => readRegister(target, parseHex(number) ?? -1) ?? MALFORMED },
    { prefix: "P", changes: true, run: (rest) => writeOne(target, rest) },
    { prefix: "m", run: (rest) => readMemory(target, rest) },
    { prefix: "M", changes: true, run: (rest) => writeMemory(target, rest, hexToBytes) },
    { prefix: "X", changes: true, run: (rest) => writeMemory(target, rest, stringToBytes) },
    { prefix: "Z", changes: true, run: (rest) => setPoint(target, rest, true) },
    { prefix: "z", changes: true, run: (rest) => setPoint(target, rest, false) },
    { prefix: "qCRC:", run: (rest) => crc(target, rest) },
  ];
}

function writeOne(target: DebugTarget, text: string): Reply {
  const [number, hex] = splitOnce(text, "=");
  return writeRegister(target, parseHex(number) ?? -1, hex) ? OK : MALFORMED;
}

function readMemory(target: DebugTarget, text: string): Reply {
  const range = parseRange(text);
  if (range === undefined) return MALFORMED;
  const bytes = target.read(range.address, range.length);
  return bytes.length === 0 && range.length > 0 ? BUS_ERROR : bytesToHex(bytes);
}

function writeMemory(
  target: DebugTarget,
  text: string,
  decode: (data: string) => Uint8Array | undefined,
): Reply {
  const [where, data] = splitOnce(text, ":");
  const range = parseRange(where);
  const bytes = decode(data);
  if (range === undefined || bytes === undefined || bytes.length !== range.length) return MALFORMED;
  return target.write(range.address, bytes) ? OK : BUS_ERROR;
}

/** Z and z: "type,addr,kind". For breakpoints `kind` is the size of the instruction, for watchpoints of the data. */
function setPoint(target: DebugTarget, text: string, insert: boolean): Reply {
  const [type = "", where = ""] = splitOnce(text, ",");
  const range = parseRange(splitOnce(where, ";")[0]);
  if (range === undefined) return MALFORMED;
  const { address, length } = range;
  if (type === "0" || type === "1") {
    if (insert) target.insertBreakpoint(address);
    else target.removeBreakpoint(address);
    return OK;
  }
  const access = WATCH[type];
  if (access === undefined) return UNKNOWN;
  if (insert) target.insertWatchpoint(access, address, length);
  else target.removeWatchpoint(access, address, length);
  return OK;
}

/** compare-sections: CRC-32, polynomial 0x04C11DB7, most significant bit first, from all ones, not inverted (E.4). */
function crc(target: DebugTarget, text: string): Reply {
  const range = parseRange(text);
  if (range === undefined) return MALFORMED;
  const bytes = target.read(range.address, range.length);
  if (bytes.length !== range.length) return errorReply("memory cannot be read");
  let value = 0xffff_ffff;
  for (const byte of bytes) {
    value ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
  }
  return `C${(value >>> 0).toString(16)}`;
}

/**
 * Micron MT25QL512ABB (data sheet MT25QL512ABB, 3 V, 512 Mb), which is also either die of MT25TL01G. Status register = index 0,
 * nonvolatile configuration register = indices 1 (low byte) and 2.
 */

import { type Entry, KIB, MHZ, MS, plain, US } from "./command-entries.js";
import type { CommandSpec, ConfigurationLayout, Lines, NorPart } from "./part.js";
import { MT25QL512ABB_SFDP } from "./sfdp.js";

/** Volatile registers by the index that their commands carry. */
const VOLATILE = 0;
const ENHANCED = 1;
const EXTENDED_ADDRESS = 2;

/** Supported clock frequencies in MHz by 1, 2, 3, ... dummy clocks ("Supported Clock Frequencies", STR and DTR); more allow no more. */
const FAST = [94, 112, 129, 133];
const DUAL_OUT = [79, 97, 106, 115, 125, 133];
const DUAL_IO = [60, 77, 86, 97, 106, 115, 125, 133];
const QUAD_OUT = [44, 61, 78, 97, 106, 115, 125, 133];
const QUAD_IO = [39, 48, 58, 69, 78, 86, 97, 106, 115, 125, 133];
const DTR_FAST = [59, 73, 82, 90];
const DTR_DUAL_OUT = [45, 59, 68, 76, 83, 90];
const DTR_DUAL_IO = [40, 49, 59, 65, 75, 83, 90];
const DTR_QUAD_OUT = [26, 40, 59, 65, 75, 83, 90];
const DTR_QUAD_IO = [20, 30, 39, 49, 58, 68, 78, 85, 90];

/** Volatile configuration register, bits 7:4: dummy clocks; all zeros or all ones: the command's default. */
const dummyClocks =
  (byDefault: number) =>
  (register: number): number => {
    const clocks = register >>> 4;
    return clocks === 0 || clocks === 15 ? byDefault : clocks;
  };

function read(
  code: number,
  name: string,
  lines: readonly [address: Lines, data: Lines],
  [byDefault, clocks]: readonly [number, readonly number[]],
  extra: Partial<CommandSpec> = {},
): Entry {
  const dummy = dummyClocks(byDefault);
  const maxHz = (register: number): number =>
    (clocks[Math.min(dummy(register), clocks.length) - 1] ?? 0) * MHZ;
  return plain(code, name, "read", { address: lines[0], data: lines[1], dummy, maxHz, ...extra });
}

const four = { addressBytes: 4 } as const;
const dtr = { doubleRate: true } as const;

/** What the extended and the four-line protocol have in common. */
const COMMON: readonly Entry[] = [
  plain(0x66, "Reset Enable", "reset-enable", { whileBusy: true }),
  plain(0x99, "Reset Memory", "reset", { whileBusy: true }),
  plain(0x5a, "Read SFDP", "sfdp", { address: 1, addressBytes: 3, dummy: 8, data: 1 }),
  plain(0x06, "Write Enable", "write-enable"),
  plain(0x04, "Write Disable", "write-disable"),
  plain(0x05, "Read Status Register", "status-read", { data: 1, argument: 0, whileBusy: true }),
  plain(0x70, "Read Flag Status Register", "flag-status-read", { data: 1, whileBusy: true }),
  plain(0xb5, "Read Nonvolatile Configuration Register", "status-read", {
    data: 1,
    argument: 1,
    registers: 2,
  }),
  plain(0x85, "Read Volatile Configuration Register", "register-read", { data: 1, argument: VOLATILE }),
  plain(0x65, "Read Enhanced Volatile Configuration Register", "register-read", {
    data: 1,
    argument: ENHANCED,
  }),
  plain(0xc8, "Read Extended Address Register", "register-read", { data: 1, argument: EXTENDED_ADDRESS }),
  plain(0x01, "Write Status Register", "status-write", { data: 1, argument: 0, maxData: 1 }),
  plain(0xb1, "Write Nonvolatile Configuration Register", "status-write", {
    data: 1,
    argument: 1,
    maxData: 2,
  }),
  plain(0x81, "Write Volatile Configuration Register", "register-write", { data: 1, argument: VOLATILE }),
  plain(0x61, "Write Enhanced Volatile Configuration Register", "register-write", {
    data: 1,
    argument: ENHANCED,
  }),
  plain(0xc5, "Write Extended Address Register", "register-write", { data: 1, argument: EXTENDED_ADDRESS }),
  plain(0x50, "Clear Flag Status Register", "clear-flags"),
  plain(0x02, "Page Program", "program", { address: 1, data: 1 }),
  plain(0x12, "4-Byte Page Program", "program", { address: 1, data: 1, ...four }),
  plain(0x32, "Quad Input Fast Program", "program", { address: 1, data: 4 }),
  plain(0x34, "4-Byte Quad Input Fast Program", "program", { address: 1, data: 4, ...four }),
  plain(0x38, "Extended Quad Input Fast Program", "program", { address: 4, data: 4 }),
  plain(0x3e, "4-Byte Extended Quad Input Fast Program", "program", { address: 4, data: 4, ...four }),
  plain(0x20, "4KB Subsector Erase", "erase", { address: 1, argument: 4 * KIB }),
  plain(0x21, "4-Byte 4KB Subsector Erase", "erase", { address: 1, argument: 4 * KIB, ...four }),
  plain(0x52, "32KB Subsector Erase", "erase", { address: 1, argument: 32 * KIB }),
  plain(0x5c, "4-Byte 32KB Subsector Erase", "erase", { address: 1, argument: 32 * KIB, ...four }),
  plain(0xd8, "Sector Erase", "erase", { address: 1, argument: 64 * KIB }),
  plain(0xdc, "4-Byte Sector Erase", "erase", { address: 1, argument: 64 * KIB, ...four }),
  plain(0xc7, "Bulk Erase", "chip-erase"),
  plain(0x60, "Bulk Erase", "chip-erase"),
  plain(0x75, "Program/Erase Suspend", "suspend", { whileBusy: true }),
  plain(0x7a, "Program/Erase Resume", "resume"),
  plain(0x4b, "Read OTP Array", "security-read", { address: 1, dummy: 8, data: 1 }),
  plain(0x42, "Program OTP Array", "security-program", { address: 1, data: 1 }),
  plain(0xe8, "Read Volatile Lock Bits", "sector-lock-read", { address: 1, data: 1 }),
  plain(0xe5, "Write Volatile Lock Bits", "sector-lock-write", { address: 1, data: 1, maxData: 1 }),
  plain(0xe0, "4-Byte Read Volatile Lock Bits", "sector-lock-read", { address: 1, data: 1, ...four }),
  plain(0xe1, "4-Byte Write Volatile Lock Bits", "sector-lock-write", {
    address: 1,
    data: 1,
    maxData: 1,
    ...four,
  }),
  plain(0xb7, "Enter 4-Byte Address Mode", "address-4-byte"),
  plain(0xe9, "Exit 4-Byte Address Mode", "address-3-byte"),
  plain(0x35, "Enter Quad Input/Output Mode", "qpi-enter"),
  plain(0xf5, "Reset Quad Input/Output Mode", "qpi-exit"),
  plain(0xb9, "Enter Deep Power-Down", "power-down"),
  plain(0xab, "Release from Deep Power-Down", "device-id"),
];

const EXTENDED: readonly Entry[] = [
  ...COMMON,
  plain(0x9e, "Read ID", "jedec", { data: 1 }),
  plain(0x9f, "Read ID", "jedec", { data: 1 }),
  plain(0x03, "Read", "read", { address: 1, data: 1, maxHz: 54 * MHZ }),
  plain(0x13, "4-Byte Read", "read", { address: 1, data: 1, maxHz: 54 * MHZ, ...four }),
  read(0x0b, "Fast Read", [1, 1], [8, FAST]),
  read(0x3b, "Dual Output Fast Read", [1, 2], [8, DUAL_OUT]),
  read(0xbb, "Dual Input/Output Fast Read", [2, 2], [8, DUAL_IO]),
  read(0x6b, "Quad Output Fast Read", [1, 4], [8, QUAD_OUT]),
  read(0xeb, "Quad Input/Output Fast Read", [4, 4], [10, QUAD_IO]),
  read(0x0c, "4-Byte Fast Read", [1, 1], [8, FAST], four),
  read(0x3c, "4-Byte Dual Output Fast Read", [1, 2], [8, DUAL_OUT], four),
  read(0xbc, "4-Byte Dual Input/Output Fast Read", [2, 2], [8, DUAL_IO], four),
  read(0x6c, "4-Byte Quad Output Fast Read", [1, 4], [8, QUAD_OUT], four),
  read(0xec, "4-Byte Quad Input/Output Fast Read", [4, 4], [10, QUAD_IO], four),
  read(0x0d, "DTR Fast Read", [1, 1], [6, DTR_FAST], dtr),
  read(0x3d, "DTR Dual Output Fast Read", [1, 2], [6, DTR_DUAL_OUT], dtr),
  read(0xbd, "DTR Dual Input/Output Fast Read", [2, 2], [6, DTR_DUAL_IO], dtr),
  read(0x6d, "DTR Quad Output Fast Read", [1, 4], [6, DTR_QUAD_OUT], dtr),
  read(0xed, "DTR Quad Input/Output Fast Read", [4, 4], [8, DTR_QUAD_IO], dtr),
  read(0x0e, "4-Byte DTR Fast Read", [1, 1], [6, DTR_FAST], { ...dtr, ...four }),
  read(0xbe, "4-Byte DTR Dual Input/Output Fast Read", [2, 2], [6, DTR_DUAL_IO], { ...dtr, ...four }),
  read(0xee, "4-Byte DTR Quad Input/Output Fast Read", [4, 4], [8, DTR_QUAD_IO], { ...dtr, ...four }),
  plain(0xa2, "Dual Input Fast Program", "program", { address: 1, data: 2 }),
  plain(0xd2, "Extended Dual Input Fast Program", "program", { address: 2, data: 2 }),
];

/** In the four-line protocol every phase uses four lines, and every fast read has the same dummy clocks. */
function onFourLines([code, spec]: Entry): Entry {
  const address = spec.address === undefined ? {} : ({ address: 4 } as const);
  return [code, { ...spec, ...address, ...(spec.data === undefined ? {} : { data: 4 }) }];
}

const quadRead = (code: number, name: string, extra: Partial<CommandSpec> = {}): Entry =>
  read(code, name, [4, 4], [10, QUAD_IO], extra);
const quadDtrRead = (code: number, name: string, extra: Partial<CommandSpec> = {}): Entry =>
  read(code, name, [4, 4], [8, DTR_QUAD_IO], { ...dtr, ...extra });

const QUAD: readonly Entry[] = [
  ...COMMON.map(onFourLines),
  plain(0xaf, "Multiple I/O Read ID", "jedec", { data: 4 }),
  quadRead(0x0b, "Fast Read"),
  quadRead(0x6b, "Quad Output Fast Read"),
  quadRead(0xeb, "Quad Input/Output Fast Read"),
  quadRead(0x0c, "4-Byte Fast Read", four),
  quadRead(0x6c, "4-Byte Quad Output Fast Read", four),
  quadRead(0xec, "4-Byte Quad Input/Output Fast Read", four),
  quadDtrRead(0x0d, "DTR Fast Read"),
  quadDtrRead(0x6d, "DTR Quad Output Fast Read"),
  quadDtrRead(0xed, "DTR Quad Input/Output Fast Read"),
  quadDtrRead(0x0e, "4-Byte DTR Fast Read", four),
  quadDtrRead(0xee, "4-Byte DTR Quad Input/Output Fast Read", four),
];

/** Nonvolatile configuration register: 15:12 dummy clocks, 11:9 XIP (111: off), 3 and 2 protocols, 1 segment, 0 address bytes. */
const CONFIGURATION: ConfigurationLayout = {
  writable: [0xfb, 0xff, 0x03],
  reset: (status) => {
    const low = status[1] ?? 0xff;
    const high = status[2] ?? 0xff;
    const inPlace = ((high >>> 1) & 7) === 7 ? 0x08 : 0x00;
    // Bits 3 and 2 stand for bits 7 and 6 of the enhanced register, bits 5 and 4 for the same ones there.
    const enhanced = ((low & 0x0c) << 4) | (low & 0x30) | 0x0f;
    return [(high & 0xf0) | inPlace | 0x03, enhanced, (low & 0x02) === 0 ? 0x03 : 0x00];
  },
  fourByteAddresses: (status) => ((status[1] ?? 0xff) & 0x01) === 0,
  readParameters: VOLATILE,
  extendedAddress: EXTENDED_ADDRESS,
  quadProtocol: [ENHANCED, 0x80],
  otherProtocols: [ENHANCED, 0x60],
  executeInPlace: [VOLATILE, 0x08],
};

/** BP3-0 are bits 6 and 4:2, TB bit 5: 64 KiB, 128 KiB and so on up to all of it. */
function protectedRange(status: Uint8Array, size: number): readonly [number, number] {
  const register = status[0] ?? 0;
  const bp = ((register >>> 2) & 7) | ((register >>> 3) & 8);
  const length = bp === 0 ? 0 : Math.min(size, 64 * KIB * 2 ** (bp - 1));
  return (register & 0x20) !== 0 ? [0, length] : [size - length, size];
}

/** Volatile configuration register, bits 1:0: no wrap when both are set. */
const WRAPS = [16, 32, 64, 0] as const;

export const MT25QL512ABB: NorPart = {
  name: "MT25QL512ABB",
  jedec: [0x20, 0xba, 0x20],
  extendedId: [0x10, 0x44, 0x00],
  deviceId: 0x19,
  size: 64 * KIB * KIB,
  sfdp: MT25QL512ABB_SFDP,
  commands: new Map(EXTENDED),
  qpiCommands: new Map(QUAD),
  status: {
    factory: [0x00, 0xff, 0xff],
    writable: [0xfc, 0xff, 0xff],
    volatileWritable: [0, 0, 0],
    oneTime: [0, 0, 0],
    untilPowerOff: [0, 0, 0],
    registerProtect: [0, 0x80],
  },
  configuration: CONFIGURATION,
  protectedRange,
  continuous: { mask: 0, value: 1 },
  security: { count: 1, firstAddress: 0 },
  readWrap: (_command, register) => WRAPS[(register & 3) as 0 | 1 | 2 | 3],
  readParametersReset: 0xfb,
  times: {
    program: { typicalNs: 0.12 * MS, maximumNs: 1.8 * MS },
    erase: new Map([
      [4 * KIB, { typicalNs: 50 * MS, maximumNs: 400 * MS }],
      [32 * KIB, { typicalNs: 100 * MS, maximumNs: 1000 * MS }],
      [64 * KIB, { typicalNs: 150 * MS, maximumNs: 1000 * MS }],
    ]),
    chipErase: { typicalNs: 153e9, maximumNs: 460e9 },
    status: { typicalNs: 1.3 * MS, maximumNs: 8 * MS },
    configuration: { typicalNs: 200 * MS, maximumNs: 1000 * MS },
    powerOn: { readNs: 150 * US, writeNs: 150 * US },
    suspendNs: 25 * US,
    resetNs: 30 * US,
    idleResetNs: 40,
    wakeNs: 30 * US,
    powerDownNs: 3 * US,
  },
};

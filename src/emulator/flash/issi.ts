/** ISSI IS25LP064A (data sheet IS25LP064A/032A/016A). Registers: status = index 0, function register = index 1. */

import {
  type Entry,
  FULL,
  KIB,
  MHZ,
  MS,
  plain,
  qpiEntry,
  quad,
  US,
  WRAP_LENGTHS,
} from "./command-entries.js";
import type { NorPart } from "./part.js";
import { IS25LP064A_SFDP } from "./sfdp.js";

type Setting = 0 | 1 | 2 | 3;
/** Read register, bits P4-P3. */
const p43 = (parameters: number): Setting => ((parameters >>> 3) & 3) as Setting;

/** Dummy clocks of each read by P4-P3, the mode bits counted in (section 6.3 READ REGISTER). */
const FAST = [8, 4, 8, 10] as const;
const DUAL_IO = [4, 4, 8, 8] as const;
const QUAD_IO = [6, 4, 8, 10] as const;
/** Highest clocks that go with them. */
const QUAD_IO_HZ = [104 * MHZ, 84 * MHZ, 115 * MHZ, FULL] as const;
const DUAL_IO_HZ = [104 * MHZ, 104 * MHZ, FULL, FULL] as const;
const FAST_HZ = [FULL, 84 * MHZ, FULL, FULL] as const;

const by =
  (table: readonly [number, number, number, number], less = 0) =>
  (parameters: number): number =>
    table[p43(parameters)] - less;

const COMMON: readonly Entry[] = [
  plain(0x00, "No Operation", "nop"),
  plain(0x06, "Write Enable", "write-enable"),
  plain(0x04, "Write Disable", "write-disable"),
  plain(0x05, "Read Status Register", "status-read", { data: 1, argument: 0, whileBusy: true }),
  plain(0x01, "Write Status Register", "status-write", { data: 1, argument: 0, maxData: 1 }),
  plain(0x48, "Read Function Register", "status-read", { data: 1, argument: 1, whileBusy: true }),
  plain(0x42, "Write Function Register", "status-write", { data: 1, argument: 1, maxData: 1 }),
  plain(0x02, "Page Program", "program", { address: 1, data: 1 }),
  plain(0x20, "Sector Erase", "erase", { address: 1, argument: 4 * KIB }),
  plain(0xd7, "Sector Erase", "erase", { address: 1, argument: 4 * KIB }),
  plain(0x52, "Block Erase 32K", "erase", { address: 1, argument: 32 * KIB }),
  plain(0xd8, "Block Erase 64K", "erase", { address: 1, argument: 64 * KIB }),
  plain(0xc7, "Chip Erase", "chip-erase"),
  plain(0x60, "Chip Erase", "chip-erase"),
  plain(0x75, "Suspend", "suspend", { whileBusy: true }),
  plain(0xb0, "Suspend", "suspend", { whileBusy: true }),
  plain(0x7a, "Resume", "resume"),
  plain(0x30, "Resume", "resume"),
  plain(0xb9, "Deep Power Down", "power-down"),
  plain(0xab, "Read ID / Release Power Down", "device-id", { dummy: 24, data: 1 }),
  plain(0xc0, "Set Read Parameters", "read-parameters", { data: 1, maxData: 1 }),
  plain(0x63, "Set Read Parameters", "read-parameters", { data: 1, maxData: 1 }),
  plain(0x9f, "Read JEDEC ID", "jedec", { data: 1 }),
  plain(0x90, "Read Manufacturer and Device ID", "manufacturer-id", { address: 1, data: 1 }),
  plain(0x4b, "Read Unique ID", "unique-id", { dummy: 32, data: 1 }),
  plain(0x5a, "SFDP Read", "sfdp", { address: 1, dummy: 8, data: 1 }),
  plain(0x66, "Software Reset Enable", "reset-enable", { whileBusy: true }),
  plain(0x99, "Software Reset", "reset", { whileBusy: true }),
  plain(0x62, "Program Information Row", "security-program", { address: 1, data: 1 }),
  plain(0x64, "Erase Information Row", "security-erase", { address: 1 }),
  plain(0x68, "Read Information Row", "security-read", { address: 1, dummy: 8, data: 1 }),
];

const SPI: readonly Entry[] = [
  ...COMMON,
  plain(0x03, "Normal Read", "read", { address: 1, data: 1, maxHz: 50 * MHZ }),
  plain(0x0b, "Fast Read", "read", { address: 1, dummy: by(FAST), data: 1, maxHz: by(FAST_HZ) }),
  plain(0x3b, "Fast Read Dual Output", "read", { address: 1, dummy: by(FAST), data: 2, maxHz: by(FAST_HZ) }),
  plain(0xbb, "Fast Read Dual I/O", "read", {
    address: 2,
    mode: true,
    dummy: by(DUAL_IO, 4),
    data: 2,
    maxHz: by(DUAL_IO_HZ),
  }),
  plain(0x6b, "Fast Read Quad Output", "read", {
    address: 1,
    dummy: by(FAST),
    data: 4,
    maxHz: by(FAST_HZ),
    ...quad,
  }),
  plain(0xeb, "Fast Read Quad I/O", "read", {
    address: 4,
    mode: true,
    dummy: by(QUAD_IO, 2),
    data: 4,
    maxHz: by(QUAD_IO_HZ),
    ...quad,
  }),
  plain(0x32, "Quad Page Program", "program", { address: 1, data: 4, ...quad }),
  plain(0x38, "Quad Page Program", "program", { address: 1, data: 4, ...quad }),
  plain(0x35, "Enter QPI Mode", "qpi-enter"),
];

const QPI: readonly Entry[] = [
  ...COMMON.map(qpiEntry),
  plain(0xaf, "Read JEDEC ID QPI", "jedec", { data: 4 }),
  plain(0x0b, "Fast Read", "read", { address: 4, dummy: by(QUAD_IO), data: 4, maxHz: by(QUAD_IO_HZ) }),
  plain(0xeb, "Fast Read Quad I/O", "read", {
    address: 4,
    mode: true,
    dummy: by(QUAD_IO, 2),
    data: 4,
    maxHz: by(QUAD_IO_HZ),
  }),
  plain(0xf5, "Exit QPI Mode", "qpi-exit"),
];

/** BP3-0 in the status register, TBS in the function register (section 6.1). */
function protectedRange(status: Uint8Array, size: number): readonly [number, number] {
  const bp = ((status[0] ?? 0) >>> 2) & 15;
  const bottom = ((status[1] ?? 0) & 0x02) !== 0;
  const length = bp === 0 ? 0 : bp >= 8 ? size : (64 * KIB) << (bp - 1);
  return bottom ? [0, length] : [size - length, size];
}

export const IS25LP064A: NorPart = {
  name: "IS25LP064A",
  jedec: [0x9d, 0x60, 0x17],
  deviceId: 0x16,
  size: 8 * KIB * KIB,
  sfdp: IS25LP064A_SFDP,
  commands: new Map(SPI),
  qpiCommands: new Map(QPI),
  status: {
    factory: [0, 0],
    writable: [0xfc, 0xf2],
    volatileWritable: [0, 0],
    oneTime: [0, 0xf2],
    untilPowerOff: [0, 0],
    quadEnable: [0, 0x40],
    programSuspended: [1, 0x04],
    eraseSuspended: [1, 0x08],
    registerProtect: [0, 0x80],
    securityLock: [1, 0x10],
  },
  protectedRange,
  continuous: { mask: 0xf0, value: 0xa0 },
  security: { count: 4, firstAddress: 0 },
  readWrap: (_command, parameters) =>
    (parameters & 4) === 0 ? 0 : WRAP_LENGTHS[(parameters & 3) as 0 | 1 | 2 | 3],
  readParametersReset: 0xe0,
  times: {
    program: { typicalNs: 0.2 * MS, maximumNs: 1 * MS },
    erase: new Map([
      [4 * KIB, { typicalNs: 70 * MS, maximumNs: 300 * MS }],
      [32 * KIB, { typicalNs: 100 * MS, maximumNs: 500 * MS }],
      [64 * KIB, { typicalNs: 150 * MS, maximumNs: 1000 * MS }],
    ]),
    chipErase: { typicalNs: 20e9, maximumNs: 60e9 },
    status: { typicalNs: 2 * MS, maximumNs: 15 * MS },
    suspendNs: 100 * US,
    resetNs: 35 * US,
    wakeNs: 5 * US,
    powerDownNs: 3 * US,
  },
};

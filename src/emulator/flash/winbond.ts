/** Winbond W25Q128JV and W25Q64JV (data sheets W25Q128JV rev. G, W25Q128JV-DTR rev. C, W25Q64JV rev. J). */

import { type Entry, KIB, MHZ, MS, plain, qpiEntry, quad, US, WRAP_LENGTHS } from "./command-entries.js";
import type { NorPart, StatusLayout } from "./part.js";
import { W25Q64JV_SFDP, W25Q128JV_SFDP } from "./sfdp.js";

/** Everything that works the same on one line and, with all phases on four, in QPI mode. */
const COMMON: readonly Entry[] = [
  plain(0x06, "Write Enable", "write-enable"),
  plain(0x50, "Volatile SR Write Enable", "volatile-enable"),
  plain(0x04, "Write Disable", "write-disable"),
  plain(0xab, "Release Power-down / ID", "device-id", { dummy: 24, data: 1 }),
  plain(0x90, "Manufacturer/Device ID", "manufacturer-id", { address: 1, data: 1 }),
  plain(0x9f, "JEDEC ID", "jedec", { data: 1 }),
  plain(0x02, "Page Program", "program", { address: 1, data: 1 }),
  plain(0x20, "Sector Erase (4KB)", "erase", { address: 1, argument: 4 * KIB }),
  plain(0x52, "Block Erase (32KB)", "erase", { address: 1, argument: 32 * KIB }),
  plain(0xd8, "Block Erase (64KB)", "erase", { address: 1, argument: 64 * KIB }),
  plain(0xc7, "Chip Erase", "chip-erase"),
  plain(0x60, "Chip Erase", "chip-erase"),
  plain(0x05, "Read Status Register-1", "status-read", { data: 1, argument: 0, whileBusy: true }),
  plain(0x35, "Read Status Register-2", "status-read", { data: 1, argument: 1, whileBusy: true }),
  plain(0x15, "Read Status Register-3", "status-read", { data: 1, argument: 2, whileBusy: true }),
  plain(0x01, "Write Status Register-1", "status-write", { data: 1, argument: 0, maxData: 2 }),
  plain(0x31, "Write Status Register-2", "status-write", { data: 1, argument: 1, maxData: 1 }),
  plain(0x11, "Write Status Register-3", "status-write", { data: 1, argument: 2, maxData: 1 }),
  plain(0x7e, "Global Block Lock", "lock-all"),
  plain(0x98, "Global Block Unlock", "unlock-all"),
  plain(0x3d, "Read Block Lock", "lock-read", { address: 1, data: 1 }),
  plain(0x36, "Individual Block Lock", "lock", { address: 1 }),
  plain(0x39, "Individual Block Unlock", "unlock", { address: 1 }),
  plain(0x75, "Erase / Program Suspend", "suspend", { whileBusy: true }),
  plain(0x7a, "Erase / Program Resume", "resume"),
  plain(0xb9, "Power-down", "power-down"),
  plain(0x66, "Enable Reset", "reset-enable", { whileBusy: true }),
  plain(0x99, "Reset Device", "reset", { whileBusy: true }),
];

const SPI: readonly Entry[] = [
  ...COMMON,
  plain(0x4b, "Read Unique ID", "unique-id", { dummy: 32, data: 1 }),
  plain(0x5a, "Read SFDP Register", "sfdp", { address: 1, dummy: 8, data: 1 }),
  plain(0x44, "Erase Security Register", "security-erase", { address: 1 }),
  plain(0x42, "Program Security Register", "security-program", { address: 1, data: 1 }),
  plain(0x48, "Read Security Register", "security-read", { address: 1, dummy: 8, data: 1 }),
  plain(0x03, "Read Data", "read", { address: 1, data: 1, maxHz: 50 * MHZ }),
  plain(0x0b, "Fast Read", "read", { address: 1, dummy: 8, data: 1 }),
  plain(0x3b, "Fast Read Dual Output", "read", { address: 1, dummy: 8, data: 2 }),
  plain(0xbb, "Fast Read Dual I/O", "read", { address: 2, mode: true, data: 2 }),
  plain(0x92, "Mftr./Device ID Dual I/O", "manufacturer-id", { address: 2, mode: true, data: 2 }),
  plain(0x6b, "Fast Read Quad Output", "read", { address: 1, dummy: 8, data: 4, ...quad }),
  plain(0xeb, "Fast Read Quad I/O", "read", { address: 4, mode: true, dummy: 4, data: 4, ...quad }),
  plain(0x94, "Mftr./Device ID Quad I/O", "manufacturer-id", {
    address: 4,
    mode: true,
    dummy: 4,
    data: 4,
    ...quad,
  }),
  plain(0x32, "Quad Input Page Program", "program", { address: 1, data: 4, ...quad }),
  plain(0x77, "Set Burst with Wrap", "burst-wrap", { address: 4, data: 4, maxData: 1, ...quad }),
  plain(0xff, "Continuous Read Mode Reset", "nop"),
];

const DTR_HZ = 66 * MHZ;
const dtr = { doubleRate: true, maxHz: DTR_HZ } as const;

/** Only in the -IM/-JM parts (W25Q128JV-DTR, sections 8.1.2 to 8.1.4). */
const SPI_IM: readonly Entry[] = [
  ...SPI,
  plain(0x0d, "DTR Fast Read", "read", { address: 1, dummy: 6, data: 1, ...dtr }),
  plain(0xbd, "DTR Fast Read Dual I/O", "read", { address: 2, mode: true, dummy: 4, data: 2, ...dtr }),
  plain(0xed, "DTR Fast Read Quad I/O", "read", {
    address: 4,
    mode: true,
    dummy: 7,
    data: 4,
    ...dtr,
    ...quad,
  }),
  plain(0x38, "Enter QPI Mode", "qpi-enter", quad),
];

/** C0h, bits P5-P4: dummy clocks and highest clock of QPI reads at 3.0 to 3.6 V (W25Q64JV-DTR and W25Q128JV-DTR, "Set Read Parameters"). */
const QPI_DUMMY = [2, 4, 6, 8] as const;
const QPI_HZ = [50 * MHZ, 80 * MHZ, 104 * MHZ, 133 * MHZ] as const;
const p54 = (parameters: number): 0 | 1 | 2 | 3 => ((parameters >>> 4) & 3) as 0 | 1 | 2 | 3;
const qpiDummy = (parameters: number): number => QPI_DUMMY[p54(parameters)];
const qpiHz = (parameters: number): number => QPI_HZ[p54(parameters)];
const QPI_IM: readonly Entry[] = [
  ...COMMON.map(qpiEntry),
  plain(0xc0, "Set Read Parameters", "read-parameters", { data: 4, maxData: 1 }),
  plain(0x0b, "Fast Read", "read", { address: 4, dummy: qpiDummy, data: 4, maxHz: qpiHz }),
  plain(0x0c, "Burst Read with Wrap", "read", {
    address: 4,
    dummy: qpiDummy,
    data: 4,
    maxHz: qpiHz,
    argument: 1,
  }),
  // The mode bits take two of the dummy clocks (W25Q128JV-DTR, section 8.2.14).
  plain(0xeb, "Fast Read Quad I/O", "read", {
    address: 4,
    mode: true,
    dummy: (parameters) => qpiDummy(parameters) - 2,
    data: 4,
    maxHz: qpiHz,
  }),
  plain(0x0d, "DTR Fast Read", "read", { address: 4, dummy: 8, data: 4, ...dtr }),
  plain(0x0e, "DTR Burst Read with Wrap", "read", { address: 4, dummy: 8, data: 4, argument: 1, ...dtr }),
  plain(0xed, "DTR Fast Read Quad I/O", "read", {
    address: 4,
    mode: true,
    dummy: 7,
    data: 4,
    ...dtr,
  }),
  plain(0xff, "Exit QPI Mode", "qpi-exit"),
];

const LB = 0x38;
const DRV_FACTORY = 0x60;

const STATUS_IQ: StatusLayout = {
  factory: [0x00, 0x02, DRV_FACTORY],
  writable: [0xfc, 0x79, 0x64],
  volatileWritable: [0xfc, 0x41, 0x64],
  oneTime: [0, LB, 0],
  untilPowerOff: [0, 0x01, 0],
  quadEnable: [1, 0x02],
  eraseSuspended: [1, 0x80],
  programSuspended: [1, 0x80],
  registerProtect: [0, 0x80],
  powerLock: [1, 0x01],
  securityLock: [1, 0x08],
  individualLocks: [2, 0x04],
};

const STATUS_IM: StatusLayout = {
  ...STATUS_IQ,
  factory: [0x00, 0x00, DRV_FACTORY],
  writable: [0xfc, 0x7b, 0x64],
  volatileWritable: [0xfc, 0x43, 0x64],
};

/** Block protection by BP2-0, TB, SEC and CMP (W25Q128JV, section 7.1 and the tables behind it). */
function protectedRange(status: Uint8Array, size: number): readonly [number, number] {
  const sr1 = status[0] ?? 0;
  const bp = (sr1 >>> 2) & 7;
  const bottom = (sr1 & 0x20) !== 0;
  const sectors = (sr1 & 0x40) !== 0;
  const complement = ((status[1] ?? 0) & 0x40) !== 0;
  let length = 0;
  if (bp === 7) length = size;
  else if (bp !== 0) length = sectors ? Math.min(32 * KIB, (4 * KIB) << (bp - 1)) : (size / 64) << (bp - 1);
  const range: [number, number] = bottom ? [0, length] : [size - length, size];
  if (!complement) return range;
  return bottom ? [length, size] : [0, size - length];
}

const ERASE_TIMES = new Map([
  [4 * KIB, { typicalNs: 45 * MS, maximumNs: 400 * MS }],
  [32 * KIB, { typicalNs: 120 * MS, maximumNs: 1600 * MS }],
  [64 * KIB, { typicalNs: 150 * MS, maximumNs: 2000 * MS }],
]);

const W25Q128JV: Omit<NorPart, "name" | "jedec" | "commands" | "status"> = {
  deviceId: 0x17,
  size: 16 * KIB * KIB,
  sfdp: W25Q128JV_SFDP,
  protectedRange,
  continuous: { mask: 0x30, value: 0x20 },
  security: { count: 3, firstAddress: 0x1000 },
  readWrap: (command, parameters, burstWrap) => {
    if (command.argument === 1) return WRAP_LENGTHS[(parameters & 3) as 0 | 1 | 2 | 3];
    return command.mode === true && command.data === 4 ? burstWrap : 0;
  },
  readParametersReset: 0,
  times: {
    program: { typicalNs: 0.4 * MS, maximumNs: 3 * MS },
    erase: ERASE_TIMES,
    chipErase: { typicalNs: 40e9, maximumNs: 200e9 },
    status: { typicalNs: 10 * MS, maximumNs: 15 * MS },
    suspendNs: 20 * US,
    resetNs: 30 * US,
    wakeNs: 3 * US,
    powerDownNs: 3 * US,
  },
};

export const W25Q128JV_IQ: NorPart = {
  ...W25Q128JV,
  name: "W25Q128JV-IQ",
  jedec: [0xef, 0x40, 0x18],
  commands: new Map(SPI),
  status: STATUS_IQ,
};

export const W25Q128JV_IM: NorPart = {
  ...W25Q128JV,
  name: "W25Q128JV-IM",
  jedec: [0xef, 0x70, 0x18],
  commands: new Map(SPI_IM),
  qpiCommands: new Map(QPI_IM),
  status: STATUS_IM,
};

const W25Q64JV = {
  deviceId: 0x16,
  size: 8 * KIB * KIB,
  sfdp: W25Q64JV_SFDP,
  times: { ...W25Q128JV.times, chipErase: { typicalNs: 20e9, maximumNs: 100e9 } },
};

export const W25Q64JV_IQ: NorPart = {
  ...W25Q128JV_IQ,
  ...W25Q64JV,
  name: "W25Q64JV-IQ",
  jedec: [0xef, 0x40, 0x17],
};

/** WeAct's own bootloader reads in QPI and DTR. */
export const W25Q64JV_IM: NorPart = {
  ...W25Q128JV_IM,
  ...W25Q64JV,
  name: "W25Q64JV-IM",
  jedec: [0xef, 0x70, 0x17],
};

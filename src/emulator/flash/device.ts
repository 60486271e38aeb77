/** The inside of a serial NOR flash chip: everything but the wires. */

import type { EmulatorLog } from "../bus.js";
import type { Timeline } from "../timeline.js";
import { CellArray, type RandomSource } from "./cells.js";
import { Configuration, FLAG } from "./configuration.js";
import { Operations } from "./operations.js";
import type { Duration, NorPart, OperationKind } from "./part.js";
import { PAGE } from "./part.js";
import { StatusRegisters } from "./status.js";

/** Defects of a chip, for tests of what the firmware does with one. */
export interface FlashDefects {
  /** Mask of bits of the byte at `address` (in the array) that keep their value whatever is done to them. */
  readonly deadBits?: (address: number) => number;
  /** True makes the operation that begins stay busy for ever. */
  readonly neverEnds?: (kind: OperationKind, address: number) => boolean;
  /** Bits of each status register that read as 1, and work so, whatever is written. */
  readonly stuckStatus?: readonly number[];
}

export interface SerialNorFlashOptions {
  readonly part: NorPart;
  /** The array: `part.size` bytes that the owner persists. Changed in place. */
  readonly content: Uint8Array;
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  /** Numbers in [0, 1): what a cut leaves behind. */
  readonly random: RandomSource;
  /** Whoever soldered the chip in has set QE. Default: as it left its factory. */
  readonly quadEnabled?: boolean;
  /** 8 bytes answered to 4Bh. Default: fixed bytes. */
  readonly uniqueId?: Uint8Array;
  /** Operation times from the data sheet's typical or maximum column. Default: typical. */
  readonly speed?: "typical" | "maximum";
  /** Replaces the data sheet's time of an operation, nanoseconds; undefined keeps it. */
  readonly duration?: (kind: OperationKind, address: number, length: number) => number | undefined;
  readonly defects?: FlashDefects;
  /** Array bytes [address, address + length) changed. */
  readonly onChange?: (address: number, length: number) => void;
  /** Called when an operation has begun: address and length in bytes; register index and count for "status". */
  readonly onOperation?: (kind: OperationKind, address: number, length: number) => void;
}

/** What the chip keeps without power, besides the array. Plain JSON. */
export interface SerialNorFlashState {
  readonly part: string;
  readonly status: readonly number[];
  /** Security registers (or information rows), hexadecimal. */
  readonly security: string;
}

const DEFAULT_UNIQUE_ID = Uint8Array.of(0xdf, 0x63, 0x5c, 0x76, 0xc7, 0x3a, 0x1b, 0x29);
/** 64 KiB block and 4 KiB sector: the units of the individual locks. */
const BLOCK = 0x10000;
const SECTOR = 0x1000;
/** Micron's volatile lock bits: no program, no erase; no other value until power-off or reset. */
const SECTOR_LOCK = { LOCKED: 1, DOWN: 2 } as const;

export class NorDevice {
  readonly options: SerialNorFlashOptions;
  readonly part: NorPart;
  readonly cells: CellArray;
  readonly security: CellArray;
  readonly status: StatusRegisters;
  readonly operations: Operations;
  readonly uniqueId: Uint8Array;
  readonly configuration: Configuration;
  readonly #sectorLocks: Uint8Array;
  /** One entry for each lockable unit; 1 = locked. */
  readonly locks: Uint8Array;

  /** How often its array changed. */
  changes = 0;
  writeEnabled = false;
  volatileEnabled = false;
  qpi = false;
  resetArmed = false;
  poweredDown = false;
  /** No command is taken before this board time (ns): power-up, reset, wake-up. */
  deafUntil = 0;
  /** Wrap length of EBh in bytes set by 77h; 0 = none. */
  burstWrap = 0;
  readParameters: number;
  /** Level of /WP (IO2) while the bus is idle or uses one line. */
  writeProtectPinHigh = true;
  /** Commands that change something are not taken before this board time (ns): tPUW. */
  readOnlyUntil = 0;
  /** When the last resume happened, for the minimum distance to the next suspend. */
  resumedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SerialNorFlashOptions) {
    const { part, content } = options;
    if (content.length !== part.size) {
      throw new RangeError(`content of ${part.name}: expected ${part.size} bytes, found ${content.length}`);
    }
    this.options = options;
    this.part = part;
    this.uniqueId = options.uniqueId ?? DEFAULT_UNIQUE_ID;
    const { random, onChange, defects } = options;
    const changed = (address: number, length: number): void => {
      this.changes++;
      onChange?.(address, length);
    };
    this.cells = new CellArray({ content, random, onChange: changed, deadBits: defects?.deadBits });
    this.security = new CellArray({ content: new Uint8Array(part.security.count * PAGE).fill(0xff), random });
    const { factory, quadEnable } = part.status;
    const [register, bit] = quadEnable ?? [0, 0];
    const set = options.quadEnabled === true;
    const status = set ? factory.map((value, index) => (index === register ? value | bit : value)) : factory;
    this.configuration = new Configuration(part.configuration);
    this.status = new StatusRegisters({ ...part.status, factory: status }, defects?.stuckStatus);
    this.#sectorLocks = new Uint8Array(part.size / BLOCK);
    this.locks = new Uint8Array(part.size / BLOCK + 2 * (BLOCK / SECTOR) - 2).fill(1);
    this.readParameters = part.readParametersReset;
    this.resetConfiguration();
    this.operations = new Operations(options.timeline, {
      onDone: () => {
        this.writeEnabled = false;
      },
      onSuspend: (range) => this.cells.setIndeterminate(range),
    });
  }

  get now(): number {
    return this.options.timeline.now;
  }

  get quadEnabled(): boolean {
    const { quadEnable } = this.part.status;
    return quadEnable === undefined || this.status.has(quadEnable);
  }

  /** Bytes of the address of a command that does not fix them itself. */
  get addressBytes(): 3 | 4 {
    return this.configuration.fourByteAddresses ? 4 : 3;
  }

  /** Tells the user once what the chip does with a mistake of its driver. */
  warn(key: string, message: string): void {
    this.options.log.once(`flash.${key}`, `${this.part.name}: ${message}`);
  }

  /** Value of status register `index` as it is read. */
  statusValue(index: number): number {
    const layout = this.part.status;
    let value = this.status.current[index] ?? 0;
    if (index === 0) value |= (this.operations.busy ? 1 : 0) | (this.writeEnabled ? 2 : 0);
    const suspended = this.operations.suspended?.kind;
    const bit =
      suspended === undefined || isProgram(suspended) ? layout.programSuspended : layout.eraseSuspended;
    if (suspended !== undefined && bit?.[0] === index) value |= bit[1];
    return value;
  }

  /** The flag status register, on parts that have one. */
  get flagStatus(): number {
    const { operations, configuration } = this;
    const suspended = operations.suspended?.kind;
    let value = configuration.errors | (operations.busy ? 0 : FLAG.ready);
    if (suspended !== undefined) value |= isProgram(suspended) ? FLAG.programSuspended : FLAG.eraseSuspended;
    return value | (configuration.fourByteAddresses ? FLAG.fourByteAddresses : 0);
  }

  /** Begins an operation that makes the chip busy. */
  begin(
    kind: OperationKind,
    range: readonly [address: number, length: number],
    change: { readonly apply: () => void; readonly tear: () => void },
  ): void {
    const [address, length] = range;
    const durationNs = this.#durationNs(kind, address, length);
    this.operations.begin({ kind, address, length, durationNs, ...change });
    this.options.onOperation?.(kind, address, length);
  }

  /** True when every byte of [address, address + length) may be erased or programmed. */
  writable(address: number, length: number): boolean {
    for (let at = address - (address % BLOCK); at < address + length; at += BLOCK) {
      if ((this.sectorLock(at) & SECTOR_LOCK.LOCKED) !== 0) return false;
    }
    const select = this.part.status.individualLocks;
    if (select !== undefined && this.status.has(select)) {
      for (let at = address; at < address + length; at += SECTOR) {
        if (this.locks[this.lockIndex(at)] === 1) return false;
      }
      return true;
    }
    const [start, end] = this.part.protectedRange(this.status.current, this.part.size);
    return address >= end || address + length <= start;
  }

  /** The volatile lock bits of an address's 64 KiB, on parts that have them (Micron). */
  sectorLock(address: number): number {
    return this.#sectorLocks[Math.floor(address / BLOCK)] ?? 0;
  }

  /** @returns false: they are locked down */
  setSectorLock(address: number, bits: number): boolean {
    if ((this.sectorLock(address) & SECTOR_LOCK.DOWN) !== 0) return false;
    this.#sectorLocks[Math.floor(address / BLOCK)] = bits & (SECTOR_LOCK.LOCKED | SECTOR_LOCK.DOWN);
    return true;
  }

  /** Lockable unit of an address: 4 KiB in the first and last 64 KiB, else 64 KiB. */
  lockIndex(address: number): number {
    const block = Math.floor(address / BLOCK);
    const sectors = BLOCK / SECTOR;
    const last = this.part.size / BLOCK - 1;
    const sector = Math.floor((address % BLOCK) / SECTOR);
    if (block === 0) return sector;
    if (block === last) return sectors + last - 1 + sector;
    return sectors + block - 1;
  }

  /** Software reset and power-on: volatile state as after power-up. */
  resetVolatile(powerOn: boolean): void {
    this.writeEnabled = false;
    this.volatileEnabled = false;
    this.qpi = false;
    this.resetArmed = false;
    this.poweredDown = false;
    this.burstWrap = 0;
    this.readParameters = this.part.readParametersReset;
    this.locks.fill(1);
    this.#sectorLocks.fill(0);
    this.status.reload(powerOn);
    this.resetConfiguration();
  }

  /** The volatile configuration follows the nonvolatile one. */
  resetConfiguration(): void {
    this.configuration.reset(this.status.current);
    this.followConfiguration();
  }

  /** What a volatile register sets takes effect. */
  followConfiguration(): void {
    const { configuration } = this;
    this.readParameters = configuration.readParameters ?? this.readParameters;
    this.qpi = configuration.quadProtocol ?? this.qpi;
  }

  save(): SerialNorFlashState {
    const hex = Array.from(this.security.content, (byte) => byte.toString(16).padStart(2, "0"));
    return { part: this.part.name, status: Array.from(this.status.nonvolatile), security: hex.join("") };
  }

  /** @throws RangeError when the state is another part's or damaged. */
  load(state: SerialNorFlashState): void {
    if (state.part !== this.part.name) {
      throw new RangeError(`saved flash state: expected part ${this.part.name}, found ${state.part}`);
    }
    const { content } = this.security;
    if (!/^[0-9a-f]*$/.test(state.security) || state.security.length !== 2 * content.length) {
      throw new RangeError(`saved flash state: expected ${content.length} security bytes in hexadecimal`);
    }
    this.status.restore(state.status);
    this.resetConfiguration();
    for (let index = 0; index < content.length; index++) {
      content[index] = Number.parseInt(state.security.slice(2 * index, 2 * index + 2), 16);
    }
  }

  #durationNs(kind: OperationKind, address: number, length: number): number {
    const { defects, duration, speed } = this.options;
    if (defects?.neverEnds?.(kind, address) === true) return Number.POSITIVE_INFINITY;
    const time = this.#dataSheetTime(kind, address, length);
    return duration?.(kind, address, length) ?? (speed === "maximum" ? time.maximumNs : time.typicalNs);
  }

  #dataSheetTime(kind: OperationKind, address: number, length: number): Duration {
    const { times } = this.part;
    if (kind === "status") return (address > 0 ? times.configuration : undefined) ?? times.status;
    if (kind === "chip-erase") return times.chipErase;
    if (isProgram(kind)) return times.program;
    // Security registers are erased like a sector (data sheet, "Erase Security Registers": tSE).
    return times.erase.get(kind === "erase" ? length : SECTOR) ?? times.chipErase;
  }
}

export function isProgram(kind: OperationKind): boolean {
  return kind === "program" || kind === "security-program";
}

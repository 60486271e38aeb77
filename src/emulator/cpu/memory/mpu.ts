/**
 * Memory protection unit, PMSAv7 with 16 regions (DDI 0403E, B3.5) and the default memory map (B3.1).
 * Registers at 0xE000ED90; offsets here are relative to that.
 */

import type { AccessSize, BusDevice, EmulatorLog } from "../../bus.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import { hex } from "../exceptions/faults.js";

export const Permission = { read: 1, write: 2, execute: 4 } as const;

/** How the level 1 data cache treats a location. All but `none` are allocated by reads. */
export const Cacheability = { none: 0, writeThrough: 1, writeBack: 2, writeAllocate: 3 } as const;

export const MPU_REGIONS = 16;
const RNR = 0x08;
const RBAR = 0x0c;
const ALIAS_END = 0x2c;
const RBAR_VALID = 1 << 4;
const ALL = 7;
const PAGE = 4096;

interface Compiled {
  base: number;
  /** Bytes, up to 2 ** 32. */
  size: number;
  /** Of a subregion, or of the region where it has none. */
  grain: number;
  disabledSubregions: number;
  privileged: number;
  unprivileged: number;
  device: boolean;
  cacheability: number;
  shareable: boolean;
}

const { none, writeThrough, writeBack, writeAllocate } = Cacheability;
/** The inner policy of TEX 1BB, bits C and B (DDI 0403E, tables B3-13 and B3-14). */
const INNER = [none, writeAllocate, writeThrough, writeBack] as const;
/** The default memory map by address bits 31:29 (DDI 0403E, B3.1). */
const DEFAULT_CACHEABILITY = [writeThrough, writeAllocate, none, writeAllocate, writeThrough] as const;

/** Read and write rights for AP 0..7 as [privileged, unprivileged] (table B3-15); 4 is UNPREDICTABLE. */
const ACCESS: readonly (readonly [number, number])[] = [
  [0, 0],
  [3, 0],
  [3, 1],
  [3, 3],
  [0, 0],
  [1, 0],
  [1, 1],
  [1, 1],
];

export class Mpu implements BusDevice {
  /** Anything that a permission depends on changed. */
  onChange: () => void = () => {};
  readonly #log: EmulatorLog;
  readonly #rbar = new Uint32Array(MPU_REGIONS);
  readonly #rasr = new Uint32Array(MPU_REGIONS);
  readonly #regs: RegisterBlock<"TYPE" | "CTRL" | "RNR">;
  readonly #control: RegisterCell;
  /** Highest region number first, because that one wins. */
  #compiled: Compiled[] = [];
  /** Smallest distance at which permissions can change. */
  #grain = PAGE;
  /** Of pages in which they do. */
  readonly #mixedPages = new Map<number, number>();

  constructor(log: EmulatorLog) {
    this.#log = log;
    this.#regs = new RegisterBlock(
      {
        TYPE: { offset: 0, reset: MPU_REGIONS << 8, ro: 0xffffffff },
        CTRL: { offset: 4, reset: 0, rw: 7, onWrite: () => this.#compile() },
        RNR: { offset: RNR, reset: 0, rw: MPU_REGIONS - 1 },
      },
      { name: "MPU", log },
    );
    this.#control = this.#regs.cell("CTRL");
  }

  get enabled(): boolean {
    return (this.#control.value & 1) !== 0;
  }

  /** CTRL.HFNMIENA: stays on in HardFault, NMI and with FAULTMASK. */
  get enabledAtNegativePriority(): boolean {
    return (this.#control.value & 2) !== 0;
  }

  reset(): void {
    this.#regs.reset();
    this.#rbar.fill(0);
    this.#rasr.fill(0);
    this.#compile();
  }

  read(offset: number, size: AccessSize): number {
    if (offset < RBAR) return this.#regs.read(offset, size);
    const number = this.#regs.get("RNR");
    const lane = (offset & 3) * 8;
    const mask = size === 4 ? 0xffffffff : 2 ** (size * 8) - 1;
    const value = isRbar(offset) ? (this.#rbar[number] as number) | number : (this.#rasr[number] as number);
    return ((value >>> lane) & mask) >>> 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset < RBAR) {
      this.#regs.write(offset, size, value);
      return;
    }
    const half = size === 2 && !isRbar(offset);
    if ((size !== 4 && !half) || offset >= ALIAS_END) {
      this.#log.once(`mpu.${offset}.${size}`, `MPU+${hex(offset, 2)}: ${size}-byte write is ignored`);
      return;
    }
    if (isRbar(offset)) {
      if ((value & RBAR_VALID) !== 0) this.#regs.set("RNR", value & 15);
      this.#rbar[this.#regs.get("RNR")] = value & ~31;
    } else this.#writeRasr(offset, half, value);
    this.#compile();
  }

  /** By words, or by halves: attributes above, size and enable below (PM0253, MPU_RASR). */
  #writeRasr(offset: number, half: boolean, value: number): void {
    const number = this.#regs.get("RNR");
    const lane = (offset & 2) * 8;
    const others = half ? (this.#rasr[number] as number) & ~(0xffff << lane) : 0;
    this.#rasr[number] = (others | (half ? value << lane : value)) & 0x173fff3f;
  }

  /** Rights of one access to `address`: `Permission` bits. */
  permission(address: number, privileged: boolean, mpuOn: boolean): number {
    const at = address >>> 0;
    if (!mpuOn || at >>> 20 === 0xe00) return defaultPermission(at);
    const region = this.#find(at);
    if (region !== undefined) {
      const rights = privileged ? region.privileged : region.unprivileged;
      return at >= 0xe0000000 ? rights & ~Permission.execute : rights;
    }
    return privileged && (this.#control.value & 4) !== 0 ? defaultPermission(at) : 0;
  }

  /** Rights that hold everywhere in a 4 KiB page. */
  pagePermission(page: number, privileged: boolean, mpuOn: boolean): number {
    const base = page * PAGE;
    if (!mpuOn || this.#isUniform(base)) return this.permission(base, privileged, mpuOn);
    const key = page * 2 + (privileged ? 1 : 0);
    const known = this.#mixedPages.get(key);
    if (known !== undefined) return known;
    let rights = this.permission(base, privileged, true);
    for (let at = this.#grain; at < PAGE; at += this.#grain)
      rights &= this.permission(base + at, privileged, true);
    this.#mixedPages.set(key, rights);
    return rights;
  }

  /** No region, and no subregion, begins or ends within the page at `base`. */
  #isUniform(base: number): boolean {
    return this.#compiled.every(
      (region) => region.grain >= PAGE || base + PAGE <= region.base || base >= region.base + region.size,
    );
  }

  /**
   * How an access to `address` is cached. Shareable memory is not (DDI 0489, 5.9), unless CACR.SIWT makes it
   * write-through; what lies at the AHB peripheral interface and on the private peripheral bus never is.
   */
  cacheability(address: number, mpuOn: boolean, sharedIsWriteThrough = false): number {
    const at = address >>> 0;
    const byDefault = DEFAULT_CACHEABILITY[at >>> 29] ?? none;
    if (at >>> 29 === 2 || at >>> 29 === 7) return none;
    const region = mpuOn ? this.#find(at) : undefined;
    if (region === undefined) return byDefault;
    if (!region.shareable || region.cacheability === none) return region.cacheability;
    return sharedIsWriteThrough ? writeThrough : none;
  }

  /** Device or strongly-ordered memory, where every access must be aligned. */
  isDevice(address: number, mpuOn: boolean): boolean {
    const at = address >>> 0;
    const region = mpuOn ? this.#find(at) : undefined;
    return region?.device ?? ((at >= 0x40000000 && at < 0x60000000) || at >= 0xa0000000);
  }

  /** Is any of a page (address / 4096) Device or strongly-ordered memory? */
  pageHasDevice(page: number, mpuOn: boolean): boolean {
    const base = page * PAGE;
    if (!mpuOn || this.#isUniform(base)) return this.isDevice(base, mpuOn);
    for (let at = 0; at < PAGE; at += this.#grain) if (this.isDevice(base + at, true)) return true;
    return false;
  }

  #find(at: number): Compiled | undefined {
    for (const region of this.#compiled) {
      const offset = at - region.base;
      if (offset < 0 || offset >= region.size) continue;
      const subregion = region.size < 256 ? 0 : Math.floor(offset / (region.size / 8));
      if (((region.disabledSubregions >>> subregion) & 1) === 0) return region;
    }
    return undefined;
  }

  #compile(): void {
    this.#compiled = [];
    this.#mixedPages.clear();
    this.#grain = PAGE;
    for (let number = MPU_REGIONS - 1; number >= 0; number--) {
      const rasr = this.#rasr[number] as number;
      if ((rasr & 1) === 0) continue;
      const region = this.#compileRegion(number, rasr);
      this.#grain = Math.min(this.#grain, region.grain);
      this.#compiled.push(region);
    }
    this.onChange();
  }

  #compileRegion(number: number, rasr: number): Compiled {
    const field = (rasr >>> 1) & 31;
    const size = 2 ** (field + 1);
    const ap = (rasr >>> 24) & 7;
    const rbar = this.#rbar[number] as number;
    if (ap === 4 || field < 4 || rbar % size !== 0) {
      this.#log.once(
        `mpu.${number}.${rasr}.${rbar}`,
        `MPU region ${number}: RBAR ${hex(rbar)} RASR ${hex(rasr)} is UNPREDICTABLE ` +
          "(AP 4, SIZE below 32 bytes, or a base that is not a multiple of the size)",
      );
    }
    const [privileged, unprivileged] = ACCESS[ap] as readonly [number, number];
    const executable = (rasr & (1 << 28)) === 0;
    const execute = (rights: number) => rights | (executable && (rights & 1) !== 0 ? Permission.execute : 0);
    const tex = (rasr >>> 19) & 7;
    const cacheable = (rasr >>> 17) & 1;
    const bufferable = (rasr >>> 16) & 1;
    return {
      base: rbar - (rbar % size),
      size,
      grain: size < 256 ? size : size / 8,
      disabledSubregions: size < 256 ? 0 : (rasr >>> 8) & 0xff,
      privileged: execute(privileged),
      unprivileged: execute(unprivileged),
      cacheability: innerPolicy(tex, (cacheable << 1) | bufferable),
      shareable: (rasr & (1 << 18)) !== 0,
      device: (tex === 0 && cacheable === 0) || (tex === 2 && cacheable === 0 && bufferable === 0),
    };
  }
}

/** @param cb RASR.C and RASR.B */
function innerPolicy(tex: number, cb: number): number {
  if (tex >= 4) return INNER[cb as 0 | 1 | 2 | 3];
  if (tex === 1) return cb === 3 ? writeAllocate : none;
  if (tex !== 0) return none;
  return cb === 2 ? writeThrough : cb === 3 ? writeBack : none;
}

function isRbar(offset: number): boolean {
  return ((offset - RBAR) & 7) < 4;
}

/** Default memory map: everything readable and writable; peripherals, external devices and system are XN (B3.1). */
function defaultPermission(at: number): number {
  const executable = at < 0x40000000 || (at >= 0x60000000 && at < 0xa0000000);
  return executable ? ALL : ALL & ~Permission.execute;
}

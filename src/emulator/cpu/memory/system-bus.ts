/**
 * The address space: which device or memory answers where.
 *
 * Memories may lend their bytes (`MemoryDevice`); the bus keeps word views of what is lent, and `refreshLent` notices when
 * a loan ends or changes, for example when QUADSPI leaves memory-mapped mode.
 */

import { type AccessSize, type BusDevice, BusFault, type MemoryDevice } from "../../bus.js";
import { GuestMemory } from "../../guest-memory.js";
import { hex } from "../exceptions/faults.js";

/** Bytes of a memory with views for each access size. */
export interface Bank {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
}

export interface Region {
  readonly name: string;
  /** First address, unsigned. */
  readonly base: number;
  /** Bytes. */
  readonly size: number;
  readonly device: BusDevice;
  /** A write to it may change what some memory lends. */
  readonly remaps: boolean;
  readable: Bank | undefined;
  writable: Bank | undefined;
  /** Accesses that went to the device itself. */
  touched: number;
}

/** Told when what the core predecoded or cached about memory no longer holds. */
export interface CodeListener {
  /** Bytes may have changed. */
  codeChanged(address: number, length: number): void;
  /** The bytes behind a whole region were taken away, replaced or lent. */
  regionChanged(region: Region): void;
}

interface Mapped {
  readonly region: Region;
  readonly memory: MemoryDevice;
}

/** Enough for small machines; boards say how much they need. */
const DEFAULT_BYTES = 1 << 20;
/** Peripherals are 1 KiB apart. */
const RECENT_SHIFT = 10;
const RECENT_SLOTS = 256;

export class SystemBus {
  /** Where memories that are to be fast take their bytes from. */
  readonly memory: GuestMemory;

  readonly #sorted: Region[] = [];
  readonly #memories: Mapped[] = [];
  /** Those of them that are not steady. */
  readonly #unsteady: Mapped[] = [];
  readonly #listeners: CodeListener[] = [];
  /** Regions found lately, by address bits: code that feeds one peripheral from another looks up both in turn. */
  readonly #recent: (Region | undefined)[] = new Array<undefined>(RECENT_SLOTS).fill(undefined);

  constructor(memory: GuestMemory = new GuestMemory(DEFAULT_BYTES)) {
    this.memory = memory;
  }

  get regions(): readonly Region[] {
    return this.#sorted;
  }

  /**
   * Puts a device at `base`. Regions must not overlap; `base` is a multiple of 4.
   * The same device may be mapped more than once (aliases).
   * @param remaps a write to it may change what some memory lends: a clock gate, a flash controller
   */
  map(
    base: number,
    size: number,
    device: BusDevice | MemoryDevice,
    name: string,
    remaps = "readable" in device,
  ): Region {
    const clash = this.#sorted.find((r) => base < r.base + r.size && r.base < base + size);
    if (clash !== undefined)
      throw new RangeError(`${name} at ${hex(base)} overlaps ${clash.name} at ${hex(clash.base)}`);
    const region: Region = {
      name,
      base,
      size,
      device,
      remaps,
      readable: undefined,
      writable: undefined,
      touched: 0,
    };
    const next = this.#sorted.findIndex((other) => other.base > base);
    this.#sorted.splice(next < 0 ? this.#sorted.length : next, 0, region);
    if ("readable" in device) this.#mapMemory({ region, memory: device });
    return region;
  }

  #mapMemory(mapped: Mapped): void {
    this.#memories.push(mapped);
    if (mapped.memory.steady !== true) this.#unsteady.push(mapped);
    this.#refresh([mapped]);
  }

  addListener(listener: CodeListener): void {
    this.#listeners.push(listener);
  }

  /** The region that holds `address` (signed or unsigned). */
  find(address: number): Region | undefined {
    const at = address >>> 0;
    const slot = (at >>> RECENT_SHIFT) & (RECENT_SLOTS - 1);
    const recent = this.#recent[slot];
    if (recent !== undefined && at >= recent.base && at - recent.base < recent.size) return recent;
    let low = 0;
    let high = this.#sorted.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const region = this.#sorted[middle] as Region;
      if (at < region.base) high = middle - 1;
      else if (at - region.base >= region.size) low = middle + 1;
      else {
        this.#recent[slot] = region;
        return region;
      }
    }
    return undefined;
  }

  /**
   * Unsigned little-endian read; `address` is a multiple of `size`.
   * @throws BusFault where nothing is mapped, or where the device answers with an error.
   */
  read(address: number, size: AccessSize): number {
    const region = this.find(address);
    if (region === undefined) throw unmapped("read", address, size);
    const offset = (address >>> 0) - region.base;
    const bank = region.readable;
    if (bank !== undefined && offset + size <= bank.bytes.length) {
      if (size === 4) return (bank.words[offset >>> 2] as number) >>> 0;
      return (size === 2 ? bank.halves[offset >>> 1] : bank.bytes[offset]) as number;
    }
    return this.readDevice(region, address, size);
  }

  /** An instruction fetch. @throws BusFault as for `read` */
  fetch(address: number, size: AccessSize): number {
    const region = this.find(address);
    if (region?.device.fetch === undefined || region.readable !== undefined) return this.read(address, size);
    region.touched++;
    return region.device.fetch((address >>> 0) - region.base, size) >>> 0;
  }

  /** The same where the device of `region`, which holds the address, lends nothing. */
  readDevice(region: Region, address: number, size: AccessSize): number {
    region.touched++;
    return region.device.read((address >>> 0) - region.base, size) >>> 0;
  }

  /**
   * Little-endian write; `address` is a multiple of `size`.
   * @throws BusFault as for `read`.
   */
  write(address: number, size: AccessSize, value: number): void {
    const region = this.find(address);
    if (region === undefined) throw unmapped("write", address, size);
    const offset = (address >>> 0) - region.base;
    const bank = region.writable;
    if (bank !== undefined && offset + size <= bank.bytes.length) {
      if (size === 4) bank.words[offset >>> 2] = value;
      else if (size === 2) bank.halves[offset >>> 1] = value;
      else bank.bytes[offset] = value;
      this.codeChanged(address, size);
      return;
    }
    this.writeDevice(region, address, size, value);
  }

  /** The same where the device of `region`, which holds the address, lends nothing. */
  writeDevice(region: Region, address: number, size: AccessSize, value: number): void {
    const raw = size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff);
    region.touched++;
    region.device.write((address >>> 0) - region.base, size, raw);
    if (region.remaps) this.refreshLent();
  }

  /** A debugger's look: a copy of `length` bytes, or undefined where that is not plain memory. Has no side effect. */
  peek(address: number, length: number): Uint8Array | undefined {
    const region = this.find(address);
    const offset = (address >>> 0) - (region?.base ?? 0);
    const bytes = region?.readable?.bytes;
    if (bytes === undefined || offset + length > bytes.length) return undefined;
    return bytes.slice(offset, offset + length);
  }

  /** A debugger's write into plain writable memory; false (and nothing written) elsewhere. */
  poke(address: number, data: Uint8Array): boolean {
    const region = this.find(address);
    const offset = (address >>> 0) - (region?.base ?? 0);
    const bytes = region?.writable?.bytes;
    if (bytes === undefined || offset + data.length > bytes.length) return false;
    bytes.set(data, offset);
    this.codeChanged(address, data.length);
    return true;
  }

  /** To be called by whoever changes lent bytes past the bus: predecoded instructions there are dropped. */
  codeChanged(address: number, length: number): void {
    for (const listener of this.#listeners) listener.codeChanged(address, length);
  }

  /** Asks every memory whether it still lends the same bytes. Done after writes to devices that `remaps`, and by resets. */
  refreshLent(): void {
    this.#refresh(this.#memories);
  }

  /** The same for those that are not steady: done at each `run()`. */
  refreshUnsteady(): void {
    this.#refresh(this.#unsteady);
  }

  #refresh(memories: readonly Mapped[]): void {
    for (const { region, memory } of memories) {
      const { readable, writable } = memory;
      if (readable === region.readable?.bytes && writable === region.writable?.bytes) continue;
      region.readable = bankOf(readable);
      region.writable = bankOf(writable);
      for (const listener of this.#listeners) listener.regionChanged(region);
    }
  }
}

function bankOf(bytes: Uint8Array | undefined): Bank | undefined {
  if (bytes === undefined) return undefined;
  if (bytes.byteOffset % 4 !== 0 || bytes.length % 4 !== 0)
    throw new RangeError("lent bytes must start and end on a word boundary of their buffer");
  return {
    bytes,
    halves: new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 1),
    words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2),
  };
}

function unmapped(verb: string, address: number, size: number): BusFault {
  return new BusFault(`${size}-byte ${verb} at ${hex(address)}: nothing answers there`, address >>> 0);
}

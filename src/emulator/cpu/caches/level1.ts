/**
 * The level 1 memory system: instruction and data cache between the core and the bus (DDI 0489, 5.9 "L1 caches").
 *
 * Strict: lines have a life of their own, as on the chip. What DMA or a flash chip changes behind them stays unseen until
 * software invalidates, what the core wrote is not in memory until it is cleaned, and both are told when it matters.
 * Not strict: lines only cost time; their bytes follow the memory.
 *
 * An instruction that is decoded and lies in cacheable memory has its line in the instruction cache: when the line goes,
 * the instruction is decoded anew. So nothing has to be looked up to execute.
 */

import { type AccessSize, BusFault, type EmulatorLog } from "../../bus.js";
import { hex } from "../exceptions/faults.js";
import { Cacheability } from "../memory/mpu.js";
import type { CodeListener, Region, SystemBus } from "../memory/system-bus.js";
import { Cache, LINE_BYTES, type Victim } from "./cache.js";

/** Told of each transaction on the core's buses. */
export interface BusTraffic {
  read(address: number, bytes: number): void;
  write(address: number, bytes: number): void;
}

export interface Level1Options {
  readonly bus: SystemBus;
  readonly log: EmulatorLog;
  /** A missing clean or invalidate shows. */
  readonly strict: boolean;
  /** How an address is cached under the MPU's set-up of this moment. */
  readonly cacheability: (address: number) => number;
  /** Is it in ITCM or DTCM? They are never cached. */
  readonly isTcm: (address: number) => boolean;
  readonly traffic?: BusTraffic | undefined;
  /** A write-back was answered with a bus error. */
  readonly onImpreciseFault: (address: number, error: BusFault) => void;
  /** A line of the instruction cache went: what was decoded from it no longer holds. */
  readonly onLineGone: (address: number) => void;
  /** All of what was decoded no longer holds. */
  readonly onCodeGone: () => void;
}

const SIZE = 16 * 1024;
const BLOCK_BYTES = 8;
/** No block's address. */
const NO_BLOCK = 1;

export class Level1 implements CodeListener {
  readonly data = new Cache(SIZE, 4);
  readonly instructions = new Cache(SIZE, 2);
  readonly strict: boolean;
  dataOn = false;
  instructionsOn = false;
  /** CACR.FORCEWT: write-back memory is treated as write-through. */
  forceWriteThrough = false;

  readonly #options: Level1Options;
  readonly #bus: SystemBus;
  readonly #buffer = new Uint8Array(LINE_BYTES);
  readonly #words = new Int32Array(this.#buffer.buffer);
  /** The 8 bytes that were fetched last past the instruction cache; their bytes when they are not lent. */
  #block = NO_BLOCK;
  #blockLent = false;
  readonly #blockWords = new Int32Array(BLOCK_BYTES / 4);
  readonly #blockHalves = new Uint16Array(this.#blockWords.buffer);
  /** The core itself writes to the bus, and what the data cache holds is right. */
  #ownWrite = false;

  constructor(options: Level1Options) {
    this.#options = options;
    this.#bus = options.bus;
    this.strict = options.strict;
    options.bus.addListener(this);
  }

  powerOn(): void {
    this.data.powerOn();
    this.instructions.powerOn();
  }

  /** CCR.DC and CCR.IC. */
  enable(data: boolean, instructions: boolean): void {
    if (data && !this.dataOn) this.#warnUnknown(this.data, "D-cache");
    if (instructions && !this.instructionsOn) this.#warnUnknown(this.instructions, "I-cache");
    this.dataOn = data;
    if (instructions === this.instructionsOn) return;
    this.instructionsOn = instructions;
    this.#options.onCodeGone();
  }

  #warnUnknown(cache: Cache, name: string): void {
    if (!cache.unknown) return;
    this.#options.log.once(
      `level1.${name}.unknown`,
      `guest mistake: the ${name} is enabled, but was not invalidated since power-on: on silicon it holds anything`,
    );
  }

  /** May the core reach the address past `read` and `write`? */
  direct(address: number): boolean {
    return this.#options.isTcm(address);
  }

  /** Unsigned. @throws BusFault, BusStall */
  read(address: number, size: AccessSize): number {
    const kind = this.#dataKind(address);
    if (kind === Cacheability.none) return this.#readBus(address, size);
    const cache = this.data;
    let index = cache.find(address);
    if (index < 0) index = this.#fill(cache, address);
    if (index < 0) return this.#readBus(address, size);
    if (cache.isStale(index)) this.#staleRead(address, size, index);
    return cache.read(index, address, size);
  }

  /** @throws BusFault, BusStall */
  write(address: number, size: AccessSize, value: number): void {
    const kind = this.#dataKind(address);
    if (kind === Cacheability.none) {
      this.#writeBus(address, size, value, false);
      return;
    }
    const cache = this.data;
    let index = cache.find(address);
    if (index < 0 && kind === Cacheability.writeAllocate) index = this.#fill(cache, address);
    if (index >= 0) cache.write(index, address, size, value);
    const back = kind !== Cacheability.writeThrough && index >= 0;
    if (back) cache.setDirty(index, true);
    if (!back || !this.strict) this.#writeBus(address, size, value, true, !back);
  }

  /** An instruction's halfword. @throws BusFault, BusStall */
  fetch(address: number): number {
    if (!this.fetchIsCached(address)) return this.#fetchUncached(address);
    const cache = this.instructions;
    let index = cache.find(address);
    if (index < 0) {
      this.#warnUnclean(address & ~(LINE_BYTES - 1), LINE_BYTES);
      index = this.#fill(cache, address);
    }
    if (index < 0) return this.#bus.fetch(address, 2);
    if (cache.isStale(index)) this.#staleFetch(address, index);
    return cache.read(index, address, 2);
  }

  fetchIsCached(address: number): boolean {
    if (!this.instructionsOn || this.#options.isTcm(address)) return false;
    return this.#options.cacheability(address) !== Cacheability.none;
  }

  /** Is every fetch from there a transaction on the bus? */
  fetchesEachTime(address: number): boolean {
    return !this.#options.isTcm(address) && !this.fetchIsCached(address);
  }

  /** Past the instruction cache, 8 bytes are fetched at a time. @throws BusFault, BusStall */
  fetchBlock(address: number): void {
    const block = address & ~(BLOCK_BYTES - 1);
    if (block === this.#block) return;
    this.#blockLent = this.#bus.find(block)?.readable !== undefined;
    if (!this.#blockLent) {
      for (let at = 0; at < BLOCK_BYTES; at += 4) this.#blockWords[at >> 2] = this.#bus.fetch(block + at, 4);
    }
    this.#options.traffic?.read(block, BLOCK_BYTES);
    this.#block = block;
  }

  #fetchUncached(address: number): number {
    this.#warnUnclean(address, 2);
    if (this.#options.traffic === undefined) return this.#bus.fetch(address, 2);
    this.fetchBlock(address);
    if (this.#blockLent) return this.#bus.read(address, 2);
    return this.#blockHalves[(address & (BLOCK_BYTES - 1)) >> 1] as number;
  }

  // --- maintenance (DDI 0403E, B2.2.7; registers: cache-maintenance.ts) ---------------------------------------

  /** Clean: what is newer than memory goes there. Invalidate: the line is gone. */
  maintainData(index: number, clean: boolean, invalidate: boolean): void {
    if (index < 0) return;
    const line = this.data.victim(index);
    if (clean && line !== undefined) this.#writeBack(line);
    if (invalidate) this.data.invalidate(index);
  }

  invalidateInstructions(address: number | undefined): void {
    if (address === undefined) {
      this.instructions.invalidateAll();
      this.#options.onCodeGone();
      return;
    }
    const index = this.instructions.find(address);
    if (index < 0) return;
    this.instructions.invalidate(index);
    this.#options.onLineGone(address);
  }

  // --- others on the bus -----------------------------------------------------------------------------------

  codeChanged(address: number, length: number): void {
    if (!this.#blockLent) this.#block = NO_BLOCK;
    const first = (address >>> 0) & ~(LINE_BYTES - 1);
    const end = (address >>> 0) + length;
    for (let line = first >>> 0; line < end; line += LINE_BYTES) {
      if (!this.#ownWrite) this.#changedBehind(this.data, line);
      this.#changedBehind(this.instructions, line);
    }
  }

  regionChanged(region: Region): void {
    this.#block = NO_BLOCK;
    if (this.strict) return;
    for (const cache of [this.data, this.instructions]) {
      for (const { address, index } of cache.valid()) {
        const offset = (address >>> 0) - region.base;
        if (offset >= 0 && offset < region.size) cache.invalidate(index);
      }
    }
  }

  /** A bus master other than the core reads: does it see what the core wrote? */
  readByOther(address: number, size: number, who: string): void {
    const index = this.strict ? this.data.find(address) : -1;
    if (index < 0 || !this.data.isDirty(index) || !this.#differs(this.data, index, address, size)) return;
    this.#options.log.once(
      `level1.unclean.${who}.${address >>> 10}`,
      `guest mistake: ${who} reads ${hex(address)} from memory, but what the core wrote there is still in the D-cache: ` +
        "clean it first (DCCMVAC)",
    );
  }

  /** A debugger's accesses see the data cache, as through the chip's AHB-AP. Undefined: the memory has it. */
  peek(address: number, size: AccessSize): number | undefined {
    const index = this.dataOn && this.strict ? this.data.find(address) : -1;
    return index < 0 ? undefined : this.data.read(index, address, size);
  }

  poke(address: number, size: AccessSize, value: number): void {
    const index = this.dataOn && this.strict ? this.data.find(address) : -1;
    if (index >= 0) this.data.write(index, address, size, value);
  }

  #changedBehind(cache: Cache, address: number): void {
    const index = cache.find(address);
    if (index < 0) return;
    if (this.strict) {
      cache.markStale(index);
      return;
    }
    const bytes = this.#bus.peek(address, LINE_BYTES);
    if (bytes === undefined) cache.invalidate(index);
    else cache.bytes.set(bytes, index * LINE_BYTES);
  }

  // --- bus ---------------------------------------------------------------------------------------------------

  #dataKind(address: number): number {
    if (!this.dataOn || this.#options.isTcm(address)) return Cacheability.none;
    const kind = this.#options.cacheability(address);
    return this.forceWriteThrough && kind !== Cacheability.none ? Cacheability.writeThrough : kind;
  }

  #readBus(address: number, size: number): number {
    const value = this.#bus.read(address, size as AccessSize);
    this.#options.traffic?.read(address, size);
    return value;
  }

  #writeBus(address: number, size: AccessSize, value: number, dataRight: boolean, alone = true): void {
    this.#ownWrite = dataRight;
    try {
      this.#bus.write(address, size, value);
    } finally {
      this.#ownWrite = false;
    }
    if (alone) this.#options.traffic?.write(address, size);
  }

  /** Index of the new line, or -1 when a bus error spoilt it: errors do not update the cache. */
  #fill(cache: Cache, address: number): number {
    const line = address & ~(LINE_BYTES - 1);
    const fetch = cache === this.instructions;
    try {
      for (let at = 0; at < LINE_BYTES; at += 4) {
        this.#words[at >> 2] = fetch ? this.#bus.fetch(line + at, 4) : this.#bus.read(line + at, 4);
      }
    } catch (error) {
      if (error instanceof BusFault) return -1;
      throw error;
    }
    this.#options.traffic?.read(line, LINE_BYTES);
    const index = cache.place(address);
    const victim = cache.victim(index);
    if (victim !== undefined) this.#evict(cache, victim);
    cache.fill(index, address, this.#buffer);
    return index;
  }

  #evict(cache: Cache, victim: Victim): void {
    if (cache === this.instructions) {
      cache.invalidate(victim.index);
      this.#options.onLineGone(victim.address);
    } else {
      // The fill's bytes wait in the buffer: a write-back uses none.
      this.#writeBack(victim);
    }
  }

  #writeBack({ address, dirty, index }: Victim): void {
    if (!dirty) return;
    this.data.setDirty(index, false);
    this.#options.traffic?.write(address, LINE_BYTES);
    if (!this.strict) return;
    if (this.data.isStale(index) && this.#differs(this.data, index, address, LINE_BYTES)) {
      this.#options.log.once(
        `level1.overwrite.${address >>> 10}`,
        `guest mistake: a D-cache line at ${hex(address)} is written back over what DMA wrote behind it: ` +
          "invalidate before the transfer, and let no other data share its 32-byte lines",
      );
    }
    const line = this.data.line(index);
    const view = new DataView(line.buffer, line.byteOffset, LINE_BYTES);
    this.#ownWrite = true;
    try {
      for (let at = 0; at < LINE_BYTES; at += 4) this.#bus.write(address + at, 4, view.getUint32(at, true));
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#options.onImpreciseFault(address, error);
    } finally {
      this.#ownWrite = false;
    }
  }

  // --- what is told ------------------------------------------------------------------------------------------

  /** Are the line's `size` bytes from `address` on other than the memory's? */
  #differs(cache: Cache, index: number, address: number, size: number): boolean {
    const memory = this.#bus.peek(address, size);
    const first = address & (LINE_BYTES - 1);
    const held = cache.line(index).subarray(first, first + size);
    return memory === undefined || held.some((byte, at) => byte !== memory[at]);
  }

  #staleRead(address: number, size: AccessSize, index: number): void {
    if (!this.#differs(this.data, index, address, size)) return;
    this.#options.log.once(
      `level1.stale.${address >>> 10}`,
      `guest mistake: ${hex(address)} is read from a D-cache line that is older than the memory behind it (DMA or a ` +
        "flash chip changed it): invalidate it first (DCIMVAC)",
    );
  }

  #staleFetch(address: number, index: number): void {
    if (!this.#differs(this.instructions, index, address, 2)) return;
    this.#options.log.once(
      `level1.code.${address >>> 10}`,
      `guest mistake: ${hex(address)} is executed from an I-cache line that is older than the memory behind it: ` +
        "invalidate it first (ICIMVAU or ICIALLU)",
    );
  }

  #warnUnclean(address: number, bytes: number): void {
    if (this.dataOn) this.readByOther(address, bytes, "an instruction fetch");
  }
}

/**
 * The core's loads, stores and instruction fetches: permission checks, alignment rules, bus errors, and a
 * direct path to lent memory (see view.ts). Addresses and values are signed 32-bit integers.
 */

import { type AccessSize, BusFault, BusStall } from "../../bus.js";
import { LINE_BYTES } from "../caches/cache.js";
import type { Level1 } from "../caches/level1.js";
import type { Execute } from "../decode/insn.js";
import { CFSR, CoreFault, Exception, usageFault } from "../exceptions/faults.js";
import type { Records } from "../interpret/records.js";
import type { DevicePlaces } from "./device-places.js";
import { type Mpu, Permission } from "./mpu.js";
import type { CodeListener, Region, SystemBus } from "./system-bus.js";
import { AccessView, PAGE_SHIFT } from "./view.js";

/** Private peripheral bus: 1 MiB at 0xE0000000. */
const PPB_MEGABYTE = 0xe00;
const ITM_PAGE = 0xe0000;
const PAGE_HALVES = 1 << (PAGE_SHIFT - 1);
const STIR = 0xe000ef00 | 0;

/** Watchpoints on data. */
export interface DataWatch {
  /** Must accesses to this page (address / 4096) be shown? */
  covers(page: number): boolean;
  access(address: number, size: number, write: boolean, value: number): void;
}

export class MemoryPort implements CodeListener {
  /** Local monitor of LDREX/STREX. */
  exclusive = false;
  /** The access belongs to exception entry or return: no bus error is imprecise (STKERR) or ignored. */
  stacking = false;
  /** CCR.USERSETMPEND: unprivileged code may store to STIR. */
  userMayTrigger = false;
  /** A store was answered with a bus error; the write buffer reports it later, without the address. */
  onImpreciseFault: (address: number, error: BusFault) => void = () => {};
  /** Takes a precise bus error of data; true when the code that runs ignores it (CCR.BFHFNMIGN). */
  ignoresBusFault: (address: number) => boolean = () => false;
  /** Code in these halfwords (addresses / 2) changed, or must be decoded anew. */
  onForget: (firstHalf: number, lastHalf: number) => void = () => {};
  /** All code that was decoded under these permissions must be decoded anew. */
  onForgetView: (view: AccessView) => void = () => {};
  /** May unaligned accesses to memory that is reached directly fault? */
  onUnalignedFaults: (may: boolean) => void = () => {};
  /** Board time: tells the stores of one instruction from those of the next. */
  now: () => number = () => 0;

  readonly #bus: SystemBus;
  /** Caches before the bus; undefined: as if there were none. */
  readonly #level1: Level1 | undefined;
  #watch: DataWatch | undefined;
  readonly #mpu: Mpu;
  readonly #views: readonly [AccessView, AccessView, AccessView];
  /** Pages that hold decoded instructions: stores there take the slow path. */
  readonly #codePages = new Uint8Array(1 << 20);
  #view: AccessView;
  #reads: Int32Array;
  #writes: Int32Array;
  /** All of `GuestMemory`. */
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;
  #trapUnaligned = false;
  /** Memory of type Device is, or was, reached directly. */
  #device = false;
  #privileged = true;
  #mpuOn = false;
  /** Stores past the bus's lent bytes: how many the instruction that began at `#storesAt` did, and how many it repeats. */
  #stores = 0;
  #storesAt = 0;
  #repeats = 0;

  constructor(bus: SystemBus, mpu: Mpu, decode: Execute, level1?: Level1, records?: Records) {
    this.#bus = bus;
    this.#level1 = level1;
    this.#mpu = mpu;
    const { memory } = bus;
    this.#words = memory.words;
    this.#halves = memory.halves;
    this.#bytes = memory.bytes;
    this.#views = [
      new AccessView(decode, memory, records),
      new AccessView(decode, memory, records),
      new AccessView(decode, memory, records),
    ];
    this.#view = this.#views[0];
    this.#reads = this.#view.reads;
    this.#writes = this.#view.writes;
    bus.addListener(this);
  }

  /** CCR.UNALIGN_TRP */
  set trapUnaligned(traps: boolean) {
    this.#trapUnaligned = traps;
    this.onUnalignedFaults(traps || this.#device);
  }

  /** MPU off; MPU on and privileged; MPU on and unprivileged. */
  get views(): readonly AccessView[] {
    return this.#views;
  }

  get view(): AccessView {
    return this.#view;
  }

  /** The MPU decides now. */
  get mpuOn(): boolean {
    return this.#mpuOn;
  }

  /** Selects the permissions of what runs next. True when the view changed: instructions must be looked up again. */
  select(privileged: boolean, mpuOn: boolean): boolean {
    const before = this.#view;
    this.#privileged = privileged;
    this.#mpuOn = mpuOn;
    this.#view = this.#views[mpuOn ? (privileged ? 1 : 2) : 0];
    this.#reads = this.#view.reads;
    this.#writes = this.#view.writes;
    if (this.#view.stale) this.#validate();
    return this.#view !== before;
  }

  /** Code that may still be executed stays decoded. */
  #validate(): void {
    const view = this.#view;
    view.stale = false;
    for (const page of view.codePages) {
      if (!this.#isExecutable(page)) {
        view.undecodePage(page);
        this.onForget(page * PAGE_HALVES, (page + 1) * PAGE_HALVES - 1);
      } else if (view.entersNextPage(page) && !this.#isExecutable(page + 1)) {
        const last = (page + 1) * PAGE_HALVES - 1;
        view.undecodeHalves(last, last);
        this.onForget(last, last);
      }
    }
  }

  /** All of a page. */
  #isExecutable(page: number): boolean {
    return (this.#mpu.pagePermission(page, this.#privileged, this.#mpuOn) & Permission.execute) !== 0;
  }

  /** Shows accesses to a watch from now on; undefined when nothing is watched. To be called after each change. */
  watchData(watch: DataWatch | undefined): void {
    this.#watch = watch;
    for (const view of this.#views) {
      view.forgetAccess();
      // Translated code may have what it reads as constants.
      this.onForgetView(view);
    }
  }

  /** Decodes everything anew: breakpoints by rule changed. */
  forgetCode(): void {
    for (const view of this.#views) this.#flush(view);
  }

  /** Is any data watched? */
  get isWatched(): boolean {
    return this.#watch !== undefined;
  }

  #flush(view: AccessView): void {
    view.flush();
    this.onForgetView(view);
  }

  /** A line of the instruction cache went: its instructions, and one that begins a halfword before it. */
  lineGone(address: number): void {
    const first = (address >>> 1) & ~(LINE_BYTES / 2 - 1);
    for (const view of this.#views) view.undecodeHalves(Math.max(0, first - 1), first + LINE_BYTES / 2 - 1);
  }

  /** MPU regions changed. What is decoded is looked at when a view is selected the next time, before anything executes. */
  flushProtected(): void {
    for (const view of [this.#views[1], this.#views[2]]) {
      view.forgetAccess();
      view.stale = true;
    }
  }

  /** The instruction waits (`BusStall`) between two of its stores: what it stored must not be stored again. */
  get repeating(): boolean {
    return this.#repeats !== 0;
  }

  /** The instruction under way will not be repeated. */
  forgetStall(): void {
    this.#repeats = 0;
  }

  codeChanged(address: number, length: number): void {
    if (length <= 0) return;
    const start = address >>> 0;
    const first = start >>> PAGE_SHIFT;
    const last = (start + length - 1) >>> PAGE_SHIFT;
    if (!this.#holdsCode(first, last)) return;
    this.onForget(Math.max(0, (start >>> 1) - 1), (start + length - 1) >>> 1);
    for (const view of this.#views) {
      // An instruction may begin one halfword before what changed.
      if (last - first < 2) view.undecodeHalves(Math.max(0, (start >>> 1) - 1), (start + length - 1) >>> 1);
      else for (const page of codeWithin(view, first, last)) view.undecodePage(page);
    }
  }

  /** May a store there, unaligned perhaps, change instructions that were decoded? */
  mayHoldCode(address: number): boolean {
    return (
      this.#codePages[address >>> PAGE_SHIFT] !== 0 ||
      this.#codePages[((address + 3) | 0) >>> PAGE_SHIFT] !== 0
    );
  }

  /** Does the page (address / 4096) hold code that executes now? Whatever changes in it is told to `onForget`. */
  isCode(page: number): boolean {
    return this.#codePages[page] !== 0 && this.#view.hasCode(page);
  }

  #holdsCode(first: number, last: number): boolean {
    if (last - first < 2) return this.#codePages[first] !== 0 || this.#codePages[last] !== 0;
    return this.#views.some((view) => codeWithin(view, first, last).length > 0);
  }

  regionChanged(region: Region): void {
    for (const view of this.#views) view.forgetAccess();
    this.codeChanged(region.base, region.size);
  }

  load32(address: number): number {
    const distance = this.#reads[address >>> PAGE_SHIFT] as number;
    if (distance !== 0 && (address & 3) === 0) return this.#words[(address + distance + 1) >>> 2] as number;
    return this.loadAnywhere(address, 4) | 0;
  }

  load16(address: number): number {
    const distance = this.#reads[address >>> PAGE_SHIFT] as number;
    if (distance !== 0 && (address & 1) === 0) return this.#halves[(address + distance + 1) >>> 1] as number;
    return this.loadAnywhere(address, 2);
  }

  load8(address: number): number {
    const distance = this.#reads[address >>> PAGE_SHIFT] as number;
    if (distance !== 0) return this.#bytes[(address + distance + 1) >>> 0] as number;
    return this.loadAnywhere(address, 1);
  }

  store32(address: number, value: number): void {
    const distance = this.#writes[address >>> PAGE_SHIFT] as number;
    if (distance !== 0 && (address & 3) === 0) this.#words[(address + distance + 1) >>> 2] = value;
    else this.storeAnywhere(address, 4, value);
  }

  store16(address: number, value: number): void {
    const distance = this.#writes[address >>> PAGE_SHIFT] as number;
    if (distance !== 0 && (address & 1) === 0) this.#halves[(address + distance + 1) >>> 1] = value;
    else this.storeAnywhere(address, 2, value);
  }

  store8(address: number, value: number): void {
    const distance = this.#writes[address >>> PAGE_SHIFT] as number;
    if (distance !== 0) this.#bytes[(address + distance + 1) >>> 0] = value;
    else this.storeAnywhere(address, 1, value);
  }

  /** LDM, LDRD, LDREX, VLDR and the like fault when unaligned, whatever CCR.UNALIGN_TRP says (A3.2.1). */
  requireAligned(address: number, mask: number): void {
    if ((address & mask) !== 0) throw usageFault(CFSR.UNALIGNED);
  }

  /** Runs an access with the rights of unprivileged code (LDRT, STRT). */
  unprivileged<T>(access: () => T): T {
    return this.withRights(false, this.#mpuOn, access);
  }

  /** Reads from the vector table: privileged, by the default memory map, past the MPU (AccType_VECTABLE, B3.5.3). */
  loadVector(address: number): number {
    if (this.#privileged && !this.#mpuOn) return this.load32(address);
    return this.withRights(true, false, () => this.load32(address));
  }

  /** Runs an access of somebody else than the code that executes. */
  withRights<T>(privileged: boolean, mpuOn: boolean, access: () => T): T {
    const [before, on] = [this.#privileged, this.#mpuOn];
    this.select(privileged, mpuOn);
    try {
      return access();
    } finally {
      this.select(before, on);
    }
  }

  /** Instruction fetch of one halfword. */
  fetch16(address: number): number {
    if ((this.#permission(address) & Permission.execute) === 0)
      throw new CoreFault(Exception.memManage, CFSR.IACCVIOL);
    this.#forbidWrites(address >>> PAGE_SHIFT);
    try {
      return this.#level1 === undefined ? this.#bus.fetch(address, 2) : this.#level1.fetch(address);
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      throw new CoreFault(Exception.busFault, CFSR.IBUSERR);
    }
  }

  #forbidWrites(page: number): void {
    if (this.#codePages[page] !== 0) return;
    this.#codePages[page] = 1;
    for (const view of this.#views) view.writes[page] = 0;
  }

  #permission(address: number): number {
    return this.#mpu.permission(address, this.#privileged, this.#mpuOn);
  }

  /** The same of what is not reached directly, and of what is. Unsigned. */
  loadAnywhere(address: number, size: AccessSize): number {
    if ((address & (size - 1)) !== 0) return this.#loadUnaligned(address, size);
    const device = this.#isPrivate(address) ? undefined : this.#view.readDevices.find(address);
    if (device === undefined) {
      this.#check(address, Permission.read);
      if (this.#isPrivate(address)) {
        this.#preciseFault(address);
        return 0;
      }
      this.#learnRead(address);
    }
    try {
      const value =
        device === undefined
          ? (this.#level1 ?? this.#bus).read(address, size)
          : this.#bus.readDevice(device, address, size);
      this.#watch?.access(address, size, false, value);
      return value;
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#preciseFault(address);
      return 0;
    }
  }

  #preciseFault(address: number): void {
    if (this.stacking || !this.ignoresBusFault(address))
      throw new CoreFault(Exception.busFault, CFSR.PRECISERR, address);
  }

  storeAnywhere(address: number, size: AccessSize, value: number): void {
    if ((address & (size - 1)) !== 0) {
      this.#storeUnaligned(address, size, value);
      return;
    }
    const device = this.#isPrivate(address) ? undefined : this.#view.writeDevices.find(address);
    if (device === undefined) {
      this.#check(address, Permission.write);
      if (this.#isPrivate(address) && !(this.userMayTrigger && address === STIR)) {
        this.#preciseFault(address);
        return;
      }
      this.#learnWrite(address);
    }
    if (this.#isRepeated()) return;
    try {
      if (device === undefined) (this.#level1 ?? this.#bus).write(address, size, value);
      else this.#bus.writeDevice(device, address, size, value);
      this.#watch?.access(address, size, true, value);
    } catch (error) {
      if (error instanceof BusStall) this.#interrupted();
      if (!(error instanceof BusFault)) throw error;
      if (this.stacking) throw new CoreFault(Exception.busFault, CFSR.STKERR);
      this.onImpreciseFault(address, error);
    }
  }

  #check(address: number, wanted: number): void {
    if ((this.#permission(address) & wanted) === 0)
      throw new CoreFault(Exception.memManage, CFSR.DACCVIOL, address);
  }

  /** Unprivileged code cannot reach the private peripheral bus (B3.1), but for the ITM, which looks itself (C1.7). */
  #isPrivate(address: number): boolean {
    return !this.#privileged && address >>> 20 === PPB_MEGABYTE && address >>> PAGE_SHIFT !== ITM_PAGE;
  }

  #isRepeated(): boolean {
    if (this.#repeats > 0) {
      this.#repeats--;
      this.#storesAt = this.now();
      this.#stores++;
      return true;
    }
    const now = this.now();
    if (now !== this.#storesAt) this.#stores = 0;
    this.#storesAt = now;
    this.#stores++;
    return false;
  }

  /** The last store has to wait. */
  #interrupted(): void {
    this.#repeats = this.#stores - 1;
    this.#stores = 0;
  }

  #loadUnaligned(address: number, size: AccessSize): number {
    this.#checkUnaligned(address);
    let value = 0;
    // In this order, so that the first byte that must not be read is the one that MMFAR or BFAR shows (MemU_unaligned()).
    for (let i = 0; i < size; i++) value |= this.load8((address + i) | 0) << (i * 8);
    return value;
  }

  #storeUnaligned(address: number, size: AccessSize, value: number): void {
    this.#checkUnaligned(address);
    for (let i = 0; i < size; i++) this.#check((address + i) | 0, Permission.write);
    for (let i = 0; i < size; i++) this.store8((address + i) | 0, (value >>> (i * 8)) & 0xff);
  }

  #checkUnaligned(address: number): void {
    if (this.#trapUnaligned || this.#mpu.isDevice(address, this.#mpuOn)) throw usageFault(CFSR.UNALIGNED);
  }

  #learnRead(address: number): void {
    const page = address >>> PAGE_SHIFT;
    if (this.#watch?.covers(page) === true || this.#level1?.direct(address) === false) return;
    const region = this.#bus.find(address);
    if (region === undefined || !this.#isUniform(page, Permission.read)) return;
    if (region.readable === undefined) this.#learnDevice(this.#view.readDevices, region, address);
    const distance = this.#distance(address, region, region.readable?.bytes);
    if (distance !== 0) this.#view.allowRead(page, distance);
  }

  #isUniform(page: number, wanted: number): boolean {
    return (this.#mpu.pagePermission(page, this.#privileged, this.#mpuOn) & wanted) !== 0;
  }

  /** Caches see each access. */
  #learnDevice(places: DevicePlaces, region: Region, address: number): void {
    if (this.#level1 === undefined) places.add(region, address);
  }

  #learnWrite(address: number): void {
    const page = address >>> PAGE_SHIFT;
    if (this.#codePages[page] !== 0 || this.#watch?.covers(page) === true) return;
    if (this.#level1?.direct(address) === false) return;
    const region = this.#bus.find(address);
    if (region === undefined || !this.#isUniform(page, Permission.write)) return;
    if (region.writable === undefined) this.#learnDevice(this.#view.writeDevices, region, address);
    const distance = this.#distance(address, region, region.writable?.bytes);
    if (distance !== 0) this.#view.allowWrite(page, distance);
  }

  /** From addresses of this page to places in `GuestMemory`, less 1 (see view.ts); 0 when not all of the page lies there. */
  #distance(address: number, region: Region, bytes: Uint8Array | undefined): number {
    if (bytes === undefined || !this.#bus.memory.holds(bytes)) return 0;
    if (!wholePage(region, bytes.length, address)) return 0;
    if (!this.#device && this.#mpu.pageHasDevice(address >>> PAGE_SHIFT, this.#mpuOn)) {
      this.#device = true;
      this.onUnalignedFaults(true);
    }
    return (bytes.byteOffset - region.base - 1) | 0;
  }
}

/** Pages of code that lie in others or reach into them: there are few, whatever the size of a region. */
function codeWithin(view: AccessView, first: number, last: number): number[] {
  return view.codePages.filter((page) => page >= first - 1 && page <= last);
}

function wholePage(region: Region, length: number, address: number): boolean {
  const start = ((address >>> PAGE_SHIFT) << PAGE_SHIFT) >>> 0;
  return start >= region.base && start + (1 << PAGE_SHIFT) <= region.base + length;
}

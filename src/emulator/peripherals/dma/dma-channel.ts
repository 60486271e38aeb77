/** What streams of DMA1/DMA2 and channels of BDMA share: moving items, packing, circular and double buffer mode. */

import { type AccessSize, BusFault } from "../../bus.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";

/** The bus as a DMA controller sees it. */
export interface DmaBus {
  read(address: number, size: AccessSize): number;
  write(address: number, size: AccessSize, value: number): void;
}

export interface ChannelSetup {
  readonly direction: "toMemory" | "toPeripheral" | "memoryToMemory";
  readonly peripheral: number;
  /** Memory 0, and memory 1 of double buffer mode. */
  readonly memories: readonly [number, number];
  /** Items of the peripheral's size. */
  readonly count: number;
  readonly peripheralSize: AccessSize;
  readonly memorySize: AccessSize;
  /** Bytes that the address moves with each item. */
  readonly peripheralStep: number;
  readonly memoryStep: number;
  readonly circular: boolean;
  readonly doubleBuffer: boolean;
  readonly target: 0 | 1;
  /** Items for one request. */
  readonly burst: number;
  /** undefined: no FIFO. Items of different sizes are cut or filled up with zeros (BDMA). */
  readonly fifo: FifoSetup | undefined;
}

/** Between peripheral and memory; items of different sizes are packed and split there. */
export interface FifoSetup {
  /** Bytes that are loaded ahead for the peripheral: one item in direct mode. */
  readonly capacity: number;
  /** Bytes at which it is emptied into memory, or at most left when it is loaded again. */
  readonly threshold: number;
}

export interface ChannelHost {
  readonly bus: DmaBus;
  readonly timeline: Timeline;
  /** Is the request that the channel listens to raised? */
  readonly asserted: () => boolean;
  readonly taken: () => void;
  /** Nanoseconds for one item. */
  readonly itemNs: () => number;
  readonly clocked: () => boolean;
  /** Why the controller cannot reach an address, undefined when it can. */
  readonly unreachable: (address: number) => string | undefined;
  readonly onHalf: () => void;
  /** A block is through; `target` is the memory that comes next. */
  readonly onComplete: (target: 0 | 1) => void;
  readonly onEnd: () => void;
  readonly onError: (message: string) => void;
}

/** Items that a memory-to-memory transfer moves before it looks at the time again. */
const CHUNK = 64;

export class DmaChannel {
  readonly #host: ChannelHost;
  #setup: ChannelSetup | undefined;
  #left = 0;
  #target: 0 | 1 = 0;
  #peripheral = 0;
  #memory = 0;
  /** Bytes read and not yet written, lowest first. */
  #fifo: number[] = [];
  /** Towards a peripheral: bytes of this round that were not loaded yet, and the memory that they come from. */
  #ahead = 0;
  #source: 0 | 1 = 0;
  #next: TimelineEvent | undefined;

  constructor(host: ChannelHost) {
    this.#host = host;
  }

  /** Items still to be moved (NDTR). */
  get left(): number {
    return this.#left;
  }

  /** Bytes in the FIFO. */
  get level(): number {
    return this.#fifo.length;
  }

  get active(): boolean {
    return this.#setup !== undefined;
  }

  start(setup: ChannelSetup): void {
    this.#setup = setup;
    this.#left = setup.count;
    this.#target = setup.target;
    this.#peripheral = setup.peripheral;
    this.#memory = setup.memories[setup.target];
    this.#fifo = [];
    if (setup.count === 0) return;
    const why =
      this.#host.unreachable(setup.peripheral) ?? this.#host.unreachable(setup.memories[setup.target]);
    if (why !== undefined) {
      this.#fail(why);
      return;
    }
    this.#ahead = setup.count * setup.peripheralSize;
    this.#source = setup.target;
    if (this.#attempt(() => this.#load(setup))) this.requested();
  }

  /** @returns false when a bus error ended the transfer */
  #attempt(move: () => void): boolean {
    try {
      move();
      return true;
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#fail(error.message);
      return false;
    }
  }

  /** The other memory's address may be changed while it runs. */
  setMemories(memories: readonly [number, number]): void {
    if (this.#setup !== undefined) this.#setup = { ...this.#setup, memories };
  }

  stop(): void {
    this.#host.timeline.cancel(this.#next);
    this.#next = undefined;
    if (this.#setup?.direction === "toMemory") this.#drain(true);
    this.#setup = undefined;
  }

  /** The request may be raised. */
  requested(): void {
    const setup = this.#setup;
    if (setup === undefined || this.#next !== undefined || this.#left === 0) return;
    const free = setup.direction === "memoryToMemory";
    if (!free && !this.#host.asserted()) return;
    const items = Math.min(this.#left, free ? CHUNK : setup.burst);
    const itemNs = this.#host.itemNs();
    // No clock: the request waits.
    if (itemNs === Number.POSITIVE_INFINITY) return;
    this.#next = this.#host.timeline.after(items * itemNs, () => this.#serve(items));
  }

  #serve(items: number): void {
    this.#next = undefined;
    const setup = this.#setup;
    if (setup === undefined || !this.#host.clocked()) return;
    const free = setup.direction === "memoryToMemory";
    if (!free && !this.#host.asserted()) return;
    if (!free) this.#host.taken();
    const served = this.#attempt(() => {
      for (let i = 0; i < items && this.#setup === setup; i++) this.#item(setup);
      this.#load(setup);
    });
    if (served) this.requested();
  }

  #item(setup: ChannelSetup): void {
    const { bus } = this.#host;
    const { fifo } = setup;
    if (fifo === undefined) {
      this.#plain(setup);
    } else if (setup.direction === "toPeripheral") {
      if (this.#fifo.length < setup.peripheralSize) this.#load(setup);
      bus.write(this.#peripheral, setup.peripheralSize, this.#take(setup.peripheralSize));
    } else {
      this.#put(bus.read(this.#peripheral, setup.peripheralSize), setup.peripheralSize);
      if (this.#fifo.length >= fifo.threshold) this.#drain(false);
    }
    this.#peripheral = (this.#peripheral + setup.peripheralStep) >>> 0;
    this.#left--;
    if (this.#left === setup.count >>> 1) this.#host.onHalf();
    if (this.#left === 0) this.#blockDone(setup);
  }

  /** One item from one side to the other, whatever their sizes. */
  #plain({ direction, peripheralSize, memorySize, memoryStep }: ChannelSetup): void {
    const { bus } = this.#host;
    if (direction === "toPeripheral") {
      bus.write(this.#peripheral, peripheralSize, cut(bus.read(this.#memory, memorySize), peripheralSize));
    } else {
      bus.write(this.#memory, memorySize, cut(bus.read(this.#peripheral, peripheralSize), memorySize));
    }
    this.#memory = (this.#memory + memoryStep) >>> 0;
  }

  #blockDone(setup: ChannelSetup): void {
    this.#drain(true);
    if (!setup.circular && !setup.doubleBuffer) {
      this.#setup = undefined;
      this.#host.onComplete(this.#target);
      this.#host.onEnd();
      return;
    }
    if (setup.doubleBuffer) this.#target = this.#target === 0 ? 1 : 0;
    this.#left = setup.count;
    this.#peripheral = setup.peripheral;
    // What goes to a peripheral was loaded ahead, and may be in the next round already.
    if (setup.fifo === undefined || setup.direction !== "toPeripheral")
      this.#memory = setup.memories[this.#target];
    this.#host.onComplete(this.#target);
  }

  #put(value: number, size: AccessSize): void {
    for (let i = 0; i < size; i++) this.#fifo.push((value >>> (i * 8)) & 0xff);
  }

  #take(size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= (this.#fifo.shift() ?? 0) << (i * 8);
    return value >>> 0;
  }

  /** Loads ahead what goes to a peripheral, once little enough is left. */
  #load(setup: ChannelSetup): void {
    const { fifo, memorySize } = setup;
    if (fifo === undefined || setup.direction !== "toPeripheral" || this.#setup !== setup) return;
    if (this.#fifo.length > fifo.threshold) return;
    while (this.#ahead > 0 && this.#fifo.length + memorySize <= fifo.capacity) {
      const value = this.#host.bus.read(this.#memory, memorySize);
      const wanted = Math.min(memorySize, this.#ahead);
      for (let i = 0; i < wanted; i++) this.#fifo.push((value >>> (i * 8)) & 0xff);
      this.#memory = (this.#memory + setup.memoryStep) >>> 0;
      this.#ahead -= wanted;
      if (this.#ahead === 0) this.#loadNextRound(setup);
    }
  }

  #loadNextRound(setup: ChannelSetup): void {
    if (!setup.circular && !setup.doubleBuffer) return;
    if (setup.doubleBuffer) this.#source = this.#source === 0 ? 1 : 0;
    this.#memory = setup.memories[this.#source];
    this.#ahead = setup.count * setup.peripheralSize;
  }

  /** @param all the last bytes too, though they do not fill an item */
  #drain(all: boolean): void {
    const setup = this.#setup;
    if (setup === undefined || setup.direction === "toPeripheral") return;
    while (this.#fifo.length >= setup.memorySize || (all && this.#fifo.length > 0)) {
      const whole = this.#fifo.length >= setup.memorySize;
      const size = whole ? setup.memorySize : 1;
      this.#host.bus.write(this.#memory, size, this.#take(size));
      this.#memory = (this.#memory + (whole ? setup.memoryStep : Math.sign(setup.memoryStep))) >>> 0;
    }
  }

  #fail(why: string): void {
    this.#setup = undefined;
    this.#host.onError(why);
    this.#host.onEnd();
  }
}

function cut(value: number, size: AccessSize): number {
  return size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);
}

/** What the emulator's parts know of each other: memory, interrupts, log. Only `board/` knows addresses. */

export type AccessSize = 1 | 2 | 4;

/**
 * Something that answers on the bus. Offsets are relative to the device's base and aligned to `size`; values
 * are unsigned and little-endian (bit 0 = lowest byte's bit 0).
 * @throws BusFault where the real device answers with a bus error.
 */
export interface BusDevice {
  read(offset: number, size: AccessSize): number;
  /** An instruction fetch, where that differs from a read. */
  fetch?(offset: number, size: AccessSize): number;
  write(offset: number, size: AccessSize, value: number): void;
}

/** A device that behaves as plain bytes may lend them; the bus then skips `read`/`write` where it may. */
export interface MemoryDevice extends BusDevice {
  /** Bytes that reads may use directly, or undefined while they must go through `read`. */
  readonly readable: Uint8Array | undefined;
  /** Bytes that writes may change directly, or undefined while they must go through `write`. */
  readonly writable: Uint8Array | undefined;
  /** What it lends changes with writes to devices that remap (`SystemBus.map`) and with resets only. Default false. */
  readonly steady?: boolean;
}

/** A bus error answer (AHB/AXI ERROR response). The CPU turns it into a BusFault exception. */
export class BusFault extends Error {
  override readonly name = "BusFault";
  readonly offset: number;
  constructor(what: string, offset: number) {
    super(`bus error: ${what}`);
    this.offset = offset;
  }
}

/**
 * Not an error: the device inserts wait states, and its master must repeat the access from `untilNs` on. Only thrown
 * while `Timeline.retries`, so that events (a power cut, a watchdog) fall into the wait and not behind it.
 */
export class BusStall {
  /** Board time in nanoseconds. */
  readonly untilNs: number;
  constructor(untilNs: number) {
    this.untilNs = untilNs;
  }
}

/** A level-sensitive interrupt request line into the NVIC. */
export interface InterruptLine {
  set(asserted: boolean): void;
}

/** Receives what a user should know: guest mistakes, accesses to what is not modelled, power events. */
export interface EmulatorLog {
  /** Reported once for each distinct `key`; later calls with the same key are counted only. */
  once(key: string, message: string): void;
  /** Reported each time. */
  note(message: string): void;
}

/** Is the peripheral's bus clock enabled? Supplied by the RCC for each peripheral. */
export type ClockGate = () => boolean;

/** One indirect transfer: bytes between the 32-byte FIFO and the pins, clocked in board time. */

import { FIFO_BYTES } from "./quadspi-registers.js";
import type { CommandFormat, Lines, QuadSpiWire } from "./quadspi-wire.js";

/** Board time is a sum of fractions: an event may run this much before the instant it was computed for. */
const ROUNDING_NS = 1e-3;

/** Room at which a read goes on that the full FIFO has stopped (RM0433: once four bytes are vacant). */
const RESTART_BYTES = 4;

/** The controller's FIFO: bytes in order. */
export class ByteFifo {
  readonly bytes = new Uint8Array(FIFO_BYTES);
  #head = 0;
  level = 0;

  clear(): void {
    this.#head = 0;
    this.level = 0;
  }

  push(byte: number): void {
    this.bytes[this.end] = byte;
    this.level++;
  }

  /** Next byte; 0 when there is none. */
  shift(): number {
    if (this.level === 0) return 0;
    const byte = this.bytes[this.#head] ?? 0;
    this.#head = (this.#head + 1) % FIFO_BYTES;
    this.level--;
    return byte;
  }

  /** The next `count` (1 to 4) bytes as an unsigned number, the first one lowest. */
  take(count: number): number {
    let value = 0;
    for (let shift = 0; shift < count * 8; shift += 8) value |= this.shift() << shift;
    return value >>> 0;
  }

  /** Index in `bytes` behind the last one. */
  get end(): number {
    return (this.#head + this.level) % FIFO_BYTES;
  }
}

export interface TransferPlan {
  readonly direction: "read" | "write";
  readonly format: CommandFormat;
  /** Data bytes; Infinity goes on until an abort. */
  readonly length: number;
  /** Board time (ns) at which the data phase begins. */
  readonly dataAt: number;
}

export class IndirectTransfer {
  readonly direction: "read" | "write";
  readonly #wire: QuadSpiWire;
  readonly #fifo: ByteFifo;
  readonly #lines: Lines | undefined;
  readonly #byteNs: number;
  /** Bytes that still have to pass the pins. */
  remaining: number;
  /** When the next byte has passed them, if the FIFO does not stop the clock. */
  #nextByteAt: number;
  #stopped = false;

  constructor(wire: QuadSpiWire, fifo: ByteFifo, plan: TransferPlan) {
    this.#wire = wire;
    this.#fifo = fifo;
    this.direction = plan.direction;
    this.#lines = plan.format.dataLines;
    this.#byteNs = wire.byteNs(plan.format);
    this.remaining = plan.length;
    this.#nextByteAt = plan.dataAt + this.#byteNs;
  }

  /** Bytes that the FIFO lets pass now. */
  #possible(): number {
    if (this.direction === "write") return Math.min(this.#fifo.level, this.remaining);
    const room = FIFO_BYTES - this.#fifo.level;
    return this.#stopped && room < RESTART_BYTES ? 0 : Math.min(room, this.remaining);
  }

  /** Moves what has been clocked up to `instant`. */
  advance(instant: number): void {
    const now = instant + ROUNDING_NS;
    const possible = this.#possible();
    if (possible === 0) {
      this.#stopped = true;
      return;
    }
    // The clock stood still while the FIFO was full (reading) or empty (writing).
    if (this.#stopped) this.#nextByteAt = Math.max(this.#nextByteAt, now + this.#byteNs);
    this.#stopped = false;
    if (this.#nextByteAt > now) return;
    const clocked = Math.floor((now - this.#nextByteAt) / this.#byteNs) + 1;
    const count = Math.min(possible, clocked);
    this.#move(count);
    this.remaining -= count;
    this.#nextByteAt += count * this.#byteNs;
    if (count === possible && this.remaining > 0) this.#stopped = true;
  }

  /** Board time (ns) at which `count` more bytes (>= 1) will have passed; undefined when the FIFO stops it before. */
  timeOf(count: number): number | undefined {
    return count <= this.#possible() && !this.#stopped
      ? this.#nextByteAt + (count - 1) * this.#byteNs
      : undefined;
  }

  #move(count: number): void {
    const lines = this.#lines ?? 1;
    if (this.direction === "read") {
      this.#fill(count, lines);
      return;
    }
    for (let left = count; left > 0; left--) this.#wire.writeByte(this.#fifo.shift(), lines);
  }

  /** Bytes from the pins, in up to two runs: the FIFO is a ring. */
  #fill(count: number, lines: Lines): void {
    const { bytes, end } = this.#fifo;
    const first = Math.min(count, FIFO_BYTES - end);
    this.#wire.readInto(bytes, end, first, lines);
    if (count > first) this.#wire.readInto(bytes, 0, count - first, lines);
    this.#fifo.level += count;
  }
}

/**
 * QUADSPI: the memory-mapped window (RM0433, "QUADSPI memory-mapped mode").
 *
 * Reads go over the pins until two bursts in a row have proved that the configured command makes the chip put out
 * its array from the right address; from then on the array itself is lent.
 */

import { type AccessSize, BusFault, type EmulatorLog, type MemoryDevice } from "../../bus.js";
import { FIFO_BYTES } from "./quadspi-registers.js";
import type { CommandFormat, QuadSpiChip, QuadSpiWire } from "./quadspi-wire.js";

/** ES0392: reads of the last bytes of the device, as FSIZE tells it, can hang the bus. */
const LAST_BYTES = 32;

export interface WindowPort {
  readonly wire: QuadSpiWire;
  readonly log: EmulatorLog;
  /** The read command while memory-mapped mode is on, else undefined. */
  readonly format: () => CommandFormat | undefined;
  /** Bytes of the device as FSIZE tells it. */
  readonly deviceBytes: () => number;
  /** Bytes may be lent (no timeout counter watches the accesses). */
  readonly mayLend: () => boolean;
  /** An access begins: BUSY. Returns whether the instruction is to be sent, and that it was. */
  readonly takeInstruction: () => boolean;
  /** Board time, nanoseconds. */
  readonly now: () => number;
  /** The bus waits until board time `ns`. */
  readonly waitUntil: (ns: number) => void;
  /** /CS must have been high this long between two bursts, nanoseconds. */
  readonly gapNs: () => number;
  /** Bytes begin or cease to be lent. */
  readonly onChange: () => void;
}

export class QuadSpiWindow implements MemoryDevice {
  readonly writable = undefined;
  readonly #port: WindowPort;
  readonly #buffer = new Uint8Array(4);
  #next: number | undefined;
  /** Board time at which the byte at `#next` begins to be clocked: the controller reads ahead until its FIFO is full. */
  #nextAt = 0;
  #proofs = 0;
  #lentBy: QuadSpiChip | undefined;
  #lent: Uint8Array | undefined;

  constructor(port: WindowPort) {
    this.#port = port;
  }

  get readable(): Uint8Array | undefined {
    const chip = this.#lentBy;
    if (chip === undefined) return undefined;
    return chip.directlyReadable && this.#port.wire.chip === chip ? this.#lent : undefined;
  }

  /** Memory-mapped mode begins or ends, or its burst was closed by someone else. */
  close(): void {
    this.#next = undefined;
    this.#proofs = 0;
    const lent = this.#lentBy !== undefined;
    this.#lentBy = undefined;
    this.#lent = undefined;
    if (lent) this.#port.onChange();
  }

  /** /CS rises after a timeout; the mode stays on. */
  release(): void {
    this.#port.wire.end();
    this.#next = undefined;
  }

  read(offset: number, size: AccessSize): number {
    const { log, format, deviceBytes, wire, now, waitUntil } = this.#port;
    const command = format();
    if (command === undefined) {
      log.once(
        "QUADSPI.off",
        "QUADSPI: read of its window while memory-mapped mode is off: the bus hangs on silicon",
      );
      throw new BusFault("QUADSPI window read while memory-mapped mode is off", offset);
    }
    const bytes = deviceBytes();
    if (offset + size > bytes) {
      throw new BusFault(
        `QUADSPI window read at +0x${offset.toString(16)} beyond the device (DCR.FSIZE)`,
        offset,
      );
    }
    if (offset >= bytes - LAST_BYTES) {
      log.once(
        "QUADSPI.last",
        "QUADSPI: mapped read of the last 32 bytes of the device: can hang the bus on silicon (ES0392): make FSIZE one larger",
      );
    }
    const lines = command.dataLines ?? 1;
    if (this.#next !== offset || this.#proofs < 2 || !wire.connected) this.#burst(command, offset);
    wire.readInto(this.#buffer, 0, size, lines);
    const byteNs = wire.byteNs(command);
    this.#nextAt = Math.max(this.#nextAt, now() - FIFO_BYTES * byteNs) + size * byteNs;
    waitUntil(this.#nextAt);
    this.#next = offset + size;
    let value = 0;
    for (let index = size - 1; index >= 0; index--) value = value * 256 + (this.#buffer[index] ?? 0);
    return value;
  }

  write(offset: number): never {
    throw new BusFault("QUADSPI window is read-only", offset);
  }

  #burst(command: CommandFormat, offset: number): void {
    const { wire, takeInstruction, now, gapNs } = this.#port;
    const withInstruction = takeInstruction();
    // Two chips give bytes in pairs: the first one of a pair may be unwanted.
    const unwanted = wire.dual ? offset & 1 : 0;
    const start = offset - unwanted;
    this.#nextAt =
      now() + gapNs() + wire.prefixNs(command, withInstruction) + unwanted * wire.byteNs(command);
    wire.begin(command, start, withInstruction);
    const good = command.dataLines !== undefined && wire.streamsFrom(start, command.dataLines);
    wire.readInto(this.#buffer, 0, unwanted, command.dataLines ?? 1);
    this.#proofs = good ? this.#proofs + 1 : 0;
    if (!good && !(command.dataLines !== undefined && wire.streamsFromWrapped(start, command.dataLines))) {
      this.#port.log.once(
        "QUADSPI.garbage",
        "QUADSPI: the mapped read command does not make the chip put out its content: reads give garbage",
      );
    }
    if (this.#proofs >= 2 && this.#lentBy === undefined && this.#port.mayLend()) this.#lend();
  }

  #lend(): void {
    const chip = this.#port.wire.chip;
    const limit = this.#port.deviceBytes() - LAST_BYTES;
    if (chip?.directlyReadable !== true || limit <= 0) return;
    const lent = chip.lend(limit);
    if (lent.length === 0) return;
    this.#lentBy = chip;
    this.#lent = lent;
    this.#port.onChange();
  }
}

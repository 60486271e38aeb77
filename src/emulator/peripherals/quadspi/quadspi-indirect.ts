/** QUADSPI's indirect modes: one command with its bytes through the FIFO, in board time (RM0433, "QUADSPI indirect mode"). */

import type { EmulatorLog } from "../../bus.js";
import { CR, FIFO_BYTES, MODE } from "./quadspi-registers.js";
import type { QuadSpiSetup } from "./quadspi-setup.js";
import { ByteFifo, IndirectTransfer } from "./quadspi-transfer.js";
import type { CommandFormat, QuadSpiWire } from "./quadspi-wire.js";

export interface IndirectPort {
  readonly setup: QuadSpiSetup;
  readonly wire: QuadSpiWire;
  readonly log: EmulatorLog;
  readonly now: () => number;
  /** The bus waits until that board time. */
  readonly stall: (untilNs: number | undefined) => void;
  /** `QuadSpi` looks again at that board time. */
  readonly schedule: (at: number) => void;
  /** Does a channel of MDMA wait for the threshold? */
  readonly awaited: () => boolean;
  /** The last byte has passed the pins. */
  readonly onComplete: () => void;
}

export class IndirectMode {
  readonly #port: IndirectPort;
  readonly #fifo = new ByteFifo();
  #transfer: IndirectTransfer | undefined;

  constructor(port: IndirectPort) {
    this.#port = port;
  }

  /** Bytes in the FIFO. */
  get level(): number {
    return this.#fifo.level;
  }

  /** A command is under way. */
  get running(): boolean {
    return this.#transfer !== undefined;
  }

  /** Its last byte was clocked. */
  get ended(): boolean {
    return this.#transfer?.remaining === 0;
  }

  get thresholdReached(): boolean {
    const { threshold, mode, enabled, format } = this.#port.setup;
    const { level } = this.#fifo;
    if (mode === MODE.WRITE)
      return enabled && format.dataLines !== undefined && FIFO_BYTES - level >= threshold;
    return level >= threshold || (this.#transfer === undefined && level > 0);
  }

  clear(): void {
    this.#fifo.clear();
  }

  stop(): void {
    this.#transfer = undefined;
    this.#fifo.clear();
  }

  begin(format: CommandFormat, length: number, startsAt: number, withInstruction: boolean): void {
    const { wire, setup, schedule } = this.#port;
    this.#fifo.clear();
    wire.begin(format, setup.address, withInstruction);
    const dataAt = startsAt + wire.prefixNs(format, withInstruction);
    const direction = setup.mode === MODE.READ ? "read" : "write";
    this.#transfer = new IndirectTransfer(wire, this.#fifo, { direction, format, length, dataAt });
    if (length === 0) schedule(dataAt);
    else this.sync();
  }

  /** Brings the transfer up to now and arranges for its end. */
  sync(): void {
    const transfer = this.advance();
    if (transfer === undefined) return;
    const at = this.#thresholdAt(transfer) ?? transfer.timeOf(transfer.remaining);
    if (at !== undefined) this.#port.schedule(at);
  }

  /** @returns the transfer if bytes of it are still to come. */
  advance(): IndirectTransfer | undefined {
    const transfer = this.#transfer;
    if (transfer === undefined || transfer.remaining === 0) return undefined;
    transfer.advance(this.#port.now());
    if (transfer.remaining > 0) return transfer;
    this.finish();
    return undefined;
  }

  finish(): void {
    this.#transfer = undefined;
    this.#port.onComplete();
  }

  /** A read of DR. */
  take(bytes: number): number {
    const { stall, log } = this.#port;
    const transfer = this.#transfer;
    if (transfer?.direction === "read" && this.#fifo.level < bytes) {
      const missing = Math.min(bytes - this.#fifo.level, transfer.remaining);
      stall(transfer.timeOf(missing));
      this.sync();
    } else if (this.#fifo.level === 0) {
      // A word read for the last one to three bytes of a transfer is usual: they are its lowest ones.
      log.once("QUADSPI.DR.empty", "QUADSPI.DR: read while the FIFO is empty: zeros");
    }
    const value = this.#fifo.take(bytes);
    this.sync();
    return value;
  }

  /** A byte that was written to DR. */
  push(byte: number): void {
    const { stall, log, now } = this.#port;
    const transfer = this.#transfer;
    if (transfer === undefined || transfer.remaining <= this.#fifo.level) {
      log.once("QUADSPI.DR.excess", "QUADSPI.DR: more bytes written than DLR says: ignored");
      return;
    }
    if (this.#fifo.level === FIFO_BYTES) {
      stall(transfer.timeOf(1));
      transfer.advance(now());
    }
    if (this.#fifo.level < FIFO_BYTES) this.#fifo.push(byte);
    transfer.advance(now());
  }

  /** When FTF rises, while somebody waits for it. */
  #thresholdAt(transfer: IndirectTransfer): number | undefined {
    const { setup, awaited } = this.#port;
    if (((setup.cr & CR.FTIE) === 0 && !awaited()) || this.thresholdReached) return undefined;
    const { level } = this.#fifo;
    const missing =
      transfer.direction === "read" ? setup.threshold - level : setup.threshold - (FIFO_BYTES - level);
    return transfer.timeOf(missing);
  }
}

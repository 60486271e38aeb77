/** QUADSPI: automatic status polling (RM0433, "QUADSPI status flag polling mode"). */

import type { CommandFormat, QuadSpiWire } from "./quadspi-wire.js";

export interface PollPlan {
  readonly wire: QuadSpiWire;
  readonly format: CommandFormat;
  /** Between the end of a read and the start of the next, nanoseconds. */
  readonly intervalNs: number;
  /** DLR + 1; at most four bytes are read. */
  readonly bytes: number;
}

export interface Poller {
  readonly format: CommandFormat;
  /** Nanoseconds of one status read. */
  readNs(instructionSent: boolean): number;
  /** Reads the status; the first byte is the lowest. */
  read(address: number, withInstruction: boolean): number;
  /** Board time (ns) of the end of the next read whose result can differ from the one at `now`. */
  nextAt(now: number): number;
}

/** How often wiring and power are looked at while the chip itself cannot change its answer, nanoseconds. */
const RECHECK_NS = 10e6;

export function startPolling({ wire, format, intervalNs, bytes }: PollPlan): Poller {
  const count = Math.min(4, bytes);
  const buffer = new Uint8Array(4);
  const readNs = (instructionSent: boolean): number => {
    const withInstruction = !(format.instructionOnce && instructionSent);
    return wire.prefixNs(format, withInstruction) + count * wire.byteNs(format);
  };
  return {
    format,
    readNs,
    read: (address, withInstruction) => {
      buffer.fill(0);
      wire.begin(format, address, withInstruction);
      if (format.dataLines !== undefined) wire.readInto(buffer, 0, count, format.dataLines);
      wire.end();
      return new DataView(buffer.buffer).getUint32(0, true);
    },
    nextAt: (now) => {
      const period = intervalNs + readNs(true);
      const changes = Math.min(wire.chip?.stableUntil ?? Number.POSITIVE_INFINITY, now + RECHECK_NS);
      // A read that ends when the chip gets ready may have begun before: the event of the chip comes first.
      return now + period * Math.max(1, Math.ceil((changes - now) / period));
    },
  };
}

/** Compares as CR.PMM says: any unmasked bit, or all of them. */
export function pollMatches(status: number, mask: number, match: number, anyBit: boolean): boolean {
  const equal = ~(status ^ match);
  return anyBit ? (equal & mask) !== 0 : (~equal & mask) === 0;
}

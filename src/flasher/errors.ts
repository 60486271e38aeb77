/** What can go wrong in a job, beside what the protocol's errors say: one class for each decision of a caller. */

import { hex32, hexBytes } from "../protocol/hex.js";

/** An address or a length that cannot be right for this board: nothing was changed. */
export class PlacementError extends Error {
  override readonly name = "PlacementError";
  readonly address: number;

  constructor(message: string, address: number) {
    super(message);
    this.address = address;
  }
}

/** The flash does not hold what it should. */
export class VerificationError extends Error {
  override readonly name = "VerificationError";
  /** First address that differs. */
  readonly address: number;
  /** 0..255 */
  readonly expected: number;
  /** Undefined where the key that was used may not read. */
  readonly found: number | undefined;

  constructor(address: number, expected: number, found: number | undefined, options?: ErrorOptions) {
    const hex = (byte: number): string => `0x${hexBytes(Uint8Array.of(byte))}`;
    const held = found === undefined ? "another byte, which this key may not read" : hex(found);
    super(
      `verification failed: at ${hex32(address)} expected ${hex(expected)}, found ${held}. ` +
        "Flash again; if it stays, the flash chip or its wiring is at fault.",
      options,
    );
    this.address = address;
    this.expected = expected;
    this.found = found;
  }
}

/** The caller asked to stop. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
}

/** The link was lost, and opening it anew did not help. */
export class LinkLostError extends Error {
  override readonly name = "LinkLostError";
}

/** An earlier flashing elsewhere was cut off: finishing this job would hide it, and half an image could run. */
export class UnfinishedElsewhereError extends Error {
  override readonly name = "UnfinishedElsewhereError";
  readonly address: number;
  readonly length: number;

  constructor(address: number, length: number) {
    const range = `${hex32(address)} 0x${length.toString(16)}`;
    super(
      `an earlier flashing of ${length} bytes at ${hex32(address)} was cut off, and this job does not cover it. ` +
        `Flash that image again first, or give it up with: imflasher erase ${range}`,
    );
    this.address = address;
    this.length = length;
  }
}

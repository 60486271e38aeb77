/** What both masters, of SPI and of I2S, have on their pins. */

import type { PinSignal } from "../../../pin-signal.js";
import { onesOf } from "./spi-bits.js";

export interface SpiLines {
  readonly sck: PinSignal;
  readonly nss: PinSignal;
  readonly output: () => PinSignal;
  readonly input: () => PinSignal;
}

/** Somebody looks at a pin: a frame goes bit by bit. */
export function watched({ sck, nss, output, input }: SpiLines): boolean {
  return sck.watched || nss.watched || output().watched || input().watched;
}

/** `bits` bits of an input that does not move. */
export function steadyInput({ input }: SpiLines, bits: number): number {
  return input().driven === false ? 0 : onesOf(bits);
}

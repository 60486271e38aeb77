/** I2S formats (RM0433, "I2S protocol overview"): how long channels are, where data lies in them, and what WS says. */

import { CFG2, CGFR, type SpiRegister } from "./spi-bits.js";

const DATA_LENGTHS = [16, 24, 32] as const;
/** WS of PCM's frames is high for so many bits, the first of them in front of the data. */
const SYNC_BITS = { short: 1, long: 13 } as const;

export interface I2sFormat {
  readonly standard: "philips" | "msb" | "lsb" | "pcm";
  readonly dataBits: number;
  readonly channelBits: number;
  /** Channels of a frame. */
  readonly channels: 1 | 2;
  /** WS is a bit ahead of the data. */
  readonly ahead: boolean;
  readonly longSync: boolean;
  readonly wsInverted: boolean;
  /** CK rests high, and signals change when it rises. */
  readonly clockInverted: boolean;
  readonly lowestFirst: boolean;
}

export function i2sFormat(register: (name: SpiRegister) => number): I2sFormat {
  const cgfr = register("CGFR");
  const standard = (["philips", "msb", "lsb", "pcm"] as const)[(cgfr >>> 4) & 3] ?? "philips";
  const dataBits = DATA_LENGTHS[(cgfr >>> 8) & 3] ?? 32;
  return {
    standard,
    dataBits,
    channelBits: dataBits > 16 || (cgfr & CGFR.CHLEN) !== 0 ? 32 : 16,
    channels: standard === "pcm" ? 1 : 2,
    ahead: standard === "philips" || standard === "pcm",
    longSync: (cgfr & CGFR.PCMSYNC) !== 0,
    wsInverted: (cgfr & CGFR.WSINV) !== 0,
    clockInverted: (cgfr & CGFR.CKPOL) !== 0,
    lowestFirst: (register("CFG2") & CFG2.LSBFRST) !== 0,
  };
}

/** Hz of CK: the master clock is 256 times the frame rate, 128 times with PCM, or absent (RM0433, "I2S clock generator"). */
export function i2sClock(kernelHz: number, cgfr: number, format: I2sFormat): { ck: number; mck: number } {
  const divider = Math.max(1, 2 * ((cgfr >>> 16) & 0xff) + ((cgfr >>> 24) & 1));
  const frameBits = format.channelBits * format.channels;
  if ((cgfr & CGFR.MCKOE) === 0) return { ck: kernelHz / divider, mck: 0 };
  const mck = kernelHz / divider;
  return { ck: (mck / (128 * format.channels)) * frameBits, mck };
}

/** Place of the data's bit that is on the line in bit `at` of a channel; undefined: padding. */
export function dataBitAt(format: I2sFormat, at: number): number | undefined {
  const bit = format.standard === "lsb" ? at - (format.channelBits - format.dataBits) : at;
  return bit < 0 || bit >= format.dataBits ? undefined : bit;
}

/** WS before the first frame: right, so that a slave sees the left channel begin. */
export const restLevel = (format: I2sFormat): boolean =>
  wsLevel(format, format.channels - 1, format.channelBits - 2);

/** WS in bit `at` of a channel. */
export function wsLevel(format: I2sFormat, channel: number, at: number): boolean {
  const { standard, channelBits, channels, longSync, wsInverted, ahead } = format;
  const shown = ahead && at === channelBits - 1 ? (channel + 1) % channels : channel;
  const sinceSync = (at + 1) % channelBits;
  const high =
    standard === "pcm"
      ? sinceSync < (longSync ? SYNC_BITS.long : SYNC_BITS.short)
      : (standard === "philips") === (shown === 1);
  return high !== wsInverted;
}

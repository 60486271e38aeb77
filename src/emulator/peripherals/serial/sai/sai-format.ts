/**
 * What an audio frame looks like (RM0433, "Frame synchronization", "Slot configuration", "AC'97 link controller", "SPDIF output").
 * Bit 0 of a frame is the first bit of slot 0; with FSOFF the frame synchronization goes active a bit ahead of it.
 */

import { CR1, CR2, FRCR, type SaiRegisters } from "./sai-bits.js";

/** SAI_xCR1.DS; 0 and 1 are reserved. */
const DATA_BITS = [8, 8, 8, 10, 16, 20, 24, 32] as const;
const TAG_BITS = 16;
const AC97_SLOTS = 13;
const AC97_SLOT_BITS = 20;
/** Half symbols of one channel: each bit of SPDIF takes two periods of the bit clock. */
export const SUBFRAME_HALVES = 64;

/** What one bit of a frame is. */
export interface Place {
  readonly slot: number;
  /** The slot is one of SLOTEN. */
  readonly enabled: boolean;
  /** Counted from the first one on the line. */
  readonly bit: number;
  /** Data bits of the slot. */
  readonly bits: number;
}

export interface SaiFormat {
  readonly protocol: "free" | "spdif" | "ac97";
  readonly frameBits: number;
  readonly slots: number;
  readonly lowestFirst: boolean;
  /** 1: FS goes active a bit ahead of the frame. */
  readonly ahead: 0 | 1;
  /** For so many bits FS is active. */
  readonly syncBits: number;
  readonly syncHigh: boolean;
  /** By bit of the frame; undefined: no data. */
  readonly places: readonly (Place | undefined)[];
  /** By bit of the frame: with TRIS nobody drives SD. */
  readonly released: readonly boolean[];
  /** Bits of the frame with which data of a slot begin and end. */
  readonly firsts: readonly number[];
  readonly lasts: readonly number[];
}

interface Slot {
  readonly at: number;
  readonly bits: number;
  /** First data bit in it. */
  readonly offset: number;
  readonly dataBits: number;
  readonly enabled: boolean;
}

export function saiFormat(registers: SaiRegisters): SaiFormat {
  const protocol = (["free", "spdif", "ac97", "free"] as const)[(registers.CR1.value >>> 2) & 3] ?? "free";
  if (protocol === "spdif") return spdif();
  return protocol === "ac97" ? ac97(registers) : free(registers);
}

/** Bits of a datum in a slot. */
function dataBits({ CR1: cr1, CR2: cr2 }: SaiRegisters): number {
  // Companded data have eight bits, whatever DS says.
  if ((cr2.value & CR2.COMPANDING) !== 0) return 8;
  return DATA_BITS[(cr1.value >>> 5) & 7] ?? 8;
}

function free(registers: SaiRegisters): SaiFormat {
  const [frcr, slotr] = [registers.FRCR.value, registers.SLOTR.value];
  const frameBits = (frcr & 0xff) + 1;
  const bits = dataBits(registers);
  const slotBits = [bits, 16, 32, 32][(slotr >>> 6) & 3] ?? bits;
  const count = ((slotr >>> 8) & 15) + 1;
  // FSDEF: half of the slots behind each edge of FS.
  const left = (frcr & FRCR.FSDEF) !== 0 && count > 1 ? Math.ceil(count / 2) : count;
  const slots = Array.from({ length: count }, (_, slot): Slot => {
    const at = slot < left ? slot * slotBits : (frameBits >> 1) + (slot - left) * slotBits;
    const enabled = (slotr & (1 << (16 + slot))) !== 0;
    return { at, bits: slotBits, offset: slotr & 0x1f, dataBits: bits, enabled };
  });
  return {
    protocol: "free",
    frameBits,
    slots: count,
    lowestFirst: (registers.CR1.value & CR1.LSBFIRST) !== 0,
    ahead: (frcr & FRCR.FSOFF) !== 0 ? 1 : 0,
    syncBits: ((frcr >>> 8) & 0x7f) + 1,
    syncHigh: (frcr & FRCR.FSPOL) !== 0,
    ...layout(slots, frameBits),
  };
}

function ac97(registers: SaiRegisters): SaiFormat {
  const frameBits = 256;
  const slots = Array.from({ length: AC97_SLOTS }, (_, slot): Slot => {
    const tag = slot === 0;
    return {
      at: tag ? 0 : TAG_BITS + (slot - 1) * AC97_SLOT_BITS,
      bits: tag ? TAG_BITS : AC97_SLOT_BITS,
      offset: 0,
      dataBits: tag ? TAG_BITS : Math.min(AC97_SLOT_BITS, dataBits(registers)),
      enabled: true,
    };
  });
  return {
    protocol: "ac97",
    frameBits,
    slots: AC97_SLOTS,
    lowestFirst: false,
    ahead: 1,
    syncBits: TAG_BITS,
    syncHigh: true,
    ...layout(slots, frameBits),
  };
}

function spdif(): SaiFormat {
  const slots = [0, 1].map((slot): Slot => {
    const bits = SUBFRAME_HALVES;
    return { at: slot * bits, bits, offset: 0, dataBits: bits, enabled: true };
  });
  const frameBits = 2 * SUBFRAME_HALVES;
  return {
    protocol: "spdif",
    frameBits,
    slots: 2,
    lowestFirst: true,
    ahead: 0,
    syncBits: 0,
    syncHigh: true,
    ...layout(slots, frameBits),
  };
}

type Layout = Pick<SaiFormat, "places" | "released" | "firsts" | "lasts">;

function layout(slots: readonly Slot[], frameBits: number): Layout {
  const places: (Place | undefined)[] = Array.from({ length: frameBits });
  const released = Array.from({ length: frameBits }, () => true);
  const [firsts, lasts]: [number[], number[]] = [[], []];
  slots.forEach(({ at, bits, offset, dataBits, enabled }, slot) => {
    // Padding is driven only to the next slot, where that has data.
    const driven = slots[slot + 1]?.enabled === true ? bits : offset + dataBits;
    for (let bit = 0; bit < Math.min(bits, frameBits - at); bit++) {
      if (enabled && bit < driven) released[at + bit] = false;
      const datum = bit - offset;
      if (datum < 0 || datum >= dataBits) continue;
      places[at + bit] = { slot, enabled, bit: datum, bits: dataBits };
      if (datum === 0) firsts.push(at + bit);
      if (datum === dataBits - 1) lasts.push(at + bit);
    }
  });
  return { places, released, firsts, lasts };
}

/** FS in bit `at` of a frame, -1 being the bit ahead of it. */
export function syncActive({ ahead, frameBits, syncBits }: SaiFormat, at: number): boolean {
  return (at + ahead + frameBits) % frameBits < syncBits;
}

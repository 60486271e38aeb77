/** CoreSight identification registers and the ROM tables that lead a debugger to the units (DDI 0489, 2.3; ADIv5 chapter 9). */

import type { BusDevice } from "../../bus.js";

const PIDR4 = 0xfd0;
const PIDR0 = 0xfe0;
const CIDR0 = 0xff0;
/** JEP106 of Arm, 4 KiB. */
const ARM = { PIDR1: 0xb0, PIDR4: 0x04 } as const;
export const COMPONENT = { romTable: 0x10, generic: 0xe0 } as const;

/**
 * Reads PIDR and CIDR; undefined below 0xFD0.
 * @param part the 12-bit part number, @param revision PIDR2 bits 7:4
 */
export function coresightId(
  offset: number,
  part: number,
  revision: number,
  component: number = COMPONENT.generic,
): number | undefined {
  if (offset < PIDR4) return undefined;
  const table: Readonly<Record<number, number>> = {
    [PIDR4]: ARM.PIDR4,
    [PIDR0]: part & 0xff,
    [PIDR0 + 4]: ARM.PIDR1 | (part >>> 8),
    [PIDR0 + 8]: (revision << 4) | 0xb,
    [CIDR0]: 0x0d,
    [CIDR0 + 4]: component,
    [CIDR0 + 8]: 0x05,
    [CIDR0 + 12]: 0xb1,
  };
  return table[offset] ?? 0;
}

/** Part numbers of the Cortex-M7's units, with their revisions. */
export const PART = {
  ITM: [0x001, 3],
  DWT: [0x002, 3],
  SCS: [0x00c, 0],
  FPB: [0x00e, 0],
  PPB_ROM: [0x4c7, 0],
  CPU_ROM: [0x4c8, 0],
} as const;

/** 0xE00FF000: SCS, DWT, FPB, ITM, relative to the table. */
const PPB_ENTRIES = [0xfff0f003, 0xfff02003, 0xfff03003, 0xfff01003];
/** 0xE00FE000: the table above, then ETM and CTI, which are not modelled and answer with zeros. */
const CPU_ENTRIES = [0x00001003, 0xfff43003, 0xfff45003];

function romTable(entries: readonly number[], [part, revision]: readonly [number, number]): BusDevice {
  return {
    read: (offset) =>
      coresightId(offset & ~3, part, revision, COMPONENT.romTable) ?? entries[offset >>> 2] ?? 0,
    write: () => {},
  };
}

export const PPB_ROM_TABLE: BusDevice = romTable(PPB_ENTRIES, PART.PPB_ROM);
export const CPU_ROM_TABLE: BusDevice = romTable(CPU_ENTRIES, PART.CPU_ROM);

/** SYSCFG_UR0..17: the option bytes as FLASH loaded them (RM0433, chapter SYSCFG). */

import type { RegisterSpec } from "../registers.js";
import type { OptionBytes } from "./internal-flash/flash-options.js";

const bit = (value: number, from: number, to: number): number => ((value >>> from) & 1) << to;
/** First and last block of an area as PRAR and SCAR have them. */
const area = (value: number): number => value & 0x0fff_0fff;
const first = (value: number): number => value & 0xfff;
const last = (value: number): number => (value >>> 16) & 0xfff;

type View = readonly [offset: number, bits: number, value: (bytes: OptionBytes) => number];

/** UR0.BKS, UR16.PKP and the SECURE life cycle have nothing behind them here. */
const VIEWS = {
  UR0: [0x300, 0xff_0001, ({ OPTSR }) => (OPTSR & 0xff00) << 8],
  UR4: [0x310, 0x1_0000, ({ PRAR }) => bit(PRAR, 31, 16)],
  UR5: [0x314, 0xff_0001, ({ SCAR, WPSN }) => bit(SCAR, 31, 0) | ((WPSN & 0xff) << 16)],
  UR6: [0x318, 0xfff_0fff, ({ PRAR }) => area(PRAR)],
  UR7: [0x31c, 0xfff_0fff, ({ SCAR }) => area(SCAR)],
  UR8: [0x320, 0x1_0001, ({ PRAR2, SCAR2 }) => bit(PRAR2, 31, 0) | bit(SCAR2, 31, 16)],
  UR9: [0x324, 0xfff_00ff, ({ PRAR2, WPSN2 }) => (WPSN2 & 0xff) | (first(PRAR2) << 16)],
  UR10: [0x328, 0xfff_0fff, ({ PRAR2, SCAR2 }) => last(PRAR2) | (first(SCAR2) << 16)],
  UR11: [0x32c, 0x1_0fff, ({ OPTSR, SCAR2 }) => last(SCAR2) | bit(OPTSR, 4, 16)],
  UR12: [0x330, 0x1_0000, ({ OPTSR }) => bit(OPTSR, 21, 16)],
  UR13: [0x334, 0x1_0003, ({ OPTSR }) => ((OPTSR >>> 19) & 3) | bit(OPTSR, 7, 16)],
  UR14: [0x338, 0x1, ({ OPTSR }) => bit(OPTSR, 6, 0)],
  UR15: [0x33c, 0x1_0000, ({ OPTSR }) => bit(OPTSR, 18, 16)],
  UR16: [0x340, 0x1_0001, ({ OPTSR }) => bit(OPTSR, 17, 0)],
  UR17: [0x344, 0x1, ({ OPTSR }) => bit(OPTSR, 29, 0)],
} as const satisfies Readonly<Record<string, View>>;

export type SyscfgUserRegister = keyof typeof VIEWS | "UR2" | "UR3";

export function userRegisters(bytes: () => OptionBytes): Record<SyscfgUserRegister, RegisterSpec> {
  const views = Object.entries(VIEWS).map(([name, [offset, ro, value]]) => {
    const spec: RegisterSpec = { offset, reset: 0, ro, onRead: () => value(bytes()) >>> 0 };
    return [name, spec];
  });
  return {
    ...(Object.fromEntries(views) as Record<keyof typeof VIEWS, RegisterSpec>),
    UR2: {
      offset: 0x308,
      reset: 0,
      ro: 0x3,
      tagged: 0xffff_0000,
      onRead: () => (((bytes().BOOT & 0xffff) << 16) | ((bytes().OPTSR >>> 2) & 3)) >>> 0,
    },
    UR3: { offset: 0x30c, reset: 0, tagged: 0xffff_0000, onRead: () => (bytes().BOOT & 0xffff_0000) >>> 0 },
  };
}

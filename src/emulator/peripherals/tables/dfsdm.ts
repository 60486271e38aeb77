/** Registers of DFSDM1 (names and bits as in CMSIS; resets: RM0399, chapter DFSDM). */

import { repeatRows } from "../register-table.js";

export const CHANNELS = 8;
export const FILTERS = 4;

const CHANNEL = `
  CH#CFGR1 0 0 f1ef, CH#CFGR2 4 0 fffffff8, CH#AWSCDR 8 0 dff0ff, CH#WDATR c 0 ffffr, CH#DATINR 10 0 ffffffff`;

const FILTER = `
  FLT#CR1 100 0 672e7f3b, FLT#CR2 104 0 ffff1f, FLT#ISR 108 0 601fr, FLT#ICR 10c 0 cw, FLT#JCHGR 110 1 ff,
  FLT#FCR 114 0 e3ff00ff, FLT#JDATAR 118 0 ffffff07r, FLT#RDATAR 11c 0 ffffff17r, FLT#AWHTR 120 0 ffffff0f,
  FLT#AWLTR 124 0 ffffff0f, FLT#AWSR 128 0 ffffr, FLT#AWCFR 12c 0 ffffw, FLT#EXMAX 130 80000000 ffffff07r,
  FLT#EXMIN 134 7fffff00 ffffff07r, FLT#CNVTIMR 138 0 fffffff0r`;

/** The first channel has the output clock's bits, the first filter those of all serial inputs. */
const FIRST: readonly (readonly [row: string, own: string])[] = [
  ["CH0CFGR1 0 0 f1ef", "CH0CFGR1 0 0 c0fff1ef"],
  ["FLT0CR2 104 0 ffff1f", "FLT0CR2 104 0 ffff7f"],
  ["FLT0ISR 108 0 601fr", "FLT0ISR 108 ff0000 ffff601fr"],
  ["FLT0ICR 10c 0 cw", "FLT0ICR 10c 0 ffff000cw"],
];

export const DFSDM = FIRST.reduce(
  (table, [row, own]) => table.replace(row, own),
  `${repeatRows(CHANNEL, CHANNELS, 0x20)}, ${repeatRows(FILTER, FILTERS, 0x80)}`,
);

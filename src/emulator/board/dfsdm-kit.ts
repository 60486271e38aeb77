/** For tests of DFSDM1: the chip with it clocked by 64 MHz, and its registers by their names. */

import { registerTable } from "../peripherals/register-table.js";
import { DFSDM as TABLE } from "../peripherals/tables/dfsdm.js";
import { wiredChip } from "./wired-chip.js";

const DFSDM = 0x4001_7000;
const REGISTERS = registerTable(TABLE);
/** CH0CFGR1 */
export const DFSDMEN = 0x8000_0000;
export const ckout = (divider: number): number => (divider - 1) << 16;
/** CHyCFGR1 */
export const CHEN = 1 << 7;
export const CKABEN = 1 << 6;
export const SCDEN = 1 << 5;
export const BY_CKOUT = 1 << 2;
export const FROM_MEMORY = 2 << 12;
/** FLTxCR1 */
export const DFEN = 1;
export const JSWSTART = 1 << 1;
export const JSYNC = 1 << 3;
export const JSCAN = 1 << 4;
export const RSWSTART = 1 << 17;
export const RCONT = 1 << 18;
export const RDMAEN = 1 << 21;
export const FAST = 1 << 29;
export const AWFSEL = 1 << 30;
export const regular = (channel: number): number => channel << 24;
/** FLTxFCR */
export const sinc = (order: number, ratio: number, sum = 1): number =>
  (order << 29) | ((ratio - 1) << 16) | (sum - 1);
/** FLTxISR */
export const JEOCF = 1;
export const REOCF = 2;
export const JOVRF = 4;
export const ROVRF = 8;
export const AWDF = 16;
export const JCIP = 1 << 13;
export const RCIP = 1 << 14;

export function dfsdmChip() {
  const made = wiredChip();
  const { read, write } = made;
  const address = (name: string): number => {
    const spec = REGISTERS[name];
    if (spec === undefined) throw new RangeError(`DFSDM1 has no register ${name}`);
    return DFSDM + spec.offset;
  };
  const get = (name: string): number => read(address(name));
  const set = (name: string, value: number): void => write(address(name), value >>> 0);
  return {
    ...made,
    address,
    get,
    set,
    /** ISR without what the serial inputs have there. */
    flags: (filter = 0): number => get(`FLT${filter}ISR`) & 0xffff,
    /** Microseconds of 64 periods of fDFSDM. */
    us: (count: number): void => made.wait(count * 1000),
    /** Channel 1 by CKOUT of 1 MHz, on, with its first rising edge half a microsecond from now; filter 0 as told. */
    serial: (fcr: number, cr1 = 0): void => {
      set("CH1CFGR1", BY_CKOUT | CHEN);
      set("FLT0FCR", fcr);
      set("FLT0CR1", regular(1) | cr1);
      set("CH0CFGR1", DFSDMEN | ckout(64));
      set("FLT0CR1", regular(1) | cr1 | DFEN);
    },
    /** Channel 0 from memory, filter 0 as told. */
    parallel: (fcr: number, cr1 = 0, packing = 0): void => {
      set("CH0CFGR1", DFSDMEN | FROM_MEMORY | packing);
      set("CH0CFGR1", DFSDMEN | FROM_MEMORY | packing | CHEN);
      set("FLT0FCR", fcr);
      set("FLT0CR1", cr1);
      set("FLT0CR1", cr1 | DFEN);
    },
    /** Samples into channel 0. */
    feed: (...samples: number[]): void => {
      for (const sample of samples) made.chip.bus.write(address("CH0DATINR"), 2, sample & 0xffff);
    },
    /** A data register with its sign, and the channel. */
    data: (name: string): readonly [value: number, low: number] => {
      const value = get(name);
      return [value >> 8, value & 0xff];
    },
  };
}

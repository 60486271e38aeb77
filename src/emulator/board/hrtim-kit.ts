/** For tests of HRTIM: the chip with it clocked by 64 MHz, and its registers by their names. */

import { type Gpio, parsePin } from "../peripherals/gpio.js";
import { registerTable } from "../peripherals/register-table.js";
import { HRTIM as TABLE } from "../peripherals/tables/hrtim.js";
import { pass } from "../peripherals/test-kit.js";
import { wiredChip } from "./wired-chip.js";

const HRTIM = 0x4001_7400;
const REGISTERS = registerTable(TABLE);
/** A period of fHRTIM. */
export const TICK_NS = 1e9 / 64e6;
/** MCR */
export const MCEN = 1 << 16;
export const TACEN = 1 << 17;
export const TBCEN = 1 << 18;
/** TIMxCR */
export const UNDIVIDED = 5;
export const CONT = 1 << 3;
export const RETRIG = 1 << 4;
export const REPU = 1 << 17;
export const RSTU = 1 << 18;
export const PREEN = 1 << 27;
/** SETxyR and RSTxyR */
export const PER = 1 << 2;
export const CMP1 = 1 << 3;
export const CMP2 = 1 << 4;
/** OENR */
export const TA1 = 1;
export const TA2 = 2;
export const TB1 = 4;

export function hrtimChip() {
  const made = wiredChip();
  const { read, write, timeline } = made;
  const address = (name: string): number => {
    const spec = REGISTERS[name];
    if (spec === undefined) throw new RangeError(`HRTIM has no register ${name}`);
    return HRTIM + spec.offset;
  };
  /** Lets `ticks` periods of fHRTIM pass, and a bit, so that what falls due then is over. */
  const ticks = (count: number): void => pass(timeline, count * TICK_NS);
  const gpio = (name: string): { readonly gpio: Gpio; readonly pin: number } => {
    const { port, pin } = parsePin(name);
    return { gpio: made.chip.gpio[port], pin };
  };
  return {
    ...made,
    get: (name: string): number => read(address(name)),
    set: (name: string, value: number): void => write(address(name), value >>> 0),
    address,
    ticks,
    /** Levels at a pin, every `step` ticks, as digits. */
    trace: (name: string, count: number, step = 1): string => {
      const at = gpio(name);
      let levels = "";
      for (let n = 0; n < count; n++) {
        levels += at.gpio.level(at.pin) ? "1" : "0";
        ticks(step);
      }
      return levels;
    },
  };
}

export type HrtimRig = ReturnType<typeof hrtimChip>;

/** Timer A continuous with this period, output 1 at PC6 and 2 at PC7; half a tick behind the start, so that reads fall between edges. */
export function timerA(rig: HrtimRig, period: number, control = 0): void {
  rig.mux("PC6", 1);
  rig.mux("PC7", 1);
  rig.set("PERAR", period);
  rig.set("TIMACR", UNDIVIDED | CONT | control);
}

/** Timer A's output 1 is set by its period and reset by its compare 1. */
export function pwmA1(rig: HrtimRig, compare: number): void {
  rig.set("CMP1AR", compare);
  rig.set("SETA1R", PER);
  rig.set("RSTA1R", CMP1);
}

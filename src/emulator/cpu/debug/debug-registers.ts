/** Core registers by DCRSR.REGSEL (DDI 0403E, C1.6.3). The core is halted. */

import { type CortexM7, invalidState } from "../core.js";
import { Insn } from "../decode/insn.js";

export const REGSEL = {
  SP: 13,
  /** DebugReturnAddress */
  PC: 15,
  XPSR: 16,
  MSP: 17,
  PSP: 18,
  /** CONTROL 31:24, FAULTMASK 23:16, BASEPRI 15:8, PRIMASK 7:0 */
  SPECIAL: 20,
  FPSCR: 33,
  S0: 64,
} as const;
const S_COUNT = 32;
const LOCKUP_PC = 0xfffffffe;
const XPSR_T = 1 << 24;

/** Unsigned; 0 for a number that names no register. */
export function readCoreRegister(cpu: CortexM7, selector: number): number {
  const { exceptions, fpu } = cpu;
  if (selector < REGSEL.PC) return cpu.get(selector) >>> 0;
  if (selector >= REGSEL.S0 && selector < REGSEL.S0 + S_COUNT)
    return (fpu.bits[selector - REGSEL.S0] as number) >>> 0;
  switch (selector) {
    case REGSEL.PC:
      return cpu.lockedUp ? LOCKUP_PC : cpu.pc;
    case REGSEL.XPSR:
      return cpu.xpsr;
    case REGSEL.MSP:
      return cpu.msp >>> 0;
    case REGSEL.PSP:
      return cpu.psp >>> 0;
    case REGSEL.SPECIAL: {
      const masks = (exceptions.faultmask << 16) | (exceptions.basepri << 8) | exceptions.primask;
      return ((cpu.control << 24) | masks) >>> 0;
    }
    case REGSEL.FPSCR:
      return fpu.fpscr >>> 0;
    default:
      return 0;
  }
}

export function writeCoreRegister(cpu: CortexM7, selector: number, value: number): void {
  const { fpu } = cpu;
  if (selector === REGSEL.SP) cpu.set(selector, value & ~3);
  else if (selector < REGSEL.PC) cpu.set(selector, value | 0);
  else if (selector >= REGSEL.S0 && selector < REGSEL.S0 + S_COUNT) fpu.bits[selector - REGSEL.S0] = value;
  else if (selector === REGSEL.PC) writePc(cpu, value);
  else if (selector === REGSEL.XPSR) writeXpsr(cpu, value);
  else if (selector === REGSEL.MSP) cpu.msp = value | 0;
  else if (selector === REGSEL.PSP) cpu.psp = value | 0;
  else if (selector === REGSEL.SPECIAL) writeSpecial(cpu, value);
  else if (selector === REGSEL.FPSCR) fpu.setFpscr(value);
}

/** EPSR.T stays as it is. Leaves a lockup. */
function writePc(cpu: CortexM7, value: number): void {
  const { thumb } = cpu;
  cpu.lockedUp = false;
  cpu.pc = value | 0;
  if (!thumb) cpu.at = new Insn(value & ~1, 0, invalidState);
}

function writeXpsr(cpu: CortexM7, value: number): void {
  cpu.setApsr(value);
  cpu.setMode(value & 0x1ff, cpu.control);
  const it = ((value >>> 25) & 3) | ((value >>> 8) & 0xfc);
  const { pc } = cpu;
  cpu.at = (value & XPSR_T) === 0 ? new Insn(pc, 0, invalidState) : cpu.mem.view.lookupIt(pc, it);
}

function writeSpecial(cpu: CortexM7, value: number): void {
  const { exceptions } = cpu;
  exceptions.primask = value & 1;
  exceptions.basepri = (value >>> 8) & 0xf0;
  exceptions.faultmask = (value >>> 16) & 1;
  cpu.setMode(cpu.ipsr, (value >>> 24) & 7);
}

/** Coprocessor space (DDI 0403E, A5.3.18). */

import { CFSR, UnmodelledInstructionError, usageFault } from "./faults.js";
import type { Execute, Insn } from "./insn.js";

export function decodeFloat(_i: Insn, w: number): Execute {
  const coprocessor = (w >>> 8) & 15;
  return (coprocessor & 14) === 10 ? float : noCoprocessor;
}

const noCoprocessor: Execute = () => {
  throw usageFault(CFSR.NOCP);
};

const float: Execute = (cpu, i) => {
  if (!cpu.fpu.accessible) throw usageFault(CFSR.NOCP);
  throw new UnmodelledInstructionError("floating point", i.pc, i.opcode, i.size);
};

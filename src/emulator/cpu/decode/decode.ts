/** Decodes an instruction where it stands, the first time it executes. */

import type { CortexM7 } from "../core.js";
import { decode16 } from "./decode-16.js";
import { decode32 } from "./decode-32.js";
import { DIRECT_BRANCH } from "./decode-helpers.js";
import { type Execute, type Insn, itAdvance } from "./insn.js";

const BKPT = 0xbe;
const AL = 14;

export const decode: Execute = (cpu, insn) => {
  const view = cpu.mem.view;
  const first = cpu.mem.fetch16(insn.pc);
  const wide = first >>> 11 >= 0x1d;
  insn.size = wide ? 4 : 2;
  insn.kind = 0;
  insn.imm = 0;
  insn.a = 0;
  insn.opcode = wide ? (first << 16) | cpu.mem.fetch16((insn.pc + 2) | 0) : first;
  let execute = wide ? decode32(insn, insn.opcode) : decode16(insn, first);
  const afterIt = !wide && first >>> 8 === 0xbf && (first & 15) !== 0;
  const nextIt = afterIt ? first & 0xff : itAdvance(insn.it);
  insn.next = view.lookupIt((insn.pc + insn.size) | 0, nextIt);
  if (insn.kind === DIRECT_BRANCH) {
    insn.target = view.lookup(insn.imm);
    cpu.translator?.lead(insn.target);
  }
  if (insn.it !== 0 && insn.it >>> 4 < AL && (wide || first >>> 8 !== BKPT)) {
    insn.guarded = execute;
    execute = conditional;
  }
  if (cpu.pipeline !== undefined && cpu.level1 !== undefined)
    execute = cpu.pipeline.timed(insn, execute, cpu.level1, cpu.scs.dwt.counters);
  if (cpu.debug.comparators.watchesPc(insn.pc)) execute = watched(execute);
  if (cpu.hasBreakpoint(insn.pc)) execute = breakpoint(execute);
  insn.execute = execute;
  if (insn.leader !== undefined) cpu.translator?.decoded(insn);
  cpu.records?.update(insn);
  return execute(cpu, insn);
};

/** An instruction in an IT block. */
export const conditional: Execute = (cpu, i) =>
  cpu.conditionPassed(i.it >>> 4) ? i.guarded(cpu, i) : i.next;

function breakpoint(execute: Execute): Execute {
  return (cpu: CortexM7, i: Insn) => (cpu.breaksAt(i.pc) ? i : execute(cpu, i));
}

/** A comparator of the DWT matches the instruction's address: the core halts behind it. */
function watched(execute: Execute): Execute {
  return (cpu: CortexM7, i: Insn) => {
    cpu.debug.comparators.execute(i.pc);
    return execute(cpu, i);
  };
}

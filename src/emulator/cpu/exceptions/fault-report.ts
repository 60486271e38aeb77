/** What a debugger would show of a fault, as one log entry. */

import type { CortexM7 } from "../core.js";
import type { Insn } from "../decode/insn.js";
import { CFSR, Exception, faultNames, hex } from "./faults.js";

const NAMES: Readonly<Record<number, string>> = {
  [Exception.nmi]: "NMI",
  [Exception.hardFault]: "HardFault",
  [Exception.memManage]: "MemManage",
  [Exception.busFault]: "BusFault",
  [Exception.usageFault]: "UsageFault",
  [Exception.svCall]: "SVCall",
  [Exception.debugMonitor]: "DebugMonitor",
  [Exception.pendSv]: "PendSV",
  [Exception.sysTick]: "SysTick",
};

/** "HardFault", "IRQ 92". */
export function exceptionName(number: number): string {
  if (number === 0) return "Thread mode";
  return (
    NAMES[number] ?? (number >= Exception.irq0 ? `IRQ ${number - Exception.irq0}` : `exception ${number}`)
  );
}

export function reportFault(cpu: CortexM7, number: number, insn: Insn, remark: string): void {
  const { cfsr, hfsr, mmfar, bfar } = cpu.scs.scb;
  const addresses = [
    (cfsr & CFSR.MMARVALID) !== 0 ? ` MMFAR ${hex(mmfar)}` : "",
    (cfsr & CFSR.BFARVALID) !== 0 ? ` BFAR ${hex(bfar)}` : "",
  ].join("");
  const registers = Array.from({ length: 13 }, (_, n) => `r${n} ${hex(cpu.get(n))}`);
  const lines = [
    `${exceptionName(number)}${remark === "" ? "" : ` (${remark})`} in ${exceptionName(cpu.ipsr)} at pc ${hex(insn.pc)}`,
    `  ${faultNames(cfsr, hfsr).join(" ")}  CFSR ${hex(cfsr)} HFSR ${hex(hfsr)}${addresses}`,
    `  lr ${hex(cpu.get(14))} sp ${hex(cpu.get(13))} xPSR ${hex(cpu.xpsrBefore(insn))}`,
    `  ${registers.slice(0, 5).join(" ")}`,
    `  ${registers.slice(5, 9).join(" ")}`,
    `  ${registers.slice(9).join(" ")}`,
  ];
  cpu.log.note(lines.join("\n"));
}

/** HRTIM's registers and what happens when each is read or written. */

import type { RegisterSpec } from "../../registers.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { HRTIM } from "../tables/hrtim.js";
import {
  ALL_TIMERS,
  MASTER,
  MASTER_KINDS,
  type RegisterKind,
  registerName,
  UNIT_KINDS,
} from "./hrtim-bits.js";
import { UPDATE_REGISTERS } from "./hrtim-burst-dma.js";

export interface Written {
  /** What the program wrote. */
  readonly written: number;
  /** What the register held. */
  readonly before: number;
}

export interface HrtimHooks {
  readonly timerWritten: (timer: number, kind: RegisterKind, values: Written) => void;
  readonly status: (timer: number, stored: number) => number;
  readonly count: (timer: number) => number;
  /** REPxR and CMP1xR in one. */
  readonly compound: (timer: number) => number;
  readonly commonWritten: (name: CommonName, values: Written) => void;
  readonly outputsEnabled: () => number;
  readonly outputsFaulty: () => number;
}

const COMMON_NAMES = [
  ...(["CR1", "CR2", "ICR", "IER", "ODISR", "BMCR", "BMTRGR", "BMCMPR", "BMPER"] as const),
  ...([
    "EECR1",
    "EECR2",
    "EECR3",
    "ADC1R",
    "ADC2R",
    "ADC3R",
    "ADC4R",
    "FLTINR1",
    "FLTINR2",
    "BDMADR",
  ] as const),
] as const;
export type CommonName = (typeof COMMON_NAMES)[number] | "OENR" | "UPDATE";

const WRITE_ONLY: readonly string[] = ["CR2", "ICR", "ODISR", "BDMADR"];
const BMSTAT = 0x8000_0000;

export function hrtimRegisters(hooks: HrtimHooks): Record<string, RegisterSpec> {
  const actions: Record<string, RegisterAction> = { ISR: { ro: ALL, onRead: (stored) => stored } };
  for (const timer of ALL_TIMERS) {
    for (const kind of timer === MASTER ? MASTER_KINDS : UNIT_KINDS) {
      actions[registerName(timer, kind)] = timerAction(timer, kind, hooks);
    }
  }
  for (const name of COMMON_NAMES) {
    const bits = WRITE_ONLY.includes(name)
      ? { wo: ALL }
      : name === "BMCR"
        ? { rw: ~BMSTAT, ro: BMSTAT }
        : { rw: ALL };
    actions[name] = { ...bits, onWrite: (written, before) => hooks.commonWritten(name, { written, before }) };
  }
  actions["OENR"] = {
    ro: ALL,
    onRead: () => hooks.outputsEnabled(),
    onWrite: (written, before) => hooks.commonWritten("OENR", { written, before }),
  };
  actions["ODSR"] = { ro: ALL, onRead: () => hooks.outputsFaulty() };
  for (const name of UPDATE_REGISTERS) {
    actions[name] = { rw: ALL, onWrite: () => hooks.commonWritten("UPDATE", { written: 0, before: 0 }) };
  }
  return registerTable(HRTIM, actions);
}

function timerAction(timer: number, kind: RegisterKind, hooks: HrtimHooks): RegisterAction {
  const onWrite = (written: number, before: number): void =>
    hooks.timerWritten(timer, kind, { written, before });
  if (kind === "ISR") return { ro: ALL, onRead: (stored) => hooks.status(timer, stored) };
  if (kind === "ICR") return { wo: ALL, onWrite };
  if (kind === "CPT1" || kind === "CPT2") return { ro: ALL };
  if (kind === "CNT") return { rw: ALL, onRead: () => hooks.count(timer), onWrite };
  if (kind === "CMP1C") return { rw: ALL, onRead: () => hooks.compound(timer), onWrite };
  return { rw: ALL, onWrite };
}

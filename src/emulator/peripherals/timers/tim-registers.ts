/** What each register of a timer does (RM0433, chapters of the timers). Bits that are not named here are stored. */

import type { RegisterSpec } from "../../registers.js";
import { ALL, type RegisterAction, registerNames, registerTable } from "../register-table.js";
import * as tables from "../tables/timers.js";

/**
 * "advanced": TIM1, TIM8; "general": TIM2..TIM5; "twoBreak": TIM15; "two": TIM12; "oneBreak": TIM16, TIM17; "one": TIM13,
 * TIM14; "basic": TIM6, TIM7.
 */
export type TimKind = "advanced" | "general" | "twoBreak" | "two" | "oneBreak" | "one" | "basic";

export const CEN = 1 << 0;
export const UDIS = 1 << 1;
export const URS = 1 << 2;
export const OPM = 1 << 3;
export const DIR = 1 << 4;
export const CMS = 3 << 5;
export const ARPE = 1 << 7;
export const UIFREMAP = 1 << 11;
export const UIF = 1 << 0;
export const CC1IF = 1 << 1;
export const TIF = 1 << 6;
/** SR: CC1IF..CC6IF. */
export const COMPARE_FLAGS: readonly number[] = [1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 16, 1 << 17];
export const UIFCPY = 0x8000_0000;
export const CC1E = 1 << 0;
export const MOE = 1 << 15;

export const COMIF = 1 << 5;
export const BIF = 1 << 7;
export const B2IF = 1 << 8;
/** Of TIM1 and TIM8; the others have BIF for the system's break as well. */
export const SBIF = 1 << 13;
/** SR: CC1OF; CC2OF..CC4OF follow. */
export const CC1OF = 1 << 9;
export const BKE = 1 << 12;
export const BKP = 1 << 13;
export const AOE = 1 << 14;
export const BK2E = 1 << 24;
export const BK2P = 1 << 25;
export const UDE = 1 << 8;
export const COMDE = 1 << 13;
export const TDE = 1 << 14;
/** CR2: CCPC, CCUS, CCDS. */
export const CCPC = 1 << 0;
export const CCUS = 1 << 2;
export const CCDS = 1 << 3;
/** SMCR.ECE: external clock mode 2. */
export const ECE = 1 << 14;

export interface TimHooks {
  readonly control: (before: number) => void;
  /** After a write of a register that BDTR.LOCK may protect, before it has an effect. */
  readonly locked: (name: string, before: number) => void;
  readonly readControl: (stored: number) => number;
  readonly status: (written: number, before: number) => void;
  readonly generate: (written: number) => void;
  readonly readCount: () => number;
  readonly writeCount: () => void;
  readonly reload: () => void;
  /** @param register 1..3: CCMRx */
  readonly channels: (register: number, before: number) => void;
  readonly outputs: () => void;
  readonly inputs: () => void;
  readonly mainOutput: () => void;
  /** @param index 0..5 */
  readonly compare: (index: number, before: number) => void;
  readonly readCompare: (index: number) => void;
  readonly update: () => void;
  readonly burst: (value: number | undefined) => number;
}

const TABLES: Readonly<Record<TimKind, string>> = {
  advanced: tables.ADVANCED,
  general: tables.GENERAL,
  twoBreak: tables.TWO_CHANNELS_BREAK,
  two: tables.TWO_CHANNELS,
  oneBreak: tables.ONE_CHANNEL_BREAK,
  one: tables.ONE_CHANNEL,
  basic: tables.BASIC,
};

/** 16-bit counters of the general kind (TIM3, TIM4): RM0433, TIMx_CNT and TIMx_ARR. */
const NARROW: Readonly<Record<string, number>> = {
  CNT: 0x8000_ffff,
  ARR: 0xffff,
  CCR1: 0xffff,
  CCR2: 0xffff,
  CCR3: 0xffff,
  CCR4: 0xffff,
};

export function timRegisters(kind: TimKind, bits: 16 | 32, hooks: TimHooks): Record<string, RegisterSpec> {
  const table = TABLES[kind];
  const names = registerNames(table);
  const actions = actionsFor(kind, hooks);
  for (const name of Object.keys(actions)) if (!names.has(name)) delete actions[name];
  const specs = registerTable(table, actions);
  if (kind !== "general" || bits === 32) return specs;
  for (const [name, mask] of Object.entries(NARROW)) specs[name] = narrow(specs[name] as RegisterSpec, mask);
  return specs;
}

function narrow(spec: RegisterSpec, mask: number): RegisterSpec {
  const ro = (spec.ro ?? 0) | (mask & UIFCPY);
  return { ...spec, reset: (spec.reset & mask) >>> 0, rw: ((spec.rw ?? 0) & mask & ~ro) >>> 0, ro: ro >>> 0 };
}

function actionsFor(kind: TimKind, hooks: TimHooks): Record<string, RegisterAction> {
  const guarded = (name: string, effect: () => void) => (_written: number, before: number) => {
    hooks.locked(name, before);
    effect();
  };
  const actions: Record<string, RegisterAction> = {
    CR1: {
      rw: ALL,
      onRead: (stored) => hooks.readControl(stored),
      onWrite: (_written, before) => hooks.control(before),
    },
    CR2: { rw: ALL, onWrite: guarded("CR2", hooks.inputs) },
    SMCR: { rw: ALL, onWrite: () => hooks.inputs() },
    DIER: { rw: ALL, onWrite: () => hooks.update() },
    SR: {
      rw: ALL,
      quiet: true,
      onWrite: (written, before, laneMask) => hooks.status(written | ~laneMask, before),
    },
    EGR: { wo: ALL, onWrite: (written) => hooks.generate(written) },
    CCER: { rw: ALL, onWrite: guarded("CCER", hooks.outputs) },
    CNT: {
      rw: kind === "general" ? ALL : 0xffff,
      ro: kind === "general" ? 0 : UIFCPY,
      onRead: () => hooks.readCount(),
      onWrite: () => hooks.writeCount(),
    },
    PSC: { rw: ALL, onWrite: () => hooks.update() },
    ARR: { rw: ALL, onWrite: () => hooks.reload() },
    RCR: { rw: ALL, onWrite: () => hooks.update() },
    BDTR: { rw: ALL, onWrite: guarded("BDTR", hooks.mainOutput) },
    AF1: {
      rw: ALL,
      onWrite: () => {
        hooks.mainOutput();
        hooks.inputs();
      },
    },
    AF2: { rw: ALL, onWrite: () => hooks.mainOutput() },
    TISEL: { rw: ALL, onWrite: () => hooks.inputs() },
    DCR: { rw: ALL },
    DMAR: {
      rw: ALL,
      onRead: () => hooks.burst(undefined),
      onWrite: (written) => void hooks.burst(written),
    },
  };
  for (const number of [1, 2, 3]) {
    actions[`CCMR${number}_Output`] = {
      rw: ALL,
      onWrite: (_written, before) => hooks.channels(number, before),
    };
  }
  for (let index = 0; index < 6; index++) {
    actions[`CCR${index + 1}`] = {
      rw: ALL,
      onRead: (stored) => {
        hooks.readCompare(index);
        return stored;
      },
      onWrite: (_written, before) => hooks.compare(index, before),
    };
  }
  return actions;
}

/** What DFSDM1's registers do when software accesses them; some bits hold fast while their unit is on. */

import type { RegisterBlock, RegisterSpec } from "../../registers.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { CHANNELS, DFSDM, FILTERS } from "../tables/dfsdm.js";
import {
  CHANNEL,
  CHANNEL_LOCKED,
  CLOCK_LOCKED,
  FILTER,
  FILTER_LOCKED,
  SHIFT_LOCKED,
  STATUS,
  WATCH_LOCKED,
} from "./dfsdm-bits.js";

export interface DfsdmHooks {
  readonly registers: () => RegisterBlock<string>;
  readonly channelWritten: (channel: number, before: number) => void;
  readonly dataWritten: (channel: number, write: { before: number; laneMask: number }) => void;
  /** WDATR, as software reads it. */
  readonly watchdogData: (channel: number) => number;
  readonly filterWritten: (filter: number, written: number, before: number) => void;
  readonly groupWritten: (filter: number) => void;
  /** Thresholds, enables, channels to watch. */
  readonly limitsWritten: () => void;
  readonly watchdogCleared: (filter: number, written: number) => void;
  readonly cleared: (filter: number, written: number) => void;
  readonly dataRead: (filter: number, flag: number) => void;
  readonly extremeRead: (filter: number, register: "EXMAX" | "EXMIN") => void;
}

export function dfsdmRegisters(hooks: DfsdmHooks): Record<string, RegisterSpec> {
  const actions: Record<string, RegisterAction> = {};
  for (let channel = 0; channel < CHANNELS; channel++) addChannel(actions, hooks, channel);
  for (let filter = 0; filter < FILTERS; filter++) addFilter(actions, hooks, filter);
  return registerTable(DFSDM, actions);
}

function addChannel(actions: Record<string, RegisterAction>, hooks: DfsdmHooks, channel: number): void {
  const name = (register: string): string => `CH${channel}${register}`;
  const on = (): boolean => hooks.registers().has(name("CFGR1"), CHANNEL.CHEN);
  actions[name("CFGR1")] = {
    rw: ALL,
    onWrite: (_written, before) => {
      const clock = (before & CHANNEL.DFSDMEN) === 0 ? 0 : CLOCK_LOCKED;
      keep(hooks, name("CFGR1"), before, ((before & CHANNEL.CHEN) === 0 ? 0 : CHANNEL_LOCKED) | clock);
      hooks.channelWritten(channel, before);
    },
  };
  actions[name("CFGR2")] = {
    rw: ALL,
    onWrite: (_written, before) => keep(hooks, name("CFGR2"), before, on() ? SHIFT_LOCKED : 0),
  };
  actions[name("AWSCDR")] = {
    rw: ALL,
    onWrite: (_written, before) => {
      keep(hooks, name("AWSCDR"), before, on() ? WATCH_LOCKED : 0);
      hooks.limitsWritten();
    },
  };
  actions[name("WDATR")] = { ro: ALL, onRead: () => hooks.watchdogData(channel) };
  actions[name("DATINR")] = {
    rw: ALL,
    onWrite: (_written, before, laneMask) => hooks.dataWritten(channel, { before, laneMask }),
  };
}

function addFilter(actions: Record<string, RegisterAction>, hooks: DfsdmHooks, filter: number): void {
  const name = (register: string): string => `FLT${filter}${register}`;
  const starts = FILTER.JSWSTART | FILTER.RSWSTART;
  const limits: RegisterAction = { rw: ALL, onWrite: () => hooks.limitsWritten() };
  actions[name("CR1")] = {
    rw: ~starts,
    wo: starts,
    onWrite: (written, before) => {
      keep(hooks, name("CR1"), before, (before & FILTER.DFEN) === 0 ? 0 : FILTER_LOCKED);
      hooks.filterWritten(filter, written, before);
    },
  };
  for (const register of ["CR2", "AWHTR", "AWLTR"]) actions[name(register)] = limits;
  actions[name("ICR")] = { wo: ALL, onWrite: (written) => hooks.cleared(filter, written) };
  actions[name("AWCFR")] = { wo: ALL, onWrite: (written) => hooks.watchdogCleared(filter, written) };
  actions[name("JCHGR")] = {
    rw: ALL,
    onWrite: (_written, before) => {
      if (hooks.registers().get(name("JCHGR")) === 0) hooks.registers().set(name("JCHGR"), before);
      else hooks.groupWritten(filter);
    },
  };
  actions[name("FCR")] = {
    rw: ALL,
    onWrite: (_written, before) =>
      keep(hooks, name("FCR"), before, hooks.registers().has(name("CR1"), FILTER.DFEN) ? ALL : 0),
  };
  const data = { JDATAR: STATUS.JEOCF, RDATAR: STATUS.REOCF } as const;
  for (const [register, flag] of Object.entries(data)) {
    const onRead = (stored: number): number => {
      hooks.dataRead(filter, flag);
      return stored;
    };
    actions[name(register)] = { ro: ALL, onRead };
  }
  for (const register of ["EXMAX", "EXMIN"] as const) {
    const onRead = (stored: number): number => {
      hooks.extremeRead(filter, register);
      return stored;
    };
    actions[name(register)] = { ro: ALL, onRead };
  }
}

/** Bits that the write was not to change. */
function keep({ registers }: DfsdmHooks, name: string, before: number, mask: number): void {
  const block = registers();
  block.set(name, (block.get(name) & ~mask) | (before & mask));
}

/** FDCAN's acceptance filtering (RM0433, "Acceptance filter", "Standard message ID filter element", "Extended …"). */

import type { CanFrame } from "./fdcan-frame.js";

/** Where a frame goes. */
export interface Acceptance {
  /** Undefined: nowhere, it is only told. */
  readonly into: 0 | 1 | { readonly buffer: number } | undefined;
  /** Index of the filter; undefined: none matched. */
  readonly filter: number | undefined;
  /** It is told as a high priority message (IR.HPM). */
  readonly priority: boolean;
}

export interface FilterSettings {
  /** GFC. */
  readonly global: number;
  /** SIDFC or XIDFC. */
  readonly list: number;
  /** XIDAM. */
  readonly andMask: number;
}

interface Rule {
  readonly type: number;
  readonly action: number;
  readonly first: number;
  readonly second: number;
}

const CONFIG_REJECT = 3;
const CONFIG_PRIORITY = 4;
const CONFIG_BUFFER = 7;

/** @returns undefined: rejected */
export function accept(ram: DataView, frame: CanFrame, settings: FilterSettings): Acceptance | undefined {
  const { extended, remote } = frame;
  const { global, list } = settings;
  if (remote && (global & (extended ? 1 : 2)) !== 0) return undefined;
  const count = Math.min((list >>> 16) & 0xff, extended ? 64 : 128);
  for (let index = 0; index < count; index++) {
    const rule = extended
      ? extendedRule(ram, (list & 0xfffc) + 8 * index)
      : standardRule(ram, (list & 0xfffc) + 4 * index);
    if (rule.action === 0 || !matches(rule, frame, settings.andMask)) continue;
    return outcome(rule, index);
  }
  const rest = (global >>> (extended ? 2 : 4)) & 3;
  return rest >= 2 ? undefined : { into: rest === 0 ? 0 : 1, filter: undefined, priority: false };
}

function outcome({ action, second }: Rule, index: number): Acceptance | undefined {
  if (action === CONFIG_REJECT) return undefined;
  if (action === CONFIG_BUFFER) return { into: { buffer: second & 0x3f }, filter: index, priority: false };
  const priority = action >= CONFIG_PRIORITY;
  const fifo = priority ? action - CONFIG_PRIORITY : action;
  return { into: fifo === 0 ? undefined : fifo === 2 ? 1 : 0, filter: index, priority };
}

function standardRule(ram: DataView, at: number): Rule {
  const word = ram.getUint32(at, true);
  return {
    type: word >>> 30,
    action: (word >>> 27) & 7,
    first: (word >>> 16) & 0x7ff,
    second: word & 0x7ff,
  };
}

function extendedRule(ram: DataView, at: number): Rule {
  const [low, high] = [ram.getUint32(at, true), ram.getUint32(at + 4, true)];
  return { type: high >>> 30, action: low >>> 29, first: low & 0x1fff_ffff, second: high & 0x1fff_ffff };
}

/** Type 0: a range; 1: two ids; 2: an id and a mask; 3: of extended ids a range that XIDAM does not touch, else none. */
function matches({ type, action, first, second }: Rule, frame: CanFrame, andMask: number): boolean {
  const id = frame.extended && type !== 3 ? frame.id & andMask : frame.id;
  if (action === CONFIG_BUFFER) return id === first;
  if (type === 1) return id === first || id === second;
  if (type === 2) return ((id ^ first) & second) === 0;
  if (type === 3 && !frame.extended) return false;
  return id >= first && id <= second;
}

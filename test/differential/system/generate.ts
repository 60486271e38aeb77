/** Random system-level cases. */
import type { Random } from "../random.js";
import { BLOCK_ITEMS, VECTOR_ITEMS } from "./blocks.js";
import type { Item, SystemCase } from "./case.js";
import {
  BASIC_RETURN_ITEMS,
  EXCEPTION_ITEMS,
  HANDLED,
  type Make,
  prepare,
  RETURN_ITEMS,
  SETS_FAULTMASK,
  threadMode,
} from "./exceptions.js";
import { FAULT_ITEMS, STACK_ITEMS } from "./faults.js";
import { FLOAT_ITEMS, LAZY_ITEMS } from "./floats.js";
import { close, FLOATING_ITEMS, LATE_ITEMS, MPU_ITEMS, open, SPAN_ITEMS } from "./regions.js";
import { REGISTER_ITEMS, SPECIAL_ITEMS } from "./registers.js";

/** What a case is about: items for the thread and for handlers. */
interface Theme {
  readonly begin?: (random: Random) => Item[];
  readonly thread: readonly Make[];
  readonly handlers: readonly Make[];
  /** For NMI and HardFault, where a fault is a lockup. */
  readonly urgent?: readonly Make[];
  /** What a handler may end with, instead of its own EXC_RETURN. */
  readonly returns?: readonly Make[];
}

const THEMES: Readonly<Record<string, Theme>> = {
  exceptions: { thread: EXCEPTION_ITEMS, handlers: EXCEPTION_ITEMS },
  faults: {
    thread: [...FAULT_ITEMS, ...FAULT_ITEMS, ...EXCEPTION_ITEMS, ...STACK_ITEMS],
    handlers: [...FAULT_ITEMS, ...EXCEPTION_ITEMS],
  },
  floats: {
    thread: [...FLOAT_ITEMS, ...FLOAT_ITEMS, ...FLOAT_ITEMS, ...EXCEPTION_ITEMS],
    handlers: [...FLOAT_ITEMS, ...FLOAT_ITEMS, ...EXCEPTION_ITEMS, ...LAZY_ITEMS],
  },
  regions: {
    begin: open,
    returns: BASIC_RETURN_ITEMS,
    thread: [...MPU_ITEMS, ...MPU_ITEMS, ...MPU_ITEMS, ...EXCEPTION_ITEMS],
    handlers: [...MPU_ITEMS, ...EXCEPTION_ITEMS],
  },
  spans: {
    begin: close,
    // Late saves there, with the MPU off for what runs, on for what is saved.
    urgent: [...LATE_ITEMS, ...LATE_ITEMS, ...LATE_ITEMS, ...EXCEPTION_ITEMS.slice(0, 8)],
    returns: BASIC_RETURN_ITEMS,
    thread: [
      ...SPAN_ITEMS,
      ...SPAN_ITEMS,
      ...MPU_ITEMS,
      ...BLOCK_ITEMS,
      ...FLOATING_ITEMS,
      ...FLOATING_ITEMS,
    ],
    handlers: [...SPAN_ITEMS, ...EXCEPTION_ITEMS, ...LATE_ITEMS, ...LATE_ITEMS, ...LATE_ITEMS, ...LATE_ITEMS],
  },
  registers: { thread: REGISTER_ITEMS, handlers: [...REGISTER_ITEMS, ...EXCEPTION_ITEMS] },
  blocks: {
    thread: [...BLOCK_ITEMS, ...BLOCK_ITEMS, ...VECTOR_ITEMS, ...EXCEPTION_ITEMS],
    handlers: [...BLOCK_ITEMS, ...SPECIAL_ITEMS, ...EXCEPTION_ITEMS],
  },
};
export const THEME_NAMES = Object.keys(THEMES);

const MOST_ITEMS = 12;
const NMI = 2;
const HARD_FAULT = 3;

export function makeCase(random: Random, theme = random.pick(THEME_NAMES)): SystemCase {
  const { begin: first, thread, handlers, urgent, returns = RETURN_ITEMS } = THEMES[theme] as Theme;
  let tag = 0;
  const draw = (from: readonly Make[], count: number): Item[] =>
    Array.from({ length: count }, () => random.pick(from)(random, tag++));
  const begin = [
    ...prepare(random),
    ...(first?.(random) ?? []),
    ...(random.chance(70) ? [threadMode(random)] : []),
  ];
  const bodies = HANDLED.map((number): [number, Item[]] => {
    // A fault in one of these is a lockup, which ends QEMU.
    if (number === NMI || number === HARD_FAULT) {
      const items = draw(random.chance(5) ? handlers : (urgent ?? EXCEPTION_ITEMS), random.below(2));
      return [number, items.filter(({ name }) => name !== SETS_FAULTMASK)];
    }
    const items = draw(handlers, random.below(3));
    if (random.chance(3)) items.push(...draw(returns, 1));
    return [number, items];
  });
  return { thread: [...begin, ...draw(thread, 2 + random.below(MOST_ITEMS))], handlers: new Map(bodies) };
}

/** Items about exceptions: priorities, pending, masks, instructions that raise one, returns. */
import type { Random } from "../random.js";
import { type Item, item, log, UNKNOWN_ICSR } from "./case.js";
import {
  bfc,
  bics,
  cpsid,
  cpsie,
  DSB,
  ISB,
  it,
  ldr,
  mov32,
  mrs,
  msr,
  orrs,
  SPECIAL,
  str,
  svc,
} from "./thumb.js";

export const SCS = {
  ISER: 0xe000e100,
  ICER: 0xe000e180,
  ISPR: 0xe000e200,
  ICPR: 0xe000e280,
  IABR: 0xe000e300,
  IPR: 0xe000e400,
  ICSR: 0xe000ed04,
  VTOR: 0xe000ed08,
  AIRCR: 0xe000ed0c,
  SCR: 0xe000ed10,
  CCR: 0xe000ed14,
  SHPR1: 0xe000ed18,
  SHPR2: 0xe000ed1c,
  SHPR3: 0xe000ed20,
  SHCSR: 0xe000ed24,
  CFSR: 0xe000ed28,
  HFSR: 0xe000ed2c,
  MMFAR: 0xe000ed34,
  BFAR: 0xe000ed38,
  CPACR: 0xe000ed88,
  STIR: 0xe000ef00,
  FPCCR: 0xe000ef34,
  FPCAR: 0xe000ef38,
  FPDSCR: 0xe000ef3c,
} as const;
/** Interrupts that cases use. */
export const IRQS = 8;
/** Exceptions with a handler in cases. */
export const HANDLED = [2, 3, 4, 5, 6, 11, 14, 15, ...Array.from({ length: IRQS }, (_, n) => 16 + n)];
/** Few levels, so that several are equal. Only bits that this chip implements. */
const LEVELS = [0, 0x10, 0x20, 0x40, 0x40, 0x60, 0x80, 0xa0, 0xc0, 0xf0];

export const priority = (random: Random): number => random.pick(LEVELS);
const fourPriorities = (random: Random, mask: number): number =>
  (Array.from({ length: 4 }, () => priority(random)).reduce((word, level) => (word << 8) | level, 0) &
    mask) >>>
  0;

/** Writes a register of the system and waits until that has its effect. */
export function store(name: string, address: number, value: number): Item {
  const shown = `${name} = 0x${(value >>> 0).toString(16)}`;
  return item(shown, mov32(1, address), mov32(2, value), str(2, 1), [...DSB], [...ISB]);
}

export function load(name: string, address: number, tag: number): Item {
  return item(`read ${name}`, mov32(2, address), ldr(1, 2), log(tag, 1));
}

/** As the harness reads it (`read_icsr`). */
function loadIcsr(tag: number): Item {
  const mask = [...mrs(2, SPECIAL.BASEPRI), ...mrs(3, SPECIAL.FAULTMASK), orrs(2, 3)];
  const unknown = [...mov32(3, UNKNOWN_ICSR), ldr(3, 3), bics(1, 3)];
  const thread = [...mrs(3, SPECIAL.IPSR), orrs(3, 3), it(0, 8), ...bfc(1, 11, 1)];
  const code = [...mov32(2, SCS.ICSR), ldr(1, 2), ...mask, it(1, 8), ...bfc(1, 12, 9), ...thread, ...unknown];
  return item("read ICSR", code, log(tag, 1));
}

const VECTKEY = 0x05fa0000;
/** CCR bits that QEMU has: NONBASETHRDENA, USERSETMPEND, UNALIGN_TRP, DIV_0_TRP, not BFHFNMIGN. */
export const CCR_BITS = [1 << 0, 1 << 1, 1 << 3, 1 << 4];
export const CCR_STKALIGN = 1 << 9;
const ICSR_BITS = [1 << 31, 1 << 28, 1 << 28, 1 << 27, 1 << 26, 1 << 26, 1 << 25];
const ICSR_SETS = [1 << 31, 1 << 28, 1 << 26];
export const SHCSR_ENABLES = [1 << 16, 1 << 17, 1 << 18];

export const some = (random: Random, bits: readonly number[], percent: number): number =>
  bits.reduce((all, bit) => (random.chance(percent) ? all | bit : all), 0);

const interrupts = (random: Random): number => random.bits32() & random.bits32() & ((1 << IRQS) - 1);

/** Set-ups that most cases begin with. */
export function prepare(random: Random): Item[] {
  const items = [
    store("SHPR1", SCS.SHPR1, fourPriorities(random, 0x00f0f0f0)),
    store("SHPR2", SCS.SHPR2, fourPriorities(random, 0xf0000000)),
    store("SHPR3", SCS.SHPR3, fourPriorities(random, 0xf0f00000)),
    store("IPR0", SCS.IPR, fourPriorities(random, 0xf0f0f0f0)),
    store("IPR1", SCS.IPR + 4, fourPriorities(random, 0xf0f0f0f0)),
    store("AIRCR", SCS.AIRCR, VECTKEY | (random.below(8) << 8)),
    store("ISER", SCS.ISER, interrupts(random) | interrupts(random)),
    store("SHCSR", SCS.SHCSR, some(random, SHCSR_ENABLES, 60)),
    store("CCR", SCS.CCR, CCR_STKALIGN | some(random, CCR_BITS, 30)),
  ];
  return items.filter(() => random.chance(80));
}

/** Thread code with or without privilege, on either stack. */
export function threadMode(random: Random): Item {
  const control = random.below(4);
  return item(`CONTROL = ${control}`, mov32(1, control), msr(SPECIAL.CONTROL, 1), [...ISB]);
}

export type Make = (random: Random, tag: number) => Item;

const special =
  (name: keyof typeof SPECIAL, value: (random: Random) => number): Make =>
  (random) => {
    const written = value(random);
    return item(`${name} = 0x${written.toString(16)}`, mov32(1, written), msr(SPECIAL[name], 1), [...ISB]);
  };
const nextStack = (random: Random): number => 0x20003800 + random.below(0x200) * 4;

/** Not for handlers of a negative priority, where QEMU sets FAULTMASK. */
export const SETS_FAULTMASK = "CPSID f";

export const EXCEPTION_ITEMS: readonly Make[] = [
  (random) => item("SVC", svc(random.below(256))),
  (random) => item("SVC", svc(random.below(256))),
  (random) => store("ICSR", SCS.ICSR, random.pick(ICSR_BITS)),
  (random) => store("ICSR", SCS.ICSR, random.pick(ICSR_SETS) | random.pick(ICSR_SETS)),
  (random) => store("ISPR0", SCS.ISPR, interrupts(random)),
  (random) => store("ISPR0", SCS.ISPR, interrupts(random)),
  (random) => store("STIR", SCS.STIR, random.below(IRQS)),
  (random) => store("ICPR0", SCS.ICPR, interrupts(random)),
  (random) => store("ICER0", SCS.ICER, interrupts(random)),
  (random) => store("ISER0", SCS.ISER, interrupts(random)),
  (random) => store("IPR", SCS.IPR + random.below(2) * 4, fourPriorities(random, 0xf0f0f0f0)),
  (random) => store("SHPR3", SCS.SHPR3, fourPriorities(random, 0xf0f00000)),
  (random) => store("SHPR1", SCS.SHPR1, fourPriorities(random, 0x00f0f0f0)),
  (random) => store("AIRCR", SCS.AIRCR, VECTKEY | (random.below(8) << 8)),
  (random) => store("SHCSR", SCS.SHCSR, some(random, SHCSR_ENABLES, 50)),
  special("BASEPRI", priority),
  special("BASEPRI_MAX", priority),
  special("PRIMASK", (random) => random.below(2)),
  special("FAULTMASK", () => 0),
  special("CONTROL", (random) => random.below(4)),
  special("PSP", nextStack),
  () => item("CPSID i", cpsid(2), [...ISB]),
  () => item(SETS_FAULTMASK, cpsid(1), [...ISB]),
  () => item("CPSIE", cpsie(3), [...ISB]),
  () => item("CPSIE", cpsie(2), [...ISB]),
  (_, tag) => loadIcsr(tag),
  (_, tag) => load("SHCSR", SCS.SHCSR, tag),
  (_, tag) => load("IABR", SCS.IABR, tag),
  (_, tag) =>
    item(
      "read masks",
      mrs(1, SPECIAL.PRIMASK),
      mrs(2, SPECIAL.BASEPRI),
      mrs(3, SPECIAL.CONTROL),
      log(tag, 3),
    ),
];

/** EXC_RETURN values: those that exist, those that do not. */
const BASIC_RETURNS = [0xfffffff1, 0xfffffff9, 0xfffffffd];
const EXTENDED_RETURNS = [0xffffffe1, 0xffffffe9, 0xffffffed];
const NO_RETURNS = [0xfffffff0, 0xfffffff3, 0xfffffff5, 0xfffffff7, 0xfffffffb, 0xffffffff];

const returns =
  (existing: readonly number[]): Make =>
  (random) => {
    const value = random.chance(75) ? random.pick(existing) : random.pick(NO_RETURNS);
    return item(`LR = 0x${value.toString(16)}`, mov32(14, value));
  };

/** What a handler may have as its last item. */
export const RETURN_ITEMS: readonly Make[] = [returns([...BASIC_RETURNS, ...EXTENDED_RETURNS])];
/** The same where regions end with the stacks: QEMU goes on when the floating-point part of a frame cannot be read. */
export const BASIC_RETURN_ITEMS: readonly Make[] = [returns(BASIC_RETURNS)];

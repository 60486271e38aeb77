/** Items about the MPU: regions over the data, over the process stack, accesses with and without privilege. */
import type { Random } from "../random.js";
import { DATA, type Item, item, log, resumeBehind, VECTORS, WINDOW } from "./case.js";
import { type Make, SCS, store } from "./exceptions.js";
import {
  bx,
  DSB,
  ISB,
  ldm,
  ldmdb,
  ldr,
  ldrd,
  ldrh,
  ldrt,
  mov,
  mov32,
  msr,
  NOP,
  pop,
  push,
  SPECIAL,
  stm,
  stmdb,
  str,
  strd,
  strh,
  strt,
  svc,
  UDF,
  vldm,
  vmovToS,
  vstm,
} from "./thumb.js";

const MPU = { CTRL: 0xe000ed94, RBAR: 0xe000ed9c, RASR: 0xe000eda0 } as const;
const VALID = 1 << 4;
const CTRL = { ENABLE: 1, HFNMIENA: 2, PRIVDEFENA: 4 } as const;
/** AP without the UNPREDICTABLE 4. */
const ACCESS = [0, 1, 2, 3, 5, 6, 7];
/** Normal memory, so that the type of a region decides nothing. */
const NORMAL = 1 << 17;
const STACK = 0x20003000;
const XN = 1 << 28;

function region(number: number, base: number, attributes: number): Item {
  const rbar = ((base | VALID | number) >>> 0).toString(16);
  const values = [...mov32(2, base | VALID | number), ...mov32(3, attributes | NORMAL | 1)];
  return item(
    `region ${number}: RBAR 0x${rbar}`,
    mov32(1, MPU.RBAR),
    values,
    // Both or none: a base with another region's size is UNPREDICTABLE.
    stm(1, 0xc),
    [...DSB],
    [...ISB],
  );
}

/** 32 bytes to 16 KiB at the data. Subregions below QEMU's page of 1 KiB it forgets once it met one that is taken out. */
function dataRegion(random: Random): Item {
  const field = 4 + random.below(10);
  const size = 2 ** (field + 1);
  const base = DATA + random.below(Math.max(1, 0x1000 / size)) * size;
  const subregions = size >= 0x2000 && random.chance(60) ? random.below(256) : 0;
  const executeNever = random.below(2) * XN;
  return region(
    3 + random.below(4),
    base,
    (random.pick(ACCESS) << 24) | (subregions << 8) | (field << 1) | executeNever,
  );
}

/** All memory is open to everybody below the other regions, so that harness and cases can go on. */
export const open = (random: Random): Item[] => [
  region(0, 0, (3 << 24) | (31 << 1)),
  ...Array.from({ length: 2 + random.below(5) }, () => dataRegion(random)),
  store("MPU_CTRL", MPU.CTRL, CTRL.ENABLE | CTRL.PRIVDEFENA | (random.below(2) * CTRL.HFNMIENA)),
];

const word = (random: Random): number => DATA + random.below(0x400) * 4;

export const MPU_ITEMS: readonly Make[] = [
  (random, tag) => item("LDR", mov32(2, word(random)), ldr(1, 2), log(tag, 1)),
  (random, tag) => item("LDRH", mov32(2, word(random)), ldrh(1, 2), log(tag, 1)),
  (random, tag) => item("LDRT", mov32(2, word(random)), ldrt(1, 2), log(tag, 1)),
  (random) => item("STR", mov32(2, word(random)), str(7, 2)),
  (random) => item("STRH", mov32(2, word(random)), strh(7, 2)),
  (random) => item("STRT", mov32(2, word(random)), strt(7, 2)),
  (random) => dataRegion(random),
  (random) => region(7, STACK, (random.pick(ACCESS) << 24) | (11 << 1)),
  (random) => store("MPU_CTRL", MPU.CTRL, CTRL.PRIVDEFENA | random.below(4)),
];

const FULL = 3 << 24;
/** SIZE of regions. */
const SIZE = { all: 31, code: 21, log: 19, stacks: 12 } as const;
const LOG = 0x20100000;
const STACKS = 0x20002000;

/**
 * No background region, or only for privileged code: what harness and case need is open, the data and the window are not,
 * but for what regions say.
 */
export const close = (random: Random): Item[] => [
  // One item: without them no case could go on.
  together(
    "regions of code, log and stacks",
    region(0, 0, FULL | (SIZE.code << 1)),
    region(1, LOG, FULL | (SIZE.log << 1)),
    region(2, STACKS, (random.chance(85) ? FULL : 1 << 24) | (SIZE.stacks << 1)),
    store("MPU_CTRL", MPU.CTRL, CTRL.ENABLE | (random.below(4) * CTRL.HFNMIENA)),
  ),
  ...Array.from({ length: 2 + random.below(4) }, () => spanRegion(random)),
  store("CPACR", SCS.CPACR, 0xf00000),
  // No region lets anybody read these vectors: they are read past the MPU.
  store("VTOR", SCS.VTOR, random.pick([0, 0, VECTORS])),
];

const together = (name: string, ...items: readonly Item[]): Item =>
  item(name, ...items.map(({ halfwords }) => halfwords));

/** 256 bytes to 4 KiB of the data, 1 KiB to 4 KiB of the window: QEMU looks at an instruction's first half and its page only. */
function spanRegion(random: Random): Item {
  const code = random.chance(40);
  const field = code ? 9 + random.below(3) : 7 + random.below(5);
  const size = 2 ** (field + 1);
  const base = (code ? WINDOW : DATA) + random.below(0x1000 / size) * size;
  const access = random.chance(60) ? 3 : random.pick(ACCESS);
  return region(3 + random.below(4), base, (access << 24) | (field << 1) | (random.below(4) === 0 ? XN : 0));
}

/** A word at most 4 words before or behind a place where a region may begin. */
const edge = (random: Random): number => DATA + random.below(16) * 0x100 + (random.below(9) - 4) * 4;
const LIST = 0x1e;

/** Loads LIST or a part of it, and the base: r6. */
function lists(name: string, random: Random, tag: number, code: (list: number) => number[]): Item {
  const list = (LIST & random.bits32()) | 2 | (1 << (2 + random.below(3)));
  return item(name, mov32(6, edge(random)), code(list), log(tag, 4), [...logBase(tag)]);
}

const logBase = (tag: number): number[] => [mov(1, 6), ...log(tag, 1)];

/** Executes the window from a place on that may lie before, behind or across the edge of a region. */
function visit(random: Random, tag: number): Item {
  const unit = WINDOW + random.below(0x80 - 1) * 32;
  const target = unit + random.pick([4, 20, 28, 30, 30, 30]);
  const code = [...mov32(1, target | 1), bx(1)];
  const name = `execute 0x${target.toString(16)}`;
  return item(name, resumeBehind(code.length + 1), code, NOP, log(tag, 1));
}

/** The thread's floating-point registers are saved late, where regions decide, with its rights. */
export const LATE_ITEMS: readonly Make[] = [
  (random) =>
    item("late save", store("", SCS.FPCAR, edge(random) & ~7).halfwords, vmovToS(random.below(32), 7)),
];
export const FLOATING_ITEMS: readonly Make[] = [
  (random) => item("VMOV, SVC", vmovToS(random.below(32), 7), svc(random.below(256)), NOP),
  (random) => item("VMOV, UDF", vmovToS(random.below(32), 7), UDF, NOP),
];

export const SPAN_ITEMS: readonly Make[] = [
  (random, tag) => lists("LDM", random, tag, (list) => ldm(6, list, random.below(2))),
  (random, tag) => lists("LDMDB", random, tag, (list) => ldmdb(6, list, random.below(2))),
  (random, tag) => lists("LDM of its base", random, tag, (list) => ldm(6, list | (1 << 6))),
  (random, tag) => lists("STM", random, tag, (list) => stm(6, list, random.below(2))),
  (random, tag) => lists("STMDB", random, tag, (list) => stmdb(6, list, random.below(2))),
  (random, tag) => item("STRD", mov32(6, edge(random)), strd(4, 5, 6), logBase(tag)),
  // The first register is UNKNOWN after a fault of the second: it holds already what is loaded.
  (random, tag) => item("LDRD", mov32(6, edge(random)), ldr(3, 6), ldrd(3, 4, 6), logBase(tag)),
  (random, tag) => item("VLDM", mov32(6, edge(random)), vldm(6, random.below(16), 8), logBase(tag)),
  (random, tag) => item("VSTM", mov32(6, edge(random)), vstm(6, 16 + random.below(8), 8), logBase(tag)),
  (random) => store("FPCAR", SCS.FPCAR, edge(random) & ~7),
  // Frames then lie across an edge.
  (random) => item("PSP at an edge", mov32(1, edge(random) + 32), msr(SPECIAL.PSP, 1), [...ISB]),
  (_, tag) => item("PUSH, POP", push(0xf0), pop(LIST), log(tag, 4)),
  visit,
  visit,
  (random) => spanRegion(random),
  (random) => region(7, STACK, (random.pick(ACCESS) << 24) | (11 << 1)),
  (random) => store("MPU_CTRL", MPU.CTRL, CTRL.ENABLE | (random.below(4) * CTRL.HFNMIENA)),
];

/** Items about the MPU: regions over the data, over the process stack, accesses with and without privilege. */
import type { Random } from "../random.js";
import { DATA, type Item, item, log } from "./case.js";
import { type Make, store } from "./exceptions.js";
import { DSB, ISB, ldr, ldrh, ldrt, mov32, str, strh, strt } from "./thumb.js";

const MPU = { CTRL: 0xe000ed94, RBAR: 0xe000ed9c, RASR: 0xe000eda0 } as const;
const VALID = 1 << 4;
const CTRL = { ENABLE: 1, HFNMIENA: 2, PRIVDEFENA: 4 } as const;
/** AP without the UNPREDICTABLE 4. */
const ACCESS = [0, 1, 2, 3, 5, 6, 7];
/** Normal memory, so that the type of a region decides nothing. */
const NORMAL = 1 << 17;
const STACK = 0x20003000;

function region(number: number, base: number, attributes: number): Item {
  const rbar = ((base | VALID | number) >>> 0).toString(16);
  const values = [...mov32(2, base | VALID | number), ...mov32(3, attributes | NORMAL | 1)];
  return item(
    `region ${number}: RBAR 0x${rbar}`,
    mov32(1, MPU.RBAR),
    values,
    str(2, 1),
    str(3, 1, 1),
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
  const executeNever = random.below(2) << 28;
  return region(
    1 + random.below(6),
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

/** Items that fault, and those about the registers that tell of it. */
import type { Random } from "../random.js";
import { DATA, type Item, item, log, resumeBehind, UNKNOWN_ICSR } from "./case.js";
import { CCR_BITS, CCR_STKALIGN, load, type Make, SCS, some, store } from "./exceptions.js";
import {
  bx,
  ISB,
  ldm,
  ldr,
  ldrd,
  ldrh,
  mov32,
  movImm8,
  msr,
  SPECIAL,
  sdiv,
  stm,
  str,
  strh,
  UDF,
  UDF_W,
  udiv,
} from "./thumb.js";

/** Where nothing answers: in the range for devices, where stores are precise nowhere. */
const NOTHING = 0x48000000;
/** Where nothing may execute. */
const NO_CODE = [0x40000000, 0xa0000000, 0xe0000000, 0xe000ed00];

/** A branch to where nothing can execute; goes on behind itself. */
function lost(name: string, target: number): Item {
  const code = [...mov32(1, target), bx(1)];
  return item(name, resumeBehind(code.length + 1), code, 0xbf00);
}

const SHCSR_PENDING = [1 << 12, 1 << 13, 1 << 14, 1 << 15];
const SHCSR_ACTIVE = [1 << 0, 1 << 1, 1 << 3, 1 << 7, 1 << 10, 1 << 11];
/** ICSR.RETTOBASE: QEMU counts active exceptions, whether or not that of IPSR is one. */
const RETTOBASE = 1 << 11;
const CFSR_BITS = [0xff, 0xff00, 0xffff0000, 0x10000, 0x200, 0x8000, 0x80, 0x2];

export const FAULT_ITEMS: readonly Make[] = [
  () => item("UDF", UDF),
  () => item("UDF.W", [...UDF_W]),
  () => item("no coprocessor", [0xee00, 0x0000]),
  (random, tag) => item("division by 0", movImm8(2, 0), random.pick([sdiv, udiv])(1, 7, 2), log(tag, 1)),
  (random, tag) => item("LDR unaligned", mov32(2, DATA + 1 + random.below(3)), ldr(1, 2), log(tag, 1)),
  (_, tag) => item("LDRH unaligned", mov32(2, DATA + 1), ldrh(1, 2), log(tag, 1)),
  (random) => item("STR unaligned", mov32(2, DATA + random.below(256)), str(7, 2)),
  (random) => item("STRH unaligned", mov32(2, DATA + random.below(256)), strh(7, 2)),
  (_, tag) => item("LDRD unaligned", mov32(3, DATA + 2), ldrd(1, 2, 3), log(tag, 2)),
  (_, tag) => item("LDM unaligned", mov32(3, DATA + 2), ldm(3, 6), log(tag, 2)),
  () => item("STM unaligned", mov32(3, DATA + 2), stm(3, 6)),
  (random) => lost("BX to an even address", DATA + random.below(64) * 4),
  (random) => lost("BX to no code", random.pick(NO_CODE) | 1),
  (random, tag) => item("LDR of nothing", mov32(2, NOTHING + random.below(16) * 4), ldr(1, 2), log(tag, 1)),
  (random) => store("CFSR", SCS.CFSR, random.pick(CFSR_BITS)),
  (random) => store("HFSR", SCS.HFSR, random.pick([0x40000000, 2, 0x80000000])),
  (_, tag) => load("CFSR", SCS.CFSR, tag),
  (_, tag) => load("HFSR", SCS.HFSR, tag),
  (random) => store("CCR", SCS.CCR, CCR_STKALIGN | some(random, CCR_BITS, 40)),
  (random) => store("SHCSR", SCS.SHCSR, 0x70000 | some(random, SHCSR_PENDING, 30)),
  (random) => {
    const value = 0x50000 | some(random, SHCSR_ACTIVE, 20) | some(random, SHCSR_PENDING, 10);
    const { name, halfwords } = store("SHCSR", SCS.SHCSR, value);
    return item(name, halfwords, mov32(1, UNKNOWN_ICSR), mov32(2, RETTOBASE), str(2, 1));
  },
  () => store("ICSR NMI", SCS.ICSR, 0x80000000),
];

/** Only for the thread: stacks where stacking and unstacking fail, and what is a return in Handler mode. */
export const STACK_ITEMS: readonly Make[] = [
  (random: Random) => lost("BX to EXC_RETURN", random.pick([0xfffffff9, 0xfffffffd, 0xffffffe9, 0xf0000001])),
  (random: Random) => {
    const sp = NOTHING + random.below(64) * 4;
    return item(`PSP = 0x${sp.toString(16)}`, mov32(1, sp), msr(SPECIAL.PSP, 1), [...ISB]);
  },
];

/** Items about floating-point context: lazy and eager stacking, CONTROL.FPCA, access, FPSCR and its default. */
import { item, log } from "./case.js";
import { load, type Make, SCS, store } from "./exceptions.js";
import { mov32, mrs, SPECIAL, vadd, vldm, vmovFromS, vmovToS, vmrs, vmsr, vstm } from "./thumb.js";

const FPCCR = [0xc0000000, 0xc0000000, 0x80000000, 0x40000000, 0];
const CPACR = [0, 0xf00000, 0xf00000];
const FPSCR_BITS = 0xf7c0009f;

export const FLOAT_ITEMS: readonly Make[] = [
  (random) => store("FPCCR", SCS.FPCCR, random.pick(FPCCR)),
  (random) => store("FPDSCR", SCS.FPDSCR, random.bits32()),
  (random) => store("CPACR", SCS.CPACR, random.pick(CPACR)),
  (_, tag) => load("FPDSCR", SCS.FPDSCR, tag),
  (_, tag) => load("FPCAR", SCS.FPCAR, tag),
  (_, tag) => item("read CONTROL", mrs(1, SPECIAL.CONTROL), log(tag, 1)),
  (random) => item("VMSR", mov32(1, random.bits32() & FPSCR_BITS), vmsr(1)),
  (_, tag) => item("VMRS", vmrs(1), log(tag, 1)),
  (random, tag) => {
    const s = random.below(32);
    return item("VMOV and back", vmovToS(s, 7), vmovFromS(1, s), log(tag, 1));
  },
  (random, tag) => {
    const [a, b] = [random.below(32), random.below(32)];
    const code = [...mov32(1, 0x3f800000 + random.below(0x1000000)), ...vmovToS(a, 1), ...vmovToS(b, 1)];
    return item("VADD", code, vadd(b, a, b), vmovFromS(1, b), log(tag, 1));
  },
  (random) => item("VLDM", vldm(10, random.below(16), 16)),
  (random) => item("VSTM of the upper half", vstm(10, 16 + random.below(8), 8)),
];

/** Where the late save of registers fails. */
export const LAZY_ITEMS: readonly Make[] = [
  (random) => store("FPCAR", SCS.FPCAR, random.pick([0x48000000, 0x20010000, 0x20010104])),
];

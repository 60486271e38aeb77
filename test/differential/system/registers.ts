/** Items that write registers of the system and read them back, and every special register by MSR and MRS. */
import type { Random } from "../random.js";
import { type Item, item, log } from "./case.js";
import { CCR_STKALIGN, type Make, SCS } from "./exceptions.js";
import {
  ands,
  DSB,
  ISB,
  ldr,
  ldrb,
  ldrh,
  mov32,
  movImm8,
  mrs,
  msr,
  SPECIAL,
  str,
  strb,
  strh,
} from "./thumb.js";

interface Register {
  readonly name: string;
  readonly address: number;
  /** Bits that may be written. */
  readonly writable: number;
  /** Bits that can be compared. */
  readonly compared: number;
}

const ALL = 0xffffffff;
/** Priorities: QEMU has all eight bits of each. */
const HIGH_HALVES = 0xf0f0f0f0;

function register(name: string, address: number, writable: number, compared = ALL): Register {
  return { name, address, writable, compared };
}

const SHPR = [SCS.SHPR1, SCS.SHPR2, SCS.SHPR3].map((address, n) =>
  register(`SHPR${n + 1}`, address, HIGH_HALVES),
);
/**
 * Without what would end the case, SYSRESETREQ, and without sleep. Of SCR QEMU keeps no SLEEPDEEP; CCR.STKALIGN can be written
 * there.
 */
const REGISTERS: readonly Register[] = [
  ...SHPR,
  register("AIRCR", SCS.AIRCR, 0xfffff700 & ~(1 << 15)),
  register("SCR", SCS.SCR, ALL & ~2, 0x10),
  register("CCR", SCS.CCR, ALL & ~0x70000 & ~(1 << 8), ALL & ~0x40000),
  register("SHCSR", SCS.SHCSR, 0x70000),
  register("CFSR", SCS.CFSR, ALL),
  register("HFSR", SCS.HFSR, ALL),
  register("DFSR", 0xe000ed30, ALL),
  register("MMFAR", SCS.MMFAR, ALL),
  register("BFAR", SCS.BFAR, ALL),
  register("CPACR", SCS.CPACR, 0xf00000),
  register("FPCCR", SCS.FPCCR, ALL & ~1 & ~(1 << 10), ALL & ~(1 << 10)),
  register("FPCAR", SCS.FPCAR, ALL),
  register("FPDSCR", SCS.FPDSCR, ALL),
  register("MPU_RNR", 0xe000ed98, 7),
  register("MPU_RBAR", 0xe000ed9c, ALL & ~8),
  register("MPU_RASR", 0xe000eda0, ALL & ~(4 << 24)),
  register("MPU_RBAR_A1", 0xe000eda4, ALL & ~8),
  register("MPU_RASR_A2", 0xe000edb0, ALL & ~(4 << 24)),
  register("NVIC_ISER0", SCS.ISER, 0xff),
  register("NVIC_ICER0", SCS.ICER, ALL),
  register("NVIC_ICPR0", SCS.ICPR, ALL),
  register("NVIC_IPR2", SCS.IPR + 8, HIGH_HALVES),
];
const VECTKEY = 0x05fa0000;

const value = (random: Random, { name, writable }: Register): number => {
  const drawn = random.pick([0, ALL, random.bits32(), random.bits32()]) & writable;
  if (name === "CCR") return drawn | CCR_STKALIGN;
  // With the key as often as without.
  return (name === "AIRCR" && random.chance(50) ? (drawn & 0xffff) | VECTKEY : drawn) >>> 0;
};

function writeAndRead(random: Random, tag: number): Item {
  const one = random.pick(REGISTERS);
  const written = value(random, one);
  return item(
    `${one.name} = 0x${written.toString(16)}`,
    [...mov32(2, one.address), ...mov32(1, written), str(1, 2), ...DSB, ...ISB],
    [ldr(1, 2), ...mov32(2, one.compared), ands(1, 2)],
    log(tag, 1),
  );
}

/** What may be accessed by byte and halfword: priorities and the parts of CFSR. */
const PARTS = [SCS.SHPR1, SCS.SHPR2, SCS.SHPR3, SCS.IPR, SCS.IPR + 4, SCS.IPR + 28, SCS.CFSR, SCS.CFSR];

const writePart: Make = (random, tag) => {
  const register = random.pick(PARTS);
  const written = random.bits32() & (register === SCS.CFSR ? ALL : HIGH_HALVES);
  const halfword = random.chance(50);
  const address = register + (halfword ? random.below(2) * 2 : random.below(4));
  const [store, load] = halfword ? [strh, ldrh] : [strb, ldrb];
  const whole = [...mov32(2, register), ldr(3, 2)];
  const code = [
    ...mov32(2, address),
    ...mov32(1, written),
    store(1, 2),
    ...DSB,
    ...ISB,
    load(1, 2),
    ...whole,
  ];
  return item(`${halfword ? "STRH" : "STRB"} 0x${address.toString(16)}`, code, log(tag, 3));
};

/** Before any exception may read a vector there, VTOR leads back. */
const writeVtor: Make = (random, tag) => {
  const code = [...mov32(2, SCS.VTOR), ...mov32(1, random.bits32()), movImm8(3, 0)];
  return item("VTOR, read back", code, str(1, 2), ldr(1, 2), str(3, 2), log(tag, 1));
};

/** Registers that only tell: type, features, the NVIC's size. ID registers are the implementation's. */
const TOLD = [0xe000e004, 0xe000ef40, 0xe000ef44, SCS.IABR, SCS.ISPR];

const read: Make = (random, tag) => {
  const address = random.pick(TOLD);
  return item(`read 0x${address.toString(16)}`, mov32(2, address), ldr(1, 2), log(tag, 1));
};

const { APSR, IAPSR, EAPSR, XPSR, IPSR, EPSR, IEPSR, MSP, PSP, CONTROL } = SPECIAL;
const { PRIMASK, BASEPRI, BASEPRI_MAX, FAULTMASK } = SPECIAL;
const FLAGS = [APSR, IAPSR, EAPSR, XPSR];
const MASKS = [PRIMASK, BASEPRI, BASEPRI_MAX, FAULTMASK];
const READABLE = [...FLAGS, IPSR, EPSR, IEPSR, MSP, PSP, CONTROL, ...MASKS];

/** The low halves of priorities, which QEMU has, stay 0. */
const forSpecial = (random: Random, sysm: number): number =>
  sysm === BASEPRI || sysm === BASEPRI_MAX ? random.bits32() & ~0xf : random.bits32();

export const SPECIAL_ITEMS: readonly Make[] = [
  (random, tag) => {
    const [a, b] = [random.pick(READABLE), random.pick(READABLE)];
    return item(`MRS ${a}, MRS ${b}`, mrs(1, a), mrs(2, b), log(tag, 2));
  },
  (random, tag) => {
    const [sysm, mask] = [random.pick(FLAGS), 1 + random.below(3)];
    const written = mov32(1, random.bits32());
    return item(`MSR ${sysm}, mask ${mask}`, written, msr(sysm, 1, mask), mrs(1, XPSR), log(tag, 1));
  },
  (random, tag) => {
    const sysm = random.pick([IPSR, EPSR, IEPSR]);
    return item(`MSR ${sysm}`, mov32(1, random.bits32()), msr(sysm, 1), mrs(1, XPSR), log(tag, 1));
  },
  (random, tag) => {
    const sysm = random.pick([PRIMASK, BASEPRI, BASEPRI_MAX, BASEPRI_MAX]);
    const code = [...mov32(1, forSpecial(random, sysm)), ...msr(sysm, 1), ...ISB];
    return item(`MSR ${sysm}`, code, mrs(1, PRIMASK), mrs(2, sysm), log(tag, 2));
  },
  (random, tag) => {
    const code = [...mov32(1, random.bits32()), ...msr(CONTROL, 1), ...ISB];
    return item("MSR CONTROL", code, mrs(1, CONTROL), log(tag, 1));
  },
];

export const REGISTER_ITEMS: readonly Make[] = [
  writeAndRead,
  writeAndRead,
  writeAndRead,
  writePart,
  writePart,
  writeVtor,
  read,
  ...SPECIAL_ITEMS,
];

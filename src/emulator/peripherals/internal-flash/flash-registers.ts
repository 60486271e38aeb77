/** Registers of FLASH as data (RM0433, chapter embedded flash memory). */

import type { RegisterSpec } from "../../registers.js";

/** What a bank has for itself; the second bank's lie 0x100 higher. */
const OF_BANK = {
  KEYR: { offset: 0x04, reset: 0, wo: 0xffff_ffff },
  CR: { offset: 0x0c, reset: 0x31, rw: 0x1fef_87ff },
  SR: { offset: 0x10, reset: 0, ro: 0x1fef_000f },
  CCR: { offset: 0x14, reset: 0, wo: 0x1fef_0000 },
  PRAR_CUR: { offset: 0x28, reset: 0, ro: 0x8fff_0fff },
  PRAR_PRG: { offset: 0x2c, reset: 0, rw: 0x8fff_0fff },
  SCAR_CUR: { offset: 0x30, reset: 0, ro: 0x8fff_0fff },
  SCAR_PRG: { offset: 0x34, reset: 0, rw: 0x8fff_0fff },
  WPSN_CUR: { offset: 0x38, reset: 0, ro: 0xff },
  WPSN_PRG: { offset: 0x3c, reset: 0, rw: 0xff },
  CRCCR: { offset: 0x50, reset: 0x1c_0000, rw: 0x30_0107, wo: 0x43_0600 },
  // ST's library writes whole addresses.
  CRCSADD: { offset: 0x54, reset: 0, rw: 0xf_fffc, quiet: true },
  CRCEADD: { offset: 0x58, reset: 0, rw: 0xf_fffc, quiet: true },
  ECC_FA: { offset: 0x60, reset: 0, ro: 0x7fff },
} as const satisfies Readonly<Record<string, RegisterSpec>>;

const COMMON = {
  ACR: { offset: 0x00, reset: 0x37, rw: 0x3f },
  OPTKEYR: { offset: 0x08, reset: 0, wo: 0xffff_ffff },
  OPTCR: { offset: 0x18, reset: 0x1, rw: 0x4000_0001, ro: 0x8000_0000, wo: 0x12 },
  OPTSR_CUR: { offset: 0x1c, reset: 0, ro: 0xe03e_ffdd },
  OPTSR_PRG: { offset: 0x20, reset: 0, rw: 0xa03e_ffdc },
  OPTCCR: { offset: 0x24, reset: 0, wo: 0x4000_0000 },
  BOOT_CURR: { offset: 0x40, reset: 0, ro: 0xffff_ffff },
  BOOT_PRGR: { offset: 0x44, reset: 0, rw: 0xffff_ffff },
  CRCDATAR: { offset: 0x5c, reset: 0, ro: 0xffff_ffff },
} as const satisfies Readonly<Record<string, RegisterSpec>>;

type CommonRegister = keyof typeof COMMON;
export type BankRegister = keyof typeof OF_BANK;
/** A bank's registers as the manual names them: CR1, but WPSN_CUR1R. */
export type FlashRegister = CommonRegister | `${BankRegister}${1 | 2}` | `${BankRegister}${1 | 2}R`;
export type FlashHooks = Readonly<Partial<Record<FlashRegister, NonNullable<RegisterSpec["onWrite"]>>>>;

const WITH_R: ReadonlySet<BankRegister> = new Set(["WPSN_CUR", "WPSN_PRG", "CRCSADD", "CRCEADD", "ECC_FA"]);

/** @param bank from 0 */
export function bankRegister(name: BankRegister, bank: number): FlashRegister {
  const numbered = `${name}${bank === 0 ? 1 : 2}` as const;
  return WITH_R.has(name) ? `${numbered}R` : numbered;
}

const BANK_DISTANCE = 0x100;

export function flashRegisters(banks: number, hooks: FlashHooks): Record<FlashRegister, RegisterSpec> {
  const bare: [FlashRegister, RegisterSpec][] = Object.entries(COMMON) as [CommonRegister, RegisterSpec][];
  for (let bank = 0; bank < banks; bank++) {
    for (const [name, spec] of Object.entries(OF_BANK)) {
      const offset = spec.offset + bank * BANK_DISTANCE;
      bare.push([bankRegister(name as BankRegister, bank), { ...spec, offset }]);
    }
  }
  const specs = bare.map(([name, spec]) => {
    const onWrite = hooks[name];
    return [name, onWrite === undefined ? spec : { ...spec, onWrite }];
  });
  return Object.fromEntries(specs) as Record<FlashRegister, RegisterSpec>;
}

/** The bank (from 0) that the register at `offset` belongs to; undefined for those that they have in common. */
export function bankOfRegister(offset: number): number | undefined {
  return MIRRORED.has(offset & ~3) ? undefined : Math.floor(offset / BANK_DISTANCE);
}

const MIRRORED = new Set<number>(Object.values(COMMON).map(({ offset }) => offset));

/** What the banks have in common appears again among the second bank's registers, on a chip with one bank, too. */
export function unmirror(offset: number): number {
  const twin = offset - BANK_DISTANCE;
  return MIRRORED.has(twin & ~3) ? twin : offset;
}

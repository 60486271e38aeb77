/** Registers of FLASH as data (RM0433, chapter embedded flash memory). */

import type { RegisterSpec } from "../registers.js";

/** Everything of bank 2 is missing: the STM32H750 has one bank. */
const BARE = {
  ACR: { offset: 0x00, reset: 0x37, rw: 0x3f },
  KEYR1: { offset: 0x04, reset: 0, wo: 0xffff_ffff },
  OPTKEYR: { offset: 0x08, reset: 0, wo: 0xffff_ffff },
  CR1: { offset: 0x0c, reset: 0x31, rw: 0x1fef_07ff, tagged: 0x8000 },
  SR1: { offset: 0x10, reset: 0, ro: 0x1fef_000f },
  CCR1: { offset: 0x14, reset: 0, wo: 0x1fef_0000 },
  OPTCR: { offset: 0x18, reset: 0x1, rw: 0x1, wo: 0x12, tagged: 0xc000_0000 },
  OPTSR_CUR: { offset: 0x1c, reset: 0, ro: 0xe03e_ffdd },
  OPTSR_PRG: { offset: 0x20, reset: 0, rw: 0xa03e_ffdc },
  OPTCCR: { offset: 0x24, reset: 0, wo: 0x4000_0000 },
  PRAR_CUR1: { offset: 0x28, reset: 0, ro: 0x8fff_0fff },
  PRAR_PRG1: { offset: 0x2c, reset: 0, rw: 0x8fff_0fff },
  SCAR_CUR1: { offset: 0x30, reset: 0, ro: 0x8fff_0fff },
  SCAR_PRG1: { offset: 0x34, reset: 0, rw: 0x8fff_0fff },
  WPSN_CUR1R: { offset: 0x38, reset: 0, ro: 0xff },
  WPSN_PRG1R: { offset: 0x3c, reset: 0, rw: 0xff },
  BOOT_CURR: { offset: 0x40, reset: 0, ro: 0xffff_ffff },
  BOOT_PRGR: { offset: 0x44, reset: 0, rw: 0xffff_ffff },
  CRCCR1: { offset: 0x50, reset: 0, tagged: 0x33_0787 },
  CRCSADD1R: { offset: 0x54, reset: 0, tagged: 0xf_fffc },
  CRCEADD1R: { offset: 0x58, reset: 0, tagged: 0xf_fffc },
  CRCDATAR: { offset: 0x5c, reset: 0, ro: 0xffff_ffff },
  ECC_FA1R: { offset: 0x60, reset: 0, ro: 0x7fff },
} as const satisfies Readonly<Record<string, RegisterSpec>>;

export type FlashRegister = keyof typeof BARE;
export const FLASH_REGISTERS = Object.keys(BARE) as FlashRegister[];
export type FlashHooks = Readonly<Partial<Record<FlashRegister, NonNullable<RegisterSpec["onWrite"]>>>>;

export function flashRegisters(hooks: FlashHooks): Record<FlashRegister, RegisterSpec> {
  const specs: Partial<Record<FlashRegister, RegisterSpec>> = {};
  for (const name of FLASH_REGISTERS) {
    const onWrite = hooks[name];
    specs[name] = onWrite === undefined ? BARE[name] : { ...BARE[name], onWrite };
  }
  return specs as Record<FlashRegister, RegisterSpec>;
}

/** ACR, OPTKEYR, the option registers, BOOT and CRCDATAR appear again 0x100 higher; the rest belongs to bank 2. */
const MIRRORED = new Set([0x00, 0x08, 0x18, 0x1c, 0x20, 0x24, 0x40, 0x44, 0x5c]);
const MIRROR_DISTANCE = 0x100;

export function unmirror(offset: number): number {
  const twin = offset - MIRROR_DISTANCE;
  return MIRRORED.has(twin & ~3) ? twin : offset;
}

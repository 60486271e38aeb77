/** Option bytes of the internal flash (RM0433, chapter embedded flash memory). */

import { type ByteRange, bankBytes, type FlashGeometry, sectorRange } from "./flash-geometry.js";
import { bankRegister, type FlashRegister } from "./flash-registers.js";

/** Option bytes as the registers show them; plain data that survives power-off. */
export interface OptionBytes {
  readonly OPTSR: number;
  readonly PRAR: number;
  readonly SCAR: number;
  readonly WPSN: number;
  readonly BOOT: number;
  /** Of the second bank, which a chip with one keeps for nothing. */
  readonly PRAR2: number;
  readonly SCAR2: number;
  readonly WPSN2: number;
}

/** As the chip leaves the factory: RDP level 0, software watchdog, boot from 0x0800_0000 or system memory. */
export const FACTORY_OPTION_BYTES: OptionBytes = {
  OPTSR: 0x1006_aaf0,
  PRAR: 0xff,
  SCAR: 0xff,
  WPSN: 0xff,
  BOOT: 0x1ff0_0800,
  PRAR2: 0xff,
  SCAR2: 0xff,
  WPSN2: 0xff,
};

export type OptionName = keyof OptionBytes;

/** Where an option byte shows, and where its next value is written. */
interface OptionPlace {
  readonly current: FlashRegister;
  readonly toProgram: FlashRegister;
}

const COMMON: readonly [OptionName, OptionPlace][] = [
  ["OPTSR", { current: "OPTSR_CUR", toProgram: "OPTSR_PRG" }],
  ["BOOT", { current: "BOOT_CURR", toProgram: "BOOT_PRGR" }],
];

export type OptionPlaces = readonly (readonly [OptionName, OptionPlace])[];

/** The option bytes that a chip with so many banks has registers for. @param swapped the banks' registers changed places */
export function optionPlaces(banks: number, swapped: boolean): OptionPlaces {
  const places = [...COMMON];
  for (let bank = 0; bank < banks; bank++) {
    const seen = swapped ? banks - 1 - bank : bank;
    for (const name of ["PRAR", "SCAR", "WPSN"] as const) {
      const current = bankRegister(`${name}_CUR`, seen);
      places.push([
        bank === 0 ? name : `${name}2`,
        { current, toProgram: bankRegister(`${name}_PRG`, seen) },
      ]);
    }
  }
  return places;
}

const RDP_LEVEL_0 = 0xaa;
const RDP_LEVEL_2 = 0xcc;

/** 0 for 0xAA, 2 for 0xCC, 1 for any other value. */
export function readProtectionLevel(optsr: number): 0 | 1 | 2 {
  const rdp = (optsr >>> 8) & 0xff;
  if (rdp === RDP_LEVEL_0) return 0;
  return rdp === RDP_LEVEL_2 ? 2 : 1;
}

const SECURITY = 1 << 21;
const SWAP_BANK = 0x8000_0000;
/** DMEP and DMES: the area goes with the next regression. */
const REMOVABLE = 0x8000_0000;

export function swapsBanks({ OPTSR }: OptionBytes): boolean {
  return (OPTSR & SWAP_BANK) !== 0;
}

/** Secure access mode. */
export function isSecure({ OPTSR }: OptionBytes): boolean {
  return (OPTSR & SECURITY) !== 0;
}

/** Where secure user software starts: in the secure-only area nearest to where the chip would boot. @param boot in the whole flash */
export function secureStart(options: OptionBytes, geometry: FlashGeometry, boot: number): number | undefined {
  if (!isSecure(options)) return undefined;
  const starts = (["SCAR", "SCAR2"] as const).slice(0, geometry.banks).flatMap((name, bank) => {
    const area = protectedArea(options[name], geometry);
    const seen = swapsBanks(options) ? geometry.banks - 1 - bank : bank;
    return area === undefined ? [] : [area.offset + seen * bankBytes(geometry)];
  });
  return starts.sort((a, b) => Math.abs(a - boot) - Math.abs(b - boot))[0];
}

/** A PCROP or secure-only area as PRAR or SCAR tell it (first and last block of 256 bytes), in its bank; undefined: none. */
export function protectedArea(register: number, geometry: FlashGeometry): ByteRange | undefined {
  const start = register & 0xfff;
  const end = (register >>> 16) & 0xfff;
  if (start === end) return { offset: 0, length: bankBytes(geometry) };
  return end > start ? { offset: start * 256, length: (end - start + 1) * 256 } : undefined;
}

export function overlap(a: ByteRange, b: ByteRange): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

function covers(outer: ByteRange | undefined, inner: ByteRange): boolean {
  if (outer === undefined) return false;
  return outer.offset <= inner.offset && outer.offset + outer.length >= inner.offset + inner.length;
}

/** Level 1 to level 0: the flash is erased, and protections may go. */
export function isRegression(current: OptionBytes, next: OptionBytes): boolean {
  return readProtectionLevel(current.OPTSR) === 1 && readProtectionLevel(next.OPTSR) === 0;
}

/** Why the chip refuses to change its option bytes (RM0433, "Changing security option bytes"); undefined when it does not. */
export function refusal(
  current: OptionBytes,
  next: OptionBytes,
  geometry: FlashGeometry,
): string | undefined {
  if (readProtectionLevel(current.OPTSR) === 2) {
    const fixed = (Object.keys(current) as OptionName[]).some(
      (name) => ((current[name] ^ next[name]) & (name === "OPTSR" ? ~SWAP_BANK : -1)) !== 0,
    );
    return fixed ? "read protection level 2 is for ever" : undefined;
  }
  const regression = isRegression(current, next);
  let areas = false;
  for (const name of ["PRAR", "PRAR2", "SCAR", "SCAR2"] as const) {
    const area = protectedArea(current[name], geometry);
    const enforced = name.startsWith("PRAR") || (current.OPTSR & SECURITY) !== 0;
    areas ||= area !== undefined;
    if ((current[name] & ~next[name] & REMOVABLE) !== 0 && !regression)
      return `${name}: DMEP and DMES are cleared by a regression only`;
    if (area === undefined || !enforced || covers(protectedArea(next[name], geometry), area)) continue;
    if (!regression || ((current[name] | next[name]) & REMOVABLE) === 0)
      return `${name}: a protected area shrinks by a regression with DMEP or DMES only`;
  }
  const insecure = (current.OPTSR & ~next.OPTSR & SECURITY) !== 0;
  return insecure && areas && !regression ? "SECURITY stays while there are protected areas" : undefined;
}

/**
 * Does a bank erase take the protections of these banks away (RM0433, "Flash bank erase with automatic protection-removal
 * sequence")? Then nothing else may change, each area that there is goes, and every sector is open to writes.
 */
export function removesProtection(
  current: OptionBytes,
  next: OptionBytes,
  banks: readonly number[],
  geometry: FlashGeometry,
): boolean {
  const names = banks.flatMap((bank) =>
    bank === 0 ? (["PRAR", "SCAR", "WPSN"] as const) : (["PRAR2", "SCAR2", "WPSN2"] as const),
  );
  const own: readonly OptionName[] = names;
  const changed = (Object.keys(current) as OptionName[]).filter((name) => current[name] !== next[name]);
  if (changed.length === 0 || changed.some((name) => !own.includes(name))) return false;
  return names.every((name) => {
    if (name.startsWith("WPSN")) return (next[name] & 0xff) === 0xff;
    if (protectedArea(next[name], geometry) !== undefined) return false;
    return (
      protectedArea(current[name], geometry) === undefined || ((current[name] | next[name]) & REMOVABLE) !== 0
    );
  });
}

/** Sectors that a regression erases: all but those with an area that is kept. */
export function regressionErases(
  current: OptionBytes,
  next: OptionBytes,
  geometry: FlashGeometry,
): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (let bank = 0; bank < geometry.banks; bank++) {
    const names = bank === 0 ? (["PRAR", "SCAR"] as const) : (["PRAR2", "SCAR2"] as const);
    const kept = names
      .filter((name) => name.startsWith("PRAR") || (current.OPTSR & SECURITY) !== 0)
      .filter((name) => ((current[name] | next[name]) & REMOVABLE) === 0)
      .map((name) => protectedArea(current[name], geometry));
    for (let sector = 0; sector < geometry.sectorsPerBank; sector++) {
      const inBank = sectorRange(geometry, 0, sector);
      if (kept.some((area) => area !== undefined && overlap(area, inBank))) continue;
      ranges.push(sectorRange(geometry, bank, sector));
    }
  }
  return ranges;
}

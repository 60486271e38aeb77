/** Option bytes of the internal flash (RM0433, chapter embedded flash memory). */

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

/** The option bytes that a chip with so many banks has registers for. */
export function optionPlaces(banks: number): readonly (readonly [OptionName, OptionPlace])[] {
  const places = [...COMMON];
  for (let bank = 0; bank < banks; bank++) {
    for (const name of ["PRAR", "SCAR", "WPSN"] as const) {
      const current = bankRegister(`${name}_CUR`, bank);
      places.push([
        bank === 0 ? name : `${name}2`,
        { current, toProgram: bankRegister(`${name}_PRG`, bank) },
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

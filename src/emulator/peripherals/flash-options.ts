/** Option bytes of the internal flash (RM0433, chapter embedded flash memory). */

/** Option bytes as the registers show them; plain data that survives power-off. */
export interface OptionBytes {
  readonly OPTSR: number;
  readonly PRAR: number;
  readonly SCAR: number;
  readonly WPSN: number;
  readonly BOOT: number;
}

/** As the chip leaves the factory: RDP level 0, software watchdog, boot from 0x0800_0000 or system memory. */
export const FACTORY_OPTION_BYTES: OptionBytes = {
  OPTSR: 0x1006_aaf0,
  PRAR: 0xff,
  SCAR: 0xff,
  WPSN: 0xff,
  BOOT: 0x1ff0_0800,
};

export const OPTION_NAMES = ["OPTSR", "PRAR", "SCAR", "WPSN", "BOOT"] as const;
export type OptionName = (typeof OPTION_NAMES)[number];

export const CURRENT = {
  OPTSR: "OPTSR_CUR",
  PRAR: "PRAR_CUR1",
  SCAR: "SCAR_CUR1",
  WPSN: "WPSN_CUR1R",
  BOOT: "BOOT_CURR",
} as const;
export const TO_PROGRAM = {
  OPTSR: "OPTSR_PRG",
  PRAR: "PRAR_PRG1",
  SCAR: "SCAR_PRG1",
  WPSN: "WPSN_PRG1R",
  BOOT: "BOOT_PRGR",
} as const;

const RDP_LEVEL_0 = 0xaa;
const RDP_LEVEL_2 = 0xcc;

/** 0 for 0xAA, 2 for 0xCC, 1 for any other value. */
export function readProtectionLevel(optsr: number): 0 | 1 | 2 {
  const rdp = (optsr >>> 8) & 0xff;
  if (rdp === RDP_LEVEL_0) return 0;
  return rdp === RDP_LEVEL_2 ? 2 : 1;
}

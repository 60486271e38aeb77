/** How the internal flash is divided: banks of sectors of 128 KiB (RM0433, table "Flash memory organization"). */

export interface FlashGeometry {
  readonly banks: 1 | 2;
  readonly sectorsPerBank: number;
}

export const SECTOR_BYTES = 0x2_0000;

export const STM32H750_FLASH: FlashGeometry = { banks: 1, sectorsPerBank: 1 };
/** The largest of its kind: STM32H743xI and its sisters with 2 MiB. */
export const STM32H743_FLASH: FlashGeometry = { banks: 2, sectorsPerBank: 8 };

/** @param mcu as in a board file: "STM32H750" */
export function flashGeometry(mcu: string): FlashGeometry {
  return mcu === "STM32H750" ? STM32H750_FLASH : STM32H743_FLASH;
}

export function bankBytes({ sectorsPerBank }: FlashGeometry): number {
  return sectorsPerBank * SECTOR_BYTES;
}

export function flashBytes(geometry: FlashGeometry): number {
  return geometry.banks * bankBytes(geometry);
}

/** Bytes `sector` of `bank` (both from 0) in the whole flash. */
export function sectorRange(geometry: FlashGeometry, bank: number, sector: number): ByteRange {
  return { offset: bank * bankBytes(geometry) + sector * SECTOR_BYTES, length: SECTOR_BYTES };
}

export function bankRange(geometry: FlashGeometry, bank: number): ByteRange {
  return { offset: bank * bankBytes(geometry), length: bankBytes(geometry) };
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

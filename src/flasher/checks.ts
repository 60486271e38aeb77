/** What can be told to be wrong before anything is sent that changes flash. */

import type { Image } from "../image/image.js";
import { type AddressRange, endOf, overlaps, sectorSize, touchedSectors } from "../plan/sectors.js";
import { hex32 } from "../protocol/hex.js";
import type { Geometry } from "../protocol/messages.js";
import { PlacementError } from "./errors.js";

/** VTOR takes a vector table of this chip only at multiples of this: PM0253, VTOR. */
export const VECTOR_ALIGNMENT = 1024;

/** DTCM, AXI SRAM, SRAM1 to 3, SRAM4: RM0433, memory map. Initial stack pointers lie there, or at an end. */
export const STACK_RAM: readonly AddressRange[] = [
  { address: 0x2000_0000, length: 0x2_0000 },
  { address: 0x2400_0000, length: 0x8_0000 },
  { address: 0x3000_0000, length: 0x4_8000 },
  { address: 0x3800_0000, length: 0x1_0000 },
];
const ITCM: AddressRange = { address: 0, length: 0x1_0000 };
const INTERNAL_FLASH: AddressRange = { address: 0x0800_0000, length: 0x2_0000 };

/** What to do about an address that no flash chip has. */
function remedyOutside(address: number): string {
  const isIn = (range: AddressRange) => overlaps({ address, length: 1 }, range);
  if (isIn(INTERNAL_FLASH)) return "That is the internal flash, where the bootloader is. Link for the chip.";
  if ([ITCM, ...STACK_RAM].some(isIn)) {
    return (
      "That is RAM, which a flashing cannot fill for the next start. Give the section a load address on the chip " +
      '("AT>" in the linker script), and let start-up code copy it.'
    );
  }
  return "Choose an address on it, or link for one.";
}

/** @throws PlacementError when the range is empty or not wholly on the chip. */
export function checkOnChip(what: string, range: AddressRange, geometry: Geometry): void {
  const chip = { address: geometry.base, length: geometry.size };
  const limits = `the flash chip is ${span(chip)}, ${geometry.size} bytes`;
  if (range.length <= 0)
    throw new PlacementError(`${what} at ${hex32(range.address)} is empty`, range.address);
  if (range.address < chip.address || range.address >= endOf(chip)) {
    throw new PlacementError(
      `${what} at ${hex32(range.address)} is outside the chip: ${limits}. ${remedyOutside(range.address)}`,
      range.address,
    );
  }
  if (endOf(range) > endOf(chip)) {
    throw new PlacementError(
      `${what}, ${span(range)}, is too large: ${limits}; it ends ${endOf(range) - endOf(chip)} bytes behind it.`,
      range.address,
    );
  }
}

/** @throws PlacementError when a region that the board keeps for itself is touched. */
export function checkReserved(what: string, range: AddressRange, geometry: Geometry): void {
  const region = geometry.reserved.find((reserved) => overlaps(reserved, range));
  if (region === undefined) return;
  throw new PlacementError(
    `${what}, ${span(range)}, lies in a region that the board reserves, ${span(region)}. Move it out of there.`,
    Math.max(range.address, region.address),
  );
}

/** @throws PlacementError */
export function checkImage(image: Image, geometry: Geometry): void {
  if (image.segments.length === 0)
    throw new PlacementError("the image is empty: there is nothing to write", 0);
  for (const { address, bytes } of image.segments) {
    checkOnChip("the image", { address, length: bytes.length }, geometry);
    checkReserved("the image", { address, length: bytes.length }, geometry);
  }
  const size = sectorSize(geometry);
  for (const { address } of touchedSectors(image.segments, size)) {
    checkReserved("a sector that the image touches", { address, length: size }, geometry);
  }
}

/** @throws PlacementError when nothing can be started there. */
export function checkBootAddress(address: number, geometry: Geometry): void {
  const { application } = geometry;
  if (address < application.address || address >= endOf(application)) {
    throw new PlacementError(
      `${hex32(address)} is outside the region for applications, ${span(application)}. Link the application for ` +
        `${hex32(application.address)}.`,
      address,
    );
  }
  if (address % VECTOR_ALIGNMENT !== 0) {
    throw new PlacementError(
      `${hex32(address)} is not a multiple of ${VECTOR_ALIGNMENT}: an application cannot start there. ` +
        `The next one that is: ${hex32(Math.ceil(address / VECTOR_ALIGNMENT) * VECTOR_ALIGNMENT)}.`,
      address,
    );
  }
}

/** @throws PlacementError when the range is not made of whole sectors: the rest of a sector would be lost. */
export function checkWholeSectors(range: AddressRange, geometry: Geometry): void {
  const size = sectorSize(geometry);
  for (const [name, value] of [
    ["address", range.address],
    ["length", range.length],
  ] as const) {
    if (value % size === 0) continue;
    throw new PlacementError(
      `${name} ${hex32(value)} is not a multiple of ${size} (0x${size.toString(16)}), the smallest piece that the chip ` +
        "can erase. Choose multiples of it.",
      range.address,
    );
  }
}

function span(range: AddressRange): string {
  return `${hex32(range.address)} to ${hex32(endOf(range) - 1)}`;
}

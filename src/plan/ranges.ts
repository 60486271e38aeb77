/** Which ranges a BEGIN names: few, sector-aligned, outside the reserved regions. */

import { type AddressRange, type Chip, endOf, overlaps, PlanError, sectorSize } from "./sectors.js";

/**
 * The hulls of `sectors`: neighbours joined, then the smallest gaps closed until `maximum` ranges are left. A gap is
 * never closed across a reserved region.
 * @param sectors addresses, ascending. @throws PlanError when too many ranges are left.
 */
export function hullRanges(sectors: readonly number[], chip: Chip, maximum: number): AddressRange[] {
  const size = sectorSize(chip);
  const ranges: AddressRange[] = [];
  for (const address of sectors) {
    const last = ranges.at(-1);
    if (last !== undefined && endOf(last) === address) ranges[ranges.length - 1] = join(last, address + size);
    else ranges.push({ address, length: size });
  }
  while (ranges.length > maximum) closeSmallestGap(ranges, chip, maximum);
  return ranges;
}

function closeSmallestGap(ranges: AddressRange[], chip: Chip, maximum: number): void {
  let best: { index: number; gap: number } | undefined;
  for (let index = 0; index + 1 < ranges.length; index++) {
    const before = ranges[index] as AddressRange;
    const behind = ranges[index + 1] as AddressRange;
    const between = { address: endOf(before), length: behind.address - endOf(before) };
    if (chip.reserved.some((region) => overlaps(region, between))) continue;
    if (best === undefined || between.length < best.gap) best = { index, gap: between.length };
  }
  if (best === undefined) {
    throw new PlanError(
      `the image lies in ${ranges.length} pieces between reserved regions; ${maximum} at most can be written at once. Write it in parts.`,
    );
  }
  const [before, behind] = ranges.slice(best.index, best.index + 2) as [AddressRange, AddressRange];
  ranges.splice(best.index, 2, join(before, endOf(behind)));
}

function join(range: AddressRange, end: number): AddressRange {
  return { address: range.address, length: end - range.address };
}

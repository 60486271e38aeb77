/**
 * The least time that a W25Q128JV needs for a change: its data sheet's typical times (revision L, AC electrical
 * characteristics: tSE, tBE1, tBE2, tPP), nothing for USB, commands or comparing. What was measured is held against it.
 */

/** Seconds of one erase, by its size in bytes. */
const ERASE_S: Readonly<Record<number, number>> = { 4096: 45e-3, 32768: 120e-3, 65536: 150e-3 };
const PAGE_PROGRAM_S = 0.4e-3;

export interface ChipWork {
  /** Number of erases by size in bytes. */
  readonly erases?: Readonly<Record<number, number>>;
  /** Pages of 256 bytes. */
  readonly pages: number;
}

/** Seconds. @throws RangeError when the chip has no erase of such a size. */
export function floorSeconds(work: ChipWork): number {
  let seconds = work.pages * PAGE_PROGRAM_S;
  for (const [size, count] of Object.entries(work.erases ?? {})) {
    const each = ERASE_S[Number(size)];
    if (each === undefined) throw new RangeError(`the W25Q128JV has no erase of ${size} bytes`);
    seconds += count * each;
  }
  return seconds;
}

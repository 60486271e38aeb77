/** Which device answers at an address, for places that were accessed lately: a look into a table, and no search. */

import type { Region } from "./system-bus.js";

/** Peripherals are 1 KiB apart. */
const PLACE_SHIFT = 10;
const PLACE_BYTES = 1 << PLACE_SHIFT;
const SLOTS = 256;
const NO_PLACE = -1;

export class DevicePlaces {
  /** By slot: the place, address / 1024. */
  readonly #places = new Int32Array(SLOTS).fill(NO_PLACE);
  readonly #regions: (Region | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);
  #empty = true;

  find(address: number): Region | undefined {
    const place = address >>> PLACE_SHIFT;
    const slot = place & (SLOTS - 1);
    return this.#places[slot] === place ? this.#regions[slot] : undefined;
  }

  /** Remembers the region for all of the place around an address; not when it ends there. */
  add(region: Region, address: number): void {
    const place = address >>> PLACE_SHIFT;
    const start = place * PLACE_BYTES;
    if (start < region.base || start + PLACE_BYTES > region.base + region.size) return;
    const slot = place & (SLOTS - 1);
    this.#places[slot] = place;
    this.#regions[slot] = region;
    this.#empty = false;
  }

  clear(): void {
    if (this.#empty) return;
    this.#places.fill(NO_PLACE);
    this.#empty = true;
  }
}

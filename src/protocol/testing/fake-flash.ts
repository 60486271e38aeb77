/** A stand-in for unit tests: NOR flash in RAM. */

import type { Geometry, Range } from "../messages.js";

export const FAKE_BASE = 0x90000000;

export function fakeGeometry(change: Partial<Geometry> = {}): Geometry {
  return {
    base: FAKE_BASE,
    size: 0x200000,
    page: 256,
    jedec: Uint8Array.of(0xef, 0x40, 0x15),
    uniqueIdLength: 8,
    uniqueId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    programTypicalUs: 400,
    programMaximumUs: 3000,
    eraseSizes: [
      { size: 0x1000, typicalUs: 45000, maximumUs: 400000 },
      { size: 0x8000, typicalUs: 120000, maximumUs: 1600000 },
      { size: 0x10000, typicalUs: 150000, maximumUs: 2000000 },
    ],
    application: { address: 0x90100000, length: 0xfc000 },
    reserved: [{ address: 0x901fc000, length: 0x4000 }],
    ...change,
  };
}

export class FakeFlash {
  readonly bytes: Uint8Array;
  readonly geometry: Geometry;
  erased = 0;
  programmed = 0;
  /** Bytes at these addresses stick at zero. */
  readonly stuck = new Set<number>();
  /** Bytes at these addresses take nothing, which the board notices at once. */
  readonly faulty = new Set<number>();

  constructor(geometry: Geometry = fakeGeometry()) {
    this.geometry = geometry;
    this.bytes = new Uint8Array(geometry.size).fill(0xff);
  }

  holds({ address, length }: Range): boolean {
    const { base, size } = this.geometry;
    return address >= base && length > 0 && address + length <= base + size;
  }

  view(address: number, length: number): Uint8Array {
    const start = address - this.geometry.base;
    return this.bytes.subarray(start, start + length);
  }

  erase(address: number, length: number): void {
    this.view(address, length).fill(0xff);
    this.erased++;
    this.#stick();
  }

  /** Clears bits only. @returns pages that it took. */
  program(address: number, data: Uint8Array): number {
    const target = this.view(address, data.length);
    for (let i = 0; i < data.length; i++) {
      if (!this.faulty.has(address + i)) target[i] = (target[i] as number) & (data[i] as number);
    }
    this.#stick();
    const { page } = this.geometry;
    const pages = Math.floor((address + data.length - 1) / page) - Math.floor(address / page) + 1;
    this.programmed += pages;
    return pages;
  }

  #stick(): void {
    for (const address of this.stuck) this.view(address, 1).fill(0);
  }
}

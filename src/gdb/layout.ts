/** Where things are on the board, as GDB is told: ours, because what a probe's server believes depends on its luck. */

import { type MemoryRange, memoryMapXml } from "../rsp/documents.js";

export interface Area {
  readonly address: number;
  /** Bytes. */
  readonly length: number;
}

export interface Layout {
  /** The window of the external flash chip, as large as the chip. */
  readonly external: Area;
  /** Where programs may be linked. */
  readonly application: Area;
  /** First of the three RTC backup registers for requests over a reset: docs/protocol.md section 8. */
  readonly requestRegister: number;
  /** Where the bootloader's table for probes may be, the likeliest first: docs/protocol.md section 12. */
  readonly probeTables: readonly number[];
}

/** The table's distance from the beginning of a bootloader's image. */
export const PROBE_TABLE_OFFSET = 0x2c0;

/** The one sector of the STM32H750's internal flash, with the bootloader in it: RM0433, 4.3.4. */
export const INTERNAL_FLASH: Area = { address: 0x0800_0000, length: 0x2_0000 };
/** Where a first stage loads a second one to: docs/imssbl.md. */
const SECOND_STAGE = 0x2401_0000;
/** The board of which nothing is known: a W25Q128JV, its last 16 KiB the bootloader's. */
export const DEFAULT_LAYOUT: Layout = {
  external: { address: 0x9000_0000, length: 0x100_0000 },
  application: { address: 0x9010_0000, length: 0xef_c000 },
  requestRegister: 0,
  probeTables: [INTERNAL_FLASH.address + PROBE_TABLE_OFFSET, SECOND_STAGE + PROBE_TABLE_OFFSET],
};
/** Smallest erase of every chip that the boards have. */
export const EXTERNAL_BLOCK = 0x1000;
/** The window of QUADSPI, whatever the chip's size: RM0433, 2.3. */
const WINDOW_START = 0x9000_0000;
const WINDOW_END = 0xa000_0000;
/**
 * The QUADSPI reads ahead, up to its FIFO's 32 bytes in up to three bursts of a cache line. Reading ahead beyond the end
 * of the chip hangs the bus until the next reset, and the debugger with it (ES0392).
 */
export const GUARD_BYTES = 96;
const ADDRESSES = 2 ** 32;

export function contains({ address, length }: Area, at: number, bytes = 1): boolean {
  return at >= address && at + bytes <= address + length;
}

/** A bootloader that runs elsewhere stands behind a first stage, which has the internal flash and must stay. */
export function hasFirstStage({ probeTables: [table = 0] }: Layout): boolean {
  return !contains(INTERNAL_FLASH, table);
}

export function touches({ address, length }: Area, at: number, bytes: number): boolean {
  return at < address + length && at + bytes > address;
}

/** The document that GDB asks for. What is not listed it would not touch, so all the rest counts as RAM. */
export function memoryMap({ external }: Layout): string {
  const flashes: readonly MemoryRange[] = [
    { kind: "flash", start: INTERNAL_FLASH.address, length: INTERNAL_FLASH.length, blockSize: 0x2_0000 },
    { kind: "flash", start: external.address, length: external.length, blockSize: EXTERNAL_BLOCK },
  ];
  const ranges: MemoryRange[] = [];
  let at = 0;
  for (const range of flashes) {
    ranges.push({ kind: "ram", start: at, length: range.start - at }, range);
    at = range.start + range.length;
  }
  ranges.push({ kind: "ram", start: at, length: ADDRESSES - at });
  return memoryMapXml(ranges);
}

/**
 * How much of a read may reach the bus.
 * @returns bytes from its beginning; 0: none; the rest lies at or behind the end of the chip
 */
export function safeBytes({ external }: Layout, address: number, length: number): number {
  const end = external.address + external.length - GUARD_BYTES;
  if (address + length <= end || address >= WINDOW_END) return length;
  return Math.max(0, end - address);
}

/** True for addresses of QUADSPI's window, the chip's and those behind its end. */
export function inWindow(address: number): boolean {
  return address >= WINDOW_START && address < WINDOW_END;
}

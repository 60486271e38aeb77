/**
 * The CRC unit of a bank of the internal flash (RM0433, "Cyclic redundancy codes (CRC)"). What it computes, in which
 * time: AN5507, "How to use CRC to check the integrity of the internal flash memory on STM32H7 MCUs".
 */

import type { Timeline, TimelineEvent } from "../../timeline.js";
import { byteRemainders } from "../crc-table.js";
import { FLASH_WORD_BYTES, type FlashCells } from "./flash-cells.js";
import { type ByteRange, bankRange, type FlashGeometry, sectorRange } from "./flash-geometry.js";

export interface FlashCrcPort {
  readonly timeline: Timeline;
  readonly cells: FlashCells;
  readonly geometry: FlashGeometry;
  /** Bank, from 0. */
  readonly index: number;
  /** AXI clock, Hz. */
  readonly clockHz: () => number;
  /** CRCCR, CRCSADD, CRCEADD and CRCDATAR. */
  readonly control: () => number;
  readonly start: () => number;
  readonly end: () => number;
  readonly data: () => number;
  readonly setData: (crc: number) => void;
  /** A PCROP or secure-only area reaches into these bytes of the whole flash: its own read as 0. */
  readonly hides: (range: ByteRange) => boolean;
  /** SR.CRC_BUSY rises, or falls with CRCEND and, after `error`, with CRCRDERR. */
  readonly busy: (on: boolean, error: boolean) => void;
}

export const CRCCR = {
  SECT: 7,
  BY_SECT: 1 << 8,
  ADD_SECT: 1 << 9,
  CLEAN_SECT: 1 << 10,
  START: 1 << 16,
  CLEAN_CRC: 1 << 17,
  BURST_SHIFT: 20,
  ALL_BANK: 1 << 22,
} as const;

/** Protected areas begin and end with such blocks; bursts may be shorter, and begin within one. */
const AREA_BYTES = 128;
const CLOCKS_PER_WORD = 8;
const CLOCKS_PER_BURST = 1;

export class FlashCrc {
  readonly #port: FlashCrcPort;
  readonly #sectors = new Set<number>();
  #event: TimelineEvent | undefined;

  constructor(port: FlashCrcPort) {
    this.#port = port;
  }

  get busy(): boolean {
    return this.#event !== undefined;
  }

  /** CRCCR was written while CR.CRC_EN = 1. */
  configure(written: number): void {
    const { geometry, setData } = this.#port;
    if ((written & CRCCR.CLEAN_SECT) !== 0) this.#sectors.clear();
    if ((written & CRCCR.ADD_SECT) !== 0) this.#sectors.add(written & CRCCR.SECT);
    if ((written & CRCCR.ALL_BANK) !== 0) {
      for (let sector = 0; sector < geometry.sectorsPerBank; sector++) this.#sectors.add(sector);
    }
    if ((written & CRCCR.CLEAN_CRC) !== 0) setData(0);
    if ((written & CRCCR.START) !== 0 && !this.busy) this.#begin();
  }

  /** CR.CRC_EN was cleared, or a reset came. */
  disable(): void {
    this.#port.timeline.cancel(this.#event);
    this.#event = undefined;
    this.#sectors.clear();
  }

  #begin(): void {
    const { timeline, clockHz, busy } = this.#port;
    const ranges = this.#ranges();
    const words = ranges.reduce((sum, { length }) => sum + length / FLASH_WORD_BYTES, 0);
    const clocks = words * CLOCKS_PER_WORD + (words / this.#burstWords) * CLOCKS_PER_BURST;
    busy(true, false);
    this.#event = timeline.after((clocks * 1e9) / clockHz(), () => this.#complete(ranges));
  }

  #complete(ranges: readonly ByteRange[]): void {
    const { data, setData, hides, busy } = this.#port;
    this.#event = undefined;
    let crc = data();
    for (const range of ranges) crc = flashCrc(crc, this.#read(range));
    setData(crc >>> 0);
    // Neither a wrong ECC nor a refused read sets a flag of its own.
    busy(false, ranges.some(hides));
  }

  #read(range: ByteRange): Uint8Array {
    const { cells, hides } = this.#port;
    const bytes = cells.bytes.slice(range.offset, range.offset + range.length);
    if (!hides(range)) return bytes;
    for (let at = 0; at < range.length; at += AREA_BYTES) {
      if (hides({ offset: range.offset + at, length: 1 })) bytes.fill(0, at, at + AREA_BYTES);
    }
    return bytes;
  }

  get #burstWords(): number {
    return 4 ** (((this.#port.control() >>> CRCCR.BURST_SHIFT) & 3) + 1);
  }

  /** What is read, in order; whole bursts. */
  #ranges(): ByteRange[] {
    const { geometry, index, control, start, end } = this.#port;
    if ((control() & CRCCR.BY_SECT) !== 0) {
      const there = [...this.#sectors].filter((sector) => sector < geometry.sectorsPerBank);
      return there.sort((a, b) => a - b).map((sector) => sectorRange(geometry, index, sector));
    }
    const burst = this.#burstWords * FLASH_WORD_BYTES;
    const bank = bankRange(geometry, index);
    const from = Math.floor(start() / burst) * burst;
    const to = Math.min(Math.floor(end() / burst + 1) * burst, bank.length);
    return to > from ? [{ offset: bank.offset + from, length: to - from }] : [];
  }
}

const POLYNOMIAL = 0x04c1_1db7;
/** Comes into the register behind each word. */
const STIR = 0x5555_5555;

const TABLE = byteRemainders(POLYNOMIAL);

/** Words of 32 bits, most significant bit first. @param crc what the register holds; returns what it holds then, signed */
function flashCrc(crc: number, bytes: Uint8Array): number {
  let value = crc;
  for (let at = 0; at < bytes.length; at += 4) {
    for (let lane = 3; lane >= 0; lane--) {
      value = (value << 8) ^ (TABLE[(value >>> 24) ^ (bytes[at + lane] ?? 0xff)] ?? 0);
    }
    value ^= STIR;
  }
  return value;
}

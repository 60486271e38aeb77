/**
 * What the core waits for the chip's buses (RM0433, 2.1 "System architecture"): a simple table of who is how far away.
 * The manual gives widths, clocks and wait states; the steps through the bus matrix are estimates. Docs: emulator.md,
 * "Instruction time".
 */

import type { BusTiming } from "../cpu/time-model/pipeline.js";
import type { ClockTree } from "../peripherals/rcc/clock-tree.js";

/** Where a transaction goes: the first address behind it, and what it costs. */
interface Reach {
  readonly end: number;
  /** Clocks of the bus (HCLK) until the first data, and for each further beat. */
  readonly first: number;
  readonly next: number;
  /** Bytes of a beat. */
  readonly width: 4 | 8;
  /** The internal flash: its wait states come on top, once for each of its words. */
  readonly flash?: true;
  /** Behind an APB bridge: clocks of that APB on top. */
  readonly apb?: 1 | 2 | 3 | 4;
}

const APB_CLOCKS = 2;
/** Cycles of the core in which an access leaves it and its data come in. */
const CORE_CYCLES = 2;
/** Bytes of a word of the internal flash, which it reads at once and keeps. */
const FLASH_WORD = 32;

const AXI = { first: 4, next: 1, width: 8 } as const;
/** From the AXI matrix of D1 into D2 or D3: 32 bits wide. */
const AHB = { first: 8, next: 1, width: 4 } as const;
/** The core's own port for peripherals of D2. */
const AHBP = { first: 3, next: 1, width: 4 } as const;

/** In order of addresses; ITCM, DTCM and what is private to the core cost nothing. */
const REACHES: readonly Reach[] = [
  { end: 0x0800_0000, first: 0, next: 0, width: 8 },
  { end: 0x1000_0000, ...AXI, flash: true },
  { end: 0x1ff0_0000, ...AHB },
  { end: 0x2000_0000, ...AXI, flash: true },
  { end: 0x2400_0000, first: 0, next: 0, width: 8 },
  { end: 0x3000_0000, ...AXI },
  { end: 0x4000_0000, ...AHB },
  { end: 0x4001_0000, ...AHBP, apb: 1 },
  { end: 0x4002_0000, ...AHBP, apb: 2 },
  { end: 0x5000_0000, ...AHBP },
  { end: 0x5200_0000, ...AHBP, apb: 3 },
  { end: 0x5800_0000, ...AXI, width: 4 },
  { end: 0x5802_0000, ...AHB, apb: 4 },
  { end: 0x6000_0000, ...AHB },
  // QUADSPI and FMC: what their chips take comes from them.
  { end: 0xa000_0000, ...AXI },
  { end: 0xc000_0000, ...AXI },
  // SDRAM: 16 bits at half of HCLK, an open row.
  { end: 0xe000_0000, first: 14, next: 2, width: 4 },
  { end: 0x1_0000_0000, first: 0, next: 0, width: 4 },
];

export class ChipBusTiming implements BusTiming {
  readonly #tree: () => ClockTree;
  readonly #waitStates: () => number;
  /** The flash's word that was read last: another part of it needs no wait. */
  #flashWord = -1;
  /** Core cycles of a clock of HCLK, and of each PCLK. */
  #hclk = 1;
  readonly #pclk: Record<1 | 2 | 3 | 4, number> = { 1: 1, 2: 1, 3: 1, 4: 1 };

  constructor(tree: () => ClockTree, waitStates: () => number) {
    this.#tree = tree;
    this.#waitStates = waitStates;
  }

  clockChanged(): void {
    const tree = this.#tree();
    if (tree.cpuHz === 0) return;
    this.#hclk = tree.cpuHz / tree.hclkHz;
    for (const n of [1, 2, 3, 4] as const) this.#pclk[n] = tree.cpuHz / tree.pclkHz(n);
  }

  read(address: number, bytes: number): number {
    const reach = reachOf(address);
    if (reach.first === 0) return 0;
    let clocks = reach.first + reach.next * (Math.ceil(bytes / reach.width) - 1);
    if (reach.flash === true) clocks += this.#flashClocks(address);
    return CORE_CYCLES + this.#cycles(reach, clocks);
  }

  write(address: number, bytes: number): number {
    const reach = reachOf(address);
    if (reach.first === 0) return 0;
    // The next one may be on its way before this one has arrived.
    return this.#cycles(reach, Math.ceil(reach.first / 2) + reach.next * Math.ceil(bytes / reach.width));
  }

  #cycles({ apb }: Reach, clocks: number): number {
    return Math.ceil(clocks * this.#hclk + (apb === undefined ? 0 : APB_CLOCKS * this.#pclk[apb]));
  }

  #flashClocks(address: number): number {
    const word = (address >>> 0) & ~(FLASH_WORD - 1);
    if (word === this.#flashWord) return 0;
    this.#flashWord = word;
    return this.#waitStates();
  }
}

function reachOf(address: number): Reach {
  const at = address >>> 0;
  return REACHES.find(({ end }) => at < end) as Reach;
}

/**
 * The system debug bus behind access port 2 (RM0433, chapter debug infrastructure): DBGMCU, and the trace components,
 * which keep what is written and do nothing.
 */

import { type AccessSize, type BusDevice, BusFault, type EmulatorLog } from "../bus.js";
import type { DebugBus } from "./dap.js";

const FIRST = 0xe00e_0000;
const LAST = 0xe00f_ffff;
const PAGE = 0x1000;
const DBGMCU = 0xe00e_1000;
const NAMES: Readonly<Record<number, string>> = {
  [0xe00e_3000]: "SWO",
  [0xe00e_4000]: "SWTF",
  [0xe00f_5000]: "TPIU",
};

export class DebugApb implements DebugBus {
  readonly #dbgmcu: BusDevice;
  readonly #log: EmulatorLog;
  readonly #stored = new Map<number, number>();

  constructor(dbgmcu: BusDevice, log: EmulatorLog) {
    this.#dbgmcu = dbgmcu;
    this.#log = log;
  }

  read(address: number, size: AccessSize): number {
    if (this.#isDbgmcu(address, size)) return this.#dbgmcu.read(address - DBGMCU, size);
    return this.#stored.get(address) ?? 0;
  }

  write(address: number, size: AccessSize, value: number): void {
    if (this.#isDbgmcu(address, size)) {
      this.#dbgmcu.write(address - DBGMCU, size, value);
      return;
    }
    const page = (address & ~(PAGE - 1)) >>> 0;
    const name = NAMES[page] ?? `debug component at 0x${page.toString(16).toUpperCase()}`;
    this.#log.once(`apb-d.${page}`, `${name}: what is written has no effect`);
    this.#stored.set(address, value);
  }

  /** An APB takes words only. @throws BusFault */
  #isDbgmcu(address: number, size: AccessSize): boolean {
    if (address < FIRST || address > LAST || size !== 4) {
      throw new BusFault(`debug bus: ${size}-byte access at 0x${address.toString(16)}`, address);
    }
    return address >= DBGMCU && address < DBGMCU + PAGE;
  }
}

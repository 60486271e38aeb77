/**
 * Comparators of the DWT (DDI 0403E, C1.8.2): data addresses read, written or either, with a mask; instruction addresses; cycles
 * (comparator 0); values of data (comparator 1), at any address or at those of others. A match is a watchpoint, or is only told
 * in MATCHED, as where it would go to an ETM. Trace packets are stored without effect, with a word in the log.
 */

import type { EmulatorLog } from "../../bus.js";
import { RegisterBlock, type RegisterMap } from "../../registers.js";
import { hex } from "../exceptions/faults.js";
import type { DataWatch } from "../memory/memory-port.js";
import { PAGE_SHIFT } from "../memory/view.js";

const FIRST = 0x20;
const END = 0x60;
const FUNCTION = {
  EMITRANGE: 1 << 5,
  CYCMATCH: 1 << 7,
  DATAVMATCH: 1 << 8,
  LNK1ENA: 1 << 9,
  DATAVSIZE: 3 << 10,
  DATAVADDR: 0xff << 12,
  MATCHED: 1 << 24,
} as const;
/** FUNCTION.FUNCTION: what matches. With 4 more it is told only, and is no watchpoint. */
const WHAT = { none: 0, pc: 4, read: 5, write: 6, readWrite: 7 } as const;
const TOLD_ONLY = 4;
/** The one that can compare cycles, and the one that can compare values. */
const CYCLES = 0;
const VALUES = 1;

type Index = 0 | 1 | 2 | 3;
type Name = `${"COMP" | "MASK" | "FUNCTION"}${Index}`;
const INDICES = [0, 1, 2, 3] as const;

interface Range {
  readonly index: Index;
  readonly first: number;
  readonly last: number;
  readonly reads: boolean;
  readonly writes: boolean;
  /** A match is a watchpoint. */
  readonly event: boolean;
  /** Value and bytes of the access; undefined: any. */
  readonly value: { readonly size: number; readonly is: number } | undefined;
}

export class DwtComparators implements DataWatch {
  /** What is watched changed. */
  onChange: () => void = () => {};
  /** A comparator matched. */
  onMatch: () => void = () => {};
  readonly #log: EmulatorLog;
  readonly #enabled: () => boolean;
  readonly #regs: RegisterBlock<Name>;
  #data: readonly Range[] = [];
  #code: readonly Range[] = [];
  #cycles: number | undefined;

  /** @param enabled DEMCR.TRCENA */
  constructor(log: EmulatorLog, enabled: () => boolean) {
    this.#log = log;
    this.#enabled = enabled;
    const specs = {} as Record<Name, RegisterMap<Name>[Name]>;
    const onWrite = (): void => this.refresh();
    for (const n of INDICES) {
      const offset = FIRST + n * 16;
      specs[`COMP${n}`] = { offset, reset: 0, rw: 0xffffffff, onWrite };
      specs[`MASK${n}`] = { offset: offset + 4, reset: 0, rw: 0x1f, onWrite };
      specs[`FUNCTION${n}`] = {
        offset: offset + 8,
        reset: n === VALUES ? FUNCTION.LNK1ENA : 0,
        rw: 0xf | own(n),
        ro: FUNCTION.MATCHED | FUNCTION.LNK1ENA,
        tagged: FUNCTION.EMITRANGE,
        onRead: (stored) => this.#readFunction(n, stored),
        onWrite,
      };
    }
    this.#regs = new RegisterBlock(specs, { name: "DWT", log });
  }

  owns(offset: number): boolean {
    return offset >= FIRST && offset < END;
  }

  get registers(): RegisterBlock<Name> {
    return this.#regs;
  }

  reset(): void {
    this.#regs.reset();
    this.refresh();
  }

  /** Is any data address watched? */
  get watchesData(): boolean {
    return this.#data.length > 0;
  }

  get watchesCode(): boolean {
    return this.#code.length > 0;
  }

  /** What CYCCNT is compared with; undefined: nothing. */
  get cycles(): number | undefined {
    return this.#cycles;
  }

  /** CYCCNT got to `cycles`. */
  cyclesReached(): void {
    this.#match(CYCLES, this.#what(CYCLES) === WHAT.pc);
  }

  covers(page: number): boolean {
    return this.#data.some(({ first, last }) => first >>> PAGE_SHIFT <= page && page <= last >>> PAGE_SHIFT);
  }

  access(address: number, size: number, write: boolean, value: number): void {
    const start = address >>> 0;
    for (const { index, first, last, reads, writes, event, value: wanted } of this.#data) {
      if (start > last || start + size <= first || !(write ? writes : reads)) continue;
      const same = wanted === undefined || (wanted.size === size && sized(value, size) === wanted.is);
      if (same) this.#match(index, event);
    }
  }

  /** Does the instruction at `pc` match? Says so at each execution through `execute`. */
  watchesPc(pc: number): boolean {
    const at = pc >>> 0;
    return this.#code.some(({ first, last }) => first <= at && at <= last);
  }

  execute(pc: number): void {
    const at = pc >>> 0;
    for (const { index, first, last, event } of this.#code)
      if (first <= at && at <= last) this.#match(index, event);
  }

  /** Registers or TRCENA changed. */
  refresh(): void {
    const ranges = this.#enabled() ? INDICES.flatMap((index) => this.#ranges(index)) : [];
    this.#data = ranges.filter(({ reads, writes }) => reads || writes);
    this.#code = ranges.filter(({ reads, writes }) => !reads && !writes);
    const what = this.#what(CYCLES);
    const matches = what === WHAT.pc || what === WHAT.pc + TOLD_ONLY;
    this.#cycles =
      matches && this.#has(CYCLES, FUNCTION.CYCMATCH) ? this.#regs.get(`COMP${CYCLES}`) : undefined;
    this.onChange();
  }

  #has(index: Index, bit: number): boolean {
    return this.#regs.has(`FUNCTION${index}`, bit);
  }

  #what(index: Index): number {
    return this.#regs.get(`FUNCTION${index}`) & 15;
  }

  /** Addresses that a comparator looks at: none, its own, or those that its value is linked with. */
  #ranges(index: Index): Range[] {
    const told = this.#what(index);
    const event = told < WHAT.pc + TOLD_ONLY;
    const what = event ? told : told - TOLD_ONLY;
    if (told === WHAT.none || (index === CYCLES && this.#has(index, FUNCTION.CYCMATCH))) return [];
    if (what < WHAT.pc || what > WHAT.readWrite) {
      this.#log.once(
        `dwt.function.${told}`,
        `DWT_FUNCTION${index}: ${hex(told, 1)} is no watchpoint; tracing is not modelled`,
      );
      return [];
    }
    const rights = {
      reads: what === WHAT.read || what === WHAT.readWrite,
      writes: what === WHAT.write || what === WHAT.readWrite,
    };
    const byValue = index === VALUES && this.#has(index, FUNCTION.DATAVMATCH);
    if (!byValue) return [{ index, event, ...rights, ...this.#addresses(index), value: undefined }];
    return this.#linked().map((addresses) => ({
      index,
      event,
      ...rights,
      ...addresses,
      value: this.#value(),
    }));
  }

  #addresses(index: Index): { first: number; last: number } {
    const size = 2 ** this.#regs.get(`MASK${index}`);
    const comparator = this.#regs.get(`COMP${index}`);
    const first = comparator - (comparator % size);
    return { first, last: first + size - 1 };
  }

  /** Where a value is looked for: DATAVADDR0 and 1 name comparators; its own name stands for everywhere. */
  #linked(): { first: number; last: number }[] {
    const links = this.#regs.get(`FUNCTION${VALUES}`) >>> 12;
    const numbers = new Set([links & 15, (links >>> 4) & 15]);
    if (numbers.size > 1) numbers.delete(VALUES);
    else if (numbers.has(VALUES)) return [{ first: 0, last: 0xffffffff }];
    return INDICES.filter((index) => numbers.has(index)).map((index) => this.#addresses(index));
  }

  #value(): { size: number; is: number } {
    const size = 1 << ((this.#regs.get(`FUNCTION${VALUES}`) >>> 10) & 3);
    return { size, is: sized(this.#regs.get(`COMP${VALUES}`), size) };
  }

  /** Reading FUNCTION clears MATCHED. */
  #readFunction(index: Index, stored: number): number {
    this.#regs.setBits(`FUNCTION${index}`, FUNCTION.MATCHED, false);
    return stored;
  }

  #match(index: Index, event: boolean): void {
    this.#regs.setBits(`FUNCTION${index}`, FUNCTION.MATCHED, true);
    if (event) this.onMatch();
  }
}

/** What only one comparator can do. */
function own(index: Index): number {
  if (index === CYCLES) return FUNCTION.CYCMATCH;
  return index === VALUES ? FUNCTION.DATAVMATCH | FUNCTION.DATAVSIZE | FUNCTION.DATAVADDR : 0;
}

/** The lowest `size` bytes, unsigned. */
const sized = (value: number, size: number): number =>
  size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff);

/**
 * Comparators of the DWT as watchpoints (DDI 0403E, C1.8.2): data addresses read, written or either, with a mask, and
 * instruction addresses. Value matches and trace packets are stored without effect, with a word in the log.
 */

import type { EmulatorLog } from "../bus.js";
import { RegisterBlock, type RegisterMap } from "../registers.js";
import { hex } from "./faults.js";
import type { DataWatch } from "./memory-port.js";
import { PAGE_SHIFT } from "./view.js";

export const DWT_COMPARATORS = 4;
const FIRST = 0x20;
const END = 0x60;
const MATCHED = 1 << 24;
/** FUNCTION values of debug events. */
const FUNCTION = { none: 0, pc: 4, read: 5, write: 6, readWrite: 7 } as const;

type Index = 0 | 1 | 2 | 3;
type Name = `${"COMP" | "MASK" | "FUNCTION"}${Index}`;

interface Range {
  readonly index: Index;
  readonly first: number;
  readonly last: number;
  readonly reads: boolean;
  readonly writes: boolean;
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

  /** @param enabled DEMCR.TRCENA */
  constructor(log: EmulatorLog, enabled: () => boolean) {
    this.#log = log;
    this.#enabled = enabled;
    const specs = {} as Record<Name, RegisterMap<Name>[Name]>;
    const onWrite = (): void => this.refresh();
    for (const n of [0, 1, 2, 3] as const) {
      const offset = FIRST + n * 16;
      specs[`COMP${n}`] = { offset, reset: 0, rw: 0xffffffff, onWrite };
      specs[`MASK${n}`] = { offset: offset + 4, reset: 0, rw: 0x1f, onWrite };
      specs[`FUNCTION${n}`] = {
        offset: offset + 8,
        reset: n === 1 ? 1 << 9 : 0,
        rw: 0xf,
        ro: MATCHED | (1 << 9),
        tagged: 0x000ffda0,
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

  covers(page: number): boolean {
    return this.#data.some(({ first, last }) => first >>> PAGE_SHIFT <= page && page <= last >>> PAGE_SHIFT);
  }

  access(address: number, size: number, write: boolean): void {
    const start = address >>> 0;
    for (const { index, first, last, reads, writes } of this.#data) {
      if (start <= last && start + size > first && (write ? writes : reads)) this.#match(index);
    }
  }

  /** Does the instruction at `pc` match? Says so at each execution through `execute`. */
  watchesPc(pc: number): boolean {
    const at = pc >>> 0;
    return this.#code.some(({ first, last }) => first <= at && at <= last);
  }

  execute(pc: number): void {
    const at = pc >>> 0;
    for (const { index, first, last } of this.#code) if (first <= at && at <= last) this.#match(index);
  }

  /** Registers or TRCENA changed. */
  refresh(): void {
    const on = this.#enabled();
    const ranges = ([0, 1, 2, 3] as const).map((index) => this.#range(index));
    this.#data = ranges.filter((range) => on && (range.reads || range.writes));
    this.#code = ranges.filter(({ index }) => on && this.#function(index) === FUNCTION.pc);
    this.onChange();
  }

  #function(index: Index): number {
    return this.#regs.get(`FUNCTION${index}`) & 15;
  }

  #range(index: Index): Range {
    const size = 2 ** this.#regs.get(`MASK${index}`);
    const comparator = this.#regs.get(`COMP${index}`);
    const first = comparator - (comparator % size);
    const what = this.#function(index);
    if (what !== FUNCTION.none && (what < FUNCTION.pc || what > FUNCTION.readWrite)) {
      this.#log.once(
        `dwt.function.${what}`,
        `DWT_FUNCTION${index}: ${hex(what, 1)} is no watchpoint; tracing is not modelled`,
      );
    }
    return {
      index,
      first,
      last: first + size - 1,
      reads: what === FUNCTION.read || what === FUNCTION.readWrite,
      writes: what === FUNCTION.write || what === FUNCTION.readWrite,
    };
  }

  /** Reading FUNCTION clears MATCHED. */
  #readFunction(index: Index, stored: number): number {
    this.#regs.setBits(`FUNCTION${index}`, MATCHED, false);
    return stored;
  }

  #match(index: Index): void {
    this.#regs.setBits(`FUNCTION${index}`, MATCHED, true);
    this.onMatch();
  }
}

/**
 * Flash patch and breakpoint unit, version 2, at 0xE0002000 (DDI 0403E, C1.11; DDI 0489): eight comparators that reach the
 * whole address space. The Cortex-M7 cannot remap.
 */

import type { AccessSize, BusDevice, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { SoftwareLock } from "../system/software-lock.js";
import { coresightId, PART } from "./coresight-id.js";

export const FPB_COMPARATORS = 8;
const ENABLE = 1;
const KEY = 2;
const REVISION_2 = 0x10000000;
const BE = 1;

type Comparator = `COMP${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`;
const NAMES = Array.from({ length: FPB_COMPARATORS }, (_, n) => `COMP${n}` as Comparator);

export class Fpb implements BusDevice {
  /** The set of addresses changed. */
  onChange: (before: ReadonlySet<number>, now: ReadonlySet<number>) => void = () => {};
  readonly #regs: RegisterBlock<"CTRL" | "REMAP" | Comparator>;
  readonly #lock: SoftwareLock;
  #addresses: ReadonlySet<number> = new Set();

  constructor(log: EmulatorLog, lock: SoftwareLock) {
    this.#lock = lock;
    const changed = (): void => this.#changed();
    const comparator = (n: number) => ({
      offset: 8 + n * 4,
      reset: 0,
      rw: 0xffffffff,
      onWrite: changed,
    });
    this.#regs = new RegisterBlock(
      {
        CTRL: {
          offset: 0,
          reset: REVISION_2 | (FPB_COMPARATORS << 4),
          ro: 0xf0007ff0,
          rw: ENABLE,
          wo: KEY,
          onWrite: (written, before) => {
            if ((written & KEY) === 0) this.#regs.set("CTRL", before);
            this.#changed();
          },
        },
        REMAP: { offset: 4, reset: 0, ro: 0xffffffff },
        COMP0: comparator(0),
        COMP1: comparator(1),
        COMP2: comparator(2),
        COMP3: comparator(3),
        COMP4: comparator(4),
        COMP5: comparator(5),
        COMP6: comparator(6),
        COMP7: comparator(7),
      },
      { name: "FPB", log },
    );
  }

  /** Signed addresses of instructions that break. */
  get addresses(): ReadonlySet<number> {
    return this.#addresses;
  }

  /** Power-on reset; a system reset leaves breakpoints alone. */
  reset(): void {
    this.#regs.reset();
    this.#lock.reset();
    this.#changed();
  }

  read(offset: number, size: AccessSize): number {
    return (
      this.#lock.read(offset) ??
      coresightId(offset & ~3, PART.FPB[0], PART.FPB[1]) ??
      this.#regs.read(offset, size)
    );
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (!this.#lock.takesWrite(offset, value)) this.#regs.write(offset, size, value);
  }

  #changed(): void {
    const on = this.#regs.has("CTRL", ENABLE);
    const enabled = NAMES.map((name) => this.#regs.get(name)).filter((value) => on && (value & BE) !== 0);
    const before = this.#addresses;
    this.#addresses = new Set(enabled.map((value) => value & ~1));
    this.onChange(before, this.#addresses);
  }
}

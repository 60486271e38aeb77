/**
 * Declared registers: every one of the 32 bits of a register is modelled, tagged or reserved.
 *
 * - modelled: `rw` (software writes it, it reads back), `ro` (only hardware changes it), `w1c` (hardware sets,
 *   software clears by writing 1), `wo` (has an effect when written, reads as 0: the model's `onWrite` sees it);
 * - tagged: stored and read back, but without the chip's effect; changing it is logged once;
 * - reserved: everything else. Reads as in `reset`; writing another value is logged once and ignored.
 *
 * An access while the peripheral's clock is off reads 0, writes nothing, and is logged once, as on the chip.
 */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog } from "./bus.js";

export interface RegisterSpec {
  readonly offset: number;
  readonly reset: number;
  readonly rw?: number;
  readonly ro?: number;
  readonly w1c?: number;
  readonly wo?: number;
  readonly tagged?: number;
  /** Computes the value that software reads (called instead of returning the stored one). */
  readonly onRead?: (stored: number, size: AccessSize, lane: number) => number;
  /**
   * Called after a write was stored. `written` is the raw value as the guest wrote it, in its byte lane, with
   * `laneMask` telling which bits were driven; `before` is the stored value before the write.
   */
  readonly onWrite?: (written: number, before: number, laneMask: number) => void;
}

export type RegisterMap<Name extends string> = Readonly<Record<Name, RegisterSpec>>;

export interface RegisterBlockOptions {
  /** Peripheral's name in the reference manual, for messages: "QUADSPI". */
  readonly name: string;
  readonly log: EmulatorLog;
  readonly clocked?: ClockGate;
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;

export class RegisterBlock<Name extends string> implements BusDevice {
  readonly #options: RegisterBlockOptions;
  readonly #specs: RegisterMap<Name>;
  readonly #byOffset = new Map<number, Name>();
  readonly #values: Record<Name, number>;

  constructor(specs: RegisterMap<Name>, options: RegisterBlockOptions) {
    this.#specs = specs;
    this.#options = options;
    this.#values = {} as Record<Name, number>;
    for (const name of this.names) this.#byOffset.set(specs[name].offset, name);
    this.reset();
  }

  get names(): Name[] {
    return Object.keys(this.#specs) as Name[];
  }

  spec(name: Name): RegisterSpec {
    return this.#specs[name];
  }

  /** All registers, or the named ones, to their reset values. No hook is called. */
  reset(names: readonly Name[] = this.names): void {
    for (const name of names) this.#values[name] = this.#specs[name].reset >>> 0;
  }

  /** Stored value, unsigned. */
  get(name: Name): number {
    return this.#values[name];
  }

  /** Hardware's side: stores any value, past all masks and hooks. */
  set(name: Name, value: number): void {
    this.#values[name] = value >>> 0;
  }

  /** Hardware's side: sets or clears bits. */
  setBits(name: Name, mask: number, on: boolean): void {
    const value = this.#values[name];
    this.#values[name] = (on ? value | mask : value & ~mask) >>> 0;
  }

  has(name: Name, mask: number): boolean {
    return (this.#values[name] & mask) !== 0;
  }

  read(offset: number, size: AccessSize): number {
    const name = this.#byOffset.get(offset & ~3);
    const lane = (offset & 3) * 8;
    if (name === undefined) return this.#unmodelled("read", offset, undefined);
    if (!this.#clocked(name, "read")) return 0;
    const spec = this.#specs[name];
    const stored = this.#values[name] & ~(spec.wo ?? 0);
    const value = spec.onRead === undefined ? stored : spec.onRead(stored >>> 0, size, lane);
    return ((value >>> lane) & sizeMask(size)) >>> 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    const name = this.#byOffset.get(offset & ~3);
    if (name === undefined) {
      this.#unmodelled("write", offset, value);
      return;
    }
    if (!this.#clocked(name, "write")) return;
    const lane = (offset & 3) * 8;
    const laneMask = (sizeMask(size) << lane) >>> 0;
    const written = ((value << lane) & laneMask) >>> 0;
    const spec = this.#specs[name];
    const before = this.#values[name];
    this.#report(name, spec, written, before, laneMask);
    this.#values[name] = merge(spec, written, before, laneMask);
    spec.onWrite?.(written, before, laneMask);
  }

  #clocked(name: Name, verb: string): boolean {
    const { name: block, log, clocked } = this.#options;
    if (clocked === undefined || clocked()) return true;
    log.once(
      `${block}.clock`,
      `${block}.${name}: ${verb} while the clock of ${block} is off (RCC): has no effect`,
    );
    return false;
  }

  #report(name: Name, spec: RegisterSpec, written: number, before: number, laneMask: number): void {
    const { name: block, log } = this.#options;
    const changed = (written ^ before) & laneMask;
    const tagged = changed & (spec.tagged ?? 0);
    if (tagged !== 0) {
      log.once(
        `${block}.${name}.${hex(tagged)}`,
        `${block}.${name}: bits ${hex(tagged)} are stored but have no effect here`,
      );
    }
    const reserved = changed & ~declared(spec);
    if (reserved !== 0) {
      log.once(
        `${block}.${name}.r${hex(reserved)}`,
        `${block}.${name}: write to reserved or read-only bits ${hex(reserved)} ignored`,
      );
    }
  }

  #unmodelled(verb: string, offset: number, value: number | undefined): number {
    const { name, log } = this.#options;
    const what = value === undefined ? "reads 0" : `${hex(value)} ignored`;
    log.once(
      `${name}+${offset}`,
      `${name}+${hex(offset)}: ${verb} of a register that is not modelled: ${what}`,
    );
    return 0;
  }
}

function declared(spec: RegisterSpec): number {
  return (spec.rw ?? 0) | (spec.w1c ?? 0) | (spec.wo ?? 0) | (spec.tagged ?? 0) | (spec.ro ?? 0);
}

function merge(spec: RegisterSpec, written: number, before: number, laneMask: number): number {
  const storable = ((spec.rw ?? 0) | (spec.tagged ?? 0)) & laneMask;
  const cleared = (spec.w1c ?? 0) & written;
  return (((before & ~storable) | (written & storable)) & ~cleared) >>> 0;
}

function sizeMask(size: AccessSize): number {
  return size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff;
}

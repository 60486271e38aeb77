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
  /** Software writes whole masks here as a matter of course (flags that a 0 or a 1 clears): reserved bits are not reported. */
  readonly quiet?: boolean | undefined;
  /** Computes the value that software reads (called instead of returning the stored one). */
  readonly onRead?: ((stored: number, size: AccessSize, lane: number) => number) | undefined;
  /**
   * Called after a write was stored. `written` is the raw value as the guest wrote it, in its byte lane, with
   * `laneMask` telling which bits were driven; `before` is the stored value before the write.
   */
  readonly onWrite?: ((written: number, before: number, laneMask: number) => void) | undefined;
}

export type RegisterMap<Name extends string> = Readonly<Record<Name, RegisterSpec>>;

export interface RegisterBlockOptions {
  /** Peripheral's name in the reference manual, for messages: "QUADSPI". */
  readonly name: string;
  readonly log: EmulatorLog;
  readonly clocked?: ClockGate;
}

/** So many registers that are not modelled are told one by one: a table of an absent peripheral has hundreds. */
const STRANGE_TOLD = 4;

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;

/** One register's stored value, for hot paths that must not look it up by name each time. Read it, never write it. */
export interface RegisterCell {
  readonly value: number;
}

/** All of one shape, which specifications are not: accesses are a hot path. */
class Register<Name extends string> implements RegisterCell {
  readonly name: Name;
  readonly spec: RegisterSpec;
  /** Unsigned. */
  value: number;
  /** Bits that a read tells as they are stored. */
  readonly readable: number;
  /** Bits that a write stores. */
  readonly storable: number;
  readonly w1c: number;
  /** Bits that software may change without a word: all but tagged and reserved ones. */
  readonly silent: number;
  readonly onRead: RegisterSpec["onRead"];
  readonly onWrite: RegisterSpec["onWrite"];

  constructor(name: Name, spec: RegisterSpec) {
    const { rw = 0, ro = 0, w1c = 0, wo = 0, tagged = 0 } = spec;
    this.name = name;
    this.spec = spec;
    this.value = spec.reset >>> 0;
    this.readable = ~wo;
    this.storable = rw | tagged;
    this.w1c = w1c;
    this.silent = rw | w1c | wo | ro;
    this.onRead = spec.onRead;
    this.onWrite = spec.onWrite;
  }

  reset(): void {
    this.value = this.spec.reset >>> 0;
  }
}

export class RegisterBlock<Name extends string> implements BusDevice {
  readonly #options: RegisterBlockOptions;
  /** Until the registers are made. */
  #specs: RegisterMap<Name> | undefined;
  readonly #byName = new Map<Name, Register<Name>>();
  /** Offsets where nothing is declared that software accessed. */
  readonly #strange = new Set<number>();
  /** Indexed by offset / 4. */
  readonly #byWord: (Register<Name> | undefined)[] = [];

  constructor(specs: RegisterMap<Name>, options: RegisterBlockOptions) {
    this.#options = options;
    this.#specs = specs;
  }

  /** When somebody first asks for one: most programs leave most peripherals alone. @returns false when they were there */
  #make(): boolean {
    const specs = this.#specs;
    if (specs === undefined) return false;
    this.#specs = undefined;
    for (const name of Object.keys(specs) as Name[]) {
      const register = new Register(name, specs[name]);
      this.#byName.set(name, register);
      this.#byWord[register.spec.offset >>> 2] = register;
    }
    return true;
  }

  get names(): Name[] {
    this.#make();
    return [...this.#byName.keys()];
  }

  spec(name: Name): RegisterSpec {
    return this.#register(name).spec;
  }

  cell(name: Name): RegisterCell {
    return this.#register(name);
  }

  /** All registers, or the named ones, to their reset values. No hook is called. */
  reset(names?: readonly Name[]): void {
    if (names === undefined) for (const register of this.#byName.values()) register.reset();
    else for (const name of names) this.#register(name).reset();
  }

  /** Stored value, unsigned. */
  get(name: Name): number {
    return this.#register(name).value;
  }

  /** Hardware's side: stores any value, past all masks and hooks. */
  set(name: Name, value: number): void {
    this.#register(name).value = value >>> 0;
  }

  /** Hardware's side: sets or clears bits. */
  setBits(name: Name, mask: number, on: boolean): void {
    const register = this.#register(name);
    register.value = (on ? register.value | mask : register.value & ~mask) >>> 0;
  }

  has(name: Name, mask: number): boolean {
    return (this.#register(name).value & mask) !== 0;
  }

  #register(name: Name): Register<Name> {
    const register = this.#byName.get(name);
    if (register === undefined && this.#make()) return this.#register(name);
    // Every Name is in the map now.
    return register as Register<Name>;
  }

  read(offset: number, size: AccessSize): number {
    const register = this.#byWord[offset >>> 2];
    if (register === undefined)
      return this.#make() ? this.read(offset, size) : this.#unmodelled("read", offset, undefined);
    if (!this.#clocked(register, "read")) return 0;
    const lane = (offset & 3) * 8;
    const { onRead } = register;
    const stored = (register.value & register.readable) >>> 0;
    const value = onRead === undefined ? stored : onRead(stored, size, lane);
    return ((value >>> lane) & sizeMask(size)) >>> 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    const register = this.#byWord[offset >>> 2];
    if (register === undefined) {
      if (this.#make()) this.write(offset, size, value);
      else this.#unmodelled("write", offset, value);
      return;
    }
    if (!this.#clocked(register, "write")) return;
    const lane = (offset & 3) * 8;
    const laneMask = (sizeMask(size) << lane) >>> 0;
    const written = ((value << lane) & laneMask) >>> 0;
    const { value: before, storable, w1c, onWrite } = register;
    const changed = (written ^ before) & laneMask;
    if ((changed & ~register.silent) !== 0) this.#report(register, changed);
    const stored = storable & laneMask;
    register.value = (((before & ~stored) | (written & stored)) & ~(w1c & written)) >>> 0;
    if (onWrite !== undefined) onWrite(written, before, laneMask);
  }

  #clocked(register: Register<Name>, verb: string): boolean {
    const { name: block, log, clocked } = this.#options;
    if (clocked === undefined || clocked()) return true;
    log.once(
      `${block}.clock`,
      `${block}.${register.name}: ${verb} while the clock of ${block} is off (RCC): has no effect`,
    );
    return false;
  }

  #report(register: Register<Name>, changed: number): void {
    const { name, spec } = register;
    const { name: block, log } = this.#options;
    const tagged = changed & (spec.tagged ?? 0);
    if (tagged !== 0) {
      log.once(
        `${block}.${name}.${hex(tagged)}`,
        `${block}.${name}: bits ${hex(tagged)} are stored but have no effect here`,
      );
    }
    const reserved = changed & ~register.silent & ~tagged;
    if (reserved !== 0 && register.spec.quiet !== true) {
      log.once(
        `${block}.${name}.r`,
        `${block}.${name}: write to reserved or read-only bits ${hex(reserved)} ignored`,
      );
    }
  }

  #unmodelled(verb: string, offset: number, value: number | undefined): number {
    const { name, log } = this.#options;
    const what = value === undefined ? "reads 0" : `${hex(value)} ignored`;
    this.#strange.add(offset);
    if (this.#strange.size > STRANGE_TOLD) {
      log.once(`${name}+more`, `${name}: and more registers that are not modelled`);
      return 0;
    }
    log.once(
      `${name}+${offset}`,
      `${name}+${hex(offset)}: ${verb} of a register that is not modelled: ${what}`,
    );
    return 0;
  }
}

function sizeMask(size: AccessSize): number {
  return size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff;
}
